"""Work that makes many objects and keeps them: meanwhile Python need not look for cycles among them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause Python's cyclic garbage collector, as "gc - Garbage Collector interface" allows; it goes on as it was.

    Usable as a decorator. What is made meanwhile lives until the end anyway, so looking through it again and again
    finds nothing and takes time that grows faster than a notebook. Afterwards it counts as old, unlooked at.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            _age()
            gc.enable()


def _age() -> None:
    """Put all objects into the oldest generation, which costs nothing; whoever has frozen objects keeps them frozen."""
    if not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()
