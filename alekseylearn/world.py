"""The world around the variables: imports, files, random generators, and code that cannot be seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from alekseylearn import effects
from alekseylearn.effects import Said
from alekseylearn.events import Call, Value
from alekseylearn.knowledge import libraries, randomness
from alekseylearn.memory import Memory
from alekseylearn.objects import Binding, Frame, How, Thing, in_order, reach

RANDOM = "%random "
FILE = "%file "
ANY_FILE = "*"


@dataclass(slots=True)
class World(Memory):
    """Keeps the state of the world under names of its own; `loads` are the cells that import a dotted module.

    `written` are the files that cells wrote, `stars` the known libraries of which everything was imported (these cells
    are always kept), `drawing` the objects whose methods draw from global random generators; `drew` tells that the
    current statement did.
    """

    loads: dict[str, list[int]] = field(default_factory=dict)
    written: dict[str, None] = field(default_factory=dict)
    drawing: set[Thing] = field(default_factory=set)
    stars: list[tuple[int, str]] = field(default_factory=list)
    drew: bool = False

    def load(self, name: str, module: str, frame: Frame) -> None:
        """Bind *name* to *module*. Every import of a package may load parts that other cells reach through it."""
        if module.startswith(libraries.SIDE_EFFECT_IMPORTS):
            self.effects[f"imports `{module}` for what this does"] = None
        binding = Binding(((self.current, "imports"),), frozenset({Thing(module=module, origin=module)}))
        package = effects.library(module)
        if "." in module:
            for part in prefixes(module):
                self.loads.setdefault(part, []).append(self.current)
        before = frame.find(name)
        if name == package and before is not None and any(thing.module == module for thing in before.things):
            binding = binding.or_else(before)
        self.bind(name, binding, frame)
        self.read_module(module)

    def read_module(self, module: str) -> None:
        """Note which cells may have written the file of *module*."""
        parts = {*module.removesuffix(".py").removesuffix(".ipynb").replace("/", ".").split(".")}
        known = effects.library(module) in libraries.QUIET_LIBRARIES
        for path in self.written:
            name = path.rpartition("/")[2]
            if (path == ANY_FILE and not known) or name.partition(".")[0] in parts:
                self.read(path)

    def read(self, path: str) -> None:
        """Note which cells wrote the file *path*."""
        for source, _ in self.top.bindings.get(FILE + path, Binding()).sources:
            self.need(source, FILE + path, "file")

    def star(self, module: str) -> None:
        """Bind any name: what is not known from here on may come from *module*."""
        self.read_module(module)
        if effects.library(module) in libraries.QUIET_LIBRARIES:
            self.stars.append((self.current, module))
        else:
            self.unseen.append(self.current)
        self.effects[f"imports everything from `{module}`"] = None

    def unknown(self, name: str) -> None:
        """Note a name that nothing defined so far; it may be one of a known library of which all was imported."""
        if self.unseen or not self.stars:
            Memory.unknown(self, name)
            return
        for source, _ in self.stars:
            self.need(source, name, "imports")
        module = libraries.USUAL_NAMES.get(name, f"{self.stars[-1][1]}.{name}")
        sources: list[tuple[int, How]] = [(source, "imports") for source, _ in self.stars]
        self.top.bindings[name] = Binding(tuple(sources), frozenset({Thing(module=module, origin=module)}))

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
            self.quiet, self.drew = False, True
            name = RANDOM + generator.removesuffix(randomness.ADVANCES)
            if generator.endswith(randomness.ADVANCES):
                self.add_source(name, "random")
                continue
            for source, how in self.top.bindings.get(name, Binding()).sources:
                self.need(source, name, how)
            # Whoever draws next needs this cell, which needs all those before.
            self.bind(name, Binding(((self.current, "random"),)), self.top)

    def draw_through(self, things: Iterable[Thing]) -> None:
        """Draw as methods of *things*, or of what they hold, do."""
        if self.drawing:
            found = self.drawing.intersection(reach(things))
            self.draw(generator for thing in in_order(found) for generator in sorted(thing.draws))

    def seed(self, generators: Iterable[str]) -> None:
        """Set global random generators: what was drawn before no longer counts."""
        for generator in generators:
            self.bind(RANDOM + generator, Binding(((self.current, "random"),)), self.top)

    def files(self, call: Call, said: Said, frame: Frame) -> None:
        """Follow what a call reads and writes."""
        reads, writes = effects.reads_file(call, said), effects.writes_file(call, said)
        if not (reads or writes):
            self.name(call, frame)
            return
        path = self.path(call, frame)
        if reads:
            for name in self.written if path == ANY_FILE else (path, ANY_FILE):
                self.read(name)
        if writes:
            self.quiet = False
            self.written[path] = None
            self.add_source(FILE + path, "file")

    def name(self, call: Call, frame: Frame) -> None:
        """Take a call that names a file which some cell wrote for one that reads it."""
        if self.written:
            given = (*call.arguments, *(value for _, value in call.keywords))
            for path in {text for value in given if (text := self.text(value, frame))} & self.written.keys():
                self.read(path)

    def path(self, call: Call, frame: Frame) -> str:
        """Find the file that a call names; `ANY_FILE` when it does not spell it out."""
        given = (*call.arguments, *(value for _, value in call.keywords))
        values = (call.base,) if call.last.endswith(("_text", "_bytes")) else (*given, call.base)
        return next((text for value in values if (text := self.text(value, frame))), ANY_FILE)

    def text(self, value: Value, frame: Frame) -> str | None:
        """Return the string, or the path, that *value* is."""
        literal = self.binding(value, frame).literal
        if literal:
            return Value(literal=literal).text
        if value.inside or any(found.inside for name in value.same if (found := frame.find(name))):
            return None
        texts = {thing.text for thing in self.things(value, frame)}
        return texts.pop() if len(texts) == 1 else None


def prefixes(dotted: str) -> Iterator[str]:
    """`a.b`, `a.b.c` and so on of a dotted name."""
    parts = dotted.split(".")
    for count in range(2, len(parts) + 1):
        yield ".".join(parts[:count])
