"""Statements that only show something are left out of kept cells, and nothing else is."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest
from hypothesis import assume, given, settings

from alekseylearn.config import Config
from alekseylearn.knowledge import Knowledge, Rules
from alekseylearn.plan import Settings, make_job
from alekseylearn.pruning import LEFT_OUT, prune
from alekseylearn.targets import find_targets
from tests.strategies import notebook, sources
from tests.test_slicing import run
from tests.trees import tree

IMPORTS = "import numpy as np\nimport pandas as pd\nfrom sklearn.linear_model import Ridge"
PLOTS = "import matplotlib.pyplot as plt\nimport seaborn as sns"
FIT = "model = Ridge().fit(df[['a']], df.b)\nmodel.coef_"


def left_out(*cells: str, rules: Rules | None = None) -> list[str]:
    """Return the lines that are left out of the kept cells."""
    made = notebook(*cells)
    trimmed, cut = prune(made, find_targets(made), rules or Rules())
    kept = [trimmed.cells[reason.cell].source for reason in cut.kept]
    return [line.partition(LEFT_OUT)[2] for source in kept for line in source.split("\n") if LEFT_OUT in line]


def with_tail(tail: str) -> tuple[str, ...]:
    return IMPORTS, PLOTS, f"df = pd.DataFrame({{'a': [1., 2., 3.], 'b': [2., 1., 0.]}})\n{tail}", FIT


@pytest.mark.parametrize(
    "tail",
    [
        "df.head()",
        "df",
        "df.shape, len(df)",
        "f'{len(df)} rows'",
        "print(df.describe())",
        "display(df)",
        "df.hist(bins=3);",
        "plt.plot(df.a)",
        "sns.pairplot(df)",
        "sns.set_theme()",
        "plt.rc('figure', figsize=(5, 3))",
        "fig, ax = plt.subplots()",
        "for name in df.columns: print(name, df[name].mean())",
        "for number, name in enumerate(df): plt.plot(df[name])",
        "if len(df) > 2: print('many')",
        "with plt.style.context('ggplot'): plt.plot(df.a)",
        "np.unique(df.b, return_counts=True)",
        "'a docstring'",
    ],
)
def test_a_statement_that_only_shows_is_left_out(tail: str) -> None:
    assert left_out(*with_tail(tail)) == [tail]


@pytest.mark.parametrize(
    "tail",
    [
        "df.drop(columns='b', inplace=True)",
        "df.pop('c')",
        "n = len(df)",
        "np.random.rand(2)",
        "np.random.seed(1)",
        "df.sample(2)",
        "np.testing.assert_allclose(df.a, df.a)",
        "assert len(df) == 3",
        "exit()",
        "input()",
        "open('a.txt', 'w')",
        "df.to_csv('out.csv')",
        "df.to_sql('rows', engine)",
        "mystery(df)",
        "df.mystery()",
        "next(rows)",
        "if len(df) > 2: df = df[:2]",
        "while False: print(1)",
        "for row in rows: df.loc[row] = 0",
        "with open('a.txt') as file: print(file.read())",
        "print(df.pop('c'))",
        "del n",
        "(m := df.a.mean())",
        "await df.later()",
        "await display(df)",
        "df.columns = ['a', 'b']",
        "plt.plot(df.a); df = df * 2",
    ],
)
def test_a_statement_that_may_do_more_stays(tail: str) -> None:
    rows = "rows = iter([1])\nengine = None"
    assert left_out(IMPORTS, "import matplotlib.pyplot as plt", rows, *with_tail(tail)[2:]) == []


def test_figures_go_together_as_far_as_nothing_else_uses_them() -> None:
    tail = "fig, axes = plt.subplots(1, 2)\nfor ax, name in zip(axes, df):\n    ax.hist(df[name])\nfig.tight_layout()"
    assert left_out(*with_tail(tail)) == tail.split("\n")


def test_cells_that_only_served_what_is_left_out_are_dropped() -> None:
    made = notebook(*with_tail("sns.pairplot(df)"))
    _, cut = prune(made, find_targets(made))
    assert [reason.cell for reason in cut.kept] == [0, 2, 3]


def test_imports_for_showing_are_left_out_of_a_cell_of_imports() -> None:
    cells = with_tail("plt.plot(df.a)")
    assert left_out(f"{cells[0]}\n{PLOTS}", *cells[2:]) == [*PLOTS.split("\n"), "plt.plot(df.a)"]


def test_a_plot_that_was_dropped_does_not_come_back_for_want_of_its_import() -> None:
    imports = f"{IMPORTS}\nimport seaborn as sns"
    cells = (imports, *with_tail("df.head()")[2:3], "sns.countplot(x='a', data=df)", FIT)
    made = notebook(*cells)
    trimmed, cut = prune(made, find_targets(made))
    assert [reason.cell for reason in cut.kept] == [0, 1, 3]
    assert {reason.cell: reason.reason for reason in cut.dropped} == {2: "only shows something"}
    assert trimmed.cells[2].source == cells[2]
    assert cut.missing == ()


def test_what_stays_keeps_what_it_needs() -> None:
    imports = f"{IMPORTS}\n{PLOTS}\nimport lab"
    tail = "fig, ax = plt.subplots()\nfound = lab.frob(ax)\ndf.head()"
    assert left_out(imports, *with_tail(tail)[2:]) == ["import seaborn as sns", "df.head()"]


def test_training_cells_and_those_after_them_stay_as_they_are() -> None:
    cells = (*with_tail("df.a = 1"), "print(model)\nscore = model.score(df[['a']], df.b)", "df2 = model\nprint(df2)")
    assert left_out(*cells[:3], f"print(df)\n{FIT}", *cells[4:]) == []


@pytest.mark.parametrize(
    "first_line", ["#| keep", "!wget file.csv", "%pip install seaborn", "%%capture shown"], ids=str
)
def test_marked_cells_and_magics_with_effects_stay_whole(first_line: str) -> None:
    cells = with_tail("df.head()")
    assert left_out(*cells[:2], f"{first_line}\n{cells[2]}", FIT) in (
        [],
        ["df.head()"] if "capture" in first_line else [],
    )


def test_a_quiet_magic_does_not_keep_a_cell_whole() -> None:
    cells = with_tail("df.head()")
    assert left_out(cells[0], f"%matplotlib inline\n{cells[2]}", FIT) == ["df.head()"]


def test_nothing_is_left_out_where_earlier_outputs_are_used() -> None:
    cells = with_tail("df.head()")
    assert left_out(*cells[:3], "df2 = _", "Ridge().fit(df2[['a']], df2.b)") == []


def test_nothing_is_left_out_where_not_everything_is_known() -> None:
    assert left_out(*with_tail("df.head()")[:3], "this is no Python", FIT) == []
    assert left_out(*with_tail("df.head()")[:3], "Ridge().fit(df[['a']], nowhere)") == []


def test_what_the_repository_says_of_its_calls_counts() -> None:
    cells = ("import lab", *with_tail("lab.board(df)\ndf.board()"))
    said = Rules(known=Knowledge(frozenset({("lab.board", "shows"), (".board", "pure")})))
    assert left_out(*cells) == []
    assert left_out(*cells, rules=said) == ["lab.board(df)", "df.board()"]


def test_where_every_cell_is_seeded_anew_statements_need_no_earlier_draws() -> None:
    cells = (f"{IMPORTS}\nnp.random.rand(3)", "noise = np.random.rand(3)", "x = np.random.rand(3)\nprint(x)")
    assert left_out(*cells, "Ridge().fit([x], [1])", rules=Rules(random="reseed")) == ["print(x)"]


def test_two_statements_on_one_line_stay() -> None:
    assert left_out(*with_tail("n = 1; print(n)")) == []


def test_a_statement_of_many_lines_is_left_out_as_a_whole_and_no_line_moves() -> None:
    cells = with_tail("print(\n    df,\n)\nc = 1")
    made = notebook(*cells[:3], "df['c'] = c", FIT)
    trimmed, _ = prune(made, find_targets(made))
    lines = trimmed.cells[2].source.split("\n")
    assert lines[1:] == [f"{LEFT_OUT}print(", f"{LEFT_OUT}    df,", f"{LEFT_OUT})", "c = 1"]


def test_a_cell_never_ends_with_another_value() -> None:
    made = notebook(*with_tail("df.mystery()\ndf.head()"))
    trimmed, _ = prune(made, find_targets(made))
    assert isinstance(ast.parse(trimmed.cells[2].source).body[-1], ast.Pass)


def digest(*cells: str, files: Mapping[str, str | bytes] | None = None) -> str:
    job = make_job(notebook(*cells), Config(), tree(files), Settings(python="3.12"))
    assert job is not None
    return job.digest


def test_editing_what_only_shows_is_no_other_training() -> None:
    assert digest(*with_tail("df.head()")) == digest(*with_tail("df.tail(7)\nplt.plot(df.b)")) == digest(*with_tail(""))
    assert digest(*with_tail("df.head()")) != digest(*with_tail("df.pop('c')"))


@settings(max_examples=150, deadline=None)
@given(sources())
def test_the_pruned_slice_gives_what_the_whole_notebook_gives(cells: tuple[str, ...]) -> None:
    try:
        whole = run(list(cells))
    except Exception:
        assume(False)
        raise
    made = notebook(*cells)
    trimmed, cut = prune(made, find_targets(made))
    assert run([trimmed.cells[reason.cell].source for reason in cut.kept]) == whole
    assert {reason.cell for reason in cut.kept} <= set(range(len(cells)))
