"""An exception -> what a person reads: the cell, the line in it, and a traceback without our own frames."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from .cells import Cell, Program
from .hints import hint_for

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
LONGEST_MESSAGE = 10_000
LONGEST_TRACEBACK = 100_000
ENDS = 25
"""Frames kept at each end of a very deep traceback."""
OURS = str(Path(__file__).parent)


class Failures:
    """Describe exceptions of the notebook whose cells stand in *train*."""

    def __init__(self, program: Program, train: str) -> None:
        self._program = program
        self._train = train

    def describe(self, error: BaseException, cell: Cell | None) -> dict[str, Any]:
        """Describe *error*, raised while *cell* ran, as the `failure` of result.json."""
        name, message = qualified(error), message_of(error)
        return {
            "cell": cell.number if cell is not None else None,
            "line": self._line(error, cell),
            "exception": name,
            "message": message,
            "traceback": clip("\n".join(self._chain(error, set())), LONGEST_TRACEBACK),
            "hint": hint_for(name, message),
        }

    def _line(self, error: BaseException, cell: Cell | None) -> int | None:
        if cell is None:
            return None
        if isinstance(error, SyntaxError) and error.filename == self._train and error.lineno:
            return cell.line(error.lineno)
        lines = [line for file, line, _ in frames(error.__traceback__) if file == self._train and cell.holds(line)]
        return cell.line(lines[-1]) if lines else None

    def _chain(self, error: BaseException, seen: set[int]) -> Iterator[str]:
        seen.add(id(error))
        earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if earlier is not None and id(earlier) not in seen:
            yield from self._chain(earlier, seen)
            yield ""
            yield "The above exception was the direct cause of:" if error.__cause__ else "While handling it, another:"
            yield ""
        yield "Traceback (most recent call last):"
        yield from self._frames(error)
        yield clip(f"{qualified(error)}: {message_of(error)}".removesuffix(": "), LONGEST_MESSAGE)

    def _frames(self, error: BaseException) -> list[str]:
        shown = []
        for file, line, function in frames(error.__traceback__):
            if not file.startswith(OURS):
                shown.append(self._place(file, line, function))
        if isinstance(error, SyntaxError) and error.filename == self._train and error.lineno:
            shown.append(self._place(self._train, error.lineno, "<module>"))
        if len(shown) > 2 * ENDS:
            left_out = f"  ... {len(shown) - 2 * ENDS} more frames"
            shown = [*shown[:ENDS], left_out, *shown[-ENDS:]]
        return shown

    def _place(self, file: str, line: int, function: str) -> str:
        import linecache

        cell = self._program.cell_at(line) if file == self._train else None
        if cell is None:
            place = f'  File "{file}", line {line}, in {function}'
        else:
            name = "parameters" if cell.number is None else f"cell {cell.number}"
            place = f"  {name}, line {cell.line(line)}, in {function}"
        source = linecache.getline(file, line).strip()
        return f"{place}\n    {source}" if source else place


def frames(trace: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and function of every frame, outermost first."""
    for frame, line in traceback.walk_tb(trace):
        yield frame.f_code.co_filename, line, frame.f_code.co_name


def qualified(error: BaseException) -> str:
    """Name the type of *error* with its module, as people know it."""
    kind = type(error)
    plain = kind.__module__ in {"builtins", "__main__"} or kind.__module__.startswith("_al.")
    return kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"


def message_of(error: BaseException) -> str:
    """Return the text of *error*, without colours."""
    try:
        text = str(error.msg) if isinstance(error, SyntaxError) else str(error)
    except Exception as problem:
        text = f"(its message cannot be shown: {type(problem).__name__})"
    return clip(ANSI.sub("", text), LONGEST_MESSAGE)


def clip(text: str, longest: int) -> str:
    """Cut the middle out of a *text* of more than *longest* characters."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters left out ...]\n{text[-half:]}"
