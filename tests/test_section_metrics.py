"""What the table and the words under it say of several seeds, and of goals that were guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alekseylearn.jobs import JobState
from alekseylearn.metrics import Judgement, Metric, compare
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections.metrics import metrics
from tests.outcomes import RUN, base_result, outcome, result, told


def says(made: Outcome) -> str:
    return metrics(made) or ""


def repeated(*spreads: float | None, runs: tuple[int, int] = (3, 3), **more: object) -> NotebookOutcome:
    """Make the outcome of a notebook whose sides were trained with several seeds; the spreads are base's and head's."""
    sides = [
        replace(side, metrics=(Metric(name="val_accuracy", value=value, spread=spread, runs=count),))
        for side, value, spread, count in zip(
            (base_result(), result()), (0.913, 0.927), spreads, reversed(runs), strict=True
        )
    ]
    judgement = Judgement(primary="val_accuracy")
    deltas = compare(sides[0].metrics, sides[1].metrics, judgement)
    others = [tuple(result() for _ in range(count - 1)) for count in runs]
    return told(
        base=sides[0], head=sides[1], deltas=deltas, more_head=others[0], more_base=others[1], tolerance=0.0, **more
    )


def test_several_runs_are_told_with_their_spread_and_what_chance_explains() -> None:
    text = says(outcome(repeated(0.0031, 0.00249)))
    assert "| **`val_accuracy`** | 0.913 ± 0.0031 | **0.927 ± 0.0025** | **better** by 0.014 (+1.5 %) |" in text
    assert "3 runs each side, mean ± spread; chance alone explains changes of up to 0.0065." in text
    assert "0.913 ± 0.0031" in says(outcome(repeated(0.0031, 0.0025), told(path="b.ipynb")))


@pytest.mark.parametrize(("tolerance", "told"), [(0.001, False), (0.05, True)])
def test_a_tolerance_is_told_where_it_is_more_than_the_noise(tolerance: float, told: bool) -> None:
    text = says(outcome(replace(repeated(0.0031, 0.0025), tolerance=tolerance)))
    assert ("or less count as the same." in text) is told
    assert "Curves and files are the first run's." in text


def test_a_change_within_the_noise_is_told_as_such() -> None:
    assert "| within noise (±0.062) |" in says(outcome(repeated(0.03, 0.02)))


def test_sides_with_different_numbers_of_runs_are_told() -> None:
    text = says(outcome(repeated(0.0031, 0.0025, runs=(2, 4))))
    assert "2 runs here and 4 of `main`, mean ± spread; chance" in text
    text = says(outcome(repeated(None, 0.0025, runs=(3, 1))))
    assert "3 runs here and 1 of `main`, mean ± spread; too few to tell a change from chance." in text


def test_a_seed_without_effect_is_told() -> None:
    assert "mean ± spread: the seed changes nothing here." in says(outcome(repeated(0.0, 0.0)))


def test_runs_that_failed_are_told_on_either_side() -> None:
    lost = result(state=JobState.FAILED)
    made = replace(repeated(0.003, 0.002), more_head=(result(), lost), more_base=(lost, lost, result(run="@x")))
    text = says(outcome(made))
    assert f"1 of 3 runs here (`{RUN}`) failed and does not count." in text
    assert f"2 of 4 runs of `main` (`{RUN}` and others) failed and do not count." in text
    odd = replace(made, more_head=(replace(lost, run="@x"),), more_base=())
    assert "1 of 2 runs here failed and does not count." in says(outcome(odd))


def test_several_runs_without_a_base_are_told() -> None:
    alone = replace(repeated(0.003, 0.002), base=None, more_base=())
    assert "The mean of 3 runs ± their spread; curves and files are the first one's. There is no run of `main`" in says(
        outcome(alone)
    )


@pytest.mark.parametrize(("name", "way"), [("accuracy", "more"), ("loss", "less")])
def test_a_goal_that_was_guessed_is_said_to_be(name: str, way: str) -> None:
    sides = [result(metrics=(Metric(name=name, value=value),)) for value in (0.5, 0.25)]
    deltas = compare(sides[0].metrics, sides[1].metrics, Judgement())
    made = told(base=sides[0], head=sides[1], deltas=deltas, primary=name)
    assert f"That {way} `{name}` is better is guessed from its name." in says(outcome(made))
    known = replace(made, deltas=compare(sides[0].metrics, sides[1].metrics, Judgement(goals={name: "max"})))
    assert "guessed" not in says(outcome(known))
    assert "guessed" not in says(outcome(replace(made, deltas=compare((), sides[1].metrics, Judgement()))))
