"""What a job left comes in one step, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from alekseylearn.delivery import deliver
from alekseylearn.errors import AlekseylearnError
from alekseylearn.jobs import JobHandle, JobState

JOB = JobHandle.of("docker", "c0ffee" + "0" * 58, place="alekseylearn-c0ffee000000")
HELD = "what the backend has of it"


def filled(held: str, folder: Path) -> None:
    assert held == HELD
    assert not folder.exists()
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "file").write_bytes(b"x")


def full(held: str, folder: Path) -> None:
    filled(held, folder)
    raise OSError(28, "No space left on device")


def said(into: Path, *, held: str | None = HELD, state: JobState = JobState.SUCCEEDED, full_disk: bool = False) -> str:
    """Deliver in vain; return the whole error."""
    with pytest.raises(AlekseylearnError) as caught:
        deliver(JOB, into, held=held, state=state, fill=full if full_disk else filled, hint="free the disk")
    return str(caught.value)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("state", [state for state in JobState if state.ended])
def test_all_that_a_job_left_is_there_and_nothing_else(tmp_path: Path, state: JobState) -> None:
    into = tmp_path / "deep" / "into"
    assert deliver(JOB, into, held=HELD, state=state, fill=filled, hint="") == into
    assert (into / "model" / "file").read_bytes() == b"x"
    assert names(tmp_path / "deep") == ["into"]


def test_an_empty_folder_is_taken_for_new(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    deliver(JOB, tmp_path / "into", held=HELD, state=JobState.FAILED, fill=filled, hint="")
    assert names(tmp_path / "into") == ["model"]


@pytest.mark.parametrize("state", [state for state in JobState if not state.ended])
def test_a_job_that_has_not_ended_leaves_nothing_yet(tmp_path: Path, state: JobState) -> None:
    assert said(tmp_path / "into", state=state).startswith("error[run.unfinished]: run c0ffee000000 has not ended")
    # Whether anything is held of it is of no interest before.
    assert "run.unfinished" in said(tmp_path / "into", state=state, held=None)
    assert names(tmp_path) == []


def test_a_job_that_is_gone_is_told_to_be(tmp_path: Path) -> None:
    told = said(tmp_path / "into", held=None, state=JobState.LOST)
    assert "run.gone" in told
    assert JOB.place in told


def test_a_folder_in_use_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / "mine").touch()
    (tmp_path / "file").touch()
    for name in ("into", "file"):
        assert "path.exists" in said(tmp_path / name)
    assert names(tmp_path / "into") == ["mine"]


def test_a_disk_that_is_full_leaves_nothing_half_done(tmp_path: Path) -> None:
    told = said(tmp_path / "into", full_disk=True)
    assert "error[collect.failed]: what run c0ffee000000 left cannot be copied: No space left on device" in told
    assert "free the disk" in told
    assert names(tmp_path) == []


def test_a_place_where_nothing_can_be_made_is_told_in_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "collect.failed" in said(tmp_path / "file" / "into")
    (tmp_path / "link").symlink_to("nowhere")
    assert "collect.failed" in said(tmp_path / "link")
    assert names(tmp_path) == ["file", "link"]


def test_an_error_of_the_backends_own_goes_through_and_leaves_nothing(tmp_path: Path) -> None:
    def gone(held: str, folder: Path) -> None:
        filled(held, folder)
        raise AlekseylearnError("docker.gone", "the engine went away")

    with pytest.raises(AlekseylearnError, match=r"docker\.gone"):
        deliver(JOB, tmp_path / "into", held=HELD, state=JobState.SUCCEEDED, fill=gone, hint="")
    assert names(tmp_path) == []
