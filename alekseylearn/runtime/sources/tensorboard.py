"""TensorBoard's event files, read by the package `tensorboard` of the environment that trains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .base import LONGEST_NAME, NO_SCORE, Found, Written, numbered
from .folders import CHANCE, told_apart

NAME = "tensorboard"
FILES = ("*tfevents*",)
LARGEST = 500_000_000
SPLITS = frozenset({"train", "training", "validation", "valid", "val", "eval", "evaluation", "test"})
"""Folders that say which data was measured, as Keras makes them; they always belong to the name."""
SIZES = {"scalars": 0, "tensors": 0, "images": 1, "audio": 1, "histograms": 1, "compressedHistograms": 1}
"""How many of each kind the reader keeps; 0 is all."""


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the scalars of all event files by step."""
    groups: dict[tuple[str, ...], list[tuple[str, float, int]]] = {}
    missing = 0
    folders = {file.folder for file in written.files if fnmatchcase(file.path.name, FILES[0])}
    for file, found in written.read(FILES, _scalars):
        missing += found is None
        run, part = _run_of(file.folder, folders)
        points = [(_named(tag, part)[:LONGEST_NAME], value, step) for tag, value, step in found or ()]
        groups.setdefault(run, []).extend(points)
    if missing:
        files = "event file" if missing == 1 else "event files"
        written.troubles.append(f"{missing} {files} cannot be read; add tensorboard to requirements.txt")
    return told_apart({folder: _together(found) for folder, found in groups.items()})


def _run_of(folder: tuple[str, ...], folders: set[tuple[str, ...]]) -> tuple[tuple[str, ...], str]:
    """Return the folder of the run that *folder* belongs to, and which part of the run it is."""
    if folder and (folder[-1] in SPLITS or folder[:-1] in folders):
        return folder[:-1], folder[-1]
    return folder, ""


def _named(tag: str, part: str) -> str:
    """Name a *tag* in a *part* of a run: `train/loss`, and what `add_scalars("loss", {"a": ...})` wrote `loss/a`."""
    flat = tag.replace("/", "_") + "_"
    if part.startswith(flat) and len(part) > len(flat):
        return f"{tag}/{part[len(flat) :]}"
    return f"{part}/{tag}" if part and not CHANCE.search(part) else tag


def flush(namespace: Mapping[str, object]) -> None:
    """Let writers that were not closed put down what they hold back."""
    for value in list(namespace.values()):
        if type(value).__name__.endswith("SummaryWriter"):
            try:
                value.flush()  # type: ignore[attr-defined]
            except Exception:
                # One that was closed has nothing left.
                continue


def _together(found: Iterable[tuple[str, float, int]]) -> list[Found]:
    """Put the points of each tag together, which several files of one folder may have."""
    series: dict[str, list[tuple[float, int]]] = {}
    for tag, value, step in found:
        series.setdefault(tag, []).append((value, step))
    return [(tag, value, step) for tag, points in series.items() for value, step in numbered(points)]


def _scalars(path: Path) -> list[tuple[str, float, int]] | None:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST:,} bytes")
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        return None
    events = EventAccumulator(str(path), size_guidance=SIZES)
    events.Reload()
    return list(_points(events))


def _points(events: Any) -> Iterator[tuple[str, float, int]]:
    from tensorboard.util import tensor_util

    for tag in events.Tags()["scalars"]:
        points = [(event.step, event.value) for event in events.Scalars(tag)]
        # Lightning has a place for a score of hyperparameters, which is -1 until it is used.
        if not NO_SCORE.match(tag) and not (tag == "hp_metric" and {value for _, value in points} == {-1.0}):
            yield from ((tag, float(value), int(step)) for step, value in points)
    for tag in events.Tags()["tensors"]:
        # TensorFlow writes scalars as tensors of no dimension.
        if events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars":
            for event in events.Tensors(tag):
                yield tag, float(tensor_util.make_ndarray(event.tensor_proto).item()), int(event.step)
