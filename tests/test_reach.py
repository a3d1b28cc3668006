"""The way from a changed cell to the training, and why a change counts or not."""

from __future__ import annotations

from typing import Any

import pytest

from alekseylearn.config import Config
from alekseylearn.diff import CellChange, diff_notebooks
from alekseylearn.notebook import Cell
from alekseylearn.plan import Settings, TrainingJob, make_job
from alekseylearn.reach import Reach, Route, Step, changed_names, find_reaches, find_ways, in_words, mark_shown
from alekseylearn.slicing import CellReason, Edge, Slice, backward_slice
from alekseylearn.targets import Target, find_targets
from tests.strategies import notebook
from tests.trees import tree


def cut(*cells: str) -> Slice:
    """Slice a notebook of these cells."""
    made = notebook(*cells)
    return backward_slice(made, find_targets(made))


def way(found: Slice, cell: int, *names: str) -> list[tuple[int, str]]:
    """Tell the way from a cell as pairs; an empty list where there is none."""
    route = find_ways(found).route(cell, frozenset(names))
    return [(step.cell, step.name) for step in route.steps] if route else []


CHAIN = (
    "batch_size = 64\nepochs = 3",
    "data = [1, 2, 3]",
    "loader = [data[i:i + batch_size] for i in range(3)]",
    "print(data)",
    "model.fit(loader, epochs)",
    "accuracy = model.score(data)",
)


def test_the_way_names_what_flows_from_cell_to_cell_and_what_the_target_calls() -> None:
    found = cut(*CHAIN)
    assert way(found, 1) == [(1, "data"), (2, "loader"), (4, "model.fit")]
    assert way(found, 2) == [(2, "loader"), (4, "model.fit")]
    assert way(found, 4) == [(4, "model.fit")]


def test_the_shortest_way_is_taken_unless_something_else_was_changed() -> None:
    found = cut(*CHAIN)
    assert way(found, 0) == [(0, "epochs"), (4, "model.fit")]
    assert way(found, 0, "batch_size") == [(0, "batch_size"), (2, "loader"), (4, "model.fit")]
    assert way(found, 0, "unheard_of") == way(found, 0)


def test_what_was_changed_leads_the_first_step_alone() -> None:
    found = sliced([(0, 1, "a"), (1, 2, "a"), (2, 3, "b"), (1, 3, "c")], train=(3,))
    assert way(found, 0, "a") == [(0, "a"), (1, "c"), (3, "m.fit")]


def test_a_cell_that_is_left_out_has_no_way() -> None:
    assert way(cut(*CHAIN), 3) == []


def test_a_cell_that_is_kept_for_what_it_does_has_no_way() -> None:
    found = cut("import os\nos.chdir('data')", "model.fit(x)")
    assert [item.cell for item in found.kept] == [0, 1]
    assert way(found, 0) == []


def test_what_only_a_measure_uses_leads_there() -> None:
    found = cut("model.fit(x)", "truth = [1]", "mse = model.score(truth)\nmse")
    route = find_ways(found).route(1)
    assert route == Route((Step(1, "truth"), Step(2, "model.score")), trains=False)


def test_a_way_leads_through_a_measure_to_the_training_behind_it() -> None:
    found = sliced([(0, 1, "a"), (1, 2, "best")], train=(2,), metrics=(1,))
    assert way(found, 0) == [(0, "a"), (1, "best"), (2, "m.fit")]
    assert way(found, 1) == [(1, "score")]
    assert find_ways(found).route(0) == Route((Step(0, "a"), Step(1, "best"), Step(2, "m.fit")), trains=True)


def test_among_ways_of_one_length_the_nearest_cells_are_taken() -> None:
    found = sliced([(0, 3, "b"), (0, 2, "c"), (2, 4, "x"), (3, 4, "x")], train=(4,))
    assert way(found, 0) == [(0, "c"), (2, "x"), (4, "m.fit")]


def test_a_name_says_more_than_an_attribute_and_a_definition_more_than_an_import() -> None:
    assert way(sliced([(0, 1, "box.items"), (0, 1, "zoo")], train=(1,)), 0)[0] == (0, "zoo")
    imported = Edge(source=0, target=1, name="a", how="imports")
    assert way(sliced([imported, (0, 1, "b")], train=(1,)), 0)[0] == (0, "b")


@pytest.mark.parametrize(
    ("name", "how", "told"),
    [("NumPy", "random", "NumPy's random numbers"), ("*", "file", "a file"), ("data.csv", "file", "data.csv")],
)
def test_files_and_random_numbers_have_words_of_their_own(name: str, how: Any, told: str) -> None:
    assert way(sliced([Edge(source=0, target=1, name=name, how=how)], train=(1,)), 0)[0] == (0, told)


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("trains: calls `run`, which calls `loss.backward`", "run"),
        ("measures the trained model: `mse`", "mse"),
        ("trains: looks like a training loop over `epochs`", ""),
        ("marked `#| train`", ""),
        ("named as the cell that trains", ""),
    ],
)
def test_the_last_word_is_what_the_target_calls(reason: str, name: str) -> None:
    assert way(sliced([], train=(0,), reason=reason), 0) == [(0, name)]


