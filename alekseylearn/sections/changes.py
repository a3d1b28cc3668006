"""What the pull request changed in a notebook, and what of it reaches the training run."""

from __future__ import annotations

from collections import Counter

from alekseylearn.diff import CellChange, line_diff
from alekseylearn.notebook import Cell
from alekseylearn.reach import Route, Ways, changed_names, find_ways, in_words
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.text import Align, Markdown, details, fence, join, plural, prose, table
from alekseylearn.verdict import active

MAX_ROWS = 30
MAX_DIFF_LINES = 80
MAX_REASON = 100
LINE_WIDTH = 160
_BESIDE_THE_CODE = ("outputs", "metadata")


def changes(outcome: Outcome) -> Markdown | None:
    """Fold the changes of the one notebook that is told about."""
    told = active(outcome)
    if len(told) != 1 or told[0].refused:
        return None
    return details(_summary(told[0]), notebook_changes(told[0]))


def notebook_changes(notebook: NotebookOutcome) -> Markdown:
    """Write the table of changed code cells, their lines, and the count of what runs and what is left out."""
    if notebook.diff.status == "added":
        return join(["The notebook is new.", _in_the_run(notebook)])
    code_changes = changed_code(notebook)
    ways = ways_of(notebook)
    rows = [[_label(change), how(change), counts(notebook, change, ways)] for change in code_changes[:MAX_ROWS]]
    align: tuple[Align, ...] = ("left", "left", "left")
    listed = table(("Cell", "Change", "In the training run"), rows, align) if rows else _outside(notebook)
    more = f"And {plural(len(code_changes) - MAX_ROWS, 'more cell')}." if len(code_changes) > MAX_ROWS else ""
    return join([listed, more, _beside(notebook), _lines(notebook, code_changes), _in_the_run(notebook)])


def changed_code(notebook: NotebookOutcome) -> list[CellChange]:
    """Return the changes of code cells, without those of outputs and metadata alone."""
    return [change for change in notebook.diff.changes if _is_code(change) and change.kind not in _BESIDE_THE_CODE]


def trained_changes(notebook: NotebookOutcome) -> list[CellChange]:
    """Return the changes of code cells that are part of the training run and change its meaning."""
    kept = {reason.cell for reason in notebook.slice.kept} if notebook.slice is not None else set()
    found = changed_code(notebook)
    return [one for one in found if one.after is not None and one.after.index in kept and not one.idle]


def tally(notebook: NotebookOutcome) -> tuple[int, int, int]:
    """Count what changed: code cells, text cells, outputs."""
    outputs = sum(1 for change in notebook.diff.changes if change.kind == "outputs")
    texts = sum(1 for change in notebook.diff.changes if not _is_code(change))
    return len(changed_code(notebook)), texts, outputs


def how(change: CellChange) -> str:
    """Say what was done to one cell: edited, +3 −1."""
    lines = [f"+{change.added_lines}"] if change.added_lines else []
    lines += [f"−{change.removed_lines}"] if change.removed_lines else []
    match change.kind:
        case "modified":
            word = "edited"
        case "outputs":
            word = "outputs only"
        case "metadata":
            word = "metadata only"
        case "moved" if change.before is not None and change.after is not None:
            word = f"moved from {change.before.index} to {change.after.index}"
        case _:
            word = change.kind
    return join([word, " ".join(lines)], ", ")


def side(change: CellChange) -> Cell:
    """Return the cell as head has it, or base where head has it no longer."""
    cell = change.after or change.before
    if cell is None:
        raise ValueError("a change of no cell")
    return cell


def _is_code(change: CellChange) -> bool:
    return side(change).kind == "code"


def _label(change: CellChange) -> str:
    label = naming.cell_label(side(change))
    return label if change.after is not None else f"{label} of the base"


def counts(notebook: NotebookOutcome, change: CellChange, ways: Ways | None) -> str:
    """Say whether one changed cell is part of the training run, and why: the way on which it gets there, if short."""
    if change.idle:
        return f"no: {change.idle}"
    if change.after is None:
        return "no longer there"
    if notebook.slice is None:
        return "unknown"
    route = ways.route(change.after.index, changed_names(change)) if ways is not None else None
    for told, reasons in (("yes", notebook.slice.kept), ("no", notebook.slice.dropped)):
        for reason in reasons:
            if reason.cell == change.after.index:
                return f"{told}: {prose(_short(route) or reason.reason, MAX_REASON, cell=True)}"
    return "no"


def ways_of(notebook: NotebookOutcome) -> Ways | None:
    """Find the ways through the cells of the training run, if there is one."""
    return find_ways(notebook.slice) if notebook.slice is not None else None


def _short(route: Route | None) -> str:
    words = in_words(route) if route is not None and len(route.steps) > 1 else ""
    return words if len(words) <= MAX_REASON else ""


def _outside(notebook: NotebookOutcome) -> str:
    return f"No code cell changed. Why it is another training: {prose(notebook.reason)}."


def _beside(notebook: NotebookOutcome) -> str:
    _, texts, outputs = tally(notebook)
    told = [plural(texts, "text cell") if texts else "", plural(outputs, "output") if outputs else ""]
    listed = " and ".join(part for part in told if part)
    return f"Changed too, and not counted: {listed}." if listed else ""


def _lines(notebook: NotebookOutcome, code_changes: list[CellChange]) -> str:
    """Show the changed lines, of cells that are trained first."""
    trained = trained_changes(notebook)
    shown: list[str] = []
    for change in trained or [one for one in code_changes if not one.idle]:
        if len(shown) > MAX_DIFF_LINES:
            break
        cell = side(change)
        shown += [
            *([""] if shown else []),
            f"  cell {cell.index}",
            *(_cut(line.rstrip()) for line in line_diff(change, 2)),
        ]
    if len(shown) > MAX_DIFF_LINES:
        shown = [*shown[:MAX_DIFF_LINES], "  … more of it in report.html"]
    return fence("\n".join(shown), "diff") if shown else ""


def _cut(line: str) -> str:
    return line if len(line) <= LINE_WIDTH else f"{line[: LINE_WIDTH - 1]}…"


def _in_the_run(notebook: NotebookOutcome) -> str:
    """Say which cells run beside the changed ones, and why the others do not."""
    if notebook.slice is None:
        return ""
    changed = {change.after.index for change in trained_changes(notebook) if change.after is not None}
    rest = [reason.cell for reason in notebook.slice.kept if reason.cell not in changed]
    runs = f"{'Cell' if len(rest) == 1 else 'Cells'} {naming.numbers(rest)} run{'s' if len(rest) == 1 else ''}"
    also = " too, unchanged." if changed else "."
    why = Counter(reason.reason for reason in notebook.slice.dropped)
    reasons = ", ".join(f"{prose(reason, 80)} ({count})" for reason, count in why.most_common(4))
    left_out = f"{plural(len(notebook.slice.dropped), 'cell')} left out: {reasons}." if why else ""
    return join([runs + also if rest else "", left_out], " ")


def _summary(notebook: NotebookOutcome) -> str:
    if notebook.diff.status == "added":
        return f"What changed: a new notebook{_trained_cells(notebook)}"
    count = f"{len(changed_code(notebook))} of {plural(len(notebook.sources), 'code cell')}"
    return f"What changed: {count}{_trained_cells(notebook)}"


def _trained_cells(notebook: NotebookOutcome) -> str:
    return f", {plural(len(notebook.slice.kept), 'cell')} in the training run" if notebook.slice is not None else ""
