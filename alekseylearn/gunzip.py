"""Gzip of others, unpacked piece by piece: each checksum compared, nothing behind its end, no bombs (RFC 1952)."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from alekseylearn.archive_names import refused
from alekseylearn.text import size as shown_size

BLOCK = 1024 * 1024
"""Bytes that are unpacked at a time."""
FREE, RATIO = 48 * 1024 * 1024, 200
"""So many bytes may come in any case; of more, so many for each byte that was read: deflate itself ends at 1032."""
STREAMS = 1_000_000
"""Streams that may follow one another in one file; tools that pack in parallel write one for each 64 KiB."""
_MAGIC = b"\x1f\x8b"
_OTHERS = {b"PK": ", but a zip", b"<?": ", but the answer of a server", b"<!": ", but a web page"}


def inflated(blocks: Iterable[bytes], where: str) -> Iterator[bytes]:
    """Unpack the gzip file that comes in *blocks*, in pieces of at most `BLOCK` bytes.

    Raises `InputError`: `archive.corrupt` (no gzip, cut off, a wrong checksum, something behind its end) and
    `archive.limit` (it swells beyond `RATIO`).
    """
    inflater, fed, out, streams = zlib.decompressobj(wbits=31), 0, 0, 1
    for block in blocks:
        if not fed and not _MAGIC.startswith(block[:2]):
            what = f"it is no gzip file{_OTHERS.get(block[:2], '')}"
            raise refused("archive.corrupt", what, where)
        data, piece = block, b""
        # Where a piece has just the size that was asked for, there may be more of it that needs no further byte.
        while data or len(piece) == BLOCK:
            if inflater.eof:
                if not data:
                    break
                streams += 1
                if not data.startswith(_MAGIC[:1]) or streams > STREAMS:
                    raise refused("archive.corrupt", "something stands behind the end of its gzip stream", where)
                inflater = zlib.decompressobj(wbits=31)
            try:
                piece = inflater.decompress(data, BLOCK)
            except zlib.error as error:
                said = str(error).rpartition(": ")[2]
                raise refused("archive.corrupt", f"its gzip stream is damaged: {said}", where) from None
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            fed, out, data = fed + len(data) - len(rest), out + len(piece), rest
            if out > FREE and out > RATIO * fed:
                what = f"it swells from {shown_size(fed)} to more than {shown_size(out)}"
                raise refused("archive.limit", what, where)
            if piece:
                yield piece
    if not inflater.eof:
        raise refused("archive.corrupt", "the end of its gzip stream is missing" if fed else "it is empty", where)
