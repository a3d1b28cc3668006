"""Expressions as events: what an expression uses, calls and makes, in the order in which Python evaluates it."""

from __future__ import annotations

import ast
import itertools
import re
from abc import ABC, abstractmethod
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
    Get,
    Make,
    Opaque,
    Operate,
    Return,
    Use,
    Value,
)
from alekseylearn.syntax import children, walk

_SEES_EVERYTHING = frozenset({"exec", "eval", "globals", "locals", "execfile"})
_SEES_EVERYTHING_BARE = frozenset({"vars", "dir"})
_AT_NAME = re.compile(r"@([A-Za-z_]\w*)")
_OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or",
    ast.BitAnd: "and",
    ast.BitXor: "xor",
    ast.Invert: "invert",
    ast.UAdd: "pos",
    ast.USub: "neg",
    ast.Not: "bool",
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.In: "contains",
    ast.NotIn: "contains",
}
"""How the methods behind operators are called, as in "Special method names" of Python's data model."""
CONTAINER = "(container)"
"""What made a list, a tuple, a set or a dictionary that holds just what was put into it."""
_ITEMS = ".0"
_ITEMS_ONLY = ast.arguments([], [ast.arg(_ITEMS)], None, [], [], None, [])
_AS_TEXT = ("__format__", "__str__", "__repr__")


