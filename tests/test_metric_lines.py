"""What a training has logged is read line by line: what is no number is passed over and told, the rest counts."""

from __future__ import annotations

import contextlib
import json
import math
from itertools import count
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import InputError
from alekseylearn.goals import Goal
from alekseylearn.metric_lines import (
    KEPT_POINTS,
    MAX_ALSO,
    MAX_POINTS,
    MAX_SERIES,
    measure,
    metrics_so_far,
    read_metrics,
)
from alekseylearn.metrics import Judgement, Metric, compare

NAN = math.nan


def test_the_lines_of_one_name_become_one_metric() -> None:
    lines = [
        '{"name": "loss", "value": 0.9, "step": 1, "time": 1.5, "cell": 4, "source": "history"}',
        "",
        '{"name": "accuracy", "value": 1, "step": null, "cell": 5, "source": "last expression"}',
        '{"name": "loss", "value": "nan", "step": 3}',
        '{"name": "loss", "value": 0.7, "step": 2}',
        '{"name": "loss", "value": 0.5, "step": 2, "cell": true}',
        '{"name": "once", "value": 7, "step": 1}',
        '{"name": "odd", "value": 1, "step": "1", "cell": "4", "source": ["a"]}',
    ]
    loss, accuracy, once, odd = read_metrics(lines)
    assert (loss.name, loss.value, loss.cell, loss.source) == ("loss", 0.5, None, "")
    assert repr(loss.series) == "((1, 0.9), (2, 0.5), (3, nan))"
    assert accuracy == Metric(name="accuracy", value=1.0, source="last expression", cell=5)
    assert once == Metric(name="once", value=7.0)
    assert odd == Metric(name="odd", value=1.0, source="['a']")


def test_a_name_is_one_visible_line() -> None:
    (metric,) = read_metrics([json.dumps({"name": " val\u202e\nloss ", "value": 1})])
    assert metric.name == "val loss"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("loss=0.5", "which is not JSON"),
        ('{"name": "loss", "va', "which is not JSON"),
        ("[" * 100_000, "which is not JSON"),
        (b'{"name": "\xff", "value": 1}', "which is not UTF-8"),
        (b"\xff\xfe{\x00", "which is not UTF-8"),
        ("[1]", "which has no name of 1 to 255 characters"),
        ('{"value": 1}', "which has no name"),
        ('{"name": 5, "value": 1}', "which has no name"),
        ('{"name": "", "value": 1}', "which has no name"),
        ('{"name": "\\u200b ", "value": 1}', "which has no name"),
        (json.dumps({"name": "x" * 256, "value": 1}), "which has no name"),
        ('{"name": "loss"}', "where the value of 'loss' is not a number"),
        *(
            (f'{{"name": "loss", "value": {value}}}', "where the value of 'loss' is not a number")
            for value in ("null", "true", '"high"', '"1"', "[1]", '{"a": 1}', "1" + "0" * 400)
        ),
        ('{"name": "loss", "value": ' + "9" * 5000 + "}", "which is not JSON"),
    ],
)
def test_a_line_that_tells_no_number_is_passed_over_and_told(line: str | bytes, what: str) -> None:
    measured = measure([KEPT, line, "", KEPT, line])
    assert measured.metrics == (Metric(name="x", value=1.0),)
    assert measured.unread == 2
    (warning,) = measured.warnings
    assert warning.startswith(f"metric.invalid: passed over: line 2 of metrics.jsonl, {what}")
    assert warning.endswith(", and 1 more line")
    assert not measure([line]).warnings[0].endswith("more line")


KEPT = '{"name": "x", "value": 1}'


def test_what_is_no_finite_number_is_told_and_never_better() -> None:
    lines = [f'{{"name": "{name}", "value": {value}}}' for name, value in zip("abcde", ODD, strict=True)]
    measured = measure(lines)
    assert repr([metric.value for metric in measured.metrics]) == "[nan, -inf, inf, -0.0, nan]"
    assert measured.warnings == ("metric.invalid: no finite number at the end: a and 3 more metrics",)
    before = tuple(Metric(name=name, value=1.0) for name in "abcde")
    for goal in get_args(Goal):
        judged = compare(before, measured.metrics, Judgement(goals=dict.fromkeys("abcde", goal)))
        assert {delta.verdict for delta in judged if delta.name != "d"} == {"worse"}


ODD = ("NaN", "-Infinity", "1e400", "-0.0", '"NaN"')


@pytest.mark.parametrize(
    "name",
    [
        "**a**",
        "~~a~~",
        "www.x.example",
        "GH-5",
        "::error::x",
        "$\\rm x$",
        "a|b",
        "`x`",
        "</td><h1>x",
        "<!-- x",
        "@octocat",
        "#1",
        "fixes #2",
        "![i](http://x.example/t.png)",
        "[ok](x)",
    ],
)
def test_a_name_that_is_more_than_a_name_is_told(name: str) -> None:
    measured = measure([json.dumps({"name": name, "value": 1, "step": 1}), KEPT])
    shown = name.replace("<", "‹").replace("](", "] (")
    assert measured.metrics[0].name == shown
    (warning,) = measured.warnings
    assert warning == f"text.neutralised: names of metrics that are shown without their markup: {shown}"


@pytest.mark.parametrize("name", ["val/accuracy", "f1 (macro)", "top-5 %", "loss_1", "木", "a < b", "mAP (IoU<0.5)"])
def test_an_ordinary_name_is_no_markup(name: str) -> None:
    assert measure([json.dumps({"name": name, "value": 1})]).warnings == ()


