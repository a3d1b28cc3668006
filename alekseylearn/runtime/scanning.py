"""Which files of a run's folders it wrote itself, found without looking at all that a folder may hold."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from fnmatch import translate
from pathlib import Path

from .sources.base import File

MOST_ENTRIES = 100_000
DEEPEST = 10
PASSED_OVER = frozenset({"__pycache__", "node_modules", "site-packages"})

Stamp = tuple[int, int]


class Scan:
    """The files below *folders* with one of *names* (with wildcards), and what they were when the run began."""

    def __init__(self, folders: Sequence[Path], names: Sequence[str]) -> None:
        self._folders = list(dict.fromkeys(folder.absolute() for folder in folders))
        self._wanted = re.compile("|".join(translate(name) for name in names))
        self.trouble = ""
        """In words that there was more than may be looked at, or nothing."""
        self._before = self._stamps()

    def changed(self) -> dict[File, Stamp]:
        """Return the files that are new or other than when the run began, the oldest first."""
        now = self._stamps()
        changed = [(file, stamp) for file, stamp in now.items() if self._before.get(file) != stamp]
        return dict(sorted(changed, key=lambda entry: (entry[1], entry[0])))

    def _stamps(self) -> dict[File, Stamp]:
        """Look at the folders nearest to the roots first."""
        found: dict[File, Stamp] = {}
        waiting = deque((root, root, 0) for root in self._folders)
        room = MOST_ENTRIES
        self.trouble = ""
        while waiting:
            root, folder, depth = waiting.popleft()
            for entry in _entries(folder):
                room -= 1
                if room < 0:
                    self.trouble = f"metrics were looked for in {MOST_ENTRIES:,} files, and there are more"
                    return found
                if entry.is_dir(follow_symlinks=False):
                    inner = Path(entry.path)
                    if depth < DEEPEST and inner not in self._folders and not _passed_over(entry):
                        waiting.append((root, inner, depth + 1))
                elif self._wanted.match(entry.name) and (stamp := _stamp(entry)) is not None:
                    found[File(root, Path(entry.path))] = stamp
        return found


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        # It is not there yet, is not ours to read, or has just gone.
        return


def _passed_over(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    return name.startswith(".") or name in PASSED_OVER or Path(entry.path, "pyvenv.cfg").exists()


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    try:
        status = entry.stat()
    except OSError:
        return None
    # To open a pipe is to wait for whoever writes into it.
    return (status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None
