from __future__ import annotations

from alekseylearn.runtime.cells import Cell
from alekseylearn.runtime.position import AGAIN, Position
from tests.runtime.conftest import Make, train


def cells(*numbers: int | None) -> list[Cell]:
    return [Cell(number, 1, "", "", "", None) for number in numbers]


def again(position: Position) -> dict[str, object]:
    told = [position.again() for _ in range(AGAIN)]
    assert told[:-1] == [None] * (AGAIN - 1)
    assert told[-1] is not None
    return told[-1]


def test_what_was_injected_is_none_of_the_notebooks_cells() -> None:
    position = Position(cells(3, None, 5, 9))
    assert [position.place(index) for index in range(4)] == [{"place": n, "cells": 3} for n in (1, 1, 2, 3)]


def test_the_position_is_told_again_after_many_events() -> None:
    position = Position(cells(3, 5))
    position.enter(1, 100.0)
    position.epoch(1, 20, 101.0)
    position.epoch(2, 20, 103.0)
    position.metric({"step": 40})
    position.metric({"step": None})
    told = again(position)
    assert told == {
        "cell": 5, "index": 1, "place": 2, "cells": 2, "since": 100.0,
        "first": [1, 101.0], "last": [2, 103.0], "of": 20, "rounds": 0, "step": 40,
    }  # fmt: skip


def test_an_epoch_that_is_told_of_twice_is_one() -> None:
    position = Position(cells(3))
    position.enter(0, 0.0)
    assert [position.epoch(number, None, 1.0) for number in (1, 1, 2)] == [True, False, True]
    position.enter(0, 9.0)
    assert position.epoch(2, None, 10.0)


def test_a_cell_that_counts_anew_begins_another_round() -> None:
    position = Position(cells(3))
    position.enter(0, 0.0)
    for number, time in ((1, 1.0), (2, 2.0), (1, 5.0), (2, 6.0)):
        position.epoch(number, 2, time)
    assert {key: again(position)[key] for key in ("first", "last", "rounds")} == {
        "first": [1, 5.0],
        "last": [2, 6.0],
        "rounds": 1,
    }


def test_between_two_cells_there_is_nothing_to_tell_again() -> None:
    position = Position(cells(3))
    assert [position.again() for _ in range(AGAIN)] == [None] * AGAIN
    position.enter(0, 0.0)
    position.leave()
    assert [position.again() for _ in range(AGAIN)] == [None] * AGAIN


def test_whoever_reads_the_end_of_a_long_run_learns_where_it_is(run: Make) -> None:
    log = "import alekseylearn\nfor step in range(250):\n    alekseylearn.log_metric('loss', 1.0, step=step)"
    job = run("1", train(f"print('Epoch 1/3', flush=True)\n{log}"))
    told = [event for event in job.events if event["event"] == "progress"]
    assert len(told) == 2
    assert {key: told[-1][key] for key in ("cell", "place", "cells")} == {"cell": 11, "place": 2, "cells": 2}


def test_the_last_event_names_what_ended_the_run(run: Make) -> None:
    job = run("1", train("1 / 0"))
    assert (job.events[-1]["state"], job.events[-1]["exception"]) == ("failed", "ZeroDivisionError")
