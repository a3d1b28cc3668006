"""Markdown as a type: every untrusted string becomes a leaf that no reader can break out of.

The rules follow the GitHub Flavored Markdown specification (0.29-gfm, sections 6.3 code spans,
4.5 fenced code blocks, 4.10 tables) and the limit of 65,536 characters on an issue comment's body.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence
from typing import Literal, NewType
from urllib.parse import quote

Markdown = NewType("Markdown", str)
"""Text that is safe to post: made by the functions below or written by us."""

Align = Literal["left", "right"]

# A word that means nothing to Markdown or to GitHub wherever it stands inside a line.
_PLAIN_WORD = re.compile(r"[(\"']?[A-Za-z0-9]+(?:[-',./=%][A-Za-z0-9]+)*%?[)\"']?[.,:;!?]?[)\"']?\Z")
# What GitHub turns into links by itself: addresses, commits, references.
_LINKED_WORD = re.compile(r"(?i)www\.|(?<![a-z0-9])(?:[0-9a-f]{7,40}(?![a-z0-9])|gh-\d)")
_SIGNS = frozenset({"-", "+", "=", "<=", ">=", "·", "…", "→"})
# What may follow a code span of the sentence at once.
_AFTER_CODE = re.compile(r"'s\Z|[.,:;!?)]{1,2}\Z")
_LIST_MARK = re.compile(r"[-+=<>]+\Z|\d+[.)]\Z")
_MARK = re.compile(r"#\| [a-z]+\Z")
_URL_SAFE = "/:?&=%#@+,;~$"

# Control characters, zero-width and direction-changing characters, and lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)

_MARKUP = re.compile(
    r"^[ \t]{0,3}(?:```|~~~|#{1,6} )"
    r"|</?(?:details|summary|h[1-6]|img|script|iframe|a|pre|code|table|td|sub)\b|<!--|!\[|\]\(",
    re.MULTILINE | re.IGNORECASE,
)


def clean(text: str, limit: int = 200) -> str:
    """Fold *text* into one visible line of at most *limit* characters."""
    line = " ".join(_INVISIBLE.sub("", re.sub(r"\s", " ", text)).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def visible(line: str) -> str:
    """Remove what cannot be seen from one *line*: control and zero-width characters, those that turn its direction."""
    return line if line.isascii() and line.isprintable() else _INVISIBLE.sub("", line)


def is_markup(text: str) -> bool:
    """Tell whether *text* would end a fence or a fold of ours, or draw something, were it not shown as code."""
    return _MARKUP.search(text) is not None


def clean_block(text: str) -> str:
    """Remove what cannot be seen from *text*, keep its lines."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def longest_run(text: str, character: str) -> int:
    """Length of the longest unbroken run of *character* in *text*."""
    return max((len(run) for run in re.findall(re.escape(character) + "+", text)), default=0)


def code(text: str, limit: int = 80) -> Markdown:
    """Show *text* as a code span that is valid everywhere, table cells included."""
    line = clean(text, limit).replace("|", "¦")
    if not line:
        return Markdown("` `")
    ticks = "`" * (longest_run(line, "`") + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return Markdown(f"{ticks}{pad}{line}{pad}{ticks}")


def fence(text: str, language: str = "text") -> Markdown:
    """Show *text* as a fenced block; the fence is longer than any run of backticks inside."""
    block = clean_block(text).strip("\n")
    ticks = "`" * max(3, longest_run(block, "`") + 1)
    return Markdown(f"{ticks}{language}\n{block}\n{ticks}")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: Sequence[Align]) -> Markdown:
    """Draw a table; cells are Markdown already (use `code` for anything from outside)."""
    rule = [":--" if side == "left" else "--:" for side in align]
    lines = [head, rule, *rows]
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))


def details(summary: str, body: Markdown) -> Markdown:
    """Fold *body* under *summary*, which is plain text of ours."""
    return Markdown(f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>")


def join(parts: Iterable[str], between: str = "\n\n") -> Markdown:
    """Put *parts* after one another; empty ones are left out."""
    return Markdown(between.join(part for part in parts if part))


def plural(count: int, one: str, many: str = "") -> str:
    """Say *count* with its noun: `1 cell`, `2 cells`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def number(value: float) -> str:
    """Write a metric's value as a person would: 0.927, 951, 1.2e-07, not a number."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if abs(value) >= 1e15 or 0 < abs(value) < 0.01:
        return f"{value:.3g}"
    if value == int(value):
        return str(int(value))
    if abs(value) >= 999.9995:
        return f"{value:.1f}"
    digits = 4 if abs(value) < 1 else 3
    short = f"{value:.{digits}f}".rstrip("0")
    return short + "0" * max(0, 3 - len(short.partition(".")[2]))


def size(count: int) -> str:
    """Write *count* bytes: 412 B, 41 kB, 14.2 MB."""
    if count < 1000:
        return f"{count} B"
    amount = count / 1000
    if amount < 999.5:
        return f"{amount:.0f} kB"
    units = iter(("MB", "GB", "TB", "PB"))
    unit = next(units)
    amount /= 1000
    while amount >= 999.5 and unit != "PB":
        unit = next(units)
        amount /= 1000
    return f"{amount:.0f} {unit}" if amount >= 99.95 else f"{amount:.1f} {unit}"


def duration(seconds: float) -> str:
    """Write a time span: 0.4 s, 48 s, 2 min 41 s, 3 h 5 min."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def money(dollars: float) -> str:
    """Format a price in US dollars: $3.20; what is less than a cent is not nothing."""
    return "under $0.01" if 0 < dollars < 0.005 else f"${dollars:.2f}"


def prose(text: str, limit: int = 200, *, cell: bool = False) -> Markdown:
    """Show a sentence of ours that may hold foreign words: what is not a plain word becomes a code span.

    Code spans of the sentence itself stay; *cell* says that it stands in a table, where a pipe would end the cell.
    """
    # Nothing is escaped letter by letter: GitHub finds mentions, references and addresses in escaped text as well.
    shown = ""
    for part in re.split(r"(`[^`]+`| )", clean(text, limit)):
        follows = shown.endswith("`") and _AFTER_CODE.match(part)
        piece = part if follows or part in ("", " ") else _piece(part, first=not shown, cell=cell)
        # Two code spans without a gap would be read as one, and its end elsewhere.
        shown += f" {piece}" if shown.endswith("`") and piece.startswith("`") else piece
    return Markdown(shown)


def _piece(part: str, *, first: bool, cell: bool) -> str:
    if re.fullmatch("`[^`]+`", part):
        mark = _MARK.match(part[1:-1])
        return part.replace("|", r"\|" if cell else "|") if mark else code(part[1:-1])
    if first and _LIST_MARK.match(part):
        return code(part)
    plain = part in _SIGNS or (_PLAIN_WORD.match(part) and not _LINKED_WORD.search(part))
    return part if plain else code(part)


def link(label: str, url: str) -> Markdown:
    """Link *label*, which is Markdown of ours, to *url*; the label alone where the address is not https."""
    if not re.match(r"https://[A-Za-z0-9]", url):
        return Markdown(label)
    return Markdown(f"[{label}]({quote(url, safe=_URL_SAFE, errors='replace')})")


def html_code(text: str, limit: int = 80) -> str:
    """Show *text* as code where Markdown is not read: in the summary of a fold."""
    return f"<code>{html.escape(clean(text, limit))}</code>"
