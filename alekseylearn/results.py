"""Read what a job left, where its own code could write too: checked values, or a failure that says what is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from alekseylearn.collected import (
    left_behind,
    list_artifacts,
    log_tail,
    read_about,
    read_events,
    read_logged_metrics,
    read_plain,
    read_word,
)
from alekseylearn.errors import InputError
from alekseylearn.jobs import Artifact, CellRun, Failure, JobHandle, JobState, TrainingResult
from alekseylearn.runtime.hints import hint_for
from alekseylearn.strict import Limits, load_json
from alekseylearn.text import duration, size

RESULT = "output/data/result.json"
_LIMITS = Limits(family="result", max_bytes=16 * 1024 * 1024, max_depth=20)
_STATES = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED, JobState.TIMED_OUT})
_CELL_STATES = frozenset({"done", "failed", "interrupted", "not-reached"})
_LONGEST = 2000
_LONGEST_TRACEBACK = 20_000
_LOST_HINT = "train it again; if it goes away in the same cell, it most likely needs more memory"

T = TypeVar("T", str, int, float, list[Any], dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What result.json says, checked."""

    state: JobState
    cells: tuple[CellRun, ...]
    failure: Failure | None
    seconds: float
    finished: float
    models: Mapping[str, str]
    """sha256 by path below model/."""
    warnings: tuple[str, ...]
    environment: Mapping[str, str]
    peak_memory: int


def read_result(
    folder: Path,
    job: JobHandle,
    *,
    backend: str,
    state: JobState,
    machine: str = "",
    commit: str = "",
    bundle: str = "",
    cost: float | None = None,
) -> TrainingResult:
    """Read the collected *folder* of *job*, whose backend says *state*.

    A job without a word of its own (LOST) becomes a result whose failure names the last cell; one whose words cannot be
    trusted becomes a failed result: neither is ever reused.
    """
    about, word = read_about(folder), read_word(folder)
    known = MappingProxyType({**_machine(machine), **word.get("environment", {})})
    artifacts = list_artifacts(folder, about.get("name") or job.id)
    common: dict[str, Any] = {
        "run": job.id,
        "digest": job.digest,
        "name": about.get("name", ""),
        "backend": backend,
        "machine": machine,
        "artifacts": artifacts,
        "log_tail": log_tail(folder),
        "commit": commit,
        "bundle": bundle or about.get("bundle", ""),
        "url": job.url,
        "cost": word.get("cost") if cost is None else cost,
    }
    try:
        told = _told(folder, job)
        if told is None:
            return _without_a_word(folder, state, known, common, word)
        _check_models(told.models, artifacts)
        measured = read_logged_metrics(folder)
    except InputError as error:
        failure = Failure(exception=error.slug, message=error.what, hint=error.hint)
        return TrainingResult(state=JobState.FAILED, failure=failure, environment=known, **common)
    elsewhere = told.state is JobState.STOPPED and state is JobState.FAILED and "if_stopped" in word
    return TrainingResult(
        state=state if elsewhere else told.state,
        metrics=measured.metrics,
        cells=told.cells,
        failure=_from_backend(word["if_stopped"]) if elsewhere else _killed(told.failure, word),
        seconds=told.seconds,
        finished=told.finished,
        warnings=(
            *word.get("warnings", ()),
            *told.warnings,
            *left_behind(folder),
            *measured.warnings,
        ),
        environment=MappingProxyType({**told.environment, **known}),
        peak_memory=told.peak_memory,
        **common,
    )


def _told(folder: Path, job: JobHandle) -> _Told | None:
    """Read result.json; None when there is none. Raises `InputError` (`result.unreadable result.mismatch` and kin)."""
    data = read_plain(folder / RESULT, _LIMITS.max_bytes + 1)
    if data is None:
        return None
    raw = load_json(data, RESULT, _LIMITS)
    if not isinstance(raw, dict):
        raise _unreadable("it is no object")
    if raw.get("digest") != job.digest:
        raise InputError(
            "result.mismatch", "the result belongs to another training", where=RESULT, hint="train it again"
        )
    state = _get(raw, "state", str)
    if state not in _STATES:
        raise _unreadable("its state is unknown")
    failure = raw.get("failure")
    return _Told(
        state=JobState(state),
        cells=tuple(_cell(item) for item in _get(raw, "cells", list)),
        failure=None if failure is None else _failure(failure),
        seconds=_number(raw, "seconds"),
        finished=_number(raw, "finished"),
        models=MappingProxyType(
            {_get(item, "path", str): _get(item, "sha256", str) for item in _get(raw, "model", list)}
        ),
        warnings=tuple(text[:_LONGEST] for text in _get(raw, "warnings", list) if isinstance(text, str)),
        environment=_environment(raw),
        peak_memory=_get(raw, "peak_memory", int),
    )


def _failure(raw: object) -> Failure:
    exception = _get(raw, "exception", str)[:200]
    message = _get(raw, "message", str)[:_LONGEST]
    hint = raw.get("hint") if isinstance(raw, dict) else None
    return Failure(
        exception=exception,
        message=message,
        cell=_optional_int(raw, "cell"),
        line=_optional_int(raw, "line"),
        traceback=_get(raw, "traceback", str)[-_LONGEST_TRACEBACK:],
        hint=hint[:_LONGEST] if isinstance(hint, str) else _hint(exception, message),
    )


