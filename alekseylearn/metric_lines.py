"""The metrics that a training has logged: line by line, whatever the lines are."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from alekseylearn.errors import InputError
from alekseylearn.metrics import MAX_NAME, Metric
from alekseylearn.series import LARGEST_STEP, Points
from alekseylearn.text import clean, plural

MAX_POINTS = 2_000_000
"""More metric lines than this are refused (`metric.invalid`)."""
MAX_NAMES = 10_000
"""More metrics than this are refused (`metric.invalid`)."""
MAX_ALSO = 20
"""As many sources that did not count are remembered of a metric."""
MAX_SERIES = 2000
"""As many points of one metric are kept, or a few more: more than any curve shows."""
KEPT_POINTS = 100_000
"""As many points of all metrics together are kept, roughly: a stored result stays a few megabytes large."""
_PLAIN = re.compile(r"[!-~]+")
_MARKED = re.compile(r"[|`‹\[\]@]|\A#|://|!\[|#\d|\*\*|~~|\$[^$]+\$|\A::|\bwww\.|\bGH-\d")
# What a browser would take for a tag and Markdown for a link: a name stays one in every document that it gets into.
_TAG, _LINK = re.compile(r"<(?=[A-Za-z/!?])"), "]("
_NOT_FINITE = frozenset({"nan", "inf", "-inf", "infinity", "-infinity", "+inf"})


def metrics_so_far(data: bytes | None) -> tuple[Metric, ...]:
    """Read the whole lines of a `metrics.jsonl` that a job still writes; none where there are none, or too many."""
    whole, _, _ = (data or b"").rpartition(b"\n")
    try:
        return read_metrics(BytesIO(whole))
    except InputError:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a `metrics.jsonl` holds; *thinned* are the metrics of which only a part of the series was kept.

    *unread* is the number of lines that tell no number, and *example* what is wrong with the first of them. *altered*
    are metrics whose names came with signs that nobody sees, *misplaced* those with steps that are no whole numbers.
    """

    metrics: tuple[Metric, ...]
    thinned: tuple[str, ...] = ()
    unread: int = 0
    example: str = ""
    altered: tuple[str, ...] = ()
    misplaced: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say what of it is no number, more than a name (`metric.invalid text.neutralised`), or more than is drawn."""
        told = []
        if self.unread:
            more = f", and {plural(self.unread - 1, 'more line')}" if self.unread > 1 else ""
            told.append(f"metric.invalid: passed over: {self.example}{more}")
        undefined = [metric.name for metric in self.metrics if not math.isfinite(metric.value)]
        if undefined:
            told.append(f"metric.invalid: no finite number at the end: {_some(undefined)}")
        if self.misplaced:
            told.append(f"metric.invalid: steps that are no whole numbers are not drawn: {_some(self.misplaced)}")
        marked = [metric.name for metric in self.metrics if metric.name in self.altered or _MARKED.search(metric.name)]
        if marked:
            told.append(f"text.neutralised: names of metrics that are shown without their markup: {_some(marked)}")
        if self.thinned:
            which = _some(self.thinned)
            told.append(f"only some points of {which} are drawn, there are so many: all of them are in metrics.jsonl")
        return tuple(told)


def read_metrics(lines: Iterable[str | bytes], where: str = "metrics.jsonl") -> tuple[Metric, ...]:
    """Read the metrics of `measure`, and nothing else."""
    return measure(lines, where).metrics


def measure(lines: Iterable[str | bytes], where: str = "metrics.jsonl") -> Measured:
    """Read the lines of a `metrics.jsonl` (`{"name", "value", "step", "time", "cell", "source", "also"}`).

    The lines of one name become one `Metric`: its last value, and its series by step, of which a very long one keeps
    first, last, smallest and largest, and evenly many between. A line that tells no number is passed over. Raises
    `InputError` `metric.invalid` for too many lines or names.
    """
    logged: dict[str, _Logged] = {}
    unread, example = 0, ""
    for line_number, line in enumerate(lines, 1):
        if line_number > MAX_POINTS:
            raise _invalid(f"more than {MAX_POINTS:,} metric lines", where)
        try:
            raw, told = _read_line(line)
        except _UnreadError as error:
            unread += error.counts
            example = example or f"line {line_number} of {where}, {error}"
            continue
        found = logged.get(told)
        if found is None:
            if len(logged) == MAX_NAMES:
                raise _invalid(f"more than {MAX_NAMES:,} metrics", where)
            found = logged[told] = _Logged()
        found.altered = found.altered or not raw["name"].isprintable()
        found.add(raw)
    most = min(MAX_SERIES, max(10, KEPT_POINTS // max(1, len(logged))))
    return Measured(
        metrics=tuple(found.metric(name, most) for name, found in logged.items()),
        thinned=tuple(name for name, found in logged.items() if len(found.points) > most),
        unread=unread,
        example=example,
        altered=tuple(name for name, found in logged.items() if found.altered),
        misplaced=tuple(name for name, found in logged.items() if found.misplaced),
    )


@dataclass(slots=True)
class _Logged:
    """What was logged under one name by now."""

    points: Points = field(default_factory=Points)
    last: Mapping[str, Any] = field(default_factory=dict)
    also: set[str] = field(default_factory=set)
    altered: bool = False
    misplaced: bool = False

    def add(self, raw: Mapping[str, Any]) -> None:
        step, also = raw.get("step"), raw.get("also")
        if type(step) is float and step.is_integer():
            step = int(step)
        if type(step) is int and abs(step) <= LARGEST_STEP:
            self.points.add(step, raw["value"])
        elif step is not None:
            self.misplaced = True
        if isinstance(also, list) and len(self.also) < MAX_ALSO:
            self.also |= {clean(str(source), 60) for source in also[:MAX_ALSO]}
        self.last = raw

    def metric(self, name: str, most: int) -> Metric:
        cell = self.last.get("cell")
        return Metric(
            name=name,
            value=self.last["value"],
            source=clean(str(self.last.get("source") or ""), 60),
            cell=cell if type(cell) is int else None,
            series=self.points.thinned(most) if len(self.points) > 1 else (),
            also=tuple(sorted(self.also)[:MAX_ALSO]),
        )


class _UnreadError(ValueError):
    """A line that tells no number; an empty one does not count."""

    @property
    def counts(self) -> bool:
        return bool(self.args)


def _read_line(line: str | bytes) -> tuple[dict[str, Any], str]:
    """Read one line, with its `value` as a number, and its name; the rest may be anything."""
    try:
        text = line if isinstance(line, str) else line.decode()
    except UnicodeDecodeError:
        raise _UnreadError("which is not UTF-8") from None
    text = text.strip().removeprefix("\ufeff")
    if not text:
        raise _UnreadError
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise _UnreadError("which is not JSON") from None
    name = _name(raw.get("name")) if isinstance(raw, dict) else ""
    if not name:
        raise _UnreadError(f"which has no name of 1 to {MAX_NAME} characters")
    value = raw.get("value")
    try:
        # JSON has no word for what is not finite: writers spell it out.
        known = type(value) in (int, float) or (isinstance(value, str) and value.lower() in _NOT_FINITE)
        raw["value"] = float(value) if known else None
    except OverflowError:
        raw["value"] = None
    if raw["value"] is None:
        raise _UnreadError(f"where the value of {clean(name, 60)!r} is not a number")
    return raw, name


def _some(names: Sequence[str]) -> str:
    """Name the first of *names*, and say how many more there are."""
    more = f" and {plural(len(names) - 1, 'more metric')}" if len(names) > 1 else ""
    return clean(names[0], 60) + more


def _name(told: object) -> str:
    if not isinstance(told, str) or len(told) > MAX_NAME:
        return ""
    # Most names need no cleaning, which takes longer than all the rest of a line.
    name = told if _PLAIN.fullmatch(told) else clean(told, MAX_NAME)
    return _TAG.sub("‹", name).replace(_LINK, "] (") if "<" in name or _LINK in name else name


def _invalid(what: str, where: str) -> InputError:
    return InputError(
        "metric.invalid", what, where=where, hint="log numbers with `alekseylearn.log_metric(name, value)`"
    )
