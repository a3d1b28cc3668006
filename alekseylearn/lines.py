"""Line-level differences of one cell's text, bounded in time whatever the text."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from alekseylearn.text import plural

MAX_PAIRS = 200_000
"""As many pairs of equal lines are weighed at most; beyond, all from the first to the last change is rewritten."""

MAX_SHOWN = 200
"""A rendered difference is cut after this many lines."""

GAP = "  …"
"""The line that stands for equal lines left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """A run of lines: equal on both sides, or what was removed and what came in its place."""

    kind: Literal["equal", "changed"]
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDiff:
    """All runs of two texts in order; `coarse` tells that `MAX_PAIRS` was hit."""

    runs: tuple[LineChange, ...]
    coarse: bool

    @property
    def added(self) -> int:
        """Number of lines that only the newer text has."""
        return sum(len(run.added) for run in self.runs if run.kind == "changed")

    @property
    def removed(self) -> int:
        """Number of lines that only the older text has."""
        return sum(len(run.removed) for run in self.runs if run.kind == "changed")

    def render(self, context: int) -> tuple[str, ...]:
        """Show the changed lines behind `+ ` and `- `, with *context* equal lines around each change."""
        if all(run.kind == "equal" for run in self.runs):
            return ()
        shown: list[str] = []
        for number, run in enumerate(self.runs):
            if run.kind == "changed":
                shown += [f"- {line}" for line in run.removed]
                shown += [f"+ {line}" for line in run.added]
                continue
            tail = 0 if number == len(self.runs) - 1 else context
            shown += _around(run.removed, head=context if number else 0, tail=tail)
        return _cut(shown)


def diff_lines(before: str, after: str) -> LineDiff:
    """Compare two texts line by line; lines end at a line feed, an empty text has none."""
    old, new = _split(before), _split(after)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    occurrences = Counter(new_middle)
    coarse = sum(occurrences[line] for line in old_middle) > MAX_PAIRS
    middle: Iterable[LineChange] = [LineChange(kind="changed", removed=old_middle, added=new_middle)]
    if not coarse:
        middle = _compare(old_middle, new_middle)
    ends = [LineChange(kind="equal", removed=part, added=part) for part in (old[:start], old[len(old) - end :])]
    runs = [ends[0], *middle, ends[1]]
    return LineDiff(runs=tuple(run for run in runs if run.removed or run.added), coarse=coarse)


def _compare(old: tuple[str, ...], new: tuple[str, ...]) -> list[LineChange]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        LineChange(kind="equal" if tag == "equal" else "changed", removed=old[i:i_end], added=new[j:j_end])
        for tag, i, i_end, j, j_end in matcher.get_opcodes()
    ]


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    for number, (left, right) in enumerate(zip(old, new, strict=False)):
        if left != right:
            return number
    return min(len(old), len(new))


def _around(lines: Sequence[str], *, head: int, tail: int) -> list[str]:
    if len(lines) <= head + tail:
        return [f"  {line}" for line in lines]
    before = [f"  {line}" for line in lines[:head]]
    after = [f"  {line}" for line in lines[len(lines) - tail :]]
    return [*before, GAP, *after]


def _cut(shown: list[str]) -> tuple[str, ...]:
    rest = len(shown) - MAX_SHOWN
    if rest <= 1:
        return tuple(shown)
    return (*shown[:MAX_SHOWN], f"{GAP} and {plural(rest, 'more line')}")
