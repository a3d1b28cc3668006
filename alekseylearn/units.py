"""Code that runs as one, functions, methods and cells, and how its syntax is gone through."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from alekseylearn.syntax import children

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(slots=True, eq=False)
class Unit:
    """Code that runs as one: a function or method, or the statements of a cell.

    `bound` holds what its own names are bound to, in no order; `owner` is the class of a method, `outer` the function
    around.
    """

    name: str
    body: Sequence[ast.stmt]
    parameters: tuple[str, ...] = ()
    defaults: Mapping[str, ast.expr] = field(default_factory=dict)
    owner: str = ""
    outer: Unit | None = None
    bound: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    own: dict[str, str] = field(default_factory=dict)

    @property
    def returned(self) -> list[ast.expr]:
        """The expressions that the code gives back."""
        nodes = (node for statement in self.body for node in inside(statement))
        return [node.value for node in nodes if isinstance(node, ast.Return | ast.Yield) and node.value is not None]


@dataclass(slots=True, eq=False)
class Klass:
    """A class of the notebook: the dotted names of its bases, its methods, and what its attributes are set to."""

    name: str
    bases: tuple[str, ...]
    methods: dict[str, Unit] = field(default_factory=dict)
    attributes: dict[str, list[tuple[ast.expr, Unit]]] = field(default_factory=lambda: defaultdict(list))


@lru_cache(maxsize=20_000)
def inside(node: ast.AST) -> tuple[ast.AST, ...]:
    """List *node* and all in it, in the order of the text, without the bodies of functions and classes in it."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [node]
    while waiting:
        part = waiting.pop()
        found.append(part)
        if not isinstance(part, _SCOPES):
            waiting.extend(reversed(children(part)))
    return tuple(found)


def bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Pairs of what *node* binds and the expression that it is bound to, or taken from."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _pairs(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            yield target, value
        case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
            yield from _pairs(target, value)
        case ast.comprehension(target=target, iter=value):
            yield from _pairs(target, value)
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield from _pairs(target, value)
        case _:
            return


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, value
    elif isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
        for part, one in zip(target.elts, value.elts, strict=True):
            yield from _pairs(part, one)
    else:
        for part in target.elts:
            yield from _pairs(part.value if isinstance(part, ast.Starred) else part, value)


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Go through the names that an import binds, each with its module or what it is in one."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield (
                alias.asname or alias.name.partition(".")[0],
                alias.name if alias.asname else alias.name.partition(".")[0],
            )
        elif alias.name != "*":
            yield alias.asname or alias.name, f"{node.module or ''}.{alias.name}".lstrip(".")


@lru_cache(maxsize=20_000)
def spelled(node: ast.expr) -> str:
    """Write down what is called as a reader would: `model.fit`, or `Ridge().fit` for an object made on the spot."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=base, attr=attribute):
            return f"{spelled(base)}.{attribute}".lstrip(".")
        case ast.Call(func=function):
            return f"{spelled(function)}()"
        case ast.Subscript(value=base):
            return spelled(base)
        case _:
            return ""
