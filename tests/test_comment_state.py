"""What the comment remembers: it comes back as it was written, and nothing that was tampered with comes back at all."""

import base64
import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.comment_state import (
    MAX_ENCODED,
    MAX_JSON,
    MAX_RUNS,
    CommentState,
    PastRun,
    decode,
    encode,
    is_ours,
    marker,
    with_run,
)
from alekseylearn.text import clean

RUN = PastRun(
    sha="4e1f0c2", when="2026-11-22 12:24 UTC", metric="acc", value=0.9, change=0.1, seconds=3.5, result="trained"
)
STATE = CommentState(order=(812, 1), head="4e1f0c2" + "0" * 33, history=(RUN,))
WORDS = st.text(max_size=80).map(lambda text: clean(text, 80))
SHAS = st.text("0123456789abcdef", max_size=40)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
RUNS = st.builds(
    PastRun,
    sha=SHAS,
    when=WORDS,
    metric=WORDS,
    value=st.none() | NUMBERS,
    change=st.none() | NUMBERS,
    seconds=NUMBERS,
    result=WORDS,
    cost=st.none() | NUMBERS,
    notebook=WORDS,
)
COUNTS = st.integers(min_value=0, max_value=2**53)
BEGUN = st.lists(st.binary(min_size=6, max_size=6).map(bytes.hex), max_size=3).map(tuple)
STATES = st.builds(
    CommentState, order=st.tuples(COUNTS, COUNTS), head=SHAS, history=st.lists(RUNS, max_size=5).map(tuple), begun=BEGUN
)


@given(STATES, st.text(max_size=200))
def test_a_state_comes_back_as_it_was_written(state: CommentState, above: str) -> None:
    assert decode(f"{above}\n{encode(state)}") == state
    assert decode(f"{above}\n{encode(state)}\r\n\n") == state


@given(st.text())
def test_no_text_breaks_the_reader(body: str) -> None:
    assert decode(body) is None
    assert decode(f"<!-- alekseylearn-state v1 {body} -->") is None


@given(st.binary(max_size=300))
def test_no_packed_bytes_break_the_reader(data: bytes) -> None:
    assert decode(_line(data)) is None
    assert decode(_line(zlib.compress(data))) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=20))
def test_another_shape_is_no_state(data: object) -> None:
    packed = _line(zlib.compress(json.dumps(data).encode()))
    state = decode(packed)
    assert state is None or isinstance(state, CommentState)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((), {}),
        ((0,), [1]),
        ((0, 0), True),
        ((0, 0), -1),
        ((0, 1), 2**60),
        ((1,), "Main"),
        ((1,), 7),
        ((1,), "a" * 41),
        ((2,), {}),
        ((2,), [[]] * (MAX_RUNS + 1)),
        ((2, 0), "run"),
        ((2, 0, 0), "<b>"),
        ((2, 0, 1), 7),
        ((2, 0, 1), "x" * 81),
        ((2, 0, 2), "two\nlines"),
        ((2, 0, 5), "0.9"),
        ((2, 0, 5), True),
        ((2, 0, 6), float("inf")),
    ],
)
def test_one_wrong_part_makes_the_whole_state_unread(place: tuple[int, ...], value: object) -> None:
    document = json.loads(zlib.decompress(base64.b64decode(encode(STATE).split(" ")[3])))
    assert decode(_line(zlib.compress(json.dumps(document).encode()))) == STATE
    inside = [document]
    for index in (0, *place)[:-1]:
        inside = inside[index]
    inside[place[-1] if place else 0] = value
    changed = inside[0] if not place else document
    assert decode(_line(zlib.compress(json.dumps(changed).encode()))) is None


@pytest.mark.parametrize("begun", [{}, "c0ffee000000", [7], ["c0ffee"], ["C0FFEE000000"], ["c0ffee000000"] * 121])
def test_runs_that_are_none_make_the_whole_state_unread(begun: object) -> None:
    assert decode(_line(zlib.compress(json.dumps([[1, 1], "", [], begun]).encode()))) is None
    assert decode(_line(zlib.compress(json.dumps([[1, 1], "", [], [], []]).encode()))) is None


