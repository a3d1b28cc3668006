"""Calls: of modules' functions, of methods, and of what the notebook itself defines, whose bodies are followed."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, replace

from alekseylearn import draws, effects
from alekseylearn.builtin_calls import BuiltinCalls
from alekseylearn.dispatch import Given
from alekseylearn.effects import Judgement, Said
from alekseylearn.events import Call
from alekseylearn.expressions import CONTAINER
from alekseylearn.knowledge import PLAIN, Knowledge, libraries, methods, randomness
from alekseylearn.objects import NO_THINGS, Frame, Thing, Things, cover, in_order, inside, reach
from alekseylearn.world import prefixes


@dataclass(slots=True)
class Calls(BuiltinCalls, ABC):
    """Follows calls of all kinds."""

    known: Knowledge = PLAIN.known

    def call(self, call: Call, frame: Frame) -> None:
        """Follow one call: of a module's function, of something the notebook defines, or of a method."""
        self.at = call.result
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
        if dotted.removeprefix("builtins.") not in libraries.LOOKING_BUILTINS:
            self.consume(given.things)
        if dotted:
            result = self.call_function(call, dotted, given, frame, base)
        else:
            result = self.dispatch(call, call.attributes[-1] if call.attributes else "", base, given)
        self.exhaust(call, dotted, frame)
        for name, value in call.keywords:
            if name in libraries.FILLED_KEYWORDS:
                self.change(self.things(value, frame), "itself" if name == "out" else "deep")
        text = self.text(call.arguments[0], frame) if call.arguments and call.last in ("Path", "open") else None
        gradient = call.last in methods.KEEPING_GRADIENT or effects.asks_for_gradient(call)
        for thing in result:
            thing.text = thing.text or text
            thing.keeps_gradient |= gradient
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

    def call_function(self, call: Call, dotted: str, given: Given, frame: Frame, base: Things) -> Things:
        """Follow a call of the function *dotted* of the module that is among *base*, or that holds it."""
        passed, name, said = given.things, dotted.removeprefix("builtins."), self.known.of_function(dotted)
        builtin = name != dotted
        found = self.call_builtin(call, name, given, frame) if builtin else None
        if dotted in libraries.PROGRESS:
            found = self.go_through(dotted, given)
        if found is not None:
            return found
        words = effects.effect_of(call, dotted, said)
        if words is not None and not (dotted.startswith("get_ipython") and self.effects):
            self.effects[words] = None
        self.seed(draws.seeds(dotted, said))
        drawn = draws.draws(call, dotted, said)
        a_class = effects.makes_object(dotted)
        judgement = effects.judge_function(call, dotted, said)
        if not a_class or dotted.startswith(randomness.DRAWING):
            self.draw(drawn)
        shows = effects.library(dotted) in libraries.DISPLAY_LIBRARIES
        if not (a_class or shows or (builtin and judgement.fresh)):
            self.draw_through(passed)
        self.need_parts(dotted, base)
        self.quiet = self.quiet and effects.only_shows(dotted, judgement, said)
        if effects.fills_last(call, dotted):
            self.change(given.positional[-1], "itself")
        filled = libraries.CHANGES_DATA.get(dotted)
        self.change((thing for thing in passed if thing.origin == filled), "itself")
        module = self.module_by_name(call, name, passed)
        later = frozenset(drawn) if a_class and randomness.draws_later(dotted) else frozenset[str]()
        made = self.made("(value)" if builtin and judgement.fresh else module or name)
        made.module, made.shared, made.draws = module, effects.shared(call, dotted), made.draws | later
        if made.draws:
            self.drawing.add(made)
        made.gives = self.gives(call, dotted, passed)
        made.overwrites = a_class and self.overwrites(call, dotted, given)
        result = self.apply(judgement, receiver=NO_THINGS, passed=passed, made=made, a_class=a_class)
        if not (judgement.fresh or builtin or a_class):
            self.wake(frozenset(thing for thing in passed if thing.klass is not None), passed)
        plain = call.decorates or (builtin and judgement.fresh)
        return result if plain else result | self.hand_over(passed, NO_THINGS)

    def need_parts(self, dotted: str, base: Things) -> None:
        """Note who loads the parts of a package that are reached through it, beyond what a name stands for."""
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
        self.draw(draws.method_draws(call, origins | self.inner_makers(method, receiver | passed), said))
        if method not in methods.PURE_METHODS or method == "split":
            self.draw_through(receiver | passed)
        self.quiet = self.quiet and effects.method_only_shows(call, origins, said)
        judgement = effects.judge_method(call, origins, said)
        makers = {effects.library(origin) for origin in origins}
        quiet, learners = makers <= libraries.QUIET_LIBRARIES, bool(makers) and makers <= libraries.LEAVES_DATA
        wakes = judgement.receiver in ("deep", "graph") or not method
        if judgement.receiver == "itself" and any(thing.klass is not None for thing in receiver):
            judgement = replace(judgement, receiver="deep")
        value = (judgement.fresh and learners and method not in methods.SAME_KIND) or origins & randomness.STATEFUL
        made = self.made("(value)" if value else min(origins, default="(value)"))
        if any(thing.overwrites for thing in receiver):
            self.change(passed, "itself")
        result = self.apply(judgement, receiver=receiver, passed=passed, made=made)
        if method in methods.GIVES_ITSELF and quiet:
            result -= passed - receiver
            made.holds -= passed - receiver
        elif method in methods.GIVES_DATA:
            result -= receiver - passed
            made.holds -= receiver - passed
        if not call.decorates:
            result |= self.hand_over(passed, receiver)
        if wakes and not (call.decorates and origins and quiet):
            self.wake(receiver | frozenset(thing for thing in passed if thing.klass is not None), passed)
        return result

    def inner_makers(self, method: str, things: Things) -> set[str]:
        """Name what made the parts of *things*, where a *method* of these goes through all of them."""
        return {thing.maker for thing in reach(things)} if draws.trains_or_loads(method) else set()

    def apply(
        self, judgement: Judgement, *, receiver: Things, passed: Things, made: Thing, a_class: bool = False
    ) -> Things:
        """Carry out what a call was judged to do; return what its result may be."""
        makers = {effects.library(thing.maker) for thing in receiver} - {"(value)", "(container)"}
        sparing = bool(makers) and makers <= libraries.MODELS
        self.change(receiver, judgement.receiver, sparing=sparing)
        self.change(passed, judgement.arguments, sparing=sparing)
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

    def overwrites(self, call: Call, dotted: str, given: Given) -> bool:
        """Whether the object that *dotted* makes overwrites its data: by itself, or as its first part does."""
        if effects.overwrites(call, dotted):
            return True
        parts = reach(given.things) if effects.library(dotted) in libraries.LEAVES_DATA else set[Thing]()
        if dotted in libraries.LISTS_OF_LAYERS:
            parts.update(*given.positional[:1])
        return any(thing.overwrites for thing in parts)

    def gives(self, call: Call, dotted: str, passed: Things) -> Things | None:
        """Find what going through what *dotted* makes of *passed* gives; None where this may be all of it."""
        if dotted in libraries.BATCHES and call.keyword("collate_fn") is None:
            return frozenset({self.made("torch.tensor")})
        if dotted not in libraries.LISTS_OF_LAYERS:
            return None
        lists = frozenset(thing for thing in passed if thing.is_plain and thing.klass is None)
        return (passed - lists) | inside(lists)
