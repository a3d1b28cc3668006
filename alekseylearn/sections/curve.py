"""One metric by step as a mermaid chart: bars are base, the line is head.

Only `xychart-beta` is written: renderers older than mermaid 11.7 do not know the name without the suffix. The chart has
no legend, so its title tells the two apart by shape, and the numbers stand in the metrics table as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from alekseylearn.jobs import JobState
from alekseylearn.metrics import Metric
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.text import Markdown, fence, number
from alekseylearn.verdict import active

MAX_POINTS = 50
_CUT_SHORT = frozenset({JobState.FAILED, JobState.LOST})
_LARGEST = 1e12
_PALETTE = "#8c959f, #1f6feb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The values of one metric on both sides, by step; both start at the first step."""

    name: str
    steps: tuple[int, ...]
    head: tuple[float, ...]
    base: tuple[float, ...]
    head_end: float
    base_end: float | None


def curve(outcome: Outcome) -> Markdown | None:
    """Draw the curve of the one notebook that was trained."""
    told = active(outcome)
    return notebook_curve(outcome, told[0]) if len(told) == 1 else None


def notebook_curve(outcome: Outcome, notebook: NotebookOutcome) -> Markdown | None:
    """Draw the primary metric where it was logged by step, else the first one that was; None without two points."""
    found = find_curve(notebook)
    return None if found is None else _chart(found, _word(outcome.base.name) or "base")


def find_curve(notebook: NotebookOutcome, max_points: int = MAX_POINTS) -> Curve | None:
    """Choose the metric to draw, the primary one first, and lay both sides on the same steps, thinned evenly."""
    if notebook.head is None or notebook.head.state in _CUT_SHORT:
        return None
    series = {metric.name: _points(metric) for metric in notebook.head.metrics}
    names = sorted(series, key=lambda name: name != notebook.primary)
    name = next((name for name in names if len(series[name]) > 1), None)
    if name is None:
        return None
    base_metrics = notebook.base.metrics if notebook.base is not None else ()
    base = next((_points(metric) for metric in base_metrics if metric.name == name), {})
    return lay_out(name, series[name], base, max_points)


def lay_out(name: str, head: Mapping[int, float], base: Mapping[int, float], max_points: int) -> Curve:
    """Lay *head* and *base* (values by step) on common steps; base is left out where its steps do not fit."""
    union = sorted({*head, *base})
    if union[: len(head)] != sorted(head) or union[: len(base)] != sorted(base):
        union, base = sorted(head), {}
    steps = _thin(union, max_points)
    return Curve(
        name=name,
        steps=tuple(steps),
        head=tuple(head[step] for step in steps if step in head),
        base=tuple(base[step] for step in steps if step in base),
        head_end=head[max(head)],
        base_end=base[max(base)] if base else None,
    )


def _points(metric: Metric) -> dict[int, float]:
    return {
        step: value for step, value in metric.series if step >= 0 and math.isfinite(value) and abs(value) < _LARGEST
    }


def _thin(steps: list[int], most: int) -> list[int]:
    if len(steps) <= most:
        return steps
    return [steps[round(place * (len(steps) - 1) / (most - 1))] for place in range(most)]


def _chart(found: Curve, base: str) -> Markdown:
    name = _word(found.name) or "metric"
    values = (*found.head, *found.base)
    low, high = min(values), max(values)
    margin = (high - low) / 20 or abs(high) / 20 or 1.0
    low, high = low - margin, high + margin
    decimals = min(15, max(0, 2 - math.floor(math.log10(high - low))))
    told = f"The line is this version and ends at {number(found.head_end)}."
    title = f"{name} by step"
    bars = []
    if found.base and found.base_end is not None:
        told += f" The bars are {base} and end at {number(found.base_end)}."
        title += f" (line: this version, bars: {base})"
        bars = [f"    bar {_numbers(found.base, decimals)}"]
    lines = [
        "---",
        "config:",
        "  xyChart:",
        "    width: 720",
        "    height: 260",
        "  themeVariables:",
        "    xyChart:",
        f'      plotColorPalette: "{_PALETTE if bars else _PALETTE.partition(", ")[2]}"',
        "---",
        "xychart-beta",
        f"    accTitle: {name} by step",
        f"    accDescr: {told}",
        f'    title "{title}"',
        f'    x-axis "step" [{", ".join(str(step) for step in found.steps)}]',
        f'    y-axis "{name}" {low:.{decimals}f} --> {high:.{decimals}f}',
        *bars,
        f"    line {_numbers(found.head, decimals)}",
    ]
    return fence("\n".join(lines), "mermaid")


def _numbers(values: tuple[float, ...], decimals: int) -> str:
    return f"[{', '.join(f'{value:.{decimals}f}' for value in values)}]"


def _word(text: str) -> str:
    """Reduce a name to what no chart grammar can misread."""
    return re.sub(r"[^A-Za-z0-9 _.-]+", " ", text).strip(" -.")[:40].strip()
