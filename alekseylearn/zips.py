"""Zip archives of others: looked at as a whole before a byte of them is written, and read piece by piece."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from alekseylearn.archive_names import MEMBERS, TOTAL, Names, refused, shown
from alekseylearn.text import size

_BLOCK = 1024 * 1024
_DIRECTORY = 64 * _BLOCK
"""Bytes that its list of files may take: it is read into memory."""
_SWELLING, _SMALL = 1100, 64 * _BLOCK
"""How much larger the files may be than the archive; deflate itself ends at 1032. Small ones are not asked."""
_END, _END_SIZE = b"PK\x05\x06", 22
_END64, _LOCATOR, _LOCATOR_SIZE = b"PK\x06\x06", b"PK\x06\x07", 20
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
    OverflowError,
)
"""What zipfile raises over an archive that is damaged, or was never one, or is packed in another way."""


class Archive:
    """The plain files of the zip archive at *path*; use `open_zip`."""

    def __init__(self, reader: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], path: Path) -> None:
        self._reader = reader
        self._members = members
        self._path = path

    @property
    def sizes(self) -> Mapping[str, int]:
        """The names of the files, and the sizes in bytes that the archive promises."""
        return MappingProxyType({name: member.file_size for name, member in self._members.items()})

    def read(self, name: str, most: int) -> bytes:
        """Read at most *most* bytes of a file; raises as `chunks` does."""
        parts, count = [], 0
        for chunk in self.chunks(name):
            parts.append(chunk)
            count += len(chunk)
            if count >= most:
                break
        return b"".join(parts)[:most]

    def chunks(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Read a file in blocks, from the byte *start* on.

        Raises `InputError`: `archive.corrupt` where it is damaged, or is not there.
        """
        member = self._members.get(name)
        if member is None:
            raise refused("archive.corrupt", f"{name} is not in the archive", str(self._path))
        with _reading(self._path), self._reader.open(member) as file:
            left = start
            while left and (block := file.read(min(left, _BLOCK))):
                left -= len(block)
            while block := file.read(_BLOCK):
                yield block


@contextmanager
def open_zip(path: Path) -> Iterator[Archive]:
    """Open the zip archive at *path* and look at every name and size in it.

    Raises `InputError`: `archive.corrupt` (damaged, or no zip), `archive.unsafe` (a link, a way out of the folder, a
    name twice, a password, files that share their bytes), `archive.limit` (too many files, or too large ones).
    """
    with _reading(path):
        _check_directory(path)
        reader = zipfile.ZipFile(path)
    with reader:
        yield Archive(reader, _looked_at(reader, path), path)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        said = str(error) or type(error).__name__
        raise refused("archive.corrupt", f"the archive is damaged, or is no zip: {said}", str(path)) from None


def _check_directory(path: Path) -> None:
    """Look at the end of the file, which says how long the list of its members is, before that is read."""
    with path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(0, length - _END_SIZE - 0xFFFF - _LOCATOR_SIZE))
        tail = file.read()
        at = tail.rfind(_END)
        if at < 0:
            raise zipfile.BadZipFile("its end is missing")
        members, directory = struct.unpack_from("<HI", tail, at + 10)
        locator = at - _LOCATOR_SIZE
        if locator >= 0 and tail[locator : locator + 4] == _LOCATOR:
            (place,) = struct.unpack_from("<Q", tail, locator + 8)
            file.seek(min(place, length))
            end = file.read(56)
            if end[:4] == _END64:
                members, directory = struct.unpack_from("<QQ", end, 32)
    if members > MEMBERS or directory > _DIRECTORY:
        raise refused("archive.limit", f"the archive holds {members} files; at most {MEMBERS} are unpacked", str(path))


def _looked_at(reader: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the plain files by name; raises `InputError` for what no archive of ours has."""
    members: dict[str, zipfile.ZipInfo] = {}
    names, total, packed = Names(str(path)), 0, 0
    for member in reader.infolist():
        # What zipfile has made of the name may be shorter, and plainer.
        name = member.orig_filename
        if not member.filename:
            raise refused("archive.unsafe", "a file in it has no name", str(path))
        if member.flag_bits & 0x1 or not _is_plain(member):
            raise refused("archive.unsafe", f"{shown(name)} is a link, a device or locked by a password", str(path))
        if member.compress_type not in _METHODS:
            raise refused("archive.corrupt", f"{shown(name)} is packed in a way that is not read", str(path))
        if member.header_offset < 0:
            raise refused("archive.corrupt", f"nobody knows where {shown(name)} begins", str(path))
        plain = names.take(name, folder=member.is_dir())
        if not member.is_dir():
            members[plain] = member
            total, packed = total + member.file_size, packed + member.compress_size
    _check_total(total, packed, path)
    return members


def _is_plain(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a file or a folder; systems other than Unix write nothing there."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    return kind in (0, stat.S_IFREG) or (kind == stat.S_IFDIR and member.is_dir())


def _check_total(total: int, packed: int, path: Path) -> None:
    length = path.stat().st_size
    if packed > length:
        raise refused("archive.unsafe", "files in the archive share their bytes", str(path))
    if total > TOTAL or total > max(_SMALL, length * _SWELLING):
        raise refused("archive.limit", f"the archive swells from {size(length)} to {size(total)}", str(path))
