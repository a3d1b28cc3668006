"""Tar archives of others: plain files and folders come out of one, or all of it is refused."""

from __future__ import annotations

import io
import tarfile
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alekseylearn import tars
from alekseylearn.archive_names import TOTAL
from alekseylearn.errors import InputError
from alekseylearn.tars import members

FORMATS = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT, "ustar": tarfile.USTAR_FORMAT}
BLOCK = 512


def entry(name: str, content: bytes | None = b"", kind: bytes = tarfile.REGTYPE, **fields: Any) -> tuple[Any, bytes]:
    header = tarfile.TarInfo(name)
    header.type, header.size = kind, len(content or b"")
    for key, value in fields.items():
        setattr(header, key, value)
    return header, content or b""


def tar(*entries: tuple[Any, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for header, content in entries:
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


def raw(
    name: bytes, content: bytes = b"", kind: bytes = b"0", size: bytes | None = None, magic: bytes = b"ustar\x0000"
) -> bytes:
    """Write one header by hand, with *content* and what fills its last block."""
    header = bytearray(BLOCK)
    header[: len(name)] = name
    header[100:108] = b"0000644\0"
    header[124:136] = b"%011o\0" % len(content) if size is None else size
    header[156:157] = kind
    header[257 : 257 + len(magic)] = magic
    return summed(header) + content + bytes(-len(content) % BLOCK)


def summed(header: bytes | bytearray) -> bytes:
    found = bytearray(header)
    found[148:156] = b" " * 8
    found[148:156] = b"%06o\0 " % sum(found)
    return bytes(found)


END = bytes(2 * BLOCK)


def pax(*records: tuple[str, str], kind: bytes = b"x") -> bytes:
    parts = []
    for key, value in records:
        body = f" {key}={value}\n".encode()
        count = next(n for n in range(len(body), len(body) + 9) if len(str(n)) + len(body) == n)
        parts.append(str(count).encode() + body)
    return raw(b"PaxHeaders/x", b"".join(parts), kind)


def read(blocks: bytes | Iterable[bytes]) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for member in members([blocks] if isinstance(blocks, bytes) else blocks, "model.tar"):
        content = b"".join(member.chunks)
        assert len(content) == member.size
        found[member.name] = None if member.folder else content
    return found


def refused(slug: str, blocks: bytes | Iterable[bytes]) -> str:
    with pytest.raises(InputError) as caught:
        deque(members([blocks] if isinstance(blocks, bytes) else blocks, "model.tar"), maxlen=0)
    assert caught.value.slug == slug, str(caught.value)
    assert len(str(caught.value).splitlines()) <= 5
    return caught.value.what


names = st.text(st.sampled_from("abü1- "), min_size=1, max_size=60).map(lambda name: f"x{name}")


@settings(max_examples=60)
@given(
    st.dictionaries(names, st.none() | st.binary(max_size=1500), max_size=5),
    st.sampled_from(sorted(FORMATS)),
    st.integers(1, 2000),
)
def test_what_went_in_comes_out(tree: dict[str, bytes | None], form: str, size: int) -> None:
    seen = {name.casefold() for name in tree}
    entries = [
        entry(name, content, tarfile.DIRTYPE if content is None else tarfile.REGTYPE) for name, content in tree.items()
    ]
    data = tar(*entries, form=FORMATS[form])
    assert len(seen) == len(tree)
    assert read(data[at : at + size] for at in range(0, len(data), size)) == tree


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_checkpoint_as_people_pack_it(form: str) -> None:
    long = "checkpoint-1000/" + "n" * 90
    data = tar(
        entry(".", None, tarfile.DIRTYPE),
        entry("./checkpoint-1000", None, tarfile.DIRTYPE),
        entry(f"./{long}", b"1"),
        entry("./model.pt", b"x" * 5000, mode=0o6777, uid=0, mtime=1.5e9),
        entry("empty", b""),
        form=FORMATS[form],
    )
    assert read(data) == {"": None, "checkpoint-1000": None, long: b"1", "model.pt": b"x" * 5000, "empty": b""}


def test_names_of_any_format() -> None:
    deep = "/".join(["folder"] * 20 + ["x" * 90])
    for form in ("pax", "gnu", "ustar"):
        assert read(tar(entry(deep, b"1"), form=FORMATS[form])) == {deep: b"1"}
    assert read(tar(entry("n" * 250, b"1"), entry("ünicode", b"2"))) == {"n" * 250: b"1", "ünicode": b"2"}
    seventh = raw(b"old", b"1", b"\0", magic=b"") + raw(b"folder/", b"", b"\0", magic=b"") + raw(b"c", b"2", b"7")
    assert read(seventh + END) == {"old": b"1", "folder": None, "c": b"2"}


def test_sizes_of_any_format() -> None:
    base256 = raw(b"a", b"1234", size=b"\x80" + (4).to_bytes(11))
    blanks = raw(b"b", b"12", size=b"         2 \0")
    nothing = raw(b"c", b"", size=b"\0" * 12)
    assert read(base256 + blanks + nothing + END) == {"a": b"1234", "b": b"12", "c": b""}
    assert read(pax(("size", "3")) + raw(b"d", b"123", size=b"%011o\0" % 0) + END) == {"d": b"123"}


def test_a_checksum_over_signed_bytes_is_taken() -> None:
    header = bytearray(raw("ü".encode()))
    signed = sum(byte - 256 if byte > 127 else byte for byte in header[:148] + b" " * 8 + header[156:])
    header[148:156] = b"%06o\0 " % signed
    assert read(bytes(header) + END) == {"ü": b""}


def test_a_member_that_nobody_reads_is_passed_over() -> None:
    data = tar(entry("a", b"x" * 3000), entry("b", b"y"))
    assert [member.name for member in members([data], "a")] == ["a", "b"]
    for member in members([data[:700], data[700:]], "a"):
        next(member.chunks)


def test_an_archive_may_be_empty_but_not_nothing() -> None:
    assert read(END) == {}
    assert read(bytes(BLOCK)) == {}
    assert read(tar()) == {}
    assert refused("archive.corrupt", b"") == "its end is missing"


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (b"1", "a hard link"), (b"2", "a symbolic link"), (b"3", "a device"), (b"4", "a device"), (b"6", "a pipe"),
        (b"S", "holes"), (b"M", "neither"), (b"V", "neither"), (b"D", "neither"), (b"N", "neither"), (b"X", "neither"), (b"A", "neither"),
        (b"\xff", "neither"), (b"8", "neither"), (b" ", "neither"),
    ],
)  # fmt: skip
def test_what_is_neither_file_nor_folder_is_refused(kind: bytes, what: str) -> None:
    assert what in refused("archive.unsafe", raw(b"model.pt", b"1") + raw(b"notes", b"", kind) + END)


