"""The names of one cell: what it binds, uses, changes and calls, as events in the order of execution."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from alekseylearn.events import NOTHING, Assign, Event, Import, Make, Star, Use, Value
from alekseylearn.magics import Translation, read_python, run_statement, translate
from alekseylearn.notebook import Cell
from alekseylearn.statements import StatementReader

Shows = Literal["nothing", "perhaps", "something"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement at the top level of a cell; the lines of the cell count from 0, the last one is included."""

    node: ast.stmt
    first: int
    last: int
    events: tuple[Event, ...]

    @property
    def defs(self) -> frozenset[str]:
        """Names that the statement binds."""
        bound = {name for event in self.events if isinstance(event, Assign) for name, _ in event.pairs}
        bound.update(event.name for event in self.events if isinstance(event, Import))
        return frozenset(name for name in bound if not name.startswith("%"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CellNames:
    """What one cell does with names.

    `error` says why the cell cannot be read; then there are no statements. `imports` are the modules by the name that
    they are bound to; `stars` the modules of star imports. `shown` is the value of the last expression, which IPython
    keeps as `_`; `shows` tells whether there is one: nothing is kept of None.
    """

    cell: int
    statements: tuple[Statement, ...] = ()
    translation: Translation
    error: str | None = None
    only_imports: bool = False
    shown: Value = NOTHING
    shows: Shows = "nothing"

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of all statements."""
        return tuple(event for statement in self.statements for event in statement.events)

    @property
    def defs(self) -> frozenset[str]:
        """Names that the cell binds."""
        return frozenset().union(*(statement.defs for statement in self.statements))

    @property
    def refs(self) -> frozenset[str]:
        """Names that the cell reads while it runs, its own included."""
        return frozenset(event.name for event in self.events if isinstance(event, Use))

    @property
    def deferred(self) -> frozenset[str]:
        """Names that functions of this cell take from outside when they are called."""
        made = [event.function for event in self.events if isinstance(event, Make) and event.function]
        return frozenset().union(*(function.free_names for function in made))

    @property
    def imports(self) -> dict[str, str]:
        """Modules, or things in modules, by the name that the cell gives them."""
        return {event.name: event.module for event in self.events if isinstance(event, Import)}

    @property
    def stars(self) -> tuple[str, ...]:
        """Modules of which the cell imports everything."""
        return tuple(event.module for event in self.events if isinstance(event, Star))


def find_names(cell: Cell) -> CellNames:
    """Read the names of *cell*. A cell that is not Python, even without its magics, comes back with an `error`."""
    found = _find_names(cell.source)
    return found if found.cell == cell.index else replace(found, cell=cell.index)


@lru_cache(maxsize=4096)
def _find_names(source: str) -> CellNames:
    translation = translate(source)
    tree = read_python(translation.code)
    if isinstance(tree, str):
        return CellNames(cell=0, translation=translation, error=tree)
    reader = StatementReader(runs={ast.unparse(ast.parse(run_statement(path))): path for path in translation.runs})
    shown, statements = NOTHING, list[Statement]()
    try:
        for node in tree.body:
            before, shown = len(reader.events), NOTHING
            if isinstance(node, ast.Expr):
                shown = reader.shown(node.value)
            else:
                reader.statement(node)
            statements.append(_statement(node, reader.events[before:]))
    except RecursionError:
        return CellNames(cell=0, translation=translation, error="it is nested too deeply")
    plain = (ast.Import, ast.ImportFrom, ast.Pass)
    return CellNames(
        cell=0,
        statements=tuple(statements),
        translation=translation,
        only_imports=bool(tree.body) and all(isinstance(node, plain) for node in tree.body),
        shown=shown,
        shows=_shows(tree.body[-1] if tree.body else None, source),
    )


def _statement(node: ast.stmt, events: list[Event]) -> Statement:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return Statement(node=node, first=first - 1, last=(node.end_lineno or node.lineno) - 1, events=tuple(events))


def _shows(last: ast.stmt | None, source: str) -> Shows:
    """Tell whether a cell that ends with *last* shows something that is not None."""
    if not isinstance(last, ast.Expr) or source.rstrip().endswith(";"):
        return "nothing"
    match last.value:
        case ast.Call(func=ast.Name(id="print" | "display" | "help" | "setattr" | "delattr" | "exec")):
            return "nothing"
        case ast.Constant(value=None):
            return "nothing"
        case ast.Constant() | ast.BinOp() | ast.Compare() | ast.Tuple() | ast.List() | ast.Dict() | ast.JoinedStr():
            return "something"
        case _:
            return "perhaps"
