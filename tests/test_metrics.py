"""Metrics: guessed goals, the primary one, verdicts and gates."""

from __future__ import annotations

import math
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.goals import Goal, guess_goal
from alekseylearn.metrics import (
    Judgement,
    Metric,
    MetricDelta,
    Verdict,
    compare,
    parse_gate,
    primary_metric,
)
from alekseylearn.noise import mean, spread

NAN, INF = math.nan, math.inf
FLIPPED: dict[Verdict, Verdict] = {"better": "worse", "worse": "better", "new": "gone", "gone": "new"}


def metrics(**values: float) -> tuple[Metric, ...]:
    return tuple(Metric(name=name, value=value) for name, value in values.items())


def verdict(base: float, head: float, goal: Goal | None = "max", tolerance: float = 0.0) -> Verdict:
    """Judge one metric, under a name that tells nothing."""
    judgement = Judgement(goals={"x": goal} if goal else {}, tolerance=tolerance)
    (delta,) = compare(metrics(x=base), metrics(x=head), judgement)
    return delta.verdict


@pytest.mark.parametrize(
    ("goal", "names"),
    [
        ("max", "accuracy acc val_acc valacc testAUC ROCAUC roc_auc auroc mAP map50 f1 f1_score macro_f1 F1Score"),
        (
            "max",
            "r2 R2 R^2 r_squared recall@5 top_5_accuracy scores best_score kappa iou explained_variance bleu rougeL",
        ),
        ("min", "loss losses val_loss valLoss trainloss logloss log_loss rmse RMSE MSE mean_squared_error mape err"),
        ("min", "error_rate perplexity cross_entropy brier_score hamming_loss max_error cost neg_log_likelihood"),
        ("max", "neg_log_loss neg_mean_squared_error neg_rmse log_likelihood"),
        (None, "train_seconds fit_time score_time elapsed epoch_time_s step_time_ms epochs lr n_estimators"),
        (None, "accuracy_std scores_std loss.stdev std_loss test_f1_std lossStd"),
        ("max", "standard_accuracy stdlib_score sem_seg_iou"),
        (None, "closure accumulated_steps false_negatives x glossary terror mapping account"),
    ],
)
def test_the_goal_is_guessed_from_the_name(goal: Goal | None, names: str) -> None:
    assert {name: guess_goal(name) for name in names.split()} == dict.fromkeys(names.split(), goal)


def test_the_configuration_knows_a_goal_better_than_the_name() -> None:
    judgement = Judgement(goals=MappingProxyType({"loss": "max"}))
    assert judgement.goal("loss") == "max"
    assert judgement.goal("val_loss") == "min"
    assert judgement.goal("depth") is None


def test_a_gate_tells_the_goal_of_its_metric_too() -> None:
    judgement = Judgement(goals={"c": "max"}, gates=tuple(parse_gate(name, rule) for name, rule in RULES.items()))
    assert judgement.told("accuracy") is None
    assert judgement.goal("accuracy") == "max"
    assert {name: judgement.goal(name) for name in "abcde"} == {
        "a": "max",
        "b": "min",
        "c": "max",
        "d": "min",
        "e": None,
    }
    assert judgement.told("loss") is None


RULES = {"a": ">= 1", "b": "<= 1", "c": "< 1", "d": "< 1", "accuracy": "< 0.999"}


@pytest.mark.parametrize(
    ("names", "judgement", "primary"),
    [
        ("loss accuracy depth", Judgement(primary="depth"), "depth"),
        ("loss accuracy depth", Judgement(primary="gone", gates=(parse_gate("loss", "< 1"),)), "loss"),
        ("loss accuracy", Judgement(gates=(parse_gate("gone", "< 1"), parse_gate("loss", "< 1"))), "loss"),
        ("loss accuracy", Judgement(goals={"gone": "min", "loss": "min", "accuracy": "max"}), "loss"),
        ("accuracy loss", Judgement(goals={"loss": "min", "accuracy": "max"}), "loss"),
        ("accuracy val_loss depth", Judgement(), "val_loss"),
        ("val_loss val_accuracy accuracy", Judgement(), "val_accuracy"),
        ("val_f1 val_accuracy val_loss", Judgement(), "val_accuracy"),
        ("accuracy depth", Judgement(), "accuracy"),
        ("scores scores_std", Judgement(), "scores"),
        ("valLoss accuracy", Judgement(), "valLoss"),
        ("width depth", Judgement(), "depth"),
        ("", Judgement(), None),
    ],
)
def test_the_verdict_is_about_one_metric(names: str, judgement: Judgement, primary: str | None) -> None:
    assert primary_metric(metrics(**dict.fromkeys(names.split(), 1.0)), judgement) == primary


