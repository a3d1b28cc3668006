"""The names of one cell: what it binds, uses, changes and calls, as events in the order of execution."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from alekseylearn.events import Assign, Event, Import, Make, Star, Use
from alekseylearn.magics import Translation, read_python, run_statement, translate
from alekseylearn.notebook import Cell
from alekseylearn.statements import StatementReader


@dataclass(frozen=True, slots=True, kw_only=True)
class CellNames:
    """What one cell does with names.

    `error` says why the cell cannot be read; then there are no events. `imports` are the modules by the name that they
    are bound to; `stars` the modules of star imports.
    """

    cell: int
    events: tuple[Event, ...] = ()
    translation: Translation
    error: str | None = None
    only_imports: bool = False

    @property
    def defs(self) -> frozenset[str]:
        """Names that the cell binds."""
        bound = {name for event in self.events if isinstance(event, Assign) for name, _ in event.pairs}
        return frozenset(name for name in bound | set(self.imports) if not name.startswith("%"))

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
    translation = translate(cell.source)
    tree = read_python(translation.code)
    if isinstance(tree, str):
        return CellNames(cell=cell.index, translation=translation, error=tree)
    reader = StatementReader(runs={ast.unparse(ast.parse(run_statement(path))): path for path in translation.runs})
    reader.block(tree.body)
    plain = (ast.Import, ast.ImportFrom, ast.Pass)
    return CellNames(
        cell=cell.index,
        events=tuple(reader.events),
        translation=translation,
        only_imports=bool(tree.body) and all(isinstance(node, plain) for node in tree.body),
    )
