"""One redactor for everything that is shown: secrets by their value, in the ways it may be written, and by their looks.

Both work on the lines of a text, and a line that is very long is read in windows: so it makes no difference in which
pieces a text arrives, and the memory that is needed is bounded.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, quote_plus, unquote

from alekseylearn.secret_shapes import BEGIN, END, Span, is_secret_name, spans, wrapped_spans

MARKER = "***"
"""Stands where a secret stood."""
SHORTEST = 6
"""Shorter values are no secrets that could be found without finding ordinary words."""
ADDRESSES = "ALEKSEYLEARN_NOTIFY"
"""The variable that holds addresses to be notified, apart by blanks; they hold tokens."""
WINDOW = 65_536
"""Characters of one line that are read at once, twice: a known shape that is longer is hidden as far as it goes on."""
_LONGEST_PIECE = 4096
"""A value is looked for in pieces that are no longer, so that each fits into the window however it is written."""
_KEY_LINES = 400
"""A private key whose end never comes is at most so long."""
_KEY_WORD = re.compile(r"(?<!\\)[A-Za-z0-9+/_\-]{16,}={0,2}")
_KEY_LINE = re.compile(r"[\s\"',>|]*([A-Za-z0-9+/]{1,80}={0,2})(?:\\[nr])*[\s\"',]*\Z")
_BEHIND = 256
_LONGEST_PUBLIC = 15
_CUT, _BEFORE_CUT = "…", 512
_URL_BASE64 = str.maketrans("+/", "-_")
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.~%\-]*")
_NO_VALUE = re.compile(r"(?i)(?:true|false|none|null|enabled|disabled|default|[a-z]{2,4}-[a-z]+-\d)\Z")
_PATH = re.compile(r"(?:\.{0,2}/|~/|[A-Za-z]:\\)[^\n]*\Z")
_NO_NAME = re.compile(r"(?i).*_(?:file|path|dir|home|url|uri|sock|endpoint|region|name|mode|type|expir\w*|id)\Z")
_NAME = re.compile(
    r"(?i)token|secret|passw|passphrase|credential|api_?key|access_?key|private_?key|(?:\A|_)(?:key|auth|pat)\Z"
)
_ALWAYS = re.compile(r"(?i)token|secret|passw|access_?key")
_MEANT = ("AWS_ACCESS_KEY_ID",)


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of *environ* whose names say that they are secrets, and what is secret of `ADDRESSES`."""
    named = [value for name, value in environ.items() if _is_named(name, value)]
    told = [part for address in environ.get(ADDRESSES, "").split() for part in secrets_in_address(address)]
    found = dict.fromkeys([*named, *told])
    return tuple(value for value in found if len(value) >= SHORTEST and not _NO_VALUE.match(value))


def secrets_in_address(address: str) -> tuple[str, ...]:
    """Return *address*, a URL, and those parts of it that are too long to be ordinary words: they are tokens."""
    return (address, *(part for part in parts_of(address) if len(part) > _LONGEST_PUBLIC))


def parts_of(address: str) -> tuple[str, ...]:
    """Take *address* apart at whatever sets parts of it apart; its scheme is none."""
    rest = address.partition("://")[2] or address
    raw = [part for part in re.split(r"[/:@?&=,;#]", rest) if part]
    return tuple(dict.fromkeys([*raw, *map(unquote, raw)]))


