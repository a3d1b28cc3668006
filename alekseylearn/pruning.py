"""Statements of kept cells that only show something: they are left out, and editing them trains nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import pairwise

from alekseylearn.collecting import uncollected
from alekseylearn.dataflow import CellFlow, Flows, StatementFlow, whole
from alekseylearn.effects import library
from alekseylearn.knowledge import PLAIN, Rules, libraries
from alekseylearn.magics import Translation
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.slicing import Slice, flows_of, slice_along
from alekseylearn.syntax import walk
from alekseylearn.targets import Target

LEFT_OUT = "# (only shows) "
"""What stands before a line that is left out."""

_LAST_VALUES = frozenset({"_", "__", "___", "_i", "_ii", "_oh", "_dh", "Out", "In"})


@uncollected()
def prune(notebook: Notebook, targets: tuple[Target, ...], rules: Rules = PLAIN) -> tuple[Notebook, Slice]:
    """Cut out what *targets* need, without what kept cells only show on the way.

    Statements are left out of cells before the first target, and only those that provably show something: they print,
    plot, or are a value that nothing takes; they change, draw, write and define nothing that is used. Returns the
    notebook in which these lines are comments (all lines stay where they are) and its slice.
    """
    flows = flows_of(notebook, rules)
    found = slice_along(flows, notebook, targets)
    kept = {reason.cell: flows[reason.cell] for reason in found.kept}
    if found.whole_prefix or found.missing or any(_uses_last_values(flow) for flow in kept.values()):
        return notebook, found
    first = min((target.cell for target in targets), default=0)
    apart = [flow for index, flow in kept.items() if index < first and _comes_apart(notebook.cells[index], flow)]
    shown = _only_shown(kept.values(), apart)
    if not shown:
        return notebook, found
    cells = tuple(_without(cell, kept[cell.index], shown) if cell.index in kept else cell for cell in notebook.cells)
    trimmed = replace(notebook, cells=cells)
    return trimmed, _again(trimmed, found, flows, shown)


def _again(trimmed: Notebook, before: Slice, flows: Flows, shown: AbstractSet[int]) -> Slice:
    """Slice the kept cells of *before* again, without what is left out of them; nothing that was dropped comes back."""
    kept = {reason.cell for reason in before.kept}
    place = {each.number: index for index, flow in flows.items() for each in flow.statements}
    left: dict[int, CellFlow] = {}
    for index, flow in flows.items():
        # A dropped cell may use an import that is left out: it must not look like one that nobody can read.
        stays = [each for each in flow.statements if index in kept and each.number not in shown]
        left[index] = whole(replace(flow.names, statements=tuple(each.statement for each in stays)), stays, place)
    cut = slice_along(left, trimmed, before.targets)
    reasons = {reason.cell: reason for reason in before.dropped}
    return replace(cut, dropped=tuple(reasons.get(reason.cell, reason) for reason in cut.dropped))


def _uses_last_values(flow: CellFlow) -> bool:
    return not _LAST_VALUES.isdisjoint(flow.names.refs | flow.names.deferred)


def _comes_apart(cell: Cell, flow: CellFlow) -> bool:
    """Whether lines can be taken out of a cell: its magics do nothing, and no two statements share a line."""
    if cell.marks or replace(flow.names.translation, code="") != Translation(code=""):
        return False
    return all(before.last < after.first for before, after in pairwise(flow.names.statements))


def _only_shown(kept: Iterable[CellFlow], apart: Iterable[CellFlow]) -> frozenset[int]:
    """Find the statements of *apart* that only show, and that nothing in the *kept* cells needs that does more."""
    flows = {each.number: each for flow in kept for each in flow.statements}
    shows = {each.number for flow in apart for each in flow.statements if _shows(each)}
    # What stays needs what it needs, be it for nothing.
    waiting, needed = list(flows.keys() - shows), set[int]()
    while waiting:
        number = waiting.pop()
        if number not in needed:
            needed.add(number)
            waiting += [need.source for need in flows[number].needs]
    return frozenset(shows - needed)


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]


def _shows(flow: StatementFlow) -> bool:
    """Tell whether a statement that nothing needs only shows: by its form, and by what its calls do."""
    return flow.quiet and _shaped(flow.statement.node, flow.figures)


def _shaped(node: ast.stmt, figures: frozenset[str]) -> bool:
    match node:
        case ast.Expr(value=ast.Await() | ast.Yield() | ast.YieldFrom()):
            return False
        case ast.Expr():
            return True
        case ast.Import() | ast.ImportFrom():
            return all(library(name) in libraries.DISPLAY_LIBRARIES for name in _imported(node))
        case ast.Assign(targets=targets):
            names = [part for target in targets for part in walk(target) if isinstance(part, ast.Name)]
            return all(name.id in figures for name in names)
        case ast.For(body=body, orelse=other) | ast.If(body=body, orelse=other):
            return all(_shaped(inner, figures) for inner in (*body, *other))
        case ast.With(body=body):
            return all(_shaped(inner, figures) for inner in body)
        case _:
            return False


def _without(cell: Cell, flow: CellFlow, shown: AbstractSet[int]) -> Cell:
    """Turn the lines of *shown* statements into comments; a cell never ends with another value than it did."""
    lines = cell.source.split("\n")
    for each in flow.statements:
        if each.number in shown:
            for number in range(each.statement.first, each.statement.last + 1):
                lines[number] = LEFT_OUT + lines[number]
    last = flow.statements[-1] if flow.statements else None
    if last is not None and last.number in shown:
        lines[last.statement.last] = f"pass  {lines[last.statement.last]}"
    return replace(cell, source="\n".join(lines))
