"""Files in and out of a container: what goes in comes out, and no archive writes anywhere else."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alekseylearn.disk import DEPTH, copy_tree, holdable
from alekseylearn.transit import first_file, last_bytes, pack_folders, unpack_plain

Member = tuple[str, Any]
"""A name, and what it is: bytes, or the fields of a header."""


def archive_of(*members: Member) -> bytes:
    """Write an archive by hand: nothing that tarfile would mend is mended."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, what in members:
            entry = tarfile.TarInfo(name)
            if isinstance(what, bytes):
                entry.size = len(what)
                archive.addfile(entry, io.BytesIO(what))
            else:
                for field, value in what.items():
                    setattr(entry, field, value)
                archive.addfile(entry)
    return buffer.getvalue()


FOLDER: Mapping[str, Any] = {"type": tarfile.DIRTYPE, "mode": 0o755}
FIFO: Mapping[str, Any] = {"type": tarfile.FIFOTYPE}


def link(target: str, kind: bytes = tarfile.SYMTYPE) -> Mapping[str, Any]:
    return {"type": kind, "linkname": target}


def hard(target: str) -> Mapping[str, Any]:
    return link(target, tarfile.LNKTYPE)


def there(folder: Path) -> dict[str, bytes | None]:
    """Name all that is below *folder*: the bytes of plain files, None for folders, and nothing else may be there."""
    found: dict[str, bytes | None] = {}
    for path in sorted(folder.rglob("*")):
        assert not path.is_symlink(), path
        assert path.is_dir() or path.is_file(), path
        found[path.relative_to(folder).as_posix()] = None if path.is_dir() else path.read_bytes()
    return found


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """Give a place to unpack at, beside files that must stay as they are."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(b"kept")
    yield tmp_path / "into" / "model"
    assert {path.name for path in tmp_path.iterdir()} <= {"kept", "into", "source", "copied"}
    assert {path.name for path in (tmp_path / "into").iterdir()} <= {"model"}
    assert there(tmp_path / "kept") == {"file": b"kept"}


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


# -- what goes in comes out -------------------------------------------------------------------------------------------

names = st.text(min_size=1, max_size=12).filter(lambda name: "/" not in name and holdable(name))
trees: st.SearchStrategy[Any] = st.recursive(
    st.binary(max_size=1500), lambda inner: st.dictionaries(names, inner, max_size=4), max_leaves=10
)


def spread(tree: Any, path: str) -> Iterator[tuple[str, bytes | None]]:
    """Name what is in *tree*: folders first."""
    if isinstance(tree, bytes):
        yield path, tree
    else:
        yield path, None
        for name, inner in tree.items():
            yield from spread(inner, f"{path}/{name}")


@given(st.dictionaries(names, trees, max_size=4), st.integers(1, 3000))
def test_what_goes_in_comes_out(tree: Any, size: int) -> None:
    put = dict(spread(tree, "model"))
    files = {name: data for name, data in put.items() if data is not None}
    archive = pack_folders(files, [name for name, data in put.items() if data is None])
    with tempfile.TemporaryDirectory() as temporary:
        into = Path(temporary) / "model"
        # Pieces come as the network cuts them; an empty one is no end.
        assert unpack_plain([b"", *pieces(archive, size), b""], into) == ()
        assert there(into) == {name.removeprefix("model/"): data for name, data in put.items() if name != "model"}


def test_folders_above_a_file_are_made_and_all_of_it_belongs_to_the_user() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack_folders({"a/b/c": b"x"}, ["out"], owner="54:55"))) as archive:
        entries = archive.getmembers()
    made = [(entry.name, entry.isdir(), entry.mode) for entry in entries]
    assert made == [("a", True, 0o755), ("a/b", True, 0o755), ("out", True, 0o755), ("a/b/c", False, 0o644)]
    assert {(entry.uid, entry.gid) for entry in entries} == {(54, 55)}


def test_an_archive_ends_with_the_two_blocks_that_mark_its_end_and_no_more() -> None:
    archive = pack_folders({"a": b"x" * 600}, ["b"])
    # Two headers, a file of two blocks, two blocks of zeros.
    assert len(archive) == 6 * 512
    assert not any(archive[-1024:])
    assert len(pack_folders({}, [])) == 1024


def test_the_same_files_make_the_same_bytes() -> None:
    assert pack_folders({"a": b"1", "b": b"2"}, ["x", "y"]) == pack_folders({"b": b"2", "a": b"1"}, ["y", "x"])


def test_the_archives_first_folder_is_the_target_whatever_its_name(target: Path) -> None:
    assert unpack_plain([archive_of(("any", FOLDER), ("any/file", b"x"))], target) == ()
    assert there(target) == {"file": b"x"}


def test_an_empty_archive_makes_an_empty_folder(target: Path) -> None:
    assert unpack_plain([archive_of()], target) == ()
    assert there(target) == {}


def test_long_names_and_pax_headers_are_read(target: Path) -> None:
    name = "/".join(["\u043a\u0430\u0437\u0430\u043d\u044c" * 8] * 4)
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        shutil.rmtree(target, ignore_errors=True)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers={"comment": "x" * 2000}) as archive:
            for depth in range(3):
                entry = tarfile.TarInfo("m/" + name.rsplit("/", 3 - depth)[0])
                entry.type = tarfile.DIRTYPE
                archive.addfile(entry)
            entry = tarfile.TarInfo(f"m/{name}")
            entry.size, entry.pax_headers = 4, {"SCHILY.xattr.user.note": "y" * 600, "mtime": "12.5"}
            archive.addfile(entry, io.BytesIO(b"data"))
        assert unpack_plain(pieces(buffer.getvalue(), 100), target) == ()
        assert there(target)[name] == b"data"


# -- what is left behind ----------------------------------------------------------------------------------------------

HOSTILE: Mapping[str, tuple[tuple[Member, ...], tuple[str, ...]]] = {
    "up": ((("model/../../kept/file", b"x"), ("model/..", FOLDER)), ("../../kept/file", "..")),
    "up in the first folder": ((("../kept", b"x"),), ()),
    "here": ((("model/./a", b"x"), ("model/.", FOLDER)), ("./a", ".")),
    "absolute": ((("/kept/file2", b"x"), ("//model//a", b"y")), ("/a",)),
    "backslash": ((("model/..\\a", b"x"),), ("..\\a",)),
    "symlink": ((("model/a", link("/etc/passwd")),), ("a",)),
    "symlink first": ((("model", link("../kept")), ("model/file", b"x")), ("",)),
    "file first": ((("model", b"x"),), ("",)),
    "below a symlink": ((("model/a", link("../../kept")), ("model/a/file", b"x")), ("a",)),
    "through a symlink": ((("model/a", link("..")), ("model/a", FOLDER), ("model/a/file", b"x")), ("a",)),
    "symlink over a folder": ((("model/a", FOLDER), ("model/a", link("..")), ("model/a/b", b"x")), ("a",)),
    "hard link inside": ((("model/a", b"x"), ("model/b", hard("model/a"))), ()),
    "hard link outside": (
        (
            ("model/a", hard("/etc/passwd")),
            ("model/b", hard("model/../../kept/file")),
            ("model/c", hard("")),
            ("model/d", hard("model")),
            ("model/e", hard("model/kept")),
            ("x", {"type": tarfile.LNKTYPE, "pax_headers": {"path": "model/f", "linkpath": "model/\x00"}}),
        ),
        ("a", "b", "c", "d", "e", "f"),
    ),
    "hard link to a symlink": ((("model/a", link("/etc/passwd")), ("model/b", hard("model/a"))), ("a", "b")),
    "hard link to itself": ((("model/a", hard("model/a")),), ("a",)),
    "hard link over a file": ((("model/a", b"x"), ("model/b", b"y"), ("model/a", hard("model/b"))), ("a",)),
    "device": (
        (
            ("model/a", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}),
            ("model/b", {"type": tarfile.BLKTYPE, "devmajor": 8}),
        ),
        ("a", "b"),
    ),
    "fifo": ((("model/a", FIFO), ("model/a/b", b"x")), ("a",)),
    "unknown type": ((("model/a", {"type": b"Z"}), ("model/b", b"x")), ("a",)),
    "twice": ((("model/a", b"x"), ("model/a", b"longer")), ("a",)),
    "file over a folder": ((("model/a", FOLDER), ("model/a", b"x"), ("model/a/b", b"y")), ("a",)),
    "folder over a file": ((("model/a", b"x"), ("model/a", FOLDER), ("model/a/b", b"y")), ("a",)),
    "folder twice": ((("model/a", FOLDER), ("model/a/b", b"x"), ("model/a", FOLDER)), ()),
    "without its folder": ((("model/a/b", b"x"),), ("a/b",)),
    "no text": ((("model/\udcff", b"x"), ("model/\udcfe", FOLDER), ("model/\udcfe/a", b"y")), ("\ufffd", "\ufffd")),
    "not printable": ((("model/a\nb", b"x"), ("model/\u202eexe", b"x"), ("x", {"pax_headers": {"path": "model/\x00"}})), ("a\nb", "\u202eexe", "\x00")),
}  # fmt: skip
LEAVES: Mapping[str, dict[str, bytes | None]] = {
    "absolute": {"file2": b"x"},
    "up in the first folder": {"kept": b"x"},
    "symlink first": {"file": b"x"},
    "through a symlink": {"a": None, "a/file": b"x"},
    "symlink over a folder": {"a": None, "a/b": b"x"},
    "hard link inside": {"a": b"x", "b": b"x"},
    "hard link over a file": {"a": b"x", "b": b"y"},
    "unknown type": {"b": b"x"},
    "twice": {"a": b"x"},
    "file over a folder": {"a": None, "a/b": b"y"},
    "folder over a file": {"a": b"x"},
    "folder twice": {"a": None, "a/b": b"x"},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_no_archive_writes_outside_or_makes_a_link(target: Path, case: str) -> None:
    members, left = HOSTILE[case]
    assert unpack_plain([archive_of(*members)], target) == left
    assert there(target) == LEAVES.get(case, {})


def test_a_hard_link_becomes_a_file_of_its_own(target: Path) -> None:
    unpack_plain([archive_of(("m/a", b"x"), ("m/b", hard("m/a")))], target)
    assert (target / "a").stat().st_ino != (target / "b").stat().st_ino


def test_very_deep_folders_are_left_behind_by_the_first_that_is_too_deep(target: Path) -> None:
    members: list[Member] = [("m/" + "/".join(["d"] * depth), FOLDER) for depth in range(1, 300)]
    # One whose path is longer than a system takes.
    members.append(("m/" + "/".join(["d"] * 3000), FOLDER))
    members.append(("m/" + "/".join(["d"] * DEPTH) + "/file", b"x"))
    assert unpack_plain([archive_of(*members)], target) == ("/".join(["d"] * (DEPTH + 1)),)
    deepest = target.joinpath(*["d"] * DEPTH)
    assert there(deepest) == {"file": b"x"}


def made_on_disk(source: Path) -> None:
    """Make a folder with everything that a notebook may leave in one."""
    (source / "deep" / "empty").mkdir(parents=True)
    (source / "deep" / "file").write_bytes(b"x" * 200_000)
    (source / "a").write_bytes(b"one file, three names")
    (source / "b").hardlink_to(source / "a")
    (source / "deep" / "c").hardlink_to(source / "a")
    (source / "link").symlink_to("/etc/passwd")
    (source / "inner").symlink_to("deep")
    (source / "deep" / "up").symlink_to("..")
    os.mkfifo(source / "pipe")
    (source / "back\\slash").mkdir()
    (source / "back\\slash" / "file").write_bytes(b"x")
    (source / "new\nline").write_bytes(b"x")
    (source / os.fsdecode(b"\xff")).mkdir()
    (source / os.fsdecode(b"\xff") / "file").write_bytes(b"x")
    nested = source.joinpath(*["n"] * (DEPTH + 5))
    nested.mkdir(parents=True)
    (nested / "file").write_bytes(b"x")
    (source.joinpath(*["n"] * DEPTH) / "file").write_bytes(b"kept")


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_what_is_left_behind_is_what_a_copy_leaves_and_is_named_alike(target: Path, tmp_path: Path, form: int) -> None:
    source = tmp_path / "source"
    made_on_disk(source)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        archive.add(source, "model")
    copied = copy_tree(source, tmp_path / "copied")
    assert sorted(unpack_plain(pieces(buffer.getvalue(), 1000), target)) == sorted(copied)
    assert {"back\\slash", "\ufffd", "pipe", "deep/up", "inner"} < set(copied)
    assert there(target) == there(tmp_path / "copied")
    assert there(target)["b"] == b"one file, three names"


any_names = st.text(st.sampled_from("ab\\.\u202e\u00e9\udcff"), min_size=1, max_size=3).filter(
    lambda name: name.strip(".")
)
any_trees: st.SearchStrategy[Any] = st.recursive(
    st.binary(max_size=4) | st.sampled_from(["fifo", "link", "hard"]),
    lambda inner: st.dictionaries(any_names, inner, max_size=3),
    max_leaves=8,
)


def put_down(tree: Any, place: Path, first: Path) -> None:
    if isinstance(tree, dict):
        place.mkdir()
        for name, inner in tree.items():
            put_down(inner, place / name, first)
    elif isinstance(tree, bytes):
        place.write_bytes(tree)
    elif tree == "fifo":
        os.mkfifo(place)
    elif tree == "link":
        place.symlink_to("..")
    else:
        place.hardlink_to(first)


@settings(max_examples=60)
@given(st.dictionaries(any_names, any_trees, max_size=4))
def test_any_tree_comes_out_of_an_archive_as_out_of_a_copy(tree: Any) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = folder / "source"
        source.mkdir()
        # What the other names of a file link to comes first in the archive, and can be held.
        (source / "!").write_bytes(b"first")
        for name, inner in tree.items():
            put_down(inner, source / name, source / "!")
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(source, "model")
        left = unpack_plain([buffer.getvalue()], folder / "model")
        assert sorted(left) == sorted(copy_tree(source, folder / "copied"))
        assert there(folder / "model") == there(folder / "copied")


# -- streams that break off, disks that are full ----------------------------------------------------------------------

SMALL = archive_of(
    ("m", FOLDER),
    ("m/zeros", bytes(512)),
    ("m/" + "long" * 40, b"a name that needs a header of its own"),
    ("m/sub", FOLDER),
    ("m/sub/last", b"x" * 10),
)
END = len(SMALL.rstrip(b"\0"))
WHOLE = -(-END // 512) * 512 + 512
"""How much of it has to come: all members, and the first of the blocks that mark the end."""


def test_a_stream_that_breaks_off_at_any_byte_is_noticed(tmp_path: Path) -> None:
    whole: dict[str, bytes | None] = {}
    for length in range(WHOLE + 512, -1, -1):
        into = tmp_path / str(length)
        if length >= WHOLE:
            assert unpack_plain([SMALL[:length]], into) == ()
            whole = whole or there(into)
            assert there(into) == whole
            assert len(whole) == 4
        else:
            with pytest.raises(ConnectionError, match="broke off"):
                unpack_plain([SMALL[:length]], into)
        shutil.rmtree(into)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, WHOLE - 1), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_stream_that_was_damaged_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SMALL)
    for place, value in changes:
        data[place] = value
    with tempfile.TemporaryDirectory() as temporary:
        into = Path(temporary) / "a" / "b"
        try:
            unpack_plain([bytes(data)], into)
        except OSError as error:
            assert "broke off" in str(error) or "no room" in str(error)  # noqa: PT017 (or there is none)
        there(into)
        assert [path.name for path in Path(temporary).rglob("*") if into not in path.parents] == ["a", "b"]


def test_an_error_of_the_stream_itself_is_not_hidden(target: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield SMALL[:700]
        raise BrokenPipeError("gone")

    with pytest.raises(BrokenPipeError, match="gone"):
        unpack_plain(broken(), target)


def disk_of(free: int) -> Callable[[Path], SimpleNamespace]:
    return lambda _: SimpleNamespace(free=free)


def test_a_file_that_the_disk_has_no_room_for_is_not_begun(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", disk_of(99))
    with pytest.raises(OSError, match=r"no room for large \(100 bytes\)") as caught:
        unpack_plain([archive_of(("m", FOLDER), ("m/small", b"x" * 99), ("m/large", b"x" * 100))], target)
    # The engine has nothing to do with it: nobody waits for it to come back.
    assert not isinstance(caught.value, ConnectionError)
    assert list(there(target)) == ["small"]


def test_a_size_that_is_a_lie_fills_no_disk(target: Path) -> None:
    entry = tarfile.TarInfo("m/huge")
    entry.size = 2**60
    with pytest.raises(OSError, match="no room for huge"):
        unpack_plain([entry.tobuf(), b"x" * 512], target)
    assert there(target) == {}


# -- one file ---------------------------------------------------------------------------------------------------------


def test_one_file_is_read_up_to_its_limit() -> None:
    archive = archive_of(("result.json", b"0123456789"))
    assert first_file(pieces(archive, 7), 100) == b"0123456789"
    assert first_file([archive], 4) == b"0123"


@pytest.mark.parametrize("what", [FOLDER, FIFO, link("/etc/passwd"), hard("/etc/passwd")])
def test_what_is_no_plain_file_is_not_read(what: Mapping[str, Any]) -> None:
    assert first_file([archive_of(("result.json", what), ("x", b"x"))], 100) is None


def test_an_empty_archive_has_no_file() -> None:
    assert first_file([archive_of()], 100) is None


def test_a_file_that_breaks_off_is_not_taken_for_none_at_all() -> None:
    archive = archive_of(("result.json", b"x" * 2000))
    for length in (0, 100, 511, 512, 1000):
        with pytest.raises(ConnectionError, match="broke off"):
            first_file([archive[:length]], 16_000)


def test_the_end_of_a_large_file_is_read_in_little_memory() -> None:
    data = bytes(range(256)) * 20_000
    archive = archive_of(("events.jsonl", data))
    assert last_bytes(pieces(archive, 1_000_000), 1000) == data[-1000:]
    assert last_bytes([archive_of(("events.jsonl", b"short"))], 1000) == b"short"
    assert last_bytes([archive_of()], 1000) is None
    assert last_bytes([archive_of(("events.jsonl", link("/etc/passwd")))], 1000) is None
    with pytest.raises(ConnectionError):
        last_bytes([archive[:1_000_000]], 1000)
