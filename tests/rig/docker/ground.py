"""The piece of the machine that one test session has for its engines: a folder in memory, shared by all workers."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rig.docker import leftovers

PREFIX = "alekseylearn-rig-"
"""The owner's process id follows, so that anybody can see whether a ground is abandoned."""
ROOT = os.environ.get("ALEKSEYLEARN_ENGINE_ROOT", "")
"""A folder with another system, whose engine is started instead of this machine's."""
HERE = Path("/run")
"""Short on purpose: the path of a socket has at most 108 bytes."""


class RigError(RuntimeError):
    """The rig could not be set up."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A folder on a file system in memory; deleting images from a disk takes longer than the tests."""

    folder: Path

    @classmethod
    def of(cls, pid: int) -> Ground:
        """Return the ground of the session whose controller is *pid*."""
        return cls(HERE / f"{PREFIX}{pid}")

    def once(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return the folder *name*, which *make* has filled once for all workers.

        What failed is not tried again: the next worker hears the same `RigError`.
        """
        place = self.open() / name
        with locked(place.with_suffix(".lock")):
            failed, ready = place.with_suffix(".failed"), place.with_suffix(".ready")
            if failed.exists():
                raise RigError(failed.read_text(encoding="utf-8"))
            if not ready.exists():
                try:
                    place.mkdir()
                    make(place)
                except Exception as error:
                    failed.write_text(str(error), encoding="utf-8")
                    raise
                ready.touch()
        return place

    def open(self) -> Path:
        """Make the folder if it is not there yet, clear abandoned ones, and return it."""
        with locked(self._lock):
            if not self.folder.is_mount():
                clear_abandoned()
                self.folder.mkdir()
                mount("-t", "tmpfs", "-o", "mode=0700", "tmpfs", str(self.folder))
                if ROOT:
                    there = Path(f"{ROOT}{self.folder}")
                    there.mkdir(parents=True)
                    mount("--bind", str(self.folder), str(there))
        return self.folder

    def clear(self) -> None:
        """Give everything back."""
        leftovers.clear(self.folder)
        for place in (self.folder, Path(f"{ROOT}{self.folder}")):
            shutil.rmtree(place, ignore_errors=True)
        self._lock.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.lock")


def mount(*arguments: str) -> None:
    """Mount something; raise `RigError` where that is not allowed."""
    done = subprocess.run(["mount", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RigError(f"cannot mount: {done.stderr.strip()}")


def clear_abandoned() -> None:
    """Clear the grounds of sessions that were killed."""
    for folder in HERE.glob(f"{PREFIX}*[0-9]"):
        if not leftovers.alive(int(folder.name.removeprefix(PREFIX))):
            Ground(folder).clear()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes of this machine out; the lock of a process that dies is released."""
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove(folder: Path) -> None:
    """Clear what belongs to *folder* alone, and delete it."""
    leftovers.clear(folder)
    shutil.rmtree(folder, ignore_errors=True)


def own_name(prefix: str) -> str:
    """Return a name that no other process of the session has."""
    return f"{prefix}-{os.getpid()}-{os.urandom(3).hex()}"
