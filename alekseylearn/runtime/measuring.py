"""Ask the metric sources what each cell measured, and send what they find."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

from .cells import Cell
from .journal import number
from .sources import assigned, history, last_expression, log_metric, metrics_json
from .sources.base import Found, Source

Send = Callable[..., None]


class Measuring:
    """The metrics of one run; *folders* are where files with metrics may be written."""

    def __init__(self, cells: Sequence[Cell], folders: Sequence[Path], send: Send) -> None:
        self._send = send
        self._folders = folders
        self._written = {folder: stamp(folder / metrics_json.FILE) for folder in folders}
        self._training = False
        self._trains = any(cell.trains for cell in cells)
        self._series: dict[str, list[tuple[int | None, Any]]] = {}
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
            self._harvest(assigned, names, Path())
        if last is not None and (self._training or cell.measures):
            self._harvest(last_expression, last_expression.named(*last), Path())
        shown = {} if last is None or isinstance(last[1], dict) else {"history": last[1]}
        self._histories({**shown, **{name: value for name, value in namespace.items() if not name.startswith("_")}})

    def at_end(self) -> None:
        """Harvest the files that the notebook wrote."""
        self._cell = None
        for folder in self._folders:
            if stamp(folder / metrics_json.FILE) != self._written[folder]:
                self._harvest(metrics_json, {}, folder)

    def _histories(self, namespace: Mapping[str, object]) -> None:
        """Send what histories grew by since they were last looked at; one that was begun anew is sent as a whole."""
        grown: dict[str, list[Found]] = {}
        for metric in self._found(history, namespace, Path()):
            grown.setdefault(metric[0], []).append(metric)
        for name, metrics in grown.items():
            points = [(step, number(value)) for _, value, step in metrics]
            before = self._series.get(name, [])
            for metric in metrics[len(before) if points[: len(before)] == before else 0 :]:
                self._emit(metric, history.NAME)
            self._series[name] = points

    def _harvest(self, source: Source, namespace: Mapping[str, object], folder: Path) -> None:
        for metric in self._found(source, namespace, folder):
            self._emit(metric, source.NAME)

    def _found(self, source: Source, namespace: Mapping[str, object], folder: Path) -> list[Found]:
        try:
            return list(source.harvest(namespace, folder))
        except Exception as problem:
            # A source reads what the notebook made; what it cannot read is no reason to lose a training.
            self._send("warning", message=f"{source.NAME}: {type(problem).__name__}: {problem}"[:500])
            return []

    def _emit(self, metric: Found, source: str) -> None:
        name, value, step = metric
        self._send("metric", name=name, value=number(value), step=step, cell=self._cell, source=source)

    def _logged(self, metric: Found) -> None:
        self._emit(metric, log_metric.NAME)

    def _params(self, params: Mapping[str, Any]) -> None:
        self._send("params", params=dict(params))


def stamp(path: Path) -> tuple[int, int] | None:
    """Tell one version of a file from the next; None where it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
