"""Files on their way into a container and out of it: tar archives, of which only plain files are believed."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from alekseylearn.disk import DEPTH, holdable

_BLOCK = 1024 * 1024


def pack_folders(files: Mapping[str, bytes], folders: Iterable[str]) -> bytes:
    """Write *files* and the empty *folders* as a tar, for a container whose user may be anybody: all may write."""
    buffer = io.BytesIO()
    parents = {"/".join(name.split("/")[:depth]) for name in files for depth in range(1, name.count("/") + 1)}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted({*folders, *parents}):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            archive.addfile(entry)
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(files[name]), 0o644
            archive.addfile(entry, io.BytesIO(files[name]))
        end = archive.offset
    # No more than the end of an archive: podman's reader hangs up there, and what comes after it has nobody to go to.
    return buffer.getvalue()[:end] + bytes(2 * tarfile.BLOCKSIZE)


def unpack_plain(chunks: Iterable[bytes], target: Path) -> tuple[str, ...]:
    """Write the plain files and folders of a tar stream into *target*, where nothing is yet, and return what was left.

    The archive's first folder is *target* itself. Left behind are the same things as in `disk.copy_tree`, by their path
    below *target*, and names that are taken; a hard link becomes a file of its own, if what it links to was not left
    behind. Raises `OSError` where the disk has no room for a file, `ConnectionError` for a stream that breaks off.
    """
    target.mkdir(parents=True, exist_ok=True)
    left: dict[str, str] = {}
    with _reading(chunks) as archive:
        for member in archive:
            _, _, name = member.name.strip("/").partition("/")
            if _unpack(archive, member, name, target) if name else member.isdir():
                continue
            # A folder that was left behind stands for all that is in it.
            if not any(above in left for above in _above(name)):
                left[name] = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return tuple(left.values())


def first_file(chunks: Iterable[bytes], most: int) -> bytes | None:
    """Read up to *most* bytes of the one file in a tar stream; None when it is no plain file.

    Raises `ConnectionError` for a stream that breaks off.
    """
    with _reading(chunks) as archive:
        member = archive.next()
        file = archive.extractfile(member) if member is not None and member.isreg() else None
        return None if file is None else file.read(most)


@contextmanager
def _reading(chunks: Iterable[bytes]) -> Iterator[tarfile.TarFile]:
    stream = io.BufferedReader(_Stream(iter(chunks)), _BLOCK)
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive:
            yield archive
    except (tarfile.TarError, EOFError) as error:
        raise ConnectionError(f"the archive broke off: {error}") from None


class _Header(tarfile.TarInfo):
    """A header of which a broken one, or none at all, is not taken for the block that marks the end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # typeshed does not list it
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from None


def _above(name: str) -> Iterator[str]:
    """Name the folders above *name*, down to where none is kept."""
    parts = name.split("/", DEPTH + 1)[:-1]
    return ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, target: Path) -> bool:
    parts = name.split("/")
    # What lies in a folder that was left behind has no place either.
    if not all(map(holdable, parts)) or len(parts) > DEPTH + 1 or not target.joinpath(*parts[:-1]).is_dir():
        return False
    place = target.joinpath(*parts)
    if place.exists():
        return member.isdir() and place.is_dir()
    if member.isdir():
        if len(parts) <= DEPTH:
            place.mkdir()
        return len(parts) <= DEPTH
    if member.islnk():
        return _copy_linked(member.linkname, place, target)
    file = archive.extractfile(member) if member.isreg() else None
    if file is None:
        return False
    if member.size > shutil.disk_usage(target).free:
        raise OSError(f"no room for {name} ({member.size} bytes)")
    with place.open("xb") as writer:
        shutil.copyfileobj(file, writer, _BLOCK)
    return True


def _copy_linked(link: str, place: Path, target: Path) -> bool:
    """Copy the file that a hard link in the archive names, which comes before it; all below *target* is plain."""
    parts = link.strip("/").split("/")[1:]
    if not parts or not all(map(holdable, parts)):
        return False
    source = target.joinpath(*parts)
    if not source.is_file():
        return False
    shutil.copyfile(source, place)
    return True


class _Stream(io.RawIOBase):
    """A file made of the pieces that come over the wire."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # the stubs' WriteableBuffer is not there at run time
        while not self._left:
            try:
                self._left = memoryview(next(self._chunks))
            except StopIteration:
                return 0
        count = min(len(view), len(self._left))
        view[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
