"""One line of our Markdown as HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alekseylearn.text import prose

if TYPE_CHECKING:
    from markupsafe import Markup

_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def inline(text: str) -> Markup:
    """Turn one line of our Markdown into HTML: code spans become `<code>`, all else is escaped text."""
    from markupsafe import Markup, escape

    made, end = Markup(""), 0
    for match in _CODE_SPAN.finditer(text):
        inner = match[2]
        padded = inner.startswith(" ") and inner.endswith(" ") and inner.strip()
        made += escape(text[end : match.start()]) + Markup("<code>{}</code>").format(inner[1:-1] if padded else inner)
        end = match.end()
    return made + escape(text[end:])


def words(text: str) -> Markup:
    """Show a sentence from outside: its plain words stay plain, all else is code."""
    return inline(prose(text))
