"""Archives that a training job left in a bucket, where its own code may have written them: read whole, or refused."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alekseylearn.disk import DEPTH, copy_tree
from alekseylearn.transit import unpack_artifact
from tests.test_transit import FIFO, FOLDER, Member, archive_of, disk_of, hard, link, made_on_disk, pieces, there


def packed(*members: Member) -> bytes:
    return gzip.compress(archive_of(*members), 1)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """Give a place to unpack at, beside files that must stay as they are."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(b"kept")
    yield tmp_path / "into" / "model"
    assert {path.name for path in tmp_path.iterdir()} <= {"kept", "into", "source", "copied"}
    assert {path.name for path in (tmp_path / "into").iterdir()} <= {"model"}
    assert there(tmp_path / "kept") == {"file": b"kept"}


# -- what comes out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "./"])
def test_members_lie_in_the_folder_itself(target: Path, prefix: str) -> None:
    archive = packed((f"{prefix}model.joblib", b"x"), (f"{prefix}sub", FOLDER), (f"{prefix}sub/file", b"y"))
    assert unpack_artifact(pieces(archive, 7), target) == ()
    assert there(target) == {"model.joblib": b"x", "sub": None, "sub/file": b"y"}


def test_the_folder_itself_may_be_a_member(target: Path) -> None:
    assert unpack_artifact([packed((".", FOLDER), ("./", FOLDER), ("./a", b"x"))], target) == ()
    assert there(target) == {"a": b"x"}


def test_folders_need_no_member_of_their_own(target: Path) -> None:
    assert unpack_artifact([packed(("a/b/file", b"x"), ("a/b", FOLDER), ("a/c", b"y"))], target) == ()
    assert there(target) == {"a": None, "a/b": None, "a/b/file": b"x", "a/c": b"y"}


def test_a_job_that_left_nothing_makes_an_empty_folder(target: Path) -> None:
    assert unpack_artifact([packed()], target) == ()
    assert there(target) == {}


def test_the_folder_may_be_there_already(target: Path) -> None:
    target.mkdir(parents=True)
    assert unpack_artifact([packed(("a", b"x"))], target) == ()
    assert there(target) == {"a": b"x"}


@pytest.mark.parametrize("arguments", [["."], ["--sort=name", "."], ["--format=gnu", "."], ["--format=pax", "-S", "."]])
def test_what_the_command_tar_packs_comes_out_as_out_of_a_copy(
    target: Path, tmp_path: Path, arguments: list[str]
) -> None:
    source = tmp_path / "source"
    made_on_disk(source)
    with (source / "holes").open("wb") as file:
        file.seek(3_000_000)
        file.write(b"end")
    done = subprocess.run(["tar", "-C", source, "-czf", "-", *arguments], capture_output=True, check=True)
    left = unpack_artifact(pieces(done.stdout, 5000), target)
    # The other names of a file may come first, and which one is a link then changes nothing.
    assert sorted(left) == sorted(copy_tree(source, tmp_path / "copied"))
    assert there(target) == there(tmp_path / "copied")


def test_streams_of_gzip_one_after_another_are_one_archive(target: Path) -> None:
    archive = archive_of(("a", b"x" * 5000), ("b", b"y"))
    parts = b"".join(gzip.compress(piece) for piece in pieces(archive, 1000))
    assert unpack_artifact(pieces(parts + bytes(700), 300), target) == ()
    assert there(target) == {"a": b"x" * 5000, "b": b"y"}


# -- what is left behind ----------------------------------------------------------------------------------------------

