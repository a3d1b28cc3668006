"""Gzip of others: what went in comes out, and nothing else is taken for it."""

from __future__ import annotations

import gzip
import random
import struct
import tracemalloc
import zlib
from collections import deque
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn import gunzip
from alekseylearn.errors import InputError
from alekseylearn.gunzip import BLOCK, FREE, inflated


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def refused(slug: str, blocks: Iterable[bytes]) -> str:
    with pytest.raises(InputError) as caught:
        deque(inflated(blocks, "model.tar.gz"), maxlen=0)
    assert caught.value.slug == slug, str(caught.value)
    return caught.value.what


@given(st.binary(max_size=3000), st.integers(1, 700), st.integers(1, 4))
def test_what_went_in_comes_out(data: bytes, size: int, parts: int) -> None:
    cut = len(data) // parts + 1
    packed = b"".join(gzip.compress(part, mtime=0) for part in pieces(data, cut)) or gzip.compress(b"")
    assert b"".join(inflated(pieces(packed, size), "a")) == data


@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_pieces_are_never_larger_than_a_block(size: int) -> None:
    data = bytes(size)
    found = list(inflated([gzip.compress(data)], "a"))
    assert b"".join(found) == data
    assert max(map(len, found)) <= BLOCK


def test_a_large_file_needs_little_memory() -> None:
    data = gzip.compress(random.Random(1).randbytes(2 * BLOCK) * 8, 1)
    tracemalloc.start()
    for _ in inflated(pieces(data, 256 * 1024), "a"):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * BLOCK


PACKED = gzip.compress(random.Random(2).randbytes(600), mtime=0)


def test_a_file_that_is_cut_anywhere_is_refused() -> None:
    for length in range(len(PACKED)):
        what = refused("archive.corrupt", [PACKED[:length]] if length else [])
        assert ("is missing" in what) if length else (what == "it is empty")
    assert refused("archive.corrupt", [PACKED + PACKED[:30]]) == "the end of its gzip stream is missing"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], "incorrect data check"),
        (PACKED[:-4] + struct.pack("<I", 601), "incorrect length check"),
        (PACKED[:2] + b"\x07" + PACKED[3:], "unknown compression method"),
        (PACKED[:10] + b"\xff" * 50 + PACKED[60:], "damaged"),
        (PACKED + b"\0" * 512, "behind the end"),
        (PACKED + b"trailing", "behind the end"),
        (PACKED + b"\x1f\x8bjunk junk junk", "damaged"),
        (b"PK\x03\x04" + b"x" * 100, "no gzip file, but a zip"),
        (b"<?xml version='1.0'?><Error/>", "no gzip file, but the answer of a server"),
        (b"<!DOCTYPE html>", "no gzip file, but a web page"),
        (b"BZh91AY&SY", "no gzip file"),
        (zlib.compress(b"zlib, not gzip"), "no gzip file"),
        (b"\0" * 10240, "no gzip file"),
    ],
)
def test_what_is_damaged_or_no_gzip_is_refused(data: bytes, what: str) -> None:
    assert what in refused("archive.corrupt", [data])
    assert what in refused("archive.corrupt", pieces(data, 3)) or data[:1] != b"\x1f"


def test_a_bomb_is_refused_before_it_swells() -> None:
    once = gzip.compress(bytes(FREE + 50 * BLOCK), mtime=0)
    several = gzip.compress(bytes(4 * BLOCK), mtime=0)
    for bomb in ([once], pieces(once, 1000), (several for _ in range(50))):
        came = deque[int]()
        with pytest.raises(InputError) as caught:
            came.extend(map(len, inflated(bomb, "a")))
        assert caught.value.slug == "archive.limit"
        assert sum(came) <= 64_000_000


def test_zeros_behind_what_hardly_shrinks_are_no_bomb() -> None:
    blocks = [gzip.compress(random.Random(3).randbytes(2 * BLOCK), 1), gzip.compress(bytes(FREE + 8 * BLOCK), 1)]
    assert sum(map(len, inflated(blocks, "a"))) == FREE + 10 * BLOCK


def test_streams_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gunzip, "STREAMS", 100)
    empty = gzip.compress(b"", mtime=0)
    assert list(inflated([empty * 100], "a")) == []
    refused("archive.corrupt", [empty * 101])


@given(st.lists(st.tuples(st.integers(0, len(PACKED) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_file_that_was_damaged_is_read_whole_or_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(PACKED)
    for place, value in changes:
        data[place] = value
    try:
        found = b"".join(inflated([bytes(data)], "a"))
    except InputError as error:
        assert error.slug in ("archive.corrupt", "archive.limit")  # noqa: PT017 (the damage may be in its time)
    else:
        assert found == gzip.decompress(PACKED)
