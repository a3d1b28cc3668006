"""A training job after it was submitted: its handle, where it stands, and what came back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from alekseylearn.errors import UsageError
from alekseylearn.metrics import Metric
from alekseylearn.progressing import Live

T = TypeVar("T", str, int, list[Any], dict[str, Any])

RESULT_VERSION = 1
"""Version of the JSON shape of a stored result; a store ignores what it cannot read."""


_DIGEST = re.compile(r"[0-9a-f]{64}")


NOT_THE_CODE = frozenset({"NoGPU", "Requirements", "BadImage"})
"""Exceptions of a failure that is the machine's or the image's, although the job itself ended in order."""


ARCHIVE_FACT = "model archive"
"""What the environment of a result calls the address of the archive that the backend keeps."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed-out"
    LOST = "lost"
    """The machine went away, or the process was killed, before anything was written down."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


def is_digest(text: str) -> bool:
    """Tell whether *text* can be the identity of a training."""
    return _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHandle:
    """Enough to find a job again tomorrow, from another process or machine: plain JSON.

    *backend* and *place* (folder, container, job name) address it; *digest* is the identity that is trained.
    """

    backend: str
    id: str
    digest: str
    place: str = ""
    url: str = ""

    @classmethod
    def of(cls, backend: str, digest: str, *, place: str) -> JobHandle:
        """Name the one job of the identity *digest*; raises `UsageError` `run.unknown` where it is none."""
        if not is_digest(digest):
            raise UsageError("run.unknown", f"{digest[:80]!r} is no identity of a training", hint="64 hex digits")
        return cls(backend=backend, id=digest[:12], digest=digest, place=place)

    def to_json(self) -> dict[str, str]:
        """Write the handle down."""
        return {"backend": self.backend, "id": self.id, "digest": self.digest, "place": self.place, "url": self.url}

    @classmethod
    def from_json(cls, data: Mapping[str, str]) -> JobHandle:
        """Read a handle; raises `KeyError` or `TypeError` when it is none."""
        return cls(
            backend=_get(data, "backend", str),
            id=_get(data, "id", str),
            digest=_get(data, "digest", str),
            place=_get(data, "place", str),
            url=_get(data, "url", str),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedJob:
    """A job that a backend still holds, running or not yet collected; *submitted* in Unix seconds.

    *about* are the labels that it was submitted with (`repository`, `pull`, `commit`), where the backend has such.
    *state* is where it stands, where the list itself tells; None: its backend is to be asked.
    """

    handle: JobHandle
    name: str
    submitted: float
    about: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    state: JobState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that training left behind; *path* is relative to the result's folder, *size* in bytes."""

    name: str
    path: str
    size: int
    sha256: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run did not succeed; *line* counts from 1 within the cell."""

    exception: str
    message: str
    cell: int | None = None
    line: int | None = None
    traceback: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """How one cell of a run went; *state* is done, failed, interrupted or not-reached."""

    cell: int
    state: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """How one job ended: everything a report needs, and nothing that must be fetched again.

    In the state QUEUED or RUNNING it is no result yet, but what is known of a job under way.
    """

    run: str
    digest: str
    state: JobState
    backend: str
    metrics: tuple[Metric, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    cells: tuple[CellRun, ...] = ()
    failure: Failure | None = None
    seconds: float = 0.0
    finished: float = 0.0
    """Unix time, seconds."""
    log_tail: str = ""
    warnings: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What it ran on, for people and for the comparison: python, platform, machine, versions of packages."""
    name: str = ""
    """The model's name in the configuration, else the notebook's."""
    machine: str = ""
    """Where it ran, in a few words."""
    commit: str = ""
    bundle: str = ""
    """sha256 of the bundle's bytes."""
    peak_memory: int = 0
    """Bytes."""
    cost: float | None = None
    """US dollars; None where nothing is billed."""
    url: str = ""
    """Where a person looks at the job, if its backend has such a page."""
    phase: str = ""
    """What goes on while the notebook itself does not run yet, or no more; it is not written down."""
    live: Live | None = None
    """Where the notebook is, of a job under way; it is not written down either."""

    @property
    def succeeded(self) -> bool:
        """Whether the training came to its end."""
        return self.state is JobState.SUCCEEDED

    def metric(self, name: str) -> float | None:
        """Look up the last value of *name*."""
        return next((metric.value for metric in self.metrics if metric.name == name), None)


