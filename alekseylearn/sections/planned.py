"""What would be trained, where this run only looked: a dry run, a plan, or a pull request from a fork."""

from __future__ import annotations

from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.text import Markdown, code, join, plural, prose, table
from alekseylearn.verdict import State, active, state_of

MAX_ROWS = 30


def planned(outcome: Outcome) -> Markdown | None:
    """Write the table of what would be trained and why; None when nothing was only planned."""
    waiting = [one for one in active(outcome) if state_of(one, finished=outcome.finished) is State.PLANNED]
    if not waiting:
        return None
    rows = [_row(one) for one in waiting[:MAX_ROWS]]
    more = f"And {plural(len(waiting) - MAX_ROWS, 'more notebook')}." if len(waiting) > MAX_ROWS else ""
    why_not = ""
    if outcome.fork:
        why_not = (
            "Nothing of this pull request was run. A maintainer who has read the change can train it by pushing "
            "the commit to a branch of this repository."
        )
    return join([table(("Notebook", "Would train", "Why"), rows, ("left", "left", "left")), more, why_not])


def _row(notebook: NotebookOutcome) -> list[str]:
    cells = "" if notebook.slice is None else f"{len(notebook.slice.kept)} of {_cells(notebook)} cells"
    return [code(notebook.path), cells, prose(notebook.reason, 160, cell=True)]


def _cells(notebook: NotebookOutcome) -> int:
    return len(notebook.slice.kept) + len(notebook.slice.dropped) if notebook.slice is not None else 0
