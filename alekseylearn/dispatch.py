"""Calls of what the notebook defines: its functions, its objects, their methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from alekseylearn.attributes import Attributes
from alekseylearn.events import NOTHING, Call
from alekseylearn.functions import SUPER
from alekseylearn.objects import NO_THINGS, Thing, Things, cover, in_order, reach


@dataclass(frozen=True, slots=True)
class Given:
    """What a call passes on."""

    positional: list[Things]
    named: dict[str, Things]

    @property
    def things(self) -> Things:
        """All of it."""
        return NO_THINGS.union(*self.positional, *self.named.values())


@dataclass(slots=True)
class Dispatch(Attributes, ABC):
    """Finds out who answers a call."""

    @abstractmethod
    def call_method(self, call: Call, method: str, receiver: Things, given: Given) -> Things:
        """Follow a call of a method of objects that libraries made."""

    def hand_over(self, passed: Things, receiver: Things) -> Things:
        """Run functions that are handed to a call with whatever that call has; return what they give back."""
        handed = [thing for thing in passed if (thing.body is not None or thing.bound) and thing.arguments is None]
        if not handed:
            return NO_THINGS
        others = frozenset(each for each in reach(passed | receiver) if each.body is None and not each.bound)
        returned = NO_THINGS
        for thing in in_order(handed):
            if self.is_new(thing, others):
                returned |= self.run_with(thing, others) if thing.body is not None else self.run_bound(thing, others)
        return returned

    def run_bound(self, thing: Thing, others: Things) -> Things:
        """Call a method that was kept."""
        call = Call(result="", base=NOTHING, attributes=(thing.bound,))
        return self.dispatch(call, thing.bound, frozenset(thing.holds), Given([others], {}))

    def dispatch(self, call: Call, method: str, base: Things, given: Given) -> Things:
        """Call *method* of objects, or the objects themselves where it is ''."""
        found: set[Thing] = set()
        others: set[Thing] = set()
        answered = False
        if method in self.methods:
            base |= self.inner(base, method)
        sure = len(base) == 1
        self.spend(len(base))
        for thing in in_order(base):
            answer = self.call_member if method else self.call_itself
            returned = answer(call, thing, given, sure=sure)
            if returned is not None:
                found |= returned
                answered = True
                continue
            if method or not _wraps(thing, base):
                others |= thing.holds if thing.origin == SUPER else {thing}
            for held in () if method else in_order(thing.holds - base):
                found |= self.run_with(held, given.things)
        if call.decorates:
            # Not before: a decorator takes the function, and runs only what it was made of.
            self.take(base, given.things)
        if answered:
            found |= _kept(base, found)
        if answered and not found:
            found.add(self.derived(base | given.things))
        if others or not answered:
            found |= self.call_method(call, method, frozenset(others), given)
        return frozenset(found)

    def take(self, decorators: Things, things: Things) -> None:
        """Let *decorators* hold what they decorate."""
        for thing in in_order(decorators):
            if thing.body is None and not thing.is_class:
                self.alter(thing)
                self.hold(thing, things)

    def derived(self, things: Things) -> Thing:
        """Make the value that a call computes of *things*."""
        made = self.made("(value)")
        made.lineage |= things
        return made

    def inner(self, base: Things, method: str) -> Things:
        """Find the notebook's objects with this method that lie inside objects of libraries."""
        opaque = [thing for thing in base if not thing.is_plain and thing.klass is None and not thing.is_class]
        return frozenset(thing for thing in reach(opaque) if thing.klass is not None and thing.method(method))

    def call_member(self, call: Call, thing: Thing, given: Given, *, sure: bool) -> Things | None:
        """Call `thing.method(...)`; None when the notebook does not define it."""
        method = call.last
        if thing.origin == SUPER and not thing.method(method):
            return self.call_above(thing, method, given)
        if not thing.member(method):
            if not thing.method("__getattr__"):
                return None
            reached = self.run_methods(thing, ("__getattr__",), NO_THINGS) - {thing}
            calls = frozenset(each for each in reached if each.body is not None or each.bound)
            found = self.dispatch(call, "", calls, given) if calls else NO_THINGS
            return found | self.call_method(call, method, reached - calls, given)
        returned, values = self.run_member(thing, method, given.positional, given.named, sure=sure)
        called = values - {thing}
        return returned | self.dispatch(call, "", called, given) if called else returned

    def call_above(self, thing: Thing, method: str, given: Given) -> Things | None:
        """Call a method that no base class of the notebook defines, through `super()`."""
        if method == "__new__":
            classes = [each for each in thing.holds if each.is_class]
            return frozenset(Thing(origin=each.origin[6:], klass=each, parts={}) for each in in_order(classes))
        if method != "__init__":
            return None
        for itself in in_order(thing.holds) if given.things else ():
            self.hold(itself, given.things)
        return NO_THINGS

    def call_itself(self, call: Call, thing: Thing, given: Given, *, sure: bool) -> Things | None:
        """Call `thing(...)`; None when the notebook does not define what this does."""
        if thing.bound:
            return self.dispatch(replace(call, attributes=(thing.bound,)), thing.bound, frozenset(thing.holds), given)
        if thing.body is not None:
            return self.run(thing.body, given.positional, given.named, thing.holds, sure=sure)
        if thing.is_class:
            return self.construct(thing, given.positional, given.named, sure=sure)
        name = next((name for name in ("__call__", "forward", "call") if thing.method(name)), "")
        if not name:
            return None
        self.draw_through({thing})
        if thing.parts is None:
            for held in in_order(thing.holds):
                self.run_with(held, given.things)
        return self.run_member(thing, name, given.positional, given.named, sure=sure)[0]


def _wraps(thing: Thing, base: Things) -> bool:
    """Whether *thing* is what a decorator made of something in *base*; a cache is more than that."""
    made_of = thing.holds & base
    return "cache" not in thing.origin and any(held.body is not None or held.is_class for held in made_of)


def _kept(base: Things, found: set[Thing]) -> set[Thing]:
    """Let caches around a function keep what it gives back; return what they kept before."""
    kept: set[Thing] = set()
    for thing in base:
        if "cache" in thing.origin or "memo" in thing.origin:
            thing.holds |= cover(frozenset(found))
            kept |= thing.holds - base
    return kept
