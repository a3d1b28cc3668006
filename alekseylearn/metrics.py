"""Metrics, their goals, and what a pull request did to them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
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
_GATE = re.compile(r"\s*(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*\Z")
_HIGHER = re.compile(
    r"(^|[^a-z])(acc|accuracy|f1|f_?beta|auc|roc|precision|recall|r2|r_?squared|score|iou|dice|map|bleu|rouge|ndcg|mcc|kappa)"
)
_LOWER = re.compile(
    r"(^|[^a-z])(loss|error|err|rmse|mse|mae|mape|rmsle|perplexity|ppl|wer|cer|fid|deviance|nll|cost|brier|log_?loss)"
)
_HELD_OUT = re.compile(r"(^|[^a-z])(val|valid|validation|eval|test|holdout|cv)([^a-z]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of one run: its last value, and its values by step where it was logged more than once."""

    name: str
    value: float
    source: str = ""
    cell: int | None = None
    series: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A bound that the configuration sets: `accuracy >= 0.92`."""

    metric: str
    operator: GateOperator
    bound: float

    def __str__(self) -> str:
        return f"{self.metric} {self.operator} {number(self.bound)}"

    def passes(self, value: float | None) -> bool:
        """Tell whether *value* keeps the bound; a missing or undefined value never does."""
        if value is None or math.isnan(value):
            return False
        match self.operator:
            case ">=":
                return value >= self.bound
            case "<=":
                return value <= self.bound
            case ">":
                return value > self.bound
            case "<":
                return value < self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDelta:
    """What became of one metric between base and head."""

    name: str
    base: float | None
    head: float | None
    goal: Goal | None
    verdict: Verdict

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
    """Guess from its *name* whether a metric should rise or fall."""
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if _LOWER.search(spelled):
        return "min"
    if _HIGHER.search(spelled):
        return "max"
    return None


def parse_gate(metric: str, rule: str) -> Gate:
    """Read a rule such as `>= 0.92`; raises `ValueError` when it is none."""
    match = _GATE.match(rule)
    if match is None:
        raise ValueError(f"{clean(rule, 40)!r} is not a gate; write for example '>= 0.92'")
    operators: dict[str, GateOperator] = {">=": ">=", "<=": "<=", ">": ">", "<": "<"}
    return Gate(metric=metric, operator=operators[match[1]], bound=float(match[2]))


def primary_metric(metrics: Iterable[Metric], judgement: Judgement) -> str | None:
    """Choose the metric that the verdict is about.

    The configured one; else the first gate's; else the last held-out metric with a known goal (max before min),
    else the last metric with a known goal, else the last one.
    """
    names = [metric.name for metric in metrics]
    if judgement.primary in names:
        return judgement.primary
    for gate in judgement.gates:
        if gate.metric in names:
            return gate.metric
    configured = [name for name in names if name in judgement.goals]
    if configured:
        return configured[0]

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
    if not math.isfinite(head):
        return "worse" if math.isfinite(base) else "unjudged"
    if not math.isfinite(base) or goal is None:
        return "unjudged"
    if abs(head - base) <= tolerance:
        return "same"
    return "better" if (head > base) == (goal == "max") else "worse"


def read_metrics(lines: Iterable[str], where: str = "metrics.jsonl") -> tuple[Metric, ...]:
    """Read the lines of a `metrics.jsonl` (`{"name", "value", "step", "time", "cell", "source"}`).

    The lines of one name become one `Metric` (last value, series by step). Raises `InputError` `metric.invalid`.
    """
    points: dict[str, list[dict[str, object]]] = {}
    for line_number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if line_number > MAX_POINTS:
            raise _invalid(f"more than {MAX_POINTS} metric lines", where)
        point = _point(line, f"{where}, line {line_number}")
        points.setdefault(str(point["name"]), []).append(point)
    return tuple(_metric(name, found) for name, found in points.items())


def _point(line: str, where: str) -> dict[str, object]:
    try:
        point = json.loads(line)
    except (ValueError, RecursionError):
        raise _invalid("a metric line is not JSON", where) from None
    if not isinstance(point, dict) or not isinstance(point.get("name"), str) or not 0 < len(point["name"]) <= 255:
        raise _invalid("a metric has no name of 1 to 255 characters", where)
    try:
        value = float(point["value"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _invalid(f"the value of {point['name']!r} is not a number", where) from None
    step, cell = point.get("step"), point.get("cell")
    return {
        "name": clean(point["name"], 255),
        "value": value,
        "step": step if type(step) is int else None,
        "cell": cell if type(cell) is int else None,
        "source": clean(str(point.get("source") or ""), 60),
    }


def _metric(name: str, points: list[dict[str, object]]) -> Metric:
    last = points[-1]
    by_step = {point["step"]: point["value"] for point in points if point["step"] is not None}
    series = tuple(
        sorted((step, value) for step, value in by_step.items() if isinstance(step, int) and isinstance(value, float))
    )
    value, cell = last["value"], last["cell"]
    return Metric(
        name=name,
        value=value if isinstance(value, float) else math.nan,
        source=str(last["source"]),
        cell=cell if isinstance(cell, int) else None,
        series=series if len(series) > 1 else (),
    )


def _invalid(what: str, where: str) -> InputError:
    return InputError(
        "metric.invalid", what, where=where, hint="log numbers with `alekseylearn.log_metric(name, value)`"
    )
