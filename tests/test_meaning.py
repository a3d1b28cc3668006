"""Cells that Python does not take: why, in the class that says what to do."""

from __future__ import annotations

import pytest

from alekseylearn.errors import InputError
from alekseylearn.meaning import cell_meaning
from tests.strategies import notebook

MERGED = "<<<<<<< local\nrate = 0.1\n=======\nrate = 0.2\n>>>>>>> remote\n"


def refusal(source: str) -> str:
    made = notebook(source)
    with pytest.raises(InputError) as caught:
        cell_meaning(made, made.cells[0])
    return caught.value.slug


def test_both_sides_of_a_merge_in_a_cell_are_a_conflict() -> None:
    assert refusal(MERGED) == "nb.conflict"
    assert refusal("a = 1\n" + MERGED + "b = 2") == "nb.conflict"
    assert refusal("<<<<<<< local\nrate = 0.1\n") == "nb.source"


def test_text_that_shows_a_conflict_is_text() -> None:
    made = notebook(f"text = '''\n{MERGED}'''")
    assert "rate = 0.2" in cell_meaning(made, made.cells[0])


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 300 + "1" + ")" * 300,
        "x = " + "[" * 5000 + "]" * 5000,
        "".join(" " * depth + "if 1:\n" for depth in range(120)) + " " * 120 + "x = 1",
        "x = " + "9" * 6000,
    ],
    ids=["parentheses", "lists", "blocks", "digits"],
)
def test_the_bounds_of_python_itself_are_limits(source: str) -> None:
    assert refusal(source) == "nb.limit"


@pytest.mark.parametrize("source", ["return 5", "a = 1\nbreak", "yield 1", "nonlocal a", "for a in b: pass\ncontinue"])
def test_a_word_in_a_place_where_it_may_not_stand_is_no_python(source: str) -> None:
    assert refusal(source) == "nb.source"


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return 1",
        "while True:\n    break",
        "await f()\nasync with a as b:\n    pass\ndef g():\n    yield",
        "def f():\n    return " + "+".join(["1"] * 900),
    ],
)
def test_words_in_their_places_and_waiting_at_the_top_are_fine(source: str) -> None:
    made = notebook(source)
    assert cell_meaning(made, made.cells[0])
