"""Which cells of two versions of a notebook belong together: the only importer of nbdime.

Cells are aligned by their text first: common prefix and suffix, then the texts that occur once on either side, as in
a patience diff. Only what lies between is searched, by nbdime's multilevel comparison, and a cap keeps hostile
notebooks from taking minutes; the result says when it was hit. Ids help in that search and never decide alone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from alekseylearn.lines import longest_rise
from alekseylearn.notebook import Cell
from alekseylearn.notebook_files import spare_grammars

MAX_PAIRS = 40_000
"""As many pairs of cells are compared by their words at most; beyond, cells are aligned by text, id and place only."""

MAX_TEXT_PAIRS = 100_000_000
"""As many characters of one side, times the cells of the other, are compared by their words at most."""

MAX_WORDS_OF = 100_000
"""As many characters of a cell are compared by their words."""

MAX_KEPT = 2_000_000
"""As many characters are remembered by their words."""

MAX_LINE_PAIRS = 40_000
"""A text with more pairs of lines is written as one operation by `operations`."""

_SIMILAR = 0.6
_TOKEN = re.compile(r"\w+|[^\w\s]")


_Gap = tuple[int, int, int, int]


@dataclass(slots=True)
class Alignment:
    """Which cells belong together, by index; it works on a stack of rectangles, each a gap in either list.

    `old` and `new` are what the cells are known by first: kind and text.
    """

    before: Sequence[Cell]
    after: Sequence[Cell]
    pairs: list[tuple[int, int]] = field(default_factory=list)
    coarse: bool = False
    budget: int = MAX_PAIRS
    text_budget: int = MAX_TEXT_PAIRS
    kept: int = 0
    """Characters of the texts whose `words` are remembered."""
    words: dict[str, Counter[str]] = field(default_factory=dict)
    old: list[tuple[str, str]] = field(init=False)
    new: list[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.old = [(cell.kind, cell.source) for cell in self.before]
        self.new = [(cell.kind, cell.source) for cell in self.after]

    def same(self, i: int, j: int) -> bool:
        """Tell whether two cells have the same kind and text."""
        return self.old[i] == self.new[j]

    def same_id(self, i: int, j: int) -> bool:
        """Tell whether two cells have the same kind and id."""
        return self.before[i].kind == self.after[j].kind and self.before[i].id == self.after[j].id

    def similar(self, i: int, j: int) -> bool:
        """Tell whether two cells of one kind share most of their words and signs."""
        old, new = self.before[i], self.after[j]
        return old.kind == new.kind and _overlap(self._words(old.source), self._words(new.source)) >= _SIMILAR

    def _words(self, source: str) -> Counter[str]:
        found = self.words.get(source)
        if found is None:
            found = Counter(_TOKEN.findall(source[:MAX_WORDS_OF]))
            self.kept += len(source)
            if self.kept <= MAX_KEPT:
                self.words[source] = found
        return found

    def weight(self, gap: _Gap) -> int:
        """Estimate what it costs to compare all cells of *gap* by their words."""
        i, i_end, j, j_end = gap
        old = sum(min(len(cell.source), MAX_WORDS_OF) for cell in self.before[i:i_end])
        new = sum(min(len(cell.source), MAX_WORDS_OF) for cell in self.after[j:j_end])
        return max(min(old * (j_end - j), new * (i_end - i)), (old + new) * (MAX_TEXT_PAIRS // MAX_KEPT))


def _overlap(old: Counter[str], new: Counter[str]) -> float:
    total = old.total() + new.total()
    if 2 * min(old.total(), new.total()) < _SIMILAR * total:
        return 0.0
    few, many = (old, new) if len(old) <= len(new) else (new, old)
    shared = sum(min(count, many[word]) for word, count in few.items() if word in many)
    return 2 * shared / total if total else 0.0


def align(before: Sequence[Cell], after: Sequence[Cell]) -> Alignment:
    """Pair the cells of two lists in order; what is left over was added, removed or moved."""
    found = Alignment(before, after)
    gaps: list[_Gap] = [(0, len(before), 0, len(after))]
    while gaps:
        gap = i, i_end, j, j_end = _trim(found, gaps.pop())
        if i == i_end or j == j_end:
            continue
        anchors = _anchors(found, gap)
        if not anchors:
            found.pairs += _search(found, gap)
            continue
        found.pairs += anchors
        for k, m in [*anchors, (i_end, j_end)]:
            if i < k and j < m:
                gaps.append((i, k, j, m))
            i, j = k + 1, m + 1
    found.pairs.sort()
    return found


def _trim(found: Alignment, gap: _Gap) -> _Gap:
    """Pair what is equal at either end of the gap, and return the rest of it."""
    old, new = found.old, found.new
    i, i_end, j, j_end = gap
    while i < i_end and j < j_end and old[i] == new[j]:
        found.pairs.append((i, j))
        i, j = i + 1, j + 1
    while i < i_end and j < j_end and old[i_end - 1] == new[j_end - 1]:
        i_end, j_end = i_end - 1, j_end - 1
        found.pairs.append((i_end, j_end))
    return i, i_end, j, j_end


def _anchors(found: Alignment, gap: _Gap) -> list[tuple[int, int]]:
    """Pair the texts that occur once on either side of the gap: their longest common order (patience sorting)."""
    i, i_end, j, j_end = gap
    keys, others = found.old[i:i_end], found.new[j:j_end]
    times, other_times = Counter(keys), Counter(others)
    place = {key: j + number for number, key in enumerate(others) if other_times[key] == 1}
    unique = [(i + number, place[key]) for number, key in enumerate(keys) if times[key] == 1 and key in place]
    return longest_rise(unique)


def _search(found: Alignment, gap: _Gap) -> list[tuple[int, int]]:
    """Pair similar cells in a gap without a common unique text, with nbdime's comparison from strict to loose."""
    i, i_end, j, j_end = gap
    area = (i_end - i) * (j_end - j)
    if area == 1:
        return [(i, j)] if found.same_id(i, j) or found.similar(i, j) else []
    weight = found.weight(gap)
    if area > found.budget or weight > found.text_budget:
        found.coarse = True
        return list(_in_lockstep(found, gap))
    found.budget -= area
    found.text_budget -= weight
    spare_grammars()
    from nbdime.diffing.snakes import compute_snakes_multilevel

    levels = [found.similar, found.same_id, found.same]
    snakes = compute_snakes_multilevel(range(i, i_end), range(j, j_end), levels)
    return [(i + k + step, j + m + step) for k, m, n in snakes for step in range(n)]


