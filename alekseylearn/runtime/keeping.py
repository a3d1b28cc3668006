"""The end of a run: the model in its folder, whatever way it gets there."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple

from . import models, saving
from .layout import Layout, Manifest

Warn = Callable[[str], None]


Stamp = tuple[str, int, int]
"""A file by its path, the time of its last change and its size."""


class Trained(NamedTuple):
    """What is known of the training when the run ends."""

    namespace: Mapping[str, Any]
    trees: Sequence[ast.Module]
    """The cells that train, as far as they ran."""
    whole: bool
    """Whether each of them ran to its end."""
    bundled: frozenset[Stamp]
    """The state of the file or folder that the manifest names as the model, before the first cell."""


def keep(layout: Layout, manifest: Manifest, trained: Trained, warn: Warn) -> list[dict[str, Any]]:
    """Make sure that the model is in its folder, and list what is there; what goes wrong is told to *warn*."""
    try:
        layout.model.mkdir(parents=True, exist_ok=True)
        already = any(path.is_file() for path in layout.model.rglob("*"))
        how = saving.FOUND_SAVED if already else _keep(layout, manifest, trained, warn)
        return saving.contents(layout.model, how) if how else []
    except Exception as problem:
        # The training is over and its metrics are real: losing the file is told, and is no failed run.
        warn(f"the model could not be saved: {type(problem).__name__}: {problem}"[:500])
        return []


def _keep(layout: Layout, manifest: Manifest, trained: Trained, warn: Warn) -> str | None:
    if manifest.model:
        return _named(layout, manifest, trained, warn)
    model = models.find(trained.namespace, trained.trees)
    if model is None:
        if trained.trees and trained.whole:
            warn("no model: none was found in the cells that train; name a file or a variable under model:")
        return None
    if not trained.whole and not models.fitted(model.value):
        return None
    return saving.save(model, layout.model)


def _named(layout: Layout, manifest: Manifest, trained: Trained, warn: Warn) -> str | None:
    """Keep the file or the variable that the manifest names."""
    name = manifest.model or ""
    if stamps(layout, manifest) - trained.bundled and saving.copy(places(layout, manifest), layout.model):
        return saving.FOUND_SAVED
    if name in trained.namespace:
        return saving.save(models.Model(name, trained.namespace[name]), layout.model)
    if trained.whole:
        warn(f"no model: the run wrote no file {name!r} and has no variable of that name")
    return None


def places(layout: Layout, manifest: Manifest) -> list[Path]:
    """List where the file that the manifest names as the model may be; nothing outside of the run's own folders."""
    name = manifest.model or ""
    folders = (layout.files / manifest.workdir, layout.files, layout.data)
    return [folder / name for folder in folders if name and _within(folder / name, layout)]


def stamps(layout: Layout, manifest: Manifest) -> frozenset[Stamp]:
    """Take the state of the named model's files, so that one which came with the bundle is not taken for a result."""
    found = set()
    for place in places(layout, manifest):
        for path in [place, *place.rglob("*")]:
            if path.is_file():
                status = path.stat()
                found.add((str(path), status.st_mtime_ns, status.st_size))
    return frozenset(found)


def _within(path: Path, layout: Layout) -> bool:
    inside = path.resolve().parents
    return layout.files.resolve() in inside or layout.data.resolve() in inside
