"""Large outputs are cut out of a notebook's bytes: the rest is what it was, whatever the bytes are."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn import skimming
from alekseylearn.errors import InputError
from alekseylearn.notebook import Notebook, parse
from alekseylearn.skimming import read_cut, skim
from tests.test_notebook import cell, document, shown

LONG = 'a "quoted" \\ text with [brackets] and {braces}, é and 🎉\n' * 40


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Let every notebook count as large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skimming, "SMALL", 0)
        yield


def written(value: Any, *, ascii_only: bool = False, indent: int | None = 1) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()


def refusal(data: bytes, max_depth: int = 100) -> InputError:
    with pytest.raises(InputError) as caught:
        skim(data, "a.ipynb", max_depth)
    return caught.value


def read(value: Any) -> Notebook:
    return parse("a.ipynb", written(value))


def without(value: Any) -> Any:
    """Put None in the place of what was cut."""
    if isinstance(value, dict):
        return {key: without(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without(each) for each in value]
    return None if read_cut(value) else value


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
def test_what_is_cut_are_long_outputs_attachments_and_widgets(ascii_only: bool, indent: int | None) -> None:
    long, short = [shown(text=LONG)], [shown(text="1")]
    made = document(
        cell("x", id="a", outputs=long),
        cell("outputs: [1]" + LONG, id="b", outputs=short),
        cell("y", id="c", cell_type="markdown", attachments={"a.png": {"image/png": "iVBO" * 900}}),
        cell("z", id="d", metadata={"outputs": long, "deep": {"attachments": long}}),
        metadata={"widgets": {"state": long}, "kernelspec": {"widgets": long}},
    )
    found = without(json.loads(skim(written(made, ascii_only=ascii_only, indent=indent), "x", 100).data))
    assert found["cells"][0]["outputs"] is None
    assert found["cells"][2]["attachments"] is None
    assert found["metadata"]["widgets"] is None
    made["cells"][0]["outputs"] = made["cells"][2]["attachments"] = made["metadata"]["widgets"] = None
    assert found == made


def test_equal_outputs_have_equal_digests_and_others_have_others() -> None:
    same, again, other = read(
        document(
            *(
                cell("x", id=name, outputs=[shown(text=text)])
                for name, text in zip("abc", (LONG, LONG, LONG + "1"), strict=True)
            )
        )
    ).cells
    assert same.outputs == again.outputs != other.outputs
    assert all(len(each.outputs) == 64 for each in (same, other))


def test_a_digest_that_a_notebook_claims_is_a_digest_and_nothing_more() -> None:
    (found,) = read(document(cell("x", id="a", outputs=f"cut:{'0' * 64}:7"))).cells
    assert found.outputs == "0" * 64
    assert read_cut("cut:0:0") is read_cut(["cut"]) is None


def test_what_cut_outputs_hold_is_told() -> None:
    token = "ghp_" + "a1B2c3D4" * 4 + "e5F6"
    found = read(
        document(
            cell("x", id="a", outputs=[shown(text=LONG + token)]),
            cell("x", id="b", outputs=[shown(text=LONG + "<script>")]),
        )
    )
    assert [text.partition(" hold")[0] for text in found.contained] == [
        "secret.redacted: outputs of cell 0",
        "text.neutralised: outputs of cell 1",
    ]


def test_a_key_that_stands_twice_is_seen_although_its_value_was_cut() -> None:
    outputs = json.dumps([LONG])
    for other in ("outputs", "\\u006futputs"):
        text = f'{{"nbformat":4,"cells":[{{"cell_type":"code","outputs":{outputs},"{other}":{outputs},"source":""}}]}}'
        with pytest.raises(InputError, match=r"nb\.ambiguous"):
            parse("a.ipynb", text.encode())


@pytest.mark.parametrize(
    ("data", "slug", "what"),
    [
        (b"[" * 101, "nb.limit", "nests values more than 100 levels deep"),
        (b'{"a":' * 101, "nb.limit", "more than 100 levels"),
        (b'{"a": ["x', "nb.unreadable", "a string never ends"),
        (b'{"a": ["x\\"', "nb.unreadable", "a string never ends"),
        (b'{"a": [', "nb.unreadable", "it ends before its last bracket"),
        (b'{"a": 1}]', "nb.unreadable", "a bracket is closed that was never opened"),
        (b'[[{"outputs": ["' + b"a" * 2000 + b'\xff"]}]]', "nb.unreadable", "not UTF-8"),
        (b'[[{"outputs": ["' + b"a" * 2000 + b'\xf0\x9f"]}]]', "nb.unreadable", "not UTF-8"),
    ],
)
def test_bytes_that_are_no_json_are_refused_with_their_line(data: bytes, slug: str, what: str) -> None:
    error = refusal(data)
    assert error.slug == slug
    assert what in error.what


def test_more_lists_than_fit_into_the_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skimming, "MAX_BRACKETS", 50)
    assert skim(b"[" + b",".join([b'"[[[["'] * 20) + b"]", "x", 10).data
    assert "more than 50 lists and objects" in refusal(b"[" + b",".join([b"[]"] * 50) + b"]").what
    assert refusal(b"[" + b",".join([b"1"] * 60) + b"]").slug == "nb.limit"
    monkeypatch.setattr(skimming, "MAX_REST", 100)
    assert refusal(b'["' + b"a" * 100 + b'"]').slug == "nb.limit"


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from(["{", "}", "[", "]", '"', "\\", ",", '"outputs":', "é", "1"])).map(
        lambda parts: "".join(parts).encode()
    )
)
def test_any_bytes_are_skimmed_or_refused(data: bytes) -> None:
    with contextlib.suppress(InputError):
        assert skim(data, "x", 5).data == data


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=6) | st.just("]" * 1200),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["outputs", 'a"', "\\"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(values, st.booleans())
def test_what_is_left_is_what_was_there(value: Any, ascii_only: bool) -> None:
    made = {"cells": [{"outputs": value, "source": value}], "metadata": value}
    found = json.loads(skim(written(made, ascii_only=ascii_only), "x", 100).data)
    assert found["cells"][0]["source"] == value
    if read_cut(found["cells"][0]["outputs"]) is None:
        assert found == made