@dataclass(slots=True)
class ExpressionReader(ABC):
    """Writes down the events of expressions.

    `renamed` holds the names of comprehensions and class bodies, which live apart from the notebook's; `counter`
    numbers the intermediate results of a cell.
    """

    events: list[Event] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    counter: Iterator[int] = field(default_factory=itertools.count)
    lazy: bool = False

    @abstractmethod
    def bind(self, target: ast.expr, value: Value) -> None:
        """Bind *target* to *value*."""

    @abstractmethod
    def function(self, name: str, arguments: ast.arguments, body: Sequence[ast.stmt]) -> Value:
        """Make the function *name*."""

    def value(self, node: ast.expr) -> Value:
        """Read the expression *node*; return where its value comes from."""
        match node:
            case ast.Constant(value=constant):
                return Value(literal=repr(constant))
            case ast.Name(id=name):
                return Value(same=frozenset({self.used(name)}))
            case ast.Call():
                return self.call(node, discarded=False)
            case ast.Attribute(value=base, attr=name):
                return self.got(self.value(base), name)
            case ast.Subscript(value=base, slice=index):
                found, place = self.value(base), self.value(index)
                whole = int(place.literal) if place.literal.isdecimal() else None
                return self.got(found, index=whole, part=isinstance(index, ast.Slice))
            case ast.Lambda(args=arguments, body=body):
                return self.function("lambda", arguments, [ast.Return(value=body)])
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                return self.comprehension(node)
            case ast.GeneratorExp():
                return self.generator(node)
            case _:
                return self.computed(node)

    def computed(self, node: ast.expr) -> Value:
        """Read an expression that is made of the values of others."""
        values = [self.value(child) for child in children(node) if isinstance(child, ast.expr)]
        match node:
            case ast.Tuple(elts=parts) if not any(isinstance(part, ast.Starred) for part in parts):
                return self.make(*values, origin=CONTAINER, items=tuple(values))
            case ast.Tuple() | ast.List() | ast.Set() | ast.Dict():
                return self.make(*values, origin=CONTAINER)
            case ast.Starred():
                return self.goes_through(values[0])
            case ast.Await():
                return values[0] | values[0].element
            case ast.NamedExpr(target=target):
                self.events.append(Assign(((self.walrus(target.id), values[-1]),)))
                return values[-1]
            case ast.Yield() | ast.YieldFrom():
                self.lazy = True
                for value in values:
                    given = self.goes_through(value) if isinstance(node, ast.YieldFrom) else value
                    self.events.append(Return(given))
                return NOTHING
            case ast.FormattedValue():
                self.events.append(Operate(result=self.fresh(), methods=_AS_TEXT, operands=tuple(values)))
                return NOTHING
            case _:
                return self.operation(node, values)

    def operation(self, node: ast.expr, values: Sequence[Value]) -> Value:
        """Read the use of an operator, or anything else that computes something new of *values*."""
        match node:
            case ast.JoinedStr():
                return NOTHING
            case ast.BoolOp():
                return _either(values)
            case ast.IfExp():
                return _either(values[1:])
            case ast.BinOp(op=operator):
                derived = not isinstance(operator, ast.Add | ast.Mult | ast.BitOr)
                return self.make(*values, derived=derived) | self.operator(operator, values)
            case ast.UnaryOp(op=sign):
                return self.make(*values, derived=True) | self.operator(sign, values)
            case ast.Compare(ops=operators):
                for compares, left, right in zip(operators, values, values[1:], strict=False):
                    if isinstance(compares, ast.In | ast.NotIn):
                        self.goes_through(right)
                    self.operator(compares, (left, right))
                return self.make(*values, derived=True)
            case _:
                return self.make(*values, derived=True)

    def call(self, node: ast.Call, *, discarded: bool) -> Value:
        """Read a call; *discarded* when nothing takes its result."""
        attributes: list[str] = []
        base = node.func
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base.attr)
            base = base.value
        receiver = self.value(base)
        name = self.renamed.get(base.id, base.id) if isinstance(base, ast.Name) else ""
        if not attributes and (name in _SEES_EVERYTHING or (name in _SEES_EVERYTHING_BARE and not node.args)):
            self.events.append(Opaque(f"`{name}`"))
        stars = (number for number, argument in enumerate(node.args) if isinstance(argument, ast.Starred))
        first = next(stars, len(node.args))
        given = [self.value(argument) for argument in node.args]
        arguments = tuple(given[:first])
        # What comes after a star may land anywhere.
        keywords = tuple(("*", value) for value in given[first:])
        keywords += tuple((keyword.arg or "**", self.value(keyword.value)) for keyword in node.keywords)
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
                words=".".join((_shown(base), *attributes)).lstrip("."),
                discarded=discarded,
            )
        )
        return Value(same=frozenset({result}))

    def got(self, base: Value, attribute: str = "", *, index: int | None = None, part: bool = False) -> Value:
        """Read an attribute of *base*, or a subscript."""
        result = self.fresh()
        self.events.append(Get(result=result, base=base, attribute=attribute, index=index, part=part))
        return Value(same=frozenset({result}))

    def operator(self, operator: ast.operator | ast.unaryop | ast.cmpop, operands: Sequence[Value]) -> Value:
        """Read the use of an operator that the notebook's own classes may define."""
        name = _OPERATORS.get(type(operator))
        if name is None:
            return NOTHING
        result = self.fresh()
        self.events.append(Operate(result=result, methods=(f"__{name}__", f"__r{name}__"), operands=tuple(operands)))
        return Value(same=frozenset({result}))

    def iterate(self, node: ast.expr) -> Value:
        """Read the items that a loop over *node* goes through."""
        return self.goes_through(self.value(node))

    def goes_through(self, source: Value) -> Value:
        """Read the items of *source*; an iterator is used up by this."""
        result = self.fresh()
        self.events.append(Call(result=result, base=source, attributes=("__iter__",)))
        return Value(same=frozenset({result}), inside=source.same | source.inside)

    def generator(self, node: ast.GeneratorExp) -> Value:
        """Read a generator expression: all but its first source runs when somebody goes through it."""
        first, *others = node.generators
        source = self.value(first.iter)
        body: list[ast.stmt] = [ast.Expr(ast.Yield(node.elt))]
        for generator in (*reversed(others), first):
            for condition in reversed(generator.ifs):
                body = [ast.If(condition, body, [])]
            items = ast.Name(_ITEMS) if generator is first else generator.iter
            body = [ast.For(generator.target, items, body, [])]
        leaked = [part.target.id for part in walk(node) if isinstance(part, ast.NamedExpr)]
        if leaked:
            body.insert(0, ast.Global(leaked))
        made = self.function("generator", _ITEMS_ONLY, body)
        result = self.fresh()
        self.events.append(Call(result=result, base=made, arguments=(source,)))
        return Value(same=frozenset({result}))

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp) -> Value:
        """Read a comprehension; its variables get names of their own."""
        before = self.renamed
        number = next(self.counter)
        with self.perhaps():
            for generator in node.generators:
                items = self.iterate(generator.iter)
                targets = [part.id for part in walk(generator.target) if isinstance(part, ast.Name)]
                self.renamed = {**self.renamed, **{name: f"%{number}:{name}" for name in targets}}
                self.bind(generator.target, items)
                for condition in generator.ifs:
                    self.value(condition)
            parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
            values = [self.value(part) for part in parts]
        self.renamed = before
        return self.make(*values, origin=CONTAINER)

    # -- names --------------------------------------------------------------------------------------------------

    def used(self, name: str) -> str:
        """Note that *name* is read; return the name that it has here."""
        name = self.renamed.get(name, name)
        self.events.append(Use(name))
        return name

    def own(self, name: str) -> str:
        """Return the name that a binding of *name* here goes to."""
        if isinstance(self.renamed, ClassScope):
            return self.renamed.member(name)
        return self.renamed.get(name, name)

    def walrus(self, name: str) -> str:
        """Return the name that `:=` binds: outside the comprehension that it stands in."""
        return self.renamed.get(name, name)

    def own_path(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Return a dotted path with the name that its root has here."""
        return (self.renamed.get(path[0], path[0]), *path[1:]) if path else path

    def fresh(self) -> str:
        """Return a new name for an intermediate result."""
        return f"%{next(self.counter)}"

    def make(
        self,
        *parts: Value,
        derived: bool = False,
        origin: str = "",
        function: Function | None = None,
        items: tuple[Value, ...] = (),
    ) -> Value:
        """Make a new object that holds *parts*."""
        result = self.fresh()
        kept = tuple(part for part in parts if part.same or part.inside)
        self.events.append(
            Make(result=result, parts=kept, derived=derived, origin=origin, function=function, items=items)
        )
        return Value(same=frozenset({result}))

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """Mark what is read inside as code that may run or not."""
        self.events.append(Enter())
        yield
        self.events.append(Exit())


class ClassScope(dict[str, str]):
    """The names of a class body; what is bound in it becomes a member."""

    def __init__(self, around: dict[str, str], prefix: str) -> None:
        super().__init__(around)
        self.prefix = prefix

    def member(self, name: str) -> str:
        """Return the name that the member *name* has, which is bound from now on."""
        self[name] = self.prefix + name
        return self[name]


def _shown(node: ast.expr) -> str:
    """Write down what a call begins with: a name, or `Ridge()` for an object that is made on the spot."""
    if isinstance(node, ast.Call):
        return ".".join(dotted(node.func)) + "()"
    return ".".join(dotted(node))


def _either(values: Sequence[Value]) -> Value:
    found = NOTHING
    for value in values:
        found |= value
    return found


def dotted(node: ast.expr) -> tuple[str, ...]:
    """`a.b.c` as its names; nothing when it begins with something else than a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
        node = node.value
    return (node.id, *names) if isinstance(node, ast.Name) else ()
