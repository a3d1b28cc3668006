"""Line differences: what is shown rebuilds both texts, and no text takes long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn import lines
from alekseylearn.lines import GAP, MAX_SHOWN, diff_lines

texts = st.lists(st.sampled_from(["", "a = 1", "b = 2", "print(a)", "  # note"]), max_size=12).map("\n".join)


@given(texts, texts)
def test_the_runs_rebuild_both_texts(before: str, after: str) -> None:
    found = diff_lines(before, after)
    assert "\n".join(line for run in found.runs for line in run.removed) == before
    assert "\n".join(line for run in found.runs for line in run.added) == after
    assert all(run.removed == run.added for run in found.runs if run.kind == "equal")


@given(texts, texts, st.integers(0, 4))
def test_shown_lines_are_as_many_as_counted(before: str, after: str, context: int) -> None:
    found = diff_lines(before, after)
    shown = found.render(context)
    assert sum(line.startswith("+ ") for line in shown) == found.added
    assert sum(line.startswith("- ") for line in shown) == found.removed
    assert all(line == GAP or line[:2] in ("+ ", "- ", "  ") for line in shown)


@given(texts)
def test_equal_texts_show_nothing(text: str) -> None:
    found = diff_lines(text, text)
    assert (found.added, found.removed, found.coarse, found.render(3)) == (0, 0, False, ())


def test_a_text_that_comes_or_goes_counts_all_its_lines() -> None:
    assert diff_lines("", "a\nb").render(2) == ("+ a", "+ b")
    assert diff_lines("a\nb", "").render(2) == ("- a", "- b")


def test_context_stands_around_each_change_and_a_gap_for_the_rest() -> None:
    before = "\n".join("abcdefghijkl")
    after = before.replace("c", "C").replace("j", "J")
    assert diff_lines(before, after).render(1) == (
        *(GAP, "  b", "- c", "+ C", "  d"),
        *(GAP, "  i", "- j", "+ J", "  k", GAP),
    )


def test_without_context_only_changes_are_shown() -> None:
    assert diff_lines("a\nb", "a\nc").render(0) == (GAP, "- b", "+ c")


def test_a_long_difference_is_cut_and_says_how_much_is_left() -> None:
    shown = diff_lines("", "\n".join(map(str, range(1000)))).render(2)
    assert len(shown) == MAX_SHOWN + 1
    assert shown[-1] == f"{GAP} and 800 more lines"


def test_one_line_too_many_is_shown_rather_than_announced() -> None:
    assert len(diff_lines("", "\n".join(map(str, range(MAX_SHOWN + 1)))).render(2)) == MAX_SHOWN + 1


def test_hostile_repetition_is_given_up_but_stays_true() -> None:
    before = "\n".join(f"x\n{number}" for number in range(3000))
    after = "\n".join(f"x\n{-number - 1}" for number in range(3000))
    found = diff_lines(before, after)
    assert found.coarse
    assert "\n".join(line for run in found.runs for line in run.added) == after


@given(texts, texts, st.integers(0, 6))
def test_long_texts_are_rebuilt_too(before: str, after: str, longest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "MAX_LINES", longest)
        found = diff_lines(before, after)
    assert "\n".join(line for run in found.runs for line in run.removed) == before
    assert "\n".join(line for run in found.runs for line in run.added) == after
    assert all(run.removed == run.added for run in found.runs if run.kind == "equal")


def test_every_other_line_of_a_long_text_is_changed() -> None:
    before, after = (
        "\n".join(f"x{n} = {n}" if n % 2 else f"{word}{n} = 1" for n in range(30_000)) for word in ("y", "z")
    )
    found = diff_lines(before, after)
    assert (found.added, found.removed, found.coarse) == (15_000, 15_000, False)


def test_what_stands_between_the_lines_of_a_long_text_is_searched() -> None:
    middle = [f"line {number}" for number in range(2_500)]
    before = "\n".join(["a", "b", "a", *middle, "c", "c"])
    after = "\n".join(["a", "a", *middle, "c", "d", "c"])
    found = diff_lines(before, after)
    assert (found.added, found.removed) == (1, 1)
