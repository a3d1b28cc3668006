"""Runs that did not succeed: what they left is kept aside, the last one of each identity, and never reused."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from alekseylearn import landmarks
from alekseylearn.disk import holding, scratch
from alekseylearn.files import write_atomic
from alekseylearn.jobs import TrainingResult, result_from_json, result_to_json

_RESULT = "result.json"
_ASIDE = ".aside-"


@dataclass(frozen=True, slots=True)
class FailedRuns:
    """The folders of such runs below *root*, by run id."""

    root: Path

    def folder(self, run: str) -> Path:
        """Return where the files of *run* lie, or would."""
        return self.root / run

    def get(self, digest: str) -> TrainingResult | None:
        """Return how the last run of the identity *digest* ended; None when none is kept, or it cannot be read."""
        result = self._read(self.folder(digest[:12]))
        return result if result is not None and result.digest == digest else None

    def list(self) -> tuple[TrainingResult, ...]:
        """Return all of them that can be read, the newest first."""
        found = [result for path in self.root.glob("*") if (result := self._read(path)) is not None]
        return tuple(sorted(found, key=lambda result: (-result.finished, result.digest)))

    def put(self, result: TrainingResult, folder: Path) -> None:
        """Move *folder*, what *result* left, here; it takes the place of an earlier one."""
        write_atomic(folder / _RESULT, json.dumps(result_to_json(result), allow_nan=False).encode())
        self.root.mkdir(parents=True, exist_ok=True)
        with scratch(self.root, _ASIDE) as aside, holding(self.root / ".lock"):
            self._set_aside(result.run, aside)
            folder.rename(self.folder(result.run))
        landmarks.passed("failure.kept")

    def remove(self, run: str) -> None:
        """Forget *run*, if it is here."""
        if self.folder(run).is_dir():
            with suppress(OSError), scratch(self.root, _ASIDE) as aside, holding(self.root / ".lock"):
                self._set_aside(run, aside)

    def _set_aside(self, run: str, aside: Path) -> None:
        """Move *run* away in one step, if it is here: half of it is never seen in its place."""
        with suppress(FileNotFoundError):
            self.folder(run).rename(aside / run)
            landmarks.passed("failure.aside")

    @staticmethod
    def _read(folder: Path) -> TrainingResult | None:
        try:
            return result_from_json(json.loads((folder / _RESULT).read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            return None
