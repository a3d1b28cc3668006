"""The law of the identity: equal for whatever training does not mean, different for whatever it does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.config import Config, Defaults, Model, parse_config
from alekseylearn.errors import InputError
from alekseylearn.inputs import Tree
from alekseylearn.meaning import cell_meaning, module_meaning
from alekseylearn.notebook import Cell, Notebook, parse
from alekseylearn.plan import Settings, TrainingJob, make_job
from tests import strategies
from tests.trees import tree

PATH = "work/a.ipynb"
CELLS = (
    ("markdown", "# Who leaves?"),
    ("code", "import pandas as pd\nfrom sklearn.tree import DecisionTreeClassifier\nfrom features import widen"),
    ("code", 'df = pd.read_csv("customers.csv")'),
    ("code", "df.describe()"),
    ("code", "depth = 3\nnames = ['age', \"plan\"]"),
    ("code", "X, y = widen(df[names]), df['left']\nmodel = DecisionTreeClassifier(max_depth=depth)\nmodel.fit(X, y)"),
    ("code", "accuracy = model.score(X, y)\naccuracy"),
    ("code", "df.plot()"),
)
FILES: Mapping[str, str] = {
    "work/features.py": "from scales import double\n\ndef widen(frame):\n    return double(frame)\n",
    "work/scales.py": "def double(frame):\n    return frame * 2\n",
    "work/unused.py": "print('hello')\n",
    "work/customers.csv": "age,plan,left\n1,2,0\n",
    "work/other.csv": "1\n",
    "requirements.txt": "pandas\nscikit-learn\n",
}


def document(cells: tuple[tuple[str, str], ...] = CELLS, **changes: Any) -> dict[str, Any]:
    """Write a notebook's JSON."""
    made = []
    for number, (kind, source) in enumerate(cells):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"c{number}", "metadata": {}, "source": source}
        made.append({**cell, "outputs": [], "execution_count": None} if kind == "code" else cell)
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changes}


def job(
    written: dict[str, Any] | None = None,
    files: Mapping[str, str] = FILES,
    config: Config | None = None,
    settings: Settings | None = None,
) -> TrainingJob:
    made = make_job(
        parse(PATH, json.dumps(written or document()).encode()),
        config or Config(),
        tree(files),
        settings or Settings(python="3.12"),
    )
    assert made is not None
    return made


def edited(number: int, old: str, new: str) -> dict[str, Any]:
    """Write the notebook with another text in one cell."""
    cells = list(CELLS)
    assert cells[number][1].count(old) == 1
    cells[number] = (cells[number][0], cells[number][1].replace(old, new))
    return document(tuple(cells))


def placed(*order: int) -> dict[str, Any]:
    return document(tuple(CELLS[number] for number in order))


def with_outputs() -> dict[str, Any]:
    made = document(metadata={"kernelspec": {"name": "other", "display_name": "Other"}, "widgets": {"a": 1}})
    for count, cell in enumerate(made["cells"]):
        cell["id"] = f"another-{count}"
        cell["metadata"] = {"collapsed": True, "tags": ["pretty"]}
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
            cell["execution_count"] = 100 - count
    return made


WHOLE = job()


@pytest.mark.parametrize(
    "written",
    [
        edited(0, "Who leaves?", "Who stays?"),
        edited(5, "model.fit(X, y)", "model.fit(X, y)  # at last"),
        edited(5, "model = ", "\n\n# the model\nmodel   = "),
        edited(5, "(max_depth=depth)", "(\n    max_depth = depth,\n)"),
        edited(4, "'age', \"plan\"", "\"age\",\n  'plan'"),
        edited(4, "depth = 3", "depth = 0x3;"),
        edited(3, "describe", "head"),
        edited(7, "plot", "hist"),
        edited(2, "df", "%matplotlib inline\ndf"),
        edited(2, "df", "%%time\ndf"),
        document((*CELLS, ("code", "print('more to see')"), ("markdown", "The end."))),
        document(tuple(cell for number, cell in enumerate(CELLS) if number not in (0, 3, 7))),
        placed(0, 1, 2, 4, 3, 5, 7, 6),
        placed(3, 7, 1, 2, 4, 5, 6, 0),
        with_outputs(),
        dict(reversed(document().items())),
        document(nbformat_minor=2),
    ],
)
def test_what_does_not_change_training_leaves_the_identity_alone(written: dict[str, Any]) -> None:
    assert job(written).digest == WHOLE.digest


