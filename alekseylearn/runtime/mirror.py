"""Copies of the live files in another folder while the run goes on, such as one that SageMaker brings to S3."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

VARIABLE = "ALEKSEYLEARN_MIRROR"
LIVE = ("events.jsonl", "metrics.jsonl", "executed.ipynb")
LAST = ("log.txt", "result.json")
"""What is copied at the end only, the result when all else is there."""
EVERY = 3.0
"""Seconds between two copies of one file, at least."""
SHARE = 60
"""A file that takes long to copy waits this many times as long: all three together take less than 5 % of the time."""
LOOK = 0.2
"""Seconds between two looks at a file that has not changed."""
AGAIN = 30.0
"""Seconds until a file that could not be copied is tried again."""

Stamp = tuple[int, int, int]


def replace(source: Path, folder: Path) -> None:
    """Put a copy of the file *source* into *folder*, where others see the old one or the new one whole."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{source.name}.part"
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(folder / source.name)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


class Mirror:
    """Copies in *folder* of what the run leaves in *data*; what goes wrong is told to *warn* once, and is no failure.

    All times are seconds of *clock*.
    """

    def __init__(
        self,
        folder: Path | None,
        data: Path,
        warn: Callable[[str], None],
        copy: Callable[[Path, Path], None] = replace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._data = data
        self._warn = warn
        self._copy = copy
        self._clock = clock
        self._copied: dict[str, Stamp] = {}
        self._due: dict[str, float] = {}
        self._warned = False

    def begin(self) -> None:
        """Remove what an interrupted run of the same job left there, and make the first copies."""
        if self._folder is None:
            return
        for name in (*LIVE, *LAST):
            try:
                (self._folder / name).unlink(missing_ok=True)
            except OSError as error:
                self._failed(name, error)
        self.sync()

    def tick(self) -> float | None:
        """Copy what has changed and is due; return after how long there is more to do, None if nothing waits."""
        waits = [self._tend(name) for name in LIVE]
        return min((wait for wait in waits if wait is not None), default=None)

    def sync(self) -> None:
        """Copy what has changed, due or not."""
        self._due.clear()
        self.tick()

    def finish(self) -> None:
        """Make the last copies, when everything is written."""
        self.sync()
        for name in LAST:
            self._tend(name)

    def _tend(self, name: str) -> float | None:
        if self._folder is None:
            return None
        began = self._clock()
        due = self._due.get(name, began)
        if began < due:
            return due - began
        stamp = _stamp(self._data / name)
        if stamp is None or stamp == self._copied.get(name):
            self._due[name] = began + LOOK
            return None
        try:
            self._copy(self._data / name, self._folder)
        except OSError as error:
            self._failed(name, error)
            self._due[name] = self._clock() + AGAIN
            return AGAIN
        self._copied[name] = stamp
        ended = self._clock()
        self._due[name] = ended + max(EVERY, SHARE * (ended - began))
        return None

    def _failed(self, name: str, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            self._warn(f"{name} cannot be followed while the run goes on: {error.strerror or error}: {self._folder}")


def mirror_of(environ: Mapping[str, str], data: Path, warn: Callable[[str], None]) -> Mirror:
    """Make the mirror that the variable asks for; without it, one that does nothing."""
    folder = environ.get(VARIABLE)
    return Mirror(Path(folder) if folder else None, data, warn)


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns, status.st_size)
