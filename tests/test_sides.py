"""What is told of a notebook's two sides while they train, one after the other or both at once."""

from __future__ import annotations

from typing import Any

import pytest

from alekseylearn.jobs import JobState, TrainingResult
from alekseylearn.sides import Sides, fresh_results
from tests import outcomes
from tests.test_judging import plan, result


def silence(_: object) -> None:
    return None


def test_a_base_that_goes_on_is_no_base_yet() -> None:
    sides = Sides(plan(), head=result(), base=result(state=JobState.RUNNING))
    told = sides.outcome("", silence)
    assert (told.base, told.base_note) == (None, "it still trains")
    assert [step.state for step in told.steps[2:]] == ["done", "running"]
    assert len(sides.going) == 1


def test_what_was_heard_stands_in_for_a_result() -> None:
    going = result(state=JobState.RUNNING, phase="getting a machine, 3 s")
    told = Sides(plan()).outcome("", lambda job: going)
    assert told.head is going
    assert (told.base, told.base_note) == (None, "it still trains")
    ended = result()
    assert Sides(plan(), head=ended, base=ended).outcome("", lambda job: going).head is ended


@pytest.mark.parametrize(
    ("made", "gone", "note"),
    [
        (None, False, "it has no result yet"),
        (None, True, "its job is gone"),
        (result(state=JobState.FAILED), False, "its own training failed"),
        (result(state=JobState.STOPPED), False, "its own training was stopped"),
    ],
)
def test_why_there_is_no_base_is_told(made: TrainingResult | None, gone: bool, note: str) -> None:
    sides = Sides(plan())
    sides.take_base(made, gone=gone)
    assert (sides.base, sides.base_note) == (None, note)


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.RUNNING])
def test_a_base_with_a_result_or_on_its_way_is_kept(state: JobState) -> None:
    sides = Sides(plan())
    sides.take_base(result(state=state), gone=False)
    assert sides.base is not None
    assert sides.base_note == ""


@pytest.mark.parametrize(
    ("changes", "count"), [({}, 2), ({"reused": True}, 1), ({"base_reused": True}, 1), ({"base": None}, 1)]
)
def test_results_that_were_there_before_are_not_this_runs(changes: dict[str, Any], count: int) -> None:
    assert len(fresh_results([outcomes.told(**changes)])) == count
