"""The values of a metric by step: sorted, the last of each step, and thinned so that a curve stays what it was."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.series import Points

LOGGED = st.lists(st.tuples(st.integers(-(2**65), 2**65) | st.integers(0, 9), st.floats()), max_size=40)


def points(logged: list[tuple[int, float]]) -> Points:
    made = Points()
    for step, value in logged:
        made.add(step, value)
    return made


@given(LOGGED)
def test_each_step_has_its_last_value_in_the_order_of_steps(logged: list[tuple[int, float]]) -> None:
    expected = sorted({step: value for step, value in logged if abs(step) < 2**63}.items())
    # Undefined numbers are equal to nothing, so what is compared is how the values look.
    assert repr(points(logged).thinned(1000)) == repr(tuple(expected))
    assert len(points(logged)) == len(expected)


@given(st.lists(st.floats(), min_size=1, max_size=300), st.integers(1, 50))
def test_a_thinned_series_keeps_its_ends_its_extremes_and_that_it_was_undefined(values: list[float], most: int) -> None:
    whole = list(enumerate(values))
    thin = points(whole).thinned(most)
    told = [value for _, value in thin]
    finite = [value for value in values if math.isfinite(value)]
    assert len(thin) <= most + 4
    assert (thin[0][0], thin[-1][0]) == (0, len(values) - 1)
    assert repr(thin) == repr(tuple(pair for pair in whole if pair[0] in dict(thin)))
    assert not finite or {min(finite), max(finite)} <= set(told)
    assert all(map(math.isfinite, told)) == all(map(math.isfinite, values))


@given(st.integers(1, 400), st.integers(1, 400))
def test_two_runs_that_log_alike_keep_the_same_steps(one: int, other: int) -> None:
    kept = [{step for step, _ in points([(step, 1.0) for step in range(count)]).thinned(40)} for count in (one, other)]
    shorter, longer = sorted(kept, key=max)
    # But for its own last step, of which nobody else need have heard.
    assert {step for step in longer if step < max(shorter)} <= shorter
