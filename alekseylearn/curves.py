"""Which metric of a run is worth a curve, and both sides of it laid on the same steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from alekseylearn.jobs import JobState
from alekseylearn.metrics import Metric
from alekseylearn.report import NotebookOutcome

_CUT_SHORT = frozenset({JobState.FAILED, JobState.LOST})
_LARGEST = 1e12
_FITS = 0.9
"""So large a part of the steps must be the same on both sides, as far as both go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The values of one metric on both sides, by step; both start at the first step."""

    name: str
    steps: tuple[int, ...]
    head: tuple[float, ...]
    base: tuple[float, ...]
    head_end: float
    base_end: float | None


def find_curve(notebook: NotebookOutcome, max_points: int) -> Curve | None:
    """Choose the curve for a comment: none for a run that was cut short, else the first of `find_curves`."""
    if notebook.head is None or notebook.head.state in _CUT_SHORT:
        return None
    return next(iter(find_curves(notebook, max_points)), None)


def find_curves(notebook: NotebookOutcome, max_points: int) -> tuple[Curve, ...]:
    """Lay every metric that was logged by step on at most *max_points* steps, the primary metric first."""
    head = notebook.head.metrics if notebook.head is not None else ()
    base = notebook.base.metrics if notebook.base is not None else ()
    before = {metric.name: points(metric) for metric in base}
    found = [(metric.name, values) for metric in head if len(values := points(metric)) > 1]
    found.sort(key=lambda one: one[0] != notebook.primary)
    return tuple(lay_out(name, values, before.get(name, {}), max_points) for name, values in found)


def lay_out(name: str, head: Mapping[int, float], base: Mapping[int, float], max_points: int) -> Curve:
    """Lay *head* and *base* (values by step) on common steps; base is left out where its steps do not fit."""
    drawn, beside = _fitting(head, base)
    steps = _thin(sorted(drawn | beside), max_points)
    return Curve(
        name=name,
        steps=tuple(steps),
        head=tuple(head[step] for step in steps if step in drawn),
        base=tuple(base[step] for step in steps if step in beside),
        head_end=head[max(head)],
        base_end=base[max(base)] if beside else None,
    )


def _fitting(head: Mapping[int, float], base: Mapping[int, float]) -> tuple[AbstractSet[int], AbstractSet[int]]:
    """Choose the steps of both sides: those that they share, and the rest of the longer one; none of base's if few fit.

    Where a side lacks a value, or kept a point more of a series that was too long, the other's there is passed over.
    """
    if not base:
        return head.keys(), set()
    shared, end = head.keys() & base.keys(), min(max(head), max(base))
    within = max(sum(step <= end for step in side) for side in (head, base))
    if min(head) not in shared or len(shared) < _FITS * within:
        return head.keys(), set()
    return shared | {step for step in head if step > end}, shared | {step for step in base if step > end}


def points(metric: Metric) -> dict[int, float]:
    """Return the values of *metric* by step, without what no picture can show."""
    return {
        step: value for step, value in metric.series if step >= 0 and math.isfinite(value) and abs(value) < _LARGEST
    }


def _thin(steps: list[int], most: int) -> list[int]:
    if len(steps) <= most:
        return steps
    return [steps[round(place * (len(steps) - 1) / (most - 1))] for place in range(most)]
