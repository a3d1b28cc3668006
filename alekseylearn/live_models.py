"""A fetched model in a notebook's variable: where its files are, what it scored, and a way to load it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from alekseylearn.errors import InputError
from alekseylearn.live_loading import how_to_load, load_model
from alekseylearn.live_tables import Table
from alekseylearn.text import number, size

_RECORDS = (".ipynb", ".jsonl", ".log", ".md", ".html")
_NOT_MODELS = frozenset({"log.txt", "requirements.txt", "result.json", "metrics.json", "manifest.json", "outcome.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a model: *name* is its path below the folder, *size* is in bytes."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FetchedModel:
    """A model that `%fetch` has brought home. Nothing of it is loaded before `load()` is called."""

    name: str
    run: str
    digest: str
    folder: Path
    files: tuple[File, ...]
    metrics: Mapping[str, float]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any], folder: Path) -> FetchedModel:
        """Read what `fetch --json` has printed of one side, in *folder*; raises `KeyError` when it is none."""
        files = tuple(
            File(
                name=str(item["name"]),
                path=folder / str(item["path"]),
                size=int(item["size"]),
                sha256=str(item["sha256"]),
            )
            for item in document["files"]
        )
        metrics = {str(name): float(value) for name, value in document["metrics"].items()}
        return cls(
            name=str(document.get("name") or document["run"]),
            run=str(document["run"]),
            digest=str(document["digest"]),
            folder=folder / str(document["folder"]),
            files=files,
            metrics=MappingProxyType(metrics),
            notes=tuple(str(note) for note in document.get("notes") or ()),
        )

    @property
    def path(self) -> Path | None:
        """The model's own file, or the folder of one that has several; None where training has left none."""
        found = self._candidates()
        return found[0] if found else None

    def load(self, name: str | None = None) -> Any:
        """Load the model, or the file *name* of it, after a look whether the files are still those that were fetched.

        Warns (`UnsafeFormatWarning`, `model.unsafe-format`) before it loads what may run code. Raises `InputError`
        (`model.none`, `model.format`, `archive.mismatch`) and `MachineError` `model.library`.
        """
        path = self.path if name is None else self.folder / name
        files = [] if path is None else [file for file in self.files if file.path == path or path in file.path.parents]
        if path is None or not files or not path.exists():
            told = ", ".join(file.name for file in self.files) or "no files"
            raise InputError("model.none", f"run {self.run} has no model {name or ''}".strip(), where=told)
        for file in files:
            self._check(file)
        return load_model(path)

    def _check(self, file: File) -> None:
        with file.path.open("rb") as opened:
            same = hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
        if not same:
            what = f"{file.name} has changed since it was fetched"
            hint = f"remove {self.folder} and fetch run {self.run} again"
            raise InputError("archive.mismatch", what, where=str(file.path), hint=hint)

    def _candidates(self) -> list[Path]:
        """List what may be the model, the likeliest first: a file named `model`, then whatever can be loaded."""
        folders = [
            file.path.parent
            for file in self.files
            if file.path.name == "config.json" and file.path.parent != self.folder
        ]
        files = [
            file.path
            for file in self.files
            if file.path.suffix not in _RECORDS and file.path.name not in _NOT_MODELS and how_to_load(file.path)
        ]
        alone = [path for path in files if not any(folder in path.parents for folder in folders)]
        return sorted([*folders, *alone], key=lambda path: path.stem != "model")

    def _table(self) -> Table:
        rows = [(name, number(value)) for name, value in self.metrics.items()]
        path = self.path
        after = [f"{len(self.files)} files in {self.folder}", *self.notes]
        if path is not None:
            total = sum(file.size for file in self.files if file.path == path or path in file.path.parents)
            after.append(
                f"model: {path.relative_to(self.folder)} ({size(total)}); .load() loads it by {how_to_load(path)}"
            )
        return Table(head=("Metric", "Value"), rows=rows, caption=f"{self.name}, run {self.run}", after=after)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()
