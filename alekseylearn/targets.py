"""Which cells train, and which measure what was trained: marks first, else what the code itself shows."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from alekseylearn.collecting import uncollected
from alekseylearn.dataflow import CellFlow, trace
from alekseylearn.fitting import Fitting
from alekseylearn.knowledge import PLAIN, Knowledge, training
from alekseylearn.magics import parse_python
from alekseylearn.measuring import Measuring
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.origins import Names
from alekseylearn.units import Unit

TargetKind = Literal["train", "metrics"]

_CALL_THAT_TRAINS = re.compile(rf"\.\s*(?:backward|{'|'.join(sorted(training.FITTING | training.UPDATING))})\s*\(")
_FEELS = frozenset({"defines", "changes", "opaque", "file"})
"""How a cell may need what another left behind, so that it can measure it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cell whose result is wanted: it trains, or it measures what was trained."""

    cell: int
    id: str
    kind: TargetKind
    reason: str


@uncollected()
def find_targets(notebook: Notebook, known: Knowledge = PLAIN.known) -> tuple[Target, ...]:
    """Find the cells of *notebook* that train and those that measure what was trained, in order.

    As soon as one cell is marked `train`, only marked cells train; the same holds for `metrics`. *known* is what the
    repository says of calls.
    """
    flows = trace(notebook, known)
    cells = {cell.index: cell for cell in notebook.code_cells if cell.index in flows}
    reader = _Reader(flows=flows, known=known, marked=_marked(cells.values(), "train"))
    for cell in cells.values():
        reader.read(cell)
    trains = reader.trains
    measures = _marked(cells.values(), "metrics") or reader.measures
    found = [_target(cells[index], "metrics", words) for index, words in measures.items() if index not in trains]
    found += [_target(cells[index], "train", words) for index, words in trains.items()]
    return tuple(sorted(found, key=lambda target: target.cell))


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads cell after cell; `reached` are the cells that train and all that use what these leave behind.

    `used` are the variables of each cell that other cells use; `live` are those that only a live notebook has: models
    that were fetched, and what was made of them. A cell that uses such measures nothing of this training.
    """

    flows: Mapping[int, CellFlow]
    known: Knowledge
    marked: dict[int, str]
    trains: dict[int, str] = field(default_factory=dict)
    measures: dict[int, str] = field(default_factory=dict)
    reached: set[int] = field(default_factory=set)
    names: Names = field(default_factory=Names)
    files: dict[str, Unit] = field(default_factory=dict)
    used: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    live: dict[int, frozenset[str]] = field(default_factory=dict)
    fitting: Fitting = field(init=False)
    measuring: Measuring = field(init=False)

    def __post_init__(self) -> None:
        self.fitting = Fitting(self.names, self.known)
        self.measuring = Measuring(self.fitting)
        for need in (need for flow in self.flows.values() for need in flow.needs if need.how == "defines"):
            self.used[need.source].add(need.name)

    def read(self, cell: Cell) -> None:
        """Read one cell: tell whether it trains or measures."""
        flow = self.flows[cell.index]
        tree = parse_python(flow.names.translation.code)
        unit = Unit(name="", body=tree.body if tree is not None else [])
        self.fitting.later = frozenset(self.used[cell.index])
        # Whoever breaks the very cell that trains must hear of it; taken for no target it would only seem untrained.
        seems = _CALL_THAT_TRAINS.search(flow.names.translation.code)
        try:
            why = self.why_it_trains(unit, flow)
        except RecursionError:
            why = "seems to train, but is nested too deeply to tell" if seems else None
            unit.body = []
        if flow.names.error and seems:
            why = "seems to train, but is not valid Python"
        self.write(cell, flow)
        if self.marked:
            why = self.marked.get(cell.index)
        if why is not None:
            self.trains[cell.index] = why
        elif self.is_live(cell, unit, flow):
            return
        if why is not None or self.uses(flow):
            self.reached.add(cell.index)
            # What is nested too deeply to be told is no figure.
            with suppress(RecursionError):
                self.measure(cell, unit)

    def measure(self, cell: Cell, unit: Unit) -> None:
        """Tell whether a cell measures, and keep in mind what holds figures after it."""
        self.measuring.remember(unit)
        measures = None if cell.index in self.trains else self.measuring.why(unit)
        if measures is not None:
            self.measures[cell.index] = f"measures the trained model: {measures}"

    def why_it_trains(self, unit: Unit, flow: CellFlow) -> str | None:
        """Say why a cell trains; None when nothing in it does."""
        found: str | None = None
        for statement in unit.body:
            self.names.read(statement, unit)
            self.fitting.forget()
            found = found or self.fitting.why(unit, [statement], {})
        if found is None and "backward" in flow.names.translation.code:
            found = self.fitting.why(unit, unit.body, {})
        for path in flow.names.translation.runs:
            other = self.files.get(path)
            inner = self._why_file(other) if other is not None else None
            found = found or (f"runs `{path}`, which {inner}" if inner else None)
        return f"trains: {found}" if found else None

    def _why_file(self, unit: Unit) -> str | None:
        for statement in unit.body:
            self.names.read(statement, unit)
        return self.fitting.why(unit, unit.body, {})

    def write(self, cell: Cell, flow: CellFlow) -> None:
        """Take in the Python file that a cell writes: other cells may run or import it."""
        for path in flow.names.translation.writes:
            tree = parse_python("\n".join(cell.source.lstrip().split("\n")[1:]))
            if not path.endswith(".py") or tree is None:
                continue
            self.files[path] = Unit(name=path, body=tree.body)
            module = path.removesuffix(".py").replace("/", ".")
            for node in tree.body:
                if isinstance(node, ast.FunctionDef):
                    key = self.names.define(node)
                    self.names.functions[f"def {module}.{node.name}"] = self.names.functions[key]

    def is_live(self, cell: Cell, unit: Unit, flow: CellFlow) -> bool:
        """Whether a cell uses what only a live notebook has, directly or through other cells."""
        fetched = frozenset(flow.names.translation.fetched)
        found = any(need.name in self.live.get(need.source, ()) for need in flow.needs) or any(
            isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in fetched
            for statement in (unit.body if fetched else ())
            for node in ast.walk(statement)
        )
        self.live[cell.index] = fetched | (flow.names.defs if found else frozenset())
        return found

    def uses(self, flow: CellFlow) -> bool:
        """Whether a cell uses what cells that train leave behind, directly or through other cells."""
        return any(need.source in self.reached and need.how in _FEELS for need in flow.needs)


def _marked(cells: Iterable[Cell], mark: Literal["train", "metrics"]) -> dict[int, str]:
    return {cell.index: f"marked `#| {mark}`" for cell in cells if mark in cell.marks}


def _target(cell: Cell, kind: TargetKind, reason: str) -> Target:
    return Target(cell=cell.index, id=cell.id, kind=kind, reason=reason)
