"""Statements of kept cells that only show something: they are left out, and editing them trains nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from alekseylearn.collecting import uncollected
from alekseylearn.dataflow import CellFlow, trace
from alekseylearn.effects import library
from alekseylearn.knowledge import PLAIN, Rules, libraries
from alekseylearn.magics import Translation, parse_python, translate
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.slicing import Slice, backward_slice
from alekseylearn.targets import Target

LEFT_OUT = "# (only shows) "
"""What stands before a line that is left out."""

_LAST_VALUES = frozenset({"_", "__", "___", "_i", "_ii", "_oh", "_dh", "Out", "In"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A statement of a cell that may be left out; the lines count from 0, the last one is included."""

    cell: int
    first: int
    last: int
    node: ast.stmt


@uncollected()
def prune(notebook: Notebook, targets: tuple[Target, ...], rules: Rules = PLAIN) -> tuple[Notebook, Slice]:
    """Cut out what *targets* need, without what kept cells only show on the way.

    Statements are left out of cells before the first target, and only those that provably show something: they print,
    plot, or are a value that nothing takes; they change, draw, write and define nothing that is used. Returns the
    notebook in which these lines are comments (all lines stay where they are) and its slice.
    """
    whole = backward_slice(notebook, targets, rules)
    first = min((target.cell for target in targets), default=0)
    kept = [notebook.cells[reason.cell] for reason in whole.kept]
    if whole.whole_prefix or whole.missing or any(_uses_last_values(cell) for cell in kept):
        return notebook, whole
    pieces = {cell.index: found for cell in kept if cell.index < first and (found := _pieces(cell))}
    if not any(_may_show(piece.node) for found in pieces.values() for piece in found):
        return notebook, whole
    shown = _only_shown(notebook, whole, pieces, rules)
    if not shown:
        return notebook, whole
    trimmed = replace(notebook, cells=tuple(_without(cell, shown.get(cell.index, [])) for cell in notebook.cells))
    return trimmed, _again(trimmed, whole, rules)


def _again(trimmed: Notebook, whole: Slice, rules: Rules) -> Slice:
    """Slice the kept cells of *whole* again, without what is left out of them; nothing that was dropped comes back."""
    kept = {reason.cell for reason in whole.kept}
    # A dropped cell may use an import that is left out: it must not look like one that nobody can read.
    cells = tuple(cell if cell.index in kept else replace(cell, source="") for cell in trimmed.cells)
    cut = backward_slice(replace(trimmed, cells=cells), whole.targets, rules)
    reasons = {reason.cell: reason for reason in whole.dropped}
    return replace(cut, dropped=tuple(reasons.get(reason.cell, reason) for reason in cut.dropped))


def _uses_last_values(cell: Cell) -> bool:
    tree = parse_python(translate(cell.source).code)
    return tree is not None and any(isinstance(node, ast.Name) and node.id in _LAST_VALUES for node in ast.walk(tree))


def _pieces(cell: Cell) -> list[_Piece]:
    """Take a cell apart, statement by statement; one with effects of its magics, or two on one line, stays whole."""
    translation = translate(cell.source)
    if cell.marks or replace(translation, code="") != Translation(code=""):
        return []
    tree = parse_python(translation.code)
    found = [_piece(cell.index, node) for node in tree.body] if tree is not None else []
    apart = all(before.last < after.first for before, after in pairwise(found))
    return found if apart else []


def _piece(cell: int, node: ast.stmt) -> _Piece:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return _Piece(cell=cell, first=first - 1, last=(node.end_lineno or node.lineno) - 1, node=node)


def _only_shown(
    notebook: Notebook, whole: Slice, pieces: Mapping[int, list[_Piece]], rules: Rules
) -> dict[int, list[_Piece]]:
    """Slice the kept cells again, statement by statement, and find those that nothing needs and that only show."""
    cells: list[Cell] = []
    origin: dict[int, _Piece] = {}
    place: dict[int, int] = {}
    for reason in whole.kept:
        cell = notebook.cells[reason.cell]
        if cell.index not in pieces:
            place[cell.index] = len(cells)
            cells.append(replace(cell, index=len(cells)))
            continue
        lines = translate(cell.source).code.split("\n")
        for piece in pieces[cell.index]:
            origin[len(cells)] = piece
            source = "\n".join(lines[piece.first : piece.last + 1])
            cells.append(replace(cell, index=len(cells), source=source))
    apart = replace(notebook, cells=tuple(cells))
    targets = tuple(replace(target, cell=place[target.cell]) for target in whole.targets if target.cell in place)
    flows = trace(apart, rules.known)
    needed = {reason.cell for reason in backward_slice(apart, targets, rules).kept}
    waiting = [index for index in flows if index not in origin or not _shows(origin[index].node, flows[index])]
    while waiting:
        # What stays needs what it needs, be it for nothing.
        index = waiting.pop()
        needed.add(index)
        waiting += {need.source for need in flows[index].needs} - needed
    shown: dict[int, list[_Piece]] = {}
    for index, piece in origin.items():
        if index not in needed:
            shown.setdefault(piece.cell, []).append(piece)
    return shown


def _may_show(node: ast.stmt) -> bool:
    """Tell by its form whether a statement may be one that only shows."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return any(library(name) in libraries.DISPLAY_LIBRARIES for name in _imported(node))
    return isinstance(node, ast.Expr | ast.Assign | ast.For | ast.If | ast.With)


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]


def _shows(node: ast.stmt, flow: CellFlow) -> bool:
    """Tell whether a statement that nothing needs only shows: by its form, and by what its calls do."""
    return flow.quiet and _shaped(node, flow.figures)


def _shaped(node: ast.stmt, figures: frozenset[str]) -> bool:
    match node:
        case ast.Expr(value=ast.Await() | ast.Yield() | ast.YieldFrom()):
            return False
        case ast.Expr():
            return True
        case ast.Import() | ast.ImportFrom():
            return all(library(name) in libraries.DISPLAY_LIBRARIES for name in _imported(node))
        case ast.Assign(targets=targets):
            names = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            return all(name.id in figures for name in names)
        case ast.For(body=body, orelse=other) | ast.If(body=body, orelse=other):
            return all(_shaped(inner, figures) for inner in (*body, *other))
        case ast.With(body=body):
            return all(_shaped(inner, figures) for inner in body)
        case _:
            return False


def _without(cell: Cell, shown: list[_Piece]) -> Cell:
    """Turn the lines of *shown* into comments; a cell never ends with another value than it did."""
    if not shown:
        return cell
    lines = cell.source.split("\n")
    for number in _numbers(shown):
        lines[number] = LEFT_OUT + lines[number]
    tree = parse_python(translate(cell.source).code)
    if tree is not None and shown[-1].node.lineno == tree.body[-1].lineno:
        lines[shown[-1].last] = f"pass  {lines[shown[-1].last]}"
    return replace(cell, source="\n".join(lines))


def _numbers(shown: list[_Piece]) -> Iterator[int]:
    for piece in shown:
        yield from range(piece.first, piece.last + 1)
