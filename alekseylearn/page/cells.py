"""The changed cells with what they showed before and after, and the notebook as it ran."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alekseylearn.diff import CellChange
from alekseylearn.notebook import Cell
from alekseylearn.page.executed import ExecutedCell, Output, read_executed
from alekseylearn.page.highlight import DiffLine, Line, Piece, changed_lines, coloured, plain, shortened
from alekseylearn.page.room import Room, Shown
from alekseylearn.pruning import LEFT_OUT
from alekseylearn.report import NotebookOutcome
from alekseylearn.sections.changes import counts, how, side, ways_of

MAX_UNCHANGED = 12
"""Cells of unchanged code whose figures are set side by side."""
MAX_CHANGES = 200
"""Changed cells that are shown."""
NO_ROOM = (Piece("… left out, there is no more room on this page", "c"),)
_RICH = frozenset({"figure", "html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One cell that changed, or shows something else: its title, what was done, whether that counts, its lines.

    *before* and *after* are what the cell showed on the two sides: in the runs, or as *saved* in the file.
    """

    title: str
    how: str
    counts: str
    lines: tuple[DiffLine, ...]
    before: tuple[Shown, ...]
    after: tuple[Shown, ...]
    saved: bool = False
    is_text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedView:
    """One cell of the executed notebook; *title* names it."""

    title: str
    source: tuple[Line, ...]
    outputs: tuple[Shown, ...]
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The cells of both sides with their outputs, as far as their notebooks could be read."""

    head: tuple[ExecutedCell, ...] | None
    base: tuple[ExecutedCell, ...] | None


def read_both(head: bytes | None, base: bytes | None, *, saved: bool = False) -> Ran:
    """Read the notebooks of both sides, as they ran or as people *saved* them; None where there is none."""
    return Ran(
        head=None if head is None else read_executed(head, saved=saved),
        base=None if base is None else read_executed(base, saved=saved),
    )


def view_changes(notebook: NotebookOutcome, ran: Ran, kept: Ran, room: Room) -> tuple[ChangeView, ...]:
    """Show every cell whose text changed, in reading order, then cells of the same code that show other figures.

    What a cell shows is that of the runs; where neither side ran it, that of the files as people saved them, *kept*.
    """
    ways = ways_of(notebook)
    told: list[ChangeView] = []
    for change in notebook.diff.changes:
        if change.kind == "metadata":
            continue
        only_outputs = change.kind == "outputs"
        before, after, saved = _both(change, ran, kept)
        if only_outputs and (not saved or _rich(before) == _rich(after)):
            continue
        if len(told) == MAX_CHANGES:
            room.left_out += 1
            continue
        title = _title(change)
        counted = counts(notebook, change, ways) if side(change).kind == "code" else "no: text"
        told.append(
            ChangeView(
                title=title,
                how=how(change),
                counts="" if only_outputs else counted,
                lines=_lines(change, room),
                before=_side(before, after, room, f"{title}, before"),
                after=_side(after, before, room, f"{title}, now"),
                saved=saved,
                is_text=side(change).kind != "code",
            )
        )
    return (*told, *_other_figures(ran, room, {side(change).source for change in notebook.diff.changes}))


def view_executed(ran: Ran, room: Room) -> tuple[ExecutedView, ...]:
    """Show the cells of head's run with their outputs."""
    made = []
    for place, cell in enumerate(ran.head or ()):
        title = f"Cell {cell.number}" if cell.number is not None else f"Put in as number {place}"
        title += "" if cell.ran else ", not reached"
        split = coloured if room.paints(cell.source) else plain
        lines = split(cell.source) if room.fits(cell.source) else (NO_ROOM,)
        outputs = room.show(cell.outputs, title)
        source = tuple(shortened(line) for line in lines)
        made.append(ExecutedView(title=title, source=source, outputs=outputs, seconds=cell.seconds))
    return tuple(made)


def _title(change: CellChange) -> str:
    cell = side(change)
    kind = "Cell" if cell.kind == "code" else "Text cell"
    return f"{kind} {cell.index}" if change.after is not None else f"{kind} {cell.index} of the base"


def _lines(change: CellChange, room: Room) -> tuple[DiffLine, ...]:
    sources = [cell.source for cell in (change.before, change.after) if cell is not None]
    lines = changed_lines(change, colours=room.paints(*sources))
    told = "".join(piece.text for line in lines for piece in line.pieces)
    return lines if room.fits(told) else (DiffLine("gap", NO_ROOM),)


def _both(change: CellChange, ran: Ran, kept: Ran) -> tuple[tuple[Output, ...], tuple[Output, ...], bool]:
    """Find what a cell showed on both sides, and whether that is only what people saved."""
    before, after = _shown(ran.base, change.before), _shown(ran.head, change.after)
    if before or after:
        return before, after, False
    return _shown(kept.base, change.before), _shown(kept.head, change.after), True


def _rich(outputs: Iterable[Output]) -> list[Output]:
    return [output for output in outputs if output.kind in _RICH]


def _shown(ran: Sequence[ExecutedCell] | None, cell: Cell | None) -> tuple[Output, ...]:
    """Find what *cell* showed, without what it printed: by its text, since a run may be older than the notebook."""
    if ran is None or cell is None:
        return ()
    same = [one for one in ran if _same_code(one.source, cell.source)]
    same.sort(key=lambda one: one.number != cell.index)
    return _displayed(same[0].outputs) if same else ()


def _same_code(ran: str, source: str) -> bool:
    """Compare a cell as it ran with the notebook's: lines that only show may have been left out of a run."""
    old, new = ran.split("\n"), source.split("\n")
    return len(old) == len(new) and all(LEFT_OUT in left or left == right for left, right in zip(old, new, strict=True))


def _displayed(outputs: Iterable[Output]) -> tuple[Output, ...]:
    return tuple(output for output in outputs if output.kind not in ("printed", "error"))


def _side(mine: tuple[Output, ...], other: tuple[Output, ...], room: Room, whose: str) -> tuple[Shown, ...]:
    """Show one side, unless both show the same."""
    return room.show(mine, whose) if mine != other else ()


def _other_figures(ran: Ran, room: Room, changed: set[str]) -> list[ChangeView]:
    """Find cells of the same code on both sides whose figures or tables differ."""
    before = {cell.source: cell for cell in ran.base or ()}
    told: list[ChangeView] = []
    for cell in ran.head or ():
        old = before.get(cell.source)
        if old is None or cell.number is None or cell.source in changed or len(told) == MAX_UNCHANGED:
            continue
        sides = [tuple(_rich(one.outputs)) for one in (old, cell)]
        if sides[0] == sides[1]:
            continue
        title = f"Cell {cell.number}"
        told.append(
            ChangeView(
                title=title,
                how="the same code, other output",
                counts="",
                lines=(),
                before=room.show(sides[0], f"{title}, before"),
                after=room.show(sides[1], f"{title}, now"),
            )
        )
    return told
