"""Lightning's `CSVLogger`: `lightning_logs/version_0/metrics.csv`, a row for each time something was logged."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .base import LONGEST_NAME, Found, Written, text_of
from .folders import told_apart

NAME = "lightning_csv"
FILES = ("metrics.csv",)
LARGEST = 100_000_000
COUNTERS = ("epoch", "step")


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the columns of every `metrics.csv` that counts steps, as Lightning's do."""
    groups: dict[tuple[str, ...], list[Found]] = {}
    for file, found in written.read(FILES, lambda path: list(_columns(path))):
        groups.setdefault(file.folder, []).extend(found)
    return told_apart(groups)


def _columns(path: Path) -> Iterator[Found]:
    """Yield column by column: what was logged once an epoch by the epoch, a single value without a step."""
    rows = csv.DictReader(text_of(path, LARGEST).splitlines())
    if "step" not in (rows.fieldnames or ()):
        return
    columns: dict[str, list[tuple[int | None, int, float]]] = {}
    for row in rows:
        epoch = int(float(row["epoch"])) if row.get("epoch") else None
        for name, text in row.items():
            # A row has what was logged at that moment; the rest of it is empty.
            if name and name not in COUNTERS and text:
                columns.setdefault(name, []).append((epoch, int(float(row["step"])), float(text)))
    for name, points in columns.items():
        epochs = [epoch for epoch, _, _ in points]
        by_epoch = None not in epochs and len(set(epochs)) == len(epochs)
        for epoch, step, value in points:
            yield name[:LONGEST_NAME], value, None if len(points) == 1 else epoch if by_epoch else step
