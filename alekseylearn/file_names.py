"""Names of files as anybody may choose them: which hold more than a name, and how they are shown."""

from __future__ import annotations

import re
import unicodedata

_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode's categories of what steers instead of being seen: control, format, surrogate, private use, separators."""
_ACTIVE = re.compile(r"\$\{\{|##\[|^::|\]\(|[`|<>]", re.MULTILINE)
"""Expressions and commands of a workflow, links, and the signs by which Markdown and HTML mark up text."""
_MOST = 4


def shown_name(path: str) -> str:
    r"""Write *path* so that it can be encoded anywhere: a byte that is not UTF-8 stands as `\xff`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_text(path: str) -> bool:
    """Tell whether *path*, as Python decodes names of files (PEP 383), is UTF-8 through and through."""
    return not any("\ud800" <= sign <= "\udfff" for sign in path)


def neutralised(path: str) -> str:
    """Warn that *path* holds more than a name should: `text.neutralised: ...`; '' for one that is a plain name.

    Everywhere such a name is data: no shell sees it, and what steers is left out or quoted where it is shown.
    """
    steering = [f"U+{ord(sign):04X}" for sign in path if unicodedata.category(sign) in _STEERING]
    found = list(dict.fromkeys([*steering, *(f"`{match}`" for match in _ACTIVE.findall(path))]))
    if not found:
        return ""
    told = ", ".join(found[:_MOST]) + (" and more" if len(found) > _MOST else "")
    return f"text.neutralised: its name holds {told}; it is shown without what steers or marks up text"
