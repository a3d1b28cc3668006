"""What a live notebook shows of runs: a table that is HTML in a browser, and plain columns elsewhere."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from alekseylearn.text import clean

_CELL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of plain text under a *head*; *caption* is a line above, *after* are lines below."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    after: Sequence[str] = ()

    def __repr__(self) -> str:
        lines = [[clean(cell, _CELL) for cell in row] for row in (self.head, *self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.head))]
        drawn = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        about = [clean(self.caption, 1000)] if self.caption else []
        return "\n".join([*about, *(drawn if self.rows else []), *(clean(line, 1000) for line in self.after)])

    def _repr_html_(self) -> str:
        about = f"<p>{_html(self.caption)}</p>" if self.caption else ""
        after = "".join(f"<p>{_html(line)}</p>" for line in self.after)
        if not self.rows:
            return about + after
        head = "".join(f"<th scope='col' style='text-align:left'>{_html(cell)}</th>" for cell in self.head)
        body = "".join(f"<tr>{_row(row)}</tr>" for row in self.rows)
        return f"{about}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{after}"


def _row(cells: Sequence[str]) -> str:
    return "".join(f"<td style='text-align:left'>{_html(cell)}</td>" for cell in cells)


def _html(text: str) -> str:
    return html.escape(clean(text, 1000))
