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

SMALL = 8_000_000
"""Notebooks of fewer bytes are parsed whole."""
MAX_REST = 32_000_000
"""As many bytes a notebook may have besides its outputs."""
MAX_BRACKETS = 1_000_000
"""As many lists and objects a notebook may hold."""
_SHORTEST = 1024
_LOOKED_AT = 1_000_000
"""As many bytes of what is cut out are looked at in all."""
_CHUNK = 1_000_000

# What stands between two brackets, with the short strings in it; and the rest of a string from inside it.
_RUN = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]{0,256}+")*+')
_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_KEY = re.compile(rb'(?<!\\)"(outputs|attachments|widgets)"[ \t\r\n]{0,20}:[ \t\r\n]{0,20}\Z')
_DEPTHS = {3: (b"outputs", b"attachments"), 2: (b"widgets",)}
_CUT = re.compile(r"cut:([0-9a-f]{64}):([0-9]{1,7})\Z")
_QUOTE, _BACKSLASH = b'"\\'
_OPENING = frozenset(b"[{")


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
    commas = rest.count(b",") if len(rest) >= SMALL else 0
    if len(rest) > MAX_REST or commas > MAX_BRACKETS:
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

    def go_through(self) -> None:
        """Go from bracket to bracket; what happens at each stands in one loop, for there may be a million."""
        data, size, depth, deepest, brackets = self.data, len(self.data), 0, self.max_depth, 0
        run, place = _RUN.match, 0
        start, ends = -1, -1
        while True:
            match = run(data, place)
            place = match.end() if match else place
            if place == size:
                break
            sign = data[place]
            if sign == _QUOTE:
                place = self._end_of_string(place)
                continue
            if sign in _OPENING:
                if start < 0 and self._is_cut(place, depth):
                    start, ends = place, depth
                depth += 1
                brackets += 1
                if depth > deepest or brackets > MAX_BRACKETS:
                    raise self._too_much(depth > deepest)
            else:
                depth -= 1
                if depth == ends:
                    if place + 1 - start > _SHORTEST:
                        self._cut(start, place + 1)
                    start = ends = -1
                if depth < 0:
                    raise self._unreadable("a bracket is closed that was never opened", place)
            place += 1
        if depth:
            raise self._unreadable("it ends before its last bracket", size)

    def _end_of_string(self, place: int) -> int:
        """Return what stands behind the string that begins at *place*."""
        data = self.data
        end = data.find(b'"', place + 1)
        if end >= 0 and data[end - 1] == _BACKSLASH:
            match = _STRING.match(data, place + 1)
            end = match.end() - 1 if match else -1
        if end < 0:
            raise self._unreadable("a string never ends", place)
        return end + 1

    def _is_cut(self, place: int, depth: int) -> bool:
        """Tell whether the value that begins at *place* trains nothing, by its key."""
        if depth not in _DEPTHS:
            return False
        key = _KEY.search(self.data, max(0, place - 80), place)
        return key is not None and key[1] in _DEPTHS[depth]

    def _too_much(self, deep: bool) -> InputError:  # noqa: FBT001
        what = f"holds more than {MAX_BRACKETS} lists and objects"
        what = f"nests values more than {self.max_depth} levels deep" if deep else what
        return InputError("nb.limit", f"the notebook {what}", where=self.where, hint="clear its large outputs")

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
                chunk = self.data[place : min(end, place + _CHUNK)]
                # The last byte of all is a bracket: nothing is left over.
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
        except UnicodeDecodeError:
            what = "the file is not UTF-8 text"
            raise InputError("nb.unreadable", what, where=self.where, hint="save it again as UTF-8") from None

    def _unreadable(self, what: str, place: int) -> InputError:
        line = self.data.count(b"\n", 0, place) + 1
        hint = "restore the file from git history, or repair it in a text editor"
        return InputError("nb.unreadable", f"not valid JSON: {what}", where=f"{self.where}, line {line}", hint=hint)
