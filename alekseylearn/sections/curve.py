"""One metric by step as a mermaid chart: bars are base, the line is head.

Only `xychart-beta` is written: renderers older than mermaid 11.7 do not know the name without the suffix. The chart has
no legend, so its title tells the two apart by shape, and the numbers stand in the metrics table as well.
"""

from __future__ import annotations

import math
import re

from alekseylearn.curves import Curve, find_curve
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.text import Markdown, fence, number
from alekseylearn.verdict import active

MAX_POINTS = 50
_PALETTE = "#8c959f, #1f6feb"


def curve(outcome: Outcome) -> Markdown | None:
    """Draw the curve of the one notebook that was trained."""
    told = active(outcome)
    return notebook_curve(outcome, told[0]) if len(told) == 1 else None


def notebook_curve(outcome: Outcome, notebook: NotebookOutcome) -> Markdown | None:
    """Draw the primary metric where it was logged by step, else the first one that was; None without two points."""
    found = find_curve(notebook, MAX_POINTS)
    if found is not None and len(found.steps) > _room(found.steps[-1]):
        found = find_curve(notebook, _room(found.steps[-1]))
    return None if found is None else _chart(found, _word(outcome.base.name) or "base")


def _room(last: int) -> int:
    """Tell for how many steps there is room, so that no label covers the next: a digit is 7 pixels wide."""
    return max(2, 660 // (7 * len(str(last)) + 6))


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