def _is_named(name: str, value: str) -> bool:
    """Tell whether *name* says that *value* is a secret, and not where one lies."""
    if not _NAME.search(name) or (_NO_NAME.match(name) and name not in _MEANT):
        return False
    return _ALWAYS.search(name) is not None or not _PATH.match(value)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes secrets out of text; *literals* are the values in all their spellings, the longest first."""

    literals: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Iterable[str]) -> Redactor:
        """Know *values*; lines shorter than `SHORTEST` characters are passed over."""
        lines = (line.strip() for value in values for line in re.split(r"[\r\n]|\\n", value))
        pieces = {piece for line in lines if len(line) >= SHORTEST for piece in _pieces(line)}
        spelled = {form for piece in pieces for form in _spellings(piece) if len(form) >= SHORTEST and form != MARKER}
        return cls(tuple(sorted(spelled, key=lambda form: (-len(form), form))))

    def redact(self, text: str) -> str:
        """Return *text* with `MARKER` for each secret."""
        stream = self.stream()
        return stream.feed(text) + stream.end()

    def finds(self, text: str) -> bool:
        """Tell whether there is a secret in *text*."""
        return self.redact(text) != text

    def tree(self, value: Any, name: str = "") -> Any:
        """Return a JSON *value* without secrets: in strings, in keys, and under keys that speak of one.

        A list of strings that stands for lines is read as one text.
        """
        match value:
            case str():
                hidden = len(value) >= SHORTEST and is_secret_name(name) and not _NO_VALUE.match(value)
                return MARKER if hidden and " " not in value.strip() else self.redact(value)
            case list() if len(value) > 1 and all(isinstance(one, str) for one in value):
                return self._lines(value)
            case list() | tuple():
                return [self.tree(one, name) for one in value]
            case dict():
                return {self.redact(str(key)): self.tree(one, str(key)) for key, one in value.items()}
            case _:
                return value

    def _lines(self, lines: list[str]) -> list[str]:
        if not any(line.endswith("\n") for line in lines):
            return [self.redact(line) for line in lines]
        return self.redact("".join(lines)).splitlines(keepends=True)

    def stream(self) -> Stream:
        """Begin to read a text that arrives in pieces."""
        return Stream(self)

    def spans(self, text: str) -> list[Span]:
        """Return where secrets stand in *text*, in order, none touching another."""
        found = [*self._literal_spans(text), *spans(text), *wrapped_spans(text)]
        return _merged(found)

    def _literal_spans(self, text: str) -> Iterator[Span]:
        for literal in self.literals:
            place = text.find(literal)
            while place >= 0:
                yield place, place + len(literal)
                place = text.find(literal, place + 1)
        # What was cut short may have been cut in the middle of one.
        place = text.find(_CUT) if self.literals else -1
        while place >= 0:
            yield from self._begun(text, max(0, place - _BEFORE_CUT), place)
            place = text.find(_CUT, place + 1)

    def _begun(self, text: str, start: int, end: int) -> Iterator[Span]:
        """Find a literal that begins behind *start* and is cut off at *end*."""
        for literal in self.literals:
            place = text.rfind(literal[:SHORTEST], start, end)
            if place >= 0 and literal.startswith(text[place:end]):
                yield place, end


@dataclass(slots=True)
class Stream:
    """A text that arrives in pieces; what comes out is the same wherever these are cut.

    *count* says how many secrets were taken out by now.
    """

    redactor: Redactor
    count: int = 0
    _rest: str = ""
    _behind: str = ""
    """What stands before the rest on its line, as far as a shape may need to see it."""
    _key: int = 0
    """As many lines more may belong to a private key that has begun."""
    _token: bool = False
    """The rest goes on with a secret that is longer than the window."""
    _parts: list[str] = field(default_factory=list)

    def feed(self, chunk: str) -> str:
        """Take the next piece; return what is settled of the text: all whole lines at least."""
        text = self._rest + chunk
        start = 0
        while start < len(text):
            end = text.find("\n", start)
            stop = len(text) if end < 0 else end + 1
            if stop - start >= 2 * WINDOW:
                start += self._window(text[start : start + 2 * WINDOW])
            elif end < 0:
                break
            elif self._behind or self._key or self._token:
                self._line(text[start:stop])
                start = stop
            else:
                start = self._lines(text, start, stop)
        self._rest = text[start:]
        return self._given()

    def end(self) -> str:
        """Return the rest of the text."""
        rest, self._rest = self._rest, ""
        self._line(rest)
        return self._given()

    def _given(self) -> str:
        given = "".join(self._parts)
        self._parts.clear()
        return given

    def _lines(self, text: str, start: int, stop: int) -> int:
        """Read the line that ends at *stop*, and short ones after it at once; return where they end."""
        # Nothing but a private key goes over the end of a line.
        stop = max(stop, text.rfind("\n", start, start + WINDOW) + 1)
        begin = BEGIN.search(text, start, stop)
        if begin is None:
            self._put(text[start:stop], self.redactor.spans(text[start:stop]))
            return stop
        line = max(start, text.rfind("\n", start, begin.start()) + 1)
        if line > start:
            self._put(text[start:line], self.redactor.spans(text[start:line]))
        stop = text.index("\n", begin.start()) + 1
        self._line(text[line:stop])
        return stop

    def _line(self, text: str) -> None:
        """Read a line to its end."""
        rest = self._after_token(text)
        found, on = _key_spans(rest, on=self._key > 0)
        if on:
            started = BEGIN.search(rest) is not None
            self._key = _KEY_LINES if started else max(0, self._key - (1 if found else _KEY_LINES // 8))
        else:
            self._key = 0
        self._put(rest, [*found, *self._seen(rest)])
        self._behind, self._token = "", False

    def _window(self, text: str) -> int:
        """Read the beginning of a line that is longer than the window; return how much of *text* that was."""
        rest = self._after_token(text)
        if len(rest) < len(text):
            return len(text) - len(rest)
        found, _ = _key_spans(text, on=self._key > 0)
        merged = _merged([*found, *self._seen(text)])
        cut = next((end for start, end in merged if start < WINDOW < end), WINDOW)
        _, on = _key_spans(text[:cut], on=self._key > 0)
        self._key = (self._key or _KEY_LINES) if on else 0
        self._put(text[:cut], [span for span in merged if span[1] <= cut])
        # What touches the end of the window may go on behind it.
        self._token = cut == len(text)
        self._behind = "" if self._token else (self._behind + text[:cut])[-_BEHIND:]
        return cut

    def _after_token(self, text: str) -> str:
        """Drop what a secret that has been hidden goes on with."""
        if not self._token:
            return text
        rest = text[cast("re.Match[str]", _TOKEN.match(text)).end() :]
        self._token = not rest
        return rest

    def _seen(self, text: str) -> list[Span]:
        """Return the spans of *text* as they are seen from what stands before it."""
        before = len(self._behind)
        found = self.redactor.spans(self._behind + text)
        return [(max(0, start - before), end - before) for start, end in found if end > before]

    def _put(self, text: str, found: Iterable[Span]) -> None:
        place = 0
        for start, end in _merged(found):
            self._parts += [text[place:start], MARKER]
            self.count += 1
            place = end
        self._parts.append(text[place:])


def _key_spans(text: str, *, on: bool) -> tuple[list[Span], bool]:
    """Find what belongs to private keys in a line, and tell whether one is still *on* at its end."""
    found: list[Span] = []
    place = 0
    while True:
        if on:
            end = END.search(text, place)
            if end is None:
                return found + _key_words(text, place), True
            found += [*_key_words(text[: end.start()], place), end.span()]
            place, on = end.end(), False
        begin = BEGIN.search(text, place)
        if begin is None:
            return found, False
        found.append(begin.span())
        place, on = begin.end(), True


def _key_words(text: str, place: int) -> list[Span]:
    whole = _KEY_LINE.match(text, place)
    return [whole.span(1)] if whole else [match.span() for match in _KEY_WORD.finditer(text, place)]


def _merged(found: Iterable[Span]) -> list[Span]:
    """Put spans that touch each other together, in order."""
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _pieces(line: str) -> Iterator[str]:
    """Cut a very long value; a rest that is too short to be looked for stays with the piece before it."""
    places = range(0, max(1, len(line) - SHORTEST), _LONGEST_PIECE)
    yield from (line[place : None if place == places[-1] else place + _LONGEST_PIECE] for place in places)


def _spellings(value: str) -> Iterator[str]:
    """Write *value* as programs do: plain, backwards, escaped for JSON, Python, HTML, a shell and URLs, encoded."""
    raw = value.encode("utf-8", "surrogatepass")
    quoted = (quote(raw, safe=""), quote(raw), quote_plus(raw), "".join(f"%{byte:02X}" for byte in raw))
    escaped = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from (value, value[::-1], *escaped, *quoted, *(_small_escapes(one) for one in quoted))
    yield from (json.dumps(one)[1:-1] for one in escaped)
    # JSON may escape a slash, and PHP does.
    yield from (one.replace("/", "\\/") for one in escaped[:2])
    yield from (html.escape(value), html.escape(value, quote=False), html.escape(html.escape(value)))
    yield from (shlex.quote(value).strip("'"), value.replace("'", "'\\''"), re.sub(r"([^\w@%+=:,./-])", r"\\\1", value))
    yield from (raw.hex(), raw.hex().upper())
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).decode()
        # At both ends stand letters that depend on what else was encoded.
        inner = text[(0, 2, 3)[shift] : len(raw + b"\0" * shift) * 8 // 6]
        yield from (inner, inner.translate(_URL_BASE64))
        if shift == 0:
            yield from (text, text.translate(_URL_BASE64), text.rstrip("="), quote(text, safe=""))


def _small_escapes(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text)
