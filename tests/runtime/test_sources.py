from __future__ import annotations

import ast
import importlib
import re
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.runtime import sources
from alekseylearn.runtime.sources import assigned, history, last_expression, log_metric
from alekseylearn.runtime.sources.base import PRECEDENCE, Written, flat, scalar

NOWHERE = Written()


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0), (0.5, 0.5), (np.float32(0.5), 0.5), (np.int64(3), 3.0), (np.array(2.0), 2.0), (np.array([2.0]), 2.0),
        (True, None), (np.True_, None), ("1", None), (None, None), (np.array([1.0, 2.0]), None), (1j, None),
        (np.complex64(1), None), (10**400, None), (SimpleNamespace(item=lambda: 1), None), (Fraction(1, 2), None),
    ],
)  # fmt: skip
def test_what_counts_as_a_number(value: object, number: float | None) -> None:
    assert scalar(value) == number


class Hostile:
    shape = property(lambda self: 1 / 0)

    def item(self) -> float:
        return 1.0


def test_an_object_that_raises_is_no_number() -> None:
    assert scalar(Hostile()) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("acc", "acc"), ("search.best_score_", "best_score_"), ("accuracy_score(y, p)", "accuracy_score"),
        ("model.score(X_test, y_test)", "score"), ("round(acc, 3)", "acc"), ("np.round(acc, 3)", "acc"),
        ("loss.item()", "loss"), ("scores.mean()", "scores"), ("np.mean(scores)", "scores"),
        ("scores.std()", "scores.std"), ("cross_val_score(m, X, y).mean()", "cross_val_score"),
        ("report['accuracy']", "accuracy"), ("history.history['val_loss'][-1]", "val_loss"), ("losses[-1]", "losses"),
        ("correct / total", "correct / total"), ("-loss", "-loss"), ("await evaluate()", "evaluate"),
        ("len(df)", None), ("file.write('x')", None), ("os.system('ls')", None), ("gc.collect()", None), ("X.shape[0]", None), ("df.size", None), ("1 + 1", None), ("42", None), ("'text'", None),
        ("(lambda: 1)()", None),
    ],
)  # fmt: skip
def test_a_last_expression_is_named_as_people_would(text: str, name: str | None) -> None:
    assert last_expression.name_of(ast.parse(text, mode="eval").body) == name


def shown(text: str, value: object) -> list[tuple[str, float, int | None]]:
    return list(last_expression.harvest(last_expression.named(ast.parse(text, mode="eval").body, value), NOWHERE))


def test_a_tuple_and_a_dict_give_one_metric_each() -> None:
    assert shown("acc, f1", (0.5, 0.25)) == [("acc", 0.5, None), ("f1", 0.25, None)]
    assert shown("m.evaluate(X, return_dict=True)", {"loss": 1, "acc": 0.5}) == [("loss", 1, None), ("acc", 0.5, None)]
    assert shown("m.get_params()", {"C": 1.0, "solver": "lbfgs"}) == []
    assert shown("m.evaluate(X)", (0.5, 0.25)) == []


def test_assigned_names_are_those_at_the_top_of_the_cell() -> None:
    tree = ast.parse("a = 1\nb, (c, d) = f()\ne: int = 2\ng += 1\nx.y = 1\nfor i in z: k = 1\nprint(a)")
    assert list(assigned.assigned(tree)) == ["a", "b", "c", "d", "e", "g"]
    assert list(assigned.harvest({"a": 1, "b": "text", "_c": 2}, NOWHERE)) == [("a", 1.0, None)]


def keras(**series: list[Any]) -> SimpleNamespace:
    length = len(next(iter(series.values())))
    return SimpleNamespace(history=series, epoch=list(range(length)), params={})


def test_a_keras_history_is_known_by_its_shape() -> None:
    found = history.harvest({"h": keras(loss=[2.0, 1.0], val_loss=[3.0, np.float32(2)])}, NOWHERE)
    assert list(found) == [("loss", 2, 0), ("loss", 1, 1), ("val_loss", 3, 0), ("val_loss", 2, 1)]


def test_a_second_history_carries_its_variable() -> None:
    one, two = keras(loss=[2.0]), keras(loss=[1.0])
    found = list(history.harvest({"history": one, "same": one, "fine": two}, NOWHERE))
    assert found == [("loss", 2.0, 0), ("fine.loss", 1.0, 0)]


def test_a_dict_of_lists_counts_by_its_name() -> None:
    series = {"loss": [2.0, 1.0], "acc": [0.1, 0.2]}
    assert len(list(history.harvest({"history": series}, NOWHERE))) == 4
    assert len(list(history.harvest({"train_history": series}, NOWHERE))) == 4
    assert list(history.harvest({"losses": series}, NOWHERE)) == []


class Answers:
    def __getattr__(self, name: str) -> Any:
        return {"loss": [1.0]}


@pytest.mark.parametrize(
    "value",
    [
        {"loss": [1.0, 2.0], "acc": [1.0]}, {"loss": ["a"]}, {}, {"loss": []}, {"loss": 1.0}, {1: [1.0]}, Answers(),
        SimpleNamespace(history={"loss": [1.0]}), SimpleNamespace(history="x", epoch=[0]), None, 3,
    ],
)  # fmt: skip
def test_other_shapes_are_no_history(value: object) -> None:
    assert list(history.harvest({"history": value}, NOWHERE)) == []


nested = st.recursive(
    st.floats(allow_nan=False) | st.integers() | st.text() | st.none() | st.booleans(),
    lambda inner: st.dictionaries(st.text(min_size=1), inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=20,
)


@given(nested)
def test_any_json_is_flattened_to_numbers(value: object) -> None:
    for name, number, step in flat(value):
        assert (type(name), type(number), step) == (str, float, None)


def test_log_metric_takes_numbers_and_says_what_it_does_not_take() -> None:
    got: list[Any] = []
    module = log_metric.Calls(got.append, got.append).module()
    module.log_metric(" loss ", np.float32(0.5), step=np.int64(3))
    module.log_params({"lr": 0.1})
    assert got == [("loss", 0.5, 3), {"lr": 0.1}]
    with pytest.raises(TypeError, match="one number, not list"):
        module.log_metric("loss", [1])
    with pytest.raises(TypeError, match="name of a metric"):
        module.log_metric("", 1)


def test_the_page_on_metrics_lists_the_sources_in_their_order() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
    assert tuple(re.findall(r"\w+", " ".join(rows))) == PRECEDENCE


def test_every_source_has_its_place_and_keeps_the_contract() -> None:
    folder = Path(sources.__file__).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__", "base", "folders"}
    modules = [importlib.import_module(f"{sources.__name__}.{name}") for name in names]
    assert {module.NAME for module in modules} == set(PRECEDENCE)
    assert all(list(module.harvest({}, NOWHERE)) == [] for module in modules)
