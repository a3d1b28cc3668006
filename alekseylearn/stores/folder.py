"""Results in a folder: `<root>/<digest[:2]>/<digest>/result.json` with the artifacts under `files/`."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from alekseylearn.disk import copy_plain, holding, inside, make_private, remove
from alekseylearn.errors import InputError, MachineError, UsageError
from alekseylearn.jobs import TrainingResult, result_from_json, result_to_json
from alekseylearn.strict import Limits, load_json

_LIMITS = Limits(family="result", max_bytes=64 * 1024 * 1024, max_depth=20)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PREFIX = re.compile(r"[0-9a-f]{4,64}")
_PARTIAL = ".partial-"
_STALE = 24 * 3600.0
"""Seconds after which what a crash left half-made is removed."""


class FolderStore:
    """Results by digest below *root*; *clock* tells Unix time in seconds."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._clock = clock

    def get(self, digest: str) -> TrainingResult | None:
        """Return the succeeded result of the identity *digest* if all its files are there, else None."""
        result = self._read(self._place(digest))
        return result if result is not None and result.succeeded else None

    def find(self, run: str) -> TrainingResult | None:
        """Return the result, succeeded or not, whose digest starts with *run*.

        Raises `UsageError` `run.unknown` (not 4 to 64 hex digits) or `InputError` `run.ambiguous`.
        """
        if not _PREFIX.fullmatch(run):
            raise UsageError("run.unknown", f"{run[:80]!r} is no run", hint="name at least 4 hex digits of a run id")
        found = [result for place in self._places(run) if (result := self._read(place)) is not None]
        if len(found) > 1:
            raise InputError(
                "run.ambiguous",
                f"{run} stands for {len(found)} runs",
                where=", ".join(result.digest[:12] for result in found[:4]),
                hint="name more digits",
            )
        return found[0] if found else None

    def put(self, result: TrainingResult, folder: Path, *, anew: bool = False) -> TrainingResult:
        """Keep *result* and its artifacts, which lie in *folder*; return it as it is stored.

        The first succeeded result of a digest stays, unless *anew*; one that did not succeed is replaced. Raises
        `InputError` `path.unsafe` or `MachineError` `store.failed`; the store is then as it was.
        """
        place = self._place(result.digest)
        try:
            make_private(self._root)
            with holding(self._root / ".lock"):
                self._sweep()
                known = None if anew else self.get(result.digest)
                if known is None:
                    self._write(place, result, folder)
        except OSError as error:
            raise MachineError(
                "store.failed",
                f"the result cannot be kept: {error.strerror or error}",
                where=str(place),
                hint="free the disk, or look at who owns the folder",
            ) from None
        return known or result

    def path(self, digest: str) -> Path | None:
        """Return the folder that the artifacts' paths of *digest* are relative to, or None when there is no result."""
        place = self._place(digest)
        return place / "files" if (place / "result.json").is_file() else None

    def list(self) -> tuple[TrainingResult, ...]:
        """Return all results that can be read, the newest first."""
        found = [result for place in self._places("") if (result := self._read(place)) is not None]
        return tuple(sorted(found, key=lambda result: (-result.finished, result.digest)))

    def _place(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise UsageError("run.unknown", f"{digest[:80]!r} is no identity of a training", hint="64 hex digits")
        return self._root / digest[:2] / digest

    def _places(self, prefix: str) -> Iterator[Path]:
        for place in sorted(self._root.glob(f"{prefix[:2] or '??'}/{prefix or ''}*")):
            if _DIGEST.fullmatch(place.name):
                yield place

    def _read(self, place: Path) -> TrainingResult | None:
        """Read the result in *place*; None when it is not there whole."""
        try:
            result = result_from_json(load_json((place / "result.json").read_bytes(), str(place), _LIMITS))
            if result.digest != place.name:
                return None
            whole = all(inside(place / "files", item.path).stat().st_size == item.size for item in result.artifacts)
        except (OSError, InputError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return result if whole else None

    def _write(self, place: Path, result: TrainingResult, folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=self._root) as partial:
            new = Path(partial) / place.name
            (new / "files").mkdir(parents=True)
            for item in result.artifacts:
                copy_plain(inside(folder, item.path), inside(new / "files", item.path))
            (new / "result.json").write_text(json.dumps(result_to_json(result), indent=1), encoding="utf-8")
            place.parent.mkdir(exist_ok=True)
            if place.exists():
                place.rename(Path(partial) / "replaced")
            new.rename(place)

    def _sweep(self) -> None:
        for left in self._root.glob(f"{_PARTIAL}*"):
            if self._clock() - left.stat().st_mtime > _STALE:
                remove(left)
