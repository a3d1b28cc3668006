"""The end of a run: the model in its folder, whatever way it gets there."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple

from . import models, saving
from .layout import Layout, Manifest

Warn = Callable[[str], None]


class Trained(NamedTuple):
    """What is known of the training when the run ends."""

    namespace: Mapping[str, Any]
    trees: Sequence[ast.Module]
    """The cells that train, as far as they ran."""
    whole: bool
    """Whether each of them ran to its end."""


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
        if Path(manifest.model).name == manifest.model and manifest.model in trained.namespace:
            return saving.save(models.Model(manifest.model, trained.namespace[manifest.model]), layout.model)
        found = saving.copy(_places(layout, manifest), layout.model)
        if found is None and trained.whole:
            warn(f"no model: the run left neither a file nor a variable {manifest.model!r}")
        return saving.FOUND_SAVED if found is not None else None
    model = models.find(trained.namespace, trained.trees)
    if model is None:
        if trained.trees and trained.whole:
            warn("no model: none was found in the cells that train; name a file or a variable under model:")
        return None
    if not trained.whole and not models.fitted(model.value):
        return None
    return saving.save(model, layout.model)


def _places(layout: Layout, manifest: Manifest) -> list[Path]:
    name = manifest.model or ""
    folders = (layout.files / manifest.workdir, layout.files, layout.data)
    return [folder / name for folder in folders if _within(folder / name, folder)]


def _within(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents
