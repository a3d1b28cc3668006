"""A process that takes what another has just made for a dead one's, at the worst moment."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path

_MOMENT = 0.05
"""Seconds between the sweeper's lock and its removal."""


def sweeping(path: Path) -> threading.Thread:
    """Hold the lock of *path* already, and let a thread take it away in a moment; return that thread."""
    handle = os.open(path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def sweep() -> None:
        time.sleep(_MOMENT)
        path.rmdir() if path.is_dir() else path.unlink()
        os.close(handle)

    thread = threading.Thread(target=sweep)
    thread.start()
    return thread
