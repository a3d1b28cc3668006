"""Archives of others: nothing but plain files comes out of one, and a damaged one is told."""

from __future__ import annotations

import io
import random
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import InputError
from alekseylearn.zips import open_zip

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a zip of *members*, (name, content) or (a header, content)."""

    def made(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "made.zip"
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
            warnings.simplefilter("ignore")
            for name, content in members:
                archive.writestr(name, content)
        return path

    return made


def unpacked(path: Path) -> dict[str, bytes]:
    with open_zip(path) as archive:
        return {name: b"".join(archive.chunks(name)) for name in archive.sizes}


def refused(slug: str, path: Path) -> str:
    with pytest.raises(InputError) as caught:
        unpacked(path)
    assert caught.value.slug == slug, str(caught.value)
    assert len(str(caught.value).splitlines()) <= 5
    return str(caught.value)


def header(name: str, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name)
    found.create_system = 3
    found.external_attr = (kind | 0o777) << 16
    return found


def test_files_come_out_as_they_went_in(make: Make) -> None:
    content = random.Random(1).randbytes(3_000_000)
    path = make(("a/model.bin", content), ("empty", b""), (header("a/", stat.S_IFDIR), b""), ("b c/ü.txt", b"1"))
    assert unpacked(path) == {"a/model.bin": content, "empty": b"", "b c/ü.txt": b"1"}


def test_a_file_is_read_from_any_byte_on(make: Make) -> None:
    content = random.Random(2).randbytes(2_500_000)
    with open_zip(make(("model", content))) as archive:
        for start in (0, 1, 1_048_576, 2_499_999, 2_500_000):
            assert b"".join(archive.chunks("model", start)) == content[start:]
        assert archive.read("model", 10) == content[:10]
        assert archive.read("model", 2_000_000) == content[:2_000_000]


def test_a_file_that_is_not_there_is_told(make: Make) -> None:
    with open_zip(make(("a", b"1"))) as archive, pytest.raises(InputError, match="not in the archive"):
        next(archive.chunks("b"))


@pytest.mark.parametrize(
    "name",
    ["../up", "/etc/passwd", "a/../../b", "a\\b", "C:/x", "C:x", ".", "a//b", "a\nb", "././a", "a\x1bb", "/"],
)
def test_a_name_that_leads_elsewhere_is_refused(make: Make, name: str) -> None:
    refused("archive.unsafe", make((name, b"x")))


def test_too_many_folders_within_each_other_are_refused(make: Make) -> None:
    refused("archive.limit", make(("a/" * 60 + "b", b"x")))


@pytest.mark.parametrize("pair", [("model.pt", "MODEL.pt"), ("caf\u00e9", "cafe\u0301"), ("d/x", "D/y"), ("a", "./a")])
def test_names_that_are_the_same_on_some_disks_are_refused(make: Make, pair: tuple[str, str]) -> None:
    assert "twice" in refused("archive.unsafe", make((pair[0], b"1"), (pair[1], b"2")))


def test_a_name_that_only_looks_plain_is_refused(make: Make) -> None:
    path = make(("good.txtXhidden", b"x"))
    path.write_bytes(path.read_bytes().replace(b"txtXhidden", b"txt\0hidden"))
    refused("archive.unsafe", path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_what_is_no_plain_file_is_refused(make: Make, kind: int) -> None:
    refused("archive.unsafe", make((header("link", kind), b"/etc/passwd")))


def test_the_same_name_twice_is_refused(make: Make) -> None:
    assert "twice" in refused("archive.unsafe", make(("a", b"1"), ("a", b"2")))


def test_a_file_that_is_a_folder_too_is_refused(make: Make) -> None:
    assert "a folder" in refused("archive.unsafe", make(("a", b"1"), ("a/b", b"2")))


def test_a_password_is_refused(make: Make) -> None:
    path = make(("a", b"secret"))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    refused("archive.unsafe", path)


def test_other_ways_to_pack_are_refused(make: Make) -> None:
    refused("archive.corrupt", make(("a", b"1" * 1000), method=zipfile.ZIP_LZMA))


def test_a_bomb_is_refused_before_it_swells(make: Make) -> None:
    path = make(("zeros", bytes(70_000_000)))
    assert path.stat().st_size < 100_000
    # Deflate at its best, 1029 to 1: a layer of zeros is still a file that somebody may have.
    assert len(unpacked(path)["zeros"]) == 70_000_000
    data = path.read_bytes()
    at = data.rindex(b"PK\x01\x02")
    claimed = data[: at + 24] + struct.pack("<I", 4_000_000_000) + data[at + 28 :]
    path.write_bytes(claimed)
    assert "swells" in refused("archive.limit", path)


def test_files_that_share_their_bytes_are_refused(make: Make) -> None:
    path = make(*[(f"{number}", b"same" * 40) for number in range(40)], method=zipfile.ZIP_STORED)
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    # One kernel, forty names: the list of files alone is kept.
    first = data[: infos[1].header_offset]
    directory = bytearray(data[start:])
    at = 0
    for _ in infos:
        directory[at + 42 : at + 46] = struct.pack("<I", 0)
        lengths = struct.unpack_from("<HHH", directory, at + 28)
        at += 46 + sum(lengths)
    directory[-6:-2] = struct.pack("<I", len(first))
    path.write_bytes(first + bytes(directory))
    refused("archive.unsafe", path)


def test_too_many_files_are_refused_before_their_list_is_read(make: Make) -> None:
    path = make(("a", b"1"))
    data = bytearray(path.read_bytes())
    data[-14:-10] = struct.pack("<HH", 0xFFFF, 0xFFFF)
    data[-10:-6] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(data)
    refused("archive.limit", path)


def test_a_long_list_is_refused_also_in_the_large_form(tmp_path: Path) -> None:
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 10**7, 10**7, 10**9, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path = tmp_path / "large.zip"
    path.write_bytes(end64 + locator + end)
    assert "10000000 files" in refused("archive.limit", path)


def test_the_large_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open(zipfile.ZipInfo("a"), "w", force_zip64=True) as file:
        file.write(b"large")
    assert unpacked(path) == {"a": b"large"}


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all", b"PK\x05\x06" + bytes(18)[:10], bytes(100_000)])
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.zip"
    path.write_bytes(content)
    refused("archive.corrupt", path)


def test_a_damaged_file_is_told(make: Make) -> None:
    path = make(("a", random.Random(3).randbytes(5000)), method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[2000] ^= 255
    path.write_bytes(data)
    refused("archive.corrupt", path)


def _whole() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/a.txt", b"a" * 300)
        archive.writestr("outcome.json", b'{"runs": []}' * 9)
    return made.getvalue()


WHOLE = _whole()


@given(st.data())
def test_whatever_is_damaged_is_told_or_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(content[:cut] if data.draw(st.booleans()) else content)
    with suppress(InputError):
        assert all(not name.startswith(("/", "..")) for name in unpacked(path))
