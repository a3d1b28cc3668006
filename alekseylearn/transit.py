"""Files on their way to a machine of others and back: tar archives, of which only plain files are believed."""

from __future__ import annotations

import errno
import io
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from alekseylearn.disk import DEPTH, holdable

_BLOCK = 1024 * 1024
_HEADERS = 4 * _BLOCK
"""The most that may stand before a file in an archive, in bytes: it is all read into memory."""
_SLACK = 1024 * _BLOCK
"""How much larger than the disk's free room an archive may be: what is left behind needs none."""
_PADDING = 16 * _BLOCK
"""How much is read behind the end of an archive to see whether it came whole, in bytes."""
_NAMED = 10_000
"""How many of the things that were left behind are named."""


def pack_folders(files: Mapping[str, bytes], folders: Iterable[str], *, owner: str = "0:0") -> bytes:
    """Write *files* and the empty *folders* as a tar, for a container whose user is *owner*: `1000:1000`."""
    user, group = map(int, owner.split(":"))
    buffer = io.BytesIO()
    parents = {"/".join(name.split("/")[:depth]) for name in files for depth in range(1, name.count("/") + 1)}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted({*folders, *parents}):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o755, user, group
            archive.addfile(entry)
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid, entry.gid = len(files[name]), 0o644, user, group
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
    return _unpack_all(chunks, target, _below_first)


def unpack_artifact(chunks: Iterable[bytes], target: Path) -> tuple[str, ...]:
    """Write the plain files and folders of a compressed stream, a `model.tar.gz`, into the empty folder *target*.

    Its members lie in *target* itself, in folders that need no member of their own. Left behind are the same things as
    by `unpack_plain`. Raises `OSError` where the disk has no room, also for an archive that only swells when it is
    unpacked, `ConnectionError` for a stream that breaks off or was damaged.
    """
    target.mkdir(parents=True, exist_ok=True)
    plain = _inflate(chunks, shutil.disk_usage(target).free + _SLACK)
    left = _unpack_all(plain, target, _below_here, bare=True)
    # The checksum stands at the very end.
    padding = 0
    for block in plain:
        padding += len(block)
        if padding > _PADDING:
            break
    return left


def _below_first(name: str) -> str:
    return name.strip("/").partition("/")[2]


def _below_here(name: str) -> str:
    name = name.strip("/").removeprefix("./")
    return "" if name == "." else name


def _unpack_all(
    chunks: Iterable[bytes], target: Path, below: Callable[[str], str], *, bare: bool = False
) -> tuple[str, ...]:
    """Write what is in a tar stream; *bare* archives may name files without the folders that they are in."""
    target.mkdir(parents=True, exist_ok=True)
    left: dict[str, str] = {}
    with _reading(chunks) as members:
        for archive, member in members:
            name = below(member.name)
            # A folder that was left behind stands for all that is in it.
            lost = any(above in left for above in _above(name))
            try:
                if bare and not lost:
                    _make_above(name, target)
                if _unpack(archive, member, name, target, below) if name else member.isdir():
                    continue
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
            if not lost and len(left) < _NAMED:
                left[name] = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return tuple(left.values())


def _make_above(name: str, target: Path) -> None:
    parts = name.split("/")[:-1]
    if len(parts) <= DEPTH and all(map(holdable, parts)):
        place = target
        for part in parts:
            place /= part
            if not place.exists():
                place.mkdir()
            elif not place.is_dir():
                return


def _inflate(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Decompress gzip in blocks; raises `ConnectionError` where it is damaged, `OSError` beyond *most* bytes."""
    inflater, size = zlib.decompressobj(wbits=31), 0
    for chunk in chunks:
        data = chunk
        while data:
            if inflater.eof:
                # One stream may follow another, or zeros that fill a block.
                data = data.lstrip(b"\0")
                inflater = zlib.decompressobj(wbits=31) if data else inflater
                continue
            try:
                block = inflater.decompress(data, _BLOCK)
                while block:
                    size += len(block)
                    if size > most:
                        raise OSError(f"no room for the archive (more than {size} bytes)")
                    yield block
                    block = inflater.decompress(inflater.unconsumed_tail, _BLOCK)
            except zlib.error as error:
                raise ConnectionError(f"the archive broke off: {error}") from None
            data = inflater.unused_data
    if not inflater.eof:
        raise ConnectionError("the archive broke off: its end is missing")


def first_file(chunks: Iterable[bytes], most: int) -> bytes | None:
    """Read up to *most* bytes of the one file in a tar stream; None when it is no plain file.

    Raises `ConnectionError` for a stream that breaks off.
    """
    with _reading(chunks) as members:
        for archive, member in members:
            file = archive.extractfile(member) if member.isreg() else None
            return None if file is None else file.read(most)
    return None


def last_bytes(chunks: Iterable[bytes], most: int) -> bytes | None:
    """Read the last *most* bytes of the one file in a tar stream, in little memory; None when it is no plain file.

    Raises `ConnectionError` for a stream that breaks off.
    """
    with _reading(chunks) as members:
        for archive, member in members:
            file = archive.extractfile(member) if member.isreg() else None
            if file is None:
                return None
            last = b""
            while block := file.read(_BLOCK):
                last = (last + block)[-most:]
            return last
    return None


@contextmanager
def _reading(chunks: Iterable[bytes]) -> Iterator[Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]]:
    stream = _Stream(iter(chunks))
    try:
        # The first header is read at once.
        with _header(stream, 0):
            reader = io.BufferedReader(stream, _BLOCK)
            archive = tarfile.open(fileobj=reader, mode="r|", tarinfo=_Header)  # noqa: SIM115 (it is closed below)
        with archive:
            yield _members(archive, stream)
    except (tarfile.TarError, EOFError) as error:
        raise ConnectionError(f"the archive broke off: {error}") from None


def _members(archive: tarfile.TarFile, stream: _Stream) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Name what is in the archive, one after another; nothing is remembered of it, however much there is."""
    while True:
        with _header(stream, archive.offset):
            member = archive.next()
        archive.members.clear()  # type: ignore[attr-defined]  # typeshed does not list it
        archive.pax_headers = {}
        if member is None:
            return
        yield archive, member


@contextmanager
def _header(stream: _Stream, start: int) -> Iterator[None]:
    """Read a header that begins at *start*: within limits, whatever tarfile stumbles over."""
    stream.end = start + _HEADERS
    try:
        yield
    except (ValueError, LookupError, OverflowError, RecursionError) as error:
        raise tarfile.ReadError(f"{type(error).__name__} in a header") from None
    stream.end = None


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


def _unpack(
    archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, target: Path, below: Callable[[str], str]
) -> bool:
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
        return _copy_linked(below(member.linkname), place, target)
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
    parts = link.split("/")
    if not all(map(holdable, parts)):
        return False
    source = target.joinpath(*parts)
    if not source.is_file():
        return False
    shutil.copyfile(source, place)
    return True


class _Stream(io.RawIOBase):
    """A file made of the pieces that come over the wire; nothing is read behind *end*."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")
        self._position = 0
        self.end: int | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # the stubs' WriteableBuffer is not there at run time
        if self.end is not None and self._position > self.end:
            raise tarfile.ReadError("more stands before a file than belongs there")
        while not self._left:
            try:
                self._left = memoryview(next(self._chunks))
            except StopIteration:
                return 0
        count = min(len(view), len(self._left))
        view[:count] = self._left[:count]
        self._left = self._left[count:]
        self._position += count
        return count
