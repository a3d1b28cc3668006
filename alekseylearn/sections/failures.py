"""Why a run failed and what to do: what happened, how to fix it, the cell, and the way to it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from alekseylearn.diff import CellChange, line_diff
from alekseylearn.jobs import Failure, JobState, TrainingResult
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.sections.changes import how, side, trained_changes
from alekseylearn.text import Markdown, code, duration, fence, join, number, prose, table
from alekseylearn.verdict import ENDED_BADLY, State, active, reason, state_of

AROUND = 4
"""Lines of the cell shown on each side of the one that failed."""
MAX_WIDTH = 140
FOLDED = 100
"""Columns after which the message of an error goes on in the next line."""
MAX_METRICS = 4
_FRAME = re.compile(r"  (?:File |cell \d+, line |parameters, line |\.\.\. )")
_OWN_FRAME = re.compile(r"  (?:cell \d+|parameters), line ")
_SILENT = ("the machine or the process went away", "it was asked to stop before it was done")
"""What is known of a run that left no word: of one that was lost, and of one that was stopped."""
_REMEDIES: Mapping[JobState, str] = {
    JobState.TIMED_OUT: "Raise `timeout` in `alekseylearn.yml`, or train for fewer steps.",
    JobState.LOST: "Run the workflow again: what has a result is not trained twice.",
    JobState.STOPPED: "Somebody or something stopped it. Run it again to go on.",
}


def failures(outcome: Outcome) -> Markdown | None:
    """Tell about the one notebook that failed or could not be read."""
    told = active(outcome)
    return notebook_failure(outcome, told[0], alert=True) if len(told) == 1 else None


def notebook_failure(outcome: Outcome, notebook: NotebookOutcome, *, alert: bool) -> Markdown | None:
    """Tell why *notebook* has no result; *alert* for the place where GitHub draws alerts: the top level only."""
    state = state_of(notebook, finished=outcome.finished)
    if state is State.REFUSED:
        return join(["The notebook was not read, so nothing of it was trained:", fence(_lines(notebook.refused, 8))])
    if state not in ENDED_BADLY or notebook.head is None:
        return None
    failure = notebook.head.failure or Failure(exception="", message=_SILENT[state is State.STOPPED])
    kind = "WARNING" if state is State.STOPPED else "CAUTION"
    happened = what_happened(failure)
    numbered = [f"{place}. {fix}" for place, fix in enumerate(fixes(notebook, notebook.head, failure), 1)]
    return join(
        [
            f"> [!{kind}]\n> {happened}" if alert else happened,
            "**How to fix it**",
            "\n".join(numbered),
            _failing_cell(notebook, failure, stopped=state is State.STOPPED),
            _short_traceback(failure),
            _metrics_so_far(outcome, notebook),
        ]
    )


def what_happened(failure: Failure) -> str:
    """Say in one line what happened, and where."""
    message = failure.message.strip().partition("\n")[0]
    if failure.cell is None:
        return code(reason(failure), 300) if failure.exception else _sentence(prose(reason(failure), 300))
    line = f", line {failure.line}" if failure.line is not None else ""
    exception = code(failure.exception or "an error")
    return join([f"{exception} in cell {failure.cell}{line}", code(message, 300) if message else ""], ": ")


def fixes(notebook: NotebookOutcome, head: TrainingResult, failure: Failure) -> list[str]:
    """List what to do, the most likely remedy first; each is a sentence."""
    found = [_sentence(prose(failure.hint, 300))] if failure.hint else []
    if failure.cell is not None:
        found.append(_what_the_pull_request_did(notebook, failure.cell))
    if head.state in _REMEDIES and "timeout" not in failure.hint:
        found.append(_REMEDIES[head.state])
    return [*found, f"Try it here, without a push: {naming.command('fit', notebook.path)}."]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def _what_the_pull_request_did(notebook: NotebookOutcome, cell: int) -> str:
    """Point to the change that is most likely at fault: in the failing cell, else in one that it uses."""
    changed = trained_changes(notebook)
    own = [change for change in changed if side(change).index == cell]
    upstream = _upstream(notebook, cell)
    used = [change for change in changed if side(change).index in upstream]
    if notebook.diff.status == "added":
        return "The notebook is new here: run it from top to bottom in a fresh kernel first."
    if own:
        return f"Look at this change first: {_told(own[0])}, the cell that failed."
    if used:
        return f"Look at this change first: {_told(used[0])}, which cell {cell} uses."
    if changed:
        return f"Look at the changes first: {'; '.join(_told(change) for change in changed[:3])}."
    return f"No cell of the training run changed; look at what else did: {prose(notebook.reason, 160)}."


def _upstream(notebook: NotebookOutcome, cell: int) -> set[int]:
    edges = notebook.slice.edges if notebook.slice is not None else ()
    found, waiting = set[int](), {cell}
    while waiting:
        found |= waiting
        waiting = {edge.source for edge in edges if edge.target in waiting} - found
    return found - {cell}


def _told(change: CellChange) -> str:
    """Name a change: one edited line is quoted, before and after."""
    where = f"cell {side(change).index}"
    if change.kind == "modified" and (change.added_lines, change.removed_lines) == (1, 1):
        lines = {line[0]: line[2:].strip() for line in line_diff(change, 0) if line[0] in "+-"}
        if lines.get("-") and lines.get("+"):
            return f"{code(lines['-'], 60)} became {code(lines['+'], 60)} in {where}"
    return f"{where} was {how(change)}"


def failing_lines(notebook: NotebookOutcome, around: int = AROUND) -> list[tuple[int, str]]:
    """Return the lines of the cell that failed, with their numbers, *around* of them on each side of the error."""
    failure = notebook.head.failure if notebook.head is not None else None
    if failure is None or failure.cell is None or not notebook.failed_source:
        return []
    lines = notebook.failed_source.rstrip("\n").split("\n")
    at = failure.line or 1
    return [(place, line) for place, line in enumerate(lines, 1) if at - around <= place <= at + around]


def _failing_cell(notebook: NotebookOutcome, failure: Failure, *, stopped: bool) -> str:
    lines = failing_lines(notebook)
    if not lines:
        return ""
    first, last = lines[0][0], lines[-1][0]
    here = f"  # <-- line {failure.line}: {'it was here' if stopped else 'the error is here'}"
    ran = _ran(notebook, failure.cell)
    told = [
        "" if not ran else f"ran {ran}" if stopped else f"ran {ran} before the error",
        f"from line {first}" if first > 1 else "",
    ]
    shown: list[str] = [join([f"# cell {failure.cell}", *told], ", ")]
    shown += [_cut(line) + (here if place == failure.line else "") for place, line in lines]
    if last < notebook.failed_source.rstrip("\n").count("\n") + 1:
        shown.append("# …")
    title = "**The cell that was running**" if stopped else "**The cell that failed**"
    return join([title, fence("\n".join(shown), "python")])


def _ran(notebook: NotebookOutcome, cell: int | None) -> str:
    runs = notebook.head.cells if notebook.head is not None else ()
    seconds = next((run.seconds for run in runs if run.cell == cell), 0.0)
    return duration(seconds) if seconds >= 1 else ""


def _short_traceback(failure: Failure) -> str:
    """Keep the frames of the notebook and the error itself; count the frames between."""
    last = failure.traceback.rpartition("Traceback (most recent call last):\n")[2]
    if not last.strip():
        return ""
    shown: list[str] = []
    hidden, own = 0, False
    for line in last.rstrip("\n").split("\n"):
        if _FRAME.match(line):
            own = _OWN_FRAME.match(line) is not None
            hidden += not own
        elif not line.startswith("    "):
            own = True
        if own:
            if hidden:
                shown.append(f"  ... {hidden} {'frame' if hidden == 1 else 'frames'} in libraries, see below ...")
                hidden = 0
            shown += [line] if line.startswith(" ") else _folded(line)
    return fence(_lines("\n".join(shown), 9))


def _folded(line: str) -> list[str]:
    """Fold a message at blanks, so that nobody has to move it sideways to read it."""
    return textwrap.wrap(line, FOLDED, break_long_words=False, break_on_hyphens=False) or [line]


def _lines(text: str, most: int) -> str:
    """Keep the first *most* lines of *text*, each cut to a readable width."""
    lines = [_cut(line) for line in text.split("\n")]
    return "\n".join(lines if len(lines) <= most else [*lines[: most - 1], "…"])


def _cut(line: str) -> str:
    return line if len(line) <= MAX_WIDTH else f"{line[: MAX_WIDTH - 1]}…"


def _metrics_so_far(outcome: Outcome, notebook: NotebookOutcome) -> str:
    """Compare the last logged values with base at the same step."""
    if notebook.head is None or notebook.base is None:
        return ""
    base = {metric.name: dict(metric.series) for metric in notebook.base.metrics}
    rows = []
    for metric in notebook.head.metrics:
        step, value = metric.series[-1] if metric.series else (0, 0.0)
        before = base.get(metric.name, {}).get(step)
        if metric.series and before is not None:
            count = naming.counted(notebook, metric.name)
            rows.append([f"{code(metric.name, 60)} at {count} {step}", number(before), number(value)])
    if not rows:
        return ""
    titles = ("Metric so far", naming.base(outcome), naming.head(outcome))
    return table(titles, rows[:MAX_METRICS], ("left", "right", "right"))