@pytest.mark.parametrize(
    ("base", "head", "goal", "tolerance", "expected"),
    [
        (0.90, 0.91, "max", 0.0, "better"),
        (0.91, 0.90, "max", 0.0, "worse"),
        (0.90, 0.91, "min", 0.0, "worse"),
        (0.91, 0.90, "min", 0.0, "better"),
        (0.90, 0.90, "max", 0.0, "same"),
        (0.90, 0.91, None, 0.0, "unjudged"),
        (0.90, 0.90, None, 0.0, "same"),
        (0.913, 0.915, "max", 0.002, "same"),
        (0.913, 0.9151, "max", 0.002, "better"),
        (0.3, 0.1 + 0.2, "max", 0.0, "same"),
        (1e9, 1e9 + 1, "max", 0.0, "better"),
        (0.9, NAN, "max", 0.0, "worse"),
        (0.9, NAN, "min", 0.0, "worse"),
        (0.9, INF, "max", 0.0, "worse"),
        (0.9, -INF, "min", 0.0, "worse"),
        (NAN, 0.9, "max", 0.0, "better"),
        (INF, 0.9, "max", 0.0, "better"),
        (NAN, 0.9, None, 0.0, "better"),
        (NAN, NAN, "max", 0.0, "same"),
        (INF, INF, "max", 0.0, "same"),
        (-INF, INF, "max", 0.0, "unjudged"),
        (NAN, INF, "max", 0.0, "unjudged"),
    ],
)
def test_verdicts(base: float, head: float, goal: Goal | None, tolerance: float, expected: Verdict) -> None:
    assert verdict(base, head, goal, tolerance) == expected


@given(
    st.floats(),
    st.floats(),
    st.sampled_from(["max", "min", None]),
    st.floats(min_value=0, max_value=1e6),
)
def test_exchanging_the_sides_exchanges_better_and_worse(
    base: float, head: float, goal: Goal | None, tolerance: float
) -> None:
    there, back = verdict(base, head, goal, tolerance), verdict(head, base, goal, tolerance)
    assert FLIPPED.get(there, there) == back


@given(st.floats(), st.sampled_from([NAN, INF, -INF]), st.sampled_from(["max", "min", None]), st.floats(0, 1e6))
def test_what_is_undefined_is_never_better(base: float, head: float, goal: Goal | None, tolerance: float) -> None:
    assert verdict(base, head, goal, tolerance) != "better"


def several(name: str, values: list[float]) -> Metric:
    return Metric(name=name, value=mean(values), spread=spread(values), runs=len(values))


RUNS = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=5)


@given(RUNS, RUNS, st.sampled_from(["max", "min", None]), st.floats(min_value=0, max_value=1))
def test_exchanging_the_sides_of_several_runs_exchanges_better_and_worse(
    base: list[float], head: list[float], goal: Goal | None, tolerance: float
) -> None:
    judgement = Judgement(goals={"x": goal} if goal else {}, tolerance=tolerance)
    sides = [[several("x", values)] for values in (base, head)]
    (there,), (back,) = compare(*sides, judgement), compare(*reversed(sides), judgement)
    assert FLIPPED.get(there.verdict, there.verdict) == back.verdict
    assert there.noise == pytest.approx(back.noise)


@given(RUNS, RUNS, st.sampled_from([NAN, INF, -INF]), st.sampled_from(["max", "min"]))
def test_a_run_that_is_undefined_makes_no_side_better(
    base: list[float], head: list[float], undefined: float, goal: Goal
) -> None:
    (delta,) = compare([several("x", base)], [several("x", [*head, undefined])], Judgement(goals={"x": goal}))
    assert (delta.verdict, delta.noise) == ("worse", None)


