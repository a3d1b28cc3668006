"""What the supervisor writes down while the child runs, and the result when it has ended."""

from __future__ import annotations

import json
import time
from typing import Any

from . import machine
from .cells import split
from .executed import Executed
from .gpus import Seen
from .hints import GPU_LOST, gpu_lost
from .journal import Journal, warn_of_nan, write_whole
from .layout import Layout, Manifest
from .limits import Stop
from .position import Position
from .settling import PREVIEW
from .sources.printed import Printed
from .streams import Epoch, LineFolder, epochs, seconds_per_epoch
from .verdict import Ending, Verdict, first_line, judge


class Record:
    """The record of one run."""

    def __init__(self, layout: Layout, manifest: Manifest, journal: Journal) -> None:
        self._layout = layout
        self._manifest = manifest
        self._journal = journal
        self._program = split(layout.train.read_text(encoding="utf-8"), manifest.cells)
        self._notebook = Executed(layout.data / "executed.ipynb", manifest, self._program.cells)
        self._position = Position(self._program.cells)
        self._folders = {"stdout": LineFolder(), "stderr": LineFolder()}
        self._started = time.time()
        self._cell_started = self._started
        self._states: dict[int, dict[str, Any]] = {}
        self._at: int | None = None
        self._epochs: list[Epoch] = []
        self._failure: dict[str, Any] | None = None
        self._defect: dict[str, Any] | None = None
        self._failed_at = float("inf")
        self._interrupted = False
        self._finished = False
        self._complete = False
        self._machine: dict[str, Any] = {"packages": {}, "gpu": None}
        self._model: list[dict[str, Any]] = []
        self._warnings: list[str] = []
        self._params: dict[str, Any] = {}
        self.peak_memory = 0
        self.gpus = Seen(0)
        self._printed = Printed(manifest.printed, self.handle)
        self._event("run-start", run=manifest.run, name=manifest.name, cells=self._position.cells)
        self._notebook.write()

    @property
    def cell(self) -> int | None:
        """The number of the cell that runs."""
        return None if self._at is None else self._program.cells[self._at].number

    def _event(self, event: str, **fields: Any) -> None:
        self._write({"event": event, "time": round(time.time(), 3), **fields})

    def _write(self, event: dict[str, Any]) -> None:
        self._journal.event(event)
        again = self._position.again()
        if again is not None:
            self._journal.event({"event": "progress", "time": round(time.time(), 3), **again})

    def printed(self, name: str, data: bytes) -> None:
        """Take what the child printed on the stream called *name*."""
        self._text(name, self._folders[name].feed(data))

    def _text(self, name: str, text: str) -> None:
        if not text:
            return
        self._journal.log(text)
        self._notebook.stream(name, text)
        self._printed.read(text, self.cell)
        for epoch, total in epochs(text):
            now = time.time()
            if self._position.epoch(epoch, total, now):
                self._epochs.append(Epoch(self.cell, epoch, now))
                self._event("epoch", cell=self.cell, epoch=epoch, of=total)

    def _flush(self) -> None:
        for name, folder in self._folders.items():
            self._text(name, folder.flush())

    def log_text(self) -> str:
        """Return all that was printed so far."""
        self._flush()
        return (self._layout.data / "log.txt").read_text(encoding="utf-8", errors="replace")

    @property
    def well(self) -> bool:
        """Whether the child came to its own end without a failure."""
        return self._finished and self._failure is None and self._defect is None

    @property
    def failed_at(self) -> float:
        """When the code failed, in Unix seconds; infinity if it did not, or only when it was asked to stop."""
        return self._failed_at

    def handle(self, event: dict[str, Any]) -> None:
        """Take one event of the child."""
        kind = event.pop("event")
        take = getattr(self, f"_take_{kind.replace('-', '_')}")
        take(event)

    def _take_cell_start(self, event: dict[str, Any]) -> None:
        self._flush()
        self._at, self._cell_started = event["index"], time.time()
        self._notebook.begin(event["index"])
        self._position.enter(event["index"], self._cell_started)
        self._write({"event": "cell-start", **event, **self._position.place(event["index"])})

    def _take_cell_end(self, event: dict[str, Any]) -> None:
        self._end_cell(event["state"], event["seconds"])

    def _end_cell(self, state: str, seconds: float) -> None:
        self._flush()
        index = self._at or 0
        self._states[index] = {"state": state, "seconds": seconds}
        if state != "done" and self._failure is not None:
            self._notebook.error(self._failure)
        self._notebook.end(seconds)
        self._position.leave()
        which = {"cell": self.cell, "index": index, **self._position.place(index)}
        self._event("cell-end", **which, state=state, seconds=seconds)
        self._at = None

    def _take_output(self, event: dict[str, Any]) -> None:
        self._flush()
        self._notebook.show(event["output"])

    def _take_metric(self, event: dict[str, Any]) -> None:
        preview = (PREVIEW,) if PREVIEW in event else ()
        metric = {key: event[key] for key in ("name", "value", "step", "time", "cell", "source", *preview)}
        self._journal.metric(metric)
        self._position.metric(metric)
        self._write({"event": "metric", **metric})

    def _take_model(self, event: dict[str, Any]) -> None:
        self._write({"event": "model", **event})
        self._model.append({key: event[key] for key in ("path", "size", "sha256", "how")})

    def _take_warning(self, event: dict[str, Any]) -> None:
        if event["message"] not in self._warnings:
            self._warnings.append(event["message"])

    def _take_params(self, event: dict[str, Any]) -> None:
        self._params.update(event["params"])

    def _take_machine(self, event: dict[str, Any]) -> None:
        self._machine = event

    def _take_failure(self, event: dict[str, Any]) -> None:
        self._failure, self._interrupted = event["failure"], event["interrupted"]
        if not self._interrupted:
            self._failed_at = time.time()

    def _take_defect(self, event: dict[str, Any]) -> None:
        self._defect = event

    def _take_finished(self, event: dict[str, Any]) -> None:
        self._finished, self._complete = True, event["complete"]

    def close(self, status: int, stop: Stop | None) -> int:
        """Write the result of a child that ended with *status*; return the exit code."""
        self._flush()
        ending = Ending(
            status=status,
            finished=self._finished,
            complete=self._complete,
            interrupted=self._interrupted,
            failure=self._failure,
            defect=self._defect,
            stop=stop,
            cell=self.cell if self._failure is None else self._failure["cell"],
            peak_memory=self.peak_memory,
        )
        verdict = self._with_hint(judge(ending))
        if self._at is not None:
            # The child died in this cell.
            self._failure = verdict.failure
            interrupted = verdict.state in {"stopped", "timed-out"}
            self._end_cell("interrupted" if interrupted else "failed", round(time.time() - self._cell_started, 3))
        if verdict.failure is not None:
            self._report(verdict.failure)
        self._layout.data.mkdir(parents=True, exist_ok=True)
        self._journal.settle(final=self._finished)
        self._warnings += warn_of_nan(self._journal.metrics)
        finished = time.time()
        failure = {} if verdict.failure is None else {"exception": verdict.failure["exception"]}
        self._event("run-end", state=verdict.state, seconds=round(finished - self._started, 3), **failure)
        self._journal.close()
        result = self._result(verdict, finished)
        write_whole(self._layout.data / "result.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
        return verdict.code

    def _with_hint(self, verdict: Verdict) -> Verdict:
        failure = verdict.failure
        if failure is None or not self.gpus.total or not gpu_lost(f"{failure['message']}\n{failure['traceback']}"):
            return verdict
        return verdict._replace(failure={**failure, "hint": GPU_LOST})

    def _report(self, failure: dict[str, Any]) -> None:
        hint = f"\nhint: {failure['hint']}" if failure["hint"] else ""
        text = f"{first_line(failure)}\n\n{failure['traceback']}{hint}".rstrip() + "\n"
        write_whole(self._layout.output / "failure", text)
        self._journal.log(text)

    def _result(self, verdict: Verdict, finished: float) -> dict[str, Any]:
        # The driver may have lost by now what it listed in the beginning.
        gpu = self._machine["gpu"] or (machine.gpu_of_driver() or self.gpus.facts if self.gpus.total else None)
        return {
            "version": 1,
            "run": self._manifest.run,
            "digest": self._manifest.digest,
            "state": verdict.state,
            "started": round(self._started, 3),
            "finished": round(finished, 3),
            "seconds": round(finished - self._started, 3),
            "cells": self._cells(verdict),
            "failure": verdict.failure,
            "peak_memory": self.peak_memory,
            "gpu": gpu,
            "seconds_per_epoch": seconds_per_epoch(self._epochs),
            "model": self._model,
            "params": self._params,
            "warnings": self._warnings,
            "environment": machine.environment(self._machine["packages"]),
        }

    def _cells(self, verdict: Verdict) -> list[dict[str, Any]]:
        failed = verdict.failure["cell"] if verdict.failure is not None and not self._states else None
        listed = []
        for index, cell in enumerate(self._program.cells):
            if cell.number is None:
                continue
            state = "failed" if cell.number == failed else "not-reached"
            listed.append({"cell": cell.number, **self._states.get(index, {"state": state, "seconds": 0.0})})
        return listed
