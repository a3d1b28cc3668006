"""What changed between two versions of a notebook, cell by cell, as a person would tell it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from alekseylearn.alignment import Alignment, align
from alekseylearn.lines import diff_lines
from alekseylearn.magics import Translation, parse_python, translate
from alekseylearn.notebook import Cell, Notebook

ChangeKind = Literal["added", "removed", "modified", "moved", "outputs", "metadata"]
DiffStatus = Literal["added", "deleted", "modified", "renamed", "unchanged"]

MAX_MEANT = 500_000
"""As many characters of changed cells are compared as Python; those of further cells count as another code."""
_NOTHING = Cell(index=0, id="", kind="code", source="")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """One cell that differs; `before` is None for an added cell, `after` for a removed one.

    `cosmetic` is true for a code cell whose abstract syntax tree and marks are the same: only comments or format
    changed. A cell of nothing but comments that comes or goes is cosmetic too. `shows` is set where both trainings are
    known, and what is trained of the cell is the same.
    A cell that was moved *and* edited is `modified`; its two indices tell that it moved.
    """

    kind: ChangeKind
    before: Cell | None
    after: Cell | None
    added_lines: int
    removed_lines: int
    cosmetic: bool
    shows: bool = False

    @property
    def idle(self) -> str:
        """Why the change means nothing to any training, in words; '' where it may mean something."""
        if self.cosmetic:
            return "only comments or format changed"
        return "only what it shows changed" if self.shows else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookDiff:
    """The changed cells of one notebook, in reading order; `coarse` tells that a cap was hit.

    A notebook whose path differs is `renamed`, whether or not its cells differ too.
    """

    path: str
    old_path: str | None
    status: DiffStatus
    changes: tuple[CellChange, ...]
    coarse: bool


def diff_notebooks(base: Notebook | None, head: Notebook | None) -> NotebookDiff:
    """Compare two versions of a notebook; None stands for a version in which it does not exist.

    Raises `ValueError` when both are None.
    """
    newest = head or base
    if newest is None:
        raise ValueError("a notebook that exists on neither side cannot be compared")
    before, after = base.cells if base else (), head.cells if head else ()
    changes: tuple[CellChange, ...] = ()
    coarse = False
    if before != after:
        alignment = align(before, after)
        meanings = _Meanings()
        found = [_change(pair, meanings) for pair in _in_reading_order(before, after, alignment)]
        changes = tuple(change for change, _ in found)
        coarse = alignment.coarse or meanings.left < 0 or any(line_cap for _, line_cap in found)
    old_path = base.path if base and head and base.path != head.path else None
    status: DiffStatus = "modified" if changes else "unchanged"
    if base is None or head is None:
        status = "deleted" if head is None else "added"
    elif old_path is not None:
        status = "renamed"
    return NotebookDiff(path=newest.path, old_path=old_path, status=status, changes=changes, coarse=coarse)


def line_diff(change: CellChange, context: int = 2) -> tuple[str, ...]:
    """Show the lines of a changed cell, each behind `+ `, `- ` or two blanks, for a `diff` fence.

    *context* unchanged lines stand around each change; a lone `…` stands for the lines left out.
    """
    return diff_lines(_source(change.before), _source(change.after)).render(context)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    kind: ChangeKind
    before: Cell | None = None
    after: Cell | None = None


def _in_reading_order(before: Sequence[Cell], after: Sequence[Cell], found: Alignment) -> Iterator[_Pair]:
    """Give each cell that differs once, with its partner: in head's order, removed cells where they stood."""
    fixed = {j: i for i, j in found.pairs}
    gone = sorted(set(range(len(before))).difference(fixed.values()))
    moved = _moved(gone, [j for j in range(len(after)) if j not in fixed], found)
    left = sorted(set(gone).difference(moved.values()), reverse=True)
    for j, cell in enumerate(after):
        if j in moved:
            old = before[moved[j]]
            yield _Pair(kind="moved" if old.source == cell.source else "modified", before=old, after=cell)
        elif j not in fixed:
            yield _Pair(kind="added", after=cell)
        else:
            while left and left[-1] < fixed[j]:
                yield _Pair(kind="removed", before=before[left.pop()])
            old = before[fixed[j]]
            kind = "modified" if old.source != cell.source else _beside_the_text(old, cell)
            if kind is not None:
                yield _Pair(kind=kind, before=old, after=cell)
    yield from (_Pair(kind="removed", before=before[i]) for i in reversed(left))


def _moved(gone: Sequence[int], new: Sequence[int], found: Alignment) -> dict[int, int]:
    """Pair left-over cells across the alignment, head to base: the same text, or the same id and a similar text."""
    by_text: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i in reversed(gone):
        by_text[found.old[i]].append(i)
    partner: dict[int, int] = {}
    for j in new:
        equal = by_text[found.new[j]]
        if equal and found.after[j].source.strip():
            partner[j] = equal.pop()
    taken = set(partner.values())
    by_id = {found.before[i].id: i for i in reversed(gone) if i not in taken}
    for j in new:
        cell_id = found.after[j].id
        if j not in partner and cell_id in by_id and found.similar(by_id[cell_id], j):
            partner[j] = by_id.pop(cell_id)
    return partner


def _change(pair: _Pair, meanings: _Meanings) -> tuple[CellChange, bool]:
    """Describe what happened to a cell, and tell whether the cap on its lines was hit."""
    before, after, kind = pair.before, pair.after, pair.kind
    if kind in ("moved", "outputs", "metadata"):
        return CellChange(kind=kind, before=before, after=after, added_lines=0, removed_lines=0, cosmetic=False), False
    lines = diff_lines(_source(before), _source(after))
    change = CellChange(
        kind=kind,
        before=before,
        after=after,
        added_lines=lines.added,
        removed_lines=lines.removed,
        cosmetic=meanings.same(before or _NOTHING, after or _NOTHING),
    )
    return change, lines.coarse


def _beside_the_text(before: Cell, after: Cell) -> ChangeKind | None:
    """Tell what differs between two cells of the same text; tags come first, since marks are among them."""
    if before.tags != after.tags:
        return "metadata"
    if (before.outputs, before.execution_count) != (after.outputs, after.execution_count):
        return "outputs"
    return "metadata" if before.metadata != after.metadata else None


def _source(cell: Cell | None) -> str:
    return cell.source if cell is not None else ""


@dataclass(slots=True)
class _Meanings:
    """Compares code cells as Python, as long as there is memory for their trees."""

    left: int = MAX_MEANT

    def same(self, before: Cell, after: Cell) -> bool:
        """Compare two code cells, IPython's syntax translated; what does not parse is never the same."""
        if not before.kind == after.kind == "code" or before.marks != after.marks:
            return False
        self.left -= len(before.source) + len(after.source)
        if self.left < 0:
            return False
        meaning = _meaning(before.source)
        return meaning is not None and meaning == _meaning(after.source)


def _meaning(source: str) -> tuple[list[str], Translation] | None:
    """Write a cell as its statements and magics; a lone `pass` says nothing, and stands where a magic was."""
    translation = translate(source)
    tree = parse_python(translation.code)
    try:
        statements = [ast.dump(node) for node in tree.body if not isinstance(node, ast.Pass)] if tree else []
    except RecursionError:
        return None
    return (statements, replace(translation, code="")) if tree else None
