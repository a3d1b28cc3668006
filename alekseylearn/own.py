"""What the notebook defines itself: the bodies of its functions are followed, its classes make objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alekseylearn.events import Event, Function, Get, Make, Operate, Store
from alekseylearn.expressions import CONTAINER
from alekseylearn.knowledge import libraries, randomness
from alekseylearn.objects import NO_THINGS, Binding, Body, Frame, Thing, Things, cover, in_order, inside, reach
from alekseylearn.world import World

SUPER = "(super)"
_METHOD = "(method)"
_GOES_THROUGH = ("__iter__", "__next__", "__getitem__", "__len__")
_NEVER_UNASKED = frozenset({"__init__", "__new__", "__call__", "__init_subclass__", "__post_init__"})


@dataclass(slots=True)
class _Recursion:
    """What calls of a function that is being followed already pass to it, and what it gave back so far."""

    positional: list[Things] = field(default_factory=list)
    named: dict[str, Things] = field(default_factory=dict)
    returned: Things = NO_THINGS


@dataclass(slots=True)
class Own(World, ABC):
    """Follows what the notebook defines.

    `running` are the functions whose bodies are being followed, `budget` how many more may be; `owners` are the classes
    that methods stand in; `methods` their names, `unasked` those of methods that run where no call is written: operators, properties.
    `waking` says that functions run of which nobody knows whether they do; `done` is what this cell need not do again.
    """

    running: list[Function] = field(default_factory=list)
    recursions: dict[Function, _Recursion] = field(default_factory=dict)
    budget: int = 0
    owners: dict[Function, Thing] = field(default_factory=dict)
    unasked: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    waking: bool = False
    done: set[tuple[Thing, Things]] = field(default_factory=set)

    def is_new(self, thing: Thing, things: Things) -> bool:
        """Whether this cell hands *things* to *thing* for the first time, as far as earlier cells made them."""
        key = (thing, frozenset(each for each in things if each.number < self.began))
        if key in self.done:
            return False
        self.done.add(key)
        return True

    @abstractmethod
    def follow(self, events: Iterable[Event], frame: Frame) -> Things:
        """Follow *events* in *frame*; return what they give back."""

    # -- functions ----------------------------------------------------------------------------------------------

    def run(
        self, body: Body, positional: Sequence[Things], named: Mapping[str, Things], defaults: Iterable[Thing] = ()
    ) -> Things:
        """Follow the body of a function of the notebook with these arguments."""
        function = body.function
        if function in self.running:
            return self.recur(function, positional, named)
        if self.budget <= 0:
            self.quiet = False
            given = NO_THINGS.union(*positional, *named.values())
            self.change(given, "deep")
            return given
        returned = self.once(body, positional, named, defaults)
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
        self, body: Body, positional: Sequence[Things], named: Mapping[str, Things], defaults: Iterable[Thing]
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
        self.running.append(function)
        with self.perhaps():
            returned = self.follow(function.events, frame)
        self.running.pop()
        return returned

    def run_with(self, thing: Thing, others: Things) -> Things:
        """Run a function with whatever is there; a generator with what it was called with."""
        if thing.body is None:
            return NO_THINGS
        if thing.arguments is not None:
            return self.run(thing.body, *thing.arguments)
        return self.run(thing.body, [others] * len(thing.body.function.parameters), {}, thing.holds)

    # -- methods ------------------------------------------------------------------------------------------------

    def run_methods(self, thing: Thing, names: Iterable[str], *arguments: Things) -> Things:
        """Run the methods of these names that the class of *thing* defines."""
        returned = NO_THINGS
        for name in names:
            for method in in_order(thing.method(name)):
                if method.body is not None:
                    returned |= self.run(method.body, [frozenset({thing}), *arguments], {}, method.holds)
        return returned

    def run_member(
        self, thing: Thing, name: str, positional: Sequence[Things], named: Mapping[str, Things]
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
        returned = NO_THINGS
        for method in in_order(of_class):
            if method.body is not None:
                returned |= self.run(method.body, [*first, *positional], named, method.holds)
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
                self.run_methods(thing, sorted(names - _NEVER_UNASKED), *[others] * 5)
            elif thing.body is not None and thing.body.function not in self.owners and self.is_new(thing, others):
                self.run_with(thing, others)
        self.waking = False

    # -- classes ------------------------------------------------------------------------------------------------

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
            if (dunder and name not in _NEVER_UNASKED) or any("property" in origin for origin in decorators):
                self.unasked.add(name)
        own = frozenset({klass})
        for base in in_order(klass.bases):
            for method in base.method("__init_subclass__"):
                if method.body is not None:
                    self.run(method.body, [own], {}, method.holds)
        metaclasses = NO_THINGS.union(*(self.things(value, frame) for value in event.metaclasses))
        for metaclass in in_order(metaclasses):
            self.run_methods(metaclass, ("__new__", "__init__"), NO_THINGS, klass.bases, own)
            klass.metaclass = metaclass

    def construct(self, klass: Thing, positional: list[Things], named: Mapping[str, Things]) -> Things:
        """Make an object of a class of the notebook."""
        made = Thing(origin=klass.origin.removeprefix("class "), klass=klass, parts={})
        given = bool(positional or named)
        returned = NO_THINGS
        for method in klass.method("__new__"):
            if method.body is not None:
                returned |= self.run(method.body, [frozenset({klass}), *positional], named, method.holds)
        if klass.metaclass is not None:
            returned |= self.run_methods(klass.metaclass, ("__call__",), *positional)
        objects = frozenset({made}) | frozenset(thing for thing in returned if thing.klass is not None)
        for thing in in_order(objects):
            self.fields(thing, klass)
            if given and not klass.method("__init__"):
                self.fill(thing, klass, positional, named)
            for name in ("__init__", "__post_init__", "setup"):
                for method in klass.method(name):
                    if method.body is not None:
                        self.run(method.body, [frozenset({thing}), *positional], named, method.holds)
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
                    value = Thing(origin="(value)")
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

    # -- what runs unasked --------------------------------------------------------------------------------------

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
            made = Thing(origin=CONTAINER)
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
        if libraries.changes(name) and thing.body is None:
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
            elif loads and held.body is not None and held.body.function not in self.owners:
                if self.is_new(held, NO_THINGS):
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


def _merged(first: Sequence[Things], second: Sequence[Things]) -> list[Things]:
    length = max(len(first), len(second))
    padded = [[*things, *[NO_THINGS] * (length - len(things))] for things in (first, second)]
    return [one | other for one, other in zip(*padded, strict=True)]
