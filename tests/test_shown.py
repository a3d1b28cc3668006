"""A running comment is not edited for the sake of its times alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alekseylearn.cli.shown import AT_LEAST, Shown
from alekseylearn.report import Outcome
from tests.outcomes import STATES

MEASURED = STATES["measured"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def later(outcome: Outcome, phase: str = "") -> Outcome:
    """Return *outcome* as it is after a minute in which nothing happened."""
    (one,) = outcome.notebooks
    assert one.head is not None
    head = replace(one.head, seconds=one.head.seconds + 60, phase=phase or one.head.phase)
    steps = tuple(
        replace(step, seconds=(step.seconds or 0) + 60, text=f"run `7f3a9c2d41b0`, {phase}" if phase else step.text)
        if step.state == "running"
        else step
        for step in one.steps
    )
    notebook = replace(one, head=head, steps=steps)
    return replace(outcome, notebooks=(notebook,), when="2026-11-22 12:25 UTC", seconds=outcome.seconds + 60)


def test_what_was_shown_is_no_news_until_it_is_old(clock: Clock) -> None:
    shown = Shown(clock)
    assert shown.is_news(MEASURED)
    assert not shown.is_news(later(MEASURED))
    clock.now = AT_LEAST
    assert shown.is_news(later(MEASURED))
    assert not shown.is_news(later(MEASURED))


def test_another_epoch_or_value_is_news(clock: Clock) -> None:
    shown = Shown(clock)
    shown.is_news(MEASURED)
    (one,) = MEASURED.notebooks
    assert one.head is not None
    assert one.head.live is not None
    for head in (
        replace(one.head, live=replace(one.head.live, epoch=8)),
        replace(one.head, metrics=(replace(one.head.metrics[0], value=0.9),)),
    ):
        assert shown.is_news(replace(MEASURED, notebooks=(replace(one, head=head),)))


@pytest.mark.parametrize("lasted", ["0.5 s", "48 s", "2 min 10 s", "1 h 3 min"])
def test_how_long_a_phase_lasts_is_no_news_but_the_next_one_is(clock: Clock, lasted: str) -> None:
    shown = Shown(clock)
    assert shown.is_news(later(STATES["submitted"], "getting a machine, 3 s"))
    assert not shown.is_news(later(STATES["submitted"], f"getting a machine, {lasted}"))
    assert shown.is_news(later(STATES["submitted"], f"loading the image, {lasted}"))


def test_what_could_not_be_shown_is_news_again(clock: Clock) -> None:
    shown = Shown(clock)
    assert shown.is_news(MEASURED)
    shown.forget()
    assert shown.is_news(MEASURED)