def test_a_cell_that_uses_itself_is_no_way() -> None:
    assert way(sliced([(0, 0, "a"), (0, 1, "b"), (1, 1, "b")], train=(1,)), 0) == [(0, "b"), (1, "m.fit")]


def sliced(
    edges: list[tuple[int, int, str] | Edge],
    *,
    train: tuple[int, ...],
    metrics: tuple[int, ...] = (),
    reason: str = "trains: calls `m.fit`",
) -> Slice:
    """Make a slice by its edges."""
    made = [edge if isinstance(edge, Edge) else Edge(source=edge[0], target=edge[1], name=edge[2]) for edge in edges]
    targets = [Target(cell=cell, id="", kind="train", reason=reason) for cell in train]
    targets += [Target(cell=cell, id="", kind="metrics", reason="measures: calls `score`") for cell in metrics]
    cells = sorted({cell for edge in made for cell in (edge.source, edge.target)} | set(train) | set(metrics))
    kept = tuple(CellReason(cell=cell, id="", reason="needed") for cell in cells)
    return Slice(notebook="a.ipynb", targets=tuple(targets), kept=kept, dropped=(), edges=tuple(made))


# -- in words ---------------------------------------------------------------------------------------------------------


def route(*steps: tuple[int, str]) -> Route:
    return Route(tuple(Step(cell, name) for cell, name in steps), trains=True)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (route((4, "size"), (9, "loader"), (14, "fit")), "`size` → cell 9 `loader` → cell 14 `fit`"),
        (route((4, "size"), (14, "")), "`size` → cell 14"),
        (route((4, "")), "cell 4"),
        (route((4, "a`b\n" + "c" * 50), (5, "fit")), "`a'b " + "c" * 35 + "…` → cell 5 `fit`"),
        (
            route(*((n, f"n{n}") for n in range(5))),
            "`n0` → cell 1 `n1` → cell 2 `n2` → cell 3 `n3` → cell 4 `n4`",
        ),
        (route(*((n, f"n{n}") for n in range(6))), "`n0` → cell 1 `n1` → … → cell 4 `n4` → cell 5 `n5`"),
        (route(*((n, f"n{n}") for n in range(9))), "`n0` → cell 1 `n1` → … → cell 7 `n7` → cell 8 `n8`"),
    ],
)
def test_a_way_is_told_in_one_line(told: Route, words: str) -> None:
    assert in_words(told) == words


# -- changes ----------------------------------------------------------------------------------------------------------


def edited(before: str, after: str) -> CellChange:
    """Return the change of a cell from one text to another."""
    old, new = (Cell(index=0, id="a", kind="code", source=source) for source in (before, after))
    return CellChange(kind="modified", before=old, after=new, added_lines=1, removed_lines=1, cosmetic=False)


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("a = 1\nb = 2\nc = 3", "a = 1\nb = 4\nc = 3", "b"),
        ("a = 1\nb = 2", "a = 1", "b"),
        ("a = 1", "a = 1\nb = 2", "b"),
        ("a = 1\nb = a\nc = b\nd = 2", "a = 5\nb = a\nc = b\nd = 2", "a b c"),
        ("a = 1\na += 2\nb: int = 3", "a = 1\na += 4\nb: int = 4", "a b"),
        (
            "class Net:\n    def go(self):\n        return 1\nb = 2",
            "class Net:\n    def go(self):\n        return x\nb = 2",
            "Net",
        ),
        ("@old\ndef go():\n    pass", "@new\ndef go():\n    pass", "go"),
        ("async def go():\n    return 1", "async def go():\n    return 2", "go"),
        (
            "import os.path\nimport a as b\nfrom c import d\ne = 1",
            "import os.path as p\nimport a as f\nfrom c import g\ne = 1",
            "os p b f d g",
        ),
        ("frame['x'] = 1\nb = 2", "frame['x'] = 3\nb = 2", "frame"),
        ("net.freeze(1)\nb = 2", "net.freeze(2)\nb = 2", "net"),
        ("for x in data:\n    out.append(x)", "for x in data:\n    out.append(-x)", "x data out"),
        ("a = (", "a = 2", "a"),
        ("%%time\na = 1\nb = 2", "%%time\na = 1\nb = 3", "b"),
    ],
)
def test_the_names_that_changed_are_those_of_the_changed_statements(before: str, after: str, names: str) -> None:
    assert changed_names(edited(before, after)) == frozenset(names.split())


def test_a_new_cell_changes_no_name_in_particular() -> None:
    (change,) = diff_notebooks(notebook(), notebook("a = 1")).changes
    assert changed_names(change) == frozenset()


