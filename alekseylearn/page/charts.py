"""The charts of the page: which metrics share one, their lines on common steps, and what they say in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alekseylearn.curves import points
from alekseylearn.metrics import Metric
from alekseylearn.report import NotebookOutcome
from alekseylearn.text import clean, number, plural

MAX_POINTS = 400
"""Points of one line; of more, evenly many are shown, with the lowest and the highest."""
MAX_METRICS = 12
MAX_ROWS = 100
"""Rows of the table under a chart; of more steps, evenly many are listed."""
_SET = re.compile(r"(?:train|training|val|valid|validation|eval|test)[_/ -](?=.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLine:
    """One line of a chart; *metric* counts the metrics of the chart, and the base's line is dashed."""

    label: str
    side: Literal["head", "base"]
    metric: int
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One metric, or the same metric of two data sets, on both sides by step."""

    names: tuple[str, ...]
    steps: tuple[int, ...]
    lines: tuple[ChartLine, ...]

    @property
    def data(self) -> str:
        """The numbers as JSON, for the script that draws them: seven digits are more than any screen shows."""
        kinds = [[line.side, line.metric] for line in self.lines]
        columns = [[None if value is None else float(f"{value:.7g}") for value in line.values] for line in self.lines]
        return json.dumps({"kinds": kinds, "columns": [list(self.steps), *columns]}, separators=(",", ":"))

    @property
    def rows(self) -> list[tuple[int, tuple[float | None, ...]]]:
        """The rows of the table: a step and the value of every line there."""
        return [
            (self.steps[place], tuple(line.values[place] for line in self.lines))
            for place in _spread(len(self.steps), MAX_ROWS)
        ]

    @property
    def told(self) -> str:
        """What the picture shows, in words."""
        names = " and ".join(clean(name, 60) for name in self.names)
        return f"{names} by step. {' '.join(_told(line, self.steps) for line in self.lines)}"


def find_charts(notebook: NotebookOutcome, base: str, head: str) -> tuple[Chart, ...]:
    """Make the charts of *notebook*, the primary metric's first; *base* and *head* name the sides.

    A metric and its namesake of another data set (`loss`, `val_loss`) share one. The two sides may have other steps,
    as after a change of the batch size.
    """
    after, before = (_drawn(one.metrics) if one is not None else {} for one in (notebook.head, notebook.base))
    groups: dict[str, list[str]] = {}
    for name in sorted(after, key=lambda name: name != notebook.primary)[:MAX_METRICS]:
        stem = _SET.sub("", name, count=1)
        groups.setdefault(stem if len(groups.get(stem, ())) < 2 else name, []).append(name)
    return tuple(
        _chart([(name, after[name], before.get(name, {})) for name in names], base, head) for names in groups.values()
    )


def _drawn(metrics: Sequence[Metric]) -> dict[str, dict[int, float]]:
    found = {metric.name: points(metric) for metric in metrics}
    return {name: _thinned(values) for name, values in found.items() if len(values) > 1}


def _thinned(values: Mapping[int, float]) -> dict[int, float]:
    steps = sorted(values)
    wanted = {steps[place] for place in _spread(len(steps), MAX_POINTS)}
    wanted |= {min(steps, key=values.__getitem__), max(steps, key=values.__getitem__)}
    return {step: values[step] for step in sorted(wanted)}


def _spread(count: int, most: int) -> list[int]:
    """Choose *most* of *count* places evenly, the first and the last among them."""
    return list(range(count)) if count <= most else [round(at * (count - 1) / (most - 1)) for at in range(most)]


def _chart(metrics: Sequence[tuple[str, dict[int, float], dict[int, float]]], base: str, head: str) -> Chart:
    steps = sorted({step for _, after, before in metrics for step in (*after, *before)})
    lines = []
    for place, (name, after, before) in enumerate(metrics):
        whose = f"{clean(name, 40)}, " if len(metrics) > 1 else ""
        lines.append(ChartLine(label=whose + head, side="head", metric=place, values=tuple(map(after.get, steps))))
        if before:
            values = tuple(map(before.get, steps))
            lines.append(ChartLine(label=whose + clean(base, 40), side="base", metric=place, values=values))
    return Chart(names=tuple(name for name, _, _ in metrics), steps=tuple(steps), lines=tuple(lines))


def _told(line: ChartLine, steps: Sequence[int]) -> str:
    known = [(value, step) for step, value in zip(steps, line.values, strict=True) if value is not None]
    (first, _), (last, _), low, high = known[0], known[-1], min(known), max(known)
    return (
        f"{line.label}: {number(first)} to {number(last)} in {plural(len(known), 'point')}, "
        f"lowest {number(low[0])} at step {low[1]}, highest {number(high[0])} at step {high[1]}."
    )
