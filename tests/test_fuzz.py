"""Nothing but our own errors comes out of what reads from outside: seeds, inputs that broke it once, and some like them.

`make fuzz` looks for more of them, for as long as one likes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from fuzz.targets import TARGETS

SEEDS = Path(__file__).parents[1] / "fuzz" / "seeds"
MUTANTS = 60
"""For each target."""


def test_every_target_has_seeds_and_every_seed_a_target() -> None:
    assert {folder.name for folder in SEEDS.iterdir()} == {*TARGETS}
    assert all(any(folder.iterdir()) for folder in SEEDS.iterdir())


@pytest.mark.parametrize(
    ("name", "seed"), [(name, path.name) for name in TARGETS for path in sorted((SEEDS / name).iterdir())]
)
def test_a_seed_is_read_or_refused(name: str, seed: str) -> None:
    TARGETS[name].read((SEEDS / name / seed).read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_like_a_seed_is_read_or_refused(name: str) -> None:
    for mutant in mutants(name):
        try:
            TARGETS[name].read(mutant)
        except BaseException as error:  # noqa: BLE001 - an exit is a finding, too
            pytest.fail(f"{mutant!r}: {error!r}")


def mutants(name: str) -> Iterator[bytes]:
    """Yield seeds with pieces cut out, doubled, swapped, or overwritten by bytes and words of the language."""
    chance = random.Random(name)
    seeds = [path.read_bytes() for path in sorted((SEEDS / name).iterdir())]
    words = [*(word.encode() for word in TARGETS[name].words), b"\xff", b"\0", b"\n", b"-1", b"9" * 20, b"[" * 40]
    for _ in range(MUTANTS):
        text = chance.choice(seeds)
        for _ in range(chance.randint(1, 4)):
            first, last = sorted(chance.randint(0, len(text)) for _ in range(2))
            last = min(last, first + 64)
            piece = chance.choice((b"", chance.choice(words), text[first:last] * 2, chance.choice(seeds)[first:last]))
            text = text[:first] + piece + text[last:]
        yield text[: TARGETS[name].longest]
