"""Where parameters are set: after the cell that sets them first, or nowhere and with a reason."""

from __future__ import annotations

import pytest

from alekseylearn.errors import InputError
from alekseylearn.parameters import parameter_places
from tests.strategies import notebook


def places(names: str, *cells: str) -> dict[int, tuple[str, ...]]:
    return dict(parameter_places(names.split(), notebook(*cells).cells, "a.ipynb"))


def refused(names: str, *cells: str) -> InputError:
    with pytest.raises(InputError) as caught:
        places(names, *cells)
    return caught.value


@pytest.mark.parametrize(
    ("names", "cells", "expected"),
    [
        ("", ("a = 1",), {}),
        ("a", ("a = 1", "a = 2"), {0: ("a",)}),
        ("b a", ("a = 1", "print(a)", "b = 2", "print(b)"), {0: ("a",), 2: ("b",)}),
        ("lr epochs", ("epochs, lr = 20, 0.1", "fit(epochs, lr)"), {0: ("epochs", "lr")}),
        ("a b", ("a = 1", "#| parameters\na = 2\nb = 3\nprint(a)"), {1: ("a", "b")}),
        ("a b", ("#| parameters\nb = 3", "a = 1"), {0: ("b",), 1: ("a",)}),
        ("a", ("if x:\n    a = 1\nelse:\n    a = 2", "print(a)"), {0: ("a",)}),
        ("a", ("def f():\n    return a\na = 1", "f()"), {0: ("a",)}),
        ("a", ("f(a0)\na = a0 * 2",), {0: ("a",)}),
        ("a", ("import a", "a = 3"), {1: ("a",)}),
    ],
)
def test_each_parameter_is_set_after_the_cell_that_sets_it_first(
    names: str, cells: tuple[str, ...], expected: dict[int, tuple[str, ...]]
) -> None:
    assert places(names, *cells) == expected


@pytest.mark.parametrize(
    "cells", [(), ("b = 1",), ("print(a)",), ("def f(a=1):\n    pass",), ("import a",), ("x.a = 1",)]
)
def test_a_parameter_that_no_cell_sets_is_refused(cells: tuple[str, ...]) -> None:
    error = refused("a", *cells)
    assert error.slug == "cfg.unknown"
    assert "no training cell sets the parameter `a`" in error.what
    assert error.where == "a.ipynb"


@pytest.mark.parametrize(
    "cell",
    [
        "a = 1\nfit(a)",
        "a = 1\na += 1",
        "for a in range(3):\n    fit(a)",
        "a = b = 1\nprint(f'{a}')",
        "def f():\n    return a\na = 1\nf()",
        "a = 1\n[a for _ in x]",
    ],
)
def test_a_parameter_whose_value_would_come_too_late_is_refused(cell: str) -> None:
    error = refused("a", "x = 0", cell)
    assert error.slug == "cfg.parameter"
    assert error.where == "a.ipynb, cell 1"
    assert error.hint == "set `a` in a cell of its own"
