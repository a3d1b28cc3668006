"""Which of the metrics that a run sent count, when several sources gave one name or a series was sent anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Optional

from .sources import log_metric, printed
from .sources.base import PRECEDENCE

Line = dict[str, Any]
Kind = tuple[str, bool]
"""A name, and whether it is a value without a step: that and a series are two things."""


class _Series(NamedTuple):
    """What one source sent of one name with steps: its first step, and the place of that line when it last began."""

    first: Optional[int]
    begun: int
    points: int


class Settling:
    """Hear every line as it is sent, then say what counts; it remembers names, no lines."""

    def __init__(self) -> None:
        self._place = -1
        self._sources: dict[Kind, list[str]] = {}
        self._series: dict[tuple[str, str], _Series] = {}
        self._last: dict[str, int] = {}

    def hear(self, line: Mapping[str, Any]) -> None:
        """Take the next line."""
        self._place += 1
        name, step, source = line["name"], line["step"], line["source"]
        sources = self._sources.setdefault((name, step is None), [])
        if source not in sources:
            sources.append(source)
        if step is None:
            return
        self._last[name] = self._place
        known = self._series.get((name, source))
        # What a notebook logs itself has the steps that it says.
        if known is None or (source != log_metric.NAME and step == known.first):
            known = _Series(step, self._place, 0)
        self._series[name, source] = known._replace(points=known.points + 1)

    def settled(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield those of the same *lines* that count, each with the sources that gave the name and do not count.

        The value of a name that has a series, too, comes after it: it is what the notebook says in the end.
        """
        held: dict[str, list[Line]] = {}
        for place, line in enumerate(lines):
            name, value = line["name"], line["step"] is None
            if self._counts(place, line):
                told = self._told(line)
                if value and self._last.get(name, -1) > place:
                    held.setdefault(name, []).append(told)
                else:
                    yield told
            if self._last.get(name) == place:
                yield from held.pop(name, ())

    def _counts(self, place: int, line: Line) -> bool:
        name, step, source = line["name"], line["step"], line["source"]
        if source != min(self._sources[name, step is None], key=PRECEDENCE.index):
            return False
        return step is None or place >= self._series[name, source].begun

    def _told(self, line: Line) -> Line:
        name, step, source = line["name"], line["step"], line["source"]
        also = [other for other in self._sources[name, step is None] if other != source]
        told = {**line, "also": sorted(also, key=PRECEDENCE.index)} if also else line
        # What was printed once is no series.
        once = source == printed.NAME and step is not None and self._series[name, source].points == 1
        return {**told, "step": None} if once else told
