"""What a run left that did not succeed is kept whole, the last one of each identity, wherever its keeper is killed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from alekseylearn.failed_runs import FailedRuns
from alekseylearn.jobs import JobState, TrainingResult
from tests.rig.crashes.dying import die_at

FIRST = TrainingResult(run="a" * 12, digest="a" * 64, state=JobState.FAILED, backend="process", name="growth")
SECOND = replace(FIRST, state=JobState.TIMED_OUT)


def left_by(folder: Path, text: str) -> Path:
    (folder / "output").mkdir(parents=True)
    (folder / "output" / "log.txt").write_text(text)
    return folder


@pytest.mark.parametrize("landmark", ["failure.aside", "failure.kept"])
def test_the_old_one_goes_whole_and_the_new_one_comes_whole(tmp_path: Path, landmark: str) -> None:
    runs = FailedRuns(tmp_path / "failed")
    runs.put(FIRST, left_by(tmp_path / "one", "first"))
    die_at(landmark, lambda: runs.put(SECOND, left_by(tmp_path / "two", "second")))
    found = runs.get(FIRST.digest)
    assert found == (SECOND if landmark == "failure.kept" else None)
    runs.put(SECOND, left_by(tmp_path / "three", "third"))
    assert (runs.get(FIRST.digest), runs.list()) == (SECOND, (SECOND,))
    assert (runs.folder(FIRST.run) / "output" / "log.txt").read_text() == "third"
    assert {path.name for path in runs.root.iterdir()} == {".lock", FIRST.run}


def test_it_is_forgotten_in_one_step(tmp_path: Path) -> None:
    runs = FailedRuns(tmp_path / "failed")
    runs.put(FIRST, left_by(tmp_path / "one", "first"))
    die_at("failure.aside", lambda: runs.remove(FIRST.run))
    assert runs.list() == ()
    runs.remove(FIRST.run)
    assert not runs.folder(FIRST.run).exists()
