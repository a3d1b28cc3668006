"""A command that is forked does what one does that is started."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.desk import Bench, command, lone_desk
from tests.small import growth
from tests.warm import warm


@pytest.mark.parametrize(
    "words",
    [["diff"], ["slice", "growth.ipynb", "--json"], ["--help"], ["fit", "none.ipynb"], ["no-command"], ["runs"]],
)
def test_it_prints_and_ends_alike(tmp_path: Path, words: list[str]) -> None:
    bench = Bench.create(tmp_path / "repository")
    bench.desk.write("growth.ipynb", growth({4: "epochs = 3\nrate = 0.1"}))
    forked = bench.desk.run(*words)
    folder, environ = bench.desk.folder, dict(bench.desk.environ)
    started = subprocess.run(command(words), cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert (forked.code, forked.out, forked.err) == (started.returncode, started.stdout, started.stderr)


@pytest.mark.parametrize(
    ("name", "value"), [("PYTHONHASHSEED", "1"), ("LANG", "C"), ("LD_PRELOAD", "x"), ("TZ", "UTC")]
)
def test_what_says_how_python_starts_needs_a_start(tmp_path: Path, name: str, value: str) -> None:
    environ = lone_desk(tmp_path).environ
    assert warm().serves(environ)
    assert not warm().serves({**environ, name: value})


def test_commands_side_by_side_do_not_mix(tmp_path: Path) -> None:
    desks = [lone_desk(tmp_path / str(number)) for number in range(3)]
    for desk in desks:
        desk.write("a.ipynb", growth())
    told = {desk.run("slice", "a.ipynb", "--json", MINE=desk.folder.name).out for desk in desks}
    assert len(told) == 1
    assert warm().process.poll() is None
