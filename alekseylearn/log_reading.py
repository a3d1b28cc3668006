"""From the entries of a container's log to whole lines, and a cursor from which the next reading goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from alekseylearn.errors import UsageError

_CURSOR = re.compile(r"([0-9]{1,20})\+([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of a container's log: when it came, in nanoseconds since 1970, and its bytes."""

    time: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a log was read: up to the *count*-th entry of the moment *time*; engines cut long lines in entries."""

    time: int = 0
    count: int = 0

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read a cursor, '' for the beginning; raises `UsageError` `log.cursor` for what was never one."""
        match = _CURSOR.fullmatch(text)
        if text and match is None:
            raise UsageError("log.cursor", f"{text[:80]!r} is no position in a log", hint="start with an empty cursor")
        return cls(int(match[1]), int(match[2])) if match else cls()

    def __str__(self) -> str:
        return f"{self.time}+{self.count}"


def whole_lines(entries: Iterable[LogEntry], cursor: Cursor, *, ended: bool) -> tuple[tuple[str, ...], Cursor]:
    """Return the whole lines after *cursor* and the cursor behind them; of a job that *ended* the last one, too.

    *entries* are in the engine's order, begin at or before the cursor, and are all that there is of its moment. Lines
    are told when an entry ends with one of them: a cursor cannot stand within an entry.
    """
    lines: list[str] = []
    pieces: list[bytes] = []
    here, reached = Cursor(), cursor
    for entry in entries:
        here = Cursor(entry.time, here.count + 1 if entry.time == here.time else 1)
        if (here.time, here.count) <= (cursor.time, cursor.count):
            continue
        pieces.append(entry.data)
        if entry.data.endswith(b"\n"):
            lines += _lines(pieces)
            pieces, reached = [], here
    if any(pieces) and ended:
        lines += _lines(pieces)
        reached = here
    return tuple(lines), reached


def _lines(pieces: Iterable[bytes]) -> list[str]:
    whole = b"".join(pieces).removesuffix(b"\n")
    return [line.decode("utf-8", "replace").rstrip("\r") for line in whole.split(b"\n")]
