"""Numbers that stand as the last line of a cell, as people look at a score."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from .base import Found, Written, scalars

NAME = "last_expression"

TRANSPARENT = frozenset({"item", "mean", "round", "numpy", "detach", "cpu", "compute", "result", "float", "abs"})
"""Calls that leave a number what it was: `round(acc, 3)`, `loss.item()`, `scores.mean()`."""
AGGREGATES = frozenset({"max", "min", "std", "sum", "median", "var"})
NO_METRIC = frozenset({
    "len", "id", "hash", "ord", "nunique", "count_params", "numel", "randint",
    "time", "perf_counter", "monotonic", "process_time", "timestamp",
    "system", "call", "wait", "getpid", "collect", "cpu_count", "device_count",
    "write", "write_text", "write_bytes", "seek", "tell", "getsizeof", "getsize",
    "memory_allocated", "max_memory_allocated",
})  # fmt: skip
"""Calls whose number says nothing of a model's quality."""


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the numbers among *namespace*, which maps what `named` found in a cell."""
    for name, value in namespace.items():
        yield from scalars(name, value)


def named(expression: ast.expr, value: object) -> dict[str, object]:
    """Name the *value* of a cell's last *expression*; a tuple written out gives each of its elements."""
    if isinstance(expression, ast.Tuple) and isinstance(value, tuple) and len(value) == len(expression.elts):
        pairs = [(name_of(element), entry) for element, entry in zip(expression.elts, value)]  # noqa: B905 - Python 3.9
    else:
        pairs = [(name_of(expression), value)]
    return {name: entry for name, entry in pairs if name}


def name_of(expression: ast.expr) -> str | None:
    """Name an expression by its variable, attribute, key or called function; None where a number would mean nothing."""
    if isinstance(expression, ast.Name):
        return expression.id
    if isinstance(expression, ast.Attribute):
        return None if expression.attr in {"size", "ndim"} else expression.attr
    if isinstance(expression, ast.Subscript):
        return _key(expression)
    if isinstance(expression, ast.Call):
        return _called(expression)
    if isinstance(expression, ast.Await):
        return name_of(expression.value)
    if isinstance(expression, (ast.BinOp, ast.UnaryOp)) and not _constant(expression):
        return ast.unparse(expression)
    return None


def _key(expression: ast.Subscript) -> str | None:
    if isinstance(expression.slice, ast.Constant) and isinstance(expression.slice.value, str):
        return expression.slice.value
    if isinstance(expression.value, ast.Attribute) and expression.value.attr == "shape":
        return None
    return name_of(expression.value)


def _called(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Attribute):
        if isinstance(function.value, ast.Call) or not call.args:
            if function.attr in TRANSPARENT:
                return name_of(function.value)
            if function.attr in AGGREGATES:
                inner = name_of(function.value)
                return f"{inner}.{function.attr}" if inner else None
        if function.attr in TRANSPARENT | AGGREGATES and call.args:
            return name_of(call.args[0])
        return None if function.attr in NO_METRIC else function.attr
    if isinstance(function, ast.Name):
        if function.id in TRANSPARENT | AGGREGATES and call.args:
            return name_of(call.args[0])
        return None if function.id in NO_METRIC else function.id
    return None


def _constant(expression: ast.expr) -> bool:
    return not any(isinstance(node, (ast.Name, ast.Call)) for node in ast.walk(expression))
