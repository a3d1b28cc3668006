"""Bytes that a process prints -> text as a person would have read it, progress bars folded."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import NamedTuple

LONGEST = 65_536
"""Characters of an unfinished line that are kept waiting for its end."""
EPOCH = re.compile(r"^\W*epoch[ :#=\[]*(\d+)(?:\s*(?:/|of)\s*(\d+))?(?![\d.])", re.IGNORECASE)


class Epoch(NamedTuple):
    """That an epoch was told of, in which cell and when (Unix seconds)."""

    cell: int | None
    number: int
    time: float


def fold(line: str) -> str:
    """Keep what a terminal shows last of a *line* that a progress bar rewrote with carriage returns."""
    for part in reversed(line.split("\r")):
        if part:
            return part
    return ""


class LineFolder:
    """Decode and fold one stream; text comes out a whole line at a time."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> str:
        """Take *data* and return the lines that it completes."""
        whole, newline, self._rest = (self._rest + self._decoder.decode(data)).rpartition("\n")
        lines = self._folded(whole) + "\n" if newline else ""
        if len(self._rest) > LONGEST:
            shown = fold(self._rest)
            self._rest = "" if len(shown) > LONGEST else shown
            lines += "" if self._rest else shown
        return lines

    def flush(self) -> str:
        """Return what is left of a line without an end."""
        rest, self._rest = self._rest, ""
        return fold(rest)

    @staticmethod
    def _folded(text: str) -> str:
        if "\r" not in text:
            return text
        return "\n".join(fold(line) for line in text.replace("\r\n", "\n").split("\n"))


def epochs(text: str) -> list[tuple[int, int | None]]:
    """Find `Epoch 7/20` and its kin at the beginning of lines: (epoch, how many or None)."""
    if "poch" not in text and "POCH" not in text:
        return []
    found = (EPOCH.match(line) for line in text.splitlines())
    return [(int(hit[1]), int(hit[2]) if hit[2] else None) for hit in found if hit]


def seconds_per_epoch(told: Sequence[Epoch]) -> float | None:
    """Return what an epoch takes, the one in the middle of all that lie between two that one cell told of.

    A loop that tells of every tenth epoch only takes ten times as long from one to the next.
    """
    pairs = zip(told, told[1:])  # noqa: B905, RUF007 - Python 3.9
    times = [
        (later.time - one.time) / (later.number - one.number)
        for one, later in pairs
        if one.cell == later.cell and one.number < later.number
    ]
    return round(sorted(times)[len(times) // 2], 4) if times else None
