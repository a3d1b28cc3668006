"""What the notebook's own classes and functions do is followed to the end."""

import pytest

from alekseylearn.slicing import backward_slice
from alekseylearn.targets import find_targets
from tests.strategies import notebook


def kept(*cells: str) -> list[int]:
    made = notebook(*cells)
    return [reason.cell for reason in backward_slice(made, find_targets(made)).kept]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            (
                "class A:\n    @classmethod\n    def __init_subclass__(cls):\n        seen.append(cls)",
                "seen = []",
                "class B(A): pass",
                "class C: pass",
                "#| train\nfit(seen)",
            ),
            [0, 1, 2, 4],
            id="a decorated hook of subclasses",
        ),
        pytest.param(
            (
                "class A:\n    @staticmethod\n    def __new__(cls):\n        seen.append(1)\n        return object.__new__(cls)",
                "seen = []",
                "A()",
                "#| train\nfit(seen)",
            ),
            [0, 1, 2, 3],
            id="a decorated __new__",
        ),
        pytest.param(
            ("class A(B):\n    x: list", "items = []", "a = A([1], items)", "items.append(1)", "#| train\nfit(a)"),
            [0, 1, 2, 3, 4],
            id="more arguments than fields",
        ),
        pytest.param(
            (
                "from ours import Net",
                "class A(Net):\n    def __init__(self, layers):\n        super().__init__(layers)",
                "layers = []",
                "a = A(layers)",
                "layers.append(1)",
                "#| train\nfit(a)",
            ),
            [0, 1, 2, 3, 4, 5],
            id="a library's class gets what super hands on",
        ),
        pytest.param(
            (
                "import pandas as pd",
                "class Frame(pd.DataFrame): pass",
                "f = Frame({'a': [1]})",
                "f.drop(columns='a', inplace=True)",
                "f.mean()",
                "#| train\nfit(f)",
            ),
            [0, 1, 2, 3, 5],
            id="a frame of the notebook's own class",
        ),
        pytest.param(
            ("def f():\n    super()", "f()", "#| train\nfit(f)"),
            [0, 2],
            id="super outside of a class",
        ),
        pytest.param(
            ("a, b = [[1, 2]], [[3, 4]]", "for x, y in a + b:\n    z = x", "#| train\nfit(z)"),
            [0, 1, 2],
            id="items of a sum",
        ),
        pytest.param(
            ("import torch", "x = torch.ones(3)", "x.frobnicate()", "x.frobnicate_()", "#| train\nfit(x)"),
            [0, 1, 3, 4],
            id="methods of tensors say whether they change them",
        ),
    ],
)
def test_what_the_notebook_defines_is_followed(cells: tuple[str, ...], expected: list[int]) -> None:
    assert kept(*cells) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("None", [0, 2]),
        ("print(a)", [0, 2]),
        ("a + 1;", [0, 2]),
        ("a", [0, 1, 2]),
        ("a + 1", [0, 1, 2]),
        ("3", [1, 2]),
    ],
)
def test_the_last_value_is_what_a_cell_showed(cell: str, expected: list[int]) -> None:
    assert kept("a = 1\n5", cell, "#| train\nfit(_)") == expected
