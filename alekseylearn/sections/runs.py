"""The earlier runs on this pull request, newest first."""

from __future__ import annotations

import math

from alekseylearn.comment_state import PastRun
from alekseylearn.report import Outcome
from alekseylearn.sections import naming
from alekseylearn.text import Markdown, code, details, duration, money, number, prose, table


def runs(outcome: Outcome) -> Markdown | None:
    """Fold the table of runs; one run alone is no history."""
    if len(outcome.history) < 2:
        return None
    metrics = {run.metric for run in outcome.history if run.metric}
    one_metric = metrics.pop() if len(metrics) == 1 else ""
    several = len({run.notebook for run in outcome.history}) > 1
    value = code(one_metric, 40) if one_metric else "Metric"
    head = [
        "Commit",
        "When (UTC)",
        *(["Notebook"] if several else []),
        value,
        f"Against {naming.base(outcome)}",
        "Time",
        "Result",
    ]
    present = {one.path for one in outcome.notebooks}
    rows = [
        _row(run, named=not one_metric, notebook=_notebook(run, present) if several else "") for run in outcome.history
    ]
    align = ["left", "left", *(["left"] if several else []), "right", "right", "right", "left"]
    body = table(head, rows, ["right" if side == "right" else "left" for side in align])
    return details(f"Runs on this pull request: {len(rows)}", body)


def _notebook(run: PastRun, present: set[str]) -> str:
    """Name the notebook of *run*; one that went out of the pull request is told as such."""
    name = code(run.notebook, 60)
    return name if run.notebook in present or not run.notebook else f"{name} (not in this run)"


def _row(run: PastRun, *, named: bool, notebook: str) -> list[str]:
    value = _number(run.value)
    cost = f", {money(run.cost)}" if run.cost is not None and math.isfinite(run.cost) else ""
    return [
        naming.sha(run.sha) or "none",
        naming.when(run.when).removesuffix(" UTC"),
        *([notebook] if notebook else []),
        f"{code(run.metric, 40)} {value}" if named and run.metric else value,
        _number(run.change, signed=True),
        duration(run.seconds) + cost,
        prose(run.result, 80, cell=True),
    ]


def _number(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return "none"
    return f"{'+' if signed and value > 0 else ''}{number(value)}"
