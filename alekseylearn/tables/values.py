"""Values that several tables have: sizes, time spans, lists of words; each is checked and made one of Python's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Reader = Callable[[object], Any]
"""Reads the value of one key; raises `ValueError` with what is wrong as `not a size such as 8g`."""

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(?::[0-9]{1,5})?/)?"
_PART = r"[A-Za-z0-9]+(?:(?:[._]|__|-+)[A-Za-z0-9]+)*"
IMAGE = re.compile(
    rf"(?=.{{1,512}}\Z){_HOST}{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@[a-z0-9]+:[0-9a-f]{{32,128}})?\Z"
)
"""The name of an image, with its registry, tag and digest (distribution/reference, grammar of references)."""
LONGEST = 28 * 24 * 3600
"""Seconds that a training may take at most: SageMaker ends each job after 28 days."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt])?(?:i?b)?\Z", re.IGNORECASE)
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?\Z")
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_MOST_BYTES = 2**62


class TooMuchError(ValueError):
    """What is asked for would cost more than this file may ask for."""


class ForbiddenError(ValueError):
    """What is asked for is never read from this file."""


def parse_size(value: object) -> int:
    """Read `512m`, `8g`, `1.5 GiB` (powers of 1024, as Docker does) or whole bytes; raises `ValueError`."""
    size: float = value if type(value) is int else 0
    if isinstance(value, str) and (match := _SIZE.match(value)):
        size = float(match[1]) * _UNITS[(match[2] or "").lower()]
    if not 1 <= size <= _MOST_BYTES:
        raise ValueError("not a size such as 512m or 8g")
    return int(size)


def parse_duration(value: object) -> int | None:
    """Read `90s`, `30m`, `2h`, `1h30m` or whole seconds as seconds; None when it is no time span."""
    if type(value) is int and value > 0:
        return value
    match = _DURATION.match(value) if isinstance(value, str) and value else None
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds or None


def read_duration(value: object) -> int:
    """Read a time span as seconds; raises `ValueError`, `TooMuchError` beyond `LONGEST`."""
    seconds = parse_duration(value)
    if seconds is None:
        raise ValueError("not a time such as 90s, 30m or 2h")
    if seconds > LONGEST:
        raise TooMuchError("longer than 28 days")
    return seconds


def read_flag(value: object) -> bool:
    """Read true or false; raises `ValueError`."""
    if value is True or value is False:
        return value
    raise ValueError("not true or false")


def words(pattern: re.Pattern[str], wrong: str) -> Reader:
    """Make a reader of one word, or of a list of them, that match *pattern*; *wrong* says what one is not."""

    def read(value: object) -> tuple[str, ...]:
        found = value if isinstance(value, list) else [value]
        if not found or not all(isinstance(one, str) and pattern.match(one) for one in found):
            raise ValueError(wrong)
        return tuple(dict.fromkeys(found))

    return read


def word(pattern: re.Pattern[str], wrong: str) -> Reader:
    """Make a reader of one word that matches *pattern*."""

    def read(value: object) -> str:
        if not (isinstance(value, str) and pattern.match(value)):
            raise ValueError(wrong)
        return value

    return read


def whole(most: int, wrong: str, unit: str) -> Reader:
    """Make a reader of a whole number from 1 to *most*; more is too much of the *unit*."""

    def read(value: object) -> int:
        if type(value) is not int or value < 1:
            raise ValueError(wrong)
        if value > most:
            raise TooMuchError(f"more than {most} {unit}")
        return value

    return read
