"""Why nothing of a notebook is trained, in the words that help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alekseylearn.diff import diff_notebooks
from alekseylearn.errors import InputError
from alekseylearn.notebook import Notebook
from alekseylearn.plan import NotebookPlan
from alekseylearn.untrained import check_trained, untrained
from tests.strategies import notebook


@pytest.mark.parametrize(
    ("made", "slug", "where"),
    [
        (notebook("a = 1"), "nb.no-training", "notebook.ipynb"),
        (notebook("a = 1", "def f(:\n  pass"), "nb.source", "cell 1, line 1"),
        (notebook("a = 1", "#| skip\ndef f(:\n  pass"), "nb.no-training", ""),
        (notebook("x = " + "+".join(["1"] * 100_000)), "nb.limit", "cell 0"),
        (notebook("x = " + "-" * 100_000 + "1"), "nb.limit", "cell 0"),
        (notebook("x = " + "[" * 90 + "1" + "]" * 90, "x = 1\n" * 50_000), "nb.limit", "cell 1"),
        (replace(notebook("x <- 1"), language="r", display_name="R 4"), "nb.language", "notebook.ipynb"),
    ],
    ids=range(7),
)
def test_it_is_said_why_nothing_is_trained(made: Notebook, slug: str, where: str) -> None:
    error = untrained(made)
    assert error.slug == slug
    assert where in error.where
    assert error.hint


def test_a_cell_that_cannot_be_read_is_found_by_people_too() -> None:
    assert "cell 2 of 2 from the top" in untrained(notebook("a = 1", "print 'x'")).hint


def plan(made: Notebook | None, **more: object) -> NotebookPlan:
    diff = diff_notebooks(None, made or notebook("a"))
    return replace(NotebookPlan(path="a.ipynb", name="a", decision="skip", reason="", diff=diff, notebook=made), **more)


def test_looking_raises_only_for_what_cannot_be_read() -> None:
    nothing, broken = plan(notebook("a = 1")), plan(notebook("a = ("))
    check_trained(nothing, train=False)
    for one, train, slug in (
        (nothing, True, "nb.no-training"),
        (broken, True, "nb.source"),
        (broken, False, "nb.source"),
    ):
        with pytest.raises(InputError) as caught:
            check_trained(one, train=train)
        assert caught.value.slug == slug
    with pytest.raises(InputError, match=r"nb\.no-training"):
        check_trained(plan(None), train=True)


def test_what_was_too_much_to_follow_is_said_again() -> None:
    limit = InputError("nb.limit", "too much", hint="less")
    with pytest.raises(InputError) as caught:
        check_trained(plan(notebook("a = 1"), limit=limit), train=False)
    assert caught.value is limit


def test_a_notebook_that_is_gone_need_not_train() -> None:
    check_trained(plan(notebook("a"), diff=diff_notebooks(notebook("a"), None)), train=True)