HOSTILE: Mapping[str, tuple[tuple[Member, ...], tuple[str, ...], dict[str, bytes | None]]] = {
    "up": ((("../kept/file", b"x"), ("a/../../kept/file", b"x"), ("..", FOLDER)), ("../kept/file", "a/../../kept/file", ".."), {}),
    "here": ((("././a", b"x"), ("a/./b", b"x")), ("./a", "a/./b"), {}),
    "absolute": ((("/kept/file2", b"x"),), (), {"kept": None, "kept/file2": b"x"}),
    "backslash": ((("..\\a", b"x"), ("b\\c/d", b"x")), ("..\\a", "b\\c/d"), {}),
    "symlink": ((("a", link("/etc/passwd")),), ("a",), {}),
    "the folder is a symlink": (((".", link("../kept")), ("file", b"x")), ("",), {"file": b"x"}),
    "the folder is a file": (((".", b"x"), ("file", b"x")), ("",), {"file": b"x"}),
    "below a symlink": ((("a", link("../kept")), ("a/file", b"x"), ("a/b/c", b"x")), ("a",), {}),
    "through a symlink": ((("a", link("..")), ("a", FOLDER), ("a/file", b"x")), ("a",), {"a": None, "a/file": b"x"}),
    "symlink over a folder": ((("a", FOLDER), ("a", link("..")), ("a/b", b"x")), ("a",), {"a": None, "a/b": b"x"}),
    "symlink over a folder without a member": ((("a/b", b"x"), ("a", link("..")), ("a/c", b"x")), ("a",), {"a": None, "a/b": b"x", "a/c": b"x"}),
    "below a file": ((("a", b"x"), ("a/b/c", b"y")), ("a/b/c",), {"a": b"x"}),
    "hard link inside": ((("a", b"x"), ("b", hard("a")), ("c", hard("./a"))), (), {"a": b"x", "b": b"x", "c": b"x"}),
    "hard link outside": (
        (("a", hard("/etc/passwd")), ("b", hard("../kept/file")), ("c", hard("")), ("d", hard("."))),
        ("a", "b", "c", "d"),
        {},
    ),
    "device": ((("a", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}),), ("a",), {}),
    "fifo": ((("a", FIFO), ("a/b", b"x")), ("a",), {}),
    "twice": ((("a", b"x"), ("a", b"longer")), ("a",), {"a": b"x"}),
    "no text": ((("\udcff", b"x"), ("\udcfe/a", b"x")), ("\ufffd", "\ufffd/a"), {}),
    "not printable": ((("a\nb", b"x"), ("\u202eexe", b"x")), ("a\nb", "\u202eexe"), {}),
    "name too long": ((("x" * 300, b"x"), ("y" * 300, FOLDER), ("z" * 300 + "/a", b"x"), ("/".join(["w" * 250] * 20), b"x"), ("last", b"x")), ("x" * 300, "y" * 300, "z" * 300 + "/a", "/".join(["w" * 250] * 20)), {"last": b"x"}),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_no_archive_writes_outside_or_makes_a_link(target: Path, case: str) -> None:
    members, left, leaves = HOSTILE[case]
    assert unpack_artifact([packed(*members)], target) == left
    found = {path: data for path, data in there(target).items() if not path.startswith("www")}
    assert found == leaves


def test_what_is_nested_too_deep_is_left_behind(target: Path) -> None:
    deep = "/".join(["d"] * DEPTH)
    assert unpack_artifact([packed((f"{deep}/file", b"x"), (f"{deep}/d/file", b"y"))], target) == (f"{deep}/d/file",)
    assert there(target.joinpath(*["d"] * DEPTH)) == {"file": b"x"}


def test_of_very_many_things_left_behind_only_some_are_named(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alekseylearn.transit._NAMED", 3)
    members = [(f"fifo-{number}", FIFO) for number in range(9)]
    assert unpack_artifact([packed(*members, ("a", b"x"))], target) == ("fifo-0", "fifo-1", "fifo-2")
    assert there(target) == {"a": b"x"}


# -- streams that break off, archives that swell ----------------------------------------------------------------------

MEMBERS: tuple[Member, ...] = (
    ("zeros", bytes(512)),
    ("n" * 160, b"a name that needs a header of its own"),
    ("s/last", b"x"),
)
WHOLE = packed(*MEMBERS)


def test_a_stream_that_breaks_off_at_any_byte_is_noticed(tmp_path: Path) -> None:
    for length in range(len(WHOLE)):
        into = tmp_path / str(length)
        with pytest.raises(ConnectionError, match="broke off"):
            unpack_artifact([WHOLE[:length]], into)
        shutil.rmtree(into)
    assert unpack_artifact([WHOLE], tmp_path / "whole") == ()
    assert len(there(tmp_path / "whole")) == 4


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_stream_that_was_damaged_is_refused_or_comes_out_as_it_was(changes: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    with tempfile.TemporaryDirectory() as temporary:
        into = Path(temporary) / "a" / "b"
        try:
            unpack_artifact([bytes(data)], into)
        except OSError as error:
            assert "broke off" in str(error) or "no room" in str(error)  # noqa: PT017 (or there is none)
        else:
            # Only what its checksum leaves out: the time, the system, a name.
            assert len(there(into)) == 4
        there(into)
        assert [path.name for path in Path(temporary).rglob("*") if into not in path.parents] == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"not gzip", gzip.compress(b"not tar" * 100, mtime=0), bytes(1000)],
    ids=["nothing", "zip", "text", "no tar", "zeros"],
)
def test_what_is_no_archive_is_refused(target: Path, data: bytes) -> None:
    with pytest.raises(ConnectionError, match="broke off"):
        unpack_artifact([data], target)


def test_a_wrong_checksum_is_noticed(target: Path) -> None:
    with pytest.raises(ConnectionError, match="incorrect data check"):
        unpack_artifact([WHOLE[:-8] + b"\0\0\0\0" + WHOLE[-4:]], target)


def test_what_fills_the_end_of_an_archive_has_to_come_too(tmp_path: Path) -> None:
    data = gzip.compress(archive_of(*MEMBERS) + bytes(5_000_000), 1)
    assert unpack_artifact(pieces(data, 100), tmp_path / "whole") == ()
    with pytest.raises(ConnectionError, match="broke off"):
        unpack_artifact(pieces(data[:-1], 100), tmp_path / "torn")
    # But nobody reads on for ever.
    swollen = gzip.compress(archive_of(*MEMBERS) + bytes(30_000_000), 1)
    read: list[int] = []
    unpack_artifact((read.append(len(piece)) or piece for piece in pieces(swollen, 100)), tmp_path / "swollen")
    assert sum(read) < len(swollen)


