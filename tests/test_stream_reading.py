"""Cursors over the streams of a job's log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import UsageError
from alekseylearn.stream_reading import Place, StreamCursor, streams_of

TOKENS = st.text("abcdef0123456789/.-_f:", max_size=60)
PLACES = st.lists(st.builds(Place, st.integers(0, 10**12 - 1), TOKENS)).map(tuple)


@given(PLACES, st.booleans())
def test_a_cursor_is_read_as_it_was_written(places: tuple[Place, ...], whole: bool) -> None:
    cursor = StreamCursor(places, whole=whole)
    assert StreamCursor.parse(str(cursor)) == cursor


def test_the_empty_cursor_is_the_beginning_of_every_stream() -> None:
    assert StreamCursor.parse("") == StreamCursor()
    assert str(StreamCursor()) == ""
    assert StreamCursor().at(3) == Place(0, "")
    assert StreamCursor((Place(5, "f/1"),)).at(0) == Place(5, "f/1")


@pytest.mark.parametrize("text", ["x-1", "1", ":", "1:a,", "1:a,2", "-1:a", "1:a b", "1:\n", "whole", "9" * 13 + ":a"])
def test_what_was_never_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"log\.cursor"):
        StreamCursor.parse(text)


def test_the_streams_of_a_job_come_in_the_order_in_which_they_began() -> None:
    names = ["j-1/algo-1-200", "j-1/algo-1-99", "j-1/algo-10-5", "j-1/algo-2-1", "j-11/algo-1-1", "j-1/algo-1-x", "odd"]
    assert streams_of("j-1", names, "algo-1") == ("j-1/algo-1-99", "j-1/algo-1-200")
