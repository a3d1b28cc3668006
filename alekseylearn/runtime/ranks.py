"""A run of several processes, one supervisor each, as torchrun starts them: who this one is, and what the others say.

Rank 0 writes where a run of one process writes. Every other rank has folders of its own, that nobody collects.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from .layout import layout_of
from .mirror import VARIABLE as MIRROR
from .verdict import failure_before_the_cells

VARIABLE = "ALEKSEYLEARN_RANKS"
"""The folder of this machine's ranks; launching.py makes it."""
GRACE = 20.0
"""Seconds to stop in: torchrun ends by force what goes on 30 s after it was asked to end."""
PATIENCE = 1.0
"""Seconds that a rank which failed gives others to say that they failed before: one that dies takes others with it."""
PAUSE = 0.05


class Rank(NamedTuple):
    """One process of a run of several."""

    folder: Path
    number: int
    """Among all processes of the run: torchrun's RANK."""
    local: int
    """Among those of this machine: torchrun's LOCAL_RANK."""
    neighbours: int
    """How many there are on this machine: torchrun's LOCAL_WORLD_SIZE."""

    @property
    def leads(self) -> bool:
        """Whether this one writes the run's results."""
        return self.number == 0

    @property
    def asked_to_stop(self) -> Path:
        """A file that is there if somebody asked the run to stop, and not torchrun for reasons of its own."""
        return asked_to_stop(self.folder)

    def place(self, local: int) -> Place:
        """Return the place of the process *local* of this machine."""
        return Place(self.folder / str(local), self.number - self.local + local)

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return *environ* with the folders of this rank."""
        if self.leads:
            return dict(environ)
        own = self.place(self.local).folder
        folders = {"SM_MODEL_DIR": "model", "SM_OUTPUT_DIR": "output", "SM_OUTPUT_DATA_DIR": "output/data"}
        kept = {name: value for name, value in environ.items() if name != MIRROR}
        return {**kept, **{name: str(own / folder) for name, folder in folders.items()}}

    def announce(self) -> None:
        """Say that signals may be sent to this process from now on."""
        place = self.place(self.local)
        place.folder.mkdir(parents=True, exist_ok=True)
        unfinished = place.folder / "pid.part"
        unfinished.write_text(f"{os.getpid()}\n", encoding="ascii")
        unfinished.replace(place.folder / "pid")


class Place(NamedTuple):
    """Where one process of this machine leaves its things, and its rank."""

    folder: Path
    number: int

    @property
    def pid(self) -> int | None:
        """The process, None before it has announced itself."""
        try:
            return int((self.folder / "pid").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    @property
    def alive(self) -> bool:
        """Whether the process has announced itself and goes on."""
        pid = self.pid
        if pid is None:
            return False
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True

    def result(self, environ: Mapping[str, str]) -> dict[str, Any] | None:
        """Read the result, None where there is none (yet); *environ* says where that of rank 0 is."""
        return _json(self._data(environ) / "result.json")

    def failure_file(self) -> Path:
        """Return the file that tells how it failed, if it did and is not rank 0."""
        return self.folder / "output" / "failure"

    def failed_at(self, environ: Mapping[str, str]) -> float:
        """Return when it failed, in Unix seconds; infinity if it never said so."""
        try:
            lines = (self._data(environ) / "events.jsonl").read_text(encoding="utf-8").splitlines()
            events = [json.loads(line) for line in lines]
        except (OSError, ValueError):
            return float("inf")
        return min((event["time"] for event in events if event.get("state") in FAILED), default=float("inf"))

    def _data(self, environ: Mapping[str, str]) -> Path:
        return layout_of(self.folder, environ).data if self.number == 0 else self.folder / "output" / "data"


FAILED = ("failed", "timed-out")


class Told(NamedTuple):
    """How another rank failed: the `failure` of its result, and when, in Unix seconds."""

    failure: dict[str, Any]
    time: float


def rank_of(environ: Mapping[str, str]) -> Rank | None:
    """Read from torchrun's variables which process this is; None where it is the only one.

    Raise KeyError or ValueError where they are missing or broken.
    """
    folder = environ.get(VARIABLE)
    if not folder:
        return None
    number, local, neighbours = (int(environ[name]) for name in ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE"))
    return Rank(Path(folder), number, local, neighbours)


def hear(rank: Rank, environ: Mapping[str, str], waits: Callable[[float], bool]) -> Told | None:
    """Return the first failure of another rank of this machine, once they have ended; *waits* says how long to wait.

    It is given the seconds since the call, and asked again and again while one of them goes on.
    """
    others = [rank.place(local) for local in range(rank.neighbours) if local != rank.local]
    began = time.monotonic()
    while any(_goes_on(place, environ) for place in others) and waits(time.monotonic() - began):
        time.sleep(PAUSE)
    told = [_told(place, environ) for place in others]
    return min((one for one in told if one is not None), key=lambda one: one.time, default=None)


def _goes_on(place: Place, environ: Mapping[str, str]) -> bool:
    return (place.pid is None or place.alive) and place.result(environ) is None


def _told(place: Place, environ: Mapping[str, str]) -> Told | None:
    # In this order: the result is there before the process is gone.
    gone, result = not _goes_on(place, environ), place.result(environ)
    if result is None:
        return Told(_lost(place.number), float("inf")) if gone else None
    if result["state"] not in FAILED or result["failure"] is None:
        return None
    message = f"{result['failure']['message']} (rank {place.number})"
    return Told({**result["failure"], "message": message}, place.failed_at(environ))


def asked_to_stop(folder: Path) -> Path:
    """Return the file in the ranks' *folder* that says that somebody asked the run to stop."""
    return folder / "asked-to-stop"


def lost_others() -> dict[str, Any]:
    """Describe what ends the processes of a machine where none of them failed and nobody asked, as a `failure`."""
    message = "torchrun ended the processes of this machine: those of another one failed, or it failed itself"
    return failure_before_the_cells("Lost", message, "look at the logs of the other machines")


def _lost(number: int) -> dict[str, Any]:
    message = f"the supervisor of rank {number} was ended from outside, most likely out of memory"
    hint = "use smaller batches or fewer processes, or a machine with more memory"
    return failure_before_the_cells("Killed", message, hint)


@contextmanager
def one_at_a_time(environ: Mapping[str, str]) -> Iterator[None]:
    """Let only one of this machine's ranks at a time do what is in this block."""
    folder = environ.get(VARIABLE)
    if not folder:
        yield
        return
    import fcntl

    with (Path(folder) / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _json(path: Path) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told
