"""What `slice` shows a person: the cells that training needs with their reasons, and why the others are left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from alekseylearn.cli.cells import Way, headline, said
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.pruning import LEFT_OUT
from alekseylearn.reach import Ways, find_ways
from alekseylearn.sections.naming import numbers
from alekseylearn.slicing import CellReason, Slice
from alekseylearn.text import clean, plural

WIDE = 100
"""From this many columns on a reason stands beside its cell; else below it."""


def show_slice(
    out: Console, notebook: Notebook, cut: Slice, *, why: bool, identity: str = "", more: Sequence[str] = ()
) -> None:
    """Show the cells of *cut*; *why* adds the ways to the training, and the cells that are left out.

    *more* are further warnings. Without an *identity* the cells cannot be trained as they are.
    """
    cells = notebook.cells
    code = sum(1 for cell in cells if cell.kind == "code")
    counted = f": {len(cut.kept)} of {code} code cells are needed{', identity ' if identity else ''}{identity}"
    out.print(Text.assemble((clean(notebook.path), "bold"), counted))
    kept = _kept(cells, cut, find_ways(cut) if why else None, wide=out.width >= WIDE)
    out.print(Padding(kept, (0, 0, 0, 2)))
    if why and cut.dropped:
        _show_dropped(out, cells, cut.dropped)
    for warning in (*cut.warnings, *more):
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_row(Text("warning:", style="yellow"), said(warning))
        out.print(row)


def _kept(cells: Sequence[Cell], cut: Slice, ways: Ways | None, *, wide: bool) -> Table:
    goals = {target.cell for target in cut.targets}
    table = _table(cells)
    if wide:
        table.add_column()
    for item in cut.kept:
        style = "bold green" if item.cell in goals else "green"
        route = ways.route(item.cell) if ways is not None else None
        way = [Way(route)] if route is not None and len(route.steps) > 1 else []
        why = Group(said(item.reason + _left_out_of(cells[item.cell]), "" if item.cell in goals else "dim"), *way)
        label, first = Text(f"cell {item.cell}", style=style), headline(cells[item.cell])
        table.add_row(*((label, first, why) if wide else (label, Group(first, why))))
    return table


def _left_out_of(cell: Cell) -> str:
    """Count the lines of a kept cell that only show something."""
    count = sum(LEFT_OUT in line for line in cell.source.split("\n"))
    return f"; without {plural(count, 'line')} that only {'shows' if count == 1 else 'show'}" if count else ""


def _table(cells: Sequence[Cell]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=len(f"cell {len(cells) - 1}"))
    table.add_column()
    return table


def _show_dropped(out: Console, cells: Sequence[Cell], dropped: Sequence[CellReason]) -> None:
    """Show the code cells that are left out, by their reasons; of the others only the numbers."""
    groups: dict[str, list[Cell]] = defaultdict(list)
    for item in sorted(dropped, key=lambda item: cells[item.cell].kind != "code"):
        groups[item.reason].append(cells[item.cell])
    out.print()
    for reason, group in groups.items():
        if any(cell.kind == "code" and cell.first_line for cell in group):
            out.print(said(f"left out: {reason}", "dim"))
            table = _table(cells)
            for cell in group:
                table.add_row(Text(f"cell {cell.index}", style="dim"), headline(cell, "dim"))
            out.print(Padding(table, (0, 0, 0, 2)))
        else:
            which = f"{'cell' if len(group) == 1 else 'cells'} {numbers([cell.index for cell in group])}"
            out.print(said(f"left out: {reason} ({which})", "dim"))
