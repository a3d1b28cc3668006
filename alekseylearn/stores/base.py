"""What every store of results promises."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from alekseylearn.jobs import TrainingResult


class Store(Protocol):
    """Results by digest. A result is there whole, or not at all."""

    def get(self, digest: str) -> TrainingResult | None:
        """Return the succeeded result of the identity *digest*; what cannot be read counts as not there."""
        ...

    def find(self, run: str) -> TrainingResult | None:
        """Return the result whose digest starts with *run* (4 hex digits at least).

        Raises `InputError` when several do, `UsageError` when *run* is no such prefix.
        """
        ...

    def put(self, result: TrainingResult, folder: Path, *, anew: bool = False) -> TrainingResult:
        """Keep *result* and the files under *folder* (its artifacts), atomically; return it as it is stored.

        The first succeeded result of a digest stays, unless *anew* says that it was trained again on purpose.
        """
        ...

    def path(self, digest: str) -> Path | None:
        """Return the local folder that holds the files of *digest*, or None."""
        ...

    def list(self) -> tuple[TrainingResult, ...]:
        """Return all results, the newest first."""
        ...