@pytest.mark.parametrize(
    "written",
    [
        edited(4, "depth = 3", "depth = 4"),
        edited(4, "depth = 3", "depth = 3.0"),
        edited(4, "'age', \"plan\"", "'plan', 'age'"),
        edited(5, "model.fit(X, y)", "model.fit(X, y, sample_weight=None)"),
        edited(5, "max_depth", "max_features"),
        edited(6, "model.score(X, y)", "model.score(X, y) * 100"),
        edited(1, "from features import widen", "from features import widen as widen, double"),
        edited(2, "customers", "other"),
        placed(0, 2, 3, 4, 1, 5, 6, 7),
    ],
)
def test_what_changes_training_changes_the_identity(written: dict[str, Any]) -> None:
    assert job(written).digest != WHOLE.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"work/unused.py": "print('goodbye')"},
        {"work/other.csv": "2\n"},
        {"README.md": "Read me."},
        {"requirements.txt": "# what is needed\nscikit-learn\n\npandas  # for frames\n"},
        {"work/features.py": "# a comment\nfrom scales import double\ndef widen(frame): return double(frame)\n"},
        {"work/scales.py": "# doubles\n\ndef double( frame ):\n\n    return (frame * 2)"},
    ],
)
def test_files_that_mean_the_same_or_are_not_used_leave_it_alone(changes: Mapping[str, str]) -> None:
    assert job(files={**FILES, **changes}).digest == WHOLE.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"work/features.py": FILES["work/features.py"].replace("double(frame)", "double(double(frame))")},
        {"work/scales.py": FILES["work/scales.py"].replace("2", "3")},
        {"work/scales.py": "this is no Python"},
        {"work/customers.csv": "age,plan,left\n1,2,1\n"},
        {"requirements.txt": "pandas\nscikit-learn<2\n"},
        {"requirements.txt": "pandas\nscikit-learn\n-c bounds.txt", "bounds.txt": "numpy<2"},
        {"work/requirements.txt": "pandas"},
    ],
)
def test_files_that_training_uses_count(changes: Mapping[str, str]) -> None:
    assert job(files={**FILES, **changes}).digest != WHOLE.digest


def test_a_module_that_is_no_python_counts_byte_by_byte() -> None:
    broken = {**FILES, "work/scales.py": "no python"}
    assert job(files=broken).digest != job(files={**broken, "work/scales.py": "no  python"}).digest
    latin = {path: text.encode() for path, text in FILES.items()}
    made = [
        make_job(WHOLE.notebook, Config(), tree({**latin, "work/scales.py": data}), Settings())
        for data in (b"name = '\xe9'", b"name = '\xe8'")
    ]
    assert made[0] is not None
    assert made[1] is not None
    assert made[0].digest != made[1].digest


def churn(**changes: Any) -> Config:
    return Config(models={"churn": Model(notebook=PATH, **changes)})


@pytest.mark.parametrize(
    "config",
    [
        churn(metrics={"accuracy": "max"}, gates={"accuracy": ">= 0.9"}, primary="accuracy", tolerance=0.1),
        churn(backend="docker", timeout=60, max_cost=1.0, smoke={"depth": 1}),
        Config(defaults=Defaults(backend="sagemaker", timeout=60, tolerance=1.0), notebooks=["work/"]),
    ],
)
def test_how_it_is_judged_and_where_it_runs_is_no_part_of_it(config: Config) -> None:
    assert job(config=config).digest == WHOLE.digest


@pytest.mark.parametrize(
    "config",
    [
        churn(parameters={"depth": 4}),
        churn(seed=1),
        churn(python="3.13"),
        churn(model="model.joblib"),
        churn(data={"train": "s3://bucket/churn"}),
        Config(defaults=Defaults(seed=1)),
        Config(defaults=Defaults(python="3.13")),
    ],
)
def test_what_the_configuration_asks_for_counts(config: Config) -> None:
    assert job(config=config).digest != WHOLE.digest


def test_settings_of_the_caller_count() -> None:
    digests = {
        job(config=churn(smoke={"depth": 1}), settings=settings).digest
        for settings in (
            Settings(python="3.12"),
            Settings(python="3.13"),
            Settings(python="3.12", smoke=True),
            Settings(python="3.12", parameters={"depth": 2}),
            Settings(python="3.12", parameters={"depth": True}),
            Settings(python="3.12", parameters={"depth": 1.0}),
        )
    }
    assert len(digests) == 6
    assert job(settings=Settings(python="3.12", backend="docker", timeout=5, max_timeout=9)).digest == WHOLE.digest


