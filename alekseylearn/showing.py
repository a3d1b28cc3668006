"""What a cell shows: what it prints or ends with, what it draws, and what it calls a measure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alekseylearn.effects import library
from alekseylearn.figures import saves
from alekseylearn.knowledge import libraries, training
from alekseylearn.origins import Names
from alekseylearn.syntax import walk
from alekseylearn.units import Unit, bindings, inside, spelled

_PRINTS = frozenset({"print", "display", "pprint", "info", "warning", "debug", "log", "write", "markdown", "Markdown"})
_WRITERS = ("st", "tqdm", "sys.stdout", "sys.stderr", "console", "rich")


def shown(unit: Unit, names: Names) -> Iterator[ast.expr]:
    """Find the expressions that a cell prints, and the one whose value it ends with."""
    for statement in unit.body:
        for node in inside(statement):
            if isinstance(node, ast.Call) and prints(node, names):
                yield ast.Tuple(elts=node.args)
    last = unit.body[-1] if unit.body else None
    if isinstance(last, ast.Expr) and not any(draws(part, unit, names) or saves(part) for part in inside(last.value)):
        printed = isinstance(last.value, ast.Call) and prints(last.value, names)
        if not printed:
            yield last.value


def prints(call: ast.Call, names: Names) -> bool:
    """Whether a call prints; `np.log(x)` and `file.write(x)` do not."""
    base, _, name = spelled(call.func).rpartition(".")
    if name == "write":
        return base in _WRITERS
    return name in _PRINTS and not (name == "log" and names.dotted(call.func))


def draws(node: ast.AST, unit: Unit, names: Names) -> bool:
    """Whether *node* stands for a call that draws."""
    return isinstance(node, ast.Call) and _is_drawing(node, unit, names)


def _is_drawing(call: ast.Call, unit: Unit, names: Names) -> bool:
    if library(names.dotted(call.func)) in libraries.DISPLAY_LIBRARIES:
        return True
    node: ast.expr = call
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr in training.DRAWING:
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return any(library(origin) in libraries.DISPLAY_LIBRARIES for origin in names.origins(node, unit))


def named(unit: Unit) -> str | None:
    """Find a variable named like a measure that the cell works out."""
    for statement in unit.body:
        for target, value in (pair for node in inside(statement) for pair in bindings(node)):
            if not isinstance(target, ast.Name) or not training.names_a_measure(target.id):
                continue
            works = any(
                isinstance(part, ast.BinOp)
                or (isinstance(part, ast.Call) and not spelled(part.func).rpartition(".")[2][:1].isupper())
                for part in walk(value)
            )
            curve = isinstance(value, ast.Call) and spelled(value.func).endswith("_curve")
            if (
                works
                and not curve
                and not isinstance(value, ast.Subscript | ast.Attribute | ast.List | ast.Dict | ast.ListComp)
            ):
                return f"`{target.id}`"
    return None
