from __future__ import annotations

import signal
from typing import Any

import pytest

from alekseylearn.runtime.limits import Stop
from alekseylearn.runtime.verdict import Ending, Verdict, first_line, judge, size

FAILURE = {"cell": 3, "line": 2, "exception": "ValueError", "message": "no", "traceback": "...", "hint": None}
TIMEOUT = Stop("timed-out", "the time limit of 1 min was reached")


def ending(**changes: Any) -> Ending:
    plain = Ending(
        status=0, finished=True, complete=True, interrupted=False, failure=None, defect=None, stop=None, cell=7,
        peak_memory=2_500_000_000,
    )  # fmt: skip
    return plain._replace(**changes)


def test_a_run_that_came_to_its_end_succeeded() -> None:
    assert judge(ending()) == Verdict("succeeded", None, 0)


def test_a_failure_of_the_notebook_is_its_own() -> None:
    assert judge(ending(failure=FAILURE)) == Verdict("failed", FAILURE, 4)


def test_a_failure_before_a_stop_stays_a_failure() -> None:
    assert judge(ending(failure=FAILURE, stop=TIMEOUT)).state == "failed"


def test_a_failure_after_a_stop_is_the_stop() -> None:
    stopped = judge(ending(failure=FAILURE, interrupted=True, complete=False, stop=Stop("stopped", "SIGTERM")))
    assert stopped == Verdict("stopped", None, 7)


def test_a_time_limit_says_where_it_was_reached() -> None:
    verdict = judge(ending(failure=FAILURE, interrupted=True, complete=False, stop=TIMEOUT))
    assert (verdict.state, verdict.code) == ("timed-out", 7)
    assert verdict.failure is not None
    assert first_line(verdict.failure) == "cell 7, line 2: TimeLimit: the time limit of 1 min was reached"


def test_a_stop_after_the_last_cell_changes_nothing() -> None:
    assert judge(ending(stop=TIMEOUT)).state == "succeeded"
    assert judge(ending(stop=TIMEOUT, finished=False)).state == "timed-out"


def test_sigkill_is_most_likely_memory() -> None:
    verdict = judge(ending(status=int(signal.SIGKILL), finished=False))
    assert verdict.failure is not None
    assert verdict.failure["message"] == "killed by signal 9, most likely out of memory (peak 2.5 GB)"
    assert (verdict.state, verdict.code, verdict.failure["cell"]) == ("failed", 4, 7)


def test_other_signals_are_named() -> None:
    verdict = judge(ending(status=int(signal.SIGSEGV), finished=False))
    assert verdict.failure is not None
    assert "killed by signal 11 (SIGSEGV)" in verdict.failure["message"]


def test_a_process_that_ended_itself_is_told() -> None:
    verdict = judge(ending(status=3 << 8, finished=False))
    assert verdict.failure is not None
    assert "exit status 3" in verdict.failure["message"]


def test_a_defect_of_ours_is_not_blamed_on_the_notebook() -> None:
    verdict = judge(ending(defect={"message": "KeyError: 'x'", "traceback": "..."}, failure=FAILURE))
    assert verdict.code == 1
    assert verdict.failure is not None
    assert "defect of alekseylearn" in verdict.failure["message"]


def test_the_first_line_of_the_failure_file_is_one_short_line() -> None:
    line = first_line({**FAILURE, "message": "long\nand " * 500})
    assert line.startswith("cell 3, line 2: ValueError: long and")
    assert len(line) == 1024
    assert first_line({**FAILURE, "cell": None, "line": None}) == "ValueError: no"


@pytest.mark.parametrize(("count", "words"), [(12_000_000, "12 MB"), (2_500_000_000, "2.5 GB")])
def test_sizes_are_said_as_people_do(count: int, words: str) -> None:
    assert size(count) == words