def test_a_python_that_the_configuration_names_is_the_one_that_counts() -> None:
    named = churn(python="3.13")
    assert job(config=named).digest == job(settings=Settings(python="3.13")).digest
    assert job(config=named, settings=Settings(python="3.11")).digest == job(config=named).digest


def test_it_is_the_same_whatever_the_order_in_a_mapping() -> None:
    one, other = (
        parse_config(f"models: {{a: {{notebook: {PATH}, parameters: {{{text}}}}}}}".encode())
        for text in ("depth: 1, names: [age]", "names: [age], depth: 1")
    )
    assert job(config=one).digest == job(config=other).digest
    assert job(files=dict(sorted(FILES.items(), reverse=True))).digest == WHOLE.digest


def test_it_is_the_same_in_the_same_notebook_under_another_name() -> None:
    moved = replace(WHOLE.notebook, path="work/b.ipynb")
    made = make_job(moved, Config(), tree(FILES), Settings(python="3.12"))
    assert made is not None
    assert made.digest == WHOLE.digest
    assert made.run == WHOLE.digest[:12]


def test_it_is_the_same_on_every_day_and_machine_and_in_every_version_of_python() -> None:
    # Written down once: a change of this number gives every run that was ever stored a new identity.
    assert WHOLE.digest == "c33e00d6a84a5ca5531a459a0e383460b9c8a0e4291bcfc1ddd07b92c739ebd3"


# -- the meaning of code ----------------------------------------------------------------------------------------------


def test_our_own_magics_are_no_part_of_a_training() -> None:
    cells = list(CELLS)
    cells[5] = ("code", f"%runs\n{cells[5][1]}\n%fit")
    asking = ("code", "%load_ext alekseylearn\n%slice --why\n%fit -p depth 4\n%status\n%stop 1a2b")
    assert job(document((asking, *cells))).digest == job().digest


@pytest.mark.parametrize(
    "cells",
    [
        ("old = %fetch churn --base\nold.load().score(X, y)",),
        ("%fetch churn --into old --base", "a, b = old.load(), old_base.load()", "print(a.score(X, y), b.score(X, y))"),
        ("%fetch churn", "model.load().score(X, y)"),
    ],
)
def test_what_is_measured_of_a_fetched_model_is_no_part_of_a_training(cells: tuple[str, ...]) -> None:
    made = job(document((*CELLS, *(("code", cell) for cell in cells))))
    assert made.digest == job().digest


def test_a_cell_that_also_fetches_still_measures_what_was_trained() -> None:
    made = job(document((*CELLS, ("code", "%fetch churn --into old\nrecall = model.score(X[:9], y[:9])\nrecall"))))
    assert 8 in [target.cell for target in made.slice.targets]


def meaning(source: str) -> str:
    cell = Cell(index=3, id="c", kind="code", source=source)
    return cell_meaning(Notebook(path="a.ipynb", cells=(cell,)), cell)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x=1", "x = 1  # one"),
        ("x = 'a'", 'x = u"a"'),
        ("x = 'a' 'b'", "x = 'ab'"),
        ("x = f'a{y}' 'b'", "x = f'a{y}b'"),
        ("x = f'{y:}'", "x = f'{y}'"),
        ("x = 'a' f''", "x = f'a'"),
        ("x: int = 1 # type: int", "x: int = 1"),
        ("pass\nx = 1\npass", "x = 1"),
        ("%matplotlib inline\nx = 1", "x = 1"),
        ("", "# nothing"),
        ("%load_ext autoreload", ""),
        ("%load_ext alekseylearn\nx = 1\n%fit\n%runs", "x = 1"),
        (r"x = '\d'", r"x = '\\d'"),
        ("if a:\n  b()\nelse:\n  c()", "if a: b()\nelse: c()"),
    ],
)
def test_code_that_means_the_same(one: str, other: str) -> None:
    assert meaning(one) == meaning(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = '1'", "x = 1"),
        ("x = b'1'", "x = '1'"),
        ("x = f'{y!r}'", "x = f'{y}'"),
        ("x = f'{y:>3}'", "x = f'{y:>4}'"),
        ("x = f'{y}' f'{z}'", "x = f'{z}' f'{y}'"),
        ("x = [1]", "x = (1,)"),
        ("x = {**a, 'b': 1}", "x = {'b': 1, **a}"),
        ("del x", "x"),
        ("if a:\n  pass", "if a:\n  ..."),
        ("f(a, *b)", "f(*b, a)"),
        ("def f(a, /): pass", "def f(a): pass"),
        ("for a in b: c()\nelse: d()", "for a in b: c()\nd()"),
        ("x = '\\xe9'", "x = 'e'"),
        ("!pip list > a", "!pip list > b"),
    ],
)
def test_code_that_means_something_else(one: str, other: str) -> None:
    assert meaning(one) != meaning(other)


