"""Metrics of several folders: where two give one name, the last one's stays, and the others carry their folder's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .base import LONGEST_NAME, Found

CHANCE = re.compile(r"\d{6}|\d\d[-_:.]\d\d|[a-z]+-[a-z]+-\d+\Z")
"""A folder or run that is named after a date, or by chance (`nimble-crow-211`), has another name in the next run."""

Folder = tuple[str, ...]


def told_apart(groups: Mapping[Folder, Sequence[Found]]) -> Iterator[Found]:
    """Yield the metrics of all *groups*, which are in the order in which they were written.

    A name that one folder gives stays as it is. Of several, that which the others lie in has it, else the last, and in
    the others what tells their folders apart stands before it: `version_0/loss`, or `run 1/loss` where the folder's own
    name is a date.
    """
    owners: dict[str, list[Folder]] = {}
    for folder, found in groups.items():
        for name in dict.fromkeys(name for name, _, _ in found):
            owners.setdefault(name, []).append(folder)
    several = dict.fromkeys(folder for folders in owners.values() if len(folders) > 1 for folder in folders)
    labels = _labels([folder for folder in groups if folder in several])
    keeps = {
        name: next((folder for folder in folders if not labels.get(folder)), folders[-1])
        for name, folders in owners.items()
    }
    for folder, found in groups.items():
        for name, value, step in found:
            label = "" if folder == keeps[name] else labels[folder]
            yield (f"{label}/{name}"[:LONGEST_NAME] if label else name), value, step


def _labels(folders: Sequence[Folder]) -> dict[Folder, str]:
    common = _common(folders)
    return {
        folder: f"run {place}" if any(map(CHANCE.search, folder[common:])) else "/".join(folder[common:])
        for place, folder in enumerate(folders, 1)
    }


def _common(folders: Iterable[Folder]) -> int:
    """Count the parts at their beginning that all *folders* have."""
    length = 0
    for parts in zip(*folders):  # noqa: B905 - Python 3.9
        if len(set(parts)) > 1:
            break
        length += 1
    return length
