import pytest

from alekseylearn import memory
from alekseylearn.dataflow import trace
from alekseylearn.errors import InputError
from alekseylearn.names import find_names
from alekseylearn.notebook import Cell
from alekseylearn.pruning import prune
from alekseylearn.targets import find_targets
from tests.strategies import notebook

FIT = "from sklearn.linear_model import Ridge\nmodel = Ridge().fit(a, a)"
CHAIN = "\n".join(f"def f{number}(x):\n    return f{number + 1}(x)" for number in range(400))
DEEP = [
    pytest.param("a = " + "not " * 800 + "1", id="signs"),
    pytest.param("a = b" + ".c()" * 700, id="methods"),
    pytest.param("if x:\n  a = 1\n" + "".join(f"elif x == {n}:\n  a = {n}\n" for n in range(600)), id="branches"),
    pytest.param("a = " + "f'{1}' + " * 700 + "''", id="formatted text"),
]


def test_functions_that_call_each_other_too_deeply_may_do_anything():
    last = "def f400(x):\n    x.append(1)\n    return x"
    made = notebook("a = []", f"{CHAIN}\n{last}", "if a:\n    f0(a)", "b = 1", FIT)
    _, found = prune(made, find_targets(made))
    assert [reason.cell for reason in found.kept][:3] == [0, 1, 2]
    assert found.kept[-1].cell == 4


def test_more_functions_than_can_be_followed_may_do_anything():
    calls = "def f(): pass\n" + "f()\n" * 400
    cells = ("a = []", "def g():\n    global b\n    b = 1", f"{calls}g()", f"{FIT}\nprint(b)")
    made = notebook("b = 0", *cells)
    _, found = prune(made, find_targets(made))
    assert [reason.cell for reason in found.kept] == [0, 1, 2, 3, 4]
    assert found.kept[3].reason.startswith(("may define", "defines"))


@pytest.mark.parametrize("depth", range(100, 420, 20))
def test_what_goes_through_too_many_functions_to_be_told_is_no_figure(depth: int):
    chain = "".join(f"def f{number}(x): return f{number + 1}(x)\n" for number in range(depth))
    made = notebook(FIT, f"{chain}def f{depth}(x): return x", "print(f0(model))")
    assert [target.cell for target in find_targets(made)] == [0]


@pytest.mark.parametrize("source", DEEP)
def test_a_cell_that_is_nested_too_deeply_is_kept_with_all_before_training(source: str):
    made = notebook("x = b = 1", source, FIT)
    _, found = prune(made, find_targets(made))
    assert [reason.cell for reason in found.kept] == [0, 1, 2]
    assert "nested too deeply" in found.warnings[0]


def test_the_same_code_in_another_cell_is_read_once():
    first, second = (find_names(Cell(index=index, id="", kind="code", source="x = y")) for index in (0, 7))
    assert (first.cell, second.cell) == (0, 7)
    assert first.statements is second.statements


@pytest.mark.parametrize(
    "line",
    [
        "x{n} = f(x{m}, y.z[{n}])",
        "df['c{n}'] = df['c{m}'] + df.b",
        "for q in a: b = q",
        "if a{n}: b = a",
    ],
)
def test_code_whose_objects_never_come_to_an_end_is_not_followed(line: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "MOST_WORK", 20_000)
    made = notebook("\n".join(line.format(n=n, m=n - 1) for n in range(1200)), FIT)
    with pytest.raises(InputError, match=r"nb\.limit") as caught:
        find_targets(made)
    assert caught.value.where == "notebook.ipynb"


def test_a_notebook_with_very_much_code_is_not_followed():
    with pytest.raises(InputError, match=r"nb\.limit"):
        trace(notebook("a = 1\n" * 30_000, "a = 1\n" * 30_000))


def test_two_thousand_cells_that_show_something_are_followed():
    assert len(trace(notebook(*(f"x{n}" for n in range(2_000))))) == 2_000
