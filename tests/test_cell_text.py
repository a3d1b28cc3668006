"""The text of a cell: writable everywhere, and what hides in it is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.cell_text import halves_in, hidden_in, is_plain, lookalikes_in, read_source, which_cells, writable
from alekseylearn.errors import InputError


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_every_text_can_be_written(text: str) -> None:
    shown = writable(text)
    assert shown.encode().decode() == shown
    assert writable(shown) == shown
    assert (shown == text) == (not halves_in(text))


def test_half_a_character_means_the_same_in_a_string_of_python() -> None:
    assert eval(writable("'\ud83d'")) == "\ud83d"
    assert halves_in("'\udfff \ud83d \ud83d'") == ["U+D83D", "U+DFFF"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("role = 'user\u202e \u2066# admin\u2069'", ["U+202E", "U+2066", "U+2069"]),
        ("if x:\u2028    y", ["U+2028"]),
        ("if \u3164 == x", ["U+3164"]),
        ("a\u200b\u200c\u2060\ufeff\u00adb", ["U+00AD", "U+200B", "U+200C", "U+2060", "U+FEFF"]),
        ("x = '\x1b[2K\x08'", ["U+0008", "U+001B"]),
        ("'\U000e0041'", ["U+E0041"]),
        ("a\u200db", ["U+200D"]),
        ("'👩\u200d💻 ❤\ufe0f'", []),
        ("x = 'naïve Größe 数'\n\ty", []),
        ("\x0c\n", []),
    ],
)
def test_what_cannot_be_seen_is_named(text: str, found: list[str]) -> None:
    assert hidden_in(text) == found
    assert not (found and is_plain(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("s\u0441ope = 1", ["U+0441"]),
        ("\u0430dmin = user_\u0430", ["U+0430"]),
        ("# мир и с тобой, модель", []),
        ("данные = df_данные + с", []),
        ("σ_x = μ2 + é", []),
        ("plain", []),
    ],
)
def test_letters_that_look_like_others_are_named(text: str, found: list[str]) -> None:
    assert lookalikes_in(text) == found


def test_a_text_is_put_together_and_its_lines_end_in_one_way() -> None:
    assert read_source("x", ["a\r\n", "b\r", "c"]) == "a\nb\nc"
    for raw, slug in (([1], "nb.schema"), (None, "nb.schema"), ({"a": 1}, "nb.schema"), ("\0", "nb.source")):
        with pytest.raises(InputError) as caught:
            read_source("x", raw)
        assert caught.value.slug == slug


def test_cells_are_named_and_many_are_counted() -> None:
    assert which_cells([3]) == "cell 3"
    assert which_cells([1, 2]) == "cells 1, 2"
    assert which_cells(range(20)).endswith("10, 11 and 8 more")
