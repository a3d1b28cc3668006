"""How cells are told in the terminal: the words about them, their lines, and the way from one to the next."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import groupby, pairwise

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from alekseylearn.diff import CellChange, line_diff
from alekseylearn.notebook import Cell
from alekseylearn.reach import Route, Step
from alekseylearn.redaction import Redactor, secrets_of
from alekseylearn.text import clean, clean_block

CODE = "cyan"
ARROW = "→"
MAX_EMPHASIS = 400
"""In longer lines the words that changed are not looked for."""

LONGEST = 2000
"""As many characters of a line are shown."""
MAX_PAIRS = 10_000
"""As many pairs of equal words are weighed in two lines."""
_SPAN = re.compile(r"`[^`]+`")
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.5
_COLOURS = {"+": "green", "-": "red"}


def said(text: str, style: str = "") -> Text:
    """Write a sentence of ours; what stands in it as code is coloured."""
    told = Text(clean(text, 1000), style=style)
    told.highlight_regex(_SPAN, CODE)
    return told


def headline(cell: Cell, style: str = "") -> Text:
    """Write the first line of a cell that says something, at most 60 characters of it."""
    # What is secret is looked for before the line is cut, for half a secret does not look like one.
    shown = clean(redactor().redact(cell.first_line[:LONGEST]), 60)
    return Text(shown, style=style, no_wrap=True, overflow="ellipsis")


@cache
def redactor() -> Redactor:
    """Know the secrets of this process's environment."""
    return Redactor.of(secrets_of(os.environ))


@dataclass(frozen=True, slots=True)
class Way:
    """Draws a route; where it is too long for the line it goes on below, with the arrow in front."""

    route: Route
    before: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Fill line after line with whole steps."""
        line = Text(self.before, style="bold" if self.route.trains else "")
        for place, step in enumerate(self.route.told):
            told = _step(step)
            arrow = f" {ARROW} " if place else ""
            if place and line.cell_len + len(arrow) + told.cell_len > options.max_width:
                yield line
                line, arrow = Text(), f"{ARROW} ".rjust(4)
            line = Text.assemble(line, (arrow, "dim"), told)
        yield line


def _step(step: Step | None) -> Text:
    if step is None:
        return Text("…")
    name = (f" {clean(step.name, 40)}", CODE) if step.name else ""
    return Text.assemble((f"cell {step.cell}", "bold"), name)


def changed_lines(change: CellChange) -> Table:
    """Draw the changed lines of a cell; where lines were edited one by one, the words that differ stand out."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column(overflow="fold")
    runs = [
        (sign, [Text(line, style=_COLOURS.get(sign, "dim")) for line in _redacted(line[2:] for line in run)])
        for sign, run in groupby(line_diff(change), key=lambda line: line[:1])
    ]
    for (sign, old), (next_sign, new) in pairwise(runs):
        if (sign, next_sign) == ("-", "+") and len(old) == len(new):
            for before, after in zip(old, new, strict=True):
                _emphasise(before, after)
    for sign, texts in runs:
        for text in texts:
            table.add_row(Text(sign, style=_COLOURS.get(sign, "dim")), text)
    return table


def _redacted(lines: Iterable[str]) -> list[str]:
    """Take secrets out of lines that follow each other: a private key has many."""
    return clean_block(redactor().redact("\n".join(line[:LONGEST] for line in lines))).split("\n")


def _emphasise(before: Text, after: Text) -> None:
    """Underline the words in which two lines differ, unless they have little in common."""
    if max(len(before), len(after)) > MAX_EMPHASIS:
        return
    old, new = (_TOKEN.findall(line.plain) for line in (before, after))
    times = Counter(new)
    if sum(times[token] for token in old) > MAX_PAIRS:
        return
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind != "equal":
            for line, tokens, start, end in ((before, old, i, i_end), (after, new, j, j_end)):
                at = len("".join(tokens[:start]))
                line.stylize("bold underline", at, at + len("".join(tokens[start:end])))