def test_the_meaning_is_written_with_nothing_that_one_python_only_writes() -> None:
    written = meaning("def f(a, b=1):\n    return f'{a:>{b}}\U0001fae8'")
    assert written == (
        "FunctionDef(name=str:'f',args=arguments(args=[arg(arg=str:'a',),arg(arg=str:'b',),],"
        "defaults=[Constant(value=int:1,),],),body=[Return(value=JoinedStr(values=[FormattedValue("
        "value=Name(id=str:'a',),conversion=int:-1,format_spec=JoinedStr(values=[Constant(value=str:'>',),"
        "FormattedValue(value=Name(id=str:'b',),conversion=int:-1,),],),),"
        "Constant(value=str:'\\U0001fae8',),],),),],)"
    )


def test_a_long_sum_is_read() -> None:
    assert meaning(" + ".join(["a"] * 500)) != meaning(" + ".join(["a"] * 501))


@pytest.mark.parametrize(
    ("source", "slug", "what", "where"),
    [
        ("x = 1\nfit(", "nb.source", "not valid Python: '(' was never closed", "a.ipynb, cell 3, line 2"),
        ("print 'x'", "nb.source", "Missing parentheses", "a.ipynb, cell 3, line 1"),
        ("x = 0x" + "f" * 5000, "nb.limit", "a number in it", "a.ipynb, cell 3"),
        ("(" * 300 + ")" * 300, "nb.limit", "nested too deeply", "a.ipynb, cell 3"),
        ("-" * 100_000 + "1", "nb.limit", "nested too deeply", "a.ipynb, cell 3"),
    ],
)
def test_a_cell_that_cannot_be_read_is_told_with_its_place(source: str, slug: str, what: str, where: str) -> None:
    with pytest.raises(InputError) as caught:
        meaning(source)
    assert caught.value.slug == slug
    assert what in caught.value.what
    assert caught.value.where == where


@pytest.mark.parametrize("data", [b"x = (", b"\xff", b"x = '\x00'", b"(" * 300 + b")" * 300])
def test_a_module_that_cannot_be_read_has_no_meaning(data: bytes) -> None:
    assert module_meaning(data) is None


def test_a_module_may_begin_with_a_byte_order_mark() -> None:
    assert module_meaning(b"\xef\xbb\xbfx = 1") == module_meaning(b"x=1")


@given(strategies.sources(), st.data())
def test_comments_blank_lines_and_prose_never_count(cells: tuple[str, ...], data: st.DataObject) -> None:
    nothing: Tree = tree()
    plain = make_job(strategies.notebook(*cells), Config(), nothing, Settings())
    dressed = []
    for cell in cells:
        mark, _, rest = cell.rpartition("#| train\n")
        comment = data.draw(st.text("abc #'\"(", max_size=8))
        dressed += [
            "# %% text\nProse",
            f"{mark}{'#| train' if '#|' in cell else ''}\n\n# {comment}\n{rest}\n\n# {comment}",
        ]
    told = make_job(strategies.notebook(*dressed), Config(), nothing, Settings())
    assert plain is not None
    assert told is not None
    assert plain.digest == told.digest


@given(strategies.sources(), strategies.sources())
def test_equal_identities_have_equal_programs(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    jobs = [make_job(strategies.notebook(*cells), Config(), tree(), Settings()) for cells in (one, other)]
    digests, programs = [], []
    for made in jobs:
        assert made is not None
        digests.append(made.digest)
        programs.append([meaning(made.notebook.cells[kept.cell].source) for kept in made.slice.kept])
    assert (digests[0] == digests[1]) == (programs[0] == programs[1])
