"""dvclive's folder: `plots/metrics/**/*.tsv` are the series, `metrics.json` beside `plots` has the last values."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from .base import LONGEST_NAME, Found, Written, flat, text_of
from .folders import told_apart

NAME = "dvclive"
FILES = ("*.tsv", "metrics.json")
LARGEST = 50_000_000
PLOTS = ("plots", "metrics")


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the series of every folder of dvclive, and the values that have none."""
    groups: dict[tuple[str, ...], list[Found]] = {}
    for file, points in written.read(FILES[:1], _points):
        place = _plots(file.folder)
        if place is not None:
            name = "/".join((*file.folder[place + len(PLOTS) :], file.path.stem))[:LONGEST_NAME]
            groups.setdefault(file.folder[:place], []).extend((name, value, step) for value, step in points)
    for file, content in written.read(FILES[1:], _summary):
        group = groups.setdefault(file.folder, [])
        series = {name for name, _, _ in group} | {"step"}
        group.extend(found for found in flat(content, "/") if found[0] not in series)
    return told_apart(groups)


def _summary(path: Path) -> object:
    return json.loads(text_of(path, LARGEST)) if theirs(path) else {}


def theirs(path: Path) -> bool:
    """Tell whether a `metrics.json` is one of dvclive's."""
    return path.parent.name.startswith("dvclive") or path.parent.joinpath(*PLOTS).is_dir()


def _plots(folder: tuple[str, ...]) -> int | None:
    places = [place for place in range(len(folder)) if folder[place : place + len(PLOTS)] == PLOTS]
    return places[0] if places else None


def _points(path: Path) -> list[tuple[float, int]]:
    """Read one series: a column for the step, one with the metric's name and maybe one for the time."""
    if path.parent.name != PLOTS[-1] and PLOTS[-1] not in path.parts:
        return []
    rows = csv.DictReader(text_of(path, LARGEST).splitlines(), delimiter="\t")
    if "step" not in (rows.fieldnames or ()) or path.stem not in (rows.fieldnames or ()):
        return []
    return [(float(row[path.stem]), int(row["step"])) for row in rows if row[path.stem]]
