"""The objects that names stand for while a notebook is read: who holds whom, and which cells changed what."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal

from alekseylearn.events import Function

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
    `changed` is the last cell that changed it, which needs those that did before; `known_as` the name by which it was
    seen last; `draws` the global random generators that its methods draw from; `number`
    tells it from others in the order in which they were made.
    """

    origin: str = ""
    module: str = ""
    text: str | None = None
    body: Body | None = None
    methods: dict[str, frozenset[Thing]] = field(default_factory=dict)
    klass: Thing | None = None
    holds: set[Thing] = field(default_factory=set)
    sees: set[Thing] = field(default_factory=set)
    lineage: set[Thing] = field(default_factory=set)
    changed: int | None = None
    known_as: str = "a value"
    draws: frozenset[str] = frozenset()
    number: int = field(default_factory=itertools.count().__next__)


Things = frozenset[Thing]
_NUMBER = attrgetter("number")
NO_THINGS: Things = frozenset()


@dataclass(frozen=True, slots=True)
class Binding:
    """What a name stands for: the cells that bound it, and the objects that it may be."""

    sources: tuple[tuple[int, How], ...] = ()
    things: Things = NO_THINGS
    literal: str = ""

    def or_else(self, other: Binding | None) -> Binding:
        """Merge with *other*, which holds where the code that made this one did not run."""
        if other is None or other == self:
            return self
        sources = tuple(dict.fromkeys((*other.sources, *self.sources)))
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
    return sorted(things, key=_NUMBER)


def reach(things: Iterable[Thing], *, look: bool = True, compute: bool = False) -> set[Thing]:
    """Collect *things* and all that they hold; with *look* also what they see, with *compute* their lineage."""
    found = set(things)
    new: AbstractSet[Thing] = found
    while new:
        beyond = NO_THINGS.union(*[thing.holds for thing in new])
        if look:
            beyond = beyond.union(*[thing.sees for thing in new if thing.sees])
        if compute:
            beyond = beyond.union(*[thing.lineage for thing in new])
        new = beyond - found
        found |= new
    return found
