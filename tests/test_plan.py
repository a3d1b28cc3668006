"""The decision about a notebook, its sentence, and the job that is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from alekseylearn.config import BackendName, Config, Defaults, Model
from alekseylearn.diff import diff_notebooks
from alekseylearn.errors import InputError
from alekseylearn.metrics import Gate
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.plan import NotebookPlan, Settings, TrainingJob, decide, make_job, reseeded
from tests.strategies import notebook
from tests.trees import tree

CELLS = (
    "# %% text\nWho leaves?",
    "import numpy as np\nfrom sklearn.linear_model import Ridge",
    "alpha = 1.0\nseed = 3",
    "np.zeros(3).sum()",
    "X, y = np.ones((3, 1)), [1, 2, 3]",
    "model = Ridge(alpha=alpha)\nmodel.fit(X, y)",
    "r2 = model.score(X, y)\nr2",
)


def job_of(
    made: Notebook,
    config: Config | None = None,
    settings: Settings | None = None,
    files: Mapping[str, str | bytes] | None = None,
    **more: Any,
) -> TrainingJob | None:
    return make_job(made, config or Config(), tree(files), settings or Settings(python="3.12"), **more)


def job(*cells: str, **more: Any) -> TrainingJob:
    made = job_of(notebook(*(cells or CELLS)), **more)
    assert made is not None
    return made


def reason(base: tuple[str, ...], head: tuple[str, ...], **more: Any) -> str:
    """Decide between two versions of a notebook that was looked at; return the sentence about a training."""
    before, after = notebook(*base), notebook(*head)
    decision, words = decide(diff_notebooks(before, after), job_of(before), job_of(after), frozenset(), **more)
    assert decision == "train"
    return words


def edited(**changes: str) -> tuple[str, ...]:
    """Return the cells with other sources: `c2="alpha = 2.0"`; an empty one is left out."""
    told = [changes.get(f"c{number}", source) for number, source in enumerate(CELLS)]
    return tuple(source for source in told if source)


# -- what is decided --------------------------------------------------------------------------------------------------

SAME, OTHER, NONE = CELLS, edited(c2="alpha = 2.0\nseed = 3"), ("a = 1",)
UNCHANGED = "not trained: no code that trains changed (nothing in the notebook changed)"
DECISIONS = [
    # base, head, known, force, asked -> decision, sentence
    (SAME, None, "", False, False, "skip", "the notebook was deleted"),
    (SAME, None, "", True, True, "skip", "the notebook was deleted"),
    (SAME, NONE, "", False, False, "skip", "has no training cell (mark one with `#| train`)"),
    (None, NONE, "", True, True, "skip", "has no training cell (mark one with `#| train`)"),
    (SAME, SAME, "", False, False, "skip", UNCHANGED),
    (SAME, SAME, "head", False, False, "skip", UNCHANGED),
    (SAME, SAME, "", False, True, "train", "asked for: this training has no result yet"),
    (SAME, SAME, "head", False, True, "reuse", "already trained: this very training has a result"),
    (SAME, SAME, "head", True, False, "train", "asked for with --force"),
    (SAME, OTHER, "base", False, False, "train", "cell 2 changed: `alpha = 2.0`"),
    (SAME, OTHER, "head", False, False, "reuse", "already trained: this very training has a result"),
    (SAME, OTHER, "base head", True, False, "train", "asked for with --force"),
    (None, SAME, "", False, False, "train", "the notebook is new"),
    (None, SAME, "head", False, False, "reuse", "already trained: this very training has a result"),
    (NONE, SAME, "", False, False, "train", "new: the base has no such training"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "head", "known", "force", "asked", "decision", "words"), DECISIONS)
def test_the_decision_and_its_sentence(
    base: tuple[str, ...] | None,
    head: tuple[str, ...] | None,
    known: str,
    force: bool,
    asked: bool,
    decision: str,
    words: str,
) -> None:
    sides = [notebook(*cells) if cells else None for cells in (base, head)]
    before, after = (None if side is None else job_of(side) for side in sides)
    results = {"base": before, "head": after}
    digests = {made.digest for name in known.split() if (made := results[name]) is not None}
    told = decide(diff_notebooks(*sides), before, after, digests, force=force, asked=asked)
    assert told == (decision, words)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (edited(c0="# %% text\nWho stays?"), "1 text cell changed"),
        (edited(c3="np.ones(3).sum()"), "1 code cell changed"),
        (edited(c5="model = Ridge(alpha=alpha)  # a ridge\nmodel.fit(X, y)"), "1 code cell changed"),
        (edited(c0="# %% text\nWho?", c3="np.ones(3)"), "1 code cell, 1 text cell changed"),
        ((*CELLS, "print(X)", "print(y)"), "2 code cells changed"),
        ((*CELLS, "# %% text\nThe end"), "1 text cell changed"),
    ],
)
def test_what_changed_and_does_not_count_is_counted(head: tuple[str, ...], words: str) -> None:
    before, after = notebook(*CELLS), notebook(*head)
    told = decide(diff_notebooks(before, after), job_of(before), job_of(after), frozenset())
    assert told == ("skip", f"not trained: no code that trains changed ({words})")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell(index=3, id="cell-3", kind="code", source=CELLS[3], outputs="ab"), "1 output changed"),
        (Cell(index=3, id="cell-3", kind="code", source=CELLS[3], metadata="ab"), "only metadata changed"),
    ],
)
def test_outputs_and_metadata_do_not_count(cell: Cell, words: str) -> None:
    before = notebook(*CELLS)
    after = Notebook(path=before.path, cells=(*before.cells[:3], cell, *before.cells[4:]))
    told = decide(diff_notebooks(before, after), job_of(before), job_of(after), frozenset())
    assert told == ("skip", f"not trained: no code that trains changed ({words})")


# -- why it is another training ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (edited(c2="alpha = 1.0\nseed = 4"), "cell 2 changed: `seed = 4`"),
        (edited(c2="# the strength\nalpha = 2.0\nseed = 3"), "cell 2 changed: `alpha = 2.0`"),
        (edited(c6="r2 = model.score(X, y)"), "cell 6 changed"),
        (edited(c2="alpha = 2\nseed = 3", c4="X, y = [[1]], [1]"), "cells 2 and 4 changed"),
        (
            edited(c1="import numpy as np\nfrom sklearn.linear_model import Lasso as Ridge", c2="alpha = 2\nseed=4",
                   c4="X, y = [[1]], [1]"),
            "cells 1, 2 and 4 changed",
        ),
        (edited(c2="alpha = len('`|`')\nseed = 3"), "cell 2 changed: `alpha = len(''|'')`"),
        (edited(c2="alpha = " + "1 + " * 30 + "1\nseed = 3"), f"cell 2 changed: `alpha = {'1 + ' * 12}1 +…`"),
        ((*CELLS[:5], "X = X * 2", *CELLS[5:]), "cell 5 is new: `X = X * 2`"),
        ((*CELLS[:5], "X = X * 2", "y = y[::-1]", *CELLS[5:]), "cells 5 and 6 are new"),
        ((*CELLS[:3], "alpha = alpha * 2", *CELLS[3:5], "X = X * 2", *CELLS[5:]), "cells 3 and 6 are new"),
        ((*edited(c2="alpha = 2.0\nseed = 3")[:5], "X = X * 2", *CELLS[5:]), "cell 2 changed, cell 5 is new"),
    ],
)  # fmt: skip
def test_the_cells_that_made_it_another_training_are_named(head: tuple[str, ...], words: str) -> None:
    assert reason(CELLS, head) == words


def test_cells_that_are_gone_are_named_by_their_place_in_the_base() -> None:
    more = (*CELLS[:5], "X = X * 2", "y = y[::-1]", *CELLS[5:])
    assert reason(more, (*more[:5], *more[6:])) == "cell 5 of the base is gone"
    assert reason(more, CELLS) == "cells 5 and 6 of the base are gone"


def test_many_cells_are_counted() -> None:
    base = (
        *(f"a{number} = 0" for number in range(9)),
        "x = [" + ", ".join(f"a{n}" for n in range(9)) + "]",
        "m.fit(x, x)",
    )
    head = (*(f"a{number} = 1" for number in range(9)), *base[9:])
    assert reason(base, head) == "cells 0, 1, 2, 3, 4 and 4 more changed"


def test_cells_that_only_moved_are_told() -> None:
    base = ("a = [1]", "b = [2]", "x = a + b", "m.fit(x, x)")
    assert reason(base, (base[1], base[0], *base[2:])) == "cell 1 moved"


def test_a_mark_that_brings_another_cell_in_is_told() -> None:
    base = ("x = [1]", "y = [2]", "m.fit(x, x)")
    before, after = notebook(*base), notebook(*base)
    cells = list(after.cells)
    cells[1] = Cell(index=1, id="cell-1", kind="code", source="y = [2]", tags=frozenset({"keep"}))
    after = Notebook(path=after.path, cells=tuple(cells))
    told = decide(diff_notebooks(before, after), job_of(before), job_of(after), frozenset())
    assert told == ("train", "other cells belong to the training")


USING = ("import tools", "import data_of", "x = open('a.csv').read()", "y = open('b.csv').read()", "m.fit(x, y)")
FILES: dict[str, str | bytes] = {
    "tools.py": "a = 1",
    "data_of.py": "b = 1",
    "a.csv": "1",
    "b.csv": "2",
    "requirements.txt": "numpy\npandas",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tools.py": "a = 2"}, "the module `tools.py` changed"),
        ({"tools.py": "a = 2", "data_of.py": "b = 2"}, "the modules `data_of.py` and `tools.py` changed"),
        ({"a.csv": "5"}, "the data file `a.csv` changed"),
        ({"a.csv": "5", "b.csv": "5"}, "the data files `a.csv` and `b.csv` changed"),
        ({"a.csv": None}, "the data file `a.csv` is gone"),
        ({"requirements.txt": "numpy\npandas<3"}, "the requirements changed: `pandas<3` is new"),
        ({"requirements.txt": "numpy"}, "the requirements changed: `pandas` is gone"),
        (
            {"requirements.txt": "numpy\npandas\n-c c.txt", "c.txt": "scipy<2"},
            "the requirements changed: `-c scipy<2` is new",
        ),
        (
            {"tools.py": "a = 2", "a.csv": "5", "requirements.txt": "x", "b.csv": None},
            "the module `tools.py` changed; the data file `a.csv` changed; the data file `b.csv` is gone; and 1 more cause",
        ),
    ],
)  # fmt: skip
def test_what_changed_beside_the_notebook_is_named(changes: dict[str, str | None], words: str) -> None:
    files = {path: text for path, text in {**FILES, **changes}.items() if text is not None}
    same = notebook(*USING)
    told = decide(diff_notebooks(same, same), job_of(same, files=FILES), job_of(same, files=files), frozenset())
    assert told == ("train", words)


def test_a_cell_and_a_new_module_are_told_together() -> None:
    head = ("import tools, more", *USING[1:])
    before, after = notebook(*USING), notebook(*head)
    files = {**FILES, "more.py": ""}
    told = decide(diff_notebooks(before, after), job_of(before, files=FILES), job_of(after, files=files), frozenset())
    assert told == ("train", "cell 0 changed: `import tools, more`; the module `more.py` is new")


def test_many_files_are_counted() -> None:
    names = [f"f{number}.csv" for number in range(5)]
    same = notebook(f"x = [open(name).read() for name in {names}]", "m.fit(x, x)")
    base, head = (job_of(same, files=dict.fromkeys(names, text)) for text in ("1", "2"))
    told = decide(diff_notebooks(same, same), base, head, frozenset())
    assert told == ("train", "the data files `f0.csv`, `f1.csv` and 3 more changed")


def churn(**changes: Any) -> Config:
    return Config(models={"churn": Model(notebook="notebook.ipynb", **changes)})


def contained(backend: BackendName = "docker", python: str | None = None, **docker: Any) -> Config:
    return churn(backend=backend, python=python, docker=docker)


@pytest.mark.parametrize(
    ("base", "head", "words"),
    [
        (churn(parameters={"alpha": 1}), churn(parameters={"alpha": 2}), "the parameter `alpha` changed"),
        (churn(), churn(parameters={"alpha": 2, "seed": 1}), "the parameters `alpha` and `seed` changed"),
        (churn(parameters={"alpha": 1}), churn(parameters={"alpha": True}), "the parameter `alpha` changed"),
        (churn(), churn(seed=1), "the seed changed"),
        (churn(), churn(python="3.13"), "the Python that trains changed"),
        (churn(), churn(model="model"), "the model's name changed"),
        (churn(), churn(data={"train": "s3://b/k"}), "the remote data changed"),
        (contained(image="python:3.12"), contained(image="python:3.13"), "the image changed"),
        (
            contained(image="python:3.12", python="3.12"),
            contained(image="python:3.12", python="3.13"),
            "the Python that trains changed",
        ),
    ],
)
def test_what_changed_in_the_configuration_is_named(base: Config, head: Config, words: str) -> None:
    same = notebook(*CELLS)
    told = decide(diff_notebooks(same, same), job_of(same, base), job_of(same, head), frozenset())
    assert told == ("train", words)


# -- the job ----------------------------------------------------------------------------------------------------------


def test_a_job_takes_what_the_configuration_says_and_the_caller_wins() -> None:
    config = Config(
        defaults=Defaults(backend="docker", timeout=100, python="3.13", seed=1, tolerance=0.5),
        models={
            "churn": Model(
                notebook="notebook.ipynb",
                parameters={"alpha": 1, "seed": 2},
                smoke={"alpha": 3},
                gates={"r2": "> 0.5"},
                timeout=50,
                seed=0,
                model="m",
            )
        },
    )
    made = job(config=config)
    assert (made.name, made.backend, made.timeout, made.seed, made.model) == ("churn", "docker", 50, 0, "m")
    assert (made.python, made.interpreter) == ("3.12", "3.13")
    assert dict(made.parameters) == {"alpha": 1, "seed": 2}
    assert made.judgement.gates == (Gate(metric="r2", operator=">", bound=0.5),)
    asked = Settings(python="3.12", smoke=True, parameters={"seed": 9}, backend="process", timeout=70, max_timeout=60)
    made = job(config=config, settings=asked)
    assert dict(made.parameters) == {"alpha": 3, "seed": 9}
    assert (made.backend, made.timeout) == ("process", 60)


def identity(config: Config, python: str = "3.12", backend: BackendName | None = None) -> str:
    return job(config=config, settings=Settings(python=python, backend=backend)).digest


def test_a_named_image_is_part_of_the_identity_where_it_is_used() -> None:
    named, other, unnamed = contained(image="python:3.12"), contained(image="python:3.13"), contained()
    assert len({identity(named), identity(other), identity(unnamed)}) == 3
    # In a process of this machine no image is used, whatever the table says.
    assert len({identity(made, backend="process") for made in (named, other, unnamed)}) == 1
    assert identity(contained("process", image="python:3.12"), backend="docker") == identity(named)


def test_an_image_may_be_named_for_all_models() -> None:
    defaults = Defaults(backend="docker", docker={"image": "python:3.12"})
    model = Model(notebook="notebook.ipynb")
    assert identity(Config(defaults=defaults, models={"churn": model})) == identity(contained(image="python:3.12"))


def test_a_named_image_stands_in_the_place_of_the_python_that_it_brings() -> None:
    named = contained(image="python:3.12")
    assert identity(named, "3.12") == identity(named, "3.13")
    assert identity(contained(), "3.12") != identity(contained(), "3.13")


def test_a_python_that_is_asked_for_counts_within_a_named_image() -> None:
    asked = contained(image="python:3.12", python="3.11")
    assert identity(asked) != identity(contained(image="python:3.12"))
    assert identity(asked, "3.12") == identity(asked, "3.13")


def test_how_large_a_container_is_makes_no_other_training() -> None:
    large = contained(image="python:3.12", memory="8g", cpus=2, gpus=1, pull="always", network="bridge", shm_size="1g")
    assert identity(large) == identity(contained(image="python:3.12"))


def test_the_backend_alone_makes_no_other_training() -> None:
    assert identity(contained()) == identity(contained("process")) == identity(Config())


def test_without_a_configuration_the_notebook_gives_the_name() -> None:
    made = job()
    assert (made.name, made.backend, made.timeout, made.seed, made.interpreter) == (
        "notebook",
        "process",
        7200,
        None,
        None,
    )
    assert made.run == made.digest[:12]


def repeated(count: int, **changes: Any) -> TrainingJob:
    return job(config=churn(repeats=count, **changes))


def test_a_training_that_is_repeated_has_a_seed_and_the_others_follow_it() -> None:
    first = repeated(3)
    others = reseeded(first)
    assert [one.seed for one in (first, *others)] == [0, 1, 2]
    assert [one.seed for one in reseeded(repeated(3, seed=7))] == [8, 9]
    assert [one.seed for one in reseeded(repeated(3, seed=2**32 - 1))] == [0, 1]
    assert reseeded(job()) == reseeded(repeated(1)) == ()
    assert job().seed is None


def test_each_seed_is_a_training_of_its_own_and_the_same_whoever_asks_for_it() -> None:
    three, five = (reseeded(repeated(count)) for count in (3, 5))
    assert [one.digest for one in five[:2]] == [one.digest for one in three]
    assert repeated(3).digest == repeated(5).digest == job(config=churn(seed=0)).digest
    assert three[0].digest == job(config=churn(seed=1)).digest
    assert len({one.digest for one in (repeated(5), *five)}) == 5
    assert [one.run for one in three] == [one.digest[:12] for one in three]


def test_a_cheap_run_is_not_repeated() -> None:
    made = job(config=churn(repeats=3), settings=Settings(python="3.12", smoke=True))
    assert (made.repeats, made.seed) == (1, None)


def test_seeds_that_have_no_result_yet_are_trained() -> None:
    before, after = notebook(*CELLS), notebook(*edited(c2="alpha = 2.0\nseed = 3"))
    diff, head = diff_notebooks(before, after), job_of(after, churn(repeats=3))
    assert head is not None
    digests = [head.digest, *(one.digest for one in reseeded(head))]
    base = job_of(before, churn(repeats=3))
    assert decide(diff, base, head, frozenset(digests))[0] == "reuse"
    told = "1 of 3 seeds has no result yet"
    assert decide(diff, base, head, frozenset(digests[:2])) == ("train", told)


def test_the_trainings_are_brought_to_their_results_in_turn() -> None:
    head, base = repeated(3), repeated(4, seed=7)
    plan = NotebookPlan(
        path="n.ipynb",
        name="n",
        decision="train",
        reason="",
        diff=diff_notebooks(None, notebook(*CELLS)),
        head=head,
        base=base,
        more_head=reseeded(head),
        more_base=reseeded(base),
    )
    assert [(one.seed, of_base) for one, of_base in plan.jobs] == [
        (0, False), (7, True), (1, False), (8, True), (2, False), (9, True), (10, True),
    ]  # fmt: skip
    assert replace(plan, head=None, more_head=(), more_base=()).jobs == ((base, True),)


def test_what_is_read_from_the_output_is_part_of_the_identity() -> None:
    rules = job(config=churn(printed={"loss": "loss ([0-9.]+)"}))
    assert dict(rules.printed) == {"loss": "loss ([0-9.]+)"}
    assert rules.digest != job().digest
    assert job(config=churn(printed={})).digest == job().digest


def test_a_notebook_without_training_makes_no_job() -> None:
    assert job_of(notebook("a = 1", "print(a)")) is None


def test_a_notebook_in_another_language_makes_no_job() -> None:
    assert job_of(replace(notebook(*CELLS), language="r", display_name="R")) is None


def test_a_person_may_name_the_cells_that_train() -> None:
    made = job("a = 1", "b = 2", "print(a)", targets=(2, 0, 2))
    assert [(target.cell, target.reason) for target in made.slice.targets] == [
        (0, "named as the cell that trains"),
        (2, "named as the cell that trains"),
    ]


@pytest.mark.parametrize(
    ("config", "slug"),
    [(churn(parameters={"gamma": 1}), "cfg.unknown"), (churn(parameters={"r2": 1}), "cfg.parameter")],
)
def test_a_parameter_without_effect_is_refused_before_anything_is_trained(config: Config, slug: str) -> None:
    with pytest.raises(InputError) as caught:
        job(config=config)
    assert caught.value.slug == slug


def test_a_marked_cell_that_does_nothing_is_kept_and_means_nothing() -> None:
    more = (*CELLS, "#| keep\n%matplotlib inline")
    assert len(job(*more).slice.kept) == len(job().slice.kept) + 1
    assert job(*more).digest == job().digest


def test_a_cell_that_is_not_python_is_refused_if_training_needs_it() -> None:
    with pytest.raises(InputError, match=r"nb\.source"):
        job(*CELLS[:4], "X = (", *CELLS[4:])
    assert job(*CELLS, "X = (").digest == job().digest


class TestHyperparameters:
    def test_they_are_set_where_a_notebook_sets_them_itself(self) -> None:
        config = Config(hyperparameters={"alpha": 5, "nobodys": 1})
        assert dict(job(config=config).parameters) == {"alpha": 5}
        assert job(config=config).digest == job(config=churn(parameters={"alpha": 5})).digest

    def test_a_models_own_parameters_win(self) -> None:
        config = replace(churn(parameters={"alpha": 1}), hyperparameters={"alpha": 5, "seed": 4})
        assert dict(job(config=config).parameters) == {"alpha": 1, "seed": 4}
