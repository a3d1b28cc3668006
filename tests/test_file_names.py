"""Names of files: what in them is more than a name, and how they can be written anywhere."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.file_names import is_text, neutralised, shown_name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a\tb.ipynb", "U+0009"),
        ("a\r\nb.ipynb", "U+000D, U+000A"),
        ("\x1b[31mred.ipynb", "U+001B"),
        ("model\u2066gpj.ipynb", "U+2066"),
        ("mo\u200bdel.ipynb", "U+200B"),
        ("a\u2028b.ipynb", "U+2028"),
        ("${{ secrets.X }}.ipynb", "`${{`"),
        ("nb/##[warning]x.ipynb", "`##[`"),
        ("::notice::x.ipynb", "`::`"),
        ("![x](y).ipynb", "`](`"),
        ("</details>.ipynb", "`<`, `>`"),
        ("a|b`.ipynb", "`|`, ```"),
    ],
)
def test_what_steers_or_marks_up_is_named(name: str, said: str) -> None:
    warning = neutralised(name)
    assert warning.startswith(f"text.neutralised: its name holds {said}; ")
    assert warning.isprintable()


@pytest.mark.parametrize("name", ["model.ipynb", "my model (2).ipynb", "nb/ü 木.ipynb", "a::b.ipynb", "a;b$(c).ipynb"])
def test_a_plain_name_is_no_reason_to_warn(name: str) -> None:
    assert neutralised(name) == ""


def test_only_the_first_oddities_are_listed() -> None:
    assert "U+0004 and more;" in neutralised("\x01\x02\x03\x04\x05\x01.ipynb")


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name))
def test_any_name_can_be_written_and_told_apart(name: bytes) -> None:
    path = os.fsdecode(name)
    assert json.loads(json.dumps(shown_name(path)).encode("utf-8")) == shown_name(path)
    shown_name(path).encode("utf-8")
    neutralised(path).encode("utf-8")
    assert is_text(path) == (shown_name(path) == path)
