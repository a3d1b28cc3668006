"""Results in S3: `results/<digest[:2]>/<digest>/result.json`, and the files below `files/` by their own hashes.

The result is written last, and only where there is none yet: it is there whole or not at all, whoever writes at the
same time. A file lies at `files/<sha256>/<its name>`: results of one digest that were trained twice share no object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from alekseylearn import landmarks
from alekseylearn.disk import holding, inside, make_private, remove, scratch
from alekseylearn.errors import MachineError
from alekseylearn.jobs import Artifact, TrainingResult, is_digest
from alekseylearn.s3 import Bucket
from alekseylearn.stores.base import (
    LIMITS,
    check_beginning,
    check_digest,
    file_gone,
    newest_first,
    read_blocks,
    read_result,
    the_only,
    write_result,
)

T = TypeVar("T")
R = TypeVar("R")

_ROOT = "results/"
_RESULT = "/result.json"
_PARTIAL = ".partial-"
_AT_ONCE = 6
"""Objects that are on their way at once."""


class S3Store:
    """Succeeded results by digest in *bucket*; their files come into the folder *cache* when they are asked for."""

    def __init__(self, bucket: Bucket, cache: Path) -> None:
        self._bucket = bucket
        self._cache = cache

    def get(self, digest: str) -> TrainingResult | None:
        """Return the succeeded result of the identity *digest*, else None; raises `MachineError` as `Bucket` does."""
        data = self._bucket.get(_place(digest) + _RESULT, LIMITS.max_bytes + 1)
        result = None if data is None else read_result(data, digest)
        return result if result is not None and result.succeeded else None

    def find(self, run: str) -> TrainingResult | None:
        """Return the result whose digest starts with *run*.

        Raises `UsageError` `run.unknown`, `InputError` `run.ambiguous`, or `MachineError` as `Bucket` does.
        """
        return the_only(self._read_all(check_beginning(run)), run)

    def put(self, result: TrainingResult, folder: Path, *, anew: bool = False) -> TrainingResult:
        """Keep *result*, if it succeeded, and its artifacts, which lie in *folder*; return it as it is stored.

        The first result of a digest stays, unless *anew*. Raises `InputError` `path.unsafe` or `archive.mismatch`,
        `MachineError` `store.failed` or as `Bucket` does; what was there before is then there still.
        """
        place = _place(result.digest)
        known = None if anew else self.get(result.digest)
        if known is not None or not result.succeeded:
            return known or result
        files = {_file(place, item): (inside(folder, item.path), item.sha256) for item in result.artifacts}
        with _on_disk(folder):
            _at_once(lambda one: self._bucket.upload(one[0], *one[1]), files.items())
        landmarks.passed("bucket.uploaded")
        data = write_result(result)
        if not anew:
            if self._bucket.put_new(place + _RESULT, data):
                landmarks.passed("bucket.written")
                return result
            known = self.get(result.digest)
            if known is not None:
                return known
        # Trained again on purpose, or nobody can read what is there.
        self._bucket.put(place + _RESULT, data)
        return result

    def path(self, digest: str) -> Path | None:
        """Return a local folder with the artifacts of *digest*, or None when there is no result.

        Raises `InputError` `archive.mismatch` when a file is not the one that training left, or is gone, and
        `MachineError` `store.failed` or as `Bucket` does.
        """
        result = self.get(digest)
        if result is None:
            return None
        place = self._kept(result)
        if not _whole(place, result):
            with _on_disk(place), self._fetched(result) as folder, holding(self._cache / ".lock"):
                # Somebody else may have been here first, and be reading by now.
                if not _whole(place, result):
                    remove(place)
                    place.parent.mkdir(exist_ok=True)
                    folder.rename(place)
        return place

    def near(self, digest: str) -> Path | None:
        """Return the folder that `path` would, where it is on this machine already; raises as `get` does."""
        result = self.get(digest)
        place = None if result is None else self._kept(result)
        return place if result is not None and place is not None and _whole(place, result) else None

    def chunks(self, result: TrainingResult, item: Artifact, start: int = 0) -> Generator[bytes, None, None]:
        """Read one file of *result* in blocks, from the byte *start* on; what is here already is not brought again.

        Raises `InputError` `archive.mismatch` when it is gone, `MachineError` as `Bucket` does.
        """
        if _whole(place := self._kept(result), result):
            yield from read_blocks(place, result, item, start)
            return
        key = _file(_place(result.digest), item)
        chunks = self._bucket.chunks(key, start)
        if chunks is None:
            raise file_gone(result, item, self._bucket.uri(key))
        yield from chunks

    @contextmanager
    def lend(self, digest: str) -> Iterator[tuple[TrainingResult, Path] | None]:
        """Bring the result of *digest* and its files, into a folder that may be gone afterwards; None without one.

        Raises as `path` does.
        """
        result = self.get(digest)
        if result is None:
            yield None
        elif _whole(place := self._kept(result), result):
            yield result, place
        else:
            with self._fetched(result) as folder:
                yield result, folder

    def list(self) -> tuple[TrainingResult, ...]:
        """Return all results that can be read, the newest first; raises `MachineError` as `Bucket` does."""
        return newest_first(self._read_all(""))

    def _read_all(self, run: str) -> tuple[TrainingResult, ...]:
        keys = self._bucket.keys(f"{_ROOT}{run[:2]}/{run}" if run else _ROOT)
        digests = [key.split("/")[2] for key in keys if key.endswith(_RESULT) and key.count("/") == 3]
        return tuple(filter(None, _at_once(self.get, filter(is_digest, digests))))

    def _kept(self, result: TrainingResult) -> Path:
        """Return the folder in the cache for the very files of *result*."""
        files = "\n".join(f"{item.sha256} {item.path}" for item in result.artifacts)
        return self._cache / result.digest / hashlib.sha256(files.encode()).hexdigest()[:16]

    @contextmanager
    def _fetched(self, result: TrainingResult) -> Iterator[Path]:
        """Load the files of *result* into a folder that is removed afterwards, if it is still there."""
        with ExitStack() as stack:
            with _on_disk(self._cache):
                make_private(self._cache)
                folder = stack.enter_context(scratch(self._cache, _PARTIAL)) / "files"
                folder.mkdir()
            with _on_disk(folder):
                _at_once(lambda item: self._fetch(result, item, folder), result.artifacts)
            yield folder

    def _fetch(self, result: TrainingResult, item: Artifact, folder: Path) -> None:
        """Load one file and compare it with what training left."""
        key = _file(_place(result.digest), item)
        target = inside(folder, item.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with target.open("xb") as file:
            for chunk in self._bucket.chunks(key) or ():
                size += len(chunk)
                if size > item.size:
                    break
                digest.update(chunk)
                file.write(chunk)
        if size != item.size or digest.hexdigest() != item.sha256:
            raise file_gone(result, item, self._bucket.uri(key))


def _place(digest: str) -> str:
    return f"{_ROOT}{check_digest(digest)[:2]}/{digest}"


def _file(place: str, item: Artifact) -> str:
    return f"{place}/files/{item.sha256}/{item.path.rpartition('/')[2]}"


def _whole(place: Path, result: TrainingResult) -> bool:
    """Tell whether all files of *result* are in *place*; they were compared when they came."""
    try:
        return place.is_dir() and all(inside(place, item.path).stat().st_size == item.size for item in result.artifacts)
    except OSError:
        return False


def _at_once(action: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Do *action* for all *items*, some at the same time; where one fails, no further one is begun."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(action, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _on_disk(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MachineError(
            "store.failed",
            f"the result's files cannot be kept: {error.strerror or error}",
            where=str(where),
            hint="free the disk, or look at who owns the folder",
        ) from None
