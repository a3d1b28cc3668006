"""A child of the test itself that is killed at a landmark."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from alekseylearn import landmarks


def kill_at(landmark: str, *, time: int = 1) -> None:
    """Have this process killed when it passes *landmark* for the *time*-th time."""
    left = time

    def passed(name: str) -> None:
        nonlocal left
        left -= name == landmark
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    landmarks.passed = passed


def die_at(landmark: str, action: Callable[[], object]) -> None:
    """Do *action* in a child that is killed at *landmark*, and wait until it is dead."""
    child = os.fork()
    if not child:
        try:
            kill_at(landmark)
            action()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{landmark} was not passed"