def test_rubbish_behind_the_end_is_noticed(target: Path) -> None:
    with pytest.raises(ConnectionError, match="broke off"):
        unpack_artifact([WHOLE + b"rubbish"], target)


def test_an_archive_that_only_swells_fills_no_disk(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", disk_of(10_000_000))
    monkeypatch.setattr("alekseylearn.transit._SLACK", 0)
    with pytest.raises(OSError, match="no room for large"):
        unpack_artifact([packed(("small", b"x"), ("large", bytes(10_000_001)))], target)
    assert list(there(target)) == ["small"]
    # Nor does what is not even written.
    with pytest.raises(OSError, match="no room for the archive") as caught:
        unpack_artifact([packed(("a", {"type": b"Z"}), *[("x", {"type": tarfile.FIFOTYPE})] * 25_000)], target)
    assert not isinstance(caught.value, ConnectionError)


def with_header(kind: bytes, data: bytes) -> bytes:
    entry = tarfile.TarInfo("header")
    entry.type, entry.size = kind, len(data)
    return entry.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


ENDLESS = {
    "long name": with_header(tarfile.GNUTYPE_LONGNAME, b"x" * 5 * 2**20),
    "pax header": with_header(tarfile.XHDTYPE, b"5242880 comment=" + b"x" * (5 * 2**20 - 17) + b"\n"),
    "global header": with_header(tarfile.XGLTYPE, b"5242880 comment=" + b"x" * (5 * 2**20 - 17) + b"\n"),
    "headers of headers": with_header(tarfile.XGLTYPE, b"11 abc=def\n") * 3000,
    "a map of holes": with_header(tarfile.XHDTYPE, b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n")
    + with_header(tarfile.REGTYPE, b"999999999\n" + b"0\n" * 3 * 2**20),
    "holes that are no numbers": with_header(tarfile.XHDTYPE, b"22 GNU.sparse.map=x,y\n") + with_header(b"0", b""),
    "more holes than there is": with_header(tarfile.XHDTYPE, b"31 GNU.sparse.size=99999999999\n26 GNU.sparse.map=9,9,9\n")
    + with_header(b"0", b""),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDLESS)
def test_a_header_that_does_not_end_or_makes_no_sense_is_refused(target: Path, case: str) -> None:
    archive = gzip.compress(ENDLESS[case] + archive_of(("a", b"x")), 1)
    try:
        unpack_artifact(pieces(archive, 100_000), target)
    except OSError as error:
        assert "broke off" in str(error) or "no room" in str(error)  # noqa: PT017 (some versions of tarfile read it)
    there(target)


def test_little_memory_is_needed_whatever_the_size(tmp_path: Path) -> None:
    """200 MB of zeros, and 20 000 things that are left behind: both swell from next to nothing."""
    compressor = zlib.compressobj(1, wbits=31)
    with (tmp_path / "archive").open("wb") as file:
        entry = tarfile.TarInfo("large")
        entry.size = 200 * 2**20
        file.write(compressor.compress(entry.tobuf()))
        for _ in range(200):
            file.write(compressor.compress(bytes(2**20)))
        for number in range(20_000):
            pipe = tarfile.TarInfo(f"p/{number}")
            pipe.type = tarfile.FIFOTYPE
            file.write(compressor.compress(pipe.tobuf()))
        file.write(compressor.compress(bytes(1024)) + compressor.flush())
    program = """if True:
        import resource, sys
        from pathlib import Path
        from alekseylearn.transit import unpack_artifact
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with open(sys.argv[1], "rb") as file:
            left = unpack_artifact(iter(lambda: file.read(2**20), b""), Path(sys.argv[2]))
        print(len(left), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    command = [sys.executable, "-c", program, str(tmp_path / "archive"), str(tmp_path / "into")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    named, memory = map(int, done.stdout.split())
    assert (tmp_path / "into" / "large").stat().st_size == 200 * 2**20
    assert named == 10_000
    assert memory < 30 * 1024, "kilobytes"


any_members: st.SearchStrategy[Any] = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["a", "b", "c", ".", "..", ""]), min_size=1, max_size=4).map("/".join),
        st.binary(max_size=3)
        | st.sampled_from([FOLDER, FIFO, link(".."), link("a"), hard("a"), hard("./a/b"), hard("../x")]),
    ),
    max_size=8,
)


@settings(max_examples=300)
@given(any_members)
def test_whatever_is_in_an_archive_stays_in_the_folder(members: list[Member]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        into = Path(temporary) / "a" / "b"
        left = unpack_artifact([packed(*members)], into)
        kept = there(into)
        assert [path.name for path in Path(temporary).rglob("*") if into not in path.parents] == ["a", "b"]
        files = [data for data in kept.values() if data is not None]
        assert len(files) <= len([1 for _, what in members if what not in (FOLDER, FIFO)])
        assert set(files) <= {what for _, what in members if isinstance(what, bytes)}
        assert len(left) <= len(members)
