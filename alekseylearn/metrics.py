"""Metrics, their goals, and what a pull request did to them."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from alekseylearn.errors import InputError
from alekseylearn.text import clean, number

Goal = Literal["max", "min"]
Verdict = Literal["better", "worse", "same", "new", "gone", "unjudged"]
GateOperator = Literal[">=", "<=", ">", "<"]

MAX_POINTS = 200_000
"""More metric lines than this are refused (`metric.invalid`)."""
MAX_NAME = 255
"""Longest name of a metric, in characters."""
_COMPARE: Mapping[GateOperator, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_GATE = re.compile(r"\s*(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*\Z")


def _words(*stems: str) -> re.Pattern[str]:
    """Find one of *stems* as a word of a name: `val_loss`, `valloss`, `loss2`, `losses`, but not `closure`."""
    before = r"(?:^|[^a-z]|val|valid|test|train|eval|best|mean|avg)"
    return re.compile(rf"{before}(?:{'|'.join(stems)})(?:e?s)?(?![a-z])")


_HIGHER = _words(
    "acc|accuracy|accuracies|f1|f1score|f_?beta|auc|auroc|auprc|aucpr|roc|rocauc|prauc|average_precision|ap|map",
    r"precision|recall|sensitivity|specificity|r\^?2|r_?squared?|score|iou|miou|dice|jaccard|bleu|rouge[l12]?|meteor",
    "ndcg|mrr|mcc|kappa|hit_rate|win_rate|correlation|pearsonr?|spearmanr?|explained_variance|silhouette|psnr|ssim",
    "reward|likelihood|elbo|top",
)
_LOWER = _words(
    "loss|logloss|error|err|rmse|mse|mae|mape|smape|rmsle|perplexity|ppl|wer|cer|fid|deviance|nll|cost|brier",
    "cross_?entropy|inertia|aic|bic|regret|ece|kl|divergence",
)
_NEGATED = re.compile(r"(?:^|[^a-z])(?:neg|negative|minus)(?![a-z])")
_TIME = re.compile(r"(?:^|[^a-z])(?:time|seconds?|secs?|minutes?|duration|elapsed)(?:_m?s)?\Z")
_HELD_OUT = re.compile(r"(?:^|[^a-z])(?:val|valid|validation|eval|test|hold_?out|held_?out|cv|oob)(?![a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of one run: its last value, and its values by step where it was logged more than once.

    *also* are the sources that gave the same name and did not count. Of several runs with different seeds, *value* is
    the mean over *runs*, and *spread* the sample standard deviation.
    """

    name: str
    value: float
    source: str = ""
    cell: int | None = None
    series: tuple[tuple[int, float], ...] = ()
    also: tuple[str, ...] = ()
    spread: float | None = None
    runs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A bound that the configuration sets: `accuracy >= 0.92`."""

    metric: str
    operator: GateOperator
    bound: float

    def __str__(self) -> str:
        shown = number(self.bound)
        return f"{self.metric} {self.operator} {shown if float(shown) == self.bound else f'{self.bound:.12g}'}"

    def passes(self, value: float | None) -> bool:
        """Tell whether *value* keeps the bound; a missing, undefined or infinite value never does."""
        if value is None or not math.isfinite(value):
            return False
        return _COMPARE[self.operator](value, self.bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDelta:
    """What became of one metric between base and head.

    *guessed* says that the goal was guessed from the name. A change of up to *noise* is within the noise of the seeds
    (None: there was one run on a side, and nobody knows).
    """

    name: str
    base: float | None
    head: float | None
    goal: Goal | None
    verdict: Verdict
    guessed: bool = False
    noise: float | None = None

    @property
    def change(self) -> float | None:
        """Head minus base, where both are finite numbers."""
        if self.base is None or self.head is None or not (math.isfinite(self.base) and math.isfinite(self.head)):
            return None
        return self.head - self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How metrics are judged: goals by name (config decides, else the name does), and from which change on."""

    goals: Mapping[str, Goal] = field(default_factory=lambda: MappingProxyType({}))
    primary: str | None = None
    tolerance: float = 0.0
    gates: tuple[Gate, ...] = ()

    def goal(self, name: str) -> Goal | None:
        """Return the direction in which *name* is good, or None when nobody knows."""
        return self.goals.get(name) or guess_goal(name)


def guess_goal(name: str) -> Goal | None:
    """Guess from its *name* whether a metric should rise or fall; None for times, and where the name does not tell.

    A negated loss rises: scikit-learn's scorers, such as `neg_log_loss`, are named so.
    """
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if _TIME.search(spelled):
        return None
    negated = _NEGATED.search(spelled) is not None
    if _LOWER.search(spelled):
        return "max" if negated else "min"
    if _HIGHER.search(spelled):
        return "min" if negated and "likelihood" in spelled else "max"
    return None


