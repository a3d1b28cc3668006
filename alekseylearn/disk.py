"""Folders of ours on disk: locks that die with their holder, and plain files copied without following a link."""

from __future__ import annotations

import errno
import fcntl
import glob
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

from alekseylearn.errors import InputError, MachineError
from alekseylearn.files import write_atomic

_BLOCK = 1024 * 1024
_SCRATCH = ".scratch"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
DEPTH = 40
"""Folders nested deeper than this are left behind."""


def make_private(folder: Path) -> Path:
    """Make *folder* for files of ours, which git is told to leave alone; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_atomic(ignore, b"*\n")
    return folder


@contextmanager
def holding(path: Path) -> Iterator[int]:
    """Hold the lock file *path*, waiting for whoever holds it; yields the descriptor that the lock is on.

    The kernel frees the lock when the last process that has the descriptor closes it or dies (flock(2)).
    """
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


@contextmanager
def holding_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock file *path* if nobody else does; yields whether we do."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_locked(path: Path) -> bool:
    """Tell whether a living process holds the lock file *path*."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def scratch(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder of our own below *parent*, for as long as the block takes.

    It is locked as long as we live, whatever the clock says; what killed processes left of the same *prefix* goes.
    """
    parent.mkdir(parents=True, exist_ok=True)
    sweep(parent, prefix)
    own, descriptor = _make_scratch(parent, prefix)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        os.close(descriptor)


def sweep(parent: Path, prefix: str = "") -> None:
    """Remove the folders of `scratch` below *parent* that killed processes left; those of living ones stay."""
    for left in parent.glob(f"{glob.escape(prefix)}*{_SCRATCH}"):
        # Another's that lives, or one that has just gone.
        with suppress(OSError):
            descriptor = os.open(left, _FOLDER)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
            finally:
                os.close(descriptor)


def _make_scratch(parent: Path, prefix: str) -> tuple[Path, int]:
    """Make a folder that is locked for as long as its descriptor is open."""
    while True:
        own = Path(tempfile.mkdtemp(dir=parent, prefix=prefix, suffix=_SCRATCH))
        # Before it is locked it may be taken for a dead process's.
        with suppress(FileNotFoundError):
            descriptor = os.open(own, _FOLDER)
            # Not every file system knows locks; nobody takes a folder away there either. Who has the lock before us is
            # about to take it away: it is waited for.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if own.is_dir():
                return own, descriptor
            os.close(descriptor)


def make_lasting(folder: Path) -> None:
    """Have all that is in *folder* written to the disk itself: then it outlives the machine's own death, too."""
    for place, _, names in os.walk(folder):
        for path in (*(os.path.join(place, name) for name in names), place):  # noqa: PTH118 - thousands of them
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def refusal(error: OSError) -> MachineError | None:
    """Return what a person should know of an *error* of the machine's; None where it may be one of ours."""
    where = error.filename if isinstance(error.filename, str) else ""
    words = error.strerror
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            hint = "free the disk, and run it again: what was done is kept"
            return MachineError("disk.full", f"there is no room for a file: {words}", where=where, hint=hint)
        case errno.EIO | errno.EROFS:
            hint = "look after the disk, and run it again: what was done is kept"
            return MachineError("disk.failed", f"the disk refuses a file: {words}", where=where, hint=hint)
        case errno.EMFILE | errno.ENFILE:
            hint = "raise `ulimit -n`, and run it again: what was done is kept"
            return MachineError("machine.files", f"too many files are open: {words}", where=where, hint=hint)
        case _:
            return None


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it, if it is there; symbolic links are removed, never followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def inside(folder: Path, path: str) -> Path:
    """Return the place of the relative POSIX *path* below *folder*.

    Raises `InputError` `path.unsafe` when it is absolute, or leads out of the folder.
    """
    parts = path.split("/")
    if not path or "\0" in path or "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise InputError(
            "path.unsafe", f"{path!r} is no path below a folder", where=str(folder), hint="use plain relative paths"
        )
    return folder.joinpath(*parts)


@contextmanager
def open_plain(path: Path) -> Iterator[BufferedReader]:
    """Open the plain file *path* for reading; raises `OSError` for a symbolic link, a pipe or a device."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a plain file")
        yield file


def copy_plain(source: Path, target: Path) -> None:
    """Copy one plain file to the new file *target*, and make the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_plain(source) as reader, target.open("xb") as writer:
        shutil.copyfileobj(reader, writer, _BLOCK)


def write_files(folder: Path, files: Mapping[str, bytes], folders: Iterable[str] = ()) -> None:
    """Write new *files* below *folder* by their relative POSIX paths, and make empty *folders*.

    Raises `InputError` `path.unsafe` for a path that leads out of the folder.
    """
    for path, data in files.items():
        target = inside(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    for path in folders:
        inside(folder, path).mkdir(parents=True, exist_ok=True)


def holdable(name: str) -> bool:
    """Tell whether every system can hold a file called *name*: printable UTF-8, no way out of its folder."""
    shown = os.fsencode(name).decode("utf-8", "replace")
    return shown == name and name.isprintable() and "\\" not in name and name not in ("", ".", "..")


def copy_tree(source: Path, target: Path, depth: int = DEPTH) -> tuple[str, ...]:
    """Copy the plain files and folders below *source* into *target*.

    Returns the paths that were left behind, relative to *source*: symbolic links, pipes, sockets, devices, what we may
    not read, names that not every system can hold, folders nested more than *depth* deep.
    """
    target.mkdir(parents=True, exist_ok=True)
    left: list[str] = []
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        shown = os.fsencode(entry.name).decode("utf-8", "replace")
        try:
            if not holdable(entry.name):
                left.append(shown)
            elif entry.is_dir(follow_symlinks=False) and depth:
                left += [f"{shown}/{path}" for path in copy_tree(Path(entry.path), target / shown, depth - 1)]
            elif entry.is_file(follow_symlinks=False):
                copy_plain(Path(entry.path), target / shown)
            else:
                left.append(shown)
        except PermissionError:
            left.append(shown)
    return tuple(left)


def plain_files(folder: Path, below: str) -> tuple[str, ...]:
    """Name the plain files below `folder/below`, relative to *folder*, sorted; links are neither named nor followed."""
    found = []
    for place, _, names in os.walk(folder / below):
        paths = (Path(place) / name for name in names)
        found += [path.relative_to(folder).as_posix() for path in paths if stat.S_ISREG(path.lstat().st_mode)]
    return tuple(sorted(found))


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hex digits; raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
