"""Which cell needs which: the events of all cells are followed in the order of the notebook, without running anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from alekseylearn import effects
from alekseylearn import knowledge as know
from alekseylearn.effects import Change, Judgement
from alekseylearn.events import (
    Assign,
    Call,
    Enter,
    Event,
    Exit,
    Function,
    Import,
    Make,
    Opaque,
    Return,
    Signal,
    Star,
    Store,
    Use,
    Value,
)
from alekseylearn.names import CellNames, find_names
from alekseylearn.notebook import Notebook
from alekseylearn.objects import NO_THINGS, Binding, Frame, How, Thing, Things, reach

_RANDOM = "%random "
_FILE = "%file "
_ANY_FILE = _FILE + "*"
_CALLS_PER_CELL = 400


@dataclass(frozen=True, slots=True)
class Need:
    """A cell needs `name` as cell `source` left it."""

    source: int
    name: str
    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call that a cell makes: `words` is the call as it is written, `through` the notebook's function it stands in."""

    name: str
    dotted: str
    words: str
    origins: frozenset[str] = frozenset()
    receiver: str = ""
    arguments: int = 0
    first: str = ""
    through: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFlow:
    """What one cell needs of earlier cells, and what it does besides binding names."""

    names: CellNames
    needs: tuple[Need, ...] = ()
    effects: tuple[str, ...] = ()
    calls: tuple[Called, ...] = ()
    signals: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def trace(notebook: Notebook) -> Mapping[int, CellFlow]:
    """Follow the code cells of *notebook*, without those marked `skip`; the result is keyed by cell."""
    return _trace(notebook)


@lru_cache(maxsize=16)
def _trace(notebook: Notebook) -> Mapping[int, CellFlow]:
    tracer = _Tracer()
    cells = [cell for cell in notebook.code_cells if "skip" not in cell.marks]
    return MappingProxyType({cell.index: tracer.cell(find_names(cell)) for cell in cells})


