"""How far a job has come, from the events that it writes down while it runs: its cell, its epoch, the time left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from alekseylearn.text import duration

TAIL = 64 * 1024
"""Bytes from the end of events.jsonl that tell where a job is: the job says it again within half of them."""
_MOST = 10**9
"""Largest count that is believed; the notebook's own code can write the events, too."""
_LONGEST = 1e12
"""Seconds; later than this was no job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Where a job is: in its *place*-th of *cells* cells, which is the notebook's *cell* (None: in none of them).

    *epoch* (of *epochs*) is the one that the cell told of last, *step* that of the last metric it logged;
    *seconds_left* is what the rest of the epochs takes, as far as anybody can say.
    """

    cell: int | None
    place: int
    cells: int
    epoch: int | None
    epochs: int | None
    seconds_left: float | None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class EndedCell:
    """A cell that has come to its end: which, the how-manieth of how many, and after how many seconds."""

    cell: int
    place: int
    cells: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Course:
    """What the events tell: where the job is (None: it has not begun, or is over), and the cells that have ended."""

    live: Live | None = None
    ended: tuple[EndedCell, ...] = ()
    failure: str = ""
    """The exception that ended the job, where one did."""


def read_course(data: bytes | None, now: float) -> Course:
    """Read the end of the job's events, written until *now* (Unix seconds); lines that are torn are passed over."""
    reading = _Reading()
    for event in read_lines(data or b""):
        reading.take(event)
    return Course(reading.live(now), tuple(reading.ended), reading.failure)


def whereabouts(live: Live) -> str:
    """Say where a job is: `cell 14 (6 of 9), epoch 7 of 20`."""
    return ", ".join(part for part in (cell_words(live), round_words(live)) if part)


def summary(live: Live) -> str:
    """Say in a few words how far a job has come: `epoch 7 of 20, about 9 min left`, or in which cell it is."""
    told = round_words(live) or cell_words(live)
    return ", ".join(part for part in (told, time_left(live)) if part)


def cell_words(live: Live) -> str:
    """Name the cell: `cell 14 (6 of 9)`; between two cells, say how many are done."""
    if live.cell is not None:
        return f"cell {live.cell} ({live.place} of {live.cells})"
    return f"{live.place} of {live.cells} cells done" if live.place else ""


def round_words(live: Live) -> str:
    """Name the epoch, or where none is known the step: `epoch 7 of 20`, `step 512`."""
    if live.epoch is not None:
        return f"epoch {live.epoch}" if live.epochs is None else f"epoch {live.epoch} of {live.epochs}"
    return "" if live.step is None else f"step {live.step}"


def time_left(live: Live) -> str:
    """Say what is left: `about 9 min left`; nobody knows it to the second."""
    seconds = live.seconds_left
    if seconds is None:
        return ""
    if seconds < 60:
        return f"about {max(10, round(seconds, -1)):.0f} s left"
    minutes = round(seconds / 60)
    return f"about {minutes} min left" if minutes < 60 else f"about {minutes // 60} h {minutes % 60} min left"


def ended_words(ended: EndedCell) -> str:
    """Say that a cell has ended: `cell 14 (6 of 9) done in 48 s`."""
    return f"cell {ended.cell} ({ended.place} of {ended.cells}) done in {duration(ended.seconds)}"


def live_json(live: Live | None) -> dict[str, Any] | None:
    """Return where a job is, for scripts."""
    if live is None:
        return None
    return {
        "cell": live.cell,
        "place": live.place,
        "cells": live.cells,
        "epoch": live.epoch,
        "epochs": live.epochs,
        "step": live.step,
        "seconds_left": live.seconds_left,
    }


@dataclass(frozen=True, slots=True)
class _Told:
    """An epoch that a cell told of, and when (Unix seconds)."""

    number: int
    time: float


