"""What is told of a notebook's two sides while they train, one after the other or both at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alekseylearn.jobs import JobState, TrainingResult
from alekseylearn.judging import judge
from alekseylearn.sides import Sides, fresh_results
from tests import outcomes
from tests.test_judging import BASE, job, plan, result


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


def test_what_was_heard_of_a_run_with_another_seed_is_told_in_the_steps() -> None:
    made = plan(more_head=(job(*BASE[:1], "alpha = 7", *BASE[2:]),))
    sides = Sides(made, head=result(), base=result())
    going = result(state=JobState.RUNNING)
    told = sides.outcome("", lambda one: going if one in made.more_head else None)
    assert (told.steps[-1].name, told.steps[-1].state) == ("Repeat with other seeds", "running")
    assert told.more_head == (going,)
    assert sides.outcome("", silence).steps == ()


def test_runs_with_other_seeds_are_asked_for_where_they_are_of_use() -> None:
    seeds = tuple(job(*BASE[:1], f"alpha = {number}", *BASE[2:]) for number in range(2, 5))
    made = plan(more_head=seeds[:1], more_base=seeds[1:])

    def lacking(begun: frozenset[str] = frozenset(), both: bool = True, **sides: Any) -> list[bool]:
        return [base for _, base in Sides(made, **sides).lacking(begun, both=both)]

    going, failed = result(state=JobState.RUNNING), result(state=JobState.FAILED)
    assert lacking(head=result(), base=result()) == [False, True, True]
    assert lacking(head=result(), base=result(), both=False) == [False]
    assert lacking(head=going, base=going) == [False, True, True]
    assert lacking(head=result()) == [False]
    assert lacking(head=failed, base=result()) == lacking(base=result()) == []
    assert lacking(head=failed, base=result(), begun=frozenset({seeds[2].run})) == [True]
    assert lacking(head=result(), base=result(), more={seeds[0].digest: failed}) == [True, True]


def test_what_an_interruption_leaves_is_kept_where_it_belongs() -> None:
    seed = job(*BASE[:1], "alpha = 7", *BASE[2:])
    made = plan(more_head=(seed,))
    assert made.head is not None
    assert made.base is not None
    sides = Sides(made)
    for digest in (made.head.digest, made.base.digest, seed.digest, "f" * 64):
        sides.take(result(digest=digest))
    assert sides.head is not None
    assert sides.base is not None
    assert (sides.head.digest, sides.base.digest, list(sides.more)) == (
        made.head.digest, made.base.digest, [seed.digest],
    )  # fmt: skip
    alone = Sides(replace(made, head=None, base=None, more_head=()))
    alone.take(result())
    assert (alone.head, alone.base, alone.more) == (None, None, {})


def test_runs_that_were_there_before_are_recalled_and_are_not_fresh() -> None:
    seeds = tuple(job(*BASE[:1], f"alpha = {number}", *BASE[2:]) for number in range(2, 5))
    made = plan(more_head=seeds[:1], more_base=seeds[1:])
    sides = Sides(made)
    stored = {one.digest: result(digest=one.digest) for one in seeds[:2]}
    sides.recall(stored.get, frozenset({seeds[1].run}), force=False)
    assert list(sides.more) == [seeds[0].digest, seeds[1].digest]
    assert [one.digest for one in sides.fresh(outcomes.told(head=None, base=None))] == [seeds[1].digest]
    forced = Sides(made)
    forced.recall(stored.get, frozenset(), force=True)
    assert list(forced.more) == [seeds[1].digest]


def test_a_first_run_that_was_there_before_costs_nothing_more() -> None:
    seed = job(*BASE[:1], "alpha = 7", *BASE[2:])
    made = plan(more_head=(seed,))
    assert made.head is not None
    stored = {made.head.digest: result(digest=made.head.digest)}
    sides = Sides(made)
    sides.recall(stored.get, frozenset(), force=False)
    assert sides.head == stored[made.head.digest]
    assert sides.fresh(sides.outcome("", silence)) == []
    begun = Sides(made)
    begun.recall(stored.get, frozenset({made.head.run}), force=False)
    assert begun.fresh(begun.outcome("", silence)) == [judge(made, head=begun.head).head]


def test_a_side_that_is_not_there_is_not_recalled() -> None:
    sides = Sides(plan(base=None))
    sides.recall(lambda _: result(), frozenset(), force=False)
    assert (sides.head, sides.base, sides.base_reused) == (None, None, False)
