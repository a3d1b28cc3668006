"""How much of a change chance explains: mean and spread of runs with different seeds, and Welch's interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

# Student's t, the quantile 0.975 by degrees of freedom, as tables print it; beyond the last one the normal quantile.
_QUANTILES: tuple[tuple[float, float], ...] = (
    (1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (6, 2.4469), (7, 2.3646), (8, 2.3060),
    (9, 2.2622), (10, 2.2281), (12, 2.1788), (15, 2.1314), (20, 2.0860), (30, 2.0423), (60, 2.0003), (120, 1.9799),
    (math.inf, 1.9600),
)  # fmt: skip


def mean(values: Sequence[float]) -> float:
    """Return the mean of *values*; undefined where one of them is not finite."""
    if len(set(values)) == 1:
        return values[0]
    # Each is divided first, so that no sum overflows.
    return math.fsum(value / len(values) for value in values) if all(map(math.isfinite, values)) else math.nan


def spread(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation of *values*; None for fewer than two, or where one is not finite."""
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    if len(set(values)) == 1:
        return 0.0
    middle = mean(values)
    return math.hypot(*(value - middle for value in values)) / math.sqrt(len(values) - 1)


def half_width(base: tuple[float, int], head: tuple[float, int]) -> float:
    """Return half the width of Welch's 95 % interval of the difference of two means.

    Each side is its sample standard deviation and how many runs it is of, at least two. The standard error and its
    degrees of freedom are those of B. L. Welch, "The generalization of 'Student's' problem when several different
    population variances are involved", Biometrika 34 (1947).
    """
    shares = [(deviation / math.sqrt(runs), runs - 1) for deviation, runs in (base, head)]
    error = math.hypot(*(share for share, _ in shares))
    if error == 0 or not math.isfinite(error):
        return error
    freedom = 1 / sum((share / error) ** 4 / count for share, count in shares)
    return quantile(freedom) * error


def quantile(freedom: float) -> float:
    """Return the quantile 0.975 of Student's t with *freedom* degrees of freedom, at least 1 (to 0.3 %)."""
    (before, high), (after, low) = next(pair for pair in pairwise(_QUANTILES) if freedom <= pair[1][0])
    # Between two lines of the table it is nearly straight in 1 / freedom.
    share = (1 / before - 1 / max(freedom, before)) / (1 / before - 1 / after)
    return high + share * (low - high)
