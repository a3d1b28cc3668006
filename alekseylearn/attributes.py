"""What is read of objects: attributes, subscripts and items, and the methods of the notebook that this runs."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable
from dataclasses import dataclass

from alekseylearn import effects
from alekseylearn.classes import Classes
from alekseylearn.events import Get, Operate, Store
from alekseylearn.expressions import CONTAINER
from alekseylearn.knowledge import libraries, methods, randomness
from alekseylearn.objects import NO_THINGS, Binding, Frame, Thing, Things, in_order, inside, reach

_METHOD = "(method)"
_GOES_THROUGH = ("__iter__", "__next__", "__getitem__", "__len__")


@dataclass(slots=True)
class Attributes(Classes, ABC):
    """Follows operators, and whatever reads or sets parts of objects."""

    def operate(self, event: Operate, frame: Frame) -> None:
        """Run the methods behind an operator."""
        if self.unasked.isdisjoint(event.methods):
            return
        operands = [self.things(operand, frame) for operand in event.operands]
        returned = NO_THINGS
        for number, things in enumerate(operands):
            others = NO_THINGS.union(*operands[:number], *operands[number + 1 :])
            for thing in in_order(things):
                returned |= self.run_methods(thing, event.methods, others, others, others)
        self.give(event.result, returned, frame)

    def set(self, event: Store, frame: Frame) -> None:
        """Set a subscript or an attribute; where the notebook says how this is done, its code runs."""
        names = (event.attribute, "__setattr__") if event.attribute else ("__setitem__",)
        if not self.unasked.isdisjoint(names):
            value = self.things(event.value, frame)
            for thing in in_order(self.things(event.target, frame)):
                self.run_methods(thing, [name for name in names if name in self.unasked], value, value)
        self.store(event, frame)

    def get(self, event: Get, frame: Frame) -> None:
        """Read an attribute or a subscript; what is not known exactly is somewhere inside."""
        things: set[Thing] = set()
        roots: set[Thing] = set()
        for name in event.base.same:
            binding = frame.find(name)
            if binding is not None:
                things |= binding.things
                roots |= binding.inside
        for name in event.base.inside:
            binding = frame.find(name)
            if binding is not None:
                roots |= binding.things | binding.inside
        if event.part:
            things |= roots
            roots = set()
        things |= inside(frozenset(root for root in roots if root.is_plain))
        roots = {root for root in roots if not root.is_plain}
        if roots and not self.unasked.isdisjoint((event.attribute or "__getitem__", "__getattr__", "__missing__")):
            things |= inside(frozenset(roots))
            roots = set()
        found: set[Thing] = set()
        for thing in in_order(things):
            exact = self.attribute(thing, event.attribute) if event.attribute else self.item(thing, event)
            if exact is None:
                roots.add(thing)
            else:
                found |= exact
        frame.bindings[event.result] = Binding((), frozenset(found), "", frozenset(roots))

    def item(self, thing: Thing, event: Get) -> Things | None:
        """Read a subscript of *thing*; None when it may be anything inside."""
        if event.index is not None and -len(thing.items) <= event.index < len(thing.items):
            return thing.items[event.index]
        if event.part and thing.origin == CONTAINER:
            made = self.made(CONTAINER, event.result)
            made.holds |= thing.holds
            return frozenset({made})
        if thing.module:
            return frozenset({Thing(origin=thing.module)})
        if thing.origin in libraries.FILLED_BY_READING:
            self.alter(thing)
        if thing.klass is not None and (thing.method("__getitem__") or thing.method("__missing__")):
            returned = self.run_methods(thing, ("__getitem__", "__missing__"), NO_THINGS)
            return returned if thing.method("__getitem__") else returned | inside(frozenset({thing}))
        return None

    def attribute(self, thing: Thing, name: str) -> Things | None:
        """Read an attribute of *thing*; None when it may be anything inside."""
        if thing.module:
            return frozenset({Thing(module=f"{thing.module}.{name}", origin=f"{thing.module}.{name}")})
        if name in ("__dict__", "__class__"):
            return frozenset({thing}) if name == "__dict__" or thing.klass is None else frozenset({thing.klass})
        if thing.gives is not None:
            return frozenset(reach({thing}))
        method = thing.method(name)
        if name in self.unasked and method and not thing.is_class:
            returned = self.run_methods(thing, (name,))
            if any("cache" in each.origin for each in method):
                self.alter(thing)
                self.hold(thing, returned, name)
            return returned
        if any(each.body is not None for each in method) and not (thing.is_class or name in (thing.parts or ())):
            return frozenset({self.bound(thing, name)}) | thing.member(name)
        known = thing.member(name)
        if known:
            return known
        if thing.method("__getattr__"):
            return self.run_methods(thing, ("__getattr__",), NO_THINGS)
        fitted = name.endswith("_") and effects.library(thing.maker) in libraries.LEAVES_DATA
        if methods.changes(name) and thing.body is None and not fitted:
            return frozenset({self.bound(thing, name)}) | inside(frozenset({thing}))
        return None

    def bound(self, thing: Thing, name: str) -> Thing:
        """Make a method of *thing* that is kept to be called later."""
        made = Thing(origin=_METHOD, bound=name)
        made.holds.add(thing)
        return made

    def iterate(self, things: Things) -> Things:
        """Go through *things*, as a loop over them does; return what the notebook's own iterators give."""
        self.consume(things)
        returned = NO_THINGS
        for thing in in_order(things):
            if thing.klass is not None:
                returned |= self.run_methods(thing, _GOES_THROUGH, NO_THINGS)
            elif thing.origin != CONTAINER:
                self.draw_items(thing)
        return returned

    def draw_items(self, thing: Thing) -> None:
        """Go through an object of a library: what it holds may be loaders that draw, and data sets of the notebook."""
        if not self.is_new(thing, NO_THINGS):
            return
        inner = in_order(reach({thing}))
        loads = any(randomness.draws_when_iterated(held.origin) for held in inner)
        for held in inner:
            if held.draws and randomness.draws_when_iterated(held.origin):
                self.draw(sorted(held.draws))
            if held.klass is not None and self.is_new(held, NO_THINGS):
                self.run_methods(held, _GOES_THROUGH, NO_THINGS)
            loaded = loads and held.body is not None and held.body.function not in self.owners
            if loaded and self.is_new(held, NO_THINGS):
                self.run_with(held, frozenset(thing.holds))

    def consume(self, things: Things) -> None:
        """Use up iterators and move random generators on, as whoever gets them does."""
        for thing in in_order(things):
            if thing.origin in libraries.CONSUMABLE or thing.origin in randomness.STATEFUL:
                self.alter(thing)
                # What was made by this very cell has run already.
                for held in in_order([thing, *thing.holds, *thing.lineage]) if thing.number < self.began else ():
                    if held.body is not None and self.is_new(held, NO_THINGS):
                        self.run_with(held, frozenset(thing.holds))

    def along(self, base: Things, attributes: Iterable[str]) -> Things:
        """Go along attributes, from object to object."""
        for name in attributes:
            found: set[Thing] = set()
            for thing in in_order(base):
                exact = self.attribute(thing, name)
                found |= inside(frozenset({thing})) if exact is None else exact
            base = frozenset(found)
        return base