def result_to_json(result: TrainingResult) -> dict[str, Any]:
    """Write *result* down as plain JSON (undefined numbers become the words nan, inf, -inf)."""
    return {
        "version": RESULT_VERSION,
        "run": result.run,
        "digest": result.digest,
        "state": result.state.value,
        "backend": result.backend,
        "metrics": [_metric_out(metric) for metric in result.metrics],
        "artifacts": [
            {"name": item.name, "path": item.path, "size": item.size, "sha256": item.sha256, "url": item.url}
            for item in result.artifacts
        ],
        "cells": [{"cell": run.cell, "state": run.state, "seconds": run.seconds} for run in result.cells],
        "failure": None if result.failure is None else _failure_out(result.failure),
        "seconds": result.seconds,
        "finished": result.finished,
        "log_tail": result.log_tail,
        "warnings": list(result.warnings),
        "environment": dict(result.environment),
        "name": result.name,
        "machine": result.machine,
        "commit": result.commit,
        "bundle": result.bundle,
        "peak_memory": result.peak_memory,
        "cost": result.cost,
        "url": result.url,
    }


def result_from_json(data: Mapping[str, Any]) -> TrainingResult:
    """Read a result; raises `ValueError`, `KeyError` or `TypeError` when it is none of ours, and nothing else."""
    if data["version"] != RESULT_VERSION:
        raise ValueError(f"version {data['version']!r} of a result is not read")
    failure, cost = data["failure"], data["cost"]
    environment = _get(data, "environment", dict)
    return TrainingResult(
        run=_get(data, "run", str),
        digest=_get(data, "digest", str),
        state=JobState(_get(data, "state", str)),
        backend=_get(data, "backend", str),
        metrics=tuple(_metric_in(item) for item in _get(data, "metrics", list)),
        artifacts=tuple(_artifact_in(item) for item in _get(data, "artifacts", list)),
        cells=tuple(_cell_in(item) for item in _get(data, "cells", list)),
        failure=None if failure is None else _failure_in(failure),
        seconds=number_in(data["seconds"]),
        finished=number_in(data["finished"]),
        log_tail=_get(data, "log_tail", str),
        warnings=tuple(str(item) for item in _get(data, "warnings", list)),
        environment=MappingProxyType({str(name): str(value) for name, value in environment.items()}),
        name=_get(data, "name", str),
        machine=_get(data, "machine", str),
        commit=_get(data, "commit", str),
        bundle=_get(data, "bundle", str),
        peak_memory=_get(data, "peak_memory", int),
        cost=None if cost is None else number_in(cost),
        # Results of before have none.
        url=_get(data, "url", str) if "url" in data else "",
    )


def _metric_out(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "value": number_out(metric.value),
        "source": metric.source,
        "cell": metric.cell,
        "series": [[step, number_out(value)] for step, value in metric.series],
        **({"also": list(metric.also)} if metric.also else {}),
        **({"runs": metric.runs} if metric.runs != 1 else {}),
        **({} if metric.spread is None else {"spread": number_out(metric.spread)}),
    }


def _metric_in(item: Mapping[str, Any]) -> Metric:
    return Metric(
        name=_get(item, "name", str),
        value=number_in(item["value"]),
        source=_get(item, "source", str),
        cell=None if item["cell"] is None else _get(item, "cell", int),
        series=tuple((_step(step), number_in(value)) for step, value in _get(item, "series", list)),
        also=tuple(str(source) for source in _get(item, "also", list)) if "also" in item else (),
        spread=number_in(item["spread"]) if "spread" in item else None,
        runs=_get(item, "runs", int) if "runs" in item else 1,
    )


def _artifact_in(item: Mapping[str, Any]) -> Artifact:
    return Artifact(
        name=_get(item, "name", str),
        path=_get(item, "path", str),
        size=_get(item, "size", int),
        sha256=_get(item, "sha256", str),
        url=_get(item, "url", str),
    )


def _cell_in(item: Mapping[str, Any]) -> CellRun:
    return CellRun(cell=_get(item, "cell", int), state=_get(item, "state", str), seconds=number_in(item["seconds"]))


def _failure_in(item: Mapping[str, Any]) -> Failure:
    return Failure(
        exception=_get(item, "exception", str),
        message=_get(item, "message", str),
        cell=None if item["cell"] is None else _get(item, "cell", int),
        line=None if item["line"] is None else _get(item, "line", int),
        traceback=_get(item, "traceback", str),
        hint=_get(item, "hint", str),
    )


def _get(data: Mapping[str, Any], key: str, kind: type[T]) -> T:
    found = data[key]
    if not isinstance(found, kind) or isinstance(found, bool):
        raise TypeError(f"{key} is {type(found).__name__}, not {kind.__name__}")
    return found


def _step(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{type(value).__name__} is no step")
    return value


def number_in(value: object) -> float:
    """Read a number, or one of the words that `number_out` writes."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{type(value).__name__} is no number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a number is too large") from None


def _failure_out(failure: Failure) -> dict[str, Any]:
    return {
        "exception": failure.exception,
        "message": failure.message,
        "cell": failure.cell,
        "line": failure.line,
        "traceback": failure.traceback,
        "hint": failure.hint,
    }


def number_out(value: float) -> float | str:
    """Make *value* fit for strict JSON: undefined numbers become the words nan, inf, -inf."""
    return value if math.isfinite(value) else str(value)
