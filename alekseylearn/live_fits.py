"""Trainings that a notebook has started and that outlive it: each `fit` is a process with a folder of its own.

The folder `fits/RUN` holds its log, what it printed at the end, and a lock that lives exactly as long as the process.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alekseylearn.disk import is_locked, make_private
from alekseylearn.errors import AlekseylearnError, MachineError, UsageError
from alekseylearn.files import write_atomic
from alekseylearn.live_commands import command, environ_for_people

_FOLDER, _LOCK, _LOG, _DONE, _ABOUT = "fits", "lock", "log.txt", "outcome.json", "fit.json"
_TAIL = 64 * 1024
"""Bytes of a log that are read."""
_ERROR = 10
"""Lines at the end of a log among which an error stands."""
_RUN = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One `fit` that was started in the background; *run* is the id of what it trains for this side."""

    run: str
    folder: Path

    @property
    def alive(self) -> bool:
        """Whether it still trains, or compares."""
        return is_locked(self.folder / _LOCK)

    @property
    def name(self) -> str:
        """The model's name."""
        return str(_read(self.folder / _ABOUT).get("name", ""))

    @property
    def started(self) -> float:
        """When it was started, in Unix seconds."""
        found = _read(self.folder / _ABOUT).get("started")
        return float(found) if isinstance(found, int | float) else 0.0

    @property
    def outcome(self) -> dict[str, Any]:
        """What it printed at its end, as `fit --json` does; empty until then."""
        return _read(self.folder / _DONE)

    @property
    def result(self) -> dict[str, Any] | None:
        """What it printed of its own run; None where it has not come to that."""
        return next((run for run in self.outcome.get("runs", []) if run["id"] == self.run), None)

    def cut_off(self) -> AlekseylearnError:
        """Make the error of a fit that has ended without a word: the one that its log ends with, where there is one."""
        path = self.folder / _LOG
        said = [line.partition("error[")[2] for line in self.log(_ERROR) if line.startswith("error[")]
        if said:
            slug, _, what = said[-1].partition("]: ")
            return UsageError(slug, what, where=str(path), hint="%fit starts it again")
        what = f"run {self.run} was cut off: nobody knows how it ended"
        return MachineError("run.gone", what, where=str(path), hint="%fit starts it again")

    def log(self, lines: int) -> tuple[str, ...]:
        """Return the last *lines* of its log."""
        try:
            with (self.folder / _LOG).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ()
        return tuple(line for line in text.splitlines() if line.strip())[-lines:]

    def stop(self, patience: float) -> bool:
        """Ask it to stop, as Ctrl-C does, and wait *patience* seconds at most; return whether it has ended."""
        pid = _read(self.folder / _ABOUT).get("pid")
        if self.alive and isinstance(pid, int):
            # Who holds the lock is alive: the number is its own, and nobody else's.
            os.kill(pid, signal.SIGINT)
        until = time.monotonic() + patience
        while self.alive and time.monotonic() < until:
            time.sleep(0.1)
        return not self.alive


def start(home: Path, run: str, name: str, arguments: Sequence[str], folder: Path) -> Fit:
    """Start `fit ARGUMENTS` in *folder*, as a process that outlives this one; *run* is what it trains.

    Raises `UsageError` `run.running` when that is under way already.
    """
    fit = Fit(run=run, folder=make_private(home) / _FOLDER / run)
    fit.folder.mkdir(parents=True, exist_ok=True)
    with (fit.folder / _LOCK).open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = f"`%status {run}` tells how far it is, `%stop {run}` stops it"
            raise UsageError("run.running", f"run {run} is under way already", hint=hint) from None
        with (fit.folder / _LOG).open("wb") as log, (fit.folder / _DONE).open("wb") as done:
            child = subprocess.Popen(
                command(["fit", *arguments, "--json"]),
                cwd=folder,
                env=environ_for_people(os.environ),
                # The lock is its for life; as its stdin, which is empty, no job that it starts inherits it.
                stdin=lock,
                stdout=done,
                stderr=log,
                # What ends the kernel does not end the training.
                start_new_session=True,
            )
        about = {"pid": child.pid, "started": time.time(), "name": name}
        write_atomic(fit.folder / _ABOUT, json.dumps(about).encode())
    _CHILDREN.append(child)
    return fit


def find(home: Path, run: str) -> Fit | None:
    """Find the background `fit` whose run begins with *run*; the newest where there are several."""
    if not _RUN.fullmatch(run):
        return None
    return next((fit for fit in every(home) if fit.run.startswith(run)), None)


def trained(home: Path, name: str) -> str | None:
    """Return the run that a background fit has trained last for the model *name*; None where none has succeeded."""
    for fit in every(home):
        result = fit.result if fit.name == name else None
        if result is not None and result["state"] == "succeeded":
            return fit.run
    return None


def every(home: Path) -> tuple[Fit, ...]:
    """List the background fits of the repository that *home* is our folder of, the newest first."""
    found = [Fit(run=path.name, folder=path) for path in (home / _FOLDER).glob("*") if _RUN.fullmatch(path.name)]
    return tuple(sorted(found, key=lambda fit: fit.started, reverse=True))


def reap() -> None:
    """Let those children of this process that have ended go."""
    _CHILDREN[:] = [child for child in _CHILDREN if child.poll() is None]


_CHILDREN: list[subprocess.Popen[bytes]] = []
"""What this process has started; somebody has to ask for them when they end."""


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
