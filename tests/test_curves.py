"""Both sides of a curve lie on the same steps, thinned evenly."""

import math

from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.curves import find_curve, find_curves, lay_out
from alekseylearn.jobs import JobState
from alekseylearn.metrics import Metric
from alekseylearn.series import Points
from tests.outcomes import curve, result, told

VALUES = st.floats(min_value=-1e11, max_value=1e11)
SERIES = st.dictionaries(st.integers(min_value=0, max_value=10_000), VALUES, min_size=2, max_size=60)


def test_the_primary_metric_is_drawn_first() -> None:
    head = result(metrics=(curve("loss", (2.0, 1.0)), curve("val_accuracy", (0.1, 0.2))))
    found = find_curves(told(head=head), 50)
    assert [one.name for one in found] == ["val_accuracy", "loss"]
    assert (found[0].head_end, found[0].base_end) == (0.2, 0.913)
    assert found[1].base == ()


def test_what_was_cut_short_or_never_ran_has_no_curve_in_the_comment() -> None:
    assert find_curve(told(head=None), 50) is None
    assert find_curve(told(head=result(state=JobState.FAILED)), 50) is None
    assert find_curve(told(head=result(metrics=(Metric(name="acc", value=1),))), 50) is None
    assert find_curve(told(head=result(), base=None), 50) is not None


def test_what_is_no_number_is_no_point() -> None:
    odd = Metric(name="loss", value=1, series=((-1, 1.0), (0, math.nan), (1, math.inf), (2, 1e300), (3, 0.5)))
    assert find_curves(told(head=result(metrics=(odd,))), 50) == ()


def test_a_longer_base_is_drawn_to_its_end() -> None:
    found = lay_out("loss", {1: 3.0, 2: 2.0}, {1: 3.0, 2: 2.5, 3: 2.0}, 50)
    assert (found.steps, found.head, found.base) == ((1, 2, 3), (3.0, 2.0), (3.0, 2.5, 2.0))


def test_a_base_on_other_steps_is_left_out() -> None:
    found = lay_out("loss", {1: 3.0, 3: 2.0}, {2: 3.0, 4: 2.5}, 50)
    assert (found.steps, found.base, found.base_end) == ((1, 3), (), None)


def test_a_base_that_lacks_a_value_is_drawn_all_the_same() -> None:
    head = {step: 1.0 / step for step in range(1, 21)}
    base = {step: 2.0 / step for step in range(1, 26) if step != 7}
    found = lay_out("loss", head, base, 50)
    assert found.steps == tuple(step for step in range(1, 26) if step != 7)
    assert (len(found.head), len(found.base), found.head_end) == (19, 24, 0.05)


def test_very_long_series_of_different_lengths_are_drawn_on_common_steps() -> None:
    def kept(count: int, lowest: int) -> Metric:
        logged = Points()
        for step in range(count):
            logged.add(step, abs(step - lowest) / count)
        return Metric(name="loss", value=0.5, series=logged.thinned(2000))

    notebook = told(head=result(metrics=(kept(50_001, 40_123),)), base=result(metrics=(kept(59_999, 30_457),)))
    (found,) = find_curves(notebook, 400)
    assert len(found.head) > 300
    assert len(found.base) > 390


@given(SERIES, SERIES, st.integers(min_value=2, max_value=50))
def test_no_curve_has_more_points_than_asked_for_and_invents_none(
    head: dict[int, float], base: dict[int, float], most: int
) -> None:
    found = lay_out("loss", head, base, most)
    assert len(found.steps) <= most
    assert list(found.steps) == sorted(set(found.steps))
    assert found.head == tuple(head[step] for step in found.steps[: len(found.head)])
    assert found.base == tuple(base[step] for step in found.steps[: len(found.base)])
    assert found.steps[0] == min(head)