def _in_lockstep(found: Alignment, gap: _Gap) -> Iterator[tuple[int, int]]:
    """Pair what a gap too large for a search still tells: ids that rise on both sides, else the same place."""
    i, i_end, j, j_end = gap
    place = {found.after[m].id: m for m in range(j, j_end)}
    by_id = [(k, place[found.before[k].id]) for k in range(i, i_end) if found.before[k].id in place]
    anchors = [(k, m) for k, m in longest_rise(by_id) if found.same_id(k, m)]
    for k, m in [*anchors, (i_end, j_end)]:
        yield from ((a, b) for a, b in zip(range(i, k), range(j, m), strict=False) if found.similar(a, b))
        if k < i_end:
            yield k, m
        i, j = k + 1, m + 1


def operations(before: Sequence[Cell], after: Sequence[Cell]) -> list[dict[str, Any]]:
    """Write the alignment of two cell lists as nbdime's diff operations on their `projection`s.

    `nbdime.patch(projection(before), operations(before, after))` gives `projection(after)`.
    """
    spare_grammars()
    from nbdime.diffing.config import DiffConfig
    from nbdime.diffing.generic import default_predicates, diff
    from nbdime.diffing.snakes import compute_diff_from_snakes

    pairs = align(before, after).pairs
    config = DiffConfig(
        predicates=default_predicates(),
        differs=defaultdict(lambda: diff, {"/cells/*/source": _line_operations}),
        atomic_paths={"/cells/*/id": True, "/cells/*/cell_type": True},
    )
    snakes = [(i, j, 1) for i, j in pairs]
    found = compute_diff_from_snakes(projection(before), projection(after), snakes, path="/cells", config=config)
    return list(found)


def projection(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Reduce cells to what is compared: type, source, id and tags, as in a notebook's JSON."""
    return [
        {"cell_type": cell.kind, "source": cell.source, "id": cell.id, "metadata": {"tags": sorted(cell.tags)}}
        for cell in cells
    ]


def _line_operations(before: str, after: str, **_: object) -> list[Any]:
    """Write a text's difference in nbdime's line operations; a large one as a whole, for nbdime searches each line."""
    from nbdime.diff_format import op_addrange, op_removerange
    from nbdime.diffing.sequences import diff_strings_linewise

    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if len(old) * len(new) <= MAX_LINE_PAIRS:
        return list(diff_strings_linewise(before, after))
    return [op_addrange(0, new), op_removerange(0, len(old))]
