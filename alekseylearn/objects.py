"""The objects that names stand for while a notebook is read: who holds whom, and which cells changed what."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal, TypeAlias

from alekseylearn.events import Function
from alekseylearn.knowledge.libraries import FIELDS, PROGRESS

NAMELESS = "a value"
"""What is needed where no name stands for it."""

How = Literal["defines", "imports", "changes", "random", "file", "opaque"]


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What runs when a function is called, and the names that it was defined among."""

    function: Function
    frame: Frame


@dataclass(slots=True, eq=False)
class Thing:
    """An object that the notebook makes.

    `holds` are objects that it owns, `sees` objects that it got to look at, `lineage` what it was computed from.
    `klass` is its class, where this is one of the notebook's; such a class knows its `methods`, its `bases`, its
    `metaclass` and its annotated `fields`. `parts` are its attributes by name, None when it may have others; `items`
    those of a tuple by their place; `gives` is what going through it, or a subscript, gives where that is not all that
    it holds. `bound` is the name of the method that it is, of what it holds; `arguments` are those of a generator,
    whose body runs with them later. `shared` names the function that handed out this setting of a library;
    `keeps_gradient` tells a tensor that backward passes write to from one that they only go through; `overwrites` says
    that it puts its results where the data was. `changed` is the last cell that changed it, which needs those that did
    before; `known_as` the name by which it was seen last; `draws` the global random generators that its methods draw
    from; `line` remembers its `classes` for these `bases`; `number` tells it from others in the order in which they
    were made.
    """

    origin: str = ""
    module: str = ""
    text: str | None = None
    body: Body | None = None
    methods: dict[str, Things] = field(default_factory=dict)
    klass: Thing | None = None
    holds: set[Thing] = field(default_factory=set)
    sees: set[Thing] = field(default_factory=set)
    lineage: set[Thing] = field(default_factory=set)
    bases: Things = frozenset()
    metaclass: Thing | None = None
    fields: tuple[str, ...] = ()
    parts: dict[str, Things] | None = None
    items: tuple[Things, ...] = ()
    gives: Things | None = None
    bound: str = ""
    arguments: tuple[list[Things], dict[str, Things]] | None = None
    shared: str = ""
    keeps_gradient: bool = False
    overwrites: bool = False
    changed: int | None = None
    known_as: str = NAMELESS
    draws: frozenset[str] = frozenset()
    line: tuple[Things, tuple[Thing, ...]] | None = None
    number: int = field(default_factory=itertools.count().__next__)

    def add_items(self, items: tuple[Things, ...]) -> None:
        """Let the places of a tuple hold these as well: it may be made anew in each round of a loop."""
        self.items = tuple(map(frozenset.union, self.items, items)) if self.items else items

    @property
    def is_class(self) -> bool:
        """Whether this is a class of the notebook."""
        return self.origin[:6] == "class "

    @property
    def classes(self) -> tuple[Thing, ...]:
        """The notebook's classes in which its methods are looked for, the nearest first."""
        klass = self if self.is_class else self.klass
        if klass is None:
            return ()
        if klass.line is None or klass.line[0] is not klass.bases:
            found: dict[Thing, None] = {}
            waiting = [klass]
            while waiting:
                each = waiting.pop()
                if each not in found:
                    found[each] = None
                    waiting.extend(reversed(in_order(base for base in each.bases if base.is_class)))
            klass.line = klass.bases, tuple(found)
        return klass.line[1]

    def member(self, name: str) -> Things:
        """Find the attribute *name*; nothing when it is not known."""
        own = self.parts.get(name, NO_THINGS) if self.parts is not None else NO_THINGS
        of_class = self.method(name)
        return own if own and any(thing.is_field for thing in of_class) else own | of_class

    def method(self, name: str) -> Things:
        """Find what the nearest class that defines *name* has under this name."""
        for each in self.classes:
            found = each.methods.get(name)
            if found:
                return found
        return NO_THINGS

    @property
    def is_field(self) -> bool:
        """Whether this stands in a class for what each object gets anew."""
        return self.origin in FIELDS

    @property
    def maker(self) -> str:
        """What says how its methods behave: a library's class, where the notebook's class is made of one."""
        if self.klass is None:
            return self.origin
        above = (base.module for each in self.classes for base in in_order(each.bases) if base.module)
        return next(above, self.origin)

    @property
    def is_plain(self) -> bool:
        """Whether what it holds is all that can be reached through it: it is no part of these itself."""
        if self.origin in _PLAIN:
            return True
        return self.parts is not None and not any(base.module for each in self.classes for base in each.bases)


_NUMBER = attrgetter("number")
Things: TypeAlias = "frozenset[Thing]"
NO_THINGS: Things = frozenset()


