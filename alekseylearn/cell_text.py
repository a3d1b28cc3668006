"""The text of one cell: put together, made writable, and searched for characters that show another code than they are.

What cannot be seen: Unicode Technical Standard 39, "Unicode Security Mechanisms"; Boucher and Anderson, "Trojan Source"
(CVE-2021-42574 for directions, CVE-2021-42694 for letters that look like others).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from alekseylearn.errors import InputError
from alekseylearn.notebook_files import no_notebook

MAX_SHOWN = 12
"""As many kinds of characters, or cells, are named in one warning."""
_SURROGATE = re.compile("[\ud800-\udfff]")
# Zero-width and direction-changing characters, fillers, separators that end no line in Python, controls, tags. A
# variation selector stands in many an emoji; a joiner between two of them is not told, either.
_HIDDEN = re.compile(
    "[\x01-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c"
    "\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
    "|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d"
)
# Letters of Cyrillic that nobody can tell from those of Latin.
_ALIKE = "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0430\u0435\u043e\u0440\u0441\u0443\u0445"
_ALIKE += "\u0405\u0406\u0408\u0455\u0456\u0458\u0501\u051b\u051d\u04bb\u04cf"
_LOOKALIKE = re.compile(f"(?<![\\w])[A-Za-z0-9_]*+(?:[{_ALIKE}]++[A-Za-z0-9_]*+)++(?![\\w])")
_LATIN = re.compile("[A-Za-z]")


def read_source(where: str, raw: object) -> str:
    """Put the text of a cell together; its lines end at a line feed.

    Raises `InputError`: `nb.schema nb.source`.
    """
    try:
        source = "".join(raw) if isinstance(raw, list) else raw
    except TypeError:
        source = None
    if not isinstance(source, str):
        raise no_notebook(where, "source is not text")
    if "\r" in source:
        source = source.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in source:
        what = "the cell holds a null character (U+0000), which no source file can"
        raise InputError("nb.source", what, where=where, hint="retype the line in Jupyter")
    return source


def writable(text: str) -> str:
    """Write the half characters of *text* (lone surrogates) as escapes, which mean the same in a string of Python."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def is_plain(source: str) -> bool:
    """Tell whether there is nothing but printable ASCII in the lines of *source*: nearly all code is so."""
    return source.isascii() and source.replace("\n", "").replace("\t", "").isprintable()


def halves_in(source: str) -> list[str]:
    """Name the half characters in *source*, each once, in order."""
    return _named(_SURROGATE.findall(source))


def hidden_in(source: str) -> list[str]:
    """Name the characters in *source* that cannot be seen, each once, in order."""
    return _named(_HIDDEN.findall(source))


def lookalikes_in(source: str) -> list[str]:
    """Name the letters in words of Latin that look like Latin and are not, each once, in order."""
    words = [word for word in _LOOKALIKE.findall(source) if _LATIN.search(word)]
    return _named([letter for word in words for letter in word if letter in _ALIKE])


def which_cells(indexes: Sequence[int]) -> str:
    """Name cells: `cell 3`, `cells 3, 4 and 7 more`."""
    told = ", ".join(str(index) for index in indexes[:MAX_SHOWN])
    more = f" and {len(indexes) - MAX_SHOWN} more" if len(indexes) > MAX_SHOWN else ""
    return f"{'cell' if len(indexes) == 1 else 'cells'} {told}{more}"


def _named(characters: list[str]) -> list[str]:
    return [f"U+{ord(character):04X}" for character in sorted(set(characters))]
