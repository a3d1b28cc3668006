"""A step whose script is gone: it is told to stop, as the runner would have told it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

LOOK = 0.5
"""Seconds between two looks at who our parent is."""


def stop_when_orphaned(
    parent: Callable[[], int] = os.getppid, sleep: Callable[[float], None] = time.sleep
) -> threading.Thread:
    """Send ourselves SIGTERM, once, when the process that started us has ended; looks on in a thread of its own.

    A runner that cancels signals a step's entry process alone (actions/runner, ProcessInvoker.cs). Where that is a
    shell which did not become us by `exec`, it dies of SIGTERM while we go on, and so would the training. The kernel's
    own word for it (PR_SET_PDEATHSIG, prctl(2)) comes when a *thread* of the parent ends, which means nothing here.
    """
    born_to = parent()

    def look() -> None:
        while parent() == born_to:
            sleep(LOOK)
        # To the main thread, so that what it waits for is interrupted.
        main = threading.main_thread().ident
        if main is not None:
            signal.pthread_kill(main, signal.SIGTERM)

    thread = threading.Thread(target=look, name="parent", daemon=True)
    thread.start()
    return thread