@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", "\u2066ab", "a\u200bb", "a\x1bb", "a\x00b", "a\tb"])
def test_a_name_with_signs_that_nobody_sees_is_told(name: str) -> None:
    (warning,) = measure([json.dumps({"name": name, "value": 1})] * 2 + [KEPT]).warnings
    assert warning.startswith("text.neutralised: names of metrics that are shown without their markup: a")


@pytest.mark.parametrize("step", ["1", 1.5, True, [1], {}, 2**63, -(10**400), float("nan")])
def test_a_step_that_is_no_whole_number_is_told_and_its_value_counts(step: object) -> None:
    measured = measure([json.dumps({"name": "a", "value": value, "step": step}) for value in (1, 2)])
    (metric,) = measured.metrics
    assert (metric.value, metric.series) == (2.0, ())
    assert measured.warnings == ("metric.invalid: steps that are no whole numbers are not drawn: a",)


def test_a_whole_step_may_be_written_as_a_fraction() -> None:
    measured = measure([json.dumps({"name": "a", "value": 1, "step": step}) for step in (1.0, 2.0, None)])
    assert (measured.metrics[0].series, measured.warnings) == (((1, 1.0), (2, 1.0)), ())


def test_a_byte_order_mark_is_no_part_of_a_line() -> None:
    assert read_metrics([b"\xef\xbb\xbf" + KEPT.encode()]) == (Metric(name="x", value=1.0),)


def test_steps_that_come_again_replace_the_first_ones() -> None:
    told = [(1, 0.9), (2, 0.8), (3, 0.7), (2, 0.75), (4, 0.6), (10**30, 0.1), (5.0, 0.2), (-1, 0.5)]
    lines = [f'{{"name": "loss", "value": {value}, "step": {step}}}' for step, value in told]
    (loss,) = read_metrics(lines)
    assert loss.series == ((-1, 0.5), (1, 0.9), (2, 0.75), (3, 0.7), (4, 0.6), (5, 0.2))
    assert loss.value == 0.5


def test_metric_lines_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_POINTS >= 1_000_000
    monkeypatch.setattr("alekseylearn.metric_lines.MAX_POINTS", 3000)
    lines = (f'{{"name": "x", "value": {step}, "step": {step}}}' for step in count())
    with pytest.raises(InputError, match="more than 3,000 metric lines"):
        read_metrics(lines)


def test_metrics_without_end_are_refused() -> None:
    lines = (f'{{"name": "x{number}", "value": 1}}' for number in count())
    with pytest.raises(InputError, match="more than 10,000 metrics"):
        read_metrics(lines)


def test_a_long_series_keeps_what_a_curve_shows_and_the_value_stays_exact() -> None:
    values = [1 / (step + 1) for step in range(50_000)]
    values[123], values[4567], values[8901] = 7.5, -3.0, NAN
    lines = [json.dumps({"name": "loss", "value": value, "step": step}) for step, value in enumerate(values)]
    measured = measure([*lines, '{"name": "short", "value": 1, "step": 1}', '{"name": "short", "value": 2, "step": 2}'])
    loss, short = measured.metrics
    assert loss.value == values[-1]
    assert MAX_SERIES / 2 < len(loss.series) <= MAX_SERIES + 5
    assert {(0, 1.0), (123, 7.5), (4567, -3.0), (49_999, values[-1])} <= set(loss.series)
    assert [step for step, value in loss.series if value != value] == [8901]
    assert short.series == ((1, 1.0), (2, 2.0))
    assert measured.thinned == ("loss",)
    assert [warning.partition(" are")[0] for warning in measured.warnings] == ["only some points of loss"]


def test_many_series_share_what_is_kept() -> None:
    lines = [
        f'{{"name": "m{metric}", "value": {step}, "step": {step}}}' for step in range(60) for metric in range(2000)
    ]
    measured = measure(lines)
    assert len(measured.thinned) == 2000
    assert sum(len(metric.series) for metric in measured.metrics) <= KEPT_POINTS


def test_what_did_not_count_is_told_with_the_metric() -> None:
    told = [
        ["lightning\u202e", 5, "x" * 99],
        "history",
        ["mlflow"],
        None,
        [f"s{number}" for number in range(99)],
        ["late"],
    ]
    lines = [json.dumps({"name": "loss", "value": 1, "source": "history", "also": also}) for also in told]
    (metric,) = read_metrics(lines[:4])
    assert metric.also == ("5", "lightning", "mlflow", "x" * 59 + "…")
    assert len(read_metrics(lines)[0].also) == MAX_ALSO
    assert read_metrics(['{"name": "loss", "value": 1, "also": "history"}'])[0].also == ()


@given(st.lists(st.text(max_size=40) | st.from_regex(r'\{"name": ".?", "value": .{0,4}\}', fullmatch=True), max_size=5))
def test_whatever_the_lines_are_they_are_read_or_refused(lines: list[str]) -> None:
    with contextlib.suppress(InputError):
        read_metrics(lines)


def test_too_many_metrics_that_are_still_written_are_not_read() -> None:
    assert metrics_so_far(b"".join(b'{"name": "x%d", "value": 1}\n' % number for number in range(10_002))) == ()


def test_metrics_that_are_still_written_are_read_as_far_as_they_can_be() -> None:
    line = b'{"name": "loss", "value": 0.5, "step": 1, "time": 1, "cell": 3, "source": "history"}\n'
    assert [metric.name for metric in metrics_so_far(line)] == ["loss"]
    assert metrics_so_far(line + line[:20]) == metrics_so_far(line)
    assert metrics_so_far(line + b"torn\n" + line) == metrics_so_far(line)
    assert metrics_so_far(None) == metrics_so_far(b"") == metrics_so_far(line[:20]) == ()
