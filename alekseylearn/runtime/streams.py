"""Bytes that a process prints -> text as a person would have read it, progress bars folded."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import NamedTuple

LONGEST = 65_536
"""Characters of an unfinished line that are kept waiting for its end."""
EPOCH = re.compile(r"^\W*epoch[ :#=\[]*(\d+)(?:\s*(?:/|of)\s*(\d+))?(?![\d.%])", re.IGNORECASE)
BAR = re.compile(r"^\W*epochs?[:\s]*\d+%\|[^|]*\|\s*(\d+)/(\d+) \[", re.IGNORECASE)
"""What tqdm shows of a loop that is called so: `Epoch:  35%|███▌      | 7/20 [00:10<00:20,  1.5s/it]`."""
LOGGED = re.compile(r"^\{.*'epoch': '?(\d+)(?:\.(\d+))?'?\}$")
"""What the trainer of transformers prints: `{'loss': 0.69, 'epoch': 0.5}` is told in the first epoch."""


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
    return [told for line in text.splitlines() if (told := _epoch(line)) is not None]


def _epoch(line: str) -> tuple[int, int | None] | None:
    hit = BAR.match(line) or EPOCH.match(line)
    if hit is not None:
        return int(hit[1]), int(hit[2]) if hit[2] else None
    hit = LOGGED.match(line)
    return None if hit is None else (int(hit[1]) + (int(hit[2] or 0) > 0), None)


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
