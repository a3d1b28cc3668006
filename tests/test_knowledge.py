"""A repository says what its own calls do, and its notebooks are cut accordingly."""

from __future__ import annotations

import pytest

from alekseylearn.config import parse_config
from alekseylearn.errors import InputError
from alekseylearn.knowledge import NOTHING_SAID, Knowledge, Rules
from alekseylearn.slicing import backward_slice
from alekseylearn.targets import find_targets
from tests.strategies import notebook

DATA = "import lab\nX = lab.numbers()"
FIT = "#| train\nfrom sklearn.linear_model import Ridge\nRidge().fit(X)"


def known(text: str) -> Knowledge:
    config = parse_config(text.encode())
    return config.rules(config.model_for("a.ipynb")[1]).known


def kept(cells: tuple[str, ...], said: str) -> list[int]:
    made, rules = notebook(*cells), Rules(known=known(said))
    cut = backward_slice(made, find_targets(made, rules.known), rules)
    return [reason.cell for reason in cut.kept]


def kinds(cells: tuple[str, ...], said: str = "") -> list[tuple[int, str]]:
    return [(target.cell, target.kind) for target in find_targets(notebook(*cells), known(said))]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        pytest.param("lab.look(X)", "calls: {pure: [lab.look]}", id="a function that changes nothing"),
        pytest.param("lab.look(X)", "calls: {shows: [lab.look]}", id="a function that shows"),
        pytest.param("lab.look(X)", "calls: {pure: [lab.*]}", id="a whole package"),
        pytest.param("lab.plots.look(X)", "calls: {shows: [lab.plots.*]}", id="a part of a package"),
        pytest.param("lab.Board().look(X)", "calls: {shows: [lab.Board.look, lab.Board]}", id="a class's method"),
        pytest.param("X.peek()", "calls: {pure: [.peek]}", id="a method of whatever object"),
    ],
)
def test_calls_that_are_said_to_change_nothing_are_dropped(cell: str, said: str) -> None:
    assert kept((DATA, cell, FIT), "") == [0, 1, 2]
    assert kept((DATA, cell, FIT), said) == [0, 2]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        pytest.param("import numpy as np\nnp.mean(X)", "calls: {changes: [numpy.mean]}", id="a function"),
        pytest.param("X.head()", "calls: {changes: [.head]}", id="a method"),
    ],
)
def test_calls_that_are_said_to_change_things_are_kept(cell: str, said: str) -> None:
    assert kept((DATA, cell, FIT), "") == [0, 2]
    assert kept((DATA, cell, FIT), said) == [0, 1, 2]


def test_files_that_calls_are_said_to_write_and_read_lead_to_their_writers() -> None:
    cells = (DATA, "import numpy as np\nnp.hop('a.bin', 1)", "#| train\nnp.hip('a.bin')")
    assert kept(cells, "") == [1, 2]
    cells = (DATA, "import numpy as np", "np.hop('a.bin', 1)", "#| train\nnp.hip('a.bin')")
    assert kept(cells, "") == [1, 3]
    assert kept(cells, "calls: {writes: [numpy.hop], reads: [numpy.hip]}") == [1, 2, 3]


def test_calls_that_are_said_to_draw_keep_their_order() -> None:
    cells = ("import numpy as np", "noise = np.hop()", "#| train\nnp.random.rand(3)")
    assert kept(cells, "") == [0, 2]
    assert kept(cells, "calls: {draws: [numpy.hop]}") == [0, 1, 2]
    cells = ("import numpy as np", "maker = np.maker", "maker().hop()", "#| train\nnp.random.rand(3)")
    assert kept(cells, "calls: {draws: [.hop]}") == [0, 1, 2, 3]


def test_calls_that_are_said_to_seed_make_earlier_draws_count_no_more() -> None:
    cells = ("import lab", "import numpy as np\nnp.random.rand()", "lab.fix(3)", "#| train\nnp.random.rand(3)")
    assert kept(cells, "") == [0, 1, 2, 3]
    made = notebook(*cells)
    rules = Rules(known=known("calls: {seeds: [lab.fix]}"))
    cut = backward_slice(made, find_targets(made, rules.known), rules)
    assert [(reason.cell, reason.reason) for reason in cut.kept][2][1].startswith("sets or draws")
    assert (1, 3) not in {(edge.source, edge.target) for edge in cut.edges if edge.name == "NumPy"}


def test_training_measuring_and_preparing_may_be_said() -> None:
    assert kinds((DATA, "lab.go(X)")) == []
    assert kinds((DATA, "model = lab.go(X)", "lab.lift(model)"), "calls: {trains: [lab.go], measures: [lab.lift]}") == [
        (1, "train"),
        (2, "metrics"),
    ]
    assert kinds((DATA, "lab.Shaper().fit(X)")) == [(1, "train")]
    assert kinds((DATA, "lab.Shaper().fit(X)"), "calls: {prepares: [lab.Shaper]}") == []
    assert kinds((DATA, "lab.Shaper().fit(X)"), "calls: {pure: [.fit]}") == []


def test_what_is_said_not_to_measure_is_no_metric() -> None:
    cells = (DATA, "model = lab.Net().fit(X)", "lab.mean_score(model)")
    assert kinds(cells) == [(1, "train"), (2, "metrics")]
    assert kinds(cells, "calls: {shows: [lab.mean_score]}") == [(1, "train")]


def test_nothing_is_said_of_what_no_list_names() -> None:
    some = Knowledge(frozenset({("lab.*", "pure")}))
    assert some.of_function("laboratory.look") == NOTHING_SAID
    assert some.of_method("look", ["numpy.array"]) == NOTHING_SAID
    assert some.of_function("lab") == NOTHING_SAID
    assert some.of_function("lab.a.b") == {"pure"}


@pytest.mark.parametrize("name", ["", "a b", "a..b", ".a.b", "*", "a.*.b", "1a"])
def test_names_that_are_no_calls_are_refused(name: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_config(f"calls: {{trains: ['{name}']}}".encode())
    assert refusal.value.slug == "cfg.type"
    assert "calls.trains" in str(refusal.value)


def test_a_word_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError) as refusal:
        parse_config(b"calls: {train: [lab.go]}")
    assert refusal.value.slug == "cfg.unknown"
    assert "trains" in str(refusal.value)
