"""The first `alekseylearn.yml` of a repository: the notebooks that train, and in comments what could be said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from alekseylearn.goals import Goal, guess_goal
from alekseylearn.knowledge import PLAIN, Knowledge
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.targets import Target, find_targets

MOST = 20
"""Notebooks that are listed; people with more name them by hand."""
_PLAIN = re.compile(r"[A-Za-z0-9_][\w./-]*\Z", re.ASCII)
_HEAD = """\
# What alekseylearn is told about this repository. Nothing here is needed: without this file every notebook that trains
# is found, and names and goals are guessed. What stands behind # shows what could be said; `alekseylearn config schema`
# explains every key.
"""
_DEFAULTS = """\
  # timeout: 2h           # the longest that one training may take
  # seed: 7               # seeds the random generators before the first cell
  # tolerance: 0.002      # changes of a metric up to this count as the same
"""
_NOBODY = """\
# models:                 # no notebook here trains yet
#   churn:
#     notebook: notebooks/churn.ipynb
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A notebook that trains: its cells that do, each with the reason, what it measures, and its number of epochs."""

    path: str
    trains: Mapping[int, str]
    metrics: Mapping[str, Goal]
    epochs: tuple[str, int] | None = None


def look_at(notebook: Notebook, known: Knowledge = PLAIN.known) -> Candidate | None:
    """Look at one notebook; None where no cell trains."""
    found = find_targets(notebook, known)
    trains = {target.cell: target.reason for target in found if target.kind == "train"}
    if not trains:
        return None
    return Candidate(
        path=notebook.path,
        trains=MappingProxyType(trains),
        metrics=MappingProxyType(dict(_metrics(notebook, found))),
        epochs=next(_epochs(notebook), None),
    )


def first_config(defaults: str, candidates: Sequence[Candidate]) -> str:
    """Write the file; *defaults* is the table that the backend needs, as YAML."""
    names: dict[str, Candidate] = {}
    for candidate in candidates[:MOST]:
        names[_name(candidate.path, names)] = candidate
    models = "".join(_model(name, candidate) for name, candidate in names.items())
    left = len(candidates) - len(names)
    more = f"  # and {left} more notebooks train, under the names of their files\n" if left else ""
    return f"{_HEAD}{defaults}{_DEFAULTS}{f'models:{chr(10)}{models}{more}' if models else _NOBODY}"


def _model(name: str, candidate: Candidate) -> str:
    cell, reason = next(iter(candidate.trains.items()))
    goals = ", ".join(f"{metric}: {which}" for metric, which in candidate.metrics.items()) or "accuracy: max"
    rising = (metric for metric, goal in candidate.metrics.items() if goal == "max")
    primary = next(rising, next(iter(candidate.metrics), "accuracy"))
    bound = "<= 0.1" if candidate.metrics.get(primary) == "min" else ">= 0.9"
    lines = [
        f"{name}:  # cell {cell} {reason}".replace("\n", " "),
        f"  notebook: {candidate.path if _PLAIN.match(candidate.path) else _quoted(candidate.path)}",
        f"  # metrics: {{{goals}}}   # which way is better; else it is guessed by the name",
        f"  # primary: {primary}   # the metric of the headline",
        f'  # gates: {{{primary}: "{bound}"}}   # the check fails beyond this',
    ]
    if candidate.epochs is not None:
        variable, count = candidate.epochs
        lines += [
            f"  # parameters: {{{variable}: {count}}}   # written over what the notebook sets",
            f"  # smoke: {{{variable}: 1}}   # what `fit --smoke` sets, for a cheap run",
        ]
    return "".join(f"  {line}\n" for line in lines)


def _name(path: str, taken: Mapping[str, object]) -> str:
    """Name the model of a notebook after its file; after its folder, too, where that is taken."""
    parts = path.removesuffix(".ipynb").split("/")
    names = [re.sub(r"[^A-Za-z0-9_-]+", "-", "-".join(parts[-count:])) for count in range(1, len(parts) + 1)]
    usable = [name[-60:].strip("-_") or "model" for name in names]
    numbered = (f"{usable[-1]}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (*usable, *numbered) if name not in taken)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _metrics(notebook: Notebook, found: Sequence[Target]) -> Iterator[tuple[str, Goal]]:
    """Name what the cells that measure assign or show, as far as a name tells which way is better."""
    cells = [notebook.cells[target.cell] for target in found if target.kind == "metrics"]
    for statement in (statement for cell in cells for statement in _body(cell)):
        nodes: Sequence[ast.expr]
        match statement:
            case ast.Assign(targets=targets):
                nodes = targets
            case ast.Expr(value=value):
                nodes = [value]
            case _:
                continue
        names = [node.id for node in nodes if isinstance(node, ast.Name)]
        yield from ((name, goal) for name in names if (goal := guess_goal(name)) is not None)


def _epochs(notebook: Notebook) -> Iterator[tuple[str, int]]:
    """Find the variables that hold a number of epochs."""
    for statement in (statement for cell in notebook.code_cells for statement in _body(cell)):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(count))) if count > 1:
                if "epoch" in name.lower():
                    yield name, count


def _body(cell: Cell) -> Sequence[ast.stmt]:
    """Read a cell as plain Python; one with magics in it tells nothing, which costs a hint and no more."""
    try:
        return ast.parse(cell.source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
