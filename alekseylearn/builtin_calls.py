"""Calls of Python's builtins of which more is known than their name."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

from alekseylearn.dispatch import Dispatch, Given
from alekseylearn.events import Call
from alekseylearn.expressions import CONTAINER
from alekseylearn.knowledge import libraries
from alekseylearn.objects import NO_THINGS, Frame, Things, cover, in_order, inside


@dataclass(slots=True)
class BuiltinCalls(Dispatch, ABC):
    """Follows calls of builtins."""

    def call_builtin(self, call: Call, name: str, given: Given, frame: Frame) -> Things | None:
        """Follow a call of a builtin of which more is known than its name."""
        passed = given.things
        if name == "super" and not passed:
            return self.superior(frame)
        if name == "type" and len(given.positional) == 1:
            return frozenset(thing.klass for thing in passed if thing.klass is not None) or None
        if name in ("setattr", "delattr"):
            return self.set_by_name(call, given)
        if name == "getattr" and len(call.arguments) > 1:
            text = call.arguments[1].text
            return self.along(given.positional[0], [text]) | passed if text else None
        for thing in in_order(passed):
            methods = libraries.UNASKED_BY.get(name, libraries.UNASKED_BY_OTHERS)
            if thing.klass is not None and not self.unasked.isdisjoint(methods):
                self.run_methods(thing, sorted(methods), NO_THINGS, NO_THINGS)
        if name not in libraries.GOING_THROUGH:
            return None
        return self.go_through(name, given)

    def go_through(self, name: str, given: Given) -> Things | None:
        """Follow a builtin that goes through what it gets, now or later."""
        passed = given.things
        elements = self.iterate(passed)
        if name in libraries.CONTAINERS:
            made = self.made(CONTAINER)
            items = elements.union(inside(passed), *given.named.values(), self.hand_over(passed, NO_THINGS))
            made.holds |= cover(items)
            return frozenset({made})
        if name in ("next", "anext"):
            return self.step(given, elements)
        if name not in libraries.CONSUMABLE:
            return None
        made = self.made(name)
        made.lineage |= cover(passed)
        if name in ("zip", "enumerate"):
            row = self.made(CONTAINER)
            places = tuple(inside(things) for things in given.positional)
            row.add_items((NO_THINGS, *places) if name == "enumerate" else places)
            row.holds |= cover(elements | inside(passed))
            made.holds.add(row)
            return frozenset({made})
        made.holds |= elements | self.hand_over(passed, NO_THINGS)
        same = frozenset(thing for thing in passed if name == "iter" and thing.origin in libraries.CONSUMABLE)
        return frozenset({made}) | same

    def step(self, given: Given, elements: Things) -> Things:
        """Follow `next`: it moves an iterator on, and gives what the iterator gives."""
        iterator = NO_THINGS.union(*given.positional[:1])
        self.change(iterator, "itself")
        found = elements.union(inside(iterator), *given.positional[1:])
        if found:
            return found
        made = self.made("(value)")
        made.lineage |= iterator
        return frozenset({made})

    def set_by_name(self, call: Call, given: Given) -> Things:
        """Follow `setattr` and `delattr`."""
        name = call.arguments[1].text if len(call.arguments) > 1 else None
        value = given.positional[2] if len(given.positional) > 2 else NO_THINGS
        for thing in in_order(given.positional[0] if given.positional else given.things):
            if thing.module:
                self.effects[f"changes `{thing.module}.{name or '...'}`"] = None
                continue
            self.alter(thing)
            self.hold(thing, value, name or "")
        return NO_THINGS
