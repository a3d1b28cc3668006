"""SIGINT and SIGTERM as KeyboardInterrupt: heard where Python loses it, held back where it would leave a mess."""

from __future__ import annotations

import _thread
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SOON = 0.05
"""Seconds after which an interruption that was lost is raised again."""


class _Held:
    """What the handler of the signals has to know; there is one for the process, as there is of its handlers."""

    main = 0
    """The thread that hears signals; none before `hear_signals`."""
    depth = 0
    pending = False


def hear_signals(*, switched_off: bool = False) -> None:
    """Take SIGINT and SIGTERM for KeyboardInterrupt, also where Python loses that.

    The runner sends SIGINT, then SIGTERM: both mean to stop in good order. Raised in a callback of the garbage
    collector, of which each import has one, the exception goes no further (`sys.unraisablehook`): it is raised again.
    A SIGINT that whoever started us has switched off (`&` in a script) stays so, unless *switched_off*: a runner that
    was started that way hands it on to its steps, and means it all the same.
    """
    _Held.main = _thread.get_ident()
    signal.signal(signal.SIGTERM, _interrupt)
    if switched_off or signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _lost


@contextmanager
def shielded() -> Iterator[None]:
    """Hold an interruption back for a step that is short and must not be cut in two; it is raised at the step's end.

    Other threads than the main one are never interrupted: there this does nothing.
    """
    if _thread.get_ident() != _Held.main:
        yield
        return
    if not _Held.depth:
        _Held.pending = False
    _Held.depth += 1
    try:
        yield
    finally:
        _Held.depth -= 1
        if _Held.pending and not _Held.depth:
            _Held.pending = False
            raise KeyboardInterrupt


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    if not _Held.depth:
        raise KeyboardInterrupt
    _Held.pending = True


def _lost(lost: sys.UnraisableHookArgs) -> None:
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)
        return
    try:
        # Not from here, where it would be lost once more; nor by `threading`, which waits until its thread has begun.
        _thread.start_new_thread(_interrupt_soon, (_Held.main,))
    except KeyboardInterrupt:
        _thread.start_new_thread(_interrupt_soon, (_Held.main,))


def _interrupt_soon(main: int) -> None:
    time.sleep(_SOON)
    signal.pthread_kill(main, signal.SIGTERM)
