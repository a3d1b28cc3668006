"""The details of each notebook, where there are several."""

from __future__ import annotations

from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.sections.changes import notebook_changes
from alekseylearn.sections.curve import notebook_curve
from alekseylearn.sections.failures import notebook_failure
from alekseylearn.sections.metrics import notebook_metrics
from alekseylearn.sections.progress import notebook_progress
from alekseylearn.sections.traces import notebook_traces
from alekseylearn.text import Markdown, details, join, plural
from alekseylearn.verdict import active, verdict_on

BUDGET = 30_000
"""Longest text of all notebooks together, in characters; the others are counted."""


def notebooks(outcome: Outcome) -> Markdown | None:
    """Fold each notebook by itself, as many as there is room for; None where one notebook has the whole comment."""
    told = active(outcome)
    if len(told) < 2:
        return None
    folds: list[Markdown] = []
    for one in told:
        fold = _fold(outcome, one)
        if sum(len(part) for part in folds) + len(fold) > BUDGET:
            break
        folds.append(fold)
    rest = len(told) - len(folds)
    more = f"The details of {plural(rest, 'notebook')} are in `report.html`." if rest else ""
    return join([*folds, more])


def _fold(outcome: Outcome, notebook: NotebookOutcome) -> Markdown:
    told = verdict_on(notebook, outcome)
    parts = (
        notebook_failure(outcome, notebook, alert=False),
        notebook_progress(outcome, notebook) if not outcome.finished else None,
        notebook_metrics(outcome, notebook),
        notebook_curve(outcome, notebook),
        None if notebook.refused else notebook_changes(notebook),
        notebook_traces(outcome, notebook),
        None if notebook.steps or notebook.head is None else naming.job_page(notebook.head.backend, notebook.head.url),
    )
    return details(f"{told.sign} {naming.spoken_html(told.phrase)}", join(part for part in parts if part))
