"""The folder of a run on this machine: what lies where, whether it is alive, and how it is started."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alekseylearn.disk import is_locked
from alekseylearn.jobs import JobHandle, JobState, SubmittedJob

LEFT_BEHIND = "left-behind.json"
"""In a collected folder: the paths that were no plain files, as a JSON list."""
JOB_FILE = "job.json"
"""In a run's and a collected folder: the handle, the name, the sha256 of the bundle, when it was submitted."""
WORD_FILE = "backend.json"
"""In a collected folder: what the backend itself says of the job; see `results.read_result`."""
MACHINE_LOG = "machine.txt"
"""In a run's and a collected folder: what the supervisor itself had to say."""

_PATIENCE = 5.0
"""Seconds within which a process that was just started has written its number down."""
# The shell writes its number before it becomes the supervisor, so that the number is known even if we die right here.
# Whatever the caller's umask is, nobody else may write to what a run makes.
_START = 'umask go-w && cd "$1" && echo $$ > "$2" && shift 2 && exec "$@"'
_LOCK = 3
"""Number of the lock's descriptor in the supervisor: the last that it is given."""


@dataclass(frozen=True, slots=True)
class Run:
    """The folder of one run.

    A run is alive as long as somebody holds the lock on `alive`. Its supervisor inherits that lock when it is started
    and nobody after it: the kernel frees it however the supervisor ends, and no process that later gets the same
    number can be mistaken for it.
    """

    folder: Path

    @property
    def code(self) -> Path:
        """The unpacked bundle."""
        return self.folder / "code"

    @property
    def model(self) -> Path:
        """What becomes the model artifact."""
        return self.folder / "model"

    @property
    def output(self) -> Path:
        """What else the job leaves."""
        return self.folder / "output"

    @property
    def data(self) -> Path:
        """Metrics, events, log and result."""
        return self.output / "data"

    @property
    def previous(self) -> Path:
        """Where the run of the same identity before this one was moved to."""
        return self.folder.with_name(f"{self.folder.name}.previous")

    @property
    def cancelled(self) -> Path:
        """There when somebody asked the run to stop."""
        return self.folder / "cancelled"

    @property
    def alive(self) -> Path:
        """The lock that the supervisor holds."""
        return self.folder / "alive"

    @property
    def pid(self) -> int | None:
        """Number of the supervisor's process; None before it is written down."""
        try:
            text = (self.folder / "pid").read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        return int(text) if text.endswith("\n") else None

    @property
    def handle(self) -> JobHandle | None:
        """The handle in job.json; None where there is no run."""
        try:
            return JobHandle.from_json(json.loads((self.folder / JOB_FILE).read_bytes())["handle"])
        except (FileNotFoundError, NotADirectoryError):
            return None

    @property
    def job(self) -> SubmittedJob | None:
        """What job.json says; None where there is no run, or no whole one."""
        try:
            about = json.loads((self.folder / JOB_FILE).read_bytes())
            handle = JobHandle.from_json(about["handle"])
            return SubmittedJob(handle=handle, name=str(about["name"]), submitted=float(about["submitted"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def state(self) -> JobState:
        """Where the run stands. The result counts first: a process may still be busy ending after it."""
        told = self._told()
        if told is None and is_locked(self.alive):
            return JobState.RUNNING
        # The result may have been written between the two looks.
        told = told or self._told()
        if told is not None:
            return told
        return JobState.STOPPED if self.cancelled.exists() else JobState.LOST

    def _told(self) -> JobState | None:
        try:
            state = JobState(json.loads((self.data / "result.json").read_bytes())["state"])
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, OSError, RecursionError):
            # The notebook's code can write there too; what it leaves is read with care after collecting.
            return JobState.FAILED
        return state if state.ended else JobState.FAILED


def last_change(folder: Path) -> float:
    """Return when something came into the *folder* of a run last, or into that of its result, in Unix seconds."""
    places = (folder, Run(folder).data)
    return max((place.stat().st_mtime for place in places if place.is_dir()), default=0.0)


def spawn(run: Run, python: Path, environ: Mapping[str, str], alive: int) -> None:
    """Start the supervisor in a session of its own; it inherits the lock *alive* and no other file of ours.

    It is isolated (`-I`): neither the folder it runs in nor the user's own packages say what its code is.
    """
    supervisor = run.code / "_al" / "supervisor.py"
    arguments: list[Any] = ["/bin/sh", "-c", _START, "sh", run.code, run.folder / "pid", python, "-I", supervisor]
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    # Far from 3, which it becomes in the new process only: nothing that another thread starts can inherit it.
    lock = fcntl.fcntl(alive, fcntl.F_DUPFD_CLOEXEC, 10)
    try:
        os.posix_spawn(
            "/bin/sh",
            arguments,
            environ,
            file_actions=[
                *((os.POSIX_SPAWN_CLOSE, number) for number in _inherited()),
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                # What it prints it also writes to log.txt, which has a limit.
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, str(run.folder / MACHINE_LOG), append, 0o644),
                (os.POSIX_SPAWN_DUP2, lock, _LOCK),
            ],
            setsid=True,
        )
    finally:
        os.close(lock)


def _inherited() -> list[int]:
    """List the descriptors beyond the standard ones that whoever started us left open for what we start."""
    found = []
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - names, and no paths, are wanted
        # The one that lists them is gone by now.
        with suppress(OSError):
            if int(name) >= _LOCK and os.get_inheritable(int(name)):
                found.append(int(name))
    return found


def wait_for_pid(run: Run) -> int | None:
    """Return the number of the supervisor's process, waiting for it to be written down as long as *run* is alive."""
    deadline = time.monotonic() + _PATIENCE
    while (pid := run.pid) is None and is_locked(run.alive) and time.monotonic() < deadline:
        time.sleep(0.002)
    return pid
