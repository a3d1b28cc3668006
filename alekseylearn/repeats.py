"""Trainings that were repeated with other seeds: one result stands for a side, with the means of all its runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from alekseylearn.jobs import TrainingResult
from alekseylearn.metrics import Metric
from alekseylearn.noise import mean, spread


def averaged(first: TrainingResult, more: Iterable[TrainingResult]) -> TrainingResult:
    """Return *first* with each metric's mean over it and those of *more* that came to their end, and with the spread.

    Series, model and files stay those of *first*. A metric counts in as many runs as have it.
    """
    runs = [first, *(one for one in more if one.succeeded)]
    if len(runs) == 1 or not first.succeeded:
        return first
    found: dict[str, list[Metric]] = {}
    for run in runs:
        for metric in run.metrics:
            found.setdefault(metric.name, []).append(metric)
    return replace(first, metrics=tuple(_together(same) for same in found.values()))


def _together(same: list[Metric]) -> Metric:
    if len(same) == 1:
        return same[0]
    values = [metric.value for metric in same]
    return replace(same[0], value=mean(values), spread=spread(values), runs=len(same))
