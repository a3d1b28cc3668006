"""The report as one HTML file that opens offline: nothing is fetched, nothing runs in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from alekseylearn.comment_state import PastRun
from alekseylearn.curves import Curve, find_curves
from alekseylearn.diff import CellChange, line_diff
from alekseylearn.drawing import draw
from alekseylearn.jobs import Failure, TrainingResult
from alekseylearn.metrics import MetricDelta
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.sections.changes import changed_code, counts, how, side, tally, ways_of
from alekseylearn.sections.failures import failing_lines, fixes, what_happened
from alekseylearn.sections.headline import facts
from alekseylearn.sections.metrics import change, gates, how_sure
from alekseylearn.sections.rerun import environment, rerun_commands
from alekseylearn.slicing import CellReason
from alekseylearn.text import clean, clean_block, duration, number, size
from alekseylearn.verdict import ENDED_BADLY, State, Verdict, active, skipped, state_of, verdict, verdict_on

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

MAX_POINTS = 400
MAX_CURVES = 8
MAX_LOG = 300_000
"""Longest log in the page, in characters; the middle of a longer one is left out."""
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One changed cell: its title, what was done, whether that counts, and its lines with their kinds."""

    title: str
    how: str
    counts: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookView:
    """One notebook as the page shows it; *key* is its anchor."""

    key: str
    outcome: NotebookOutcome
    verdict: Verdict
    changes: tuple[ChangeView, ...]
    kept: tuple[tuple[CellReason, str], ...]
    dropped: tuple[tuple[CellReason, str], ...]
    curves: tuple[tuple[Curve, str], ...]
    notes: tuple[str, ...]
    failure: Failure | None
    fixes: tuple[str, ...]
    logs: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]

    @property
    def delta(self) -> MetricDelta | None:
        """The metric that the verdict is about."""
        return next((delta for delta in self.outcome.deltas if delta.name == self.outcome.primary), None)

    @property
    def deltas(self) -> list[MetricDelta]:
        """All metrics, the primary one first."""
        return sorted(self.outcome.deltas, key=lambda delta: delta.name != self.outcome.primary)


def render_page(outcome: Outcome, *, logs: Mapping[str, str] | None = None) -> str:
    """Write the page; *logs* holds the whole log of a result by its digest (else its last lines are shown)."""
    told = [_view(one, outcome, f"n{place}", logs or {}) for place, one in enumerate(active(outcome), 1)]
    return _template().render(
        outcome=outcome,
        summed=verdict(outcome),
        facts=facts(outcome),
        base=outcome.base.name or "the base",
        head=naming.head(outcome),
        told=told,
        passed=[_view(one, outcome, f"s{place}", {}) for place, one in enumerate(skipped(outcome), 1)],
        tally=tally,
        change=change,
        what_happened=what_happened,
        failing_lines=failing_lines,
        when=_when,
        State=State,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    surroundings = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    surroundings.filters |= {"inline": inline, "number": number, "size": size, "duration": duration, "clean": clean}
    return surroundings.from_string(files("alekseylearn").joinpath("page.html.jinja").read_text("utf-8"))


def inline(text: str) -> Markup:
    """Turn one line of our Markdown into HTML: code spans become `<code>`, all else is escaped text."""
    from markupsafe import Markup, escape

    made, end = Markup(""), 0
    for match in _CODE_SPAN.finditer(text):
        inner = match[2]
        padded = inner.startswith(" ") and inner.endswith(" ") and inner.strip()
        made += escape(text[end : match.start()]) + Markup("<code>{}</code>").format(inner[1:-1] if padded else inner)
        end = match.end()
    return made + escape(text[end:])


def _view(notebook: NotebookOutcome, outcome: Outcome, key: str, logs: Mapping[str, str]) -> NotebookView:
    state = state_of(notebook, finished=outcome.finished)
    head = notebook.head
    failure = head.failure if head is not None and state in ENDED_BADLY else None
    curves = find_curves(notebook, MAX_POINTS)[:MAX_CURVES]
    base = outcome.base.name or "base"
    return NotebookView(
        key=key,
        outcome=notebook,
        verdict=verdict_on(notebook, outcome),
        changes=_changes(notebook),
        kept=_cells(notebook, kept=True),
        dropped=_cells(notebook, kept=False),
        curves=tuple((one, draw(one, base, f"{key}-curve{place}")) for place, one in enumerate(curves)),
        notes=_notes(outcome, notebook),
        failure=failure,
        fixes=tuple(fixes(notebook, head, failure)) if head is not None and failure is not None else (),
        logs=tuple(_logs(outcome, notebook, logs)),
        facts=tuple(environment(notebook)),
        commands=tuple(rerun_commands(outcome, notebook)) if head is not None else (),
    )


def _changes(notebook: NotebookOutcome) -> tuple[ChangeView, ...]:
    ways = ways_of(notebook)
    return tuple(_change(one, counts(notebook, one, ways)) for one in changed_code(notebook))


def _change(one: CellChange, counted: str) -> ChangeView:
    cell = side(one)
    kinds = {"+": "added", "-": "removed"}
    lines = tuple((kinds.get(line[:1], "same"), clean_block(line)) for line in line_diff(one, 3))
    return ChangeView(title=f"Cell {cell.index}", how=how(one), counts=counted, lines=lines)


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


def _logs(outcome: Outcome, notebook: NotebookOutcome, logs: Mapping[str, str]) -> list[tuple[str, str]]:
    sides: list[tuple[str, TrainingResult | None]] = [
        (naming.head(outcome), notebook.head),
        (outcome.base.name or "the base", notebook.base),
    ]
    found = []
    for name, result in sides:
        text = clean_block(logs.get(result.digest) or result.log_tail) if result is not None else ""
        if text.strip():
            found.append((name, _middle_out(text)))
    return found


def _middle_out(text: str) -> str:
    if len(text) <= MAX_LOG:
        return text
    half = MAX_LOG // 2
    return f"{text[:half]}\n\n… {len(text) - 2 * half} characters left out …\n\n{text[-half:]}"


def _when(run: PastRun) -> str:
    return clean(run.when, 40)
