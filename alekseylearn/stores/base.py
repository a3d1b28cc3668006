"""What every store of results promises, and what they all read alike."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from alekseylearn.disk import inside, open_plain
from alekseylearn.errors import InputError, UsageError
from alekseylearn.jobs import Artifact, TrainingResult, is_digest, result_from_json, result_to_json
from alekseylearn.strict import Limits, load_json

LIMITS = Limits(family="result", max_bytes=64 * 1024 * 1024, max_depth=20)
BLOCK = 1024 * 1024
"""What is read of a file at a time, in bytes."""
_PREFIX = re.compile(r"[0-9a-f]{4,64}")


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

    def near(self, digest: str) -> Path | None:
        """Return the folder that `path` would, where it is on this machine already; nothing is brought here."""
        ...

    def chunks(self, result: TrainingResult, item: Artifact, start: int = 0) -> Generator[bytes, None, None]:
        """Read one file of *result* in blocks, from the byte *start* on, wherever it lies; it is not compared.

        Raises `InputError` `archive.mismatch` when it is gone.
        """
        ...

    def list(self) -> tuple[TrainingResult, ...]:
        """Return all results, the newest first."""
        ...


class FarStore(Store, Protocol):
    """A store whose files lie somewhere else until they are needed."""

    def lend(self, digest: str) -> AbstractContextManager[tuple[TrainingResult, Path] | None]:
        """Bring the succeeded result of *digest* and its files, into a folder that may be gone afterwards."""
        ...


def check_digest(digest: str) -> str:
    """Return *digest*; raises `UsageError` `run.unknown` where it is no identity of a training."""
    if not is_digest(digest):
        raise UsageError("run.unknown", f"{digest[:80]!r} is no identity of a training", hint="64 hex digits")
    return digest


def check_beginning(run: str) -> str:
    """Return *run*; raises `UsageError` `run.unknown` where no digest starts so."""
    if not _PREFIX.fullmatch(run):
        raise UsageError("run.unknown", f"{run[:80]!r} is no run", hint="name at least 4 hex digits of a run id")
    return run


def the_only(found: Sequence[TrainingResult], run: str) -> TrainingResult | None:
    """Return the one result that was found by *run*, if any; raises `InputError` `run.ambiguous` where several were."""
    if len(found) > 1:
        raise InputError(
            "run.ambiguous",
            f"{run} stands for {len(found)} runs",
            where=", ".join(result.digest[:12] for result in found[:4]),
            hint="name more digits",
        )
    return found[0] if found else None


def file_gone(result: TrainingResult, item: Artifact, where: str) -> InputError:
    """Return the error for a file of *result* that is not there, or is another one."""
    what = f"{item.name} of run {result.run} is not the file that training left"
    return InputError("archive.mismatch", what, where=where, hint="train it again: `alekseylearn fit --force`")


def read_blocks(folder: Path, result: TrainingResult, item: Artifact, start: int) -> Generator[bytes, None, None]:
    """Read one file of *result* in *folder*; raises `InputError` (`path.unsafe`, `archive.mismatch`)."""
    place = inside(folder, item.path)
    try:
        with open_plain(place) as file:
            file.seek(start)
            while block := file.read(BLOCK):
                yield block
    except OSError:
        raise file_gone(result, item, str(place)) from None


def newest_first(results: Sequence[TrainingResult]) -> tuple[TrainingResult, ...]:
    """Sort *results* as they are listed."""
    return tuple(sorted(results, key=lambda result: (-result.finished, result.digest)))


def write_result(result: TrainingResult) -> bytes:
    """Write *result* as it is stored."""
    return json.dumps(result_to_json(result), indent=1).encode()


def read_result(data: bytes, digest: str) -> TrainingResult | None:
    """Read the stored result of *digest*; None where it is none, or another's."""
    try:
        result = result_from_json(load_json(data, digest, LIMITS))
    except (InputError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return result if result.digest == digest else None
