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
from alekseylearn.errors import UsageError
from alekseylearn.files import write_atomic
from alekseylearn.live_commands import command, environ_for_people

_FOLDER, _LOCK, _LOG, _DONE, _ABOUT = "fits", "lock", "log.txt", "outcome.json", "fit.json"
_TAIL = 64 * 1024
"""Bytes of a log that are read."""
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
    with (fit.folder / _LOCK).open("ab") as lock:
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
                stdin=subprocess.DEVNULL,
                stdout=done,
                stderr=log,
                # Its own session: what ends the kernel does not end the training. The lock is its for life.
                start_new_session=True,
                pass_fds=(lock.fileno(),),
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
        runs = fit.outcome.get("runs", []) if fit.name == name else []
        if any(run["id"] == fit.run and run["state"] == "succeeded" for run in runs):
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
