"""Bring a model home: by its run, by the model's name, by the pull request that trained it, or out of an archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alekseylearn.config import Config
from alekseylearn.errors import UsageError
from alekseylearn.transfers import Transfer, unwatched
from alekseylearn.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """One file that came home: *name* is its path below the folder, *size* is in bytes."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A model with its files, compared with what training left; *base* is what it was measured against."""

    run: str
    """The first 12 digits of *digest*."""
    digest: str
    name: str
    """The model's name in the configuration, else the notebook's."""
    folder: Path
    files: tuple[FetchedFile, ...]
    metrics: Mapping[str, float]
    """The last value of each metric, by name."""
    source: str
    """Where it came from, in a few words."""
    notes: tuple[str, ...] = ()
    """What a person should know of it, such as that it is not of the newest commit."""
    base: Fetched | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where models are looked for: *shop* knows the results here and in S3, *config* the names of models."""

    shop: Workshop
    config: Config


def fetch(
    what: str,
    sources: Sources,
    *,
    base: bool = False,
    into: Path | None = None,
    tell: Callable[[Transfer], None] = unwatched,
) -> Fetched:
    """Bring the files of *what* into the folder *into* (else `runs/RUN` below the working folder) and compare them.

    *what* is the id of a run or its beginning, the name of a model, or `pr/N` (`pr/N/MODEL` where it has several).
    With *base* also what that was measured against, into `runs/BASERUN`, or `INTO.base` where *into* is given. *tell*
    hears how far a transfer has come.
    Files that are there already are kept; the folder may hold nothing else.

    Raises `UsageError` (`usage.run`, `usage.folder`, `fetch.base`), `InputError` (`run.ambiguous`, `archive.*`) and
    `MachineError` (`github.*`, `s3.*`, `store.failed`).
    """
    raise UsageError("usage.run", f"there is no run {what!r}", hint="`alekseylearn runs` lists them")
