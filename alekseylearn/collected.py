"""The files of a collected folder, where the job's own code could write: read within limits, no link followed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alekseylearn.disk import open_plain, plain_files
from alekseylearn.errors import InputError
from alekseylearn.jobs import Artifact
from alekseylearn.metric_lines import Measured, measure
from alekseylearn.progressing import read_lines

METRICS = "output/data/metrics.jsonl"
EVENTS = "output/data/events.jsonl"
LOG = "output/data/log.txt"
NOTEBOOK = "output/data/executed.ipynb"
OURS = frozenset({"result.json", "metrics.jsonl", "events.jsonl", "log.txt", "executed.ipynb"})

TAIL_LINES = 20
TAIL_BYTES = 64 * 1024
_LONGEST_LINE = 2000
_METRICS_BYTES = 256 * 1024 * 1024
_METRIC_LINE = 16 * 1024
_ABOUT_BYTES = 16 * 1024 * 1024


def read_events(folder: Path) -> Iterator[dict[str, Any]]:
    """Read the last events of the job; what is no event is passed over."""
    return read_lines(read_plain(folder / EVENTS, TAIL_BYTES, from_end=True) or b"")


def read_logged_metrics(folder: Path) -> Measured:
    """Read the job's metrics, line by line; raises `InputError` `metric.invalid`."""
    try:
        with open_plain(folder / METRICS) as file:
            if os.fstat(file.fileno()).st_size > _METRICS_BYTES:
                what = f"more than {_METRICS_BYTES // 2**20} MB of metrics"
                raise InputError("metric.invalid", what, where=METRICS, hint="log once an epoch")
            # A line that is longer is cut in two, neither of which is JSON.
            return measure(iter(lambda: file.readline(_METRIC_LINE), b""), METRICS)
    except OSError:
        return Measured(metrics=())


def list_artifacts(folder: Path, name: str) -> tuple[Artifact, ...]:
    """Name and hash the files worth keeping; the executed notebook is named after *name*."""
    found = []
    for path in (*plain_files(folder, "model"), *plain_files(folder, "output/data")):
        shown = _shown(path, name)
        if shown is not None:
            with open_plain(folder / path) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                found.append(Artifact(name=shown, path=path, size=file.tell(), sha256=digest))
    return tuple(found)


def _shown(path: str, name: str) -> str | None:
    """Return the name under which the collected file *path* is shown; None for what is of no use to people."""
    if path.startswith("model/"):
        return path.removeprefix("model/")
    if path == NOTEBOOK:
        return f"{name}.executed.ipynb"
    if path in (METRICS, LOG):
        return path.rpartition("/")[2]
    inner = path.removeprefix("output/data/")
    return inner if inner != path and inner not in OURS else None


def left_behind(folder: Path) -> tuple[str, ...]:
    """Tell in sentences what the backend did not bring home."""
    data = read_plain(folder / "left-behind.json", _ABOUT_BYTES) or b"[]"
    return tuple(
        f"{path} was left behind: no plain file, or a name or depth that other systems cannot hold"
        for path in json.loads(data)
    )


def read_about(folder: Path) -> dict[str, str]:
    """Read what the backend wrote down when it took the job, where it did."""
    data = read_plain(folder / "job.json", _ABOUT_BYTES)
    return {} if data is None else {key: text for key, text in json.loads(data).items() if isinstance(text, str)}


def read_word(folder: Path) -> dict[str, Any]:
    """Read what the backend itself says of the ended job; empty where it says nothing.

    `environment`, `warnings` and `cost` are for the report; `failure` (`exception`, `message`, `hint`) is why a job
    left no result, `if_killed` why one was killed, if it was, `if_stopped` why one failed that was stopped.
    """
    data = read_plain(folder / "backend.json", _ABOUT_BYTES)
    return {} if data is None else dict(json.loads(data))


def log_tail(folder: Path) -> str:
    """Return the last lines of the job's log."""
    text = (read_plain(folder / LOG, TAIL_BYTES, from_end=True) or b"").decode("utf-8", "replace")
    return "\n".join(line[:_LONGEST_LINE] for line in text.rstrip("\n").split("\n")[-TAIL_LINES:])


def log_lines(folder: Path) -> Iterator[str]:
    """Yield the lines of the job's log; none when there is no log."""
    try:
        with open_plain(folder / LOG) as file:
            for line in file:
                yield line.decode("utf-8", "replace").removesuffix("\n").rstrip("\r")
    except OSError:
        return


def read_plain(path: Path, most: int, *, from_end: bool = False) -> bytes | None:
    """Read at most *most* bytes of a plain file; None when there is none."""
    try:
        with open_plain(path) as file:
            if from_end:
                file.seek(max(0, os.fstat(file.fileno()).st_size - most))
            return file.read(most)
    except OSError:
        return None
