"""An executed notebook is read as it is, and nothing in it becomes more than text, a clean table or a picture."""

import base64
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alekseylearn.page.executed import MAX_CELLS, MAX_HTML, MAX_TEXT, Output, middle_out, read_executed
from tests.executed import cell, executed, figure, png, printed, raised, shown
from tests.test_sections_hostile import HOSTILE

TABLE = """<div><style scoped>.dataframe { position: fixed }</style><table border="1" class="dataframe" onclick="x()">
<thead><tr style="text-align: right;"><th></th><th colspan="2">a</th></tr></thead>
<tbody><tr><th>0</th><td>1.5<script>alert(1)</script></td><td><a href="javascript:x()">b</a></td></tr></tbody></table></div>"""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def outputs(*raw: object) -> tuple[Output, ...]:
    found = read_executed(executed([cell(3, "x", *raw)]))
    assert found is not None
    return found[0].outputs


def only(raw: object) -> Output:
    (found,) = outputs(raw)
    return found


def test_cells_keep_their_number_source_and_time() -> None:
    found = read_executed(
        executed(
            [
                cell(4, "a = 1\nb = 2"),
                cell(None, "p = 3", seconds=None),
                cell(9, "c", ran=False),
                {"cell_type": "markdown", "source": "text"},
                {"cell_type": "code", "source": ["a\n", 7, "b"], "metadata": None, "outputs": None},
            ]
        )
    )
    assert found is not None
    assert [(one.number, one.source, one.seconds, one.ran) for one in found] == [
        (4, "a = 1\nb = 2", 1.5, True),
        (None, "p = 3", None, True),
        (9, "c", 1.5, False),
        (None, "a\nb", None, False),
    ]


def test_what_is_printed_is_shown_as_a_terminal_leaves_it() -> None:
    bar = printed(["\x1b[32m10 %\x1b[0m\r", "55 %\rdone\r\n", "\x1b]0;title\x07next\n"])  # type: ignore[arg-type]
    assert only(bar) == Output(kind="printed", text="done\nnext", stream="stdout")
    assert only(printed("oh", "stderr")).stream == "stderr"
    assert outputs(printed(" \n")) == ()


def test_an_error_is_shown_with_its_traceback_or_else_its_message() -> None:
    assert only(raised("ValueError", "no", "Traceback", "ValueError: no")).text == "Traceback\nValueError: no"
    assert only(raised("ValueError", "no")) == Output(kind="error", text="ValueError: no")


def test_a_picture_is_taken_before_words() -> None:
    found = only(figure(width=6, height=4))
    assert found.text.startswith("data:image/png;base64,iVBOR")
    assert (found.kind, found.width, found.height) == ("figure", 6, 4)
    jpeg = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(40)).decode()
    assert only(shown({"image/jpeg": jpeg})) == Output(kind="figure", text=f"data:image/jpeg;base64,{jpeg}")


def test_a_drawing_is_shown_as_an_image_which_runs_nothing() -> None:
    found = only(shown({"image/svg+xml": "\n<svg onload='alert(1)'></svg>"}))
    assert found.text == "data:image/svg+xml;base64," + base64.b64encode(b"<svg onload='alert(1)'></svg>").decode()


@pytest.mark.parametrize(
    "data",
    [
        {"image/png": "no base64!"},
        {"image/png": base64.b64encode(b"GIF89a").decode()},
        {"image/png": 7},
        {"image/svg+xml": "<html>"},
        {"text/html": "<p>no table</p>"},
        {"text/html": "<table></table>" + " " * MAX_HTML},
    ],
)
def test_what_is_no_picture_and_no_table_is_shown_in_words(data: dict[str, object]) -> None:
    assert only(shown({**data, "text/plain": ["plain ", "words"]})) == Output(kind="text", text="plain words")
    assert outputs(shown(data)) == ()


def test_other_words_stand_in_for_plain_ones() -> None:
    assert only(shown({"text/markdown": "**x**", "text/latex": "$x$"})).text == "**x**"
    assert only(shown({"text/latex": "$x$"})).text == "$x$"


def test_a_table_keeps_its_cells_and_nothing_that_acts_or_dresses() -> None:
    found = only(shown({"text/html": TABLE, "text/plain": "plain"}))
    assert found.kind == "html"
    assert '<th colspan="2">a</th>' in found.text
    assert "<td>1.5</td><td>b</td>" in found.text
    for word in ("script", "alert", "style", "onclick", "javascript", "class", "fixed"):
        assert word not in found.text


def test_odd_outputs_are_left_out() -> None:
    assert outputs(7, {"output_type": "update"}, {"output_type": "display_data", "data": "x"}, printed("kept")) == (
        Output(kind="printed", text="kept", stream="stdout"),
    )


def test_long_text_loses_its_middle() -> None:
    text = only(printed("a" * MAX_TEXT + "b" * 500)).text
    assert "… 500 characters left out …" in text
    assert middle_out("short", 5) == "short"


@pytest.mark.parametrize("data", [b"", b"no json", b"[]", b'{"cells": 7}', b"[" * 5000])
def test_what_is_no_notebook_is_none(data: bytes) -> None:
    assert read_executed(data) is None


def test_of_very_many_cells_the_first_are_read() -> None:
    found = read_executed(executed([cell(0, "x")] * (MAX_CELLS + 5)))
    assert found is not None
    assert len(found) == MAX_CELLS


@settings(deadline=None)
@given(st.lists(JSON, max_size=4), st.lists(JSON, max_size=4))
def test_no_document_breaks_the_reader(cells: list[object], shape: list[object]) -> None:
    inner = [
        {"cell_type": "code", "source": one, "metadata": {"alekseylearn": one}, "outputs": [one, *shape]}
        for one in cells
    ]
    rich = [{"output_type": "display_data", "data": one} for one in shape]
    rich += [{"output_type": "stream", "text": one, "name": one} for one in shape]
    document = {"cells": [*cells, *inner, {"cell_type": "code", "outputs": rich}]}
    assert read_executed(json.dumps(document).encode()) is not None


@settings(deadline=None)
@given(HOSTILE)
@example("</table></div><script>alert(1)</script>")
@example("<table><caption><style>*{}</style><img src=x onerror=alert(1)>")
def test_a_cleaned_table_is_made_of_allowed_tags_only(text: str) -> None:
    for found in outputs(shown({"text/html": f"<table><tr><td>{text}</td></tr></table>", "text/plain": "x"})):
        lowered = found.text.lower()
        for word in ("<script", "<style", "<img", "<iframe", "<svg", "onerror=", "<a "):
            assert word not in lowered or found.kind == "text"


def test_a_picture_of_the_tests_is_one() -> None:
    assert png(2, 3, (0, 0, 0))[16:24] == bytes([0, 0, 0, 2, 0, 0, 0, 3])
