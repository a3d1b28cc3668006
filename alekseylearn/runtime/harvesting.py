"""Ask the sources that read files, and only about files that this run wrote."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from .scanning import Scan, Stamp
from .sources import dvclive, lightning_csv, metrics_json, metrics_yaml, mlflow, tensorboard, trainer_state
from .sources.base import File, Found, Source, Written, number, said

SOURCES: Sequence[tuple[Source, Sequence[str]]] = tuple(
    (source, source.FILES)
    for source in (metrics_json, metrics_yaml, trainer_state, lightning_csv, dvclive, mlflow, tensorboard)
)
MOST_NAMES = 1000
MOST_POINTS = 10_000
"""Points of one series that are kept."""


class Harvest:
    """The sources that read files; *folders* are where the run may write."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.began = time.time()
        self._scan = Scan(folders, [name for _, names in SOURCES for name in names])
        self._seen: dict[File, Stamp] = {}

    def again(self) -> Iterator[tuple[str, list[Found], list[str]]]:
        """Look as `look` does, but not while nothing has changed since the last time."""
        return self.look({}) if self._scan.changed() != self._seen else iter(())

    def look(self, namespace: Mapping[str, object]) -> Iterator[tuple[str, list[Found], list[str]]]:
        """Yield for each source its name, what it finds, and in words what it could not read."""
        changed = self._scan.changed()
        self._seen = changed
        if self._scan.trouble:
            yield "", [], [self._scan.trouble]
        logged: set[str] = set()
        for source, _ in SOURCES:
            written = Written(list(changed), self.began)
            try:
                found = list(source.harvest(namespace, written))
            except Exception as problem:
                # A source reads what others wrote; what it cannot read is no reason to lose a training.
                found = []
                written.troubles.append(said(problem))
            if source is trainer_state:
                logged = {name for name, _, _ in found}
            elif source is tensorboard:
                found = [(as_logged(name, logged), value, step) for name, value, step in found]
            kept = list(bounded(found, written.troubles))
            yield source.NAME, kept, [f"{source.NAME}: {trouble}"[:500] for trouble in written.troubles]


def as_logged(tag: str, logged: Container[str]) -> str:
    """Return what Hugging Face's trainer *logged* and calls *tag* for TensorBoard: `eval/loss` is `eval_loss`."""
    split, _, rest = tag.partition("/")
    name = {"train": rest, "eval": f"eval_{rest}", "test": f"test_{rest}"}.get(split, "")
    return name if name in logged else tag


def bounded(found: Sequence[Found], troubles: list[str]) -> Iterator[Found]:
    """Yield what is found as far as somebody may look at it: the first names, and points at even distances."""
    series: dict[str, list[Found]] = {}
    for metric in found:
        series.setdefault(metric[0], []).append(metric)
    if len(series) > MOST_NAMES:
        troubles.append(f"{len(series):,} metrics; the first {MOST_NAMES:,} count")
    for points in list(series.values())[:MOST_NAMES]:
        stride = -(-len(points) // MOST_POINTS)
        # The last point is the metric's value.
        yield from points[:-1:stride]
        yield points[-1]


class Growth:
    """What was sent of each series, so that only what is new is sent."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, str], tuple[int, int]] = {}

    def new(self, source: str, found: Iterable[Found]) -> Iterator[Found]:
        """Yield what the series of *source* grew by; one that was begun anew is yielded as a whole."""
        series: dict[str, list[Found]] = {}
        for metric in found:
            series.setdefault(metric[0], []).append(metric)
        for name, metrics in series.items():
            points = [(step, number(value)) for _, value, step in metrics]
            length, mark = self._sent.get((source, name), (0, 0))
            same = length and hash(tuple(points[:length])) == mark
            yield from metrics[length if same else 0 :]
            self._sent[source, name] = len(points), hash(tuple(points))
