"""`metrics.json` as DVC users write it: nested JSON of numbers, flattened with dots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from . import dvclive
from .base import Found, Written, flat, text_of
from .folders import told_apart

NAME = "metrics_json"
FILES = ("metrics.json",)
LARGEST = 1_000_000


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the numbers of every `metrics.json`, but for those of dvclive."""
    groups: dict[tuple[str, ...], list[Found]] = {}
    for file, content in written.read(FILES, lambda path: json.loads(text_of(path, LARGEST))):
        if not dvclive.theirs(file.path):
            groups.setdefault(file.folder, []).extend(flat(content))
    return told_apart(groups)
