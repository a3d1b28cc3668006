"""Which cells train, and which measure what was trained: marks first, else what the code itself shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from alekseylearn.calls import Called
from alekseylearn.dataflow import CellFlow, trace
from alekseylearn.knowledge import PLAIN, Knowledge, libraries, training
from alekseylearn.magics import parse_python
from alekseylearn.notebook import Cell, Notebook

TargetKind = Literal["train", "metrics"]

_CALL_THAT_TRAINS = re.compile(rf"\.\s*(?:{'|'.join(sorted(training.FITTING | training.UPDATING))})\s*\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cell whose result is wanted: it trains, or it measures what was trained."""

    cell: int
    id: str
    kind: TargetKind
    reason: str


def find_targets(notebook: Notebook, known: Knowledge = PLAIN.known) -> tuple[Target, ...]:
    """Find the cells of *notebook* that train and those that measure what was trained, in order.

    As soon as one cell is marked `train`, only marked cells train; the same holds for `metrics`. *known* is what the
    repository says of calls.
    """
    flows = trace(notebook, known)
    cells = {cell.index: cell for cell in notebook.code_cells if cell.index in flows}
    trains = _marked(cells.values(), "train") or {
        index: words for index, flow in flows.items() if (words := why_it_trains(flow)) is not None
    }
    measures = _marked(cells.values(), "metrics") or {
        index: words
        for index in sorted(_downstream(flows, trains) - set(trains))
        if (words := why_it_measures(flows[index])) is not None
    }
    found = [_target(cells[index], "metrics", words) for index, words in measures.items() if index not in trains]
    found += [_target(cells[index], "train", words) for index, words in trains.items()]
    return tuple(sorted(found, key=lambda target: target.cell))


def why_it_trains(flow: CellFlow) -> str | None:
    """Say why the cell trains; None when nothing in it does."""
    # Whoever breaks the very cell that trains must hear of it; taken for no target it would only seem untrained.
    if flow.names.error and _CALL_THAT_TRAINS.search(flow.names.translation.code):
        return "seems to train, but is not valid Python"
    for called in flow.calls:
        if _trains(called):
            what = f"calls `{called.words}`"
            return f"trains: calls `{called.through}`, which {what}" if called.through else f"trains: {what}"
    return f"trains: {flow.signals[0]}" if flow.signals else None


def why_it_measures(flow: CellFlow) -> str | None:
    """Say what the cell measures; None when it only shows something."""
    for called in flow.calls:
        if _measures(called) and not called.through.lower().startswith(training.SHOWS):
            what = f"calls `{called.words}`"
            through = f"calls `{called.through}`, which " if called.through else ""
            return f"measures the trained model: {through}{what}"
    tree = parse_python(flow.names.translation.code)
    measure = _named_measure(tree.body) if tree is not None else None
    return f"measures the trained model: `{measure}`" if measure else None


def _marked(cells: Iterable[Cell], mark: Literal["train", "metrics"]) -> dict[int, str]:
    return {cell.index: f"marked `#| {mark}`" for cell in cells if mark in cell.marks}


def _target(cell: Cell, kind: TargetKind, reason: str) -> Target:
    return Target(cell=cell.index, id=cell.id, kind=kind, reason=reason)


def _downstream(flows: Mapping[int, CellFlow], roots: Iterable[int]) -> set[int]:
    """Find the cells that use what *roots* leave behind, directly or through other cells."""
    reached = set(roots)
    for index, flow in flows.items():
        if any(need.source in reached and need.how in ("defines", "changes") for need in flow.needs):
            reached.add(index)
    return reached


def _measures(called: Called) -> bool:
    if called.said & {"measures", "shows", "pure"}:
        return "measures" in called.said
    return training.is_measure(called.name)


def _trains(called: Called) -> bool:
    if called.said & {"trains", "prepares", "measures", "shows", "pure"}:
        return "trains" in called.said
    if "prepares" in called.made_of:
        return False
    if called.dotted in training.TRAINING_FUNCTIONS or called.name in training.UPDATING:
        return True
    library = called.dotted.partition(".")[0]
    if called.dotted and not (library in training.FITTING_LIBRARIES or library not in libraries.QUIET_LIBRARIES):
        return False
    if called.name in ("train", "learn"):
        return _starts_training(called)
    return called.name in training.FITTING and not _prepares(called)


def _starts_training(called: Called) -> bool:
    """`trainer.train()` and `model.train(data)` train; `net.train()` and `net.train(False)` only switch the mode."""
    known = [called.receiver, *called.origins]
    if any(word in name.lower() for name in known for word in training.TRAINERS):
        return True
    return called.arguments > 0 and called.first not in ("True", "False") and called.name == "train"


def _prepares(called: Called) -> bool:
    """Whether what is fitted only prepares data: a scaler, a vectorizer, or a pipeline of nothing else."""
    makers = [origin for origin in called.origins if origin not in ("(value)", "(generator)")]
    makers = [origin for origin in makers if origin.rpartition(".")[2] not in _ASSEMBLES]
    if makers:
        return all(
            origin.startswith(training.PREPROCESSOR_MODULES) or origin.endswith(training.PREPROCESSOR_ENDINGS)
            for origin in makers
        )
    name = called.receiver.rpartition(".")[2].lower()
    return bool(training.PREPROCESSOR_WORDS & set(name.split("_"))) or name.endswith(training.PREPROCESSOR_WORD_ENDINGS)


_ASSEMBLES = frozenset({"Pipeline", "make_pipeline", "FeatureUnion", "make_union", "ColumnTransformer", "clone"})


def _named_measure(body: list[ast.stmt]) -> str | None:
    """Find the variable named like a measure that the cell computes, or shows as its last expression."""
    for statement in body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Name) and training.names_a_measure(target.id):
                return target.id
    last = body[-1] if body else None
    if not isinstance(last, ast.Expr):
        return None
    shown = last.value
    if isinstance(shown, ast.Call):
        if not (isinstance(shown.func, ast.Name) and shown.func.id in ("round", "float", "print", "display")):
            return None
        parts: list[ast.expr] = shown.args
    else:
        parts = [shown]
    names = [node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)]
    return next((name for name in names if training.names_a_measure(name)), None)
