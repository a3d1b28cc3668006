"""The line about what was not alike: short, before anything is compared, and harmless whatever it names."""

from __future__ import annotations

import pytest

from alekseylearn.pipeline import body
from alekseylearn.report import Difference
from alekseylearn.sections.environment import environment
from alekseylearn.text import code
from tests import outcomes

TORCH = Difference(what="torch", base="2.12.0", head="2.13.0")
DATA = Difference(what="data train.csv", base="1b7d9e2", head="4e1f0c2", part=True)


def line(*differences: Difference) -> str | None:
    return environment(outcomes.outcome(outcomes.told(differences=differences)))


@pytest.mark.parametrize(
    ("differences", "told"),
    [
        ((TORCH,), "**Not like for like:** `torch` `2.12.0` → `2.13.0`."),
        ((DATA,), "**Part of this change:** data `train.csv` changed."),
        (
            (TORCH, DATA),
            "**Not like for like:** `torch` `2.12.0` → `2.13.0`. **Part of this change:** data `train.csv` changed.",
        ),
        (
            (Difference(what="data a.csv", base="none", head="4e1f0c2", part=True),
             Difference(what="data b.csv", base="4e1f0c2", head="none", part=True)),
            "**Part of this change:** data `a.csv` is new, data `b.csv` is gone.",
        ),
        ((Difference(what="gpu", base="none", head="H100"),), "**Not like for like:** GPU `none` → `H100`."),
        (
            tuple(Difference(what=f"lib{number}", base="1", head="2") for number in range(6)),
            "**Not like for like:** `lib0` `1` → `2`, `lib1` `1` → `2`, `lib2` `1` → `2`, `lib3` `1` → `2` and 2 more.",
        ),
    ],
)  # fmt: skip
def test_what_differs_is_one_short_line(differences: tuple[Difference, ...], told: str) -> None:
    assert line(*differences) == told


def test_sides_that_are_alike_have_no_line() -> None:
    assert line() is None


def test_it_stands_before_anything_that_is_compared() -> None:
    text = body(outcomes.outcome(outcomes.told(differences=(TORCH,))))[1]
    assert text.index("### ") < text.index("**Not like for like:**") < text.index("| Metric |")


def test_of_several_notebooks_each_is_named() -> None:
    told = [outcomes.told(path=f"{number}.ipynb", differences=(TORCH,)) for number in range(5)]
    text = environment(outcomes.outcome(*told, outcomes.told(path="alike.ipynb")))
    assert text is not None
    lines = [part for part in text.split("\n") if part]
    assert lines[0] == "`0.ipynb`: **Not like for like:** `torch` `2.12.0` → `2.13.0`."
    assert lines[3:] == ["2 more notebooks have such differences, too: see `report.html`."]


def test_strange_words_stay_words() -> None:
    hostile = "`x` | <img src=x> @team\n# no"
    text = line(
        Difference(what=hostile, base=hostile, head=hostile), Difference(what=f"data {hostile}", base=hostile, head="b")
    )
    assert text is not None
    assert "\n" not in text
    assert str(code(hostile, 60)) in text
