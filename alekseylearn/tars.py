"""Tar archives of others, read header by header: plain files and folders, or the archive is refused as a whole.

The formats are those of POSIX (pax, `ustar`), of GNU tar and of the seventh edition; what they have besides files and
folders is refused, not left out. Python's own tarfile is not asked: it never reads the end of a gzip file, has
hung at a negative size (CVE-2025-8194), and its filters were led out of the folder (CVE-2025-4517).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alekseylearn.archive_names import TOTAL, Names, refused, shown
from alekseylearn.text import size as shown_size

_BLOCK = 512
_LARGEST = 2**63 - 1
_EXTENSION = 64 * 1024
"""Bytes that a header's extension may have; it is read into memory."""
_EXTENSIONS = 4
"""Extensions that one header may have."""
_PLAIN, _FOLDER = b"0\x007", b"5"
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a file with holes",
}
_GLOBAL = frozenset({"comment", "charset", "hdrcharset", "mtime", "atime", "ctime", "uid", "gid", "uname", "gname"})
"""What may be said of all members at once: nothing that changes what they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file or a folder: *name* is its path below the folder, '' for the folder itself; *size* is in bytes.

    *chunks* reads it, until the next member is asked for.
    """

    name: str
    folder: bool
    size: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class _Header:
    """One block of 512 bytes that begins a member."""

    block: bytes

    @property
    def kind(self) -> bytes:
        return self.block[156:157]

    @property
    def name(self) -> str:
        name = _text(self.block[:100])
        # Only POSIX has a prefix there.
        prefix = _text(self.block[345:500]) if self.block[257:263] == b"ustar\0" else ""
        return f"{prefix}/{name}" if prefix else name

    @property
    def is_whole(self) -> bool:
        """Tell whether its checksum holds: over unsigned bytes, or signed ones as some old tars wrote it."""
        said = _octal(self.block[148:156])
        rest = self.block[:148] + b" " * 8 + self.block[156:]
        total = sum(rest)
        return said in (total, total - 256 * sum(byte > 127 for byte in rest))

    @property
    def size(self) -> int | None:
        """The size in bytes; None where it is no number, a negative one, or one that no file can have."""
        field = self.block[124:136]
        if field[0] < 0x80:
            return _octal(field)
        size = int.from_bytes(field[1:])
        return size if field[0] == 0x80 and size <= _LARGEST else None


def members(blocks: Iterable[bytes], where: str) -> Iterator[Member]:
    """Read the tar archive *where* that comes in *blocks*; to the end, where nothing but zeros may follow.

    Raises `InputError`: `archive.unsafe` (links, devices, holes, names that lead out or come twice),
    `archive.corrupt` (damaged, cut off), `archive.limit` (too many members, too large ones).
    """
    source, names, total = _Source(blocks, where), Names(where), 0
    said: dict[str, str] = {}
    extensions = 0
    while (header := source.header()) is not None:
        size = header.size
        if header.kind in b"xgLK":
            extensions += 1
            if not size:
                raise refused("archive.corrupt", "a header has something before it that is not there", where)
            if size > _EXTENSION or extensions > _EXTENSIONS:
                raise refused("archive.limit", "a header has more before it than belongs there", where)
            _extend(said, header.kind, b"".join(source.data(size, "a header")), where)
            continue
        name = said.get("path", header.name)
        if "size" in said:
            size = int(said["size"])
        if size is None:
            raise refused("archive.corrupt", f"the size of {shown(name)} is no number", where)
        folder = _is_folder(header.kind, name, size, where)
        total += size
        if total > TOTAL:
            what = f"its files are larger than {shown_size(TOTAL)} together, or claim to be"
            raise refused("archive.limit", what, where)
        path = names.take(name, folder=folder)
        data = source.data(size, name)
        yield Member(name=path, folder=folder, size=size, chunks=data)
        for _ in data:
            pass
        said, extensions = {}, 0
    if said or extensions:
        raise refused("archive.corrupt", "it ends before a file that it tells of", where)


