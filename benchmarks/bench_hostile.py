"""100,000 hostile strings through the renderer of the comment: none may change the structure that our template has.

Each string stands in one place of a comment where we show what we did not write; every comment is rendered as GitHub
does, and compared with the one that harmless words make. A comment that is not as it should be counts all its strings.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from alekseylearn.report import LIMIT, render
from alekseylearn.sections import SECTIONS
from tests.hostile import Well, escapes, poisoned, strings
from tests.outcomes import STATES

STRINGS = 100_000
SEED = 20_261_123
NOTEBOOKS, LONG = 30, 4_000


def main() -> int:
    well = Well(strings(SEED))
    escaped, comments = 0, 0
    lengths: list[int] = []
    rendering = 0.0
    began = time.perf_counter()
    for name in itertools.cycle(STATES):
        before = len(well.drawn)
        if before >= STRINGS:
            break
        outcome = poisoned(STATES[name], well)
        start = time.perf_counter()
        body = render(outcome, SECTIONS)
        rendering += time.perf_counter() - start
        wrong = escapes(name, body, drawn=True)
        if wrong:
            escaped += len(well.drawn) - before
            print(f"{name}: {', '.join(wrong)}")
        lengths.append(len(body))
        comments += 1
    seconds = time.perf_counter() - began
    print(f"{len(well.drawn)} hostile strings (seed {SEED}) in {comments} comments of {len(STATES)} states")
    print(f"escaped: {escaped}")
    print(f"longest body: {max(lengths)} characters, median {statistics.median(lengths):.0f} (limit {LIMIT})")
    print(f"{seconds:.1f} s, {rendering:.1f} s of it rendering")
    longest = max(len(body) for body in crowded())
    print(f"longest body of {NOTEBOOKS} notebooks whose strings have up to {LONG} characters: {longest}")
    return 1 if escaped or max(*lengths, longest) > LIMIT else 0


def crowded() -> Iterator[str]:
    """Yield the comment of every state with many notebooks, all of whose words are far too long."""
    for place, outcome in enumerate(STATES.values()):
        many = itertools.islice(itertools.cycle(outcome.notebooks), NOTEBOOKS)
        long = (text * (LONG // len(text)) for text in strings(SEED + place))
        yield render(poisoned(replace(outcome, notebooks=tuple(many)), Well(long)), SECTIONS)


if __name__ == "__main__":
    sys.exit(main())