@dataclass(slots=True)
class _Tracer:
    """Holds what is known after the cells that were followed so far."""

    top: Frame = field(default_factory=Frame)
    current: int = -1
    unseen: list[int] = field(default_factory=list)
    loads: dict[str, list[int]] = field(default_factory=dict)
    logs: list[dict[tuple[Frame, str], Binding | None]] = field(default_factory=list)
    running: list[Function] = field(default_factory=list)
    budget: int = 0
    needs: dict[tuple[int, str], How] = field(default_factory=dict)
    seen: set[Thing] = field(default_factory=set)
    effects: dict[str, None] = field(default_factory=dict)
    calls: list[Called] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    missing: dict[str, None] = field(default_factory=dict)

    def cell(self, names: CellNames) -> CellFlow:
        """Follow one cell."""
        self.current, self.budget = names.cell, _CALLS_PER_CELL
        self.needs, self.seen, self.effects, self.missing = {}, set(), dict.fromkeys(names.translation.effects), {}
        self.calls, self.signals, self.logs = [], [], []
        self.follow(names.events, self.top)
        for name in [name for name in self.top.bindings if name[:1] == "%" and name[1:2].isdigit()]:
            del self.top.bindings[name]
        return CellFlow(
            names=names,
            needs=tuple(Need(source, name, how) for (source, name), how in self.needs.items()),
            effects=tuple(self.effects),
            calls=tuple(self.calls),
            signals=tuple(dict.fromkeys(self.signals)),
            missing=tuple(self.missing),
        )

    def follow(self, events: Iterable[Event], frame: Frame) -> Things:
        """Follow *events* in *frame*; return what they give back."""
        returned: set[Thing] = set()
        for event in events:
            match event:
                case Use(name):
                    self.use(name, frame)
                case Assign(pairs):
                    made = [(name, self.binding(value, frame)) for name, value in pairs]
                    for name, binding in made:
                        self.bind(name, binding, frame)
                case Make():
                    self.make(event, frame)
                case Store():
                    self.store(event, frame)
                case Call():
                    self.call(event, frame)
                case Return(value):
                    returned |= self.things(value, frame)
                case Enter():
                    self.logs.append({})
                case Exit():
                    self.merge()
                case Import(name, module):
                    self.load(name, module, frame)
                case Star(module):
                    self.unseen.append(self.current)
                    self.effects[f"imports everything from `{module}`"] = None
                case Opaque(what):
                    self.opaque(what)
                case Signal(words):
                    self.signals.append(words)
        return frozenset(returned)

    # -- names --------------------------------------------------------------------------------------------------

    def use(self, name: str, frame: Frame) -> None:
        """Note what reading *name* needs, with all that functions behind it will read when they run."""
        waiting = [(name, frame, False)]
        while waiting:
            name, frame, later = waiting.pop()
            binding = frame.find(name)
            if binding is None:
                if not later and name not in know.BUILTINS:
                    self.unknown(name)
                continue
            for source, how in binding.sources:
                self.need(source, name, how)
            for thing in self.look(binding.things, name):
                if thing.function is not None and thing.frame is not None:
                    around = thing.frame
                    waiting += [(free, around, True) for free in sorted(thing.function.free_names)]

    def look(self, things: Things, name: str) -> Iterator[Thing]:
        """Note the changes of *things* and of what they hold; yield those that this cell did not look at before."""
        waiting = list(things)
        while waiting:
            thing = waiting.pop()
            if thing in self.seen:
                continue
            self.seen.add(thing)
            for source in thing.changes:
                self.need(source, name, "changes")
            waiting += thing.holds
            waiting += thing.sees
            yield thing

    def need(self, source: int, name: str, how: How) -> None:
        if source != self.current:
            self.needs.setdefault((source, name), how)

    def unknown(self, name: str) -> None:
        """A name that nothing defined so far: it may come from code that cannot be seen."""
        if not self.unseen:
            self.missing[name] = None
        for source in self.unseen:
            self.need(source, name, "opaque")
        self.top.bindings[name] = Binding((), frozenset({Thing()}))

    def bind(self, name: str, binding: Binding, frame: Frame) -> None:
        owner = frame.owner(name)
        if self.logs:
            self.logs[-1].setdefault((owner, name), owner.bindings.get(name))
        owner.bindings[name] = binding

    def merge(self) -> None:
        """The code since the last `Enter` may not have run: what it bound may be bound as before."""
        log = self.logs.pop()
        for (owner, name), before in log.items():
            owner.bindings[name] = owner.bindings[name].or_else(before)
            if self.logs:
                self.logs[-1].setdefault((owner, name), before)

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        self.logs.append({})
        yield
        self.merge()

    def binding(self, value: Value, frame: Frame, how: How = "defines") -> Binding:
        literal = value.literal
        if not literal and len(value.same) == 1:
            found = frame.find(next(iter(value.same)))
            literal = found.literal if found else ""
        return Binding(((self.current, how),), self.things(value, frame), literal)

    def add_source(self, name: str, how: How) -> None:
        """Let *name*, which stands for a state of the world, be made by this cell as well as by those before."""
        before = self.top.bindings.get(name, Binding())
        sources = tuple(dict.fromkeys((*before.sources, (self.current, how))))
        self.bind(name, Binding(sources), self.top)

    # -- objects ------------------------------------------------------------------------------------------------

    def things(self, value: Value, frame: Frame) -> Things:
        """The objects that *value* may be."""
        found: set[Thing] = set()
        for name in value.same:
            binding = frame.find(name)
            if binding is not None:
                found |= binding.things
        inside: set[Thing] = set()
        for name in value.inside:
            binding = frame.find(name)
            if binding is not None:
                inside |= binding.things
        return frozenset(found.union(reach(inside))) if inside else frozenset(found)

    def give(self, name: str, things: Iterable[Thing], frame: Frame) -> None:
        frame.bindings[name] = Binding(((self.current, "defines"),), frozenset(things))

    def make(self, event: Make, frame: Frame) -> None:
        parts = NO_THINGS.union(*(self.things(part, frame) for part in event.parts))
        if event.derived and not parts and event.function is None:
            self.give(event.result, {Thing(origin="(value)")}, frame)
            return
        thing = Thing(origin=event.origin or "(value)", function=event.function)
        if event.derived:
            thing.lineage |= parts
        else:
            thing.holds |= parts
        if event.function is not None:
            thing.frame = frame
            around: Frame | None = frame
            while around is not None and around.local_names is not None:
                for binding in around.bindings.values():
                    thing.holds |= binding.things
                around = around.parent
        thing.methods = {name: self.things(Value(same=frozenset({member})), frame) for name, member in event.methods}
        self.give(event.result, {thing}, frame)

    def store(self, event: Store, frame: Frame) -> None:
        root = frame.find(event.path[0]) if event.path else None
        modules = [thing.module for thing in root.things if thing.module] if root else []
        if modules:
            if effects.library(modules[0]) not in know.DISPLAY_LIBRARIES:
                self.effects[f"changes `{'.'.join((modules[0], *event.path[1:]))}`"] = None
            return
        held = self.things(event.value, frame)
        for thing in self.things(event.target, frame):
            thing.change(self.current)
            thing.holds |= held - {thing}

    def change(self, things: Iterable[Thing], how: Change) -> None:
        if how == "nothing":
            return
        for thing in things if how == "itself" else reach(things, look=how == "graph", compute=how == "graph"):
            if thing.function is None and not thing.module:
                thing.change(self.current)

    # -- the world outside --------------------------------------------------------------------------------------

    def load(self, name: str, module: str, frame: Frame) -> None:
        """Bind *name* to *module*. Every import of a package may load parts that other cells reach through it."""
        if module.startswith(know.SIDE_EFFECT_IMPORTS):
            self.effects[f"imports `{module}` for what this does"] = None
        binding = Binding(((self.current, "imports"),), frozenset({Thing(module=module, origin=module)}))
        package = effects.library(module)
        if "." in module:
            for part in _prefixes(module):
                self.loads.setdefault(part, []).append(self.current)
        before = frame.find(name)
        if name == package and before is not None and any(thing.module == module for thing in before.things):
            binding = binding.or_else(before)
        self.bind(name, binding, frame)

    def opaque(self, what: str) -> None:
        """Code that cannot be seen may use and change everything."""
        self.effects[f"runs code that cannot be read: {what}"] = None
        self.unseen.append(self.current)
        for name, binding in list(self.top.bindings.items()):
            if name.startswith("%"):
                continue
            self.use(name, self.top)
            self.change(binding.things, "deep")
            sources = tuple(dict.fromkeys((*binding.sources, (self.current, "opaque"))))
            self.bind(name, Binding(sources, binding.things), self.top)

    def draw(self, generators: Iterable[str]) -> None:
        """Draw from global random generators: what comes depends on all that was drawn before."""
        for generator in generators:
            name = _RANDOM + generator
            for source, how in self.top.bindings.get(name, Binding()).sources:
                self.need(source, name, how)
            self.add_source(name, "random")

    def seed(self, generators: Iterable[str]) -> None:
        for generator in generators:
            self.bind(_RANDOM + generator, Binding(((self.current, "random"),)), self.top)

    def files(self, call: Call, frame: Frame) -> None:
        reads, writes = effects.reads_file(call), effects.writes_file(call)
        if not (reads or writes):
            return
        texts = [
            self.text(value, frame) for value in (*call.arguments, *(value for _, value in call.keywords), call.base)
        ]
        path = next((text for text in texts if text), "*")
        if reads:
            wanted = (path, "*") if path != "*" else [n[len(_FILE) :] for n in self.top.bindings if n.startswith(_FILE)]
            for name in wanted:
                for source, _ in self.top.bindings.get(_FILE + name, Binding()).sources:
                    self.need(source, _FILE + name, "file")
        if writes:
            self.add_source(_FILE + path, "file")

    def text(self, value: Value, frame: Frame) -> str | None:
        """The string, or the path, that *value* is."""
        literal = self.binding(value, frame).literal
        if literal:
            return Value(literal=literal).text
        if value.inside:
            return None
        return next((thing.text for thing in self.things(value, frame) if thing.text), None)

    # -- calls --------------------------------------------------------------------------------------------------

    def call(self, call: Call, frame: Frame) -> None:
        """Follow one call: of a module's function, of something the notebook defines, or of a method."""
        base = self.things(call.base, frame)
        passed = self.passed(call, frame)
        if call.last == "__iter__":
            self.iterate(base)
            return
        self.files(call, frame)
        self.consume(passed)
        dotted = self.dotted(call, base)
        if dotted:
            result = self.call_function(call, dotted, passed)
        else:
            ours = self.call_ours(call, base, frame)
            result = self.call_method(call, base, passed) if ours is None else ours
        if not call.decorates:
            self.hand_over(passed, base if not dotted else NO_THINGS)
        out = call.keyword("out")
        if out is not None:
            self.change(self.things(out, frame), "itself")
        text = self.text(call.arguments[0], frame) if call.arguments and call.last in ("Path", "open") else None
        for thing in result:
            thing.text = thing.text or text
        self.give(call.result, result, frame)

    def passed(self, call: Call, frame: Frame) -> Things:
        values = (*call.arguments, *(value for _, value in call.keywords))
        return NO_THINGS.union(*(self.things(value, frame) for value in values))

    def dotted(self, call: Call, base: Things) -> str:
        """The dotted name of a module's function or a builtin; '' when it is neither."""
        for thing in base:
            if thing.module:
                return ".".join((thing.module, *call.attributes))
        if not base and not call.attributes and call.name in know.BUILTINS:
            return f"builtins.{call.name}"
        return ""

    def iterate(self, things: Things) -> None:
        self.consume(things)
        self.draw(generator for thing in reach(things) for generator in thing.draws)

    def consume(self, things: Things) -> None:
        """Iterators are used up, and random generators moved on, by whoever gets them."""
        for thing in things:
            if thing.origin in know.CONSUMABLE or thing.origin in know.STATEFUL:
                thing.change(self.current)

    def call_function(self, call: Call, dotted: str, passed: Things) -> Things:
        words = effects.effect_of(call, dotted)
        if words is not None and not (dotted.startswith("get_ipython") and self.effects):
            self.effects[words] = None
        self.note(call, dotted, passed)
        self.seed(effects.seeds(dotted))
        drawn = effects.draws(call, dotted)
        a_class = effects.makes_object(dotted)
        if not a_class or dotted.startswith(tuple(prefix for prefix, _ in know.DRAWS)):
            self.draw(drawn)
        if not a_class:
            self.draw(generator for thing in reach(passed) for generator in thing.draws)
        for part in _prefixes(dotted):
            for source in self.loads.get(part, ()):
                self.need(source, part, "imports")
        name = dotted.removeprefix("builtins.")
        return self.apply(
            effects.judge_function(call, dotted),
            receiver=NO_THINGS,
            passed=passed,
            made=Thing(origin=name, draws=frozenset(drawn) if a_class else frozenset()),
            a_class=a_class,
        )

    def call_method(self, call: Call, receiver: Things, passed: Things) -> Things:
        origins = {thing.origin for thing in receiver if thing.origin}
        self.note(call, "", receiver)
        for origin in origins:
            words = know.ENVIRONMENT.get(f"{origin}.{call.last}")
            if words is not None and not (origin == "get_ipython" and self.effects):
                self.effects[words] = None
        if call.last in know.ENVIRONMENT_METHODS:
            self.effects[know.ENVIRONMENT_METHODS[call.last]] = None
        self.draw(effects.method_draws(call, origins))
        if call.last not in know.PURE_METHODS:
            self.draw(generator for thing in reach(receiver | passed) for generator in thing.draws)
        return self.apply(
            effects.judge_method(call, origins),
            receiver=receiver,
            passed=passed,
            made=Thing(origin=next(iter(sorted(origins)), "") or "(value)"),
        )

    def apply(
        self, judgement: Judgement, *, receiver: Things, passed: Things, made: Thing, a_class: bool = False
    ) -> Things:
        """Carry out what a call was judged to do; return what its result may be."""
        self.change(receiver, judgement.receiver)
        self.change(passed, judgement.arguments)
        for thing in receiver:
            if judgement.keeps:
                thing.holds |= passed - {thing}
            elif judgement.receiver in ("deep", "graph"):
                thing.sees |= passed - {thing}
        if judgement.fresh:
            made.lineage |= receiver | passed
            return frozenset({made})
        made.holds |= receiver | passed
        return frozenset({made}) if a_class else frozenset({made}) | receiver | passed

    def hand_over(self, passed: Things, receiver: Things) -> None:
        """Functions that are handed to a call run with whatever that call has."""
        for thing in passed:
            if thing.function is not None:
                others = frozenset(other for other in (passed | receiver) if other.function is None)
                self.run(thing, [others] * len(thing.function.parameters), {})

    # -- what the notebook defines --------------------------------------------------------------------------------

    def call_ours(self, call: Call, base: Things, frame: Frame) -> Things | None:
        """Call functions, classes and methods of the notebook; None when *base* has none of that name."""
        positional = [self.things(value, frame) for value in call.arguments]
        named = {name: self.things(value, frame) for name, value in call.keywords}
        found: set[Thing] = set()
        ours = False
        for thing in base:
            if call.attributes:
                runs = _methods(thing.klass, call.attributes[-1:]) if thing.klass is not None else []
                first = [frozenset({thing})]
            elif thing.function is not None:
                runs, first = [thing], []
            elif thing.origin.startswith("class "):
                found |= self.construct(thing, positional, named)
                ours = True
                continue
            else:
                runs = _methods(thing.klass, ("__call__", "forward", "call")) if thing.klass is not None else []
                first = [frozenset({thing})]
                self.draw(generator for part in reach({thing}) for generator in part.draws)
            for run in runs:
                found |= self.run(run, [*first, *positional], named)
                ours = True
            if runs and not call.attributes and thing.function is None:
                thing.change(self.current)
        if not ours:
            return None
        self.note(call, "", base)
        made = Thing(origin="(value)")
        made.lineage |= base.union(*positional, *named.values())
        return frozenset(found | {made})

    def construct(self, klass: Thing, positional: list[Things], named: Mapping[str, Things]) -> set[Thing]:
        made = Thing(origin=klass.origin.removeprefix("class "), klass=klass)
        made.holds |= NO_THINGS.union({klass}, *positional, *named.values())
        for method in _methods(klass, ("__init__", "__post_init__", "setup")):
            self.run(method, [frozenset({made}), *positional], named)
        return {made}

    def run(self, thing: Thing, positional: list[Things], named: Mapping[str, Things]) -> Things:
        """Follow the body of a function of the notebook with these arguments."""
        function = thing.function
        given = NO_THINGS.union(*positional, *named.values())
        if function is None or thing.frame is None:
            return given
        if function in self.running or self.budget <= 0:
            self.change(given, "deep")
            return given
        self.budget -= 1
        frame = Frame(parent=thing.frame, local_names=function.local_names)
        rest = NO_THINGS.union(*positional[len(function.parameters) :], *named.values(), thing.holds)
        for number, name in enumerate(function.parameters):
            things = positional[number] if number < len(positional) else named.get(name, rest)
            self.give(name, things, frame)
        self.running.append(function)
        with self.perhaps():
            returned = self.follow(function.events, frame)
        self.running.pop()
        return returned

    def note(self, call: Call, dotted: str, things: Things) -> None:
        """Keep what later tells training and measuring calls from others."""
        if not know.is_telling(call.last, dotted):
            return
        self.calls.append(
            Called(
                name=call.last,
                dotted=dotted,
                words=".".join((call.name, *call.attributes)),
                origins=frozenset(thing.origin for thing in reach(things, look=False) if thing.origin),
                receiver=".".join((call.name, *call.attributes[:-1])) if call.attributes else "",
                arguments=len(call.arguments) + len(call.keywords),
                first=call.arguments[0].literal if call.arguments else "",
                through=self.running[0].name if self.running else "",
            )
        )


def _methods(klass: Thing | None, names: tuple[str, ...]) -> list[Thing]:
    """The methods of these names in a class of the notebook or in its bases."""
    if klass is None:
        return []
    own = [thing for name in names for thing in klass.methods.get(name, ()) if thing.function is not None]
    if own:
        return own
    bases = [base for base in klass.holds if base.origin.startswith("class ") and base is not klass]
    return [method for base in bases for method in _methods(base, names)]


def _prefixes(dotted: str) -> Iterator[str]:
    """`a.b`, `a.b.c` and so on of a dotted name."""
    parts = dotted.split(".")
    for count in range(2, len(parts) + 1):
        yield ".".join(parts[:count])
