"""The child's line to the supervisor: events as lines of JSON on a pipe of their own, apart from what is printed."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
import time
from typing import Any

from .interrupts import Interrupts

ORPHANED = 75
"""Exit status of a child whose supervisor has gone."""


class Wire:
    """Send events; *events*, *answers* and *lifeline* are the numbers of the pipes that the supervisor opened."""

    def __init__(self, events: int, answers: int, lifeline: int, interrupts: Interrupts) -> None:
        self._events = events
        self._answers = answers
        self._interrupts = interrupts
        self._lock = threading.RLock()
        self._owner = os.getpid()
        for pipe in (events, answers, lifeline):
            os.set_inheritable(pipe, False)  # noqa: FBT003 - the function takes it by position
        tie_to(lifeline)

    def send(self, event: str, *, sync: bool = False, **fields: Any) -> None:
        """Send one event.

        With *sync*, wait until the supervisor has read all that was printed before, so that both keep their order.
        """
        forked = os.getpid() != self._owner
        order = {"sync": sync, "answer": sync and not forked}
        line = json.dumps({"event": event, "time": round(time.time(), 3), **order, **fields}, default=str)
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        if forked:
            # It shares the pipe for events, but the answers are not for it, and a copied lock may never be free.
            self._write(data)
            return
        with self._lock, self._shielded():
            if sync:
                flush()
            self._write(data)
            if sync and not os.read(self._answers, 1):
                os._exit(ORPHANED)

    def _shielded(self) -> Any:
        # Signals arrive in the main thread only.
        return self._interrupts.shield() if threading.current_thread() is threading.main_thread() else self._lock

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._events, view) :]
        except BrokenPipeError:
            os._exit(ORPHANED)


def tie_to(lifeline: int) -> None:
    """End this process, and what it has started in its process group, when the supervisor dies.

    The supervisor never writes to *lifeline*; the kernel reports its closing with SIGIO, which ends a process that does
    not handle it. A thread that waits for it would make every fork of the notebook a fork of a multi-threaded process.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    # A number below zero names a process group (fcntl(2)); ours is our own, since the supervisor made it so.
    leads = os.getpgrp() == os.getpid()
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid() if leads else os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def flush() -> None:
    """Write out what Python still holds of stdout and stderr."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # The notebook closed or replaced it; there is nothing of ours in it.
            continue
