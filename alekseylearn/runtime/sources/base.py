"""The contract of a metric source, and what counts as a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Optional, Protocol

Found = tuple[str, float, Optional[int]]
"""One metric: its name, its value, and its step where it is part of a series."""

PRECEDENCE = ("log_metric", "metrics_json", "assigned", "last_expression", "history")
"""Where two sources give one name, the one that comes first here counts."""

LONGEST_NAME = 250


class Source(Protocol):
    """A module of this folder: it looks at names with their values and at a folder, and yields what it finds there."""

    NAME: str

    def harvest(self, namespace: Mapping[str, object], folder: Path) -> Iterable[Found]:
        """Yield the metrics in *namespace* (names of the notebook) and *folder* (where it wrote its files)."""


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


def scalars(name: str, value: object) -> Iterable[Found]:
    """Yield *value* under *name* if it is a number, or the entries of a dict that holds nothing but numbers."""
    single = scalar(value)
    if single is not None:
        yield name[:LONGEST_NAME], single, None
    elif isinstance(value, dict) and value:
        entries = [(key, scalar(entry)) for key, entry in value.items() if isinstance(key, str)]
        if len(entries) == len(value) and all(entry is not None for _, entry in entries):
            yield from ((key[:LONGEST_NAME], entry, None) for key, entry in entries if entry is not None)
