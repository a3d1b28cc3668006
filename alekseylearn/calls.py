"""Calls: of modules' functions, of methods, and of what the notebook itself defines, whose bodies are followed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alekseylearn import effects
from alekseylearn.effects import Judgement, Said
from alekseylearn.events import Call, Event, Function
from alekseylearn.knowledge import NOTHING_SAID, PLAIN, Knowledge, libraries, randomness, training
from alekseylearn.objects import NO_THINGS, Body, Frame, Thing, Things, in_order, reach
from alekseylearn.world import World, prefixes


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call that a cell makes: `words` as it is written, `through` the notebook's function that it stands in.

    `said` is what the repository says of it, `made_of` what it says of that which made its object.
    """

    name: str
    dotted: str
    words: str
    origins: frozenset[str] = frozenset()
    receiver: str = ""
    arguments: int = 0
    first: str = ""
    through: str = ""
    said: Said = NOTHING_SAID
    made_of: Said = NOTHING_SAID


@dataclass(slots=True)
class Calls(World, ABC):
    """Follows calls; `running` are the functions whose bodies are being followed, `budget` how many more may be."""

    known: Knowledge = PLAIN.known
    running: list[Function] = field(default_factory=list)
    budget: int = 0
    calls: list[Called] = field(default_factory=list)

    @abstractmethod
    def follow(self, events: Iterable[Event], frame: Frame) -> Things:
        """Follow *events* in *frame*; return what they give back."""

    def call(self, call: Call, frame: Frame) -> None:
        """Follow one call: of a module's function, of something the notebook defines, or of a method."""
        base = self.things(call.base, frame)
        passed = self.passed(call, frame)
        if call.last == "__iter__":
            self.iterate(base)
            return
        dotted = self.dotted(call, base)
        said = self.said(call, dotted, base)
        self.files(call, said, frame)
        self.consume(passed)
        if dotted:
            result = self.call_function(call, dotted, passed, said)
        else:
            if len(call.attributes) > 1:
                base = frozenset(reach(base))
            ours = self.call_ours(call, base, frame)
            result = self.call_method(call, base, passed, said) if ours is None else ours
        if not call.decorates:
            result |= self.hand_over(passed, base if not dotted else NO_THINGS)
        out = call.keyword("out")
        if out is not None:
            self.change(self.things(out, frame), "itself")
        text = self.text(call.arguments[0], frame) if call.arguments and call.last in ("Path", "open") else None
        for thing in result:
            thing.text = thing.text or text
        self.give(call.result, result, frame)

    def passed(self, call: Call, frame: Frame) -> Things:
        """Find the objects that a call gets as arguments."""
        values = (*call.arguments, *(value for _, value in call.keywords))
        return NO_THINGS.union(*(self.things(value, frame) for value in values))

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

    def iterate(self, things: Things) -> None:
        """Go through *things*, as a loop over them does."""
        self.consume(things)
        self.draw_through(things)

    def consume(self, things: Things) -> None:
        """Use up iterators and move random generators on, as whoever gets them does."""
        for thing in things:
            if thing.origin in libraries.CONSUMABLE or thing.origin in randomness.STATEFUL:
                self.alter(thing)

    def call_function(self, call: Call, dotted: str, passed: Things, said: Said) -> Things:
        """Follow a call of the module's function *dotted*."""
        words = effects.effect_of(call, dotted, said)
        if words is not None and not (dotted.startswith("get_ipython") and self.effects):
            self.effects[words] = None
        self.note(call, dotted, passed, said)
        self.seed(effects.seeds(dotted, said))
        drawn = effects.draws(call, dotted, said)
        a_class = effects.makes_object(dotted)
        if not a_class or dotted.startswith(tuple(prefix for prefix, _ in randomness.DRAWS)):
            self.draw(drawn)
        if not a_class:
            self.draw_through(passed)
        for part in prefixes(dotted):
            for source in self.loads.get(part, ()):
                self.need(source, part, "imports")
        name = dotted.removeprefix("builtins.")
        module = (
            call.arguments[0].text if call.arguments and name in ("__import__", "importlib.import_module") else None
        )
        judgement = effects.judge_function(dotted, said)
        self.quiet = self.quiet and effects.only_shows(dotted, judgement, said)
        made = Thing(origin=module or name, module=module or "", draws=frozenset(drawn) if a_class else frozenset())
        if made.draws:
            self.drawing.add(made)
        return self.apply(judgement, receiver=NO_THINGS, passed=passed, made=made, a_class=a_class)

    def call_method(self, call: Call, receiver: Things, passed: Things, said: Said) -> Things:
        """Follow a call of a method of objects that libraries made."""
        origins = {thing.origin for thing in receiver if thing.origin}
        self.note(call, "", receiver, said)
        for origin in sorted(origins):
            words = libraries.ENVIRONMENT.get(f"{origin}.{call.last}")
            if words is not None and not (origin == "get_ipython" and self.effects):
                self.effects[words] = None
        if call.last in libraries.ENVIRONMENT_METHODS:
            self.effects[libraries.ENVIRONMENT_METHODS[call.last]] = None
        self.draw(effects.method_draws(call, origins, said))
        if call.last not in libraries.PURE_METHODS or call.last == "split":
            self.draw_through(receiver | passed)
        self.quiet = self.quiet and effects.method_only_shows(call, origins, said)
        return self.apply(
            effects.judge_method(call, origins, said),
            receiver=receiver,
            passed=passed,
            made=Thing(origin=min(origins, default="(value)")),
        )

    def apply(
        self, judgement: Judgement, *, receiver: Things, passed: Things, made: Thing, a_class: bool = False
    ) -> Things:
        """Carry out what a call was judged to do; return what its result may be."""
        self.change(receiver, judgement.receiver)
        self.change(passed, judgement.arguments)
        for thing in receiver or passed:
            if judgement.keeps:
                thing.holds |= passed - {thing}
            elif judgement.receiver in ("deep", "graph"):
                thing.sees |= passed - {thing}
        if judgement.fresh:
            made.lineage |= receiver | passed
            return frozenset({made})
        made.holds |= receiver | passed
        return frozenset({made}) if a_class else frozenset({made}) | receiver | passed

    def hand_over(self, passed: Things, receiver: Things) -> Things:
        """Run functions that are handed to a call with whatever that call has; return what they give back."""
        returned: set[Thing] = set()
        for thing in in_order(passed):
            if thing.body is not None:
                others = frozenset(other for other in reach(passed | receiver) if other.body is None)
                returned |= self.run(thing.body, [others] * len(thing.body.function.parameters), {}, thing.holds)
        return frozenset(returned)

    def call_ours(self, call: Call, base: Things, frame: Frame) -> Things | None:
        """Call functions, classes and methods of the notebook; None when *base* has none of that name."""
        positional = [self.things(value, frame) for value in call.arguments]
        named = {name: self.things(value, frame) for name, value in call.keywords}
        found: set[Thing] = set()
        ours = False
        if not call.attributes:
            self.draw_through(thing for thing in base if thing.body is None and thing.origin[:6] != "class ")
        for thing in in_order(thing for thing in base if thing.klass or thing.body or thing.origin[:6] == "class "):
            if call.attributes:
                runs = _methods(thing.klass, call.attributes[-1:])
                first = [frozenset({thing})]
            elif thing.body is not None:
                runs, first = [(thing, thing.body)], []
            elif thing.origin.startswith("class "):
                found |= self.construct(thing, positional, named)
                ours = True
                continue
            else:
                runs = _methods(thing.klass, ("__call__", "forward", "call"))
                first = [frozenset({thing})]
            for run, body in runs:
                found |= self.run(body, [*first, *positional], named, run.holds)
                ours = True
            if runs and not call.attributes and thing.body is None:
                self.alter(thing)
        if not ours:
            return None
        self.note(call, "", base, self.said(call, "", base))
        made = Thing(origin="(value)")
        made.lineage |= base.union(*positional, *named.values())
        return frozenset(found | {made})

    def construct(self, klass: Thing, positional: list[Things], named: Mapping[str, Things]) -> set[Thing]:
        """Make an object of a class of the notebook."""
        made = Thing(origin=klass.origin.removeprefix("class "), klass=klass)
        made.holds |= NO_THINGS.union({klass}, *positional, *named.values())
        for method, body in _methods(klass, ("__init__", "__post_init__", "setup")):
            self.run(body, [frozenset({made}), *positional], named, method.holds)
        return {made}

    def run(
        self, body: Body, positional: list[Things], named: Mapping[str, Things], defaults: Iterable[Thing]
    ) -> Things:
        """Follow the body of a function of the notebook with these arguments."""
        function = body.function
        given = NO_THINGS.union(*positional, *named.values())
        if function in self.running or self.budget <= 0:
            self.quiet = False
            self.change(given, "deep")
            return given
        self.budget -= 1
        frame = Frame(parent=body.frame, local_names=function.local_names)
        rest = NO_THINGS.union(*positional[len(function.parameters) :], *named.values(), defaults)
        for number, name in enumerate(function.parameters):
            things = positional[number] if number < len(positional) else named.get(name, rest)
            self.give(name, things, frame)
        self.running.append(function)
        with self.perhaps():
            returned = self.follow(function.events, frame)
        self.running.pop()
        return returned

    def note(self, call: Call, dotted: str, things: Things, said: Said) -> None:
        """Keep what later tells training and measuring calls from others."""
        if not (said or training.is_telling(call.last, dotted)):
            return
        origins = frozenset(thing.origin for thing in reach(things, look=False) if thing.origin)
        self.calls.append(
            Called(
                name=call.last,
                dotted=dotted,
                words=call.words,
                origins=origins,
                receiver=".".join((call.name, *call.attributes[:-1])) if call.attributes else "",
                arguments=len(call.arguments) + len(call.keywords),
                first=call.arguments[0].literal if call.arguments else "",
                through=self.running[0].name if self.running else "",
                said=said,
                made_of=NOTHING_SAID.union(*(self.known.of_function(origin) for origin in origins)),
            )
        )


def _methods(klass: Thing | None, names: tuple[str, ...]) -> list[tuple[Thing, Body]]:
    """Find the methods of these names in a class of the notebook or in its bases."""
    if klass is None:
        return []
    bases = (each for each in reach({klass}, look=False) if each is not klass and each.origin.startswith("class "))
    for each in (klass, *reversed(in_order(bases))):
        things = [thing for name in names for thing in in_order(each.methods.get(name, ()))]
        own = [(thing, thing.body) for thing in things if thing.body is not None]
        if own:
            return own
    return []
