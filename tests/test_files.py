"""Files are written whole or not at all, and the runtime travels as it is."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from alekseylearn.files import runtime_files, write_atomic
from alekseylearn.runtime import supervisor
from tests.sweeping import sweeping


def test_a_file_is_written_and_replaced_in_a_folder_that_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    for data in (b"one", b"", b"three\0" * 100_000):
        write_atomic(path, data)
        assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_atomic(path, b"data")
    assert path.read_bytes() == b"data"


@pytest.mark.parametrize(("mask", "mode"), [("022", 0o644), ("077", 0o600), ("002", 0o664)])
def test_a_file_may_be_read_by_those_whom_the_umask_leaves(tmp_path: Path, mask: str, mode: int) -> None:
    program = (
        "import os, pathlib, sys\nfrom alekseylearn.files import write_atomic\n"
        f"os.umask(0o{mask})\nwrite_atomic(pathlib.Path(sys.argv[1]), b'')\nassert os.umask(0) == 0o{mask}"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "file")], check=True, timeout=60)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_link_in_the_files_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"kept")
    (tmp_path / "file").symlink_to("target")
    write_atomic(tmp_path / "file", b"new")
    assert (tmp_path / "target").read_bytes() == b"kept"
    assert not (tmp_path / "file").is_symlink()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomic(tmp_path / "file", b"data")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_the_runtime_is_all_of_its_modules_and_nothing_else() -> None:
    folder = Path(supervisor.__file__).parent
    expected = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.py")}
    assert runtime_files() == expected
    assert "sources/__init__.py" in expected


def test_what_a_killed_writer_left_goes_with_the_next_one_and_a_living_writers_file_stays(tmp_path: Path) -> None:
    (tmp_path / ".0123456789abcdef.tmp").touch()
    (tmp_path / ".mine.tmp").touch()
    with (tmp_path / ".fedcba9876543210.tmp").open("wb") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        write_atomic(tmp_path / "file", b"data")
    assert {path.name for path in tmp_path.iterdir()} == {".fedcba9876543210.tmp", ".mine.tmp", "file"}


def test_a_temporary_file_that_is_swept_away_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = []

    def flock(handle: int, operation: int) -> None:
        if not locks:
            next(tmp_path.glob(".*.tmp")).unlink()
        locks.append(operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    write_atomic(tmp_path / "file", b"data")
    assert (tmp_path / "file").read_bytes() == b"data"
    assert len(locks) == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_a_temporary_file_that_is_being_swept_away_when_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, flushed, sweepers = fcntl.flock, os.fsync, list[threading.Thread]()

    def flock(handle: int, operation: int) -> None:
        if not sweepers:
            monkeypatch.setattr(fcntl, "flock", real)
            sweepers.append(sweeping(next(tmp_path.glob(".*.tmp"))))
        real(handle, operation)

    def fsync(handle: int) -> None:
        sweepers[0].join()
        flushed(handle)

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(tmp_path / "file", b"data")
    assert (tmp_path / "file").read_bytes() == b"data"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_system_without_locks_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_: int, __: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "no locks here")

    monkeypatch.setattr(fcntl, "flock", flock)
    write_atomic(tmp_path / "file", b"data")
    assert (tmp_path / "file").read_bytes() == b"data"
