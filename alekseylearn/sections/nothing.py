"""What was looked at and not trained, why, and how to train it anyway."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alekseylearn.diff import CellChange
from alekseylearn.jobs import TrainingResult
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.sections.changes import changed_code, how, side, tally
from alekseylearn.text import Markdown, code, details, join, number, plural, prose, table
from alekseylearn.verdict import active, skipped

MAX_NOTEBOOKS = 30
_COUNTS = re.compile(r" \([^()]* changed\)\Z")
MAX_ROWS = 40
MAX_METRICS = 4


def nothing(outcome: Outcome) -> Markdown | None:
    """Write the decisions of a pull request that trains nothing; None when something is to be told about training."""
    passed = skipped(outcome)
    if active(outcome) or not passed:
        return None
    stands = [told for one in passed[:3] if (told := _stands(outcome, one))]
    there = [one for one in passed if one.diff.status != "deleted"]
    return join([_decisions(passed), *stands, details("Train anyway", _train_anyway(there)) if there else ""])


def others(outcome: Outcome) -> Markdown | None:
    """Fold the decisions about the notebooks with nothing to train, beside those that were trained."""
    passed = skipped(outcome)
    if not passed or not active(outcome):
        return None
    return details(f"Not trained: {plural(len(passed), 'notebook')}", _decisions(passed))


def compared(outcome: Outcome) -> Markdown | None:
    """Fold the changed cells of a pull request that trains nothing, and why none of them counts."""
    passed = [] if active(outcome) else [one for one in skipped(outcome) if one.diff.changes]
    if not passed:
        return None
    parts: list[str] = []
    rows = 0
    for one in passed:
        listed = [_row(one, change) for change in one.diff.changes[: MAX_ROWS - rows]]
        rows += len(listed)
        more = len(one.diff.changes) - len(listed)
        title = f"{code(one.path)}" if len(passed) > 1 else ""
        shown = table(("Cell", "Kind", "Change", "Counted"), listed, ("left",) * 4) if listed else ""
        parts += [title, shown, f"And {plural(more, 'more cell')}." if more else ""]
        if rows >= MAX_ROWS:
            break
    return details("What was compared", join(parts))


def _decisions(passed: Sequence[NotebookOutcome]) -> Markdown:
    rows = []
    for one in passed[:MAX_NOTEBOOKS]:
        cells, texts, outputs = tally(one)
        counted = f"{cells} of {plural(len(one.sources), 'code cell')}" if one.sources else plural(cells, "code cell")
        beside = [plural(texts, "text") if texts else "", plural(outputs, "output") if outputs else ""]
        # The counts have columns of their own.
        reason = _COUNTS.sub("", one.reason)
        rows.append([code(one.path), join([counted, *beside], ", "), prose(reason, 160, cell=True)])
    more = f"And {plural(len(passed) - MAX_NOTEBOOKS, 'more notebook')}." if len(passed) > MAX_NOTEBOOKS else ""
    return join([table(("Notebook", "Changed", "Decision"), rows, ("left",) * 3), more])


def _stands(outcome: Outcome, notebook: NotebookOutcome) -> str:
    """Say that base's result still holds, where there is one."""
    result = notebook.head or notebook.base
    if result is None or not result.succeeded or notebook.diff.status == "deleted":
        return ""
    told = ", ".join(_metric(result, name, primary=notebook.primary) for name in _order(result, notebook.primary))
    run = f" from run {code(result.run, 20)}" if naming.run_id(result.run) else ""
    return (
        f"The training cells of {code(notebook.path)} mean the same as those of {naming.base(outcome)}, "
        f"so its result stands: {told or 'no metric'}{run}."
    )


def _order(result: TrainingResult, primary: str | None) -> list[str]:
    return sorted((metric.name for metric in result.metrics), key=lambda name: name != primary)[:MAX_METRICS]


def _metric(result: TrainingResult, name: str, *, primary: str | None) -> str:
    value = number(result.metric(name) or 0.0)
    return f"{code(name, 60)} {f'**{value}**' if name == primary else value}"


def _train_anyway(passed: Sequence[NotebookOutcome]) -> Markdown:
    ways = [f"- Run {naming.command('fit', passed[0].path, '--force')}, or set `force: true` at the action."]
    unused = [side(change).index for change in changed_code(passed[0]) if change.after is not None]
    cell = f"cell {unused[0]}" if unused else "a cell"
    ways.append(f"- If {cell} should count, mark it: `#| keep` as its first line, or the cell tag `keep`.")
    ways.append("- A cell that trains in its own way is marked with `#| train`.")
    ways.append("- If the data changed and not the code, name it under `data` in `alekseylearn.yml`.")
    return Markdown("\n".join(ways))


def _row(notebook: NotebookOutcome, change: CellChange) -> list[str]:
    cell = side(change)
    kind = "code" if cell.kind == "code" else "text"
    label = naming.cell_label(cell) if kind == "code" else str(cell.index)
    return [label, kind, how(change), f"no: {_why_not(notebook, change)}"]


def _why_not(notebook: NotebookOutcome, change: CellChange) -> str:
    cell = side(change)
    if cell.kind != "code":
        return "text"
    if change.kind in ("outputs", "metadata"):
        return change.kind
    if change.idle:
        return change.idle
    if notebook.slice is None:
        return "the notebook has no training cell"
    dropped = notebook.slice.dropped
    why = next((reason.reason for reason in dropped if reason.cell == cell.index and change.after is not None), "")
    return prose(why, 100, cell=True) if why else "nothing that is trained uses it"
