"""When the child has to stop, and by which signal."""

from __future__ import annotations

import signal
from typing import NamedTuple

LINGER = 5.0
"""Seconds that the child may take to end after its last word."""
STEPS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
"""The cell gets KeyboardInterrupt; then again, if it went on; then there is no more asking."""


class Stop(NamedTuple):
    """Why a run is ended: *state* as in result.json, and the *reason* in words."""

    state: str
    reason: str


class Limits:
    """The time limits of one run; all times are seconds of one monotonic clock."""

    def __init__(self, started: float, run: float | None, cell: float | None, grace: float) -> None:
        self._run_ends = None if run is None else started + run
        self._run = run
        self._cell = cell
        self._cell_ends: float | None = None
        self._grace = grace
        self._steps: list[tuple[float, signal.Signals]] = []
        self.stop: Stop | None = None

    def cell_started(self, now: float) -> None:
        """Begin to count the time of one cell."""
        self._cell_ends = None if self._cell is None else now + self._cell

    def cell_ended(self) -> None:
        """Count no cell's time."""
        self._cell_ends = None

    def finished(self, now: float) -> None:
        """Give the child a moment to end by itself."""
        self._run_ends = self._cell_ends = None
        self._steps = [(now + LINGER, signal.SIGKILL)]

    def begin_stop(self, stop: Stop, now: float) -> None:
        """Ask the child to stop; a second reason changes nothing."""
        if self.stop is None:
            self.stop = stop
            self._steps = [(now + share * self._grace, step) for share, step in zip((0, 0.5, 1), STEPS)]  # noqa: B905 - Python 3.9

    def due(self, now: float) -> signal.Signals | None:
        """Return the signal to send at *now*, each one once."""
        if self.stop is None and self._run_ends is not None and now >= self._run_ends:
            self.begin_stop(Stop("timed-out", f"the time limit of {spoken(self._run or 0)} was reached"), now)
        if self.stop is None and self._cell_ends is not None and now >= self._cell_ends:
            self.begin_stop(Stop("timed-out", f"the time limit of {spoken(self._cell or 0)} a cell was reached"), now)
        if self._steps and now >= self._steps[0][0]:
            return self._steps.pop(0)[1]
        return None

    def wait(self, now: float) -> float | None:
        """Return how long nothing is due; None for ever."""
        ends = [] if self.stop is not None else [end for end in (self._run_ends, self._cell_ends) if end is not None]
        times = ends + [when for when, _ in self._steps[:1]]
        return max(0.0, min(times) - now) if times else None


def spoken(seconds: float) -> str:
    """Say a duration as people do: `2 h`, `1 h 30 min`, `45 s`."""
    whole = round(seconds)
    if seconds < 60:
        return f"{seconds:g} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return " ".join(f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (left, "s")) if count)
