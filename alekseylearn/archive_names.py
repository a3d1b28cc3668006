"""The names in an archive of others: each once, below its folder, and such that every system can hold it."""

from __future__ import annotations

import re
import unicodedata

from alekseylearn.errors import InputError

MEMBERS = 10_000
"""Files and folders that an archive may hold, and folders that its names may imply besides."""
DEPTH = 40
"""Folders nested deeper than this are refused."""
LONGEST, LONGEST_PART = 1024, 255
"""Bytes that a name, and each part of it, may have (limits.h, NAME_MAX; PATH_MAX leaves room for the folder)."""
TOTAL = 1024**4
"""Bytes that all files of an archive may have together."""
_DRIVE = re.compile(r"[A-Za-z]:")
_HINTS = {
    "archive.corrupt": "fetch it again",
    "archive.limit": "unpack it by hand, if you know where it comes from",
    "archive.mismatch": "fetch it again, and look where the digest comes from",
    "archive.unsafe": "look who made it: no archive of alekseylearn has such a thing",
}


def refused(slug: str, what: str, where: str) -> InputError:
    """Make the error that refuses the archive *where*."""
    return InputError(slug, what, where=where, hint=_HINTS[slug])


class Names:
    """The names that one archive, called *where*, has had so far."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._files: set[str] = set()
        self._folders: dict[str, str] = {}
        self._members = 0

    def take(self, name: str, *, folder: bool) -> str:
        """Take the next member's name and return its path below the folder, '' for the folder itself.

        Names count as the same when they differ by case or by how Unicode writes them only, since they are on some
        disks (Unicode, default caseless matching of D145). Raises `InputError`: `archive.unsafe` (no plain path, taken
        already, a file that is a folder, too), `archive.limit` (too many, too long, too deep).
        """
        self._members += 1
        if self._members > MEMBERS:
            raise refused("archive.limit", f"the archive holds more than {MEMBERS} files and folders", self._where)
        if folder and name in (".", "./"):
            return ""
        plain = name.removeprefix("./").removesuffix("/") if folder else name.removeprefix("./")
        parts = plain.split("/")
        self._check(name, plain, parts)
        for depth in range(1, len(parts)):
            self._enter("/".join(parts[:depth]), name)
        if folder:
            self._enter(plain, name)
        else:
            key = _folded(plain)
            if key in self._files or key in self._folders:
                raise refused("archive.unsafe", f"{shown(name)} is in the archive twice", self._where)
            self._files.add(key)
        return plain

    def _check(self, name: str, plain: str, parts: list[str]) -> None:
        if not plain.isprintable() or "\\" in plain or _DRIVE.match(plain) or {"", ".", ".."} & set(parts):
            raise refused("archive.unsafe", f"{shown(name)} is no plain name below a folder", self._where)
        if len(plain.encode()) > LONGEST or any(len(part.encode()) > LONGEST_PART for part in parts):
            raise refused("archive.limit", f"{shown(name)} is longer than {LONGEST_PART} bytes", self._where)
        if len(parts) > DEPTH + 1:
            raise refused("archive.limit", f"{shown(name)} lies more than {DEPTH} folders deep", self._where)

    def _enter(self, folder: str, name: str) -> None:
        key = _folded(folder)
        if key in self._files:
            raise refused("archive.unsafe", f"{shown(folder)} is a file and a folder", self._where)
        if self._folders.setdefault(key, folder) != folder:
            raise refused("archive.unsafe", f"the folder of {shown(name)} is in the archive twice", self._where)
        if len(self._folders) > MEMBERS:
            raise refused("archive.limit", f"the archive holds more than {MEMBERS} folders", self._where)


def shown(name: str) -> str:
    """Write a name of an archive as it may stand in a sentence: on one line, whatever is in it."""
    return ascii(name[:80]) if not name.isprintable() else repr(name[:80])


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", name).casefold())
