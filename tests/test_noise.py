"""Mean, spread and Welch's interval, against numbers worked out by hand and by the laws they must keep."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.noise import half_width, mean, quantile, spread

NUMBERS = st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=20)
SIDES = st.tuples(st.floats(1e-9, 1e9), st.integers(2, 20))


@given(NUMBERS)
def test_mean_and_spread_are_those_of_statistics(values: list[float]) -> None:
    scale = max(map(abs, values)) + 1e-300
    assert mean(values) == pytest.approx(statistics.fmean(values), abs=scale * 1e-12)
    assert spread(values) == pytest.approx(statistics.stdev(values), abs=scale * 1e-7)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 20))
def test_runs_that_are_alike_have_exactly_their_own_mean_and_no_spread(value: float, count: int) -> None:
    assert (mean([value] * count), spread([value] * count)) == (value, 0.0)


def test_what_is_undefined_stays_so() -> None:
    assert math.isnan(mean([1.0, math.nan]))
    assert math.isnan(mean([1.0, math.inf]))
    assert (spread([1.0, math.nan]), spread([1.0, math.inf]), spread([1.0])) == (None, None, None)
    assert (mean([1e308, 1e308]), mean([math.inf, math.inf])) == (1e308, math.inf)


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 12.7062), (2, 4.3027), (4, 2.7764), (11, 2.2010), (25, 2.0595), (40, 2.0211), (1e9, 1.9600), (0.999, 12.7062)],
)
def test_the_quantiles_are_those_of_the_tables(freedom: float, expected: float) -> None:
    assert quantile(freedom) == pytest.approx(expected, rel=0.003)


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_more_is_known_with_more_degrees_of_freedom(one: float, other: float) -> None:
    assert quantile(max(one, other)) <= quantile(min(one, other))


def test_the_interval_of_two_samples_by_hand() -> None:
    # Variances 4 and 9 of 5 and 10 runs: error = sqrt(0.8 + 0.9), freedom = 1.7**2 / (0.8**2 / 4 + 0.9**2 / 9) = 11.56.
    assert half_width((2.0, 5), (3.0, 10)) == pytest.approx(math.sqrt(1.7) * 2.188, rel=0.003)


@given(SIDES, SIDES)
def test_the_sides_may_change_places(base: tuple[float, int], head: tuple[float, int]) -> None:
    assert half_width(base, head) == pytest.approx(half_width(head, base))


@given(st.floats(1e-9, 1e9), st.integers(2, 19))
def test_the_noise_shrinks_with_every_run(deviation: float, runs: int) -> None:
    assert half_width((deviation, runs + 1), (deviation, runs + 1)) < half_width((deviation, runs), (deviation, runs))


@given(SIDES)
def test_a_side_without_spread_adds_nothing(side: tuple[float, int]) -> None:
    assert half_width(side, (0.0, 3)) == pytest.approx(side[0] / math.sqrt(side[1]) * quantile(side[1] - 1))
    assert half_width((0.0, 2), (0.0, 3)) == 0.0
    assert half_width((math.inf, 2), (0.0, 3)) == math.inf
