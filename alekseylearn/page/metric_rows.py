"""The table of metrics: the values of both sides with what is known of each, the change in words, and the source."""

from __future__ import annotations

from dataclasses import dataclass

from alekseylearn.jobs import TrainingResult
from alekseylearn.metrics import Metric, MetricDelta
from alekseylearn.report import NotebookOutcome
from alekseylearn.sections.metrics import change
from alekseylearn.text import clean, number, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric; *base_note* and *head_note* say how far its runs lie apart, *goal* which way is good."""

    delta: MetricDelta
    primary: bool
    change: str
    goal: str
    base_note: str
    head_note: str
    source: str


def metric_rows(notebook: NotebookOutcome) -> tuple[MetricRow, ...]:
    """Make the rows of *notebook*, the primary metric first."""
    before, after = _by_name(notebook.base), _by_name(notebook.head)
    rows = [
        MetricRow(
            delta=delta,
            primary=delta.name == notebook.primary,
            change=change(delta),
            goal=_goal(delta),
            base_note=_spread(before.get(delta.name)),
            head_note=_spread(after.get(delta.name)),
            source=_source(after.get(delta.name) or before.get(delta.name)),
        )
        for delta in notebook.deltas
    ]
    return tuple(sorted(rows, key=lambda row: not row.primary))


def _by_name(result: TrainingResult | None) -> dict[str, Metric]:
    return {metric.name: metric for metric in result.metrics} if result is not None else {}


def _goal(delta: MetricDelta) -> str:
    if delta.goal is None:
        return ""
    way = "higher is better" if delta.goal == "max" else "lower is better"
    return f"{way} (guessed)" if delta.guessed else way


def _spread(metric: Metric | None) -> str:
    if metric is None or metric.runs < 2:
        return ""
    apart = "" if metric.spread is None else f"±{number(metric.spread)}, "
    return f"{apart}mean of {plural(metric.runs, 'run')}"


def _source(metric: Metric | None) -> str:
    if metric is None or not metric.source:
        return ""
    where = f"{metric.source}, cell {metric.cell}" if metric.cell is not None else metric.source
    also = f"; also in {', '.join(metric.also)}, not used" if metric.also else ""
    return clean(f"from {where}{also}")
