"""Ask the metric sources what each cell measured, and send what they find."""

from __future__ import annotations

import ast
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

from .cells import Cell
from .harvesting import Harvest
from .sources import assigned, cross_validation, history, last_expression, log_metric, trainer_state
from .sources.base import Found, Source, Written, number, said

Send = Callable[..., None]

SMALL_PART = 0.02
"""Of the time since the run began, what looking at files may take before the end."""


class Measuring:
    """The metrics of one run; *folders* are where files with metrics may be written."""

    def __init__(self, cells: Sequence[Cell], folders: Sequence[Path], send: Send) -> None:
        self._send = send
        self._began = time.monotonic()
        self._files = Harvest(folders)
        self._looked = time.monotonic() - self._began
        self._training = False
        self._trains = any(cell.trains for cell in cells)
        self._sent: dict[tuple[str, str], tuple[int, int]] = {}
        self._folds: dict[str, object] = {}
        self._cell: int | None = None
        self.calls = log_metric.Calls(self._logged, self._params)

    def begin(self, cell: Cell) -> None:
        """Note that *cell* runs now."""
        self._cell = cell.number
        self._training = self._training or cell.trains or not self._trains

    def after_cell(
        self, cell: Cell, tree: ast.Module, namespace: Mapping[str, Any], last: tuple[ast.expr, object] | None
    ) -> None:
        """Harvest what *cell*, parsed as *tree*, left in *namespace*, and the value of its *last* expression."""
        if cell.measures:
            names = {name: namespace[name] for name in assigned.assigned(tree) if name in namespace}
            self._harvest(assigned, names)
        if last is not None and (self._training or cell.measures):
            self._harvest(last_expression, last_expression.named(*last))
        self._folds.update(cross_validation.named(tree, namespace, last))
        self._grown(cross_validation.NAME, self._found(cross_validation, self._folds))
        shown = {} if last is None or isinstance(last[1], dict) else {"history": last[1]}
        public = {name: value for name, value in namespace.items() if not name.startswith("_")}
        self._grown(history.NAME, self._found(history, {**shown, **public}))
        self._grown(trainer_state.NAME, self._found(trainer_state, public))
        if cell.trains and self._looked < SMALL_PART * (time.monotonic() - self._began):
            self._look(public)

    def at_end(self, namespace: Mapping[str, object]) -> None:
        """Harvest the files that the notebook, with these names in the end, wrote."""
        self._cell = None
        for trouble in self._look(namespace):
            self._send("warning", message=trouble)

    def _look(self, namespace: Mapping[str, object]) -> list[str]:
        began = time.monotonic()
        troubles = []
        for source, found, problems in self._files.look(namespace):
            self._grown(source, found)
            troubles += problems
        self._looked = time.monotonic() - began
        return troubles

    def _grown(self, source: str, found: Sequence[Found]) -> None:
        """Send what series grew by since they were last looked at; one that was begun anew is sent as a whole."""
        series: dict[str, list[Found]] = {}
        for metric in found:
            series.setdefault(metric[0], []).append(metric)
        for name, metrics in series.items():
            points = [(step, number(value)) for _, value, step in metrics]
            length, mark = self._sent.get((source, name), (0, 0))
            same = length and hash(tuple(points[:length])) == mark
            for metric in metrics[length if same else 0 :]:
                self._emit(metric, source)
            self._sent[source, name] = len(points), hash(tuple(points))

    def _harvest(self, source: Source, namespace: Mapping[str, object]) -> None:
        for metric in self._found(source, namespace):
            self._emit(metric, source.NAME)

    def _found(self, source: Source, namespace: Mapping[str, object]) -> list[Found]:
        try:
            return list(source.harvest(namespace, Written()))
        except Exception as problem:
            # A source reads what the notebook made; what it cannot read is no reason to lose a training.
            self._send("warning", message=f"{source.NAME}: {said(problem)}"[:500])
            return []

    def _emit(self, metric: Found, source: str) -> None:
        name, value, step = metric
        self._send("metric", name=name, value=number(value), step=step, cell=self._cell, source=source)

    def _logged(self, metric: Found) -> None:
        self._emit(metric, log_metric.NAME)

    def _params(self, params: Mapping[str, Any]) -> None:
        self._send("params", params=dict(params))
