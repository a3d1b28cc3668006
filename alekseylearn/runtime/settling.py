"""Which of the metrics that a run sent count, when several sources gave one name or a series was sent anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Optional

from .sources import log_metric, printed
from .sources.base import PRECEDENCE

Line = dict[str, Any]
Kind = tuple[str, bool]
"""A name, and whether it is a value without a step: that and a series are two things."""

PREVIEW = "preview"
"""Marks a line that was found in a file while the run went on; the child says in the end what the files hold."""


class _Series(NamedTuple):
    """What one source sent of one name with steps: its first step, and the place of that line when it last began."""

    first: Optional[int]
    begun: int
    points: int


class Settling:
    """Hear every line as it is sent, then say what counts; it remembers names, no lines."""

    def __init__(self) -> None:
        self._place = -1
        self._sure = _Tally()
        self._whole = _Tally()

    def hear(self, line: Mapping[str, Any]) -> None:
        """Take the next line."""
        self._place += 1
        self._whole.take(self._place, line)
        if PREVIEW not in line:
            self._sure.take(self._place, line)

    def settled(self, lines: Iterable[Line], *, final: bool) -> Iterator[Line]:
        """Yield those of the same *lines* that count, each with the sources that gave the name and do not count.

        With *final*, the child has said what the files hold, and previews do not count. The value of a name that has a
        series, too, comes after it: it is what the notebook says in the end.
        """
        tally = self._sure if final else self._whole
        held: dict[str, list[Line]] = {}
        for place, line in enumerate(lines):
            if line.pop(PREVIEW, False) and final:
                continue
            name = line["name"]
            told = tally.told(place, line)
            if told is not None and line["step"] is None and tally.last.get(name, -1) > place:
                held.setdefault(name, []).append(told)
            elif told is not None:
                yield told
            if tally.last.get(name) == place:
                yield from held.pop(name, ())


class _Tally:
    """Which sources gave which names."""

    def __init__(self) -> None:
        self._sources: dict[Kind, list[str]] = {}
        self._series: dict[tuple[str, str], _Series] = {}
        self.last: dict[str, int] = {}
        """Where the last point of each series stands."""

    def take(self, place: int, line: Mapping[str, Any]) -> None:
        name, step, source = line["name"], line["step"], line["source"]
        sources = self._sources.setdefault((name, step is None), [])
        if source not in sources:
            sources.append(source)
        if step is None:
            return
        self.last[name] = place
        known = self._series.get((name, source))
        # What a notebook logs itself has the steps that it says.
        if known is None or (source != log_metric.NAME and step == known.first):
            known = _Series(step, place, 0)
        self._series[name, source] = known._replace(points=known.points + 1)

    def told(self, place: int, line: Line) -> Line | None:
        """Return the *line* at *place* as it counts, or None."""
        name, step, source = line["name"], line["step"], line["source"]
        sources = sorted(self._sources[name, step is None], key=PRECEDENCE.index)
        if source != sources[0] or (step is not None and place < self._series[name, source].begun):
            return None
        told = {**line, "also": sources[1:]} if sources[1:] else line
        # What was printed once is no series.
        once = source == printed.NAME and step is not None and self._series[name, source].points == 1
        return {**told, "step": None} if once else told
