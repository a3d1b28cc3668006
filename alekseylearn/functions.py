"""Functions of the notebook: their bodies are followed when they are called, or may be called by a library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alekseylearn.events import Event, Function
from alekseylearn.objects import NO_THINGS, Body, Frame, Thing, Things, cover, in_order, reach
from alekseylearn.world import World

SUPER = "(super)"
_NEVER_WOKEN = frozenset({"__init__", "__new__", "__call__", "__init_subclass__", "__post_init__"})


class TooMuchError(Exception):
    """A cell calls more functions than can be followed."""


@dataclass(slots=True)
class _Recursion:
    """What calls of a function that is being followed already pass to it, and what it gave back so far."""

    positional: list[Things] = field(default_factory=list)
    named: dict[str, Things] = field(default_factory=dict)
    returned: Things = NO_THINGS


@dataclass(slots=True)
class Functions(World, ABC):
    """Follows functions and methods that the notebook defines.

    `running` are the functions whose bodies are being followed, `budget` how many more may be; `owners` are the classes
    that methods stand in. `waking` says that functions run of which nobody knows whether they do; `done` is what this
    statement need not do again.
    """

    running: list[Function] = field(default_factory=list)
    recursions: dict[Function, _Recursion] = field(default_factory=dict)
    budget: int = 0
    owners: dict[Function, Thing] = field(default_factory=dict)
    waking: bool = False
    done: set[tuple[Thing, Things]] = field(default_factory=set)

    def is_new(self, thing: Thing, things: Things) -> bool:
        """Whether this statement hands *things* to *thing* for the first time, as far as earlier ones made them."""
        key = (thing, frozenset(each for each in things if each.number < self.began))
        if key in self.done:
            return False
        self.done.add(key)
        return True

    @abstractmethod
    def follow(self, events: Iterable[Event], frame: Frame) -> Things:
        """Follow *events* in *frame*; return what they give back."""

    def run(
        self,
        body: Body,
        positional: Sequence[Things],
        named: Mapping[str, Things],
        defaults: Iterable[Thing] = (),
        *,
        sure: bool = False,
    ) -> Things:
        """Follow the body of a function of the notebook with these arguments; *sure* says that it is what is called."""
        function = body.function
        if function in self.running:
            return self.recur(function, positional, named)
        if self.budget <= 0:
            raise TooMuchError
        returned = self.once(body, positional, named, defaults, sure=sure and not function.lazy)
        recursion = self.recursions.get(function)
        if recursion is not None:
            recursion.returned = returned
            returned |= self.once(
                body, _merged(positional, recursion.positional), {**named, **recursion.named}, defaults
            )
            del self.recursions[function]
        if function.lazy:
            made = Thing(origin="(generator)", body=body, arguments=(list(positional), dict(named)))
            made.holds |= cover(returned)
            made.lineage |= cover(NO_THINGS.union(*positional, *named.values()))
            return frozenset({made})
        return returned

    def recur(self, function: Function, positional: Sequence[Things], named: Mapping[str, Things]) -> Things:
        """Note what a function passes to itself: its body is followed once more with this."""
        self.quiet = False
        found = self.recursions.setdefault(function, _Recursion())
        found.positional = _merged(positional, found.positional)
        for name, things in named.items():
            found.named[name] = found.named.get(name, NO_THINGS) | things
        return found.returned.union(*positional, *named.values())

    def once(
        self,
        body: Body,
        positional: Sequence[Things],
        named: Mapping[str, Things],
        defaults: Iterable[Thing],
        *,
        sure: bool = False,
    ) -> Things:
        """Follow the body of a function one time."""
        self.budget -= 1
        function = body.function
        frame = Frame(parent=body.frame, local_names=function.local_names)
        count = function.positional
        rest = NO_THINGS.union(
            *positional[count:],
            *(things for name, things in named.items() if name not in function.parameters),
            defaults,
        )
        for number, name in enumerate(function.parameters):
            things = positional[number] if number < min(count, len(positional)) else named.get(name, rest)
            self.give(name, things, frame)
        way, at = self.way, self.at
        self.way = self.ways.setdefault((way, function, at), len(self.ways) + 1)
        self.running.append(function)
        certain = function.certain if sure else 0
        returned = self.follow(function.events[:certain], frame)
        with self.perhaps():
            returned |= self.follow(function.events[certain:], frame)
        self.running.pop()
        self.way, self.at = way, at
        return returned

    def run_with(self, thing: Thing, others: Things) -> Things:
        """Run a function with whatever is there; a generator with what it was called with."""
        if thing.body is None:
            return NO_THINGS
        if thing.arguments is not None:
            return self.run(thing.body, *thing.arguments)
        return self.run(thing.body, [others] * len(thing.body.function.parameters), {}, thing.holds)

    def run_methods(self, thing: Thing, names: Iterable[str], *arguments: Things) -> Things:
        """Run the methods of these names that the class of *thing* defines."""
        first = frozenset({thing})
        return NO_THINGS.union(*[self.run_all(thing.method(name), [first, *arguments], {}) for name in names])

    def run_all(
        self, methods: Things, positional: Sequence[Things], named: Mapping[str, Things], *, sure: bool = False
    ) -> Things:
        """Run those of *methods* that are functions; what decorators made of them are not."""
        returned = NO_THINGS
        for method in in_order(methods):
            if method.body is not None:
                alone = sure and len(methods) == 1
                returned |= self.run(method.body, positional, named, method.holds, sure=alone)
        return returned

    def run_member(
        self,
        thing: Thing,
        name: str,
        positional: Sequence[Things],
        named: Mapping[str, Things],
        *,
        sure: bool = False,
    ) -> tuple[Things, Things]:
        """Call `thing.name(...)`; return what it gives back, and the attributes that are no methods but are called."""
        of_class = thing.method(name)
        wrappers = {each.origin for each in of_class if each.body is None}
        first = [frozenset({thing})]
        if thing.origin == SUPER:
            first = [frozenset(thing.holds)]
        if "classmethod" in wrappers:
            first = [frozenset(thing.classes[:1])]
        elif "staticmethod" in wrappers or thing.is_class:
            first = []
        returned = self.run_all(of_class, [*first, *positional], named, sure=sure)
        values = thing.parts.get(name, NO_THINGS) if thing.parts else NO_THINGS
        ran = any(method.body is not None for method in of_class)
        return returned, values if ran else values | of_class

    def wake(self, things: Things, passed: Things) -> None:
        """Run what a library may run: functions and methods of the notebook that lie among *things*."""
        asleep = [thing for thing in reach(things) if thing.body is not None or thing.klass is not None]
        if self.waking or not asleep:
            return
        self.waking = True
        others = frozenset(each for each in reach(things | passed) if each.body is None)
        for thing in in_order(asleep):
            if thing.body is None and self.is_new(thing, others):
                names = {name for each in thing.classes for name in each.methods}
                self.run_methods(thing, sorted(names - _NEVER_WOKEN), *[others] * 5)
            elif thing.body is not None and thing.body.function not in self.owners and self.is_new(thing, others):
                self.run_with(thing, others)
        self.waking = False


def _merged(first: Sequence[Things], second: Sequence[Things]) -> list[Things]:
    length = max(len(first), len(second))
    padded = [[*things, *[NO_THINGS] * (length - len(things))] for things in (first, second)]
    return [one | other for one, other in zip(*padded, strict=True)]
