"""The files of a repository, at a commit or as they lie in a person's work tree, behind one protocol."""

from __future__ import annotations

import os
import re
import stat
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from alekseylearn.errors import InputError
from alekseylearn.file_names import shown_name
from alekseylearn.plumbing import MAX_BLOB, Objects
from alekseylearn.text import size

_NEVER = re.compile(r"(?i)(?:\A|/)(?:\.{0,2}|\.git)(?:/|\Z)")
"""What no part of a path in a repository is (git-fsck(1): hasDot, hasDotdot, hasDotgit, emptyName)."""
_SPECIAL = {"120000": "a symbolic link", "160000": "a submodule"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a commit: its mode as git writes it, and the id of its blob."""

    mode: str
    object_id: str

    @property
    def is_file(self) -> bool:
        """Tell a plain file from a symbolic link or submodule."""
        return self.mode not in _SPECIAL

    @property
    def is_submodule(self) -> bool:
        """Tell a submodule from everything that is a file."""
        return self.mode == "160000"


@dataclass(frozen=True, kw_only=True)
class CommitTree:
    """The files of one commit; nothing is read from disk but git's objects."""

    commit: str
    objects: Objects
    listing: Callable[[], bytes]

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Every file by its repository-relative path."""
        found = {}
        for line in self.listing().split(b"\0"):
            if line:
                about, _, path = line.partition(b"\t")
                mode, _, object_id = about.decode("ascii").split()[:3]
                found[inner_path(os.fsdecode(path))] = Entry(mode, object_id)
        return found

    def exists(self, path: str) -> bool:
        """Tell whether *path* is a file here."""
        return path in self.entries

    @cached_property
    def _sorted(self) -> tuple[str, ...]:
        return tuple(sorted(self.entries))

    def list(self, folder: str) -> tuple[str, ...]:
        """Name all files below *folder* ('' for the root), sorted."""
        return _below(self._sorted, folder)

    def read(self, path: str) -> bytes:
        """Read a file.

        Raises `InputError`: `path.unsafe` (a symbolic link or submodule), `path.missing`, and as `Objects.read` does.
        """
        entry = self.entries.get(path)
        where = f"{path} at {self.commit[:7]}"
        if entry is None:
            raise _missing(where)
        if not entry.is_file:
            raise unsafe(where, _SPECIAL[entry.mode])
        return self.objects.read(entry.object_id, where)


@dataclass(frozen=True, kw_only=True)
class WorkTree:
    """A person's work tree below *root*: files that are tracked, or untracked and not ignored, as they are now."""

    root: Path
    listing: Callable[[], bytes]

    @cached_property
    def names(self) -> frozenset[str]:
        """The repository-relative paths that git lists; one may have been deleted meanwhile."""
        paths = (os.fsdecode(path) for path in self.listing().split(b"\0") if path)
        return frozenset(path for path in paths if not path.endswith("/"))

    def exists(self, path: str) -> bool:
        """Tell whether *path* is one of the files and still there."""
        return path in self.names and self._is_there(path)

    @cached_property
    def _sorted(self) -> tuple[str, ...]:
        return tuple(sorted(filter(self._is_there, self.names)))

    def list(self, folder: str) -> tuple[str, ...]:
        """Name all files below *folder* ('' for the root), sorted; as they were when this was first asked for."""
        return _below(self._sorted, folder)

    def _is_there(self, path: str) -> bool:
        full = f"{self.root}/{path}"  # pathlib takes ten times as long, and thousands are asked for
        try:
            mode = os.lstat(full).st_mode
        except OSError:
            return False
        return not stat.S_ISDIR(mode) and not (stat.S_ISLNK(mode) and os.path.isdir(full))  # noqa: PTH112 - as above

    def read(self, path: str) -> bytes:
        """Read a file, never through a symbolic link.

        Raises `InputError`: `path.unsafe` (a link, a pipe, a device), `path.missing`, `git.limit`.
        """
        if path not in self.names:
            raise _missing(path)
        return read_beneath(self.root, path)


def read_beneath(root: Path, path: str) -> bytes:
    """Read the plain file *path* below *root*; no link below *root* is followed, and no pipe is waited for.

    Raises `InputError`: `path.unsafe`, `path.missing`, `git.limit`.
    """
    try:
        descriptor = _open_beneath(root, path)
    except FileNotFoundError:
        raise _missing(path) from None
    except PermissionError:
        raise unsafe(path, "a file that may not be read") from None
    except OSError:
        raise unsafe(path, "a symbolic link, or below one, or cannot be opened") from None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise unsafe(path, "not a plain file")
        if about.st_size > MAX_BLOB:
            what = f"the file is {size(about.st_size)} large; at most {size(MAX_BLOB)} are read"
            raise InputError("git.limit", what, where=path, hint="keep large data outside git")
        return file.read(MAX_BLOB)


def _open_beneath(root: Path, path: str) -> int:
    """Open *path* below *root* for reading, component by component, so that no link is followed on the way."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    *folders, name = path.split("/")
    try:
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)


def inner_path(path: str) -> str:
    """Return *path* as it is; git's own check of objects (fsck) is what keeps such paths out, and it may be off.

    Raises `InputError`: `path.unsafe` for one that leads out of the repository, or into git's own folder.
    """
    if _NEVER.search(path):
        raise InputError(
            "path.unsafe",
            "a commit holds a path that leads out of its folder, or into git's own",
            where=shown_name(path),
            hint="`git fsck` names the commit; such a path is made on purpose",
        )
    return path


def _below(paths: tuple[str, ...], folder: str) -> tuple[str, ...]:
    """Choose those of *paths*, which are sorted, that lie below *folder*: they stand side by side."""
    inside = folder.rstrip("/")
    if not inside:
        return paths
    # What sorts before the sign that follows the slash begins with the folder's name and a slash.
    return paths[bisect_left(paths, f"{inside}/") : bisect_left(paths, f"{inside}0")]


def _missing(where: str) -> InputError:
    return InputError("path.missing", "there is no such file", where=where, hint="commit it, or mend its name")


def unsafe(where: str, what: str) -> InputError:
    """Say that what lies at *where* is *what*, and no plain file."""
    return InputError(
        "path.unsafe", f"it is {what}; only plain files are read", where=where, hint="commit the file itself"
    )