def _is_folder(kind: bytes, name: str, size: int, where: str) -> bool:
    """Tell a folder from a file; raises `InputError` for everything else."""
    if kind not in _PLAIN + _FOLDER:
        what = f"{shown(name)} is {_KINDS.get(kind, 'neither a file nor a folder')}"
        raise refused("archive.unsafe", what, where)
    # The seventh edition knew folders by their names only.
    folder = kind == _FOLDER or (kind != b"7" and name.endswith("/"))
    if folder and size:
        raise refused("archive.corrupt", f"the folder {shown(name)} has a size", where)
    return folder


def _extend(said: dict[str, str], kind: bytes, data: bytes, where: str) -> None:
    """Put what an extension says of the member behind it into *said*."""
    if kind == b"K":
        return  # where a link leads, which is refused itself
    for key, value in [("path", _text(data))] if kind == b"L" else _records(data, where):
        if key.startswith("GNU.sparse.") or key == "SCHILY.realsize":
            raise refused("archive.unsafe", "a file in it has holes", where)
        if kind == b"g" and key not in _GLOBAL and not key.startswith(("SCHILY.", "LIBARCHIVE.")):
            raise refused("archive.unsafe", f"it says {shown(key)} of all its files at once", where)
        if key == "size" and not (value.isascii() and value.isdigit() and len(value) <= 20):
            raise refused("archive.corrupt", "a size in it is no number", where)
        if key in ("path", "size"):
            if key in said:
                raise refused("archive.corrupt", f"it tells the {key} of a file twice", where)
            said[key] = value


def _records(data: bytes, where: str) -> Iterator[tuple[str, str]]:
    """Read the records of a pax header: `LENGTH KEY=VALUE` and a line's end (POSIX.1-2024, pax, extended header)."""
    while data:
        length, space, _ = data[:8].partition(b" ")
        count = int(length) if space and length.isdigit() else 0
        key, equals, value = data[len(length) + 1 : max(0, count - 1)].partition(b"=")
        if not key or not equals or data[count - 1 : count] != b"\n":
            raise refused("archive.corrupt", "what stands before a file is damaged", where)
        yield key.decode("utf-8", "replace"), value.decode("utf-8", "surrogateescape")
        data = data[count:]


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _octal(field: bytes) -> int | None:
    """Read a number as tar writes it: octal digits, blanks before, a blank or a zero byte behind; nothing is 0."""
    digits = field.partition(b"\0")[0].strip(b" ")
    try:
        return int(digits, 8) if digits.isdigit() else None if digits else 0
    except ValueError:
        return None


class _Source:
    """A stream of *blocks* of any size, read in the pieces that tar is made of; raises `InputError`."""

    def __init__(self, blocks: Iterable[bytes], where: str) -> None:
        self._blocks = iter(blocks)
        self._rest = b""
        self._where = where

    def header(self) -> _Header | None:
        """Read the next header; None at the end, behind which only zeros are."""
        block = b"".join(self._pieces(_BLOCK))
        if len(block) < _BLOCK:
            raise refused("archive.corrupt", "its end is missing", self._where)
        if not block.strip(b"\0"):
            if any(piece.strip(b"\0") for piece in self._pieces(TOTAL)):
                raise refused("archive.corrupt", "something stands behind its end", self._where)
            return None
        header = _Header(block)
        if not header.is_whole:
            raise refused("archive.corrupt", "a header in it is damaged, or it is no tar archive", self._where)
        return header

    def data(self, size: int, name: str) -> Iterator[bytes]:
        """Read the *size* bytes of the file *name* and what fills its last block."""
        left = size
        for piece in self._pieces(size):
            left -= len(piece)
            yield piece
        fill = sum(map(len, self._pieces(-size % _BLOCK)))
        if left or fill < -size % _BLOCK:
            raise refused("archive.corrupt", f"it ends inside {shown(name)}", self._where)

    def _pieces(self, size: int) -> Iterator[bytes]:
        """Yield *size* bytes, or fewer where the stream ends."""
        left = size
        while left:
            piece = self._rest or next(self._blocks, b"")
            if not piece:
                return
            self._rest = piece[left:]
            piece = piece[:left]
            left -= len(piece)
            yield piece
