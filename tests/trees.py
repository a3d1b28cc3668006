"""A repository's files in memory, for tests of what only reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alekseylearn.errors import InputError


@dataclass(frozen=True)
class MemoryTree:
    """Files by their repository-relative paths; whatever is read is remembered in `seen`."""

    files: Mapping[str, bytes]
    seen: list[str] = field(default_factory=list)

    def exists(self, path: str) -> bool:
        return path in self.files

    def read(self, path: str) -> bytes:
        self.seen.append(path)
        if path not in self.files:
            raise InputError("path.missing", "there is no such file", where=path, hint="commit it")
        return self.files[path]

    def list(self, folder: str) -> tuple[str, ...]:
        prefix = f"{folder}/" if folder else ""
        return tuple(sorted(path for path in self.files if path.startswith(prefix)))


def tree(files: Mapping[str, str | bytes] | None = None, **more: str | bytes) -> MemoryTree:
    """Make a tree of *files*, texts or bytes; in the names of *more* a double underscore is a dot."""
    named = {name.replace("__", "."): content for name, content in more.items()}
    everything = {**(files or {}), **named}
    return MemoryTree({path: text.encode() if isinstance(text, str) else text for path, text in everything.items()})
