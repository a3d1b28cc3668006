"""Large outputs taken out of a notebook's bytes before anything parses it: what they hold trains nothing.

A reader of JSON makes of 100 MB of outputs four times as much where they hold one emoji, and thirty times as much where
they are lists. Here brackets are counted and strings are passed over; each value that is cut is told by its digest.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass, field

from alekseylearn.errors import InputError
from alekseylearn.oddities import LOOKED_AT, Oddity, output_holds
from alekseylearn.text import plural

SMALL = 8_000_000
"""Notebooks of fewer bytes are parsed whole."""
MAX_REST = 32_000_000
"""As many bytes a notebook may have besides its outputs."""
MAX_BRACKETS = 2_000_000
"""As many lists and objects a notebook may hold."""
_SHORTEST = 1024
_LOOKED_AT = 5_000_000
"""As many bytes of what is cut out are looked at in all."""
_CHUNK = 1_000_000

# What stands between two brackets, with the short strings in it; and the rest of a string from inside it.
_RUN = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]{0,256}+")*+')
_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_KEY = re.compile(rb'(?<!\\)"(outputs|attachments|widgets)"[ \t\r\n]{0,20}:[ \t\r\n]{0,20}\Z')
_DEPTHS = {b"outputs": 3, b"attachments": 3, b"widgets": 2}
_CUT = re.compile(r"cut:([0-9a-f]{64}):([0-9]{1,7})\Z")
_QUOTE, _BACKSLASH = b'"\\'


@dataclass(frozen=True, slots=True, kw_only=True)
class Skimmed:
    """A notebook without its large outputs; `looks` tell by their numbers what those hold."""

    data: bytes
    looks: tuple[frozenset[Oddity], ...] = ()


def skim(data: bytes, where: str, max_depth: int) -> Skimmed:
    """Take values of more than 1 KB under `outputs`, `attachments` and `widgets` out of a large notebook.

    Raises `InputError`: `nb.unreadable` (no JSON, no UTF-8), `nb.limit` (too deep, too many values, too large).
    """
    if len(data) < SMALL:
        return Skimmed(data=data)
    found = _Skimming(data=data, where=where, max_depth=max_depth)
    found.go_through()
    rest = b"".join([*found.parts, data[found.kept :]])
    values = sum(rest.count(sign) for sign in (b",", b"[", b"{")) if len(rest) >= SMALL else 0
    if len(rest) > MAX_REST or values > MAX_BRACKETS:
        what = f"besides its outputs the notebook holds {len(rest) // 1_000_000} MB"
        raise InputError("nb.limit", what, where=where, hint="keep data in files of its own")
    return Skimmed(data=rest, looks=tuple(found.looks))


def read_cut(value: object) -> tuple[str, int] | None:
    """Return the digest that stands for a value that was cut out, and its number; None for any other value."""
    match = _CUT.match(value) if isinstance(value, str) else None
    return (match[1], int(match[2])) if match else None


@dataclass(slots=True, kw_only=True)
class _Skimming:
    data: bytes
    where: str
    max_depth: int
    parts: list[bytes] = field(default_factory=list)
    looks: list[frozenset[Oddity]] = field(default_factory=list)
    kept: int = 0
    """From here on nothing was copied yet."""
    to_look: int = _LOOKED_AT
    depth: int = 0
    brackets: int = 0
    open: tuple[int, int] | None = None
    """Where the value that is being cut begins, and how deep."""

    def go_through(self) -> None:
        """Go from bracket to bracket."""
        data, place = self.data, 0
        while (place := self._next(place)) < len(data):
            if data[place] in b"[{":
                self._enter(place)
            else:
                self._leave(place)
            place += 1
        if self.depth:
            raise self._unreadable("it ends before its last bracket", len(data))

    def _next(self, place: int) -> int:
        """Return where the next bracket stands, or the end of the data."""
        data = self.data
        while True:
            place = _passed(_RUN, data, place)
            if place == len(data) or data[place] != _QUOTE:
                return place
            end = data.find(b'"', place + 1)
            if end >= 0 and data[end - 1] == _BACKSLASH:
                match = _STRING.match(data, place + 1)
                end = match.end() - 1 if match else -1
            if end < 0:
                raise self._unreadable("a string never ends", place)
            place = end + 1

    def _enter(self, place: int) -> None:
        self.brackets += 1
        if self.brackets > MAX_BRACKETS:
            what = f"the notebook holds more than {plural(MAX_BRACKETS, 'list')} and objects"
            raise InputError("nb.limit", what, where=self.where, hint="clear large outputs")
        key = _KEY.search(self.data, max(0, place - 80), place) if self.open is None else None
        if key is not None and _DEPTHS[key[1]] == self.depth:
            self.open = place, self.depth
        self.depth += 1
        if self.depth > self.max_depth:
            what = f"values are nested more than {self.max_depth} levels deep"
            raise InputError("nb.limit", what, where=self.where, hint="clear the outputs of the notebook")

    def _leave(self, place: int) -> None:
        self.depth -= 1
        if self.depth < 0:
            raise self._unreadable("a bracket is closed that was never opened", place)
        if self.open is not None and self.open[1] == self.depth:
            start, end = self.open[0], place + 1
            self.open = None
            if end - start > _SHORTEST:
                self._cut(start, end)

    def _cut(self, start: int, end: int) -> None:
        digest = hashlib.sha256(memoryview(self.data)[start:end]).hexdigest()
        self._check_utf8(start, end)
        self.parts += [self.data[self.kept : start], f'"cut:{digest}:{len(self.looks)}"'.encode()]
        look = min(end, start + LOOKED_AT, start + self.to_look)
        self.looks.append(output_holds(self.data[start:look].decode("utf-8", "replace")))
        self.to_look -= look - start
        self.kept = end

    def _check_utf8(self, start: int, end: int) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for place in range(start, end, _CHUNK):
                decoder.decode(self.data[place : min(end, place + _CHUNK)], final=place + _CHUNK >= end)
        except UnicodeDecodeError:
            what = "the file is not UTF-8 text"
            raise InputError("nb.unreadable", what, where=self.where, hint="save it again as UTF-8") from None

    def _unreadable(self, what: str, place: int) -> InputError:
        line = self.data.count(b"\n", 0, place) + 1
        hint = "restore the file from git history, or repair it in a text editor"
        return InputError("nb.unreadable", f"not valid JSON: {what}", where=f"{self.where}, line {line}", hint=hint)


def _passed(pattern: re.Pattern[bytes], data: bytes, place: int) -> int:
    """Return where the longest match of *pattern*, which may be empty, ends."""
    match = pattern.match(data, place)
    return match.end() if match else place
