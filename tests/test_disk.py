from __future__ import annotations

import errno
import fcntl
import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from alekseylearn import landmarks
from alekseylearn.disk import (
    copy_plain,
    copy_tree,
    holdable,
    inside,
    make_private,
    open_plain,
    plain_files,
    refusal,
    remove,
    scratch,
)
from alekseylearn.errors import InputError
from tests.rig.crashes.dying import die_at
from tests.sweeping import sweeping


def test_a_private_folder_tells_git_to_leave_it_alone(tmp_path: Path) -> None:
    folder = make_private(tmp_path / "a" / "b")
    assert (folder / ".gitignore").read_text() == "*\n"
    (folder / ".gitignore").write_text("mine")
    assert (make_private(folder) / ".gitignore").read_text() == "mine"


@pytest.mark.parametrize("path", ["", ".", "..", "a/../b", "/a", "a//b", "a/", "a\\b", "a\0b"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match=r"path\.unsafe"):
        inside(tmp_path, path)


def test_a_path_below_is_taken(tmp_path: Path) -> None:
    assert inside(tmp_path, "a/b.txt") == tmp_path / "a" / "b.txt"


def test_removing_never_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("../kept")
    for name in ("link", "folder", "nothing"):
        remove(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "file").exists()


def test_only_plain_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    with open_plain(tmp_path / "file") as file:
        assert file.read() == b"x"
    for name in ("link", "pipe", "nothing"):
        with pytest.raises(OSError, match=name), open_plain(tmp_path / name):
            pass
    with pytest.raises(FileExistsError):
        copy_plain(tmp_path / "file", tmp_path / "link")


def test_a_tree_is_copied_without_what_is_no_plain_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep" / "empty").mkdir(parents=True)
    (source / "deep" / "file").write_bytes(b"x" * 3_000_000)
    (source / "link").symlink_to("/etc/passwd")
    (source / "deep" / "up").symlink_to("..")
    os.mkfifo(source / "pipe")
    (source / "back\\slash").touch()
    (source / "new\nline").touch()
    (source / os.fsdecode(b"\xff")).touch()
    left = copy_tree(source, tmp_path / "target")
    assert set(left) == {"back\\slash", "deep/up", "link", "new\nline", "pipe", "\ufffd"}
    assert (tmp_path / "target" / "deep" / "file").read_bytes() == b"x" * 3_000_000
    assert (tmp_path / "target" / "deep" / "empty").is_dir()
    assert {path.name for path in (tmp_path / "target").iterdir()} == {"deep"}


@pytest.mark.parametrize(
    "name", ["a", "a b", ".hidden", "...", "\u043a\u0430\u0437\u0430\u043d\u044c", "\U0001f40d", "con"]
)
def test_a_name_that_every_system_can_hold(name: str) -> None:
    assert holdable(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a\\b",
        "a\nb",
        "a\tb",
        "\0",
        "\x7f",
        "\u202eexe",
        "\u00a0",
        os.fsdecode(b"\xff"),
        "a" + os.fsdecode(b"\xe2\x82"),
    ],
)
def test_a_name_that_some_system_cannot_hold(name: str) -> None:
    assert not holdable(name)


def test_a_socket_is_left_behind(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        (tmp_path / "s").mkdir()
        listener.bind(os.path.relpath(tmp_path / "s" / "x"))
        assert copy_tree(tmp_path / "s", tmp_path / "t") == ("x",)


def test_folders_nested_too_deep_are_left_behind(tmp_path: Path) -> None:
    deep = tmp_path / "s" / "/".join(["d"] * 60)
    deep.mkdir(parents=True)
    assert copy_tree(tmp_path / "s", tmp_path / "t") == ("/".join(["d"] * 41),)


def test_plain_files_are_named_without_links(tmp_path: Path) -> None:
    (tmp_path / "model" / "sub").mkdir(parents=True)
    (tmp_path / "model" / "sub" / "b").touch()
    (tmp_path / "model" / "a").touch()
    (tmp_path / "model" / "link").symlink_to("a")
    (tmp_path / "model" / "loop").symlink_to(".")
    assert plain_files(tmp_path, "model") == ("model/a", "model/sub/b")
    assert plain_files(tmp_path, "nothing") == ()


def test_a_folder_of_ones_own_is_there_as_long_as_it_is_needed_and_goes_when_its_owner_was_killed(
    tmp_path: Path,
) -> None:
    parent = tmp_path / "a" / "b"
    with scratch(parent, "x-") as one, scratch(parent, "x-") as other:
        (one / "file").touch()
        assert one != other
        assert sorted(parent.iterdir()) == sorted([one, other])
    assert not list(parent.iterdir())
    left = []
    for _ in range(3):
        die_at("job.ended", lambda: enter(parent, left))
    assert len(list(parent.glob("x-*"))) == 1
    for name in ("x-data", "y-1.scratch"):
        (parent / name).mkdir()
    with scratch(parent, "x-") as own:
        assert {path.name for path in parent.iterdir()} == {own.name, "x-data", "y-1.scratch"}


def enter(parent: Path, left: list[object]) -> None:
    """Take a folder and never give it back."""
    left.append(folder := scratch(parent, "x-"))
    folder.__enter__()
    landmarks.passed("job.ended")


def test_a_new_folder_that_is_swept_away_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, swept = tempfile.mkdtemp, []

    def mkdtemp(**words: Any) -> str:
        folder = made(**words)
        if not swept:
            swept.append(folder)
            with scratch(tmp_path, "x-"):
                pass
        return folder

    with scratch(tmp_path, "x-") as first:
        pass
    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)
    with scratch(tmp_path, "x-") as own:
        assert own.is_dir()
        assert str(own) not in (swept[0], str(first))


def test_a_new_folder_that_is_being_swept_away_when_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sweepers = fcntl.flock, list[threading.Thread]()

    def flock(handle: int, operation: int) -> None:
        if not sweepers:
            monkeypatch.setattr(fcntl, "flock", real)
            sweepers.append(sweeping(next(tmp_path.glob("x-*"))))
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with scratch(tmp_path, "x-") as own:
        sweepers[0].join()
        assert own.is_dir()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("number", "slug"),
    [
        (errno.ENOSPC, "disk.full"),
        (errno.EDQUOT, "disk.full"),
        (errno.EIO, "disk.failed"),
        (errno.EROFS, "disk.failed"),
        (errno.EMFILE, "machine.files"),
    ],
)
def test_what_the_machine_refuses_is_told_as_its_own_fault(number: int, slug: str) -> None:
    told = refusal(OSError(number, os.strerror(number), "/a/file"))
    assert told is not None
    assert (told.slug, told.where, told.exit_code) == (slug, "/a/file", 6)
    assert os.strerror(number) in str(told)


def test_other_errors_may_be_ours() -> None:
    assert refusal(FileNotFoundError(errno.ENOENT, "no such file")) is None
    assert refusal(OSError("words")) is None