def test_a_state_without_such_runs_has_the_shape_that_earlier_versions_read() -> None:
    def parts(state: CommentState) -> int:
        return len(json.loads(zlib.decompress(base64.b64decode(encode(state).split(" ")[3]))))

    assert (parts(STATE), parts(replace(STATE, begun=("c0ffee000000",)))) == (3, 4)
    assert parts(replace(STATE, begun=("no run",))) == 3


def test_a_bomb_is_not_unpacked() -> None:
    bomb = _line(zlib.compress(b" " * 8_000_000, 9))
    assert len(bomb) < MAX_ENCODED
    assert decode(bomb) is None
    assert decode(_line(zlib.compress(b" " * MAX_JSON + json.dumps([[1, 1], "", []]).encode()))) is None


def test_a_state_longer_than_the_limit_is_not_looked_at() -> None:
    assert decode(f"<!-- alekseylearn-state v1 {'A' * (MAX_ENCODED + 4)} -->") is None


def test_what_follows_the_packed_state_makes_it_unread() -> None:
    packed = zlib.compress(json.dumps([[1, 1], "", []]).encode())
    assert decode(_line(packed)) == CommentState(order=(1, 1), head="")
    assert decode(_line(packed + b"more")) is None
    assert decode(_line(packed[:-2])) is None


def test_the_state_must_be_the_last_line() -> None:
    assert decode(encode(STATE) + "\nThank you!") is None


def test_twenty_runs_take_little_room() -> None:
    runs = tuple(replace(RUN, sha=f"{place:07x}", value=0.9 + place / 1000) for place in range(MAX_RUNS))
    assert len(encode(replace(STATE, history=runs))) < 1200


def test_runs_without_room_are_forgotten_from_the_oldest_on() -> None:
    # Words that no compression makes shorter.
    long = "".join(chr(0x4E00 + (place * 7919) % 20_000) for place in range(3 * 80 * MAX_RUNS))
    words = [long[place : place + 80] for place in range(0, len(long), 80)]
    runs = tuple(
        replace(RUN, metric=words[place], result=words[place + 1], notebook=words[place + 2])
        for place in range(0, len(words), 3)
    )
    state = decode(encode(replace(STATE, history=runs)))
    assert state is not None
    assert 0 < len(state.history) < MAX_RUNS
    assert state.history == runs[: len(state.history)]


def test_what_cannot_be_read_back_is_not_written() -> None:
    odd = replace(RUN, sha="work tree", value=float("nan"), change=float("inf"), metric="a" * 200)
    state = decode(encode(replace(STATE, head="HEAD", history=(odd,) * 30)))
    assert state is not None
    assert (state.head, len(state.history)) == ("", MAX_RUNS)
    assert (state.history[0].sha, state.history[0].value, state.history[0].change) == ("", None, None)


def test_the_newest_run_stands_in_front() -> None:
    later = replace(RUN, sha="77aa310")
    state = with_run(with_run(CommentState(order=(1, 1), head=""), RUN), later)
    assert [run.sha for run in state.history] == ["77aa310", "4e1f0c2"]


def test_the_same_ending_is_told_once() -> None:
    again = replace(RUN, when="2026-11-22 13:00 UTC")
    assert with_run(STATE, again).history == (again,)
    failed = replace(again, result="failed, cell 8")
    assert with_run(STATE, failed).history == (failed, RUN)


def test_only_so_many_runs_are_kept() -> None:
    state = STATE
    for place in range(50):
        state = with_run(state, replace(RUN, sha=f"{place:07x}"))
    assert len(state.history) == MAX_RUNS
    assert state.history[0].sha == f"{49:07x}"


def test_ours_has_the_marker_of_its_pull_request_as_its_whole_first_line() -> None:
    assert is_ours(marker(42), 42)
    assert is_ours(f"{marker(42)}\r\n### Trained", 42)
    assert is_ours(marker(None), None)
    assert not is_ours(marker(420), 42)
    assert not is_ours(f"> {marker(42)}", 42)
    assert not is_ours(f"{marker(42)} quoted", 42)
    assert not is_ours(f"Hello\n{marker(42)}", 42)


def _line(packed: bytes) -> str:
    return f"<!-- alekseylearn-state v1 {base64.b64encode(packed).decode()} -->"
