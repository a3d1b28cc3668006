"""Scores of scikit-learn's cross-validation, of each fold: their mean, and how they spread."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .assigned import assigned
from .base import LONGEST_NAME, Found, Written, scalar

NAME = "cross_validation"
CALLS = ("cross_val_score", "cross_validate")
TIMES = ("fit_time", "score_time")
MOST_FOLDS = 1000


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield mean and standard deviation of the scores in *namespace*, which holds what `named` found.

    A dict of scores, as `cross_validate` returns it, gives its own names; a second one's carry the variable's.
    """
    taken: set[str] = set()
    for variable, value in namespace.items():
        for name, scores in _scores(variable, value):
            shown = (f"{variable}.{name}" if name in taken else name)[: LONGEST_NAME - 4]
            taken.add(name)
            mean = sum(scores) / len(scores)
            yield shown, mean, None
            yield f"{shown}_std", (sum((score - mean) ** 2 for score in scores) / len(scores)) ** 0.5, None


def named(
    tree: ast.Module, namespace: Mapping[str, object], last: tuple[ast.expr, object] | None
) -> Iterator[tuple[str, object]]:
    """Find what a cell, parsed as *tree*, got from a cross-validation: what it assigned or ends with."""
    for statement in tree.body:
        value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
        if value is not None and _called(value) is not None:
            whole = ast.Module(body=[statement], type_ignores=[])
            yield from ((name, namespace[name]) for name in assigned(whole) if name in namespace)
    called = None if last is None else _called(last[0])
    if last is not None and called is not None:
        yield called, last[1]


def _called(expression: ast.expr) -> str | None:
    for node in ast.walk(expression):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
            if name in CALLS:
                return str(name)
    return None


def _scores(variable: str, value: object) -> Iterator[tuple[str, list[float]]]:
    entries = value.items() if isinstance(value, dict) else [(variable, value)]
    for name, entry in entries:
        scores = _folds(entry)
        if scores and isinstance(name, str) and name not in TIMES:
            yield name, scores


def _folds(value: object) -> list[float]:
    """Return the numbers of a list or of an array with one dimension; nothing where it is no such thing."""
    listed = getattr(value, "tolist", None)
    try:
        entries = listed() if callable(listed) else value
        if not isinstance(entries, Sequence) or isinstance(entries, (str, bytes)) or not 1 < len(entries) <= MOST_FOLDS:
            return []
    except Exception:
        # A class of the notebook's own, which is no array.
        return []
    scores = [scalar(entry) for entry in entries]
    return [score for score in scores if score is not None] if None not in scores else []
