"""MLflow's stores on disk: a SQLite database, which is its default, and the folder `mlruns`."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .base import LONGEST_NAME, MOST_FILES, NO_SCORE, Found, Written, numbered, text_of
from .folders import told_apart

NAME = "mlflow"
DATABASES = ("*.db", "*.sqlite", "*.sqlite3")
META = ("meta.yaml",)
FILES = (*DATABASES, *META)
LARGEST = 50_000_000
SETTING = re.compile(r"^(\w+): *'?(.*?)'?$", re.MULTILINE)
MOST_RUNS = 50
"""Runs that count, the last ones."""
MOST_POINTS = 500_000


class Run(NamedTuple):
    """One run, with its points in the order in which they were logged."""

    name: str
    nested: bool
    started: float
    points: Sequence[tuple[str, float, int]]


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the metrics of the runs that were started since the job began.

    Where several have one name, the last run that is in no other has it, and the others carry the name of their run.
    """
    runs: list[Run] = []
    for _, found in written.read(DATABASES, lambda path: _database(path, written.began)):
        runs.extend(found)
    for _, one in written.read(META, lambda path: _folder(path, written.began)):
        runs.extend(one)
    runs = sorted((run for run in runs if run.points), key=lambda run: run.started)[-MOST_RUNS:]
    groups: dict[tuple[str, ...], list[Found]] = {}
    # A run that is in no other is what the others were tried for.
    for run in sorted(runs, key=lambda run: not run.nested):
        again = sum(folder[0] == run.name for folder in groups)
        groups[(run.name, str(again + 1)) if again else (run.name,)] = list(_metrics(run))
    return told_apart(groups)


def _metrics(run: Run) -> Iterator[Found]:
    series: dict[str, list[tuple[float, int]]] = {}
    for key, value, step in run.points:
        if NO_SCORE.match(key):
            continue
        series.setdefault(key, []).append((value, step))
    for key, points in series.items():
        yield from ((key[:LONGEST_NAME], value, step) for value, step in numbered(points))


def _database(path: Path, began: float) -> list[Run]:
    import sqlite3

    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"runs", "metrics", "tags"} <= tables:
            return []
        started = connection.execute(
            "SELECT run_uuid, name, start_time, EXISTS(SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid"
            " AND tags.key = 'mlflow.parentRunId') FROM runs"
            " WHERE start_time >= ? AND lifecycle_stage = 'active' ORDER BY start_time DESC LIMIT ?",
            (math.floor(began * 1000), MOST_RUNS),
        ).fetchall()
        return [
            Run(name or run, bool(nested), start / 1000, _rows(connection, run)) for run, name, start, nested in started
        ]
    finally:
        connection.close()


def _rows(connection: Any, run: str) -> list[tuple[str, float, int]]:
    rows = connection.execute(
        'SELECT "key", value, step, is_nan FROM metrics WHERE run_uuid = ? ORDER BY timestamp, step LIMIT ?',
        (run, MOST_POINTS),
    )
    return [(key, math.nan if is_nan else _unbounded(value), step) for key, value, step, is_nan in rows]


def _unbounded(value: float) -> float:
    """Give back the infinity that the database cannot hold, and for which MLflow stores the largest number."""
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


def _folder(meta: Path, began: float) -> list[Run]:
    folder = meta.parent / "metrics"
    told = dict(SETTING.findall(text_of(meta, LARGEST)))
    if not folder.is_dir() or not told.get("start_time", "").isdigit() or told.get("lifecycle_stage") != "active":
        return []
    started = int(told["start_time"]) / 1000
    if started < math.floor(began * 1000) / 1000:
        return []
    points: list[tuple[str, float, int]] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file())[:MOST_FILES]:
        name = path.relative_to(folder).as_posix()
        for line in text_of(path, LARGEST).splitlines():
            _, value, *step = line.split(" ")
            points.append((name, float(value), int(step[0]) if step else 0))
    nested = (meta.parent / "tags" / "mlflow.parentRunId").exists()
    return [Run(told.get("run_name") or meta.parent.name, nested, started, points)]
