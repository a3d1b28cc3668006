"""Where a job is, read from the end of its events, whatever is torn, missing or made up in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.progressing import (
    Course,
    EndedCell,
    Live,
    cell_words,
    ended_words,
    live_json,
    read_course,
    round_words,
    summary,
    time_left,
    whereabouts,
)

START = {"event": "run-start", "time": 100.0, "cells": 3}


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def enters(cell: int | None, place: int, time: float = 100.0) -> dict[str, Any]:
    return {"event": "cell-start", "time": time, "cell": cell, "place": place, "cells": 3}


def leaves(cell: int | None, place: int, seconds: float = 2.0, state: str = "done") -> dict[str, Any]:
    return {"event": "cell-end", "cell": cell, "place": place, "cells": 3, "state": state, "seconds": seconds}


def epoch(number: object, time: object, of: object = 20, cell: int = 7) -> dict[str, Any]:
    return {"event": "epoch", "cell": cell, "epoch": number, "of": of, "time": time}


def live_of(*events: dict[str, Any], now: float = 0.0) -> Live:
    live = read_course(lines(*events), now).live
    assert live is not None
    return live


def at(**changes: Any) -> Live:
    made: dict[str, Any] = {"cell": 7, "place": 2, "cells": 3, "epoch": None, "epochs": None, "seconds_left": None}
    return Live(**made | changes)


class TestWhere:
    @pytest.mark.parametrize("data", [None, b"", b"\n", b'{"event": "cell-st', b"[]\n7\n", b"\xff\xfe\n"])
    def test_nothing_is_known_before_there_are_events(self, data: bytes | None) -> None:
        assert read_course(data, 0.0) == Course()

    def test_before_the_first_cell_it_is_in_none(self) -> None:
        assert live_of(START) == at(cell=None, place=0)

    def test_in_a_cell(self) -> None:
        assert live_of(START, enters(4, 1), leaves(4, 1), enters(7, 2)) == at()

    def test_between_two_cells(self) -> None:
        assert live_of(START, enters(4, 1), epoch(1, 101.0, cell=4), leaves(4, 1)) == at(cell=None, place=1)

    def test_what_was_injected_is_no_cell_of_the_notebook(self) -> None:
        assert live_of(START, enters(None, 0)) == at(cell=None, place=0)
        assert read_course(lines(START, enters(None, 0), leaves(None, 0)), 0.0).ended == ()

    def test_torn_lines_are_passed_over(self) -> None:
        data = b'time": 3, "cell": 9}\n' + lines(enters(7, 2)) + b'{"event": "cell-end", "cell": 7, "sta'
        assert read_course(data, 0.0).live == at()

    def test_after_the_end_it_is_nowhere_and_the_failure_is_named(self) -> None:
        ended = {"event": "run-end", "state": "failed", "exception": "NoGPU"}
        assert read_course(lines(START, ended), 0.0) == Course(failure="NoGPU")
        assert read_course(lines(START, ended | {"exception": 7}), 0.0) == Course()

    def test_the_cells_that_have_ended_are_told(self) -> None:
        events = [START, enters(4, 1), leaves(4, 1), enters(7, 2), leaves(7, 2, 48.0), enters(8, 3)]
        events.append(leaves(8, 3, state="failed"))
        ended = (EndedCell(4, 1, 3, 2.0), EndedCell(7, 2, 3, 48.0))
        assert read_course(lines(*events), 0.0).ended == ended
        # The beginning of a cell may have left the tail.
        assert read_course(lines(leaves(7, 2, 48.0)), 0.0).ended == (EndedCell(7, 2, 3, 48.0),)

    def test_the_step_of_the_last_metric(self) -> None:
        metric = {"event": "metric", "name": "loss", "cell": 7}
        events = [enters(7, 2), metric | {"step": 511}, metric | {"step": 512}, metric | {"step": None}]
        assert live_of(*events).step == 512
        assert live_of(*events, leaves(7, 2)).step is None

    def test_unknown_events_are_passed_over(self) -> None:
        assert live_of(enters(7, 2), {"event": "weather"}, {"no": 1}) == at()


class TestEpochs:
    def test_the_last_that_was_told_of(self) -> None:
        live = live_of(enters(7, 2), epoch(1, 100.0), epoch(2, 110.0))
        assert (live.epoch, live.epochs, live.seconds_left) == (2, 20, None)

    def test_those_of_another_cell_do_not_count(self) -> None:
        assert live_of(enters(7, 2), epoch(1, 100.0, cell=4)).epoch is None

    def test_told_when_they_end(self) -> None:
        told = [epoch(number, 100.0 + 10 * number) for number in (1, 2, 3)]
        assert live_of(enters(7, 2), *told, now=134.0).seconds_left == 166.0

    def test_told_when_they_begin_the_one_under_way_is_still_to_come(self) -> None:
        told = [epoch(number, 91.0 + 10 * number) for number in (1, 2, 3)]
        assert live_of(enters(7, 2), *told, now=125.0).seconds_left == 176.0

    def test_what_has_passed_of_one_is_never_more_than_it_takes(self) -> None:
        told = [epoch(number, 100.0 + 10 * number) for number in (1, 2, 3)]
        assert live_of(enters(7, 2), *told, now=9e9).seconds_left == 160.0
        assert live_of(enters(7, 2), *told, now=0.0).seconds_left == 170.0

    def test_every_tenth_takes_ten_times_as_long(self) -> None:
        told = [epoch(10, 200.0, 40), epoch(20, 300.0, 40)]
        assert live_of(enters(7, 2), *told, now=300.0).seconds_left == 200.0

    def test_the_one_in_the_middle_counts(self) -> None:
        told = [epoch(1, 200.0), epoch(2, 210.0), epoch(3, 290.0), epoch(4, 300.0)]
        assert live_of(enters(7, 2), *told, now=300.0).seconds_left == 160.0

    def test_nobody_knows_how_long_where_there_is_no_end(self) -> None:
        told = [epoch(number, 100.0 + 10 * number, None) for number in (1, 2, 3)]
        live = live_of(enters(7, 2), *told)
        assert (live.epoch, live.epochs, live.seconds_left) == (3, None, None)

    def test_nor_where_the_cell_counts_them_more_than_once(self) -> None:
        told = [epoch(number, 100.0 + time, 3) for time, number in enumerate((1, 2, 3, 1, 2, 3))]
        live = live_of(enters(7, 2), *told)
        assert (live.epoch, live.seconds_left) == (3, None)

    def test_the_same_one_twice_is_no_other_round(self) -> None:
        told = [epoch(number, 100.0 + 10 * number) for number in (1, 1, 2, 3)]
        assert live_of(enters(7, 2), *told, now=130.0).seconds_left == 170.0

    def test_more_than_there_are_is_more_than_there_are(self) -> None:
        assert live_of(enters(7, 2), epoch(21, 1.0)).epochs == 21

    @pytest.mark.parametrize("wrong", [-1, 1.5, True, "7", None, 10**30])
    def test_what_is_no_count_is_passed_over(self, wrong: object) -> None:
        assert live_of(enters(7, 2), epoch(wrong, 1.0)).epoch is None
        assert live_of(enters(7, 2), epoch(7, 1.0, wrong)).epochs is None

    @pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 10**400, True, "7", None])
    def test_what_is_no_time_is_passed_over(self, wrong: object) -> None:
        assert live_of(enters(7, 2), epoch(7, wrong)).epoch is None


class TestTheEndOfALongFile:
    def progress(self, **changes: Any) -> dict[str, Any]:
        about = {"event": "progress", "cell": 7, "place": 2, "cells": 3, "since": 100.0, "rounds": 0, "step": 9}
        return about | {"first": [1, 110.0], "last": [5, 150.0], "of": 20} | changes

    def test_the_position_is_told_again(self) -> None:
        live = live_of(self.progress(), epoch(6, 160.0), now=160.0)
        assert live == at(epoch=6, epochs=20, seconds_left=140.0, step=9)

    def test_what_was_read_from_the_events_themselves_stands(self) -> None:
        assert live_of(enters(7, 2), self.progress(), now=1.0) == at()
        known = live_of(self.progress(), epoch(6, 160.0), self.progress(last=[1, 1.0]), now=160.0)
        assert known.epoch == 6

    def test_other_rounds_are_remembered(self) -> None:
        assert live_of(self.progress(rounds=1)).seconds_left is None

    def test_without_epochs(self) -> None:
        assert live_of(self.progress(first=None, last=None, of=None)) == at(step=9)

    @pytest.mark.parametrize("wrong", [[1], "1", [1, None], [None, 1.0], {}, 7])
    def test_what_is_no_epoch_is_passed_over(self, wrong: object) -> None:
        assert live_of(self.progress(first=wrong, last=wrong)).epoch is None


@given(
    st.lists(
        st.fixed_dictionaries(
            {"event": st.sampled_from(["run-start", "cell-start", "progress", "epoch", "metric", "cell-end", "run-end"])},
            optional={
                name: st.none() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers(), max_size=3)
                for name in (
                    "cell", "cells", "place", "time", "epoch", "of", "step", "seconds", "state", "since", "first", "last", "rounds",
                )
            },
        ),
        max_size=12,
    )
)  # fmt: skip
def test_whatever_stands_in_the_events_it_can_be_said(events: list[dict[str, Any]]) -> None:
    course = read_course(lines(*events), 0.0)
    for ended in course.ended:
        assert ended.place <= ended.cells
        assert ended_words(ended)
    if course.live is not None:
        assert course.live.place <= course.live.cells
        assert "None" not in whereabouts(course.live) + summary(course.live)
        json.dumps(live_json(course.live), allow_nan=False)


class TestWords:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (None, ""),
            (0.0, "about 10 s left"),
            (44.0, "about 40 s left"),
            (59.0, "about 60 s left"),
            (60.0, "about 1 min left"),
            (545.0, "about 9 min left"),
            (3599.0, "about 1 h 0 min left"),
            (7800.0, "about 2 h 10 min left"),
        ],
    )
    def test_time_left(self, seconds: float | None, words: str) -> None:
        assert time_left(at(seconds_left=seconds)) == words

    def test_epochs_before_steps(self) -> None:
        told = [at(epoch=7, epochs=20, step=3), at(epoch=7), at(step=512), at()]
        assert [round_words(live) for live in told] == ["epoch 7 of 20", "epoch 7", "step 512", ""]

    def test_cells(self) -> None:
        told = [at(), at(cell=None), at(cell=None, place=0)]
        assert [cell_words(live) for live in told] == ["cell 7 (2 of 3)", "2 of 3 cells done", ""]

    def test_both(self) -> None:
        live = at(epoch=7, epochs=20, seconds_left=540.0)
        assert whereabouts(live) == "cell 7 (2 of 3), epoch 7 of 20"
        assert summary(live) == "epoch 7 of 20, about 9 min left"
        assert summary(at()) == "cell 7 (2 of 3)"
        assert ended_words(EndedCell(14, 6, 9, 48.0)) == "cell 14 (6 of 9) done in 48 s"

    def test_for_scripts(self) -> None:
        assert live_json(None) is None
        assert live_json(at(epoch=7)) == {
            "cell": 7, "place": 2, "cells": 3, "epoch": 7, "epochs": None, "step": None, "seconds_left": None,
        }  # fmt: skip
