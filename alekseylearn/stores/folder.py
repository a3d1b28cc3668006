"""Results in a folder: `<root>/<digest[:2]>/<digest>/result.json` with the artifacts under `files/`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

from alekseylearn import landmarks
from alekseylearn.disk import copy_plain, holding, inside, make_lasting, make_private, remove, scratch
from alekseylearn.errors import InputError, MachineError
from alekseylearn.jobs import Artifact, TrainingResult, is_digest
from alekseylearn.stores.base import (
    check_beginning,
    check_digest,
    newest_first,
    read_blocks,
    read_result,
    the_only,
    write_result,
)

_PARTIAL = ".partial-"
_BEFORE = ".before-"
"""A result that a new one is about to replace stands at `<root>/.before-<digest>` for a moment."""


class FolderStore:
    """Results by digest below *root*; one process at a time writes."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, digest: str) -> TrainingResult | None:
        """Return the succeeded result of the identity *digest* if all its files are there, else None."""
        result = self._read(self._settled(digest))
        return result if result is not None and result.succeeded else None

    def find(self, run: str) -> TrainingResult | None:
        """Return the result, succeeded or not, whose digest starts with *run*.

        Raises `UsageError` `run.unknown` (not 4 to 64 hex digits) or `InputError` `run.ambiguous`.
        """
        check_beginning(run)
        self._settle()
        return the_only([result for place in self._places(run) if (result := self._read(place)) is not None], run)

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
                known = None if anew else self._read(place)
                if known is None or not known.succeeded:
                    self._write(place, result, folder)
                    known = None
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
        place = self._settled(digest)
        return place / "files" if (place / "result.json").is_file() else None

    def near(self, digest: str) -> Path | None:
        """Return what `path` does: all of it is here."""
        return self.path(digest)

    def chunks(self, result: TrainingResult, item: Artifact, start: int = 0) -> Generator[bytes, None, None]:
        """Read one file of *result* in blocks, from the byte *start* on.

        Raises `InputError`: `archive.mismatch` when it is gone.
        """
        return read_blocks(self._place(result.digest) / "files", result, item, start)

    def list(self) -> tuple[TrainingResult, ...]:
        """Return all results that can be read, the newest first."""
        self._settle()
        return newest_first([result for place in self._places("") if (result := self._read(place)) is not None])

    def _place(self, digest: str) -> Path:
        return self._root / check_digest(digest)[:2] / digest

    def _places(self, prefix: str) -> Iterator[Path]:
        for place in sorted(self._root.glob(f"{prefix[:2] or '??'}/{prefix or ''}*")):
            if is_digest(place.name):
                yield place

    def _read(self, place: Path) -> TrainingResult | None:
        """Read the result in *place*; None when it is not there whole."""
        try:
            result = read_result((place / "result.json").read_bytes(), place.name)
            items = () if result is None else result.artifacts
            whole = all(inside(place / "files", item.path).stat().st_size == item.size for item in items)
        except (OSError, InputError, ValueError):
            return None
        return result if whole else None

    def _write(self, place: Path, result: TrainingResult, folder: Path) -> None:
        with scratch(self._root, _PARTIAL) as partial:
            new = partial / place.name
            (new / "files").mkdir(parents=True)
            for item in result.artifacts:
                copy_plain(inside(folder, item.path), inside(new / "files", item.path))
            (new / "result.json").write_bytes(write_result(result))
            # Whoever trained it may forget it after this.
            make_lasting(new)
            landmarks.passed("store.copied")
            place.parent.mkdir(exist_ok=True)
            before = self._before(place)
            if place.exists():
                place.rename(before)
                landmarks.passed("store.aside")
            new.rename(place)
            landmarks.passed("store.placed")
            remove(before)

    def _before(self, place: Path) -> Path:
        return self._root / f"{_BEFORE}{place.name}"

    def _settled(self, digest: str) -> Path:
        """Return the place of *digest*, where what is there is whole again if a writer was killed."""
        place = self._place(digest)
        if not place.exists() and self._before(place).exists():
            self._settle()
        return place

    def _settle(self) -> None:
        """Put back what a writer that was killed has left aside; one that is at work is waited for."""
        if any(self._root.glob(f"{_BEFORE}*")):
            with suppress(OSError), holding(self._root / ".lock"):
                self._sweep()

    def _sweep(self) -> None:
        """Clear up after those who had the lock before, and died with it."""
        for before in self._root.glob(f"{_BEFORE}*"):
            digest = before.name.removeprefix(_BEFORE)
            if is_digest(digest) and self._place(digest).exists():
                remove(before)
            elif is_digest(digest):
                before.rename(self._place(digest))
