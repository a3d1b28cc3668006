"""A log is read in pieces, by anybody, at any time: each line is told once."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alekseylearn.errors import UsageError
from alekseylearn.log_reading import Cursor, LogEntry, whole_lines

SECOND = 10**9
START = 1_790_000_000 * SECOND

# Lines as an engine writes them: cut into entries, of which several may come at the same moment.
texts = st.text(st.sampled_from("ab\u00e9\u20ac\U0001f40d \r"), max_size=6).map(str.encode)
ends = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\n\n", b"", b"\nx"])
steps = st.sampled_from([0, 0, 0, 1, SECOND // 3, SECOND])


@st.composite
def logs(draw: st.DrawFn) -> list[LogEntry]:
    entries, time = [], START
    for data in draw(st.lists(st.builds(bytes.__add__, texts, ends), max_size=10)):
        cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            time += draw(steps)
            entries.append(LogEntry(time, data[start:end]))
    return entries


def since(entries: list[LogEntry], cursor: Cursor) -> list[LogEntry]:
    """Answer as an engine does, which is asked from a whole second on."""
    return [entry for entry in entries if entry.time >= cursor.time // SECOND * SECOND]


def told(data: bytes) -> list[str]:
    lines = data.split(b"\n")
    return [line.decode(errors="replace").rstrip("\r") for line in (lines if lines[-1] else lines[:-1])]


@given(logs(), st.data())
@example([LogEntry(START, b"a\nb"), LogEntry(START, b"c\n")], None)
def test_however_a_log_is_polled_each_line_is_told_exactly_once(
    log: list[LogEntry], data: st.DataObject | None
) -> None:
    numbers = st.lists(st.integers(0, len(log)), max_size=6).map(sorted)
    prefixes = [1] if data is None else data.draw(numbers, "polls while it runs")
    after = 1 if data is None else data.draw(st.integers(1, 3), "polls after its end")
    seen: list[str] = []
    word = ""
    for length, ended in [*((length, False) for length in prefixes), *[(len(log), True)] * after]:
        cursor = Cursor.parse(word)
        lines, reached = whole_lines(since(log[:length], cursor), cursor, ended=ended)
        assert (reached.time, reached.count) >= (cursor.time, cursor.count)
        seen += lines
        word = str(reached)
    assert seen == told(b"".join(entry.data for entry in log))


@given(logs())
def test_of_a_job_that_runs_a_line_is_told_when_it_is_whole(log: list[LogEntry]) -> None:
    lines, _ = whole_lines(log, Cursor(), ended=False)
    whole = b"".join(entry.data for entry in log)
    while log and not log[-1].data.endswith(b"\n"):
        log = log[:-1]
    assert list(lines) == told(b"".join(entry.data for entry in log))
    assert whole.startswith(b"".join(entry.data for entry in log))


def test_a_line_that_was_cut_in_a_character_is_put_together() -> None:
    word = "\u20ac".encode()
    entries = [LogEntry(START, word[:1]), LogEntry(START, word[1:]), LogEntry(START + 1, b"\n")]
    assert whole_lines(entries, Cursor(), ended=False) == (("\u20ac",), Cursor(START + 1, 1))


def test_entries_of_one_moment_are_counted() -> None:
    entries = [LogEntry(START, b"a\n"), LogEntry(START, b"b\n"), LogEntry(START, b"c\n")]
    lines, cursor = whole_lines(entries[:2], Cursor(), ended=False)
    assert (lines, cursor) == (("a", "b"), Cursor(START, 2))
    assert whole_lines(entries, cursor, ended=False) == (("c",), Cursor(START, 3))


def test_the_last_line_of_an_ended_job_is_told_without_its_end() -> None:
    entries = [LogEntry(START, b"a\n"), LogEntry(START, b"b")]
    assert whole_lines(entries, Cursor(), ended=False) == (("a",), Cursor(START, 1))
    lines, cursor = whole_lines(entries, Cursor(START, 1), ended=True)
    assert (lines, cursor) == (("b",), Cursor(START, 2))
    assert whole_lines(entries, cursor, ended=True) == ((), cursor)


def test_no_entry_leaves_the_cursor_where_it_was() -> None:
    assert whole_lines([], Cursor(START, 4), ended=True) == ((), Cursor(START, 4))


def test_a_line_of_many_pieces_takes_no_long_time() -> None:
    pieces = [LogEntry(START, b"x" * 16_384)] * 4000
    lines, _ = whole_lines([*pieces, LogEntry(START, b"\n")], Cursor(), ended=False)
    assert [len(line) for line in lines] == [4000 * 16_384]


@given(st.integers(0, 10**20 - 1), st.integers(0, 10**9 - 1))
def test_a_cursor_comes_back_as_it_was(time: int, count: int) -> None:
    assert Cursor.parse(str(Cursor(time, count))) == Cursor(time, count)


def test_the_beginning_is_an_empty_cursor() -> None:
    assert Cursor.parse("") == Cursor() == Cursor.parse("0+0")


@pytest.mark.parametrize(
    "text",
    [" ", "5", "+", "1+", "+1", "-1+1", "1+-1", "1+1 ", "1+1\n", "1.5+1", "x+1", "\u0661+\u0661", "9" * 21 + "+1"],
)
def test_what_was_never_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"log\.cursor"):
        Cursor.parse(text)
