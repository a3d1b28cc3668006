"""The first configuration names the notebooks that train, and says in comments what could be said of them."""

from __future__ import annotations

import re

import pytest

from alekseylearn.beginnings import on_machine
from alekseylearn.config import parse_config
from alekseylearn.notebook import parse
from alekseylearn.suggestions import MOST, Candidate, first_config, look_at
from tests.small import CELLS, EPOCHS, MEASURING, growth, notebook

DEFAULTS = on_machine("process").config


def candidate(path: str = "growth.ipynb", changes: dict[int, str] | None = None) -> Candidate:
    found = look_at(parse(path, growth(changes)))
    assert found is not None
    return found


def spoken(text: str) -> str:
    """Take the signs off that make comments of what could be said; sentences stay comments."""
    return re.sub(r"^(\s*)# (?=[a-z]+:|  )", r"\1", text, flags=re.MULTILINE)


def test_a_notebook_is_told_by_what_trains_and_what_it_measures() -> None:
    found = candidate()
    assert [*found.trains] == [6]
    assert found.trains[6].startswith("trains: calls `line.fit`")
    assert dict(found.metrics) == {"mse": "min"}
    assert found.epochs == ("epochs", 20)


def test_one_in_which_nothing_trains_is_none() -> None:
    assert look_at(parse("a.ipynb", notebook([("markdown", "# A"), ("code", "x = 1")]))) is None


@pytest.mark.parametrize(
    ("source", "metrics"),
    [
        ("mse, other = 1.0, 2.0", {}),
        ("mse = line.predict(1) ** 2\nf1 = mse\nf1", {"mse": "min", "f1": "max"}),
        ("thing = line.predict(1)\nerror = mse = thing\nerror", {"error": "min", "mse": "min"}),
        ("mse = 1.0\nfor f1 in [mse]:\n    f1", {"mse": "min"}),
        ("!ls\nmse = line.predict(1)\nmse", {}),
    ],
)
def test_metrics_are_what_names_tell(source: str, metrics: dict[str, str]) -> None:
    found = candidate(changes={MEASURING[0]: f"#| metrics\n{source}"})
    assert dict(found.metrics) == metrics


@pytest.mark.parametrize(
    ("source", "epochs"),
    [
        ("epochs = 1\nrate = 0.05", None),
        ("rate = 0.05\nepochs = 10 + 10", None),
        ("rate = 5\nn_epochs = epochs = 20", None),
        ("rate = 5\nepochs = 7\nmore_epochs = 8", ("epochs", 7)),
    ],
)
def test_epochs_are_a_number_that_a_cell_sets(source: str, epochs: tuple[str, int] | None) -> None:
    assert candidate(changes={EPOCHS: source}).epochs == epochs


def test_the_file_holds_as_it_stands_and_with_all_that_it_suggests() -> None:
    text = first_config(DEFAULTS, [candidate("notebooks/growth.ipynb")])
    plain = parse_config(text.encode())
    assert plain.defaults.backend == "process"
    assert plain.models["growth"].notebook == "notebooks/growth.ipynb"
    assert not plain.models["growth"].metrics
    whole = parse_config(spoken(text).encode())
    model = whole.models["growth"]
    assert (dict(model.metrics), model.primary, dict(model.gates)) == ({"mse": "min"}, "mse", {"mse": "<= 0.1"})
    assert (dict(model.parameters), dict(model.smoke)) == ({"epochs": 20}, {"epochs": 1})
    assert (whole.defaults.timeout, whole.defaults.seed, whole.defaults.tolerance) == (7200, 7, 0.002)


def test_without_a_metric_or_epochs_the_suggestion_is_an_example() -> None:
    found = Candidate(path="a.ipynb", trains={0: "trains: calls\n`fit`"}, metrics={})
    text = first_config(DEFAULTS, [found])
    assert "smoke" not in text
    model = parse_config(spoken(text).encode()).models["a"]
    assert (dict(model.metrics), dict(model.gates)) == ({"accuracy": "max"}, {"accuracy": ">= 0.9"})


def test_the_headline_is_one_that_should_rise() -> None:
    found = Candidate(path="a.ipynb", trains={0: "trains"}, metrics={"loss": "min", "auc": "max", "f1": "max"})
    assert "primary: auc " in first_config(DEFAULTS, [found])


def test_a_repository_without_training_gets_an_example() -> None:
    text = first_config(DEFAULTS, [])
    assert parse_config(text.encode()).models == {}
    assert parse_config(re.sub(r"^# (?=models|  )", "", text, flags=re.MULTILINE).encode()).models


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/model.ipynb", "b/model.ipynb", "model.ipynb"], ["model", "b-model", "model-2"]),
        (["Größe & Co.ipynb", "...ipynb", "模型.ipynb"], ["Gr-e-Co", "model", "model-2"]),
        (["breast_cancer.ipynb", f"{'x' * 90}.ipynb"], ["breast_cancer", "x" * 60]),
        (["a b.ipynb", "a-b.ipynb", "a--b.ipynb"], ["a-b", "a-b-2", "a--b"]),
        (['quote".ipynb', "- item.ipynb", "#.ipynb"], ["quote", "item", "model"]),
    ],
)
def test_models_are_called_after_their_files_whatever_these_are_called(paths: list[str], names: list[str]) -> None:
    found = [Candidate(path=path, trains={0: "trains"}, metrics={}) for path in paths]
    models = parse_config(first_config(DEFAULTS, found).encode()).models
    assert [*models] == names
    assert [model.notebook for model in models.values()] == paths


def test_the_first_ones_are_named_and_the_others_counted() -> None:
    found = [Candidate(path=f"n{place}.ipynb", trains={0: "trains"}, metrics={}) for place in range(MOST + 3)]
    text = first_config(DEFAULTS, found)
    assert len(parse_config(text.encode()).models) == MOST
    assert "and 3 more notebooks train" in text


def test_the_cells_of_the_small_notebook_are_what_this_test_takes_them_for() -> None:
    assert CELLS[EPOCHS][1].startswith("epochs = 20")
