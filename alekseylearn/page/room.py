"""How much of what a notebook showed goes into the page, so that it stays a page that opens at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from alekseylearn.page.executed import Output
from alekseylearn.text import plural, size

FIGURES = 2_000_000
"""Characters of figures in one page."""
TEXT = 600_000
"""Characters of sources and of what was printed in one page."""
COLOURS = 300_000
"""Characters of source that are coloured: some 100,000 take a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One output as the page has it; *note* stands in its place where it is not shown.

    *key* is a figure's anchor; *again* is the anchor of the same figure further up, which is not repeated.
    """

    output: Output
    alt: str = ""
    key: str = ""
    again: str = ""
    note: str = ""


@dataclass(slots=True)
class Room:
    """What is left of the page: whoever shows something first has it."""

    figures: int = FIGURES
    text: int = TEXT
    colours: int = COLOURS
    left_out: int = 0
    _seen: dict[str, str] = field(default_factory=dict)

    def show(self, outputs: tuple[Output, ...], whose: str) -> tuple[Shown, ...]:
        """Take room for *outputs* of the cell that *whose* names, in their order."""
        figures = sum(1 for output in outputs if output.kind == "figure")
        made, place = [], 0
        for output in outputs:
            if output.kind == "figure":
                place += 1
                made.append(self._figure(output, f"Figure {place} of {whose}" if figures > 1 else f"Figure of {whose}"))
            else:
                made.append(self._words(output))
        return tuple(made)

    def paints(self, *sources: str) -> bool:
        """Tell whether *sources* are to be coloured, and take the time for it."""
        count = sum(map(len, sources))
        if count > self.colours:
            return False
        self.colours -= count
        return True

    def fits(self, text: str) -> bool:
        """Take room for *text*; False where there is none left."""
        fits = len(text) <= self.text
        if fits:
            self.text -= len(text)
        else:
            self.left_out += 1
        return fits

    @property
    def told(self) -> str:
        """What a reader must know: how much was left out; '' where that is nothing."""
        if not self.left_out:
            return ""
        were = "was" if self.left_out == 1 else "were"
        return f"{plural(self.left_out, 'part')} {were} left out, to keep this page small: see the executed notebook."

    def _figure(self, output: Output, alt: str) -> Shown:
        digest = hashlib.sha256(output.text.encode()).hexdigest()
        if digest in self._seen:
            return Shown(output=output, alt=alt, again=self._seen[digest])
        if len(output.text) > self.figures:
            self.left_out += 1
            return Shown(output=output, note=f"{alt}: left out, it is {size(len(output.text) * 3 // 4)} large.")
        self.figures -= len(output.text)
        key = self._seen[digest] = f"figure-{len(self._seen) + 1}"
        return Shown(output=output, alt=alt, key=key)

    def _words(self, output: Output) -> Shown:
        if self.fits(output.text):
            return Shown(output=output)
        return Shown(output=output, note=f"An output of {len(output.text)} characters was left out.")