def _hint(exception: str, message: str) -> str:
    advice = hint_for(exception.rpartition(".")[2], message)
    if advice is None and re.search(r"\bnan\b", message, re.IGNORECASE):
        advice = "a value became NaN: look at the data for gaps, or make the learning rate smaller"
    return advice or ""


def _cell(raw: object) -> CellRun:
    state = _get(raw, "state", str)
    if state not in _CELL_STATES:
        raise _unreadable("the state of a cell is unknown")
    return CellRun(cell=_get(raw, "cell", int), state=state, seconds=_number(raw, "seconds"))


def _environment(raw: Mapping[str, Any]) -> Mapping[str, str]:
    about = _get(raw, "environment", dict)
    found: dict[str, str] = {}
    found |= _gpu(raw.get("gpu"))
    epoch = raw.get("seconds_per_epoch")
    if isinstance(epoch, int | float) and not isinstance(epoch, bool) and 0 <= epoch < math.inf:
        found["time per epoch"] = duration(epoch)
    for name in ("python", "platform"):
        found[name] = _get(about, name, str)[:200]
    packages = {name: version for name, version in _get(about, "packages", dict).items() if isinstance(version, str)}
    return MappingProxyType({name[:100]: version[:100] for name, version in packages.items()} | found)


def _machine(machine: str) -> Mapping[str, str]:
    return MappingProxyType({"machine": machine} if machine else {})


def _gpu(raw: object) -> dict[str, str]:
    """Say which GPUs there were, and how much of their memory was in use at most."""
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
        return {}
    count, most, there = (raw.get(key) for key in ("count", "peak_memory", "memory"))
    found = {"gpu": f"{count} × {raw['name'][:200]}" if type(count) is int and count > 1 else raw["name"][:200]}
    if type(most) is int and most >= 0:
        found["GPU memory"] = size(most) + (f" of {size(there)}" if type(there) is int and there > 0 else "")
    return found


def _from_backend(why: Mapping[str, Any]) -> Failure:
    return Failure(exception=why["exception"], message=why["message"], hint=why["hint"])


def _killed(failure: Failure | None, word: Mapping[str, Any]) -> Failure | None:
    """Let the backend say why a job was killed: it knows its limits."""
    why = word.get("if_killed")
    if failure is None or why is None or failure.exception != "Killed":
        return failure
    return replace(failure, exception=why["exception"], message=why["message"], hint=why["hint"])


def _without_a_word(
    folder: Path, state: JobState, known: Mapping[str, str], common: Mapping[str, Any], word: Mapping[str, Any]
) -> TrainingResult:
    """Make the result of a job that wrote none, from its events and from what its machine had to say."""
    events = list(read_events(folder))
    cell = next((event["cell"] for event in reversed(events) if type(event.get("cell")) is int), None)
    times = [time for event in events if isinstance(time := event.get("time"), float) and math.isfinite(time)]
    reached = f" in cell {cell}" if cell is not None else " before the first cell"
    stopped = state is JobState.STOPPED
    why = {} if stopped else word.get("failure", {})
    failure = Failure(
        exception="Stopped" if stopped else why.get("exception", "Lost"),
        message=f"stopped{reached}"
        if stopped
        else f"{why.get('message', 'the machine or process went away')}{reached}",
        cell=cell,
        traceback=(read_plain(folder / "machine.txt", _LONGEST_TRACEBACK, from_end=True) or b"").decode(
            errors="replace"
        ),
        hint="" if stopped else why.get("hint", _LOST_HINT),
    )
    try:
        measured = read_logged_metrics(folder)
        metrics, warnings = measured.metrics, (*left_behind(folder), *measured.warnings)
    except InputError as error:
        metrics, warnings = (), (error.what,)
    return TrainingResult(
        state=state if state in _STATES - {JobState.SUCCEEDED} else JobState.LOST,
        metrics=metrics,
        failure=failure,
        seconds=max(times) - min(times) if times else 0.0,
        finished=max(times, default=0.0),
        warnings=(*word.get("warnings", ()), *warnings),
        environment=known,
        **common,
    )


def _check_models(models: Mapping[str, str], artifacts: tuple[Artifact, ...]) -> None:
    """Compare the models' hashes with those that the job wrote down: a file may be damaged on its way."""
    found = {item.path.removeprefix("model/"): item.sha256 for item in artifacts if item.path.startswith("model/")}
    for path, sha256 in models.items():
        if found.get(path) != sha256:
            raise InputError(
                "archive.mismatch",
                f"the model file {path!r} is not the one the job saved",
                where=path,
                hint="train it again",
            )


def _get(raw: object, key: str, kind: type[T]) -> T:
    found = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        raise _unreadable(f"`{key}` is missing or of the wrong kind")
    return found


def _number(raw: object, key: str) -> float:
    found = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(found, int | float) or isinstance(found, bool) or not math.isfinite(found):
        raise _unreadable(f"`{key}` is no number")
    return float(found)


def _optional_int(raw: object, key: str) -> int | None:
    found = raw.get(key) if isinstance(raw, dict) else None
    return found if type(found) is int else None


def _unreadable(what: str) -> InputError:
    return InputError(
        "result.unreadable",
        f"the job's own result cannot be read: {what}",
        where=RESULT,
        hint="let the notebook leave result.json alone, and train it again",
    )
