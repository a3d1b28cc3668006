"""Copies of the live files, for whoever looks on while a run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alekseylearn.runtime.mirror import AGAIN, EVERY, LAST, LIVE, LOOK, Mirror, replace

from .conftest import Make, train

UNTIL = """
import os, time
folder = os.environ["ALEKSEYLEARN_MIRROR"]
def until(name, text):
    while text not in (open(f"{folder}/{name}").read() if os.path.exists(f"{folder}/{name}") else ""):
        time.sleep(0.02)
"""


def test_metrics_and_cells_can_be_seen_while_a_cell_runs(run: Make, tmp_path: Path) -> None:
    job = run(
        f"{UNTIL}\nprint('first')",
        "import alekseylearn\nalekseylearn.log_metric('loss', 0.5, 1)\nuntil('metrics.jsonl', 'loss')\n"
        "until('events.jsonl', '\"index\":1')\nuntil('executed.ipynb', 'first')\nprint(sorted(os.listdir(folder)))",
        env={"ALEKSEYLEARN_MIRROR": str(tmp_path / "mirror")},
        timeout=60,
    )
    assert job.code == 0, job.out
    assert job.log.splitlines()[-1] == str(sorted(LIVE))


def test_in_the_end_all_is_there_as_the_run_left_it(run: Make, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    job = run(
        train("import alekseylearn\nalekseylearn.log_metric('loss', 0.5)\nprint('ran')\n1 / 0"),
        env={"ALEKSEYLEARN_MIRROR": str(mirror)},
    )
    assert job.code == 4
    assert sorted(path.name for path in mirror.iterdir()) == sorted([*LIVE, *LAST])
    assert all((mirror / name).read_bytes() == (job.data / name).read_bytes() for name in (*LIVE, *LAST))
    assert job.result["warnings"] == []


def test_what_an_interrupted_run_left_is_not_taken_for_this_one(run: Make, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for name in (*LIVE, *LAST, "mine.pt"):
        (mirror / name).write_text("stale")
    job = run(
        "import os\nprint(sorted(os.listdir(os.environ['ALEKSEYLEARN_MIRROR'])))",
        env={"ALEKSEYLEARN_MIRROR": str(mirror)},
    )
    assert job.log == f"{sorted([*LIVE, 'mine.pt'])}\n"
    assert (mirror / "mine.pt").read_text() == "stale"


def test_a_stopped_run_shows_what_it_has_before_it_has_ended(bundle: Make, tmp_path: Path) -> None:
    job = bundle(
        f"{UNTIL}\nimport alekseylearn\nuntil('events.jsonl', 'cell-start')\ntry:\n"
        "    alekseylearn.log_metric('loss', 0.5)\n    print('training', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    until('metrics.jsonl', 'loss')\n    print('seen')",
        env={"ALEKSEYLEARN_MIRROR": str(tmp_path / "mirror")},
    ).start()
    job.wait_for("training")
    assert job.process is not None
    job.process.terminate()
    assert job.end().code == 7
    assert job.log.endswith("seen\n")
    assert json.loads((tmp_path / "mirror" / "result.json").read_text())["state"] == "stopped"


@pytest.mark.parametrize("blocked", ["mirror", "mirror/events.jsonl"])
def test_a_mirror_that_cannot_be_written_is_a_warning(run: Make, tmp_path: Path, blocked: str) -> None:
    if blocked == "mirror":
        (tmp_path / blocked).write_text("a file")
    else:
        (tmp_path / blocked).mkdir(parents=True)
    job = run("print('ran')", env={"ALEKSEYLEARN_MIRROR": str(tmp_path / "mirror")})
    assert (job.code, job.result["state"]) == (0, "succeeded")
    (warning,) = job.result["warnings"]
    assert warning.startswith("events.jsonl cannot be followed while the run goes on: ")


@dataclass(slots=True)
class Clock:
    """A clock that goes on when something is copied, which takes *cost* seconds for each file."""

    now: float = 0.0
    cost: dict[str, float] = field(default_factory=dict)
    copied: list[str] = field(default_factory=list)
    broken: bool = False

    def __call__(self) -> float:
        return self.now

    def copy(self, source: Path, folder: Path) -> None:
        if self.broken:
            raise OSError(28, "No space left on device")
        self.copied.append(source.name)
        self.now += self.cost.get(source.name, 0.001)


Watched = tuple[Mirror, Clock, list[str], Callable[[str], None]]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    clock, warnings = Clock(), list[str]()

    def write(name: str) -> None:
        (tmp_path / name).write_text(f"{clock.now} {len(clock.copied)} {os.urandom(4).hex()}")

    return Mirror(tmp_path / "mirror", tmp_path, warnings.append, clock.copy, clock), clock, warnings, write


def test_a_file_is_copied_when_it_changed_and_not_too_often(watched: Watched) -> None:
    mirror, clock, _, write = watched
    assert mirror.tick() is None
    write("metrics.jsonl")
    assert mirror.tick() == LOOK
    clock.now += LOOK
    assert mirror.tick() is None
    write("metrics.jsonl")
    wait = mirror.tick()
    assert wait == pytest.approx(LOOK, abs=0.01)
    write("events.jsonl")
    clock.now += wait
    assert mirror.tick() == pytest.approx(EVERY - LOOK, abs=0.01)
    assert clock.copied == ["metrics.jsonl", "events.jsonl"]
    clock.now += EVERY
    mirror.tick()
    assert clock.copied[2:] == ["metrics.jsonl"]


def test_all_copies_together_take_less_than_a_twentieth_of_the_time(watched: Watched) -> None:
    mirror, clock, _, write = watched
    clock.cost = {"executed.ipynb": 2.0, "events.jsonl": 0.5, "metrics.jsonl": 0.3}
    while clock.now < 10_000:
        for name in LIVE:
            write(name)
        mirror.tick()
        clock.now += 1
    spent = sum(clock.cost[name] for name in clock.copied)
    assert 0.03 < spent / clock.now < 0.05


def test_the_end_and_a_stop_wait_for_nothing(watched: Watched) -> None:
    mirror, clock, _, write = watched
    clock.cost = {"executed.ipynb": 60.0}
    for _ in range(2):
        write("executed.ipynb")
        mirror.sync()
    for name in (*LIVE, *LAST):
        write(name)
    mirror.finish()
    assert clock.copied == ["executed.ipynb", "executed.ipynb", *LIVE, *LAST]


def test_a_full_disk_is_told_of_once_and_tried_again_later(watched: Watched) -> None:
    mirror, clock, warnings, write = watched
    clock.broken = True
    write("events.jsonl")
    write("metrics.jsonl")
    assert mirror.tick() == AGAIN
    assert len(warnings) == 1
    assert "No space left on device" in warnings[0]
    clock.broken = False
    clock.now += AGAIN / 2
    mirror.tick()
    assert clock.copied == []
    clock.now += AGAIN / 2
    mirror.tick()
    assert clock.copied == ["events.jsonl", "metrics.jsonl"]


def test_without_a_folder_nothing_is_copied(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("{}")
    clock = Clock()
    mirror = Mirror(None, tmp_path, pytest.fail, clock.copy, clock)
    mirror.begin()
    assert mirror.tick() is None
    mirror.finish()
    assert clock.copied == []


def test_a_copy_replaces_a_file_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("new")
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "one").write_text("old")
    with (tmp_path / "mirror" / "one").open() as old:
        replace(tmp_path / "one", tmp_path / "mirror")
        assert old.read() == "old"
    assert [path.read_text() for path in (tmp_path / "mirror").iterdir()] == ["new"]


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("new")
    (tmp_path / "mirror" / "one").mkdir(parents=True)
    with pytest.raises(OSError, match="one"):
        replace(tmp_path / "one", tmp_path / "mirror")
    assert [path.name for path in (tmp_path / "mirror").iterdir()] == ["one"]
