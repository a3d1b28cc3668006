"""The contract of a metric source, and what counts as a number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Protocol, TypeVar

Found = tuple[str, float, Optional[int]]
"""One metric: its name, its value, and its step where it is part of a series."""

PRECEDENCE = (
    # What somebody asked for,
    "printed",
    "log_metric",
    "metrics_json",
    "metrics_yaml",
    "assigned",
    # what a cell shows or holds,
    "last_expression",
    "cross_validation",
    "history",
    # and what a library wrote by the way; TensorBoard rounds to 32 bits.
    "trainer_state",
    "lightning_csv",
    "dvclive",
    "mlflow",
    "tensorboard",
)
"""Where two sources give one name, the one that comes first here counts."""

LONGEST_NAME = 250
DEEPEST = 8
"""Dicts within dicts whose numbers are found."""
NO_SCORE = re.compile(r"(.*/)?(epoch|step|global_step|total_flos)\Z|(.*[_/])?(runtime|samples|per_second)\Z")
"""What Hugging Face's trainers put beside the scores: how far and how fast it went, not how well."""
MOST_FILES = 1000
"""Files of one source that are read."""

Result = TypeVar("Result")


class File(NamedTuple):
    """A file that the run wrote, below *root*, one of the folders where it may write."""

    root: Path
    path: Path

    @property
    def folder(self) -> tuple[str, ...]:
        """The folders between the root and the file."""
        return self.path.relative_to(self.root).parts[:-1]


class Written:
    """The files that this run wrote and a source may know by their names; it *began* at that time (Unix seconds)."""

    def __init__(self, files: Sequence[File] = (), began: float = 0.0) -> None:
        self.files = files
        self.began = began
        self.troubles: list[str] = []
        """What could not be read, and why."""

    def read(self, names: Sequence[str], read: Callable[[Path], Result]) -> Iterator[tuple[File, Result]]:
        """Read each file with one of *names*, which may have wildcards; one that is broken is a trouble, no more."""
        files = [file for file in self.files if any(fnmatchcase(file.path.name, name) for name in names)]
        if len(files) > MOST_FILES:
            self.troubles.append(f"{len(files):,} files; the first {MOST_FILES:,} are read")
        for file in files[:MOST_FILES]:
            try:
                result = read(file.path)
            except Exception as problem:
                # Whatever a file holds, it is no reason to lose a training.
                self.troubles.append(f"{'/'.join((*file.folder, file.path.name))}: {said(problem)}")
            else:
                yield file, result


class Source(Protocol):
    """A module of this folder: it looks at names with their values and at files, and yields what it finds there."""

    NAME: str

    def harvest(self, namespace: Mapping[str, object], written: Written) -> Iterable[Found]:
        """Yield the metrics in *namespace* (names of the notebook) and in the files that it has *written*."""


def said(problem: BaseException) -> str:
    """Name a problem as a traceback does in its last line."""
    return f"{type(problem).__name__}: {problem}"


def text_of(path: Path, largest: int) -> str:
    """Read the text of *path*; raise ValueError where it has more than *largest* bytes."""
    if path.stat().st_size > largest:
        raise ValueError(f"larger than {largest:,} bytes")
    return path.read_text(encoding="utf-8")


def scalar(value: object) -> float | None:
    """Return a real number as a float: int, float, NumPy scalars, and arrays or tensors of one element; else None."""
    if not isinstance(value, (int, float)):
        item = getattr(type(value), "item", None)
        if not callable(item):
            return None
        try:
            shape = tuple(getattr(value, "shape", (0,)))
            value = item(value) if all(side == 1 for side in shape) else None
        except Exception:
            # Whatever the notebook's own class says to this, it is no number.
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def number(value: float) -> Any:
    """Write a number as JSON can: NaN and the infinities as the strings "nan", "inf" and "-inf"."""
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def scalars(name: str, value: object) -> Iterable[Found]:
    """Yield *value* under *name* if it is a number, or the entries of a dict that holds nothing but numbers."""
    single = scalar(value)
    if single is not None:
        yield name[:LONGEST_NAME], single, None
    elif isinstance(value, dict) and value:
        entries = [(key, scalar(entry)) for key, entry in value.items() if isinstance(key, str)]
        if len(entries) == len(value) and all(entry is not None for _, entry in entries):
            for key, entry in entries:
                if entry is not None and not NO_SCORE.match(key):
                    yield key[:LONGEST_NAME], entry, None


def flat(value: object, separator: str = ".") -> Iterable[Found]:
    """Yield the numbers inside nested dicts, their keys joined with *separator*; lists and text are passed over."""
    return _flat("", value, 0, separator)


def _flat(name: str, value: object, depth: int, separator: str) -> Iterable[Found]:
    single = scalar(value)
    if single is not None and name:
        yield name[:LONGEST_NAME], single, None
    elif isinstance(value, dict) and depth < DEEPEST:
        for key, entry in value.items():
            yield from _flat(f"{name}{separator}{key}" if name else str(key), entry, depth + 1, separator)


def numbered(points: Sequence[tuple[float, int]]) -> list[tuple[float, int | None]]:
    """Give *points* (value, step) that were logged without a step, which writers put down as step 0, their number.

    A single one is no series and has no step.
    """
    if any(step for _, step in points):
        return list(points)
    return [(value, None if len(points) == 1 else number) for number, (value, _) in enumerate(points)]
