"""Programs in the background that outlive the worker that starts them."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from tests.rig.docker import leftovers
from tests.rig.docker.ground import RigError

PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""An engine's programs are for root: they are not on everybody's path."""
PATIENCE = 30.0
"""Seconds that a program has for coming up."""


def start(command: list[str], folder: Path, *, answers: Callable[[], bool], path: str = PATH) -> None:
    """Start *command* as a part of *folder*, and return when it *answers*.

    Raise `RigError`, with what it said last, when it ends before that or takes too long.
    """
    log = folder / f"{Path(command[0]).name}.log"
    # Not a Popen: any other process may end this one, and nobody here waits for it.
    pid = os.posix_spawn(
        shutil.which(command[0], path=path) or command[0],
        command,
        {"PATH": path, "HOME": str(folder), leftovers.MARK: str(folder)},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    wait(pid, log, answers=answers)


def wait(pid: int, log: Path, *, answers: Callable[[], bool]) -> None:
    """Wait until a program that was started as *pid* answers; raise `RigError` as `start` does."""
    until = time.monotonic() + PATIENCE
    while not answers():
        if not leftovers.alive(pid) or time.monotonic() > until:
            last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
            raise RigError(f"{log.stem} did not come up; it said last:\n{last}")
        time.sleep(0.05)


def answers(path: Path) -> bool:
    """Return whether an engine answers on the socket *path*; the SDK leaves its own open when nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(path))
            connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64)
        except OSError:
            return False
