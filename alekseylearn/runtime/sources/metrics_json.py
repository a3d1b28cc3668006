"""`metrics.json` as DVC users write it: nested JSON of numbers, flattened with dots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from .base import LONGEST_NAME, Found, scalar

NAME = "metrics_json"
FILE = "metrics.json"
LARGEST = 1_000_000
DEEPEST = 8


def harvest(namespace: Mapping[str, object], folder: Path) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the numbers of `metrics.json` in *folder*; raise OSError or ValueError where it cannot be read."""
    path = folder / FILE
    if not path.is_file():
        return
    if path.stat().st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST:,} bytes")
    yield from flat("", json.loads(path.read_text(encoding="utf-8")), 0)


def flat(name: str, value: object, depth: int) -> Iterable[Found]:
    """Yield the numbers inside *value*, named by their keys joined with dots; lists and text are passed over."""
    single = scalar(value)
    if single is not None and name:
        yield name[:LONGEST_NAME], single, None
    elif isinstance(value, dict) and depth < DEEPEST:
        for key, entry in value.items():
            yield from flat(f"{name}.{key}" if name else str(key), entry, depth + 1)
