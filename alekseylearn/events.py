"""What a cell does, as a short list of events: names are used and bound, values are made, stored and called."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Where a value may come from.

    It may be the object that one of the names in `same` stands for, or anything reachable from those in `inside`.
    Names that begin with `%` are intermediate results. `literal` is the `repr` of a constant.
    """

    same: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()
    literal: str = ""

    @property
    def text(self) -> str | None:
        """The string that this value is, where it is written out."""
        return str(ast.literal_eval(self.literal)) if self.literal[:1] in ("'", '"') else None

    @property
    def element(self) -> Value:
        """Anything that can be reached from this value by a subscript, an attribute or iteration."""
        return Value(inside=self.same | self.inside)

    def __or__(self, other: Value) -> Value:
        """One of the two values."""
        return Value(same=self.same | other.same, inside=self.inside | other.inside)


NOTHING = Value()


@dataclass(frozen=True, slots=True)
class Use:
    """A name is read."""

    name: str


@dataclass(frozen=True, slots=True)
class Assign:
    """Names are bound, after all values have been computed."""

    pairs: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """A new object that holds its parts; where `derived` is true it is computed from them and holds none.

    `items` are the parts of a tuple by their place, `fields` the annotated names of a class.
    """

    result: str
    parts: tuple[Value, ...] = ()
    derived: bool = False
    origin: str = ""
    function: Function | None = None
    methods: tuple[tuple[str, str], ...] = ()
    bases: tuple[Value, ...] = ()
    metaclasses: tuple[Value, ...] = ()
    items: tuple[Value, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A subscript or an attribute is set: `path` is what stands left of the sign, as far as it is names and dots.

    `attribute` is the name that is set, '' for a subscript.
    """

    target: Value
    value: Value
    path: tuple[str, ...] = ()
    attribute: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of `base.attributes(arguments)`; `discarded` when nothing takes its result, `decorates` a definition.

    `words` is what is called as a reader would write it down, without arguments: `Ridge().fit`.
    """

    result: str
    base: Value
    name: str = ""
    attributes: tuple[str, ...] = ()
    arguments: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    words: str = ""
    discarded: bool = False
    decorates: bool = False

    @property
    def last(self) -> str:
        """The last name of what is called: `fit` in `model.fit(X)`."""
        return self.attributes[-1] if self.attributes else self.name

    def keyword(self, name: str) -> Value | None:
        """Find the argument that is given by *name*."""
        return next((value for key, value in self.keywords if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """An attribute of `base` is read, or a subscript where `attribute` is '': the one at `index`, where it is known.

    With `part` it is a slice, which is a new container where the base is one.
    """

    result: str
    base: Value
    attribute: str = ""
    index: int | None = None
    part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operate:
    """An operator is used: where the notebook's own classes define these `methods`, they run."""

    result: str
    methods: tuple[str, ...]
    operands: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """A name is bound to a module or to something in it."""

    name: str
    module: str


@dataclass(frozen=True, slots=True)
class Star:
    """`from module import *`: any name may be bound."""

    module: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """Code that cannot be seen through, such as `exec`; `what` names it."""

    what: str


@dataclass(frozen=True, slots=True)
class Return:
    """A function gives this value back."""

    value: Value


@dataclass(frozen=True, slots=True)
class Enter:
    """Code begins that may run or not."""


@dataclass(frozen=True, slots=True)
class Exit:
    """Code ends that may have run or not."""


Event: TypeAlias = Use | Assign | Make | Store | Call | Get | Operate | Import | Star | Opaque | Return | Enter | Exit


@dataclass(frozen=True, eq=False)
class Function:
    """A function, lambda or method: its body runs when it is called, so its free names count only then."""

    name: str
    parameters: tuple[str, ...]
    events: tuple[Event, ...]
    shared: frozenset[str] = frozenset()
    """Names that the body declares `global` or `nonlocal`."""
    positional: int = 0
    """How many of its parameters may be given by their position."""
    lazy: bool = False
    """Whether it is a generator, whose body runs when somebody goes through it."""

    @cached_property
    def local_names(self) -> frozenset[str]:
        """Names that live in one call."""
        found = set(self.parameters)
        for event in self.events:
            match event:
                case Assign(pairs):
                    found.update(name for name, _ in pairs)
                case Import(name, _):
                    found.add(name)
                case _:
                    pass
        return frozenset(found - self.shared)

    @cached_property
    def certain(self) -> int:
        """How many of its events happen whenever it is called: those before a branch or loop that may leave it."""
        depth = start = 0
        for number, event in enumerate(self.events):
            match event:
                case Enter():
                    start = start if depth else number
                    depth += 1
                case Exit():
                    depth -= 1
                case Return():
                    return start if depth else number + 1
                case _:
                    pass
        return len(self.events)

    @cached_property
    def free_names(self) -> frozenset[str]:
        """Names that the body, or a function inside it, takes from outside."""
        found: set[str] = set()
        for event in self.events:
            match event:
                case Use(name):
                    found.add(name)
                case Make(function=Function() as inner):
                    found |= inner.free_names
                case _:
                    pass
        return frozenset(found - self.local_names)
