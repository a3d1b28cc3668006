"""A person's repository as a stage for `fit`."""

from __future__ import annotations

from pathlib import Path

from tests.desk import Bench
from tests.rig.crashes.stage import NOTEBOOK, Server, Stage, counted

LAUNCHES = {"20": 1, "200": 1}
"""The base's training and the head's."""


def at_a_desk(folder: Path, server: Server) -> Stage:
    """Set the stage below *folder*: a notebook whose change on a branch is not trained yet."""
    runs = folder / "runs"
    bench = Bench.create(folder, counted(runs, 20))
    bench.git.commit({NOTEBOOK: counted(runs, 200)})
    return Stage(
        server=server,
        folder=bench.git.root,
        environ={**bench.desk.environ, "HOME": str(folder / "home")},
        home=bench.git.root / ".alekseylearn",
        runs=runs,
    )
