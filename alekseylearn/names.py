"""The names of one cell: what it binds, uses, changes and calls, as events in the order of execution."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from alekseylearn.events import (
    NOTHING,
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
from alekseylearn.loops import training_loop
from alekseylearn.magics import Translation, parse_python, run_statement, translate
from alekseylearn.notebook import Cell

_SEES_EVERYTHING = frozenset({"exec", "eval", "globals", "locals", "execfile"})
_SEES_EVERYTHING_BARE = frozenset({"vars", "dir"})
_AT_NAME = re.compile(r"@([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellNames:
    """What one cell does with names.

    `error` says why the cell cannot be read; then there are no events. `imports` are the modules by the name that they
    are bound to; `stars` the modules of star imports.
    """

    cell: int
    events: tuple[Event, ...] = ()
    translation: Translation
    error: str | None = None
    only_imports: bool = False

    @property
    def defs(self) -> frozenset[str]:
        """Names that the cell binds."""
        bound = {name for event in self.events if isinstance(event, Assign) for name, _ in event.pairs}
        return frozenset(name for name in bound | set(self.imports) if not name.startswith("%"))

    @property
    def refs(self) -> frozenset[str]:
        """Names that the cell reads while it runs, its own included."""
        return frozenset(event.name for event in self.events if isinstance(event, Use))

    @property
    def deferred(self) -> frozenset[str]:
        """Names that functions of this cell take from outside when they are called."""
        made = [event.function for event in self.events if isinstance(event, Make) and event.function]
        return frozenset().union(*(function.free_names for function in made))

    @property
    def imports(self) -> dict[str, str]:
        """Modules, or things in modules, by the name that the cell gives them."""
        return {event.name: event.module for event in self.events if isinstance(event, Import)}

    @property
    def stars(self) -> tuple[str, ...]:
        """Modules of which the cell imports everything."""
        return tuple(event.module for event in self.events if isinstance(event, Star))


def find_names(cell: Cell) -> CellNames:
    """Read the names of *cell*. A cell that is not Python, even without its magics, comes back with an `error`."""
    translation = translate(cell.source)
    tree = parse_python(translation.code)
    if tree is None:
        return CellNames(cell=cell.index, translation=translation, error=_complaint(translation.code))
    reader = _Reader(runs={ast.unparse(ast.parse(run_statement(path))): path for path in translation.runs})
    reader.block(tree.body)
    plain = (ast.Import, ast.ImportFrom, ast.Pass)
    return CellNames(
        cell=cell.index,
        events=tuple(reader.events),
        translation=translation,
        only_imports=bool(tree.body) and all(isinstance(node, plain) for node in tree.body),
    )


def _complaint(code: str) -> str:
    try:
        compile(code, "cell", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return type(error).__name__
    return "not Python"


@dataclass(slots=True)
class _Reader:
    """Walks over statements in the order in which they run and writes down events.

    `renamed` holds the names of comprehensions and class bodies, which live apart from the notebook's.
    """

    runs: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    counter: Iterator[int] = field(default_factory=itertools.count)
    in_loop: bool = False
    in_class: bool = False

    # -- statements ---------------------------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=ast.Call() as call):
                self.expression_statement(call)
            case ast.Assign(targets=targets, value=value):
                self.assign(targets, value)
            case ast.AugAssign(target=target, value=value):
                self.update(target, value)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self.assign([target], value)
            case ast.For() | ast.AsyncFor() | ast.While():
                self.loop(node)
            case ast.If() | ast.Try() | ast.TryStar() | ast.Match():
                self.branch(node)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    value_ = self.value(item.context_expr)
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, value_ | value_.element)
                self.block(body)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.definition(node)
            case _:
                self.simple(node)

    def simple(self, node: ast.stmt) -> None:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    self.imported(bound, alias.name if alias.asname else bound)
                    if not alias.asname and "." in alias.name:
                        self.events.append(Import(f"%import {alias.name}", alias.name))
            case ast.ImportFrom(module=module, names=names, level=level):
                source = "." * level + (module or "")
                for alias in names:
                    if alias.name == "*":
                        self.events.append(Star(source))
                    else:
                        dotted = f"{source}{'' if source.endswith('.') else '.'}{alias.name}"
                        self.imported(alias.asname or alias.name, dotted)
            case ast.Delete(targets=targets):
                for target in targets:
                    self.delete(target)
            case ast.Return(value=value):
                self.events.append(Return(self.value(value) if value else NOTHING))
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                self.shared.update(names)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.value(child)
                    elif isinstance(child, ast.stmt):
                        self.statement(child)

    def imported(self, name: str, module: str) -> None:
        self.events.append(Import(self.own(name), module))

    def expression_statement(self, call: ast.Call) -> None:
        path = self.runs.get(ast.unparse(call)) if self.runs else None
        if path is not None:
            self.events.append(Star(path))
            return
        self.call(call, discarded=True)

    def assign(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        first = targets[0]
        if (
            len(targets) == 1
            and isinstance(first, ast.Tuple | ast.List)
            and isinstance(value, ast.Tuple | ast.List)
            and len(first.elts) == len(value.elts)
            and not any(isinstance(part, ast.Starred) for part in (*first.elts, *value.elts))
            and all(isinstance(part, ast.Name) for part in first.elts)
        ):
            values = [self.value(part) for part in value.elts]
            names = [self.own(part.id) for part in first.elts if isinstance(part, ast.Name)]
            self.events.append(Assign(tuple(zip(names, values, strict=True))))
            return
        made = self.value(value)
        for target in targets:
            self.bind(target, made)

    def bind(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name):
                self.events.append(Assign(((self.own(name), value),)))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self.bind(part, value.element)
            case ast.Starred(value=inner):
                self.bind(inner, value)
            case ast.Attribute(value=base) | ast.Subscript(value=base):
                path = _dotted(base)
                if isinstance(target, ast.Subscript):
                    self.value(target.slice)
                elif isinstance(target, ast.Attribute) and path:
                    path = (*path, target.attr)
                self.events.append(Store(target=self.value(base), value=value, path=self.own_path(path)))
            case _:
                self.value(target)

    def update(self, target: ast.expr, value: ast.expr) -> None:
        if not isinstance(target, ast.Name):
            self.bind(target, self.value(value))
            return
        name = self.used(target.id)
        made = self.value(value)
        itself = Value(same=frozenset({name}))
        self.events.append(Store(target=itself, value=made, path=(name,)))
        self.events.append(Assign(((self.own(target.id), itself),)))

    def delete(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.used(target.id)
        self.bind(target, NOTHING)

    def loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        signal = training_loop(node)
        if signal is not None:
            self.events.append(Signal(signal))
        # Twice, so that what one round leaves behind is seen by the next; inner loops go round with the outer one.
        rounds, before = (1 if self.in_loop else 2), self.in_loop
        self.in_loop = True
        items = NOTHING if isinstance(node, ast.While) else self.iterate(node.iter)
        with self.perhaps():
            for _ in range(rounds):
                if isinstance(node, ast.While):
                    self.value(node.test)
                else:
                    self.bind(node.target, items)
                self.block(node.body)
        with self.perhaps():
            self.block(node.orelse)
        self.in_loop = before

    def branch(self, node: ast.If | ast.Try | ast.TryStar | ast.Match) -> None:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                self.value(test)
                if ast.unparse(test) == "__name__ == '__main__'":
                    self.block(body)
                    return
                blocks = [body, orelse]
            case ast.Try() | ast.TryStar():
                self.attempt(node)
                return
            case ast.Match(subject=subject, cases=cases):
                value = self.value(subject)
                for case in cases:
                    with self.perhaps():
                        self.pattern(case.pattern, value.element | value)
                        if case.guard is not None:
                            self.value(case.guard)
                        self.block(case.body)
                return
        for block in blocks:
            with self.perhaps():
                self.block(block)

    def attempt(self, node: ast.Try | ast.TryStar) -> None:
        with self.perhaps():
            self.block(node.body)
        for handler in node.handlers:
            with self.perhaps():
                if handler.type is not None:
                    self.value(handler.type)
                if handler.name is not None:
                    self.events.append(Assign(((self.own(handler.name), NOTHING),)))
                self.block(handler.body)
        with self.perhaps():
            self.block(node.orelse)
        self.block(node.finalbody)

    def pattern(self, pattern: ast.pattern, value: Value) -> None:
        for part in ast.walk(pattern):
            match part:
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                    self.events.append(Assign(((self.own(name), value),)))
                case ast.MatchValue(value=expression) | ast.MatchClass(cls=expression):
                    self.value(expression)
                case _:
                    pass

    # -- definitions --------------------------------------------------------------------------------------------

    def definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        decorators = [(decorator, self.value(decorator)) for decorator in node.decorator_list]
        made = self.class_(node) if isinstance(node, ast.ClassDef) else self.function(node.name, node.args, node.body)
        for decorator, value in reversed(decorators):
            path = _dotted(decorator)
            result = self.fresh()
            self.events.append(
                Call(result=result, base=value, name=path[-1] if path else "", arguments=(made,), decorates=True)
            )
            made = Value(same=frozenset({result})) | made
        self.events.append(Assign(((self.own(node.name), made),)))

    def function(self, name: str, arguments: ast.arguments, body: Sequence[ast.stmt]) -> Value:
        defaults = [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]
        parts = tuple(self.value(default) for default in defaults)
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        parameters += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
        names = tuple(parameter.arg for parameter in parameters)
        around = self.outside if self.in_class else self.renamed
        visible = {key: value for key, value in around.items() if key not in names}
        inner = _Reader(renamed=visible, outside=visible, counter=self.counter)
        inner.block(body)
        function = Function(name, names, tuple(inner.events), frozenset(inner.shared))
        return self.make(*parts, function=function)

    def class_(self, node: ast.ClassDef) -> Value:
        parts = [self.value(base) for base in node.bases]
        parts += [self.value(keyword.value) for keyword in node.keywords]
        before = (self.renamed, self.outside, self.in_class)
        self.outside = self.outside if self.in_class else self.renamed
        self.renamed, self.in_class = _ClassScope(self.renamed, f"%{next(self.counter)}:"), True
        scope = self.renamed
        self.block(node.body)
        self.renamed, self.outside, self.in_class = before
        members = tuple(sorted((name, renamed) for name, renamed in scope.items() if renamed.startswith(scope.prefix)))
        parts += [Value(same=frozenset({member})) for _, member in members]
        return self.make(*parts, origin=f"class {node.name}", methods=members)

    # -- expressions --------------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=constant):
                return Value(literal=repr(constant))
            case ast.Name(id=name):
                return Value(same=frozenset({self.used(name)}))
            case ast.Call():
                return self.call(node, discarded=False)
            case ast.Attribute(value=base):
                return self.value(base).element
            case ast.Subscript(value=base, slice=index):
                found = self.value(base).element
                self.value(index)
                return found
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return self.make(*(self.value(part) for part in parts))
            case ast.Dict(keys=keys, values=values):
                return self.make(*(self.value(part) for part in (*keys, *values) if part is not None))
            case ast.Starred(value=inner) | ast.Await(value=inner):
                found = self.value(inner)
                return found | found.element
            case ast.Lambda(args=arguments, body=body):
                return self.function("lambda", arguments, [ast.Return(value=body)])
            case ast.NamedExpr(target=target, value=inner):
                found = self.value(inner)
                self.events.append(Assign(((self.walrus(target.id), found),)))
                return found
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self.comprehension(node)
            case _:
                return self.computed(node)

    def computed(self, node: ast.expr) -> Value:
        """What operators and the like give."""
        children = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        values = [self.value(child) for child in children]
        match node:
            case ast.BoolOp():
                return _either(values)
            case ast.IfExp():
                return _either(values[1:])
            case ast.BinOp(op=ast.Add() | ast.Mult() | ast.BitOr()):
                return self.make(*values)
            case ast.Yield() | ast.YieldFrom():
                for value in values:
                    self.events.append(Return(value | value.element))
                return NOTHING
            case ast.JoinedStr() | ast.FormattedValue():
                return NOTHING
            case _:
                return self.make(*values, derived=True)

    def call(self, node: ast.Call, *, discarded: bool) -> Value:
        attributes: list[str] = []
        base = node.func
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base.attr)
            base = base.value
        receiver = self.value(base)
        name = self.renamed.get(base.id, base.id) if isinstance(base, ast.Name) else ""
        if not attributes and (name in _SEES_EVERYTHING or (name in _SEES_EVERYTHING_BARE and not node.args)):
            self.events.append(Opaque(f"`{name}`"))
        arguments = tuple(self.value(argument) for argument in node.args)
        keywords = tuple((keyword.arg or "**", self.value(keyword.value)) for keyword in node.keywords)
        if attributes and attributes[-1] in ("query", "eval"):
            for argument in arguments:
                for mentioned in _AT_NAME.findall(argument.text or ""):
                    self.used(mentioned)
        result = self.fresh()
        self.events.append(
            Call(
                result=result,
                base=receiver,
                name=name,
                attributes=tuple(attributes),
                arguments=arguments,
                keywords=keywords,
                discarded=discarded,
            )
        )
        return Value(same=frozenset({result}))

    def iterate(self, node: ast.expr) -> Value:
        """The items that a loop over *node* goes through."""
        source = self.value(node)
        result = self.fresh()
        self.events.append(Call(result=result, base=source, attributes=("__iter__",)))
        return source.element

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Value:
        before = self.renamed
        number = next(self.counter)
        with self.perhaps():
            for generator in node.generators:
                items = self.iterate(generator.iter)
                targets = [part.id for part in ast.walk(generator.target) if isinstance(part, ast.Name)]
                self.renamed = {**self.renamed, **{name: f"%{number}:{name}" for name in targets}}
                self.bind(generator.target, items)
                for condition in generator.ifs:
                    self.value(condition)
            parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
            values = [self.value(part) for part in parts]
        self.renamed = before
        return self.make(*values, origin="(generator)" if isinstance(node, ast.GeneratorExp) else "")

    # -- names --------------------------------------------------------------------------------------------------

    def used(self, name: str) -> str:
        name = self.renamed.get(name, name)
        self.events.append(Use(name))
        return name

    def own(self, name: str) -> str:
        """The name that a binding of *name* here goes to."""
        if isinstance(self.renamed, _ClassScope):
            return self.renamed.member(name)
        return self.renamed.get(name, name)

    def walrus(self, name: str) -> str:
        """`:=` binds outside the comprehension that it stands in."""
        return self.renamed.get(name, name)

    def own_path(self, path: tuple[str, ...]) -> tuple[str, ...]:
        return (self.renamed.get(path[0], path[0]), *path[1:]) if path else path

    def fresh(self) -> str:
        return f"%{next(self.counter)}"

    def make(
        self,
        *parts: Value,
        derived: bool = False,
        origin: str = "",
        function: Function | None = None,
        methods: tuple[tuple[str, str], ...] = (),
    ) -> Value:
        result = self.fresh()
        kept = tuple(part for part in parts if part.same or part.inside)
        self.events.append(
            Make(result=result, parts=kept, derived=derived, origin=origin, function=function, methods=methods)
        )
        return Value(same=frozenset({result}))

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """What is read inside may run or not."""
        self.events.append(Enter())
        yield
        self.events.append(Exit())


class _ClassScope(dict[str, str]):
    """The names of a class body; what is bound in it becomes a member."""

    def __init__(self, around: dict[str, str], prefix: str) -> None:
        super().__init__(around)
        self.prefix = prefix

    def member(self, name: str) -> str:
        self[name] = self.prefix + name
        return self[name]


def _either(values: Sequence[Value]) -> Value:
    found = NOTHING
    for value in values:
        found |= value
    return found


def _dotted(node: ast.expr) -> tuple[str, ...]:
    """`a.b.c` as its names; nothing when it begins with something else than a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
        node = node.value
    return (node.id, *names) if isinstance(node, ast.Name) else ()