@pytest.mark.parametrize("target", ["model.pt", ".", "..", "/etc/passwd", "../../x", "notes"])
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_is_refused_wherever_it_leads(kind: bytes, target: str) -> None:
    data = tar(entry("model.pt", b"1"), entry("notes", None, kind, linkname=target), entry("notes/x", b"2"))
    assert "link" in refused("archive.unsafe", data)
    assert "link" in refused("archive.unsafe", tar(entry("k", None, kind, linkname="l" * 300), form=tarfile.GNU_FORMAT))


@pytest.mark.parametrize("name", ["../up", "/abs", "a/../../b", "a\\b", "C:/x", "a\nb"])
def test_a_name_that_leads_elsewhere_is_refused_however_it_is_written(name: str) -> None:
    plain = raw(b"model.pt", b"1")
    for data in (
        tar(entry(name, b"x"), form=tarfile.GNU_FORMAT),
        tar(entry(name, b"x"), form=tarfile.PAX_FORMAT),
        pax(("path", name)) + plain + END,
        raw(b"././@LongLink", name.encode() + b"\0", b"L") + plain + END,
        plain + raw(name.encode(), b"", b"5") + END,
    ):
        refused("archive.unsafe", data)


def test_a_prefix_counts_only_where_posix_has_one() -> None:
    header = bytearray(raw(b"x"))
    header[345:350] = b"../up"
    refused("archive.unsafe", summed(header) + END)
    header[257:265] = b"ustar  \0"
    assert read(summed(header) + END) == {"x": b""}


