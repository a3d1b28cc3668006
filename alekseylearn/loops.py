"""Training loops written out by hand: a loop over epochs in which something feeds back into itself."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

_COUNTS_TRAINING = re.compile(
    r"(?:^|_)(?:epochs?|steps?|iters?|iterations?|max_iter|n_iter|it|rounds?|episodes?|updates?|batches|num_updates)(?:$|_|\d)",
    re.IGNORECASE,
)
_MOST_ROUNDS = 6


def training_loop(loop: ast.For | ast.AsyncFor | ast.While) -> str | None:
    """Say what *loop* goes over if it looks like training, else None.

    It does when its counter or its bound is named like epochs or steps, and a variable that its body changes is read
    again by the body to compute something: weights do this; totals, counters and lists that are filled do not.
    """
    over = _counts(loop)
    if over is None or not any(_feeds_back(name, loop.body) for name in _changed(loop.body)):
        return None
    return f"looks like a training loop over `{over}`"


def hand_overs(body: list[ast.stmt]) -> int:
    """Count the variables that *body* passes on, as in `a, b = b, c`: after so many rounds each was everywhere."""
    moved: set[str] = set()
    for node in _inside(body):
        if isinstance(node, ast.Assign) and not isinstance(
            node.value, ast.Call | ast.BinOp | ast.Constant | ast.Compare
        ):
            moved.update(part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name))
    return min(len(moved), _MOST_ROUNDS)


def _counts(loop: ast.For | ast.AsyncFor | ast.While) -> str | None:
    heads = (loop.test,) if isinstance(loop, ast.While) else (loop.iter, loop.target)
    names = [name for head in heads for name in _names(head)]
    return next((name for name in names if _COUNTS_TRAINING.search(name)), None)


def _changed(body: list[ast.stmt]) -> Iterator[str]:
    """Names of variables that *body* changes: by assignment, in place, by a subscript or an attribute."""
    found: Counter[str] = Counter()
    for node in _inside(body):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign):
            targets = [node.target]
        found.update(_root(part) for part in _parts(targets))
    del found[""]
    yield from found


def _feeds_back(name: str, body: list[ast.stmt]) -> bool:
    """Whether *body* computes with *name* what goes into *name* again."""
    if not _read_before_written(name, body):
        return False
    for node in _inside(body):
        if isinstance(node, ast.AugAssign) and _root(node.target) == name:
            if name in _names(node.value):
                return True
        elif isinstance(node, ast.Assign) and name in _names(node.value) and not _only_adds(name, node):
            return True
    return False


def _read_before_written(name: str, body: list[ast.stmt]) -> bool:
    """Whether an iteration reads what an earlier one left in *name*."""
    for node in _inside(body):
        if isinstance(node, ast.AugAssign) and _root(node.target) == name:
            return True
        if isinstance(node, ast.Assign):
            if name in _names(node.value):
                return True
            if any(isinstance(part, ast.Name) and part.id == name for part in _parts(node.targets)):
                return False
    return False


def _only_adds(name: str, node: ast.Assign) -> bool:
    """Whether *node* is `total = total + ...`, where nothing else is computed with the total."""
    value = node.value
    own = any(_root(target) == name for target in node.targets)
    if not own or not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
        return False
    rest = [side for side in (value.left, value.right) if not (isinstance(side, ast.Name) and side.id == name)]
    return len(rest) == 1 and name not in _names(rest[0])


def _inside(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """All statements and expressions of *body* in the order of the text, without those of functions in it."""
    for statement in body:
        waiting: list[ast.AST] = [statement]
        while waiting:
            node = waiting.pop()
            yield node
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def _parts(targets: list[ast.expr]) -> Iterator[ast.expr]:
    """Take tuples of targets apart."""
    for target in targets:
        yield from target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def _names(node: ast.AST) -> list[str]:
    found = []
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.append(part.id)
        elif isinstance(part, ast.Attribute):
            found.append(part.attr)
    return found


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
