"""Which cell needs which: the events of all cells are followed in the notebook's order, without running anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import TypeAlias, assert_never

from alekseylearn.calls import Calls
from alekseylearn.collecting import uncollected
from alekseylearn.effects import SEEDS, library
from alekseylearn.errors import InputError
from alekseylearn.events import (
    Assign,
    Call,
    Enter,
    Event,
    Exit,
    Get,
    Import,
    Make,
    Opaque,
    Operate,
    Return,
    Star,
    Store,
    Use,
)
from alekseylearn.functions import TooMuchError
from alekseylearn.knowledge import PLAIN, Knowledge, libraries
from alekseylearn.memory import SHOWN, SHOWN_LAST, Need, TooLargeError
from alekseylearn.names import CellNames, Statement, find_names
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.objects import Binding, Frame, How, Thing, Things
from alekseylearn.syntax import too_much

_CALLS_PER_CELL = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFlow:
    """What one statement at the top level of a cell needs; statements are numbered through the whole notebook.

    A `quiet` one provably does nothing but bind names and show; `figures` are those of its names that stand for
    nothing but what shows.
    """

    statement: Statement
    number: int
    needs: tuple[Need, ...] = ()
    effects: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    quiet: bool = False
    figures: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFlow:
    """What one cell needs of earlier cells, and what it does besides binding names, statement by statement."""

    names: CellNames
    statements: tuple[StatementFlow, ...] = ()
    needs: tuple[Need, ...] = ()
    effects: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


Flows: TypeAlias = Mapping[int, CellFlow]


def trace(notebook: Notebook, known: Knowledge = PLAIN.known) -> Flows:
    """Follow the code cells of *notebook*, without those marked `skip`; the result is keyed by cell.

    *known* is what the repository says of calls. Versions of a notebook whose code is the same are followed once.
    Raises `InputError` `nb.limit`.
    """
    cells = [cell for cell in notebook.code_cells if "skip" not in cell.marks]
    try:
        if too_much(cell.source for cell in cells):
            raise TooLargeError
        return _trace(tuple(Cell(index=cell.index, id="", kind="code", source=cell.source) for cell in cells), known)
    except TooLargeError:
        what = "the cells hold, or do, too much to be followed"
        hint = "mark cells that training does not need with `#| skip`, or move code into a module"
        raise InputError("nb.limit", what, where=notebook.path, hint=hint) from None


@lru_cache(maxsize=16)
@uncollected()
def _trace(cells: tuple[Cell, ...], known: Knowledge) -> Flows:
    tracer = _Tracer(known=known)
    followed = [(names := find_names(cell), tracer.cell(names)) for cell in cells]
    place = {flow.number: names.cell for names, flows in followed for flow in flows}
    return MappingProxyType({names.cell: whole(names, flows, place) for names, flows in followed})


def whole(names: CellNames, statements: Sequence[StatementFlow], place: Mapping[int, int]) -> CellFlow:
    """Put what *statements* need together for their cell; *place* says which cell a statement stands in."""
    needs: dict[tuple[int, str], How] = {}
    for need in (need for flow in statements for need in flow.needs):
        if place[need.source] != names.cell:
            needs.setdefault((place[need.source], need.name), need.how)
    effects = [*names.translation.effects, *(f"installs `{each}`" for each in names.translation.requirements)]
    return CellFlow(
        names=names,
        statements=tuple(statements),
        needs=tuple(Need(source, name, how) for (source, name), how in sorted(needs.items())),
        effects=tuple(dict.fromkeys([*effects, *(effect for flow in statements for effect in flow.effects)])),
        missing=tuple(dict.fromkeys(name for flow in statements for name in flow.missing)),
    )


@dataclass(slots=True)
class _Tracer(Calls):
    """Follows cell after cell, statement after statement."""

    def cell(self, names: CellNames) -> list[StatementFlow]:
        """Follow one cell."""
        self.budget, before = _CALLS_PER_CELL, len(self.top.bindings)
        found = [self.statement(statement, names) for statement in names.statements]
        self.show(names)
        added = islice(reversed(self.top.bindings), len(self.top.bindings) - before)
        for name in [name for name in added if name[:1] == "%" and name[1:2].isdigit()]:
            del self.top.bindings[name]
        return found

    def statement(self, statement: Statement, names: CellNames) -> StatementFlow:
        """Follow one statement of a cell."""
        self.current += 1
        self.needs, self.seen, self.missing = {}, set(), {}
        self.effects = dict.fromkeys(names.translation.effects)
        self.logs, self.done, self.sites, self.ways = [], set(), {}, {}
        self.quiet, self.drew, self.began = True, False, Thing().number
        try:
            self.follow(statement.events, self.top)
        except (RecursionError, TooMuchError):
            self.give_up()
        if self.drew:
            # Seeds that a statement sets for itself are no business of others, unless they draw after it.
            self.effects.pop(SEEDS, None)
        return StatementFlow(
            statement=statement,
            number=self.current,
            needs=tuple(Need(source, name, how) for (source, name), how in self.needs.items()),
            effects=tuple(self.effects),
            missing=tuple(self.missing),
            quiet=self.quiet and not (self.effects or self.missing),
            figures=frozenset(name for name in statement.defs if self.stands_for_figures(name)),
        )

    def give_up(self) -> None:
        """Take a statement whose calls go on and on for code that cannot be seen."""
        self.running.clear()
        self.way, self.at = 0, ""
        self.recursions.clear()
        self.waking = False
        while self.logs:
            self.merge()
        self.opaque("more calls than can be followed")

    def show(self, names: CellNames) -> None:
        """Keep what the cell shows, as IPython does until the notebook itself uses the name `_`."""
        if names.shows == "nothing":
            return
        binding = Binding(((self.current, "defines"),), self.things(names.shown, self.top))
        before = self.top.bindings.get(SHOWN_LAST)
        self.bind(SHOWN_LAST, binding if names.shows == "something" else binding.or_else(before), self.top)
        shown = binding.or_else(self.top.bindings.get(SHOWN))
        self.spend(len(shown.sources) >> 3)
        self.bind(SHOWN, shown, self.top)

    def stands_for_figures(self, name: str) -> bool:
        """Tell whether *name* stands for nothing but what a library that shows made."""
        binding = self.top.bindings.get(name)
        things = binding.things if binding is not None else frozenset()
        return bool(things) and all(library(thing.origin) in libraries.DISPLAY_LIBRARIES for thing in things)

    def follow(self, events: Iterable[Event], frame: Frame) -> Things:
        """Follow *events* in *frame*; return what they give back."""
        returned: set[Thing] = set()
        for event in events:
            self.work += 1
            match event:
                case Use(name):
                    self.use(name, frame)
                case Assign(pairs):
                    made = [(name, self.binding(value, frame)) for name, value in pairs]
                    for name, binding in made:
                        self.bind(name, binding, frame)
                case Make(origin=origin) if origin[:6] == "class ":
                    self.define(event, frame)
                case Make():
                    self.make(event, frame)
                case Store():
                    self.set(event, frame)
                case Call():
                    self.call(event, frame)
                case Get():
                    self.get(event, frame)
                case Operate():
                    self.operate(event, frame)
                case Return(value):
                    returned |= self.things(value, frame)
                case _:
                    self.meet(event, frame)
        return frozenset(returned)

    def meet(self, event: Enter | Exit | Import | Star | Opaque, frame: Frame) -> None:
        """Follow an event that says how the code goes on, or what it brings in."""
        match event:
            case Enter():
                self.logs.append({})
            case Exit():
                self.merge()
            case Import(name, module):
                self.load(name, module, frame)
            case Star(module):
                self.star(module)
            case Opaque(what):
                self.opaque(what)
            case _:
                assert_never(event)
