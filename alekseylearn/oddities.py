"""What text of a notebook holds that must not be shown as it stands: secrets, and what steers a browser or a terminal.

Nothing is taken out here; whoever shows text redacts and escapes it. This is only how a person is told of it.
"""

from __future__ import annotations

import re
from typing import Literal

from alekseylearn.redaction import Redactor

Oddity = Literal["secret", "markup"]

LOOKED_AT = 200_000
"""Characters of one text that are looked at."""
_KNOWN = Redactor.of(())
# Only text with one of these is read closely: that takes a hundred times as long as to find them.
_SECRET_HINTS = (
    "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "hf_", "sk-", "sk_", "xox", "glpat-",
    "npm_", "pypi-", "AIza", "ya29.", "eyJ", "PRIVATE KEY", "earer ", "://", "TOKEN", "SECRET", "PASS", "_KEY",
    "oken", "ecret", "assw", "_key", "hvs.", "dapi", "SG.", "shpat_", "dckr_", "dop_v1_", "nvapi-", "r8_", "gsk_",
)  # fmt: skip
_OUTPUT_HINTS = ("<", "script:", "SCRIPT:", "\\u001b", "\\u009d", "\x9d")
# Elements and attributes that act, and what steers a terminal, colours apart.
_ACTS = (
    r"<(?:script|iframe|object|embed|applet|link|meta|base|form)\b"
    r"|[\s\"'/\\]on(?:error|load|click|toggle|focus|begin|mouse[a-z]+|pointer[a-z]+|key[a-z]+|animation[a-z]+)\s{0,5}="
    r"|javascript:"
    r"|(?:\x1b|\\u001b)(?!\[)|\x9d|\\u009d"
)
_OUTPUT = re.compile(f"(?i){_ACTS}")
# A text may also end what our comment has begun, or look like its marker.
_TEXT = re.compile(rf"(?i){_ACTS}|</(?:details|summary)\b|<!--\s{{0,20}}alekseylearn|[\x00-\x08\x0e-\x1f\x7f]")


def secret_in(text: str) -> bool:
    """Tell whether the beginning of *text* holds what looks like a secret."""
    text = text[:LOOKED_AT]
    return any(hint in text for hint in _SECRET_HINTS) and _KNOWN.finds(text)


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
