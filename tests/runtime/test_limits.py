from __future__ import annotations

import signal

import pytest

from alekseylearn.runtime.limits import LINGER, Limits, Stop, spoken


def sent(limits: Limits, *times: float) -> list[signal.Signals | None]:
    return [limits.due(now) for now in times]


def test_nothing_is_due_without_limits() -> None:
    limits = Limits(100, None, None, 30)
    assert limits.wait(1e9) is None
    assert limits.due(1e9) is None


def test_the_time_limit_asks_twice_and_then_kills() -> None:
    limits = Limits(100, 50, None, 30)
    assert limits.wait(110) == 40
    assert sent(limits, 149, 150, 151, 165, 170, 180, 999) == [
        None, signal.SIGINT, None, signal.SIGTERM, None, signal.SIGKILL, None,
    ]  # fmt: skip
    assert limits.stop == Stop("timed-out", "the time limit of 50 s was reached")


def test_the_limit_of_a_cell_counts_from_its_start() -> None:
    limits = Limits(0, None, 60, 30)
    limits.cell_started(1000)
    assert limits.wait(1010) == 50
    limits.cell_ended()
    assert limits.wait(1010) is None
    limits.cell_started(2000)
    assert limits.due(2060) is signal.SIGINT
    assert limits.stop == Stop("timed-out", "the time limit of 1 min a cell was reached")


def test_the_first_reason_to_stop_counts() -> None:
    limits = Limits(0, 50, None, 30)
    limits.begin_stop(Stop("stopped", "by hand"), 40)
    limits.begin_stop(Stop("stopped", "again"), 41)
    assert limits.due(60) is signal.SIGINT
    assert limits.stop == Stop("stopped", "by hand")
    assert limits.wait(60) == 0


def test_a_finished_child_gets_a_moment_to_end() -> None:
    limits = Limits(0, 50, None, 30)
    limits.finished(10)
    assert limits.wait(10) == LINGER
    assert limits.due(10 + LINGER) is signal.SIGKILL
    assert limits.stop is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(7200, "2 h"), (5400, "1 h 30 min"), (90, "1 min 30 s"), (0.5, "0.5 s"), (45, "45 s")]
)
def test_durations_are_said_as_people_do(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