LAZY = PROGRESS | {"(generator)", "zip", "map", "filter", "enumerate", "iter", "reversed"}
"""What made an iterator: it goes through what it was made of when somebody goes through it."""
_ONE_BY_ONE = PROGRESS | {"map", "filter", "iter", "reversed"}
_PLAIN = LAZY | {"(container)"}


@dataclass(frozen=True, slots=True)
class Binding:
    """What a name stands for: the cells that bound it, and the objects that it may be, or be `inside` of."""

    sources: tuple[tuple[int, How], ...] = ()
    things: Things = NO_THINGS
    literal: str = ""
    inside: Things = NO_THINGS

    def or_else(self, other: Binding | None) -> Binding:
        """Merge with *other*, which holds where the code that made this one did not run."""
        if other is None or other == self:
            return self
        sources = (*other.sources, *self.sources)
        if len(self.sources) != 1 or other.sources[-1:] == self.sources:
            # A cell that was not followed before is the last one: nothing of it stands there yet.
            sources = tuple(dict.fromkeys(sources))
        literal = self.literal if self.literal == other.literal else ""
        return Binding(sources, self.things | other.things, literal)


@dataclass(slots=True, eq=False)
class Frame:
    """The names of the notebook (`local_names` is None) or of one call of a function."""

    parent: Frame | None = None
    local_names: frozenset[str] | None = None
    bindings: dict[str, Binding] = field(default_factory=dict)

    def find(self, name: str) -> Binding | None:
        """Find the binding that *name* has here."""
        frame: Frame | None = self
        while frame is not None:
            found = frame.bindings.get(name)
            if found is not None:
                return found
            frame = frame.parent
        return None

    def owner(self, name: str) -> Frame:
        """Find the frame in which a binding of *name* made here belongs."""
        if name.startswith("%"):
            return self
        frame = self
        while frame.parent is not None and frame.local_names is not None and name not in frame.local_names:
            frame = frame.parent
        return frame


def in_order(things: Iterable[Thing]) -> list[Thing]:
    """Sort *things* by when they were made, so that the same notebook always gives the same answer."""
    found = list(things)
    if len(found) > 1:
        found.sort(key=_NUMBER)
    return found


def reach(things: Iterable[Thing], *, look: bool = True, compute: bool = False) -> set[Thing]:
    """Collect *things* and all that they hold; with *look* also what they see, with *compute* their lineage."""
    found = set(things)
    _go_on(found, found, look=look, compute=compute)
    return found


def _go_on(found: set[Thing], new: AbstractSet[Thing], *, look: bool, compute: bool) -> None:
    """Add to *found* all that *new* things lead to; what was found before leads to nothing new."""
    waiting = list(new)
    while waiting:
        thing = waiting.pop()
        beyond: set[Thing] = thing.holds - found if thing.holds else set()
        if look and thing.sees:
            beyond |= thing.sees - found
        if compute and thing.lineage:
            beyond |= thing.lineage - found
        if thing.klass is not None or thing.bases or thing.origin in LAZY:
            beyond |= _behind(thing) - found
        if beyond:
            found |= beyond
            waiting += beyond


def _behind(thing: Thing) -> set[Thing]:
    """Find what *thing* leads to besides what it holds: values of its class, and what an iterator goes through."""
    found = {part for each in thing.classes for parts in each.methods.values() for part in parts if part.body is None}
    for source in thing.lineage if thing.origin in LAZY else ():
        found |= source.holds if source.is_plain else {source}
    return found


def _elements(source: Thing) -> AbstractSet[Thing]:
    """Find what an iterator over *source* gives, one after the other."""
    if source.gives is not None:
        return source.gives
    return source.holds if source.is_plain else {source}


def inside(things: Things) -> Things:
    """Find what can be had from *things* by one subscript, one attribute or iteration.

    Of a container these are its items; of an object that nobody can look into, itself and all that it holds.
    """
    found: set[Thing] = set()
    opaque: list[Thing] = []
    for thing in things:
        if thing.is_plain:
            found |= thing.holds
            for source in thing.lineage if thing.origin in _ONE_BY_ONE else ():
                found |= _elements(source)
            for each in thing.classes if thing.klass is not None else ():
                found.update(part for parts in each.methods.values() for part in parts if part.body is None)
        elif thing.gives is not None:
            found |= thing.gives
        elif not thing.module:
            opaque.append(thing)
    return frozenset(found.union(reach(opaque)) if opaque else found)


def cover(things: Things) -> Things:
    """Leave out those of *things* that can be reached through others of them."""
    if len(things) <= _FEW:
        return things
    found: set[Thing] = set()
    reached: set[Thing] = set()
    for thing in reversed(in_order(things)):
        if thing not in reached:
            found.add(thing)
            reached.add(thing)
            _go_on(reached, {thing}, look=True, compute=False)
    return frozenset(found)


_FEW = 4