def parse_gate(metric: str, rule: str) -> Gate:
    """Read a rule such as `>= 0.92`; raises `ValueError` when it is none."""
    match = _GATE.match(rule)
    if match is None:
        raise ValueError(f"{clean(rule, 40)!r} is not a gate; write for example '>= 0.92'")
    bound = float(match[2])
    if math.isinf(bound):
        raise ValueError(f"{clean(rule, 40)!r} has a bound that no value can reach")
    found: GateOperator = next(sign for sign in _COMPARE if sign == match[1])
    return Gate(metric=metric, operator=found, bound=bound)


def primary_metric(metrics: Iterable[Metric], judgement: Judgement) -> str | None:
    """Choose the metric that the verdict is about.

    The one that the configuration names as primary; else the first gate's; else the first that the configuration has a
    goal for. Else it is guessed: one with a known goal before others, then a held-out one, then one that should rise,
    then the last one.
    """
    names = [metric.name for metric in metrics]
    if judgement.primary in names:
        return judgement.primary
    for gate in judgement.gates:
        if gate.metric in names:
            return gate.metric
    for name in judgement.goals:
        if name in names:
            return name

    def rank(place: int) -> tuple[bool, bool, bool, int]:
        goal = judgement.goal(names[place])
        return goal is not None, _HELD_OUT.search(names[place].lower()) is not None, goal == "max", place

    best = max(range(len(names)), key=rank, default=None)
    return None if best is None else names[best]


def compare(base: Iterable[Metric], head: Iterable[Metric], judgement: Judgement) -> tuple[MetricDelta, ...]:
    """Set *head* against *base*, metric by metric, in head's order; what only base has comes last."""
    before = {metric.name: metric.value for metric in base}
    after = {metric.name: metric.value for metric in head}
    return tuple(
        MetricDelta(
            name=name,
            base=before.get(name),
            head=after.get(name),
            goal=judgement.goal(name),
            verdict=_verdict(before.get(name), after.get(name), judgement.goal(name), judgement.tolerance),
        )
        for name in dict.fromkeys([*after, *before])
    )


def _verdict(base: float | None, head: float | None, goal: Goal | None, tolerance: float) -> Verdict:
    if base is None:
        return "new"
    if head is None:
        return "gone"
    if base == head or (math.isnan(base) and math.isnan(head)):
        return "same"
    # NaN and infinity are never better; a defined value is better than an undefined one.
    if not math.isfinite(base) or not math.isfinite(head):
        return "better" if math.isfinite(head) else "worse" if math.isfinite(base) else "unjudged"
    if goal is None:
        return "unjudged"
    # What the subtraction itself rounds is no change: 0.915 - 0.913 is a little more than 0.002.
    if abs(head - base) <= tolerance + 4 * math.ulp(max(abs(base), abs(head))):
        return "same"
    return "better" if (head > base) == (goal == "max") else "worse"


def metrics_so_far(data: bytes | None) -> tuple[Metric, ...]:
    """Read the `metrics.jsonl` of a job that still writes it; none where there is none, or it cannot be read yet."""
    try:
        return read_metrics((data or b"").decode("utf-8", "replace").split("\n"))
    except InputError:
        return ()


def read_metrics(lines: Iterable[str], where: str = "metrics.jsonl") -> tuple[Metric, ...]:
    """Read the lines of a `metrics.jsonl` (`{"name", "value", "step", "time", "cell", "source"}`).

    The lines of one name become one `Metric` (last value, series by step). Raises `InputError` `metric.invalid`.
    """
    points: dict[str, list[_Point]] = {}
    for line_number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if line_number > MAX_POINTS:
            raise _invalid(f"more than {MAX_POINTS} metric lines", where)
        point = _point(line, f"{where}, line {line_number}")
        points.setdefault(point.name, []).append(point)
    return tuple(_metric(name, found) for name, found in points.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    name: str
    value: float
    step: int | None
    cell: int | None
    source: str


def _point(line: str, where: str) -> _Point:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        raise _invalid("a metric line is not JSON", where) from None
    told = raw.get("name") if isinstance(raw, dict) else None
    name = clean(told, MAX_NAME) if isinstance(told, str) and len(told) <= MAX_NAME else ""
    if not name:
        raise _invalid(f"a metric has no name of 1 to {MAX_NAME} characters", where)
    try:
        value = float(raw["value"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _invalid(f"the value of {name!r} is not a number", where) from None
    step, cell = raw.get("step"), raw.get("cell")
    return _Point(
        name=name,
        value=value,
        step=step if type(step) is int else None,
        cell=cell if type(cell) is int else None,
        source=clean(str(raw.get("source") or ""), 60),
    )


def _metric(name: str, points: list[_Point]) -> Metric:
    last = points[-1]
    by_step = {point.step: point.value for point in points if point.step is not None}
    series = tuple(sorted(by_step.items())) if len(by_step) > 1 else ()
    return Metric(name=name, value=last.value, source=last.source, cell=last.cell, series=series)


def _invalid(what: str, where: str) -> InputError:
    return InputError(
        "metric.invalid", what, where=where, hint="log numbers with `alekseylearn.log_metric(name, value)`"
    )
