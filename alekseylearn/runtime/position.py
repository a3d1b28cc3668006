"""Where a run is: in which of its cells, and what that one has told of its epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .cells import Cell

AGAIN = 100
"""Events after which the position is told again: whoever reads the end of a long file finds it there."""


class Position:
    """Where a run of *cells* is; what was injected is none of the notebook's cells, and is not counted."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = cells
        self.cells = sum(1 for cell in cells if cell.number is not None)
        self._at: int | None = None
        self._since = 0.0
        self._first: list[float] | None = None
        self._last: list[float] | None = None
        self._total: int | None = None
        self._rounds = 0
        self._step: int | None = None
        self._events = 0

    def place(self, index: int) -> dict[str, int]:
        """Say which of the notebook's cells the one at *index* is, and of how many."""
        place = sum(1 for cell in self._cells[: index + 1] if cell.number is not None)
        return {"place": place, "cells": self.cells}

    def enter(self, index: int, now: float) -> None:
        """Note that the cell at *index* began at *now* (Unix seconds)."""
        self._at, self._since = index, now
        self._first = self._last = self._total = self._step = None
        self._rounds = self._events = 0

    def leave(self) -> None:
        """Note that the cell has ended."""
        self._at = None

    def epoch(self, number: int, total: int | None, now: float) -> bool:
        """Note that an epoch was told of; tell whether it is another one than the last."""
        last = self._last
        if last is not None and number == last[0]:
            return False
        self._rounds += last is not None and number < last[0]
        self._last, self._total = [number, round(now, 3)], total
        if self._first is None or (last is not None and number < last[0]):
            self._first = self._last
        return True

    def metric(self, metric: Mapping[str, Any]) -> None:
        """Note the step of a metric."""
        self._step = self._step if metric["step"] is None else metric["step"]

    def again(self) -> dict[str, Any] | None:
        """Count an event; return the position when it is to be told again."""
        self._events += 1
        if self._at is None or self._events < AGAIN:
            return None
        self._events = 0
        return {
            "cell": self._cells[self._at].number,
            "index": self._at,
            **self.place(self._at),
            "since": round(self._since, 3),
            "first": self._first,
            "last": self._last,
            "of": self._total,
            "rounds": self._rounds,
            "step": self._step,
        }
