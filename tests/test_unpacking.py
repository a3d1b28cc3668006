"""An archive of others is unpacked whole, or nothing of it is there: whatever it holds, and whenever it ends."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import multiprocessing
import os
import random
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from alekseylearn import archive_names, unpacking
from alekseylearn.disk import plain_files
from alekseylearn.errors import AlekseylearnError
from alekseylearn.unpacking import recorded_sha256, unpack_into
from tests.test_tars import entry, raw, tar

MODEL = random.Random(4).randbytes(300_000)
GOOD = tar(entry("model.bin", MODEL), entry("d/notes.txt", b"1", mode=0o6777), entry("empty", None, tarfile.DIRTYPE))


def listed(folder: Path) -> tuple[str, ...]:
    return plain_files(folder, "")


def packed(folder: Path, data: bytes, name: str = "model.tar.gz") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data if name.endswith((".tar", ".zip")) else gzip.compress(data, 6, mtime=0))
    return path


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


def refused(slug: str, action: Callable[[], object]) -> AlekseylearnError:
    with pytest.raises(AlekseylearnError) as caught:
        action()
    assert caught.value.slug == slug, str(caught.value)
    assert len(str(caught.value).splitlines()) <= 5
    return caught.value


def all_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("name", ["model.tar.gz", "model.tgz", "model.tar"])
@pytest.mark.parametrize("there", [False, True])
def test_all_of_it_is_there_at_the_end(tmp_path: Path, name: str, there: bool) -> None:
    target = tmp_path / "a" / "to"
    if there:
        target.mkdir(parents=True)
    assert unpack_into(target, packed(tmp_path / "in", GOOD, name), listed) == ("d/notes.txt", "model.bin")
    assert (target / "model.bin").read_bytes() == MODEL
    assert (target / "empty").is_dir()
    assert all_below(target.parent)[0] == "to"
    assert not (target.parent / ".to.unpacking").exists()


@contextmanager
def generous() -> Iterator[None]:
    old = os.umask(0)
    try:
        yield
    finally:
        os.umask(old)


def test_nobody_elses_modes_come_home(tmp_path: Path) -> None:
    for name, data in (("model.tar", GOOD), ("a.zip", zipped("d/x"))):
        with generous():
            unpack_into(tmp_path / f"to-{name}", packed(tmp_path / "in", data, name), listed)
        for path in [tmp_path / f"to-{name}", *(tmp_path / f"to-{name}").rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644)


def test_zeros_come_home_and_need_no_disk(tmp_path: Path) -> None:
    data = bytes(3_000_000) + b"x" + bytes(5_000_000)
    unpack_into(
        tmp_path / "to",
        packed(tmp_path / "in", tar(entry("a", data), entry("zeros", bytes(2_000_000))), "a.tar"),
        listed,
    )
    assert (tmp_path / "to" / "a").read_bytes() == data
    assert (tmp_path / "to" / "zeros").read_bytes() == bytes(2_000_000)
    assert (tmp_path / "to" / "zeros").stat().st_blocks * 512 < 1_000_000


BAD = {
    "a link": ("archive.unsafe", tar(entry("a", b"1"), entry("l", None, tarfile.SYMTYPE, linkname="a"))),
    "a way out": ("archive.unsafe", tar(entry("d/a", b"1"), entry("../up", b"1"))),
    "the same twice": ("archive.unsafe", tar(entry("a", b"1"), entry("A", b"2"))),
    "cut": ("archive.corrupt", GOOD[:200_000]),
    "no size": ("archive.corrupt", raw(b"a", b"1") + raw(b"b", size=b"\xff" * 12) + bytes(1024)),
    "no tar": ("archive.corrupt", b"<html>" * 1000),
    "zeros": (
        "archive.limit",
        tar(entry("a", b"1"))[:1024] + raw(b"b", size=b"%011o\0" % (90 * 2**20)) + bytes(90 * 2**20 + 1024),
    ),
    "many": ("archive.limit", b"".join(raw(b"f%d" % number) for number in range(101)) + bytes(1024)),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("there", [False, True])
def test_nothing_is_left_of_one_that_is_refused(
    tmp_path: Path, what: str, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_names, "MEMBERS", 100)
    slug, data = BAD[what]
    path = packed(tmp_path / "in", data)
    target = tmp_path / "a" / "b" / "to"
    if there:
        target.mkdir(parents=True)
    before = all_below(tmp_path)
    assert str(path) in refused(slug, lambda: unpack_into(target, path, listed)).where
    assert all_below(tmp_path) == before


def test_what_the_looker_refuses_is_refused_as_a_whole(tmp_path: Path) -> None:
    def look(folder: Path) -> None:
        assert (folder / "model.bin").is_file()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack_into(tmp_path / "to", packed(tmp_path / "in", GOOD), look)
    assert all_below(tmp_path) == ["in", "in/model.tar.gz"]


class TestDigest:
    @pytest.mark.parametrize("name", ["model.tar.gz", "model.tar", "artifact.zip"])
    def test_one_that_is_given_is_compared(self, tmp_path: Path, name: str) -> None:
        path = packed(tmp_path / "in", zipped("a") if name.endswith(".zip") else GOOD, name)
        told = hashlib.sha256(path.read_bytes()).hexdigest()
        unpack_into(tmp_path / "to", path, listed, sha256=told.upper())
        what = refused("archive.mismatch", lambda: unpack_into(tmp_path / "no", path, listed, sha256="0" * 64)).what
        assert told[:12] in what
        assert not (tmp_path / "no").exists()

    def test_nothing_is_read_of_one_that_is_another(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "in", BAD["no tar"][1])
        refused("archive.mismatch", lambda: unpack_into(tmp_path / "to", path, listed, sha256="0" * 64))

    @pytest.mark.parametrize(
        "text",
        [
            "{0}",
            "{0}\n",
            "sha256:{0}",
            "{0}  model.tar.gz\n",
            "{0} *model.tar.gz",
            "\n# made by x\n{0}\n",
            "{1}  other\n{0}  model.tar.gz\n",
            "\ufeff{0}\r\n",
            "SHA256 (model.tar.gz) = {0}\n",
            "SHA256(model.tar.gz)= {0}\n",
            "SHA256 (other) = {1}\nSHA256 (model.tar.gz) = {0}\n",
        ],
    )
    @pytest.mark.parametrize("beside", ["expected.sha256", "model.tar.gz.sha256"])
    def test_one_beside_it_is_compared(self, tmp_path: Path, text: str, beside: str) -> None:
        path = packed(tmp_path / "in", GOOD)
        told = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_name(beside).write_text(text.format(told.upper(), "1" * 64))
        assert recorded_sha256(path) == told
        unpack_into(tmp_path / "to", path, listed)
        path.with_name(beside).write_text(text.format("f" * 64, "1" * 64))
        refused("archive.mismatch", lambda: unpack_into(tmp_path / "again", path, listed))

    @pytest.mark.parametrize("text", ["", "soon", "0" * 63, "0" * 65, "0" * 64 + "\n" + "1" * 64, "x" * 100_000])
    def test_one_that_tells_nothing_is_refused(self, tmp_path: Path, text: str) -> None:
        path = packed(tmp_path / "in", GOOD)
        path.with_name("expected.sha256").write_text(text)
        assert "does not tell" in refused("archive.mismatch", lambda: recorded_sha256(path)).what

    def test_a_link_tells_nothing(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "in", GOOD)
        path.with_name("expected.sha256").symlink_to("/dev/zero")
        refused("archive.mismatch", lambda: recorded_sha256(path))

    def test_none_beside_it_is_none(self, tmp_path: Path) -> None:
        assert recorded_sha256(packed(tmp_path / "in", GOOD)) == ""

    def test_a_file_that_changes_meanwhile_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = packed(tmp_path / "in", GOOD, "model.tar")
        real = unpacking._compare

        def compare(*arguments: str) -> None:
            real(*arguments)  # type: ignore[arg-type]
            data = path.read_bytes()
            path.write_bytes(data[:2000] + bytes([data[2000] ^ 1]) + data[2001:])

        monkeypatch.setattr(unpacking, "_compare", compare)
        assert "changed while" in refused("archive.mismatch", lambda: unpack_into(tmp_path / "to", path, listed)).what
        assert not (tmp_path / "to").exists()


def test_a_disk_without_room_is_told_before_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [packed(tmp_path / "in", data, name) for name, data in (("a.tar", GOOD), ("a.zip", zipped("a", "b")))]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    for path in paths:
        assert refused("archive.limit", lambda path=path: unpack_into(tmp_path / "to", path, listed)).exit_code == 7
    assert all_below(tmp_path) == ["in", "in/a.tar", "in/a.zip"]


def unpack_and_die(target: Path, path: Path) -> None:
    def die(_: Path) -> None:
        os._exit(9)

    unpack_into(target, path, die)


def test_what_a_process_that_died_has_left_is_removed_by_the_next(tmp_path: Path) -> None:
    path = packed(tmp_path / "in", GOOD)
    child = multiprocessing.get_context("fork").Process(target=unpack_and_die, args=(tmp_path / "to", path))
    child.start()
    child.join()
    assert child.exitcode == 9
    assert (tmp_path / ".to.unpacking" / "unpacked" / "model.bin").exists()
    assert not (tmp_path / "to").exists()
    unpack_into(tmp_path / "to", path, listed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "to"]


def test_two_do_not_unpack_into_one_folder(tmp_path: Path) -> None:
    path = packed(tmp_path / "in", GOOD)
    aside = tmp_path / ".to.unpacking"
    aside.mkdir()
    handle = os.open(aside, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    refused("usage.folder", lambda: unpack_into(tmp_path / "to", path, listed))
    os.close(handle)
    unpack_into(tmp_path / "to", path, listed)


def test_a_link_in_the_place_of_our_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".to.unpacking").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        unpack_into(tmp_path / "to", packed(tmp_path / "in", GOOD), listed)
    assert all_below(tmp_path / "elsewhere") == []
