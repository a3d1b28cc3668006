"""What libraries write to files while a cell still runs: looked at by the supervisor, as a preview of what counts.

In the end the child looks at all of them; then what it says counts, and no preview (see settling.py).
"""

from __future__ import annotations

import queue
import sys
import threading
import time
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

from .harvesting import Growth, Harvest
from .settling import PREVIEW
from .sources.base import Found, number

EVERY = 3.0
"""Seconds between two looks, at least."""
SHARE = 60
"""A look that takes long is followed by this many times as long without one."""
PATIENCE = 1.0
"""Seconds that the end waits for a look that goes on."""


Tell = Callable[[dict[str, Any]], None]


class Previews:
    """Looks at the files in *folders*, in a thread, so that neither pipes nor signals wait for it."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._harvest: Harvest | None = None
        self._growth = Growth()
        self._found: queue.SimpleQueue[tuple[str, Found]] = queue.SimpleQueue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def begin(self) -> None:
        """Note what is there before the notebook writes anything."""
        # The reader of TensorBoard's files would bring all of TensorFlow into a process that has to stay small.
        sys.modules.setdefault("tensorboard.compat.notf", types.ModuleType("tensorboard.compat.notf"))
        self._harvest = Harvest(self._folders)

    def tell(self, tell: Tell, cell: int | None) -> float | None:
        """Tell of what was found, as metrics of *cell*; return after how many seconds there may be more.

        Nothing is told when no cell runs: what the child says in the end is not to be followed by anything older.
        """
        if self._harvest is None:
            return None
        if self._thread.ident is None:
            self._thread.start()
        while cell is not None and not self._found.empty():
            source, (name, value, step) = self._found.get()
            event = {"name": name, "value": number(value), "step": step, "cell": cell, "source": source, PREVIEW: True}
            tell({"event": "metric", "time": round(time.time(), 3), **event})
        return EVERY

    def end(self, tell: Tell, cell: int | None) -> None:
        """Look no more, but once where the child died in *cell* and could not do it."""
        self._over.set()
        if self._harvest is None or self._thread.ident is None:
            return
        self._thread.join(PATIENCE)
        if cell is not None and not self._thread.is_alive():
            self._look(self._harvest)
        self.tell(tell, cell)

    def _look_on(self) -> None:
        wait = EVERY
        while self._harvest is not None and not self._over.wait(wait):
            began = time.monotonic()
            self._look(self._harvest)
            wait = max(EVERY, SHARE * (time.monotonic() - began))

    def _look(self, harvest: Harvest) -> None:
        for source, found, _ in harvest.again():
            for metric in self._growth.new(source, found):
                self._found.put((source, metric))
