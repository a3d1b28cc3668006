import json
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest

from alekseylearn.config import parse_config
from alekseylearn.notebook import Notebook, parse
from alekseylearn.slicing import Slice, backward_slice
from alekseylearn.targets import find_targets
from tests.notebooks.execute import execute

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = ("digits", "diabetes", "breast_cancer")
CHANGES = json.loads((EXAMPLES / "changes.json").read_text())

# cell -> its first line, for every cell that training needs; all others are exploration, plots, dead ends and prose
TRAINED = {
    "digits": {
        1: "import matplotlib.pyplot as plt",
        3: "digits = load_digits()",
        11: "pixels = images.reshape(len(images), -1)",
        12: "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)",
        14: "n_estimators = 60",
        15: "model = RandomForestClassifier(",
        17: "predicted = model.predict(X_test)",
        18: 'f1 = f1_score(y_test, predicted, average="macro")',
    },
    "diabetes": {
        1: "import matplotlib.pyplot as plt",
        3: "frame = load_diabetes(as_frame=True, scaled=False).frame",
        12: 'X = frame.drop(columns="progression")',
        13: 'numeric = [column for column in X.columns if column != "sex"]',
        14: "alpha = 3.0",
        16: "folds = KFold(n_splits=5, shuffle=True, random_state=7)",
        18: "model.fit(X_train, y_train)",
        19: "r2 = r2_score(y_test, predicted)",
        20: "rmse = root_mean_squared_error(y_test, predicted)",
    },
    "breast_cancer": {
        1: "import matplotlib.pyplot as plt",
        2: "bunch = load_breast_cancer(as_frame=True)",
        9: 'X = frame.drop(columns="target").to_numpy()',
        10: "center, spread = X_train.mean(axis=0), X_train.std(axis=0)",
        12: "epochs = 30",
        13: "def forward(weights, inputs):",
        14: "rng = np.random.default_rng(seed)",
        16: 'history = {"loss": [], "val_accuracy": []}',
        17: "val_accuracy = accuracy_of(weights, X_val, y_val)",
    },
}
TARGETS = {
    "digits": {15: "train", 17: "metrics", 18: "metrics"},
    "diabetes": {16: "train", 18: "train", 19: "metrics", 20: "metrics"},
    "breast_cancer": {16: "train", 17: "metrics"},
}


def document(name: str, *, changed: bool = False) -> dict[str, Any]:
    """The example as JSON; *changed*: as the demo's branch has it."""
    read: dict[str, Any] = json.loads((EXAMPLES / "notebooks" / f"{name}.ipynb").read_text())
    for change in CHANGES if changed else ():
        if change["notebook"] == f"notebooks/{name}.ipynb":
            (cell,) = (cell for cell in read["cells"] if cell["id"] == change["cell"])
            holders = [(cell, "source")]
            if change["part"] == "outputs":
                holders = [(output, "text") for output in cell["outputs"] if output["output_type"] == "stream"]
            assert sum("".join(holder[key]).count(change["find"]) for holder, key in holders) == 1
            for holder, key in holders:
                holder[key] = "".join(holder[key]).replace(change["find"], change["replace"])
    return read


def notebook(name: str, *, changed: bool = False) -> Notebook:
    return parse(f"notebooks/{name}.ipynb", json.dumps(document(name, changed=changed)).encode())


@cache
def slice_of(name: str, *, changed: bool = False) -> Slice:
    read = notebook(name, changed=changed)
    return backward_slice(read, find_targets(read))


def sources(name: str, *, sliced: bool, changed: bool = False) -> dict[int, str]:
    read = notebook(name, changed=changed)
    wanted = {reason.cell for reason in slice_of(name, changed=changed).kept}
    return {cell.index: cell.source for cell in read.code_cells if not sliced or cell.index in wanted}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_valid_notebook_that_was_run_from_top_to_bottom(name: str) -> None:
    read = document(name)
    nbformat.validate(read)
    code = [cell for cell in read["cells"] if cell["cell_type"] == "code"]

    assert (read["nbformat"], read["nbformat_minor"]) == (4, 5)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])
    assert 15 <= len(read["cells"]) <= 25
    assert (EXAMPLES / "notebooks" / f"{name}.ipynb").stat().st_size < 150_000


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_not_marked(name: str) -> None:
    assert not [cell.index for cell in notebook(name).cells if cell.marks or cell.tags]


@pytest.mark.parametrize("name", NAMES)
def test_training_and_measuring_cells_are_found(name: str) -> None:
    assert {target.cell: target.kind for target in find_targets(notebook(name))} == TARGETS[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_slice_leaves_out_exploration_plots_dead_ends_and_prose(name: str) -> None:
    found = slice_of(name)
    cells = notebook(name).cells

    assert {reason.cell: cells[reason.cell].source.splitlines()[0] for reason in found.kept} == TRAINED[name]
    assert sorted(reason.cell for reason in found.kept + found.dropped) == list(range(len(cells)))
    assert found.missing == ()
    assert found.warnings == ()


@pytest.mark.parametrize("name", NAMES)
def test_the_slice_alone_gives_the_values_that_the_whole_notebook_gives_each_time(name: str) -> None:
    whole = sources(name, sliced=False)
    alone, once, again = execute(EXAMPLES / "notebooks", [sources(name, sliced=True), whole, whole], TARGETS[name])

    assert once.keys() == TARGETS[name].keys()
    assert all(left.values for left in once.values())
    assert alone == once
    assert again == once


def test_the_branch_makes_the_digits_visibly_better() -> None:
    runs = [sources("digits", sliced=True, changed=changed) for changed in (False, True)]
    base, head = execute(EXAMPLES / "notebooks", runs, TARGETS["digits"])
    accuracy, f1 = 17, 18

    assert float(head[accuracy].shown) > float(base[accuracy].shown) + 0.03
    assert float(head[f1].shown) > float(base[f1].shown) + 0.03


@pytest.mark.parametrize("name", ["diabetes", "breast_cancer"])
def test_the_branch_changes_nothing_that_trains_in_the_others(name: str) -> None:
    assert document(name, changed=True) != document(name)
    assert sources(name, sliced=True, changed=True) == sources(name, sliced=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_counts_the_cells_that_are_kept(name: str) -> None:
    (row,) = (line for line in (EXAMPLES / "README.md").read_text().splitlines() if line.startswith(f"| [`{name}`]"))

    assert row.endswith(f"| {len(TRAINED[name])} of {len(notebook(name).code_cells)} code cells |")


def test_the_configuration_names_every_example() -> None:
    config = parse_config((EXAMPLES / "alekseylearn.yml").read_bytes())

    assert {model.notebook for model in config.models.values()} == {f"notebooks/{name}.ipynb" for name in NAMES}
