"""One metric by step as a mermaid chart: bars are base, the line is head.

Only `xychart-beta` is written: renderers older than mermaid 11.7 do not know the name without the suffix. The chart has
no legend, so its title tells the two apart by shape, and the numbers stand in the metrics table as well.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from alekseylearn.curves import Curve, find_curve
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.text import Markdown, fence, number
from alekseylearn.verdict import active

MAX_POINTS = 50
_LOOKS = (
    "---",
    "config:",
    "  xyChart:",
    "    width: 720",
    "    height: 260",
    # On a phone mermaid measures its letters too small: there is room for them all the same, and the chart's title
    # names what is measured.
    "    xAxis:",
    "      labelPadding: 10",
    "      titlePadding: 10",
    "    yAxis:",
    "      labelPadding: 18",
    "      showTitle: false",
    "  themeVariables:",
    "    xyChart:",
    '      backgroundColor: "transparent"',
)
_CROWDED = ((1.1, 1.435), (2.2, 3.185), (5.5, 7.095))
"""Where labels crowd, as tenths of the axis over a power of ten, and from where on d3 takes fewer: from the roots of 2,
10 and 50, or a little above them, since the ends of the axis are rounded when they are written."""


def curve(outcome: Outcome) -> Markdown | None:
    """Draw the curve of the one notebook that was trained."""
    told = active(outcome)
    return notebook_curve(outcome, told[0]) if len(told) == 1 else None


def notebook_curve(outcome: Outcome, notebook: NotebookOutcome) -> Markdown | None:
    """Draw the primary metric where it was logged by step, else the first one that was; None without two points."""
    reached = _as_far_as_head(notebook)
    found = find_curve(reached, MAX_POINTS)
    if found is not None and len(found.steps) > _room(found.steps[-1]):
        found = find_curve(reached, _room(found.steps[-1]))
    return None if found is None else _chart(outcome, notebook, found)


def _as_far_as_head(notebook: NotebookOutcome) -> NotebookOutcome:
    """Cut the base's values where head's end: mermaid draws no line that stops before the axis does."""
    if notebook.head is None or notebook.base is None:
        return notebook
    last = {metric.name: metric.series[-1][0] for metric in notebook.head.metrics if metric.series}
    metrics = tuple(
        replace(metric, series=tuple(point for point in metric.series if point[0] <= last.get(metric.name, 0)))
        for metric in notebook.base.metrics
    )
    return replace(notebook, base=replace(notebook.base, metrics=metrics))


def _room(last: int) -> int:
    """Tell for how many steps there is room, so that no label covers the next: a digit is 7 pixels wide."""
    return max(2, 660 // (7 * len(str(last)) + 6))


def _chart(outcome: Outcome, notebook: NotebookOutcome, found: Curve) -> Markdown:
    name, base = _word(found.name) or "metric", _word(outcome.base.name) or "base"
    step, head = naming.counted(notebook, found.name), naming.head(outcome).replace("This", "this")
    # Histories count from nought, people and what they print from one.
    first = 1 if step == naming.EPOCH and found.steps[0] == 0 else 0
    low, high = _axis((*found.head, *found.base))
    decimals = min(15, max(0, 2 - math.floor(math.log10(high - low))))
    told = f"The line is {head.replace('PR', 'pull request')} and ends at {number(found.head_end)}."
    title = f"{name} by {step}"
    if found.base and found.base_end is not None:
        told += f" The bars are {base} and end at {number(_end(notebook, found))}."
        title += f" (line: {head}, bars: {base})"
    # A bar of no height stands where the base has no value; where there is no base at all, they keep the last label
    # from being cut.
    bars = (*found.base, *(low,) * (len(found.steps) - len(found.base)))
    lines = [
        *_LOOKS,
        f'      plotColorPalette: "{"#8c959f" if found.base else "transparent"}, #1f6feb"',
        "---",
        "xychart-beta",
        f"    accTitle: {name} by {step}",
        f"    accDescr: {told}",
        f'    title "{title}"',
        f'    x-axis "{step}" [{", ".join(str(place + first) for place in found.steps)}]',
        f'    y-axis "{name}" {low:.{decimals}f} --> {high:.{decimals}f}',
        f"    bar {_numbers(bars, decimals)}",
        f"    line {_numbers(found.head, decimals)}",
    ]
    return fence("\n".join(lines), "mermaid")


def _end(notebook: NotebookOutcome, found: Curve) -> float:
    """Return where the base ended, which may have gone on after head's last step."""
    metrics = notebook.base.metrics if notebook.base is not None else ()
    ends = [metric.series[-1][1] for metric in metrics if metric.name == found.name and metric.series]
    return next((end for end in ends if math.isfinite(end)), found.base_end or 0.0)


def _axis(values: tuple[float, ...]) -> tuple[float, float]:
    """Choose the ends of the upright axis: some air around *values*, and no more labels than it has room for."""
    low, high = min(values), max(values)
    margin = (high - low) / 20 or abs(high) / 20 or 1.0
    low, high = low - margin, high + margin
    # d3 puts a label at every 1, 2 or 5 of a power of ten, whichever comes nearest to ten of them; just before it takes
    # the next one they are fifteen, and cover each other.
    unit = 10.0 ** math.floor(math.log10((high - low) / 10))
    share = (high - low) / 10 / unit
    wanted = next((next_one for most, next_one in _CROWDED if most < share < next_one), share)
    air = (wanted - share) * 5 * unit
    low, high = low - air, high + air
    # What is never negative has no axis below zero.
    return (0.0, high - low) if low < 0 <= min(values) else (low, high)


def _numbers(values: tuple[float, ...], decimals: int) -> str:
    return f"[{', '.join(f'{value:.{decimals}f}' for value in values)}]"


def _word(text: str) -> str:
    """Reduce a name to what no chart grammar can misread."""
    return re.sub(r"[^A-Za-z0-9 _.-]+", " ", text).strip(" -.")[:40].strip()
