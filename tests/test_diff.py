"""The cell-level diff: what it calls a change, what it does not, and what that costs."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alekseylearn import diff as module
from alekseylearn.alignment import operations, projection
from alekseylearn.diff import CellChange, NotebookDiff, diff_notebooks, line_diff
from alekseylearn.notebook import Notebook, parse


def code(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None} | more


def text(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}} | more


def notebook(*cells: str | Mapping[str, Any], path: str = "a.ipynb", minor: int = 4) -> Notebook:
    """Read a notebook of these cells; plain strings are code."""
    made = [code(cell) if isinstance(cell, str) else dict(cell) for cell in cells]
    document = {"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": made}
    return parse(path, json.dumps(document).encode())


def told(diff: NotebookDiff) -> list[tuple[str, int | None, int | None]]:
    """Kind and the indices before and after, of each change."""
    return [
        (change.kind, change.before.index if change.before else None, change.after.index if change.after else None)
        for change in diff.changes
    ]


def only(base: Notebook, head: Notebook) -> CellChange:
    [change] = diff_notebooks(base, head).changes
    return change


def test_an_unchanged_notebook_has_no_changes() -> None:
    diff = diff_notebooks(notebook("a = 1"), notebook("a = 1"))
    assert diff == NotebookDiff(path="a.ipynb", old_path=None, status="unchanged", changes=(), coarse=False)


def test_a_changed_argument_is_one_modified_cell() -> None:
    base = notebook("import x", "model = LogisticRegression(C=1.0)", "model.fit(X, y)")
    head = notebook("import x", "model = LogisticRegression(C=0.1)", "model.fit(X, y)")
    diff = diff_notebooks(base, head)
    assert diff.status == "modified"
    assert told(diff) == [("modified", 1, 1)]
    change = diff.changes[0]
    assert (change.added_lines, change.removed_lines, change.cosmetic) == (1, 1, False)
    assert line_diff(change) == ("- model = LogisticRegression(C=1.0)", "+ model = LogisticRegression(C=0.1)")


def test_two_lines_stand_around_what_changed() -> None:
    base, head = "\n".join("abcdefg"), "\n".join("abcDefg")
    assert line_diff(only(notebook(base), notebook(head))) == (
        *("  …", "  b", "  c"),
        *("- d", "+ D"),
        *("  e", "  f", "  …"),
    )


def test_cells_that_come_and_go_stand_where_they_were() -> None:
    base = notebook("a()", "old_thing = 1", "b()", "c()", "last + words")
    head = notebook("first[0]", "a()", "b()", "fresh % stuff", "c()")
    assert told(diff_notebooks(base, head)) == [
        ("added", None, 0),
        ("removed", 1, None),
        ("added", None, 3),
        ("removed", 4, None),
    ]


def test_a_moved_cell_is_moved_not_rewritten() -> None:
    base = notebook("a()", "b()", "c()", "d()")
    change = only(base, notebook("b()", "c()", "d()", "a()"))
    assert (change.kind, change.added_lines, change.removed_lines, line_diff(change)) == ("moved", 0, 0, ())
    assert not change.cosmetic


def test_a_moved_cell_with_another_id_is_known_by_its_text() -> None:
    cells = [code(f"{name}()", id=f"id-{name}") for name in "abcd"]
    head = notebook(*cells[1:], code("a()", id="id-new"), minor=5)
    found = diff_notebooks(notebook(*cells, minor=5), head)
    assert told(found) == [("moved", 0, 3)]
    assert not found.coarse


def test_lines_are_counted_of_cells_that_come_or_go() -> None:
    found = diff_notebooks(notebook("a()"), notebook("a()", "b()\nc()"))
    assert [(change.added_lines, change.removed_lines) for change in found.changes] == [(2, 0)]
    found = diff_notebooks(notebook("a()", "b()\nc()"), notebook("a()"))
    assert [(change.added_lines, change.removed_lines) for change in found.changes] == [(0, 2)]


def test_moved_copies_are_paired_in_their_order() -> None:
    base = notebook("plot()", "plot()", "a = 1", "b = 2", "c = 3")
    head = notebook("a = 1", "b = 2", "c = 3", "plot()", "plot()")
    assert told(diff_notebooks(base, head)) == [("moved", 0, 3), ("moved", 1, 4)]


def test_a_cell_moved_and_edited_is_known_by_its_id() -> None:
    base = notebook(
        *[code(source, id=source[0] * 4) for source in ("a(1, 2, 3)", "b()", "c()", "d()")],
        minor=5,
    )
    head = notebook(
        *[code(source, id=source[0] * 4) for source in ("b()", "c()", "d()", "a(1, 2, 4)")],
        minor=5,
    )
    assert told(diff_notebooks(base, head)) == [("modified", 0, 3)]


def test_an_id_alone_carries_nothing_across_the_notebook() -> None:
    base = notebook(*[code(source, id=source[0] * 4) for source in ("a(1, 2, 3)", "b()", "c()", "d()")], minor=5)
    head = notebook(
        *[code(source, id=source[0] * 4) for source in ("b()", "c()", "d()")],
        code("entirely % different", id="aaaa"),
        minor=5,
    )
    assert told(diff_notebooks(base, head)) == [("removed", 0, None), ("added", None, 3)]


def test_blank_cells_do_not_move() -> None:
    base = notebook("", "a()", "b()", "c()")
    kinds = [kind for kind, _, _ in told(diff_notebooks(base, notebook("a()", "b()", "c()", "")))]
    assert kinds == ["removed", "added"]


def test_a_cell_that_turns_into_text_goes_and_comes() -> None:
    diff = diff_notebooks(notebook("a note"), notebook(text("a note")))
    assert sorted(kind for kind, _, _ in told(diff)) == ["added", "removed"]


OUTPUT = {"output_type": "stream", "name": "stdout", "text": "1\n"}


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"outputs": [OUTPUT]}, "outputs"),
        ({"execution_count": 7}, "outputs"),
        ({"metadata": {"tags": ["train"]}}, "metadata"),
        ({"metadata": {"collapsed": True}}, "metadata"),
        ({"metadata": {"tags": ["train"]}, "outputs": [OUTPUT]}, "metadata"),
        ({"metadata": {"collapsed": True}, "outputs": [OUTPUT]}, "outputs"),
    ],
)
def test_what_differs_beside_the_text_is_named(more: dict[str, Any], kind: str) -> None:
    change = only(notebook("a()"), notebook(code("a()", **more)))
    assert (change.kind, change.cosmetic, line_diff(change)) == (kind, False, ())


def test_another_picture_in_a_text_is_a_change_beside_it() -> None:
    def note(data: str) -> Notebook:
        return notebook(text("![](attachment:a.png)", attachments={"a.png": {"image/png": data}}))

    assert only(note("iVBO"), note("iVBP")).kind == "metadata"


def test_ids_alone_are_no_change() -> None:
    base = notebook(code("a()", id="aaaa"), code("b()", id="bbbb"), minor=5)
    head = notebook(code("a()", id="cccc"), code("b()", id="dddd"), minor=5)
    assert diff_notebooks(base, head).status == "unchanged"


@pytest.mark.parametrize(
    ("before", "after", "cosmetic"),
    [
        ("x = f(1,2)", "x = f(1, 2)  # two", True),
        ("x = f(1)", "x = f(2)", False),
        ("%matplotlib inline\nx = f(1, 2)", "x = f(1, 2)", True),
        ("%pip install a\nx = f(1, 2)", "%pip install b\nx = f(1, 2)", False),
        ("# train\nmodel.fit(x)", "#| train\nmodel.fit(x)", False),
        ("x = f(1,", "x = f(1, ", False),
        ("x = " + "+".join("a" * 2000), "x  = " + "+".join("a" * 2000), False),
    ],
)
def test_comments_and_format_are_cosmetic(before: str, after: str, cosmetic: bool) -> None:
    change = only(notebook("a()", before), notebook("a()", after))
    assert (change.kind, change.cosmetic) == ("modified", cosmetic)


def test_a_cell_of_comments_only_comes_and_goes_without_meaning() -> None:
    assert only(notebook("a()"), notebook("a()", "# a remark")).cosmetic
    assert only(notebook("a()", "# a remark"), notebook("a()")).cosmetic
    assert not only(notebook("a()"), notebook("a()", "b()")).cosmetic


def test_text_is_never_cosmetic() -> None:
    assert not only(notebook(text("one two three")), notebook(text("one two three "))).cosmetic


def test_a_notebook_that_comes_or_goes_has_all_its_cells() -> None:
    new = notebook("a()", text("b"))
    assert diff_notebooks(None, new).status == "added"
    assert told(diff_notebooks(None, new)) == [("added", None, 0), ("added", None, 1)]
    assert diff_notebooks(new, None).status == "deleted"
    assert told(diff_notebooks(new, None)) == [("removed", 0, None), ("removed", 1, None)]
    with pytest.raises(ValueError, match=r"^a notebook that exists on neither side cannot be compared$"):
        diff_notebooks(None, None)


def test_a_renamed_notebook_says_what_it_was_called() -> None:
    diff = diff_notebooks(notebook("a()", path="old.ipynb"), notebook("a()", path="new.ipynb"))
    assert (diff.path, diff.old_path, diff.status, diff.changes) == ("new.ipynb", "old.ipynb", "renamed", ())


def test_an_empty_notebook_can_be_added() -> None:
    assert diff_notebooks(None, notebook()).status == "added"


def test_thousands_of_rewritten_lines_are_compared_coarsely() -> None:
    base = notebook(code("\n".join(f"x\na{number}" for number in range(3000)), id="aaaa"), minor=5)
    head = notebook(code("\n".join(f"x\nb{number}" for number in range(3000)), id="aaaa"), minor=5)
    diff = diff_notebooks(base, head)
    assert diff.coarse
    assert (diff.changes[0].kind, diff.changes[0].added_lines) == ("modified", 5999)


POOL = [
    "",
    "# note",
    "import numpy as np",
    "x = 1",
    "x = 2",
    "x = 2  # two",
    "model.fit(x, y)",
    "model.fit(x, y, epochs=3)",
]


@st.composite
def notebooks(draw: st.DrawFn) -> Notebook:
    sources = draw(st.lists(st.sampled_from(POOL), max_size=8))
    kinds = draw(st.lists(st.sampled_from([code, text]), min_size=8, max_size=8))
    ids: Sequence[str] = draw(st.permutations([f"id{number}" for number in range(8)]))
    with_ids = draw(st.booleans())
    made = [kind(source) for kind, source in zip(kinds, sources, strict=False)]
    if with_ids:
        made = [cell | {"id": cell_id} for cell, cell_id in zip(made, ids, strict=False)]
    return notebook(*made, minor=5 if with_ids else 4)


@given(notebooks(), notebooks())
@settings(deadline=None)
def test_every_cell_is_told_once_or_is_the_same(base: Notebook, head: Notebook) -> None:
    changes = diff_notebooks(base, head).changes
    before = [change.before.index for change in changes if change.before]
    after = [change.after.index for change in changes if change.after]
    assert len(set(before)) == len(before)
    assert len(set(after)) == len(after)
    kept = [(cell.kind, cell.source) for cell in base.cells if cell.index not in before]
    assert kept == [(cell.kind, cell.source) for cell in head.cells if cell.index not in after]
    assert after == sorted(after)


@given(notebooks(), notebooks())
@settings(deadline=None)
def test_kinds_mean_what_they_say(base: Notebook, head: Notebook) -> None:
    for change in diff_notebooks(base, head).changes:
        before, after = change.before, change.after
        assert (change.kind == "added") == (before is None)
        assert (change.kind == "removed") == (after is None)
        if before and after:
            assert before.kind == after.kind
            assert (change.kind == "modified") == (before.source != after.source)
            assert bool(line_diff(change)) == (before.source != after.source)


V3: dict[str, Any] = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {},
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {"cell_type": "heading", "level": 1, "source": ["Title"], "metadata": {}},
                {
                    "cell_type": "code",
                    "language": "python",
                    "input": ["a = 1\n", "a"],
                    "outputs": [],
                    "prompt_number": 4,
                    "collapsed": False,
                    "metadata": {},
                },
            ],
        }
    ],
}


@pytest.mark.parametrize("minor", range(6))
def test_another_version_of_the_format_is_no_change_of_the_cells(minor: int) -> None:
    old = parse("a.ipynb", json.dumps(V3).encode())
    cells = [
        text("# Title"),
        code("a = 1\na", execution_count=4, metadata={"collapsed": False}),
        code("b = 2"),
    ]
    with_ids = [cell | {"id": f"id-{number}"} for number, cell in enumerate(cells)]
    new = notebook(*(with_ids if minor == 5 else cells), minor=minor)
    assert told(diff_notebooks(old, new)) == [("added", None, 2)]
    assert told(diff_notebooks(new, old)) == [("removed", 2, None)]


def test_a_notebook_too_large_to_search_says_so_and_is_told_whole() -> None:
    base = notebook(*(f"before_{number}(here)" for number in range(300)))
    head = notebook(*(f"after_{number} = else_where[{number}]" for number in range(300)))
    diff = diff_notebooks(base, head)
    assert diff.coarse
    assert len([change for change in diff.changes if change.after]) == 300
    assert len([change for change in diff.changes if change.before]) == 300


def test_an_edit_and_new_outputs_are_one_modified_cell_and_a_move_with_new_outputs_is_a_move() -> None:
    base = notebook("a()", "b()", "c()", "d()")
    assert only(base, notebook("a()", code("b(1)", outputs=[OUTPUT]), "c()", "d()")).kind == "modified"
    assert only(base, notebook("b()", "c()", "d()", code("a()", outputs=[OUTPUT]))).kind == "moved"


@st.composite
def raw_notebooks(draw: st.DrawFn) -> bytes:
    """A notebook file as other tools leave it: any minor version, ids missing, twice, or not valid, any tags."""
    made = []
    for source in draw(st.lists(st.sampled_from(POOL) | st.text(max_size=8), max_size=7)):
        cell = draw(st.sampled_from([code, text]))(source.replace("\0", ""))
        if cell_id := draw(st.sampled_from(["", "twin", "twin", "own", "other", "no valid id"])):
            cell["id"] = cell_id
        cell["metadata"] = draw(st.sampled_from([{}, {"tags": ["train"]}, {"tags": "x"}, {"k": 1}]))
        if cell["cell_type"] == "code":
            cell["outputs"] = draw(st.sampled_from([[], [OUTPUT]]))
        made.append(cell)
    minor = draw(st.integers(0, 5))
    return json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": made}).encode()


@given(raw_notebooks() | st.just(json.dumps(V3).encode()), raw_notebooks() | st.just(json.dumps(V3).encode()))
@settings(deadline=None)
def test_nbdimes_patch_turns_any_base_into_any_head(base: bytes, head: bytes) -> None:
    before, after = parse("a.ipynb", base).cells, parse("a.ipynb", head).cells
    found = operations(before, after)
    import nbdime

    assert nbdime.patch(projection(before), found) == projection(after)


def test_a_rewritten_cell_of_thousands_of_lines_takes_no_time() -> None:
    base = notebook(code("\n".join(f"a_{number} = {number}" for number in range(3000)), id="aaaa"), minor=5)
    head = notebook(code("\n".join(f"b_{number} = {number}" for number in range(3000)), id="aaaa"), minor=5)
    start = time.process_time()
    assert told(diff_notebooks(base, head)) == [("modified", 0, 0)]
    assert time.process_time() - start < 2


@given(notebooks())
def test_a_notebook_does_not_differ_from_itself(both: Notebook) -> None:
    assert diff_notebooks(both, both).changes == ()


@pytest.mark.parametrize("head", ["x = 1", "x = 2"])
def test_nbdime_is_not_loaded_when_there_is_nothing_to_search(head: str) -> None:
    program = (
        "import sys\n"
        "from alekseylearn.diff import diff_notebooks\n"
        "from alekseylearn.notebook import Cell, Notebook\n"
        "base = Notebook(path='a.ipynb', cells=(Cell(index=0, id='a', kind='code', source='x = 1'),))\n"
        f"head = Notebook(path='a.ipynb', cells=(Cell(index=0, id='a', kind='code', source={head!r}),))\n"
        "print(len(diff_notebooks(base, head).changes), 'nbdime' in sys.modules, 'nbformat' in sys.modules)\n"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == [str(int(head != "x = 1")), "False", "False"]


def test_only_so_much_code_is_compared_as_python(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = (
        parse("a.ipynb", json.dumps(document).encode())
        for document in (
            {
                "nbformat": 4,
                "nbformat_minor": 4,
                "cells": [{"cell_type": "code", "source": source} for source in sources],
            }
            for sources in (("first = 1", "second = 2"), ("first = 1 # a", "second = 2 # b"))
        )
    )
    assert [change.cosmetic for change in diff_notebooks(before, after).changes] == [True, True]
    monkeypatch.setattr(module._Meanings, "__init__", lambda self: setattr(self, "left", 30))
    found = diff_notebooks(before, after)
    assert [change.cosmetic for change in found.changes] == [True, False]
    assert found.coarse
