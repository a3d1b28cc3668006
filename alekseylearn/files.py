"""Files: written whole or not at all, and what the package carries: the runtime of every bundle, the catalogue."""

from __future__ import annotations

import os
import secrets
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from alekseylearn.catalogue import Catalogue


def write_atomic(path: Path, data: bytes) -> None:
    """Put *data* into *path*, through a temporary file beside it and a rename; the folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    # Not `tempfile`, whose files only we could read: a written file gets what the umask leaves.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


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
