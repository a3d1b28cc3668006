"""Signals in the child: the cell that runs gets KeyboardInterrupt, our own steps between cells do not."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOPS = (signal.SIGINT, signal.SIGTERM)
SOON = 0.05
"""Seconds after which an interruption that was lost is raised again."""


class Interrupts:
    """Turn SIGINT and SIGTERM into KeyboardInterrupt while a cell runs; remember them otherwise."""

    def __init__(self) -> None:
        self.stopped = False
        """Whether this process was asked to stop."""
        self._live = False
        self._pending = False
        self._forking = threading.local()

    def install(self) -> None:
        """Take the signals; processes forked by the notebook get Python's own handlers back."""
        for number in STOPS:
            signal.signal(number, self._arrived)
        sys.unraisablehook = self._lost
        # Held back since the process began, by supervisor.py.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        os.register_at_fork(before=self._hold, after_in_parent=self._resume, after_in_child=self._release)

    def _arrived(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        self.stopped = True
        if self._live:
            raise KeyboardInterrupt
        self._pending = True

    def _lost(self, lost: Any) -> None:
        """Raise again what Python loses: a KeyboardInterrupt in a callback of the garbage collector.

        Each import has one, so a cell that imports much would go on, and be killed in the end.
        """
        if lost.exc_type is not KeyboardInterrupt or not self.stopped:
            sys.__unraisablehook__(lost)
            return
        try:
            # Not from here, where it would be lost once more; nor by `threading`, which waits for its thread to begin.
            _thread.start_new_thread(interrupt_soon, (_thread.get_ident(),))
        except KeyboardInterrupt:
            _thread.start_new_thread(interrupt_soon, (_thread.get_ident(),))

    @contextmanager
    def cell(self) -> Iterator[None]:
        """Let signals interrupt what runs in this block."""
        self._live, self._pending = True, False
        try:
            yield
        finally:
            self._live = False

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Hold signals back for one step of ours inside a cell, such as a write that must not be cut in two."""
        live, self._live = self._live, False
        try:
            yield
        finally:
            self._live = live
        if live and self._pending:
            self._pending = False
            raise KeyboardInterrupt

    # A new process loses signals that reach it while our handlers still stand in it: `Process.terminate` right after
    # `start` would have no effect. So they wait in the kernel until Python's own handlers are back.
    def _hold(self) -> None:
        self._forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)

    def _resume(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._forking.mask)

    def _release(self) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._resume()


def interrupt_soon(main: int) -> None:
    """Send the thread *main* another signal to stop, once it is out of where the last one was lost."""
    time.sleep(SOON)
    signal.pthread_kill(main, signal.SIGTERM)
