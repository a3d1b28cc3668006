"""Training with its real edges: processes of this machine and results in a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from alekseylearn.cli.against import lone_comparison
from alekseylearn.cli.place import workshop
from alekseylearn.config import Config
from alekseylearn.inputs import Tree
from alekseylearn.notebook import parse
from alekseylearn.plan import Settings, TrainingJob, make_job
from alekseylearn.training import Progress, Workshop

SETTINGS = Settings(python="3")


def open_shop(folder: Path, told: list[Progress] | None = None) -> Workshop:
    """Return a workshop whose runs and results lie below *folder*; what it is told goes into *told*."""
    watch: Callable[[Progress], None] = (lambda _: None) if told is None else told.append
    made = workshop(folder / "shop", Config(), watch, {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]})
    return replace(made, sleep=lambda seconds: time.sleep(min(seconds, 0.02)))


def job_of(folder: Path, notebook: bytes) -> tuple[TrainingJob, Tree]:
    """Write *notebook* below *folder* and cut its training job out."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "growth.ipynb"
    path.write_bytes(notebook)
    tree = lone_comparison(path).head.tree
    job = make_job(parse(path.name, notebook), Config(), tree, SETTINGS)
    assert job is not None
    return job, tree
