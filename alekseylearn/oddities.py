"""What text of a notebook holds that must not be shown as it stands: secrets, and what steers a browser or a terminal.

Nothing is taken out here; whoever shows text redacts and escapes it. This is only how a person is told of it.
"""

from __future__ import annotations

import re
from typing import Literal

from alekseylearn.redaction import Redactor
from alekseylearn.secret_shapes import HINTS

Oddity = Literal["secret", "markup"]

LOOKED_AT = 200_000
"""Characters of one text that are looked at."""
_KNOWN = Redactor.of(())
# Only text with one of these is read closely: that takes a hundred times as long as to find them.
_SECRET_HINTS = (*HINTS, "private key", "token", "secret", "passw", "_key", "apikey")
_OUTPUT_HINTS = ("<", "script:", "SCRIPT:", 'script"', "data:text", "\\u001b", "\\u009d", "\x9d")
# Elements and attributes that act, and what steers a terminal, colours apart.
_ACTS = (
    r"<(?:script|iframe|object|embed|applet|link|meta|base|form)\b"
    r"|<[a-z][^<>]{0,400}?[\s\"'/\\]on[a-z]{3,30}\s{0,5}="
    r"|javascript:|data:text/html"
    r"|(?:\x1b|\\u001b)(?!\[)|\x9d|\\u009d"
)
_OUTPUT = re.compile(rf"(?i){_ACTS}|\"(?:application|text)/(?:x-)?(?:java|ecma)script\"")
# A text may also end what our comment has begun, look like its marker, or like a command to a runner that logs it.
_TEXT = re.compile(
    rf"(?im){_ACTS}|<style\b|</(?:details|summary)\b|<!--\s{{0,20}}alekseylearn|[\x00-\x08\x0e-\x1f\x7f]"
    r"|^[ \t]{0,20}(?:::[a-z-]{3,30}(?:[ \t][^\n]{0,400}?)?::|##\[[a-z]{3,20}\])"
)


def secret_in(text: str) -> bool:
    """Tell whether the beginning of *text* holds what looks like a secret."""
    text = text[:LOOKED_AT]
    small = text.lower()
    return any(hint in small for hint in _SECRET_HINTS) and _KNOWN.finds(text)


def steers(text: str) -> bool:
    """Tell whether the beginning of a cell's *text* holds what would act, were it shown as it stands."""
    return _TEXT.search(text[:LOOKED_AT]) is not None


def output_holds(text: str) -> frozenset[Oddity]:
    """Tell what the beginning of an output, written as JSON, holds."""
    text = text[:LOOKED_AT]
    found = set[Oddity]()
    if secret_in(text.replace("\\n", "\n")):
        found.add("secret")
    if any(hint in text for hint in _OUTPUT_HINTS) and _OUTPUT.search(text):
        found.add("markup")
    return frozenset(found)