@pytest.mark.parametrize(
    ("base", "head", "tolerance", "expected", "noise"),
    [
        # Three runs each side, by hand: s = 0.01, so t(4) * 0.01 * sqrt(2/3) = 2.7764 * 0.0081650.
        ([0.90, 0.91, 0.92], [0.91, 0.92, 0.93], 0.0, "same", 0.02267),
        ([0.90, 0.91, 0.92], [0.94, 0.95, 0.96], 0.0, "better", 0.02267),
        ([0.94, 0.95, 0.96], [0.90, 0.91, 0.92], 0.0, "worse", 0.02267),
        ([0.94, 0.95, 0.96], [0.90, 0.91, 0.92], 0.05, "same", 0.02267),
        ([0.90, 0.90], [0.91, 0.91], 0.0, "better", 0.0),
        ([0.90, 0.91, 0.92], [0.91], 0.0, "same", None),
        ([0.90], [0.91, 0.93], 0.0, "better", None),
    ],
)
def test_what_the_seeds_explain_is_no_change(
    base: list[float], head: list[float], tolerance: float, expected: Verdict, noise: float | None
) -> None:
    (delta,) = compare([several("acc", base)], [several("acc", head)], Judgement(tolerance=tolerance))
    assert delta.verdict == expected
    assert delta.noise == (noise if noise is None else pytest.approx(noise, abs=1e-5))


def test_a_goal_that_was_guessed_is_told_as_such() -> None:
    judgement = Judgement(goals={"accuracy": "max"}, gates=(parse_gate("f1", "> 0.5"),))
    found = compare((), metrics(accuracy=0.9, loss=0.1, depth=3, f1=0.7), judgement)
    assert [delta.name for delta in found if delta.guessed] == ["loss"]


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats()),
    st.dictionaries(st.sampled_from("abcdef"), st.floats()),
)
def test_every_metric_of_either_side_is_told_once_in_heads_order(
    base: dict[str, float], head: dict[str, float]
) -> None:
    deltas = compare(metrics(**base), metrics(**head), Judgement())
    assert [delta.name for delta in deltas] == [*head, *(name for name in base if name not in head)]
    assert {delta.name for delta in deltas if delta.verdict == "new"} == set(head) - set(base)
    assert {delta.name for delta in deltas if delta.verdict == "gone"} == set(base) - set(head)


@pytest.mark.parametrize(
    ("base", "head", "change"),
    [(0.5, 0.75, 0.25), (None, 0.5, None), (0.5, None, None), (NAN, 1.0, None), (1.0, INF, None)],
)
def test_a_change_is_told_between_finite_numbers_only(
    base: float | None, head: float | None, change: float | None
) -> None:
    assert MetricDelta(name="x", base=base, head=head, goal=None, verdict="same").change == change


@pytest.mark.parametrize(
    ("rule", "keep", "miss"),
    [
        (">= 0.92", (0.92, 1.0), (0.9199, NAN, INF, -INF, None)),
        ("<=0.3", (0.3, -1.0), (0.31, NAN, INF, -INF, None)),
        (" > -1.5e-3 ", (0.0, 5.0), (-0.0015, -2.0)),
        ("<.5", (0.4,), (0.5, 0.6)),
        (">= 3.", (3.0,), (2.9,)),
    ],
)
def test_gates(rule: str, keep: tuple[float, ...], miss: tuple[float | None, ...]) -> None:
    gate = parse_gate("x", rule)
    assert all(gate.passes(value) for value in keep)
    assert not any(gate.passes(value) for value in miss)


@pytest.mark.parametrize(
    "rule", ["", "0.92", "== 1", ">= ", ">= x", ">= 1 or 1", "=> 1", ">= nan", ">= inf", ">= 1e999"]
)
def test_what_is_no_gate_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r"gate|bound"):
        parse_gate("x", rule)


@pytest.mark.parametrize(
    ("rule", "shown"),
    [(">=0.92", "x >= 0.920"), ("<  951", "x < 951"), ("> 0.99999", "x > 0.99999"), ("<= 1e-7", "x <= 1e-07")],
)
def test_a_gate_is_shown_with_the_bound_it_has(rule: str, shown: str) -> None:
    assert str(parse_gate("x", rule)) == shown
