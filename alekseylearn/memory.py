"""What is known while a notebook is followed: which names stand for which objects, and what the current cell needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from alekseylearn import effects
from alekseylearn.effects import Change
from alekseylearn.events import Function, Make, Store, Value
from alekseylearn.knowledge import libraries
from alekseylearn.objects import (
    LAZY,
    NO_THINGS,
    Binding,
    Body,
    Frame,
    How,
    Thing,
    Things,
    cover,
    in_order,
    inside,
    reach,
)

SHOWN_LAST = "%shown _"
SHOWN = "%shown Out"
_SHOWN_EARLIER = re.compile(r"(?:__|___|_\d+|Out|_oh)\Z")


MOST_WORK = 2_000_000
"""As many objects are looked at while a notebook is followed; who has more is not followed at all."""


class TooLargeError(Exception):
    """A notebook cannot be followed in bounded time."""


@dataclass(frozen=True, slots=True)
class Need:
    """A cell needs `name` as cell `source` left it; or one statement as another did, by their numbers."""

    source: int
    name: str
    how: How


@dataclass(slots=True)
class Memory:
    """The names of the notebook after what was followed so far, and the needs of the `current` statement.

    Cells are followed statement by statement: what is called a cell here and below, in sources and in `changed`, is the
    number of one of these, and `dataflow` puts them together for the cells of the notebook.

    `unseen` are cells that may have bound any name; `logs` remember what names stood for before code that may not run;
    `seen` are the objects that the current cell has looked at. `quiet` stays true as long as that cell does nothing but
    show; it may change objects that it made itself, whose numbers come after `began`.

    `sites` are the objects that the statement made, by the place in the code, the `way` of calls that leads there (its
    number in `ways`; `at` is the call being followed) and what made them: rounds of a loop make the same ones, so that
    they come to an end (allocation sites, after Chase, Wegman and Zadeck, 1990).
    """

    top: Frame = field(default_factory=Frame)
    current: int = -1
    unseen: list[int] = field(default_factory=list)
    logs: list[dict[tuple[Frame, str], Binding | None]] = field(default_factory=list)
    needs: dict[tuple[int, str], How] = field(default_factory=dict)
    seen: set[Thing] = field(default_factory=set)
    effects: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    quiet: bool = True
    began: int = 0
    at: str = ""
    way: int = 0
    ways: dict[tuple[int, Function, str], int] = field(default_factory=dict)
    sites: dict[tuple[int, str, str], Thing] = field(default_factory=dict)
    work: int = 0

    def spend(self, things: int) -> None:
        """Count *things* that are looked at; raises `TooLargeError` when these are too many in all."""
        self.work += things
        if self.work > MOST_WORK:
            raise TooLargeError

    def use(self, name: str, frame: Frame) -> None:
        """Note what reading *name* needs, with all that functions behind it will read when they run."""
        waiting = [(name, frame, False)]
        while waiting:
            name, frame, later = waiting.pop()
            binding = frame.find(name) or self.top.bindings.get(_last_shown(name))
            if binding is None:
                if not later and name not in libraries.BUILTINS:
                    self.unknown(name)
                continue
            self.spend(len(binding.sources) >> 3)
            for source, how in binding.sources:
                self.need(source, name, how)
            for body in self.look(binding.things, name):
                waiting += [(free, body.frame, True) for free in sorted(body.function.free_names)]

    def look(self, things: Things, name: str) -> list[Body]:
        """Note the changes of *things* and of what they hold; return the functions that are new to this cell."""
        bodies: list[Thing] = []
        new = things - self.seen
        while new:
            self.spend(len(new))
            self.seen |= new
            bodies += [thing for thing in new if thing.body is not None]
            for thing in new:
                thing.known_as = name if name[:1] != "%" else thing.known_as
                if thing.changed is not None:
                    self.need(thing.changed, name, "changes")
            beyond = NO_THINGS.union(*[thing.holds for thing in new], *[thing.sees for thing in new])
            beyond = beyond.union(
                *[thing.bases for thing in new], *[thing.lineage for thing in new if thing.origin in LAZY]
            )
            new = (beyond | {thing.klass for thing in new if thing.klass is not None}) - self.seen
        return [thing.body for thing in in_order(bodies) if thing.body is not None]

    def need(self, source: int, name: str, how: How) -> None:
        """Note that the current cell needs *name* as cell *source* left it."""
        if source != self.current:
            self.needs.setdefault((source, name), how)

    def unknown(self, name: str) -> None:
        """Note a name that nothing defined so far: it may come from code that cannot be seen."""
        if not self.unseen:
            self.missing[name] = None
        for source in self.unseen:
            self.need(source, name, "opaque")
        self.top.bindings[name] = Binding((), frozenset({Thing()}))

    def bind(self, name: str, binding: Binding, frame: Frame) -> None:
        """Let *name* stand for *binding*."""
        owner = frame.owner(name)
        if self.logs:
            self.logs[-1].setdefault((owner, name), owner.bindings.get(name))
        owner.bindings[name] = binding

    def merge(self) -> None:
        """End code that may not have run: what it bound may be bound as before."""
        log = self.logs.pop()
        for (owner, name), before in log.items():
            both = owner.bindings[name] = owner.bindings[name].or_else(before)
            self.spend(len(both.sources) >> 3)  # these are merely copied
            if self.logs:
                self.logs[-1].setdefault((owner, name), before)

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """Follow code that may not run."""
        self.logs.append({})
        yield
        self.merge()

    def binding(self, value: Value, frame: Frame, how: How = "defines") -> Binding:
        """Make the binding that assigning *value* makes."""
        literal = value.literal
        if not literal and len(value.same) == 1:
            found = frame.find(next(iter(value.same)))
            literal = found.literal if found else ""
        return Binding(((self.current, how),), self.things(value, frame), literal)

    def add_source(self, name: str, how: How) -> None:
        """Let *name*, which stands for a state of the world, be made by this cell as well as by those before."""
        before = self.top.bindings.get(name, Binding())
        sources = tuple(dict.fromkeys((*before.sources, (self.current, how))))
        self.bind(name, Binding(sources), self.top)

    # -- objects ------------------------------------------------------------------------------------------------

    def things(self, value: Value, frame: Frame) -> Things:
        """Find the objects that *value* may be."""
        found: set[Thing] = set()
        roots: set[Thing] = set()
        for name in value.same:
            binding = frame.find(name)
            if binding is not None:
                found |= binding.things
                roots |= binding.inside
        for name in value.inside:
            binding = frame.find(name)
            if binding is not None:
                roots |= binding.things | binding.inside
        found = found | inside(frozenset(roots)) if roots else found
        self.spend(len(found) + len(roots))
        return frozenset(found)

    def give(self, name: str, things: Iterable[Thing], frame: Frame) -> None:
        """Let the intermediate result *name* stand for *things*."""
        frame.bindings[name] = Binding(((self.current, "defines"),), frozenset(things))

    def made(self, origin: str, where: str = "") -> Thing:
        """Return the object of *origin* that is made here, which is the one of the round before in a loop."""
        key = (self.way, where or self.at, origin)
        found = self.sites.get(key)
        if found is None:
            found = self.sites[key] = Thing(origin=origin)
        return found

    def make(self, event: Make, frame: Frame) -> None:
        """Make a new object."""
        parts = NO_THINGS.union(*(self.things(part, frame) for part in event.parts))
        if event.derived and not parts and event.function is None:
            self.give(event.result, {self.made("(value)", event.result)}, frame)
            return
        plain = event.function is None and event.origin[:6] != "class "
        thing = self.made(event.origin or "(value)", event.result) if plain else Thing(origin=event.origin or "(value)")
        if event.derived:
            thing.lineage |= cover(parts)
        else:
            thing.holds |= cover(parts)
        if event.function is not None:
            thing.body = Body(event.function, frame)
            around: Frame | None = frame
            seen: set[Thing] = set()
            while around is not None and around.local_names is not None:
                for name in event.function.free_names & around.bindings.keys():
                    seen |= self.things(Value(same=frozenset({name})), around)
                around = around.parent
            thing.holds |= cover(frozenset(seen))
        thing.methods = {name: self.things(Value(same=frozenset({member})), frame) for name, member in event.methods}
        thing.fields = event.fields
        thing.add_items(tuple(self.things(item, frame) for item in event.items))
        thing.bases = NO_THINGS.union(*(self.things(base, frame) for base in event.bases))
        self.give(event.result, {thing}, frame)

    def store(self, event: Store, frame: Frame) -> None:
        """Set a subscript or an attribute of an object, or a setting of a module."""
        root = frame.find(event.path[0]) if event.path else None
        modules = [thing.module for thing in in_order(root.things) if thing.module] if root else []
        if modules:
            if not effects.shows_settings(modules[0], event.path[1:]):
                self.effects[f"changes `{'.'.join((modules[0], *event.path[1:]))}`"] = None
            return
        held = self.things(event.value, frame)
        for thing in self.things(event.target, frame):
            thing.keeps_gradient |= event.attribute == "requires_grad"
            self.alter(thing)
            self.hold(thing, held, event.attribute)

    def hold(self, thing: Thing, held: Things, attribute: str = "") -> None:
        """Let *thing* hold things from now on, as its *attribute* where the name is known."""
        if not attribute:
            thing.parts = None
        elif thing.is_class:
            thing.methods[attribute] = thing.methods.get(attribute, NO_THINGS) | held
        elif thing.parts is not None:
            thing.parts[attribute] = thing.parts.get(attribute, NO_THINGS) | held
        thing.holds |= cover(held - {thing})
        if thing.gives is not None:
            thing.gives |= held

    def change(self, things: Iterable[Thing], how: Change, *, sparing: bool = False) -> None:
        """Note that the current cell changes *things*; *sparing* mere values, and what only the notebook changes."""
        if how == "nothing":
            return
        things, graph = set(things), how == "graph"
        reached = things if how == "itself" else reach(things, look=graph, compute=graph)
        self.spend(len(reached))
        for thing in reached:
            if thing.body is not None or thing.module:
                continue
            if sparing and thing not in things and _is_spared(thing):
                continue
            if graph and effects.keeps_no_gradient(thing.origin) and not thing.keeps_gradient:
                continue
            self.alter(thing)

    def alter(self, thing: Thing) -> None:
        """Note that the current cell changes *thing*, as earlier cells left it."""
        if thing.number < self.began and effects.library(thing.origin) not in libraries.DISPLAY_LIBRARIES:
            self.quiet = False
        if thing.shared:
            self.effects[f"changes what `{thing.shared}` gives"] = None
        if thing.changed is not None and thing not in self.seen:
            self.need(thing.changed, thing.known_as, "changes")
        thing.changed = self.current


def _is_spared(thing: Thing) -> bool:
    """Whether models leave *thing* alone: a value, a class, or an object of the notebook that no library knows."""
    if thing.is_class or thing.origin in _OF_CLASSES or (effects.is_data(thing.origin) and not thing.keeps_gradient):
        return True
    return thing.klass is not None and not any(base.module for each in thing.classes for base in each.bases)


_OF_CLASSES = frozenset({"property", "classmethod", "staticmethod", "functools.cached_property"})


def _last_shown(name: str) -> str:
    """Return the name under which is kept what *name* is in IPython: the value shown last, or an earlier one."""
    if name == "_":
        return SHOWN_LAST
    return SHOWN if _SHOWN_EARLIER.match(name) else ""
