"""A curve as a picture that needs nothing but its page: SVG, drawn by hand, coloured by the style of the page."""

from __future__ import annotations

import html
import math

from alekseylearn.curves import Curve
from alekseylearn.text import clean, number

WIDTH, HEIGHT = 580, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 150, 14, 34
_GAP = 17
"""Smallest distance of two labels, so that neither covers the other."""


def draw(curve: Curve, base: str, key: str) -> str:
    """Return the SVG of *curve*: head as a line (now), *base* as a dashed one, each named at its end.

    *key* is unique within the page. Every word from outside is escaped here.
    """
    low, high = _range((*curve.head, *curve.base))
    name = html.escape(clean(curve.name, 60))
    ends = [("now", curve.head, curve.head_end, "head")]
    if curve.base and curve.base_end is not None:
        ends.append((clean(base, 9) or "base", curve.base, curve.base_end, "base"))
    told = "; ".join(f"{html.escape(label)} ends at {number(end)}" for label, _, end, _ in ends)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{key}-title {key}-told">',
        f'<title id="{key}-title">{name} by step</title><desc id="{key}-told">{told}</desc>',
        *_grid(low, high),
        *_steps(curve.steps),
        *(_line(values, low, high, len(curve.steps), kind) for _, values, _, kind in reversed(ends)),
        *_labels(ends, low, high, len(curve.steps)),
        "</svg>",
    ]
    return "".join(parts)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Choose round numbers between *low* and *high*."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def _range(values: tuple[float, ...]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    return low - margin, high + margin


def _x(place: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * place / max(1, count - 1)


def _y(value: float, low: float, high: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)


def _grid(low: float, high: float) -> list[str]:
    made = []
    for value in ticks(low, high):
        y = _y(value, low, high)
        made.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        made.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    return made


def _steps(steps: tuple[int, ...]) -> list[str]:
    last = len(steps) - 1
    shown = sorted({round(last * part / 4) for part in range(5)})
    y = HEIGHT - BOTTOM + 20
    return [
        f'<text class="tick" x="{_x(place, len(steps)):.1f}" y="{y}" text-anchor="middle">{steps[place]}</text>'
        for place in shown
    ]


def _line(values: tuple[float, ...], low: float, high: float, count: int, kind: str) -> str:
    points = " ".join(f"{_x(place, count):.1f},{_y(value, low, high):.1f}" for place, value in enumerate(values))
    return f'<polyline class="{kind}" points="{points}"/>'


def _labels(ends: list[tuple[str, tuple[float, ...], float, str]], low: float, high: float, count: int) -> list[str]:
    placed = sorted(
        (_y(values[-1], low, high), _x(len(values) - 1, count), f"{label} {number(end)}", kind)
        for label, values, end, kind in ends
    )
    made = []
    floor = -math.inf
    for y, x, label, kind in placed:
        top = max(y, floor + _GAP)
        floor = top
        made.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
        made.append(f'<text class="end {kind}" x="{x + 8:.1f}" y="{top + 4:.1f}">{html.escape(label)}</text>')
    return made
