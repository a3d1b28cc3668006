"""Metrics, their goals, and what a pull request did to them."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from alekseylearn import noise
from alekseylearn.goals import Goal, guess_goal, is_held_out
from alekseylearn.text import clean, number

Verdict = Literal["better", "worse", "same", "new", "gone", "unjudged"]
GateOperator = Literal[">=", "<=", ">", "<"]

MAX_NAME = 255
"""Longest name of a metric, in characters."""
_COMPARE: Mapping[GateOperator, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_GATE = re.compile(r"\s*(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*\Z")


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
        return self.told(name) or guess_goal(name)

    def told(self, name: str) -> Goal | None:
        """Return the direction that the configuration gives *name*: as its goal, else by its gate.

        A gate against what the name tells (`accuracy < 0.999`) only bounds what is too good to be true.
        """
        gate = next((gate for gate in self.gates if gate.metric == name), None)
        bounded: Goal | None = None if gate is None else "max" if gate.operator in (">=", ">") else "min"
        return self.goals.get(name) or (bounded if guess_goal(name) in (None, bounded) else None)


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
        return goal is not None, is_held_out(names[place]), goal == "max", place

    best = max(range(len(names)), key=rank, default=None)
    return None if best is None else names[best]


def compare(base: Iterable[Metric], head: Iterable[Metric], judgement: Judgement) -> tuple[MetricDelta, ...]:
    """Set *head* against *base*, metric by metric, in head's order; what only base has comes last."""
    before = {metric.name: metric for metric in base}
    after = {metric.name: metric for metric in head}
    return tuple(
        _delta(name, before.get(name), after.get(name), judgement) for name in dict.fromkeys([*after, *before])
    )


def _delta(name: str, base: Metric | None, head: Metric | None, judgement: Judgement) -> MetricDelta:
    goal, within = judgement.goal(name), _noise(base, head)
    values = (None if base is None else base.value, None if head is None else head.value)
    return MetricDelta(
        name=name,
        base=values[0],
        head=values[1],
        goal=goal,
        verdict=_verdict(*values, goal, max(judgement.tolerance, within or 0.0)),
        guessed=goal is not None and judgement.told(name) is None,
        noise=within,
    )


def _noise(base: Metric | None, head: Metric | None) -> float | None:
    """Say up to which change the seeds explain it; None where a side has fewer than two runs to tell it by."""
    if base is None or head is None or base.spread is None or head.spread is None:
        return None
    return noise.half_width((base.spread, base.runs), (head.spread, head.runs))


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
