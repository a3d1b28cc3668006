"""Calls: of modules' functions, of methods, and of what the notebook itself defines, whose bodies are followed."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable
from dataclasses import dataclass, replace

from alekseylearn import effects
from alekseylearn.effects import Judgement, Said
from alekseylearn.events import NOTHING, Call
from alekseylearn.expressions import CONTAINER
from alekseylearn.knowledge import PLAIN, Knowledge, libraries, randomness
from alekseylearn.objects import NO_THINGS, Frame, Thing, Things, cover, in_order, inside, reach
from alekseylearn.own import SUPER, Own
from alekseylearn.world import prefixes


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
class Calls(Own, ABC):
    """Follows calls of all kinds."""

    known: Knowledge = PLAIN.known

    def call(self, call: Call, frame: Frame) -> None:
        """Follow one call: of a module's function, of something the notebook defines, or of a method."""
        base = self.things(call.base, frame)
        if call.attributes == ("__iter__",):
            self.give(call.result, self.iterate(base), frame)
            return
        given = self.given(call, frame)
        if not base and call.name in libraries.BUILTIN_TYPES and len(call.attributes) == 1 and given.positional:
            base, given = given.positional[0], Given(given.positional[1:], given.named)
        dotted = self.dotted(call, base)
        if not dotted and len(call.attributes) > 1:
            base = self.along(base, call.attributes[:-1])
            dotted = next((f"{thing.module}.{call.last}" for thing in in_order(base) if thing.module), "")
        self.files(call, self.said(call, dotted, base), frame)
        self.consume(given.things)
        if dotted:
            result = self.call_function(call, dotted, given, frame, base)
        else:
            result = self.dispatch(call, call.attributes[-1] if call.attributes else "", base, given)
        self.exhaust(call, dotted, frame)
        out = call.keyword("out")
        if out is not None:
            self.change(self.things(out, frame), "itself")
        text = self.text(call.arguments[0], frame) if call.arguments and call.last in ("Path", "open") else None
        for thing in result:
            thing.text = thing.text or text
        self.give(call.result, result, frame)

    def exhaust(self, call: Call, dotted: str, frame: Frame) -> None:
        """Forget how generators run that are made on the spot and handed to what goes through them at once."""
        if dotted.removeprefix("builtins.") in libraries.CONSUMABLE:
            return
        for value in call.arguments:
            spot = all(name.startswith("%") for name in value.same)
            for thing in self.things(value, frame) if spot and not value.inside else ():
                if thing.arguments is not None and thing.number > self.began:
                    thing.body, thing.arguments = None, None

    def given(self, call: Call, frame: Frame) -> Given:
        """Find the objects that a call passes on."""
        named: dict[str, Things] = {}
        for name, value in call.keywords:
            named[name] = named.get(name, NO_THINGS) | self.things(value, frame)
        return Given([self.things(value, frame) for value in call.arguments], named)

    def along(self, base: Things, attributes: Iterable[str]) -> Things:
        """Go along attributes, from object to object."""
        for name in attributes:
            found: set[Thing] = set()
            for thing in in_order(base):
                exact = self.attribute(thing, name)
                found |= inside(frozenset({thing})) if exact is None else exact
            base = frozenset(found)
        return base

    def dotted(self, call: Call, base: Things) -> str:
        """Return the dotted name of a module's function or a builtin; '' when it is neither."""
        for thing in in_order(base):
            if thing.module:
                return ".".join((thing.module, *call.attributes))
        if not base and not call.attributes and call.name in libraries.BUILTINS:
            return f"builtins.{call.name}"
        return ""

    def said(self, call: Call, dotted: str, base: Things) -> Said:
        """Find what the repository says of a call."""
        if dotted:
            return self.known.of_function(dotted)
        return self.known.of_method(call.last or "__call__", [thing.origin for thing in base])

    # -- libraries ----------------------------------------------------------------------------------------------

    def call_function(self, call: Call, dotted: str, given: Given, frame: Frame, base: Things) -> Things:
        """Follow a call of the function *dotted* of the module that is among *base*, or that holds it."""
        passed, name, said = given.things, dotted.removeprefix("builtins."), self.known.of_function(dotted)
        builtin = name != dotted
        found = self.call_builtin(call, name, given, frame) if builtin else None
        if found is not None:
            return found
        words = effects.effect_of(call, dotted, said)
        if words is not None and not (dotted.startswith("get_ipython") and self.effects):
            self.effects[words] = None
        self.seed(effects.seeds(dotted, said))
        drawn = effects.draws(call, dotted, said)
        a_class = effects.makes_object(dotted) or dotted in libraries.HOLDERS
        judgement = effects.judge_function(call, dotted, said)
        if not a_class or dotted.startswith(tuple(prefix for prefix, _ in randomness.DRAWS)):
            self.draw(drawn)
        if not a_class and not (builtin and judgement.fresh):
            self.draw_through(passed)
        self.need_parts(dotted, base)
        self.quiet = self.quiet and effects.only_shows(dotted, judgement, said)
        if effects.fills_last(call, dotted):
            self.change(given.positional[-1], "itself")
        module = self.module_by_name(call, name, passed)
        later = frozenset(drawn) if a_class and randomness.draws_later(dotted) else frozenset[str]()
        made = Thing(origin=module or name, module=module, draws=later, shared=effects.shared(call, dotted))
        if made.draws:
            self.drawing.add(made)
        result = self.apply(judgement, receiver=NO_THINGS, passed=passed, made=made, a_class=a_class)
        if not (judgement.fresh or builtin or a_class):
            self.wake(frozenset(thing for thing in passed if thing.klass is not None), passed)
        plain = call.decorates or (builtin and judgement.fresh)
        return result if plain else result | self.hand_over(passed, NO_THINGS)

    def need_parts(self, dotted: str, base: Things) -> None:
        """Note who loads the parts of a package that are reached through it; what a name stands for is loaded anyway."""
        bound = max((len(thing.module) for thing in base), default=0)
        for part in prefixes(dotted):
            for source in self.loads.get(part, ()) if len(part) > bound else ():
                self.need(source, part, "imports")

    def module_by_name(self, call: Call, name: str, passed: Things) -> str:
        """Follow what loads a module by its name; return this name."""
        if name == "importlib.reload":
            for thing in in_order(passed):
                self.read_module(thing.module)
        if name not in ("__import__", "importlib.import_module"):
            return ""
        module = (call.arguments[0].text if call.arguments else None) or ""
        self.read_module(module)
        return module

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
            made = Thing(origin=CONTAINER)
            items = elements.union(inside(passed), *given.named.values(), self.hand_over(passed, NO_THINGS))
            made.holds |= cover(items)
            return frozenset({made})
        if name not in libraries.CONSUMABLE:
            return None
        made = Thing(origin=name)
        made.lineage |= cover(passed)
        if name in ("zip", "enumerate"):
            row = Thing(origin=CONTAINER, items=tuple(inside(things) for things in given.positional))
            row.items = (NO_THINGS, *row.items) if name == "enumerate" else row.items
            row.holds |= cover(elements | inside(passed))
            made.holds.add(row)
            return frozenset({made})
        made.holds |= elements | self.hand_over(passed, NO_THINGS)
        same = frozenset(thing for thing in passed if name == "iter" and thing.origin in libraries.CONSUMABLE)
        return frozenset({made}) | same

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

    def call_method(self, call: Call, method: str, receiver: Things, given: Given) -> Things:
        """Follow a call of a method of objects that libraries made."""
        passed = given.things
        said = self.said(call, "", receiver)
        origins = {thing.maker for thing in receiver if thing.maker}
        call = replace(call, attributes=(method,) if method else ())
        for origin in sorted(origins):
            words = libraries.ENVIRONMENT.get(f"{origin}.{method}")
            if words is not None and not (origin == "get_ipython" and self.effects):
                self.effects[words] = None
        if method in libraries.ENVIRONMENT_METHODS:
            self.effects[libraries.ENVIRONMENT_METHODS[method]] = None
        self.draw(effects.method_draws(call, origins, said))
        if method not in libraries.PURE_METHODS or method == "split":
            self.draw_through(receiver | passed)
        self.quiet = self.quiet and effects.method_only_shows(call, origins, said)
        judgement = effects.judge_method(call, origins, said)
        wakes = judgement.receiver in ("deep", "graph") or not method
        if judgement.receiver == "itself" and any(thing.klass is not None for thing in receiver):
            judgement = replace(judgement, receiver="deep")
        made = Thing(origin="(value)" if origins & randomness.STATEFUL else min(origins, default="(value)"))
        result = self.apply(judgement, receiver=receiver, passed=passed, made=made)
        if (
            method in libraries.GIVES_ITSELF
            and {effects.library(origin) for origin in origins} <= libraries.QUIET_LIBRARIES
        ):
            result -= passed - receiver
            made.holds -= passed - receiver
        elif method in libraries.GIVES_DATA:
            result -= receiver - passed
            made.holds -= receiver - passed
        if not call.decorates:
            result |= self.hand_over(passed, receiver)
        if wakes:
            self.wake(receiver | frozenset(thing for thing in passed if thing.klass is not None), passed)
        return result

    def apply(
        self, judgement: Judgement, *, receiver: Things, passed: Things, made: Thing, a_class: bool = False
    ) -> Things:
        """Carry out what a call was judged to do; return what its result may be."""
        learners = {effects.library(thing.maker) for thing in receiver} <= libraries.LEAVES_DATA
        self.change(receiver, judgement.receiver, libraries.DATA_LIBRARIES if learners else frozenset())
        self.change(passed, judgement.arguments)
        if passed and (judgement.keeps or judgement.receiver in ("deep", "graph")):
            for thing in cover(receiver or passed):
                if judgement.keeps:
                    self.hold(thing, passed)
                else:
                    thing.sees |= cover(passed - {thing})
        items = inside(frozenset(thing for thing in receiver if thing.origin == CONTAINER))
        if judgement.fresh:
            made.lineage |= cover(receiver | passed)
            made.holds |= cover(items)
            return frozenset({made})
        made.holds |= cover(receiver | passed)
        return frozenset({made}) if a_class else frozenset({made}) | receiver | passed | items

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

    # -- the notebook's own ---------------------------------------------------------------------------------------

    def dispatch(self, call: Call, method: str, base: Things, given: Given) -> Things:
        """Call *method* of objects, or the objects themselves where it is ''."""
        if call.decorates:
            for thing in in_order(base):
                if thing.body is None and not thing.is_class:
                    self.alter(thing)
                    self.hold(thing, given.things)
        found: set[Thing] = set()
        others: set[Thing] = set()
        own: set[Thing] = set()
        if method in self.methods:
            base |= self.inner(base, method)
        for thing in in_order(base):
            returned = self.call_member(call, thing, method, given) if method else self.call_itself(call, thing, given)
            if returned is None:
                if method or not _wraps(thing, base):
                    others |= thing.holds if thing.origin == SUPER else {thing}
                for held in () if method else in_order(thing.holds - base):
                    found |= self.run_with(held, given.things)
            else:
                found |= returned
                own.add(thing)
        if own:
            for cache in [thing for thing in base if "cache" in thing.origin or "memo" in thing.origin]:
                cache.holds |= cover(frozenset(found))
                found |= cache.holds - base
            if not found:
                made = Thing(origin="(value)")
                made.lineage |= base | given.things
                found.add(made)
        if not own or others - own:
            found |= self.call_method(call, method, frozenset(others), given)
        return frozenset(found)

    def inner(self, base: Things, method: str) -> Things:
        """Find the notebook's objects with this method that lie inside objects of libraries."""
        opaque = [thing for thing in base if not thing.is_plain and thing.klass is None and not thing.is_class]
        return frozenset(thing for thing in reach(opaque) if thing.klass is not None and thing.method(method))

    def call_member(self, call: Call, thing: Thing, method: str, given: Given) -> Things | None:
        """Call `thing.method(...)`; None when the notebook does not define it."""
        if thing.origin == SUPER and not thing.method(method):
            return self.call_above(thing, method, given)
        if not thing.member(method):
            if not thing.method("__getattr__"):
                return None
            reached = self.run_methods(thing, ("__getattr__",), NO_THINGS) - {thing}
            calls = frozenset(each for each in reached if each.body is not None or each.bound)
            found = self.dispatch(call, "", calls, given) if calls else NO_THINGS
            return found | self.call_method(call, method, reached - calls, given)
        returned, values = self.run_member(thing, method, given.positional, given.named)
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

    def call_itself(self, call: Call, thing: Thing, given: Given) -> Things | None:
        """Call `thing(...)`; None when the notebook does not define what this does."""
        if thing.bound:
            return self.dispatch(replace(call, attributes=(thing.bound,)), thing.bound, frozenset(thing.holds), given)
        if thing.body is not None:
            return self.run(thing.body, given.positional, given.named, thing.holds)
        if thing.is_class:
            return self.construct(thing, given.positional, given.named)
        name = next((name for name in ("__call__", "forward", "call") if thing.method(name)), "")
        if not name:
            return None
        self.draw_through({thing})
        if thing.parts is None:
            for held in in_order(thing.holds):
                self.run_with(held, given.things)
        return self.run_member(thing, name, given.positional, given.named)[0]


def _wraps(thing: Thing, base: Things) -> bool:
    """Whether *thing* is what a decorator made of something in *base*; a cache is more than that."""
    made_of = thing.holds & base
    return "cache" not in thing.origin and any(held.body is not None or held.is_class for held in made_of)
