"""Strict loaders: plain values, or one error with the place, in bounded time."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import InputError
from alekseylearn.strict import Limits, load_json, load_yaml

NB = Limits(family="nb", max_bytes=1000, max_depth=5)
CFG = Limits(family="cfg", max_bytes=1000, max_depth=5)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def refusal(load: Callable[[bytes, str, Limits], Any], data: bytes, limits: Limits) -> InputError:
    with pytest.raises(InputError) as caught:
        load(data, "the file", limits)
    assert len(str(caught.value).splitlines()) <= 5
    assert caught.value.hint
    return caught.value


@given(values)
def test_json_within_the_limits_comes_through(value: Any) -> None:
    wide = Limits(family="nb", max_bytes=10**6, max_depth=100)
    assert load_json(json.dumps(value).encode(), "x", wide) == value
    assert load_json(b"\xef\xbb\xbf" + json.dumps(value, indent=1).encode(), "x", wide) == value


@pytest.mark.parametrize(
    ("data", "slug", "what", "where"),
    [
        (b"", "nb.unreadable", "empty", "the file"),
        (b" \n\t", "nb.unreadable", "empty", "the file"),
        (b"\xff\xfe{}", "nb.unreadable", "not UTF-8 text (byte 0)", "the file"),
        (
            b'{"a": 1,\n "b" 2}',
            "nb.unreadable",
            "not valid JSON: Expecting ':' delimiter",
            "the file, line 2, column 6",
        ),
        (b"{'a': 1}", "nb.unreadable", "not valid JSON", "line 1"),
        (b'{"a": 1} {"b": 2}', "nb.unreadable", "Extra data", "line 1, column 10"),
        (b'{"a": 1, "b": 3, "a": 2}', "nb.ambiguous", "duplicate key 'a'", "the file"),
        (b'[{"x": {"a": 1, "a": 1}}]', "nb.ambiguous", "duplicate key 'a'", "the file"),
        (b" " * 1001, "nb.limit", "1 kB large; at most 1 kB", "the file"),
        (b"[[[[[[1]]]]]]", "nb.limit", "more than 5 levels deep", "the file"),
        (b'{"a":{"a":{"a":{"a":{"a":{}}}}}}', "nb.limit", "more than 5 levels deep", "the file"),
    ],
)
def test_json_that_is_refused_says_why_and_where(data: bytes, slug: str, what: str, where: str) -> None:
    error = refusal(load_json, data, NB)
    assert error.slug == slug
    assert what in error.what
    assert where in error.where


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_but_python_reads_is_refused_or_noted(name: str) -> None:
    data = f'{{"a": [{name}]}}'.encode()
    assert name in refusal(load_json, data, CFG).what
    noted: list[str] = []
    assert repr(load_json(data, "x", NB, noted)["a"][0]) == repr(float(name))
    assert noted == [name]


@pytest.mark.parametrize(
    "data",
    [
        b'{"cells": 1, "\\u0063ells": 2}',
        b'{"a": {"": 1, "b": 2, "": 3}}',
        b'{"\\ud800": 1, "\\uD800": 2}',
        b'{"__proto__": 1, "__proto__": 1}',
        b'{"\\/": 1, "/": 2}',
    ],
)
def test_a_key_that_is_spelled_in_two_ways_stands_twice(data: bytes) -> None:
    assert refusal(load_json, data, NB).slug == "nb.ambiguous"


def test_json_at_the_limits_is_read() -> None:
    assert load_json(b"[[[[[1]]]]]", "x", NB) == [[[[[1]]]]]
    assert load_json(b'["[[[[[[[["]', "x", NB) == ["[[[[[[[["]
    assert load_json(b"1".ljust(1000), "x", NB) == 1
    assert load_json(b'"text"', "x", NB) == "text"


HUGE = Limits(family="nb", max_bytes=10**8, max_depth=100)


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"[" * 2_000_000, "nb.limit"),
        (b'{"a":' * 500_000, "nb.limit"),
        (b'{"a": "' + b'\\"' * 1_000_000, "nb.unreadable"),
        (b"[" + b"9" * 100_000 + b"]", "nb.limit"),
        (b'"' * 1_000_001, "nb.unreadable"),
    ],
)
def test_hostile_json_is_refused_at_once(data: bytes, slug: str) -> None:
    assert refusal(load_json, data, HUGE).slug == slug


def test_the_remedy_for_depth_fits_the_kind_of_file() -> None:
    assert "outputs" in refusal(load_json, b"[[[[[[1]]]]]]", NB).hint
    assert "flatten" in refusal(load_json, b"[[[[[[1]]]]]]", CFG).hint


@given(st.binary(max_size=200))
def test_bytes_are_a_value_or_one_of_our_errors(data: bytes) -> None:
    for load in (load_json, load_yaml):
        with contextlib.suppress(InputError):
            load(data, "x", CFG)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, 2.5]\n", {"a": 1, "b": ["x", 2.5]}),
        ("on: [done]\nno: yes\n", {"on": ["done"], "no": "yes"}),
        ("a: 010\nb: 1:30\nc: 0x10\nd: 1_000", {"a": "010", "b": "1:30", "c": "0x10", "d": "1_000"}),
        ("a: 2026-01-02\n", {"a": "2026-01-02"}),
        ("a: ~\nb: null\nc:\nd: ''", {"a": None, "b": None, "c": None, "d": ""}),
        ("a: true\nb: FALSE\nc: True\n", {"a": True, "b": False, "c": True}),
        ("a: 1e-3\nb: 1e3\nc: .5\nd: -2.\ne: +7", {"a": 0.001, "b": 1000.0, "c": 0.5, "d": -2.0, "e": 7}),
        ("<<: {a: 1}\n", {"<<": {"a": 1}}),
        ("a: '>= 0.92'", {"a": ">= 0.92"}),
        ("- 1\n- [2, [3, [4, [5]]]]", [1, [2, [3, [4, [5]]]]]),
        ("# only a comment", None),
    ],
)
def test_yaml_reads_as_yaml_1_2_does(text: str, value: Any) -> None:
    assert load_yaml(text.encode(), "x", CFG) == value


@pytest.mark.parametrize(
    ("text", "slug", "what", "where"),
    [
        ("", "cfg.syntax", "empty", "the file"),
        ("a: [1, 2", "cfg.syntax", "expected", "line 1, column 9"),
        ("a: 1\n\tb: 2", "cfg.syntax", "", "line 2"),
        ("a: \x01", "cfg.syntax", "not valid YAML", "the file"),
        ("a: 1\nb: 2\na: 3", "cfg.syntax", "duplicate key 'a'", "line 3, column 1"),
        ("? [1, 2]\n: x", "cfg.syntax", "cannot be a key", "line 1"),
        ("a: &x 1\nb: *x", "cfg.limit", "anchors", "line 1"),
        ("a: *x", "cfg.limit", "anchors", "line 1"),
        ("a: !!python/object:os.system x", "cfg.syntax", "tags", "line 1"),
        ("a: ! x", "cfg.syntax", "tags", "line 1"),
        ("a: 1\n---\nb: 2", "cfg.syntax", "more than one YAML document", "line 2"),
        ("a:\n b:\n  c:\n   d:\n    e:\n     f: 1", "cfg.limit", "more than 5 levels", "line 6"),
        ("[" * 900, "cfg.limit", "more than 5 levels", "line 1"),
        ("1: a\ntrue: b", "cfg.syntax", "True cannot be a key", "line 2"),
        ("a: >= 0.92", "cfg.syntax", "expected", "line 1"),
        ("a" * 1001, "cfg.limit", "at most", "the file"),
    ],
)
def test_yaml_that_is_refused_says_why_and_where(text: str, slug: str, what: str, where: str) -> None:
    error = refusal(load_yaml, text.encode(), CFG)
    assert error.slug == slug
    assert what in error.what
    assert where in error.where


def test_the_remedy_for_a_bare_comparison_is_quotes() -> None:
    assert '">= 0.92"' in refusal(load_yaml, b"gates: {accuracy: >= 0.92}", CFG).hint


def test_yaml_that_is_not_text_is_refused() -> None:
    assert refusal(load_yaml, b"a: \xff", CFG).slug == "cfg.syntax"
