"""Ask the metric sources what each cell measured, and send what they find."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

from .cells import Cell
from .harvesting import Growth, Harvest
from .sources import assigned, cross_validation, history, last_expression, log_metric, tensorboard, trainer_state
from .sources.base import Found, Source, Written, number, said

Send = Callable[..., None]


class Measuring:
    """The metrics of one run; *folders* are where files with metrics may be written."""

    def __init__(self, cells: Sequence[Cell], folders: Sequence[Path], send: Send) -> None:
        self._send = send
        self._files = Harvest(folders)
        self._training = False
        self._trains = any(cell.trains for cell in cells)
        self._growth = Growth()
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

    def at_end(self, namespace: Mapping[str, object]) -> None:
        """Harvest the files that the notebook, with these names in the end, wrote."""
        self._cell = None
        tensorboard.flush(namespace)
        for source, found, troubles in self._files.look(namespace):
            self._grown(source, found)
            for trouble in troubles:
                self._send("warning", message=trouble)

    def _grown(self, source: str, found: Sequence[Found]) -> None:
        for metric in self._growth.new(source, found):
            self._emit(metric, source)

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
