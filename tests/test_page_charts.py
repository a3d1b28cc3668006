"""Charts hold both sides by step whatever their steps, and say in words what they show."""

import json

from alekseylearn.metrics import Metric
from alekseylearn.page.charts import MAX_METRICS, MAX_POINTS, MAX_ROWS, Chart, find_charts
from tests.outcomes import base_result, curve, result, told


def charts(head: tuple[Metric, ...], base: tuple[Metric, ...] | None = ()) -> tuple[Chart, ...]:
    before = None if base is None else base_result(metrics=base)
    return find_charts(told(head=result(metrics=head), base=before), "main", "This PR")


def by_step(name: str, series: dict[int, float]) -> Metric:
    return Metric(name=name, value=0.0, series=tuple(series.items()))


def test_both_sides_share_a_chart_even_when_their_steps_differ() -> None:
    (chart,) = charts((by_step("acc", {0: 0.1, 10: 0.2}),), (by_step("acc", {0: 0.3, 5: 0.4, 10: 0.5}),))
    assert chart.steps == (0, 5, 10)
    assert [(line.label, line.side, line.values) for line in chart.lines] == [
        ("This PR", "head", (0.1, None, 0.2)),
        ("main", "base", (0.3, 0.4, 0.5)),
    ]
    assert chart.rows[1] == (5, (None, 0.4))
    assert json.loads(chart.data) == {
        "kinds": [["head", 0], ["base", 0]],
        "columns": [[0, 5, 10], [0.1, None, 0.2], [0.3, 0.4, 0.5]],
    }


def test_a_chart_says_in_words_what_it_shows() -> None:
    (chart,) = charts((curve("loss", (0.9, 0.2, 0.3)),), None)
    assert chart.told == (
        "loss by step. This PR: 0.900 to 0.300 in 3 points, lowest 0.200 at step 2, highest 0.900 at step 1."
    )


def test_a_metric_shares_the_chart_of_its_namesake_of_other_data() -> None:
    found = charts(
        tuple(curve(name, (1.0, 2.0)) for name in ("loss", "val_accuracy", "val_loss", "accuracy", "test_loss"))
    )
    assert [chart.names for chart in found] == [("val_accuracy", "accuracy"), ("loss", "val_loss"), ("test_loss",)]
    assert [line.label for line in found[0].lines] == ["val_accuracy, This PR", "accuracy, This PR"]


def test_what_was_measured_once_has_no_chart() -> None:
    assert charts((Metric(name="f1", value=0.5),)) == ()
    assert find_charts(told(head=None, deltas=()), "main", "This PR") == ()


def test_a_long_curve_is_thinned_but_keeps_its_extremes() -> None:
    values = dict.fromkeys(range(5 * MAX_POINTS), 1.0) | {777: 9.0, 778: -9.0}
    (chart,) = charts((by_step("loss", values),))
    assert len(chart.steps) <= MAX_POINTS + 2
    assert {0, 777, 778, 5 * MAX_POINTS - 1} <= set(chart.steps)
    assert len(chart.rows) == MAX_ROWS
    assert (chart.rows[0][0], chart.rows[-1][0]) == (0, 5 * MAX_POINTS - 1)


def test_there_are_only_so_many_charts() -> None:
    assert len(charts(tuple(curve(f"m{place}", (1.0, 2.0)) for place in range(20)))) == MAX_METRICS
