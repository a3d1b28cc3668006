"""train.py -> its cells, each compiled with the line numbers it has in the file."""

from __future__ import annotations
import __future__

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import NamedTuple

from .layout import CellEntry

MARKER = re.compile(r"^# %% \[(?:cell (\d+)|(parameters)|(seeds) of cell \d+)\]")
COROUTINE = 0x80
"""`inspect.CO_COROUTINE`, without the cost of importing inspect."""
LOOPS = re.compile(r"\b(create_task|ensure_future|get_running_loop)\(")
"""Calls that need a running loop, as Jupyter always has one."""
METRICS_MARK = re.compile(r"^\s*#\|\s*metrics\b")


class Cell(NamedTuple):
    """One cell of train.py; *number* is None for what was injected, *first* the line on which *text* begins."""

    number: int | None
    first: int
    text: str
    source: str
    headline: str
    target: str | None

    @property
    def trains(self) -> bool:
        """Whether it is a cell that trains."""
        return self.target == "train"

    @property
    def measures(self) -> bool:
        """Whether its assignments are metrics."""
        return self.target == "metrics" or METRICS_MARK.match(self.source) is not None

    def holds(self, line: int) -> bool:
        """Tell whether *line* of train.py lies in this cell."""
        return self.first <= line < self.first + self.text.count("\n") + 1

    def line(self, line: int) -> int:
        """Count *line* of train.py from the cell's own first line, which is 1."""
        return line - self.first + 1


class Program(NamedTuple):
    """The whole of train.py."""

    preamble: str
    cells: tuple[Cell, ...]

    def cell_at(self, line: int) -> Cell | None:
        """Find the cell that *line* of train.py lies in."""
        return next((cell for cell in self.cells if cell.holds(line)), None)


def split(text: str, entries: Sequence[CellEntry]) -> Program:
    """Split train.py at its markers, in the order in which the manifest lists the cells.

    A line that looks like a marker but is not the next one due is a line of the notebook.
    """
    lines = text.split("\n")
    starts = list(_markers(lines, [entry.cell for entry in entries]))
    ends = [start for start, _ in starts[1:]] + [len(lines)]
    listed = {entry.cell: entry for entry in entries}
    cells = []
    for (start, name), end in zip(starts, ends):  # noqa: B905 - Python 3.9
        body = "\n".join(lines[start + 1 : end])
        number = name if isinstance(name, int) else None
        entry = listed[name] if isinstance(name, int) else CellEntry(0, name, body.strip("\n"), None)
        cells.append(Cell(number, start + 2, body, entry.source or body, entry.headline, entry.target))
    return Program("\n".join(lines[: starts[0][0]] if starts else lines), tuple(cells))


def _markers(lines: Sequence[str], due: Sequence[int]) -> Iterator[tuple[int, int | str]]:
    waiting = list(due)
    for index, line in enumerate(lines):
        hit = MARKER.match(line)
        if hit is None:
            continue
        if hit[1] is None:
            yield index, hit[2] or hit[3]
        elif waiting and int(hit[1]) == waiting[0]:
            yield index, waiting.pop(0)
    if waiting:
        raise ValueError(f"train.py has no marker for cell {waiting[0]}")


class Compiled(NamedTuple):
    """A cell ready to run: its statements, and its last expression where there is one to show."""

    tree: ast.Module
    body: CodeType
    last: CodeType | None
    expression: ast.expr | None
    waits: bool
    """Whether it has to run in an event loop."""


class Compiler:
    """Compile the cells of one file, as one session: a `__future__` import holds for the cells after it."""

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._features = 0

    def compile(self, cell: Cell) -> Compiled:
        """Compile *cell*; raise SyntaxError with the line of the file."""
        tree = parse(cell, self._filename)
        statements = list(tree.body)
        last = statements[-1] if statements else None
        expression = last.value if isinstance(last, ast.Expr) and not ends_quietly(cell.text) else None
        if expression is not None:
            statements.pop()
        body = self._code(ast.Module(body=statements, type_ignores=[]), "exec")
        shown = self._code(ast.Expression(body=expression), "eval") if expression is not None else None
        flags = body.co_flags | (shown.co_flags if shown is not None else 0)
        waits = bool(flags & COROUTINE) or LOOPS.search(cell.text) is not None
        return Compiled(tree, body, shown, expression, waits)

    def text(self, source: str, filename: str) -> CodeType:
        """Compile other code of the notebook, such as the body of a cell magic."""
        return self._code(ast.parse(source, filename), "exec", filename)

    def _code(self, tree: ast.AST, mode: str, filename: str | None = None) -> CodeType:
        flags = self._features | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code: CodeType = compile(tree, filename or self._filename, mode, flags, dont_inherit=True)  # type: ignore[call-overload]
        for name in __future__.all_feature_names:
            feature = getattr(__future__, name).compiler_flag
            if code.co_flags & feature:
                self._features |= feature
        return code


def parse(cell: Cell, filename: str) -> ast.Module:
    """Parse *cell*, its nodes and a SyntaxError carrying the line numbers of the file."""
    try:
        tree = ast.parse(cell.text, filename)
    except SyntaxError as error:
        error.lineno = (error.lineno or 1) + cell.first - 1
        raise
    ast.increment_lineno(tree, cell.first - 1)
    return tree


def ends_quietly(text: str) -> bool:
    """Tell whether a cell ends with a semicolon, which keeps its last value from being shown."""
    if ";" not in text:
        return False
    last = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT}:
                last = token.string
    except (tokenize.TokenError, IndentationError):
        return False
    return last == ";"
