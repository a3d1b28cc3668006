"""Files: written whole or not at all, and what the package carries: the runtime of every bundle, the catalogue."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from contextlib import suppress
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from alekseylearn.catalogue import Catalogue

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")


def write_atomic(path: Path, data: bytes) -> None:
    """Put *data* into *path*, through a temporary file beside it and a rename; the folder is made if need be.

    What a process left that was killed while it did the same is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    temporary, handle = _open_temporary(path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            # Within the lock: to be swept away between the two steps would be an error of ours.
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _open_temporary(folder: Path) -> tuple[Path, int]:
    """Make a file in *folder* that is locked for as long as we live, and open it for writing."""
    while True:
        temporary = folder / f".{secrets.token_hex(8)}.tmp"
        # Not `tempfile`, whose files only we could read: a written file gets what the umask leaves.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        # Not every file system knows locks; nobody takes a file away there either. Who has the lock before us took it
        # for a dead process's, and is about to take it away: it is waited for, or it would go from under our hands.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return temporary, handle
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove the temporary files in *folder* whose writers are dead: nobody holds a lock on them any more."""
    with os.scandir(folder) as entries:
        left = [entry.path for entry in entries if _TEMPORARY.fullmatch(entry.name)]
    for path in left:
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)  # noqa: PTH108 - as it was listed
            finally:
                os.close(handle)


def runtime_files() -> dict[str, bytes]:
    """Read the runtime that every bundle carries."""
    return dict(_modules(files("alekseylearn") / "runtime", ""))


@cache
def read_catalogue() -> Catalogue:
    """Read the catalogue of prebuilt images."""
    return Catalogue.from_json((files("alekseylearn") / "containers.json").read_bytes())


def _modules(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir() and item.name != "__pycache__":
            found += _modules(item, f"{prefix}{item.name}/")
        elif item.name.endswith(".py"):
            found.append((prefix + item.name, item.read_bytes()))
    return found
