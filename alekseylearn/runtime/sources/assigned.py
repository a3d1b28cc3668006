"""Numbers that a cell marked for metrics gives a name to."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from .base import Found, Written, scalars

NAME = "assigned"


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the numbers among *namespace*, which holds the names that a metrics cell assigned."""
    for name, value in namespace.items():
        if not name.startswith("_"):
            yield from scalars(name, value)


def assigned(tree: ast.Module) -> Iterator[str]:
    """Yield the names that the statements of a cell assign at its top level, in order."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            targets = [statement.target]
        else:
            continue
        for target in targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id