def change(kind: Any, before: Cell | None, after: Cell | None, *, cosmetic: bool = False) -> CellChange:
    return CellChange(kind=kind, before=before, after=after, added_lines=0, removed_lines=0, cosmetic=cosmetic)


CODE = Cell(index=0, id="a", kind="code", source="x = 1")
OTHER = Cell(index=1, id="b", kind="code", source="")
TEXT = Cell(index=0, id="t", kind="markdown", source="Why")


def job(*cells: str) -> TrainingJob:
    """Make the training of a notebook of these cells."""
    made = make_job(notebook(*cells), Config(), tree(), Settings(python="3.12"))
    assert made is not None
    return made


JOB = job("x = 1", "", "m = x\nm.fit(x)")


@pytest.mark.parametrize(
    ("told", "head", "base", "trains", "reason"),
    [
        (change("outputs", CODE, CODE), JOB, JOB, False, "outputs only"),
        (change("metadata", CODE, CODE), JOB, JOB, False, "metadata only"),
        (change("modified", TEXT, TEXT), JOB, JOB, False, "text"),
        (change("modified", None, None), JOB, JOB, False, "text"),
        (change("moved", CODE, CODE), JOB, JOB, True, "defines `x`, used by cell 2"),
        (change("modified", OTHER, OTHER), JOB, JOB, False, "empty"),
        (change("modified", CODE, CODE, cosmetic=True), JOB, JOB, False, "only comments or format changed"),
        (change("added", None, CODE), None, JOB, False, "nothing is trained here"),
        (change("removed", CODE, None), JOB, JOB, True, "removed from the training"),
        (change("removed", OTHER, None), JOB, JOB, False, "removed"),
        (change("removed", CODE, None), JOB, None, False, "removed"),
        (change("removed", CODE, None, cosmetic=True), JOB, JOB, False, "only comments or format changed"),
    ],
)
def test_why_a_change_counts(
    told: CellChange, head: TrainingJob | None, base: TrainingJob | None, trains: bool, reason: str
) -> None:
    (reach,) = find_reaches([told], head, base)
    assert (reach.trains, reach.reason) == (trains, reason)
    assert (reach.route is not None) == trains


def reached(before: tuple[str, ...], after: tuple[str, ...]) -> Reach:
    """Tell of the one change between two notebooks."""
    diff = mark_shown(diff_notebooks(notebook(*before), notebook(*after)), job(*before), job(*after))
    (reach,) = find_reaches(diff.changes, job(*after), job(*before))
    return reach


def test_a_change_is_told_with_the_way_of_what_changed() -> None:
    reach = reached(CHAIN, (CHAIN[0].replace("64", "128"), *CHAIN[1:]))
    assert reach.trains
    assert reach.route == Route((Step(0, "batch_size"), Step(2, "loader"), Step(4, "model.fit")), trains=True)


def test_a_removed_cell_is_told_with_its_way_in_the_base() -> None:
    reach = reached(("x = [1]", "x = x * 2", "m.fit(x)"), ("x = [1]", "m.fit(x)"))
    assert reach.route == Route((Step(1, "x"), Step(2, "m.fit")), trains=True)


def test_a_cell_of_which_only_what_it_shows_changed_does_not_count() -> None:
    before, after = ("x = [1]\nprint(x)", "m = x\nm.fit(x)"), ("x = [1]\nprint(len(x))", "m = x\nm.fit(x)")
    assert job(*before).digest == job(*after).digest
    assert reached(before, after) == Reach(trains=False, reason="only what it shows changed")


def test_a_cell_that_has_come_to_be_needed_counts() -> None:
    before, after = ("x = [1]", "y = 2", "m = x\nm.fit(x)"), ("x = [1]", "x = 2", "m = x\nm.fit(x)")
    assert reached(before, after).trains
    before, after = ("x = [1]", "m = [2]\nm.fit(m)"), ("x = [1]\nprint(x)", "m = x\nm.fit(m)")
    diff = mark_shown(diff_notebooks(notebook(*before), notebook(*after)), job(*before), job(*after))
    assert [reach.trains for reach in find_reaches(diff.changes, job(*after), job(*before))] == [True, True]


def test_a_cell_that_one_side_does_not_train_is_not_asked_what_it_shows() -> None:
    before, after = ("x = [1]", "print(1)", "m = x\nm.fit(x)"), ("x = [1]", "print(2)", "m = x\nm.fit(x)")
    assert reached(before, after).reason == "only shows something"
    before = ("x = [1]\nprint(x)", "m = x\nm.fit(x)")
    diff = diff_notebooks(notebook(*before), notebook("x = [1]\nprint(1)", before[1]))
    assert mark_shown(diff, None, job(*before)) is diff
    assert mark_shown(diff, job(*before), None) is diff
