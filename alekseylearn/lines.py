"""Line-level differences of one cell's text, bounded in time whatever the text."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from alekseylearn.text import plural

MAX_PAIRS = 200_000
"""As many pairs of equal lines are weighed at most; beyond, all from the first to the last change is rewritten."""

MAX_LINES = 2_000
"""More lines on both sides together are paired by those that stand once on either side before they are searched."""

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
    """Compare lines: in a long text first those that stand once on either side, then what is between them."""
    if len(old) + len(new) <= MAX_LINES:
        return _runs(old, new, _searched(old, new))
    blocks: list[_Block] = []
    for i, i_end, j, j_end in _gaps(old, new):
        # Nothing but small gaps is searched; what is large has lines that stand many times, or none in common.
        if i < i_end and j < j_end and i_end - i + j_end - j <= MAX_LINES:
            found = _searched(old[i:i_end], new[j:j_end])
            blocks += [(i + start, j + other, count) for start, other, count in found]
        blocks.append((i_end, j_end, 1))
    return _runs(old, new, blocks[:-1])


_Block = tuple[int, int, int]
"""Lines that are equal: where they begin on either side, and how many they are."""


def _searched(old: tuple[str, ...], new: tuple[str, ...]) -> list[_Block]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [(block.a, block.b, block.size) for block in matcher.get_matching_blocks()]


def _gaps(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[tuple[int, int, int, int]]:
    """Yield what stands between lines that are paired for they stand once on either side (patience diff)."""
    times, other_times = Counter(old), Counter(new)
    place = {line: number for number, line in enumerate(new) if other_times[line] == 1}
    unique = [(number, place[line]) for number, line in enumerate(old) if times[line] == 1 and line in place]
    i = j = 0
    for k, m in [*longest_rise(unique), (len(old), len(new))]:
        yield i, k, j, m
        i, j = k + 1, m + 1


def longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Find the longest run of *pairs* (sorted by their first number) whose second numbers rise."""
    lowest: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for number, (_, j) in enumerate(pairs):
        length = bisect_left(lowest, j)
        previous.append(ends[length - 1] if length else -1)
        lowest[length : length + 1] = [j]
        ends[length : length + 1] = [number]
    chain = []
    number = ends[-1] if ends else -1
    while number >= 0:
        chain.append(pairs[number])
        number = previous[number]
    return chain[::-1]


def _runs(old: tuple[str, ...], new: tuple[str, ...], blocks: Iterable[_Block]) -> list[LineChange]:
    """Write down what is equal and what was changed between; blocks that follow each other at once are one."""
    runs: list[LineChange] = []
    i = j = start = other = 0
    for k, m, count in [*blocks, (len(old), len(new), 0)]:
        if (k, m) != (i, j):
            runs += _equal(old[start:i], new[other:j])
            runs.append(LineChange(kind="changed", removed=old[i:k], added=new[j:m]))
            start, other = k, m
        i, j = k + count, m + count
    return [*runs, *_equal(old[start:i], new[other:j])]


def _equal(old: tuple[str, ...], new: tuple[str, ...]) -> list[LineChange]:
    return [LineChange(kind="equal", removed=old, added=new)] if old else []


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
