"""The evidence of a failed run, folded away: its cells, the whole traceback, the end of the log."""

from __future__ import annotations

from collections import Counter

from alekseylearn.jobs import CellRun, TrainingResult
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.text import Markdown, code, details, duration, fence, join, plural, table
from alekseylearn.verdict import ENDED_BADLY, active, state_of

MAX_ROWS = 40
MAX_TRACEBACK_LINES = 60
LOG_LINES = 20
MAX_WIDTH = 200


def traces(outcome: Outcome) -> Markdown | None:
    """Fold the evidence of the one notebook that failed."""
    told = active(outcome)
    return notebook_traces(outcome, told[0]) if len(told) == 1 else None


def notebook_traces(outcome: Outcome, notebook: NotebookOutcome) -> Markdown | None:
    """Fold the evidence of *notebook*; None when it did not fail."""
    if state_of(notebook, finished=outcome.finished) not in ENDED_BADLY or notebook.head is None:
        return None
    return join([_cells(notebook, notebook.head.cells), _texts(notebook.head)])


def _cells(notebook: NotebookOutcome, cells: tuple[CellRun, ...]) -> str:
    if not cells:
        return ""
    count = Counter(run.state.replace("-", " ") for run in cells)
    summary = ", ".join(
        f"{count[state]} {state}" for state in ("done", "failed", "interrupted", "not reached") if count[state]
    )
    reached = [run for run in cells if run.state != "not-reached"]
    rows = [_row(notebook, run) for run in reached[-MAX_ROWS:]]
    rest = [run.cell for run in cells if run.state == "not-reached"]
    if rest:
        rows.append([naming.numbers(rest), "not reached", ""])
    return details(f"Cells of this run: {summary}", table(("Cell", "State", "Time"), rows, ("left", "left", "right")))


def _row(notebook: NotebookOutcome, run: CellRun) -> list[str]:
    label, time = naming.cell_source(notebook, run.cell), duration(run.seconds)
    if run.state == "done":
        return [label, "done", time]
    return [f"**{label}**", f"**{run.state if run.state == 'interrupted' else 'failed'}**", f"**{time}**"]


def _texts(head: TrainingResult) -> str:
    whole = head.failure.traceback.rstrip("\n") if head.failure is not None else ""
    log = head.log_tail.rstrip("\n")
    lines = [_cut(line) for line in log.split("\n")[-LOG_LINES:]] if log else []
    parts = [fence(_middle_out(whole)) if whole else "", fence("\n".join(lines)) if lines else ""]
    titles = [
        "the whole traceback" if whole else "",
        f"the last {plural(len(lines), 'line')} of the log" if lines else "",
    ]
    summary = " and ".join(title for title in titles if title)
    memory = f"Most memory in use: {_memory(head.peak_memory)}." if head.peak_memory else ""
    return details(summary[:1].upper() + summary[1:], join([*parts, memory])) if summary else ""


def _memory(count: int) -> str:
    return code(f"{count / 2**30:.1f} GiB")


def _middle_out(text: str) -> str:
    """Cut the middle of a long traceback: its start and its end say most."""
    lines = [_cut(line) for line in text.split("\n")]
    if len(lines) <= MAX_TRACEBACK_LINES:
        return "\n".join(lines)
    half = MAX_TRACEBACK_LINES // 2
    return "\n".join([*lines[:half], f"  ... {len(lines) - 2 * half} more lines ...", *lines[-half:]])


def _cut(line: str) -> str:
    return line if len(line) <= MAX_WIDTH else f"{line[: MAX_WIDTH - 1]}…"
