"""What the page shows of one notebook, ready to be written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alekseylearn.jobs import Failure, TrainingResult
from alekseylearn.metrics import MetricDelta
from alekseylearn.page.cells import ChangeView, ExecutedView, Ran, read_both, view_changes, view_executed
from alekseylearn.page.charts import Chart, find_charts
from alekseylearn.page.executed import middle_out
from alekseylearn.page.metric_rows import MetricRow, metric_rows
from alekseylearn.page.room import Room
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.sections.failures import fixes
from alekseylearn.sections.metrics import gates, how_sure
from alekseylearn.sections.rerun import environment, rerun_commands
from alekseylearn.slicing import CellReason
from alekseylearn.text import clean_block, code
from alekseylearn.verdict import ENDED_BADLY, Verdict, state_of, verdict_on

MAX_LOG = 300_000
"""Longest log in the page, in characters; the middle of a longer one is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The bytes of a notebook as people saved it, on both sides; None where it is not there."""

    head: bytes | None = None
    base: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookView:
    """One notebook as the page shows it; *key* is its anchor, *parts* are the anchors and titles of its parts."""

    key: str
    outcome: NotebookOutcome
    verdict: Verdict
    changes: tuple[ChangeView, ...]
    kept: tuple[tuple[CellReason, str], ...]
    dropped: tuple[tuple[CellReason, str], ...]
    rows: tuple[MetricRow, ...]
    charts: tuple[Chart, ...]
    notes: tuple[str, ...]
    failure: Failure | None
    fixes: tuple[str, ...]
    executed: tuple[ExecutedView, ...]
    executed_note: str
    logs: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]

    @property
    def delta(self) -> MetricDelta | None:
        """The metric that the verdict is about."""
        return next((row.delta for row in self.rows if row.primary), None)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The parts that this notebook has, for the list of contents."""
        there: list[tuple[str, str, object]] = [
            ("failure", "How to fix it", self.failure),
            ("metrics", "Metrics", self.rows),
            ("curves", "Curves", self.charts),
            ("changes", "What changed", not self.outcome.refused),
            ("cells", "The cells", self.kept or self.dropped),
            ("executed", "Executed notebook", self.executed or self.executed_note),
            ("files", "Files", self.outcome.head is not None and self.outcome.head.artifacts),
            ("again", "Run it again", self.commands),
            ("environment", "Environment", self.facts),
            ("log", "Log", self.logs),
        ]
        return [(f"{self.key}-{part}", title) for part, title, holds in there if holds]


def view_notebook(
    notebook: NotebookOutcome,
    outcome: Outcome,
    *,
    key: str,
    room: Room,
    logs: Mapping[str, str],
    notebooks: Mapping[str, bytes],
    saved: Mapping[str, Saved],
) -> NotebookView:
    """Gather what the page shows of *notebook*; *key* is its anchor, *room* what is left of the page."""
    head, base = notebook.head, notebook.base
    ended_badly = state_of(notebook, finished=outcome.finished) in ENDED_BADLY
    failure = head.failure if head is not None and ended_badly else None
    ran = read_both(notebooks.get(head.digest) if head else None, notebooks.get(base.digest) if base else None)
    kept = saved.get(notebook.path, Saved())
    changes = view_changes(notebook, ran, read_both(kept.head, kept.base, saved=True), room)
    return NotebookView(
        key=key,
        outcome=notebook,
        verdict=verdict_on(notebook, outcome),
        changes=changes,
        kept=_cells(notebook, kept=True),
        dropped=_cells(notebook, kept=False),
        rows=metric_rows(notebook),
        charts=find_charts(notebook, outcome.base.name or "the base", naming.head(outcome)),
        notes=_notes(outcome, notebook),
        failure=failure,
        fixes=tuple(fixes(notebook, head, failure)) if head is not None and failure is not None else (),
        executed=view_executed(ran, room),
        executed_note=_unread(head, ran),
        logs=tuple(_logs(outcome, notebook, logs)),
        facts=tuple(environment(notebook)),
        commands=tuple(rerun_commands(outcome, notebook)) if head is not None else (),
    )


def _cells(notebook: NotebookOutcome, *, kept: bool) -> tuple[tuple[CellReason, str], ...]:
    if notebook.slice is None:
        return ()
    headlines = dict(notebook.sources)
    found = notebook.slice.kept if kept else notebook.slice.dropped
    return tuple((reason, headlines.get(reason.cell, "")) for reason in found)


def _notes(outcome: Outcome, notebook: NotebookOutcome) -> tuple[str, ...]:
    if notebook.head is None or not notebook.head.succeeded:
        return ()
    return tuple(part for part in (gates(notebook.gates), how_sure(outcome, notebook)) if part)


def _unread(head: TrainingResult | None, ran: Ran) -> str:
    """Say where the executed notebook is when it is not in the page."""
    if head is None or ran.head:
        return ""
    names = [item.name for item in head.artifacts if item.name.endswith(".executed.ipynb")]
    return f"It is not shown here: see {code(names[0])} among the files." if names else ""


def _logs(outcome: Outcome, notebook: NotebookOutcome, logs: Mapping[str, str]) -> list[tuple[str, str]]:
    sides: list[tuple[str, TrainingResult | None]] = [
        (naming.head(outcome), notebook.head),
        (outcome.base.name or "the base", notebook.base),
    ]
    found = []
    for name, result in sides:
        text = clean_block(logs.get(result.digest) or result.log_tail) if result is not None else ""
        if text.strip():
            found.append((name, middle_out(text, MAX_LOG)))
    return found