@dataclass(slots=True)
class _Reading:
    """What is known after the events so far."""

    place: int = 0
    cells: int = 0
    cell: int | None = None
    cell_started: float | None = None
    begun: bool = False
    over: bool = False
    told: list[_Told] = field(default_factory=list)
    epochs: int | None = None
    step: int | None = None
    rounds: int = 0
    """How often the cell has begun to count anew."""
    ended: list[EndedCell] = field(default_factory=list)
    failure: str = ""

    def take(self, event: Mapping[str, Any]) -> None:
        match event.get("event"):
            case "run-start":
                self.begun, self.cells = True, _count(event.get("cells")) or 0
            case "cell-start":
                self._enter(event)
            case "progress":
                self._restate(event)
            case "epoch":
                self._epoch(event)
            case "metric":
                self.step = self.step if (step := _count(event.get("step"))) is None else step
            case "cell-end":
                self._leave(event)
            case "run-end":
                self.over = True
                failure = event.get("exception")
                self.failure = failure if isinstance(failure, str) else ""
            case _:
                pass

    def _enter(self, event: Mapping[str, Any]) -> None:
        self.begun, self.cell, self.cell_started = True, _count(event.get("cell")), _moment(event.get("time"))
        self.place = _count(event.get("place")) or 0
        self.cells = _count(event.get("cells")) or self.cells
        self.told, self.epochs, self.step, self.rounds = [], None, None, 0

    def _restate(self, event: Mapping[str, Any]) -> None:
        """Take what the job says again now and then; what was read already stands."""
        if self.cell_started is not None:
            return
        self._enter(event)
        self.cell_started, self.rounds = _moment(event.get("since")), _count(event.get("rounds")) or 0
        self.step, self.epochs = _count(event.get("step")), _count(event.get("of"))
        self.told = [told for name in ("first", "last") if (told := _pair(event.get(name))) is not None]

    def _epoch(self, event: Mapping[str, Any]) -> None:
        number, time = _count(event.get("epoch")), _moment(event.get("time"))
        if number is None or time is None or event.get("cell") != self.cell:
            return
        if self.told and number <= self.told[-1].number:
            self.rounds += number < self.told[-1].number
            self.told = []
        self.told.append(_Told(number, time))
        self.epochs = _count(event.get("of"))

    def _leave(self, event: Mapping[str, Any]) -> None:
        number, seconds = _count(event.get("cell")), _moment(event.get("seconds"))
        place = _count(event.get("place")) or self.place
        self.begun, self.cells = True, _count(event.get("cells")) or self.cells
        if number is not None and seconds is not None and event.get("state") == "done":
            self.ended.append(EndedCell(number, place, max(self.cells, place), seconds))
        self.cell, self.cell_started, self.place = None, None, place
        self.told, self.epochs, self.step = [], None, None

    def live(self, now: float) -> Live | None:
        if not self.begun or self.over:
            return None
        epoch = self.told[-1].number if self.told else None
        made = Live(
            cell=self.cell,
            place=self.place,
            cells=max(self.cells, self.place),
            epoch=epoch,
            epochs=self.epochs if epoch is None or self.epochs is None else max(epoch, self.epochs),
            seconds_left=None,
            step=self.step,
        )
        return replace(made, seconds_left=self._left(now))

    def _left(self, now: float) -> float | None:
        """Say what is left of the epochs; None before two have passed, or where the cell counts them more than once."""
        pace = self._pace()
        if pace is None or self.epochs is None or self.rounds:
            return None
        last = self.told[-1]
        # The clocks of two machines differ: what has passed of this epoch is never more than it takes.
        passed = min(max(now - last.time, 0.0), pace)
        going = 1 if self._tells_ahead(pace) else 0
        return max(0.0, (self.epochs - last.number + going) * pace - passed)

    def _pace(self) -> float | None:
        """Return the seconds of an epoch, the one in the middle of those that are known."""
        pairs = list(zip(self.told, self.told[1:], strict=False))
        if sum(later.number - one.number for one, later in pairs) < 2:
            return None
        times = sorted((later.time - one.time) / (later.number - one.number) for one, later in pairs)
        return max(0.0, times[len(times) // 2])

    def _tells_ahead(self, pace: float) -> bool:
        """Whether the cell tells of an epoch when it begins: then the first was told of at once."""
        return self.cell_started is not None and self.told[0].time - self.cell_started < pace / 2


def read_lines(data: bytes) -> Iterator[dict[str, Any]]:
    """Read the lines of an events.jsonl, or of its end; what is no event is passed over."""
    for line in data.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            # The last line may be torn, and so may the first one of a tail.
            continue
        if isinstance(event, dict):
            yield event


def _pair(value: object) -> _Told | None:
    """Read an epoch and when it was told of."""
    number, time = value if isinstance(value, list) and len(value) == 2 else (None, None)
    number, time = _count(number), _moment(time)
    return None if number is None or time is None else _Told(number, time)


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST else None


def _moment(value: object) -> float | None:
    """Return a time, or a span, of seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -_LONGEST < value < _LONGEST else None
