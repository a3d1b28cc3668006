"""What `diff` shows a person: each notebook's changed cells, which of them train, and the way on which they do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from alekseylearn.cli.cells import Way, changed_lines, headline, said
from alekseylearn.diff import CellChange
from alekseylearn.plan import NotebookPlan
from alekseylearn.reach import Reach, find_reaches
from alekseylearn.sections.changes import how, side
from alekseylearn.sections.naming import numbers
from alekseylearn.text import clean, plural

COLOURS = {"added": "green", "removed": "red", "modified": "yellow", "moved": "cyan"}
MOST = 500
"""As many cells of one notebook are shown each."""
ROUGH = "So much differs that cells, or lines, were paired by their place and text only."
_SAID = ("text", "removed", "nothing is trained here")
"""Reasons that are told already by what stands around them."""

_Told = tuple[CellChange, Reach]


def show_diff(out: Console, base: str, head: str, plans: Sequence[NotebookPlan], *, lines: bool) -> None:
    """Show *plans* one below the other; *base* and *head* are the names of what was compared."""
    for plan in plans:
        _show_plan(out, plan, lines=lines)
        out.print()
    if plans:
        out.print(Text(f"{plural(len(plans), 'notebook')} compared.", style="dim"))
    else:
        out.print(said(f"No notebook changed between {base[:12] or 'nothing'} and {head[:12]}."))


def _show_plan(out: Console, plan: NotebookPlan, *, lines: bool) -> None:
    out.print(_title(plan))
    if plan.refused and plan.limit is None:
        out.print(Text(plan.refused), style="red", soft_wrap=True)
        return
    if plan.diff.status == "deleted":
        return
    reaches = find_reaches(plan.diff.changes, plan.head, plan.base)
    told = list(zip(plan.diff.changes, reaches, strict=True))
    if told:
        out.print(Text(_summary(plan, told), style="dim"))
    if plan.diff.coarse:
        out.print(Text(ROUGH, style="yellow"))
    whole = plan.diff.status == "added" and not lines
    quiet = [_is_quiet(*one) or (whole and not one[1].trains) for one in told]
    loud = [one for one, is_quiet in zip(told, quiet, strict=True) if not is_quiet]
    loud, more = loud[:MOST], len(loud[MOST:])
    widths = [max((len(words) for words in column), default=0) for column in zip(*map(_labels, loud), strict=True)]
    for one in loud:
        _show_change(out, *one, widths=widths)
        if lines:
            out.print(_indented(4, changed_lines(one[0])))
    if more:
        out.print(_indented(2, Text(f"… and {plural(more, 'more cell')}", style="dim")))
    for text in _folded(one for one, is_quiet in zip(told, quiet, strict=True) if is_quiet):
        out.print(_indented(2, said(text, "dim")))


def _is_quiet(change: CellChange, _: Reach) -> bool:
    return change.kind in ("outputs", "metadata")


def _labels(one: _Told) -> tuple[str, str]:
    change, _ = one
    return f"cell {side(change).index}", how(change)


def _indented(columns: int, told: RenderableType) -> Padding:
    return Padding(told, (0, 0, 0, columns), expand=False)


def _show_change(out: Console, change: CellChange, reach: Reach, *, widths: Sequence[int]) -> None:
    """Show one cell: its number, what was done to it and its first line; below, whether that trains and why."""
    cell = side(change)
    quiet = "" if reach.trains else "dim"
    row = Table.grid(padding=(0, 2, 0, 0))
    for width in widths:
        row.add_column(min_width=width, no_wrap=True)
    row.add_column()
    colour = "dim" if cell.kind != "code" or change.idle else COLOURS.get(change.kind, "")
    label, amount = _labels((change, reach))
    first = headline(cell, "" if cell.kind == "code" else "dim italic")
    row.add_row(Text(label, style="bold" if reach.trains else quiet), Text(amount, style=colour), first)
    out.print(_indented(2, row))
    below: Way | Text = said(reach.reason, quiet)
    if reach.route is not None and len(reach.route.steps) > 1:
        verb = "trains: " if reach.route.trains else "only measures: "
        below = Way(reach.route, verb if change.after is not None else f"{reach.reason}, in the base: ")
    if reach.reason not in _SAID:
        out.print(_indented(4 + widths[0], below))


def _folded(told: Iterable[_Told]) -> Iterator[str]:
    """Name the cells that are not worth a line each, by what is to be said of them."""
    groups: dict[str, list[int]] = defaultdict(list)
    for change, reach in told:
        groups[reach.reason].append(side(change).index)
    for reason, cells in groups.items():
        yield f"{reason}: {'cell' if len(cells) == 1 else 'cells'} {numbers(cells)}"


def _title(plan: NotebookPlan) -> Text:
    diff = plan.diff
    renamed = [(f"{clean(diff.old_path)} → ", "bold")] if diff.old_path else []
    named = Text.assemble(*renamed, (clean(plan.path), "bold"), f" {diff.status}, ")
    if plan.refused and plan.limit is None:
        return Text.assemble(named, ("refused", "bold red"))
    trains = ("trains", "bold green") if plan.decision != "skip" else ("does not train", "yellow")
    return Text.assemble(named, trains, ": ", said(plan.reason.removeprefix("not trained: ")))


def _summary(plan: NotebookPlan, told: Sequence[_Told]) -> str:
    """Count: 2 of 14 cells changed; 1 trains."""
    total = len(plan.notebook.cells) if plan.notebook is not None else 0
    total += sum(1 for change, _ in told if change.after is None)
    changed = sum(1 for one in told if not _is_quiet(*one))
    trains = sum(1 for _, reach in told if reach.trains)
    counted = f"{trains} train" if trains > 1 else "1 trains" if trains else "none trains"
    if plan.diff.status == "added":
        return f"{plural(total, 'cell')}; {counted}"
    return f"{changed or 'none'} of {plural(total, 'cell')} changed; {counted}"
