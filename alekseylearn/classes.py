"""Classes of the notebook: what happens when they are defined, and what objects they make."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field

from alekseylearn.events import Make
from alekseylearn.functions import SUPER, Functions
from alekseylearn.objects import NO_THINGS, Frame, Thing, Things, in_order

_ASKED = frozenset({"__init__", "__new__", "__call__", "__init_subclass__", "__post_init__"})


@dataclass(slots=True)
class Classes(Functions, ABC):
    """Follows classes; `methods` are the names of all methods, `unasked` of those that run where no call is written."""

    methods: set[str] = field(default_factory=set)
    unasked: set[str] = field(default_factory=set)

    def define(self, event: Make, frame: Frame) -> None:
        """Make a class; its base classes and its metaclass may have a say in it."""
        self.make(event, frame)
        (klass,) = frame.bindings[event.result].things
        self.methods.update(klass.methods)
        for name, things in klass.methods.items():
            for thing in things:
                if thing.body is not None:
                    self.owners[thing.body.function] = klass
            decorators = {thing.origin.rpartition(".")[2] for thing in things if thing.body is None}
            dunder = name.startswith("__") and name.endswith("__")
            if (dunder and name not in _ASKED) or any("property" in origin for origin in decorators):
                self.unasked.add(name)
        own = frozenset({klass})
        for base in in_order(klass.bases):
            self.run_all(base.method("__init_subclass__"), [own], {})
        metaclasses = NO_THINGS.union(*(self.things(value, frame) for value in event.metaclasses))
        for metaclass in in_order(metaclasses):
            self.run_methods(metaclass, ("__new__", "__init__"), NO_THINGS, klass.bases, own)
            klass.metaclass = metaclass

    def construct(
        self, klass: Thing, positional: list[Things], named: Mapping[str, Things], *, sure: bool = False
    ) -> Things:
        """Make an object of a class of the notebook."""
        made = self.made(klass.origin.removeprefix("class "), f"{self.at} {klass.number}")
        if made.klass is None:
            made.klass, made.parts = klass, {}
        given = bool(positional or named)
        returned = self.run_all(klass.method("__new__"), [frozenset({klass}), *positional], named)
        if klass.metaclass is not None:
            returned |= self.run_methods(klass.metaclass, ("__call__",), *positional)
        objects = frozenset({made}) | frozenset(thing for thing in returned if thing.klass is not None)
        for thing in in_order(objects):
            self.fields(thing, klass)
            if given and not klass.method("__init__"):
                self.fill(thing, klass, positional, named)
            for name in ("__init__", "__post_init__", "setup"):
                self.run_all(klass.method(name), [frozenset({thing}), *positional], named, sure=sure)
        return objects

    def fill(self, made: Thing, klass: Thing, positional: list[Things], named: Mapping[str, Things]) -> None:
        """Give an object of a class without `__init__`, such as a dataclass, what it is made of."""
        fields = list(dict.fromkeys(name for each in reversed(klass.classes) for name in each.fields))
        for name, things in [*zip(fields, positional, strict=False), *named.items()]:
            self.hold(made, things, name if name in fields else "")
        for things in positional[len(fields) :]:
            self.hold(made, things)

    def fields(self, made: Thing, klass: Thing) -> None:
        """Give an object the fields of a dataclass that are made anew for each object."""
        for each in klass.classes:
            for name, things in each.methods.items():
                factories = [thing for thing in things if thing.is_field]
                for factory in factories:
                    value = self.made("(value)", f"{self.at} {name}")
                    value.holds |= factory.holds
                    self.hold(made, frozenset({value}), name)

    def superior(self, frame: Frame) -> Things:
        """Make what `super()` gives: the object at hand, seen as one of the base classes of the class at hand."""
        function = next((each for each in reversed(self.running) if each in self.owners), None)
        if function is None or not function.parameters:
            return frozenset({Thing(origin=SUPER)})
        itself = frame.find(function.parameters[0])
        above = Thing(origin="class (super)", bases=self.owners[function].bases)
        made = Thing(origin=SUPER, klass=above)
        made.holds |= itself.things if itself is not None else NO_THINGS
        return frozenset({made})
