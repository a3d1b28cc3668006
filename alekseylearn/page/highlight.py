"""The source of a cell as lines of coloured pieces, and the lines of two versions set against each other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from alekseylearn.diff import CellChange
from alekseylearn.lines import diff_lines
from alekseylearn.text import clean_block, plural

if TYPE_CHECKING:
    from pygments.lexer import RegexLexer

CONTEXT = 3
"""Equal lines shown around each change."""
MAX_LINES = 300
"""Lines shown of one changed cell."""
MAX_MARKED = 8
"""Lines of one change, on each side, whose words are compared."""
MAX_WIDTH = 2000
"""Characters shown of one line."""
_LONGEST_LINE = 400
_LIKE = 0.6
"""Two lines are versions of each other from this likeness on (0 to 1)."""
_WORD = re.compile(r"\d[\w.]*|\w+|\s+|[^\w\s]")
# Pygments' token types, by the classes of the page's style; the first that holds a type counts.
_CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "Token.Comment": "c",
        "Token.Literal.String": "s",
        "Token.Literal.Number": "m",
        "Token.Keyword": "k",
        "Token.Operator.Word": "k",
        "Token.Name.Builtin": "b",
        "Token.Name.Decorator": "d",
        "Token.Name.Function": "f",
        "Token.Name.Class": "f",
    }
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A few characters of one line: *look* is a class of the page's style, *marked* says that they are what changed."""

    text: str
    look: str = ""
    marked: bool = False


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference; a gap stands for equal lines that are not shown."""

    kind: Literal["added", "removed", "same", "gap"]
    pieces: Line


def plain(source: str) -> tuple[Line, ...]:
    """Split *source* into lines without colours; what is invisible is left out."""
    return tuple((Piece(clean_block(line)),) for line in source.split("\n"))


def coloured(source: str) -> tuple[Line, ...]:
    """Split Python *source* into lines of coloured pieces; what is invisible is left out."""
    lines: list[list[Piece]] = [[]]
    for _, kind, text in _lexer().get_tokens_unprocessed(source):
        look = _look(kind)
        first, *rest = text.split("\n")
        lines[-1].append(Piece(clean_block(first), look))
        lines.extend([Piece(clean_block(part), look)] for part in rest)
    return tuple(tuple(_joined(line)) for line in lines)


def changed_lines(change: CellChange, *, colours: bool = True) -> tuple[DiffLine, ...]:
    """Set the two versions of a cell against each other, line by line.

    With *colours* code is coloured, and the words that differ in similar lines are marked, which takes a while.
    """
    before, after = (cell.source if cell is not None else "" for cell in (change.before, change.after))
    is_code = all(cell is None or cell.kind == "code" for cell in (change.before, change.after))
    split = coloured if colours and is_code else plain
    old, new = (split(text) if text else () for text in (before, after))
    runs = diff_lines(before, after).runs
    if all(run.kind == "equal" for run in runs):
        return ()
    shown: list[DiffLine] = []
    for place, run in enumerate(runs):
        gone, come = old[: len(run.removed)], new[: len(run.added)]
        old, new = old[len(run.removed) :], new[len(run.added) :]
        if run.kind == "changed":
            # What is cut away below need not be compared.
            shown += _marked(gone, come, MAX_MARKED if colours and len(shown) <= MAX_LINES else 0)
        else:
            shown += _around(come, head=CONTEXT if place else 0, tail=0 if place == len(runs) - 1 else CONTEXT)
    rest = len(shown) - MAX_LINES
    kept = [*shown[:MAX_LINES], *_gap(rest)] if rest > 1 else shown
    return tuple(DiffLine(line.kind, shortened(line.pieces)) for line in kept)


def shortened(line: Line) -> Line:
    """Cut a line that is longer than anybody reads."""
    made: list[Piece] = []
    left = MAX_WIDTH
    for piece in line:
        if len(piece.text) > left:
            return (*made, replace(piece, text=f"{piece.text[:left]}…"))
        made.append(piece)
        left -= len(piece.text)
    return line


@cache
def _lexer() -> RegexLexer:
    from pygments.lexers.python import PythonLexer

    return PythonLexer()


@cache
def _look(kind: Any) -> str:
    name = str(kind)
    return next((look for start, look in _CLASSES.items() if name == start or name.startswith(f"{start}.")), "")


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Join neighbours that look the same, and leave out empty pieces."""
    last: Piece | None = None
    for piece in pieces:
        if last is not None and piece.look == last.look and piece.marked == last.marked:
            last = replace(last, text=last.text + piece.text)
            continue
        if last is not None and last.text:
            yield last
        last = piece
    if last is not None and last.text:
        yield last


def _gap(count: int) -> list[DiffLine]:
    return [DiffLine("gap", (Piece(f"… {plural(count, 'line')}"),))]


def _around(lines: Sequence[Line], *, head: int, tail: int) -> list[DiffLine]:
    same = [DiffLine("same", line) for line in lines]
    left_out = len(same) - head - tail
    if left_out <= 1:
        return same
    return [*same[:head], *_gap(left_out), *same[len(same) - tail :]]


def _marked(gone: Sequence[Line], come: Sequence[Line], most: int) -> list[DiffLine]:
    """Show a run of changed lines; a line and its new version, when they are alike, mark the words that differ."""
    removed, added = list(gone), list(come)
    words = [[_words(line) for line in lines[:most]] for lines in (gone, come)]
    free = list(range(len(words[1])))
    for place, old in enumerate(words[0]):
        likeness, _, match = max(((_likeness(old, words[1][new]), -new, new) for new in free), default=(0.0, 0, 0))
        if likeness < _LIKE:
            continue
        free.remove(match)
        found = difflib.SequenceMatcher(None, old, words[1][match], autojunk=False).get_opcodes()
        changed = [opcode for opcode in found if opcode[0] != "equal"]
        removed[place] = _with_marks(gone[place], old, [(start, end) for _, start, end, _, _ in changed])
        added[match] = _with_marks(come[match], words[1][match], [(start, end) for _, _, _, start, end in changed])
    return [*(DiffLine("removed", line) for line in removed), *(DiffLine("added", line) for line in added)]


def _words(line: Line) -> list[str]:
    """Split a line into words; a very long one has none."""
    text = "".join(piece.text for piece in line)
    return _WORD.findall(text) if len(text) <= _LONGEST_LINE else []


def _likeness(old: Sequence[str], new: Sequence[str]) -> float:
    """Tell how much two lines have in common, from 0 to 1; a line of no words is like no other."""
    if not old or not new:
        return 0.0
    return difflib.SequenceMatcher(None, old, new, autojunk=False).ratio()


def _with_marks(line: Line, words: Sequence[str], spans: Sequence[tuple[int, int]]) -> Line:
    """Mark the words in *spans* (first, behind the last), wherever the colours change."""
    flags: list[bool] = []
    for place, word in enumerate(words):
        flags += [any(start <= place < end for start, end in spans)] * len(word)
    pieces, at = [], 0
    for piece in line:
        pieces += [Piece(letter, piece.look, flags[at + offset]) for offset, letter in enumerate(piece.text)]
        at += len(piece.text)
    return tuple(_joined(pieces))