def test_holes_are_refused() -> None:
    for record in (("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "1000"), ("SCHILY.realsize", "9")):
        assert "holes" in refused("archive.unsafe", pax(record) + raw(b"a", b"1") + END)


@pytest.mark.parametrize("key", ["path", "size", "linkpath", "GNU.sparse.name"])
def test_what_would_change_every_file_is_refused(key: str) -> None:
    refused("archive.unsafe", pax((key, "1"), kind=b"g") + raw(b"a", b"1") + END)
    told = pax(("comment", "a commit"), ("SCHILY.xattr.user.x", "1"), kind=b"g")
    assert read(told + raw(b"a", b"1") + END) == {"a": b"1"}


def test_other_things_that_are_said_of_a_file_do_not_matter() -> None:
    assert read(pax(("mtime", "1.5"), ("SCHILY.acl.access", "u::rwx")) + raw(b"a", b"1") + END) == {"a": b"1"}


@pytest.mark.parametrize(
    "body",
    [
        b"junk",
        b"5 a=\n",
        b"99 path=x\n",
        b"0 path=x\n",
        b"-9 path=x\n",
        b"8 path=x\n",
        b"9 path=x ",
        b"7 =abc\n",
        b"9 pathxx\n",
        b"\xd9\xa9 path=x\n",
        b"9",
    ],
)
def test_what_stands_before_a_file_must_be_whole(body: bytes) -> None:
    data = raw(b"x", body, b"x") + raw(b"a", b"1") + END
    if body == b"5 a=\n":
        assert read(data) == {"a": b"1"}
    else:
        refused("archive.corrupt", data)


@pytest.mark.parametrize("size", ["", "-1", "1e9", "٣", "1" * 21, "0x10", " 1"])
def test_a_size_before_a_file_must_be_a_number(size: str) -> None:
    refused("archive.corrupt", pax(("size", size)) + raw(b"a", b"1") + END)


def test_what_is_said_twice_is_refused() -> None:
    refused("archive.corrupt", pax(("path", "a"), ("path", "b")) + raw(b"c", b"1") + END)
    refused("archive.corrupt", raw(b"l", b"a\0", b"L") + pax(("path", "b")) + raw(b"c", b"1") + END)
    refused("archive.corrupt", pax(("size", "1"), ("size", "600")) + raw(b"c", b"1") + END)


def test_too_much_before_a_file_is_refused() -> None:
    assert "more before it" in refused("archive.limit", pax(("comment", "c" * 70_000)) + raw(b"a") + END)
    assert "more before it" in refused("archive.limit", pax(("comment", "c")) * 5 + raw(b"a") + END)
    assert "is not there" in refused("archive.corrupt", raw(b"x", b"", b"x") + raw(b"a") + END)
    assert "is not there" in refused("archive.corrupt", raw(b"x", b"", b"L", size=b"\xff" * 12) + raw(b"a") + END)
    assert read(pax(("comment", "c")) * 4 + raw(b"a") + END) == {"a": b""}
    assert "before a file" in refused("archive.corrupt", raw(b"a") + pax(("comment", "c")) + END)


@pytest.mark.parametrize(
    "size",
    [
        b"\xff" * 12, b"\xff" * 10 + b"\xfe\x00", b"\x80" + (2**63).to_bytes(11), b"\x81" + bytes(11), b"\xc0" + bytes(11),
        b"-0000000001\0", b"0000000009x\0", b"zzzzzzzzzzz\0", b"+0000000001\0", b"0x000000010\0", b"00000 00001\0", b"0000000008\0 ",
    ],
)  # fmt: skip
def test_a_size_that_is_none_is_refused_at_once(size: bytes) -> None:
    assert "is no number" in refused("archive.corrupt", raw(b"a", b"", size=size) * 3 + END)


def test_sizes_beyond_any_disk_are_refused_at_once() -> None:
    for data in (raw(b"a", b"", size=b"\x80" + (2**62).to_bytes(11)), pax(("size", "9" * 19)) + raw(b"a")):
        assert "claim to be" in refused("archive.limit", data + END)
    half = raw(b"a", b"", size=b"\x80" + (TOTAL // 2 + 1).to_bytes(11))
    assert "ends inside 'a'" in refused("archive.corrupt", half + END)


def test_a_folder_has_no_size() -> None:
    refused("archive.corrupt", raw(b"d", b"1", b"5") + END)
    refused("archive.corrupt", raw(b"d/", b"1", b"0") + END)
    refused("archive.unsafe", raw(b"d/", b"1", b"7") + END)


def test_the_same_name_twice_is_refused() -> None:
    assert "twice" in refused("archive.unsafe", tar(entry("a", b"1"), entry("a", b"2")))
    assert "twice" in refused("archive.unsafe", tar(entry("a", b"1"), entry("./A", b"2")))


WHOLE = tar(entry("a", b"x" * 700), entry("d", None, tarfile.DIRTYPE), entry("d/" + "n" * 120, b"y" * 10))
USED = len(WHOLE.rstrip(b"\0")) // BLOCK * BLOCK + BLOCK


def test_an_archive_that_is_cut_anywhere_is_refused() -> None:
    for length in range(0, USED + BLOCK, 7):
        refused("archive.corrupt", WHOLE[:length])
    assert len(read(WHOLE[: USED + BLOCK])) == 3


def test_nothing_may_follow_its_end() -> None:
    assert "behind its end" in refused("archive.corrupt", WHOLE + WHOLE)
    assert "behind its end" in refused("archive.corrupt", WHOLE[: USED + BLOCK] + raw(b"hidden", b"1") + END)
    assert "behind its end" in refused("archive.corrupt", [WHOLE, b"\0" * 5, b"x"])


@pytest.mark.parametrize(
    "data", [b"no tar at all" * 100, b"\x1f\x8b" + bytes(600), b"PK\x03\x04" + bytes(600), b"\xff" * 1024]
)
def test_what_is_no_tar_is_refused(data: bytes) -> None:
    assert "no tar archive" in refused("archive.corrupt", data)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, USED - 1), st.integers(0, 255)), min_size=1, max_size=3), st.booleans())
def test_an_archive_that_was_damaged_is_read_or_refused(changes: list[tuple[int, int]], mend: bool) -> None:
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    if mend:  # whoever does it on purpose writes the right checksum
        for at in {place // BLOCK * BLOCK for place, _ in changes}:
            data[at : at + BLOCK] = summed(data[at : at + BLOCK])
    try:
        found = read(bytes(data))
    except InputError as error:
        assert error.slug.startswith("archive.")  # noqa: PT017 (or it is whole)
    else:
        assert all(".." not in name.split("/") and not name.startswith("/") for name in found)


def test_a_large_archive_needs_little_memory() -> None:
    def blocks() -> Iterator[bytes]:
        yield raw(b"model.bin", b"", size=b"%011o\0" % (BLOCK * 200_000))
        for _ in range(200):
            yield bytes(BLOCK * 1000)
        yield END

    (member,) = (each for each in members(blocks(), "a"))
    assert member.size == BLOCK * 200_000
    assert max(map(len, (piece for each in members(blocks(), "a") for piece in each.chunks))) <= BLOCK * 1000
    assert tars.__doc__
