"""Keep what this process knows from other processes of its user: its environment, its memory."""

from __future__ import annotations

import ctypes

_SET_DUMPABLE = 4
"""`PR_SET_DUMPABLE` of prctl(2)."""


def conceal() -> bool:
    """Have the kernel refuse other processes of this user a look into this one; False where it cannot.

    A training on the same machine runs as the same user. Without this it may read /proc/PID/environ, where a step's
    token stands, or attach a debugger (proc(5), ptrace(2)). Root with all its capabilities may still; a program that
    this process becomes, or starts, is not concealed. Linux only: elsewhere nothing is done.
    """
    try:
        return int(ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return False
