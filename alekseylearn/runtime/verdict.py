"""How a run ended: its state, its failure and the exit code, from what the supervisor saw."""

from __future__ import annotations

import os
import signal
from typing import Any, NamedTuple

from .limits import Stop

DEFECT = 1
SUCCEEDED = 0
CODE_FAILED = 4
STOPPED = 7


class Ending(NamedTuple):
    """What the supervisor saw of the child's end."""

    status: int
    """As from wait(2)."""
    finished: bool
    """Whether the child came to its own end."""
    complete: bool
    """Whether all cells were done before anybody asked it to stop."""
    interrupted: bool
    """Whether the failure came after it was asked to stop."""
    failure: dict[str, Any] | None
    defect: dict[str, Any] | None
    stop: Stop | None
    cell: int | None
    """The cell that was running last."""
    peak_memory: int


class Verdict(NamedTuple):
    """The state of result.json, its failure, and the exit code of the supervisor."""

    state: str
    failure: dict[str, Any] | None
    code: int


def judge(ending: Ending) -> Verdict:
    """Decide how a run ended; what happened first counts, so a failure before a stop stays a failure."""
    if ending.defect is not None:
        text = "alekseylearn's runtime failed; this is a defect of alekseylearn, not of the notebook"
        message = f"{text}: {ending.defect['message']}"
        return Verdict("failed", _failure(ending, "Defect", message, None, ending.defect["traceback"]), DEFECT)
    if ending.failure is not None and not ending.interrupted:
        return Verdict("failed", ending.failure, CODE_FAILED)
    if ending.stop is not None and not (ending.finished and ending.complete):
        line = ending.failure["line"] if ending.failure else None
        trace = ending.failure["traceback"] if ending.failure else ""
        if ending.stop.state == "stopped":
            return Verdict("stopped", None, STOPPED)
        hint = "raise timeout, train for fewer epochs, or choose a faster machine"
        failure = {**_failure(ending, "TimeLimit", ending.stop.reason, hint, trace), "line": line}
        return Verdict("timed-out", failure, STOPPED)
    if ending.finished:
        return Verdict("succeeded", None, SUCCEEDED)
    return Verdict("failed", _vanished(ending), CODE_FAILED)


def _vanished(ending: Ending) -> dict[str, Any]:
    if os.WIFSIGNALED(ending.status):
        number = os.WTERMSIG(ending.status)
        name = signal.Signals(number).name if number in set(signal.Signals) else "unknown"
        if number == signal.SIGKILL:
            message = f"killed by signal 9, most likely out of memory (peak {size(ending.peak_memory)})"
            hint = "use less data at a time or smaller batches, or a machine with more memory"
        else:
            message = f"killed by signal {number} ({name}); compiled code crashed or another program ended it"
            hint = "look at the end of log.txt: it shows where Python was"
        return _failure(ending, "Killed", message, hint)
    message = f"the process ended by itself with exit status {os.WEXITSTATUS(ending.status)} before the run was over"
    return _failure(ending, "ProcessExit", message, "look for os._exit in the cell or in a library that it calls")


def _failure(ending: Ending, exception: str, message: str, hint: str | None, traceback: str = "") -> dict[str, Any]:
    return {
        "cell": ending.cell,
        "line": None,
        "exception": exception,
        "message": message,
        "traceback": traceback,
        "hint": hint,
    }


def failure_before_the_cells(exception: str, message: str, hint: str) -> dict[str, Any]:
    """Describe what keeps the first cell from being run, as the `failure` of result.json."""
    return {"cell": None, "line": None, "exception": exception, "message": message, "traceback": "", "hint": hint}


def size(count: int) -> str:
    """Say a number of bytes: `512 MB`, `1.5 GB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def first_line(failure: dict[str, Any]) -> str:
    """Say where and how it failed in one line of at most 1024 characters, as the failure file begins."""
    place = "" if failure["cell"] is None else f"cell {failure['cell']}"
    place += "" if failure["line"] is None else f"{', ' if place else ''}line {failure['line']}"
    message = " ".join(failure["message"].split())
    return f"{place}{': ' if place else ''}{failure['exception']}: {message}"[:1024]
