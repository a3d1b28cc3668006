"""How changed and kept cells are drawn: at every width, in colour and without."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from rich.console import Console
from rich.text import Text

from alekseylearn.analysis import Comparison, Side, make_plans
from alekseylearn.cli.cells import Way, changed_lines, headline
from alekseylearn.cli.show_diff import show_diff
from alekseylearn.cli.show_slice import show_slice
from alekseylearn.config import Config
from alekseylearn.diff import CellChange
from alekseylearn.git import ChangedFile
from alekseylearn.notebook import Cell, parse
from alekseylearn.plan import NotebookPlan, Settings
from alekseylearn.reach import Route, Step
from alekseylearn.slicing import backward_slice
from alekseylearn.targets import find_targets
from tests import small
from tests.trees import tree

WIDTHS = (40, 60, 80, 100, 110)
BASE: tuple[tuple[str, str], ...] = (
    ("markdown", "# Churn\n\nWho leaves, and can we tell a month before they do, from what they last bought?"),
    ("code", "from shop import Net, read, split_by_customer_and_month, accuracy_by_region"),
    ("code", "first_month, last_month, number_of_customers_in_a_batch = 1, 12, 64"),
    ("code", "customers = read('customers.csv', first_month, last_month)"),
    ("code", "customers.describe()"),
    ("code", "batches = split_by_customer_and_month(customers, number_of_customers_in_a_batch)"),
    ("code", "net = Net()"),
    ("code", "net.fit(batches)"),
    ("code", "accuracy = accuracy_by_region(net, customers)\naccuracy"),
    ("code", "accuracy.plot()"),
)


def plan_of(base: bytes | None, head: bytes | None, *, path: str = "a.ipynb", old: str | None = None) -> NotebookPlan:
    """Decide about one notebook as the commands do."""
    contents = ((old or path, base), (path, head))
    sides = [
        Side(name=name, sha="", tree=tree({path: data} if data is not None else {}), config=Config())
        for name, (path, data) in zip(("main", "topic"), contents, strict=True)
    ]
    status = "deleted" if head is None else "added" if base is None else "renamed" if old else "modified"
    file = ChangedFile(path=path, old_path=old, status=status)
    comparison = Comparison(base=sides[0], head=sides[1], files=(file,))
    (plan,) = make_plans(comparison, Settings(python="3.12"), lambda _: False)
    return plan


def edited(changes: Mapping[int, str], **more: Mapping[int, str]) -> NotebookPlan:
    """Plan the notebook `BASE` with other sources in some cells."""
    cells = [(kind, changes.get(index, source)) for index, (kind, source) in enumerate(BASE)]
    return plan_of(small.notebook(BASE), small.notebook(cells, **more))


def drawn(*plans: NotebookPlan, width: int = 100, lines: bool = False, colour: bool = False) -> list[str]:
    """Draw plans as `diff` does; lines come back without the blanks at their ends."""
    file = io.StringIO()
    out = Console(
        file=file, width=width, highlight=False, force_terminal=colour, color_system="standard" if colour else None
    )
    show_diff(out, "main", "topic", plans, lines=lines)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def sliced(cells: Sequence[tuple[str, str]], *, width: int = 100, why: bool = True) -> list[str]:
    """Draw the slice of a notebook as `slice` does."""
    read = parse("a.ipynb", small.notebook(cells))
    file = io.StringIO()
    out = Console(file=file, width=width, highlight=False)
    show_slice(out, read, backward_slice(read, find_targets(read)), why=why, identity="0123456789ab")
    return [line.rstrip() for line in file.getvalue().splitlines()]


# -- diff -------------------------------------------------------------------------------------------------------------


def test_a_change_is_told_with_its_way_to_the_training() -> None:
    told = drawn(edited({2: BASE[2][1].replace("64", "128"), 9: "accuracy.plot('bar')"}))
    assert told == [
        "a.ipynb modified, trains: cell 2 changed: `first_month, last_month, number_of_customers_in_a_batch =",
        "1…`",
        "2 of 10 cells changed; 1 trains",
        "  cell 2  edited, +1 −1  first_month, last_month, number_of_customers_in_a_batch = 1…",
        "          trains: cell 2 number_of_customers_in_a_batch → cell 5 batches → cell 7 net.fit",
        "  cell 9  edited, +1 −1  accuracy.plot('bar')",
        "          comes after training and only shows it",
        "",
        "1 notebook compared.",
    ]


def test_a_way_that_is_too_long_for_a_line_goes_on_with_an_arrow() -> None:
    told = drawn(edited({3: BASE[3][1] + ".dropna()"}), width=44)
    at = next(place for place, line in enumerate(told) if line.startswith("          trains: cell 3"))
    assert told[at : at + 3] == [
        "          trains: cell 3 customers",
        "            → cell 5 batches",
        "            → cell 7 net.fit",
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("lines", [True, False])
def test_no_line_is_wider_than_the_terminal(width: int, lines: bool) -> None:
    plans = [
        edited({0: "x" * 300, 2: BASE[2][1] + "  # why\nz = " + "y" * 200, 3: BASE[3][1] + ".dropna()", 6: ""}),
        plan_of(None, small.notebook(BASE), path="notebooks/of/a/long/path/to/a/notebook.ipynb"),
        plan_of(small.notebook(BASE), b"{", path="broken.ipynb"),
    ]
    told = drawn(*plans, width=width, lines=lines)
    assert max(Text(line).cell_len for line in told if not line.startswith(("error[", "  where:", "  fix:"))) <= width
    assert sum("cell 3" in line for line in told) >= 2


def test_an_edit_of_what_a_kept_cell_only_shows_does_not_train() -> None:
    cells = [("code", "x = [1]\nprint(x)"), ("code", "m = x\nm.fit(x)")]
    changed = [("code", "x = [1]\nprint(len(x))"), cells[1]]
    assert drawn(plan_of(small.notebook(cells), small.notebook(changed)))[:4] == [
        "a.ipynb modified, does not train: no code that trains changed (1 code cell changed)",
        "1 of 2 cells changed; none trains",
        "  cell 0  edited, +1 −1  x = [1]",
        "          only what it shows changed",
    ]


def test_outputs_and_metadata_are_told_apart_in_a_line_each() -> None:
    told = drawn(edited({}, printed={3: "1", 4: "2", 5: "3", 7: "4"}))
    assert told[:3] == [
        "a.ipynb modified, does not train: no code that trains changed (4 outputs changed)",
        "none of 10 cells changed; none trains",
        "  outputs only: cells 3-5 and 7",
    ]


def test_a_moved_cell_says_from_where() -> None:
    order = [BASE[place] for place in (0, 1, 9, 2, 3, 4, 5, 6, 7, 8)]
    told = drawn(plan_of(small.notebook(BASE), small.notebook(order)))
    assert "  cell 2  moved from 9 to 2  accuracy.plot()" in told


def test_a_removed_cell_is_told_with_its_way_in_the_base() -> None:
    told = drawn(plan_of(small.notebook([*BASE[:3], ("code", "last_month += 1"), *BASE[3:]]), small.notebook(BASE)))
    assert told[1:5] == [
        "1 of 11 cells changed; 1 trains",
        "  cell 3  removed, −1  last_month += 1",
        "          removed from the training, in the base: cell 3 last_month → cell 4 customers",
        "            → cell 6 batches → cell 8 net.fit",
    ]


def test_a_removed_cell_that_did_not_train_needs_no_reason() -> None:
    told = drawn(plan_of(small.notebook(BASE), small.notebook([*BASE[:4], *BASE[5:]])))
    assert told[1:4] == ["1 of 10 cells changed; none trains", "  cell 4  removed, −1  customers.describe()", ""]


def test_what_only_a_measure_uses_says_so() -> None:
    cells = [("code", "m.fit(1)"), ("code", "truth = [1]"), ("code", "mse = m.score(truth)\nmse")]
    changed = [cells[0], ("code", "truth = [2]"), cells[2]]
    told = drawn(plan_of(small.notebook(cells), small.notebook(changed)))
    assert "          only measures: cell 1 truth → cell 2 m.score" in told


def test_a_new_notebook_names_the_cells_that_train_and_counts_the_others() -> None:
    told = drawn(plan_of(None, small.notebook(BASE)))
    assert told[:2] == ["a.ipynb added, trains: the notebook is new", "10 cells; 7 train"]
    assert "  text: cell 0" in told
    assert "  only shows something: cell 4" in told
    assert "  comes after training and only shows it: cell 9" in told
    assert not [line for line in told if line.startswith("  cell 4")]
    assert [line for line in drawn(plan_of(None, small.notebook(BASE)), lines=True) if line.startswith("  cell 4")]


def test_a_deleted_notebook_is_one_line() -> None:
    told = drawn(plan_of(small.notebook(BASE), None))
    assert told == ["a.ipynb deleted, does not train: the notebook was deleted", "", "1 notebook compared."]


def test_a_renamed_notebook_names_both() -> None:
    told = drawn(plan_of(small.notebook(BASE), small.notebook(BASE), path="b.ipynb", old="a.ipynb"))
    assert told[0].startswith("a.ipynb → b.ipynb renamed, ")


def test_a_notebook_that_is_refused_shows_its_error() -> None:
    told = drawn(plan_of(small.notebook(BASE), b"{"))
    assert told[0] == "a.ipynb modified, refused"
    assert told[1].startswith("error[nb.unreadable]")


def test_a_rough_comparison_says_so() -> None:
    plan = edited({3: "customers = []"})
    told = drawn(replace(plan, diff=replace(plan.diff, coarse=True)))
    assert told[2] == "So much differs that cells, or lines, were paired by their place and text only."


def test_a_notebook_without_training_does_not_repeat_that() -> None:
    told = drawn(plan_of(small.notebook([("code", "a = 1")]), small.notebook([("code", "a = 2")])))
    assert told[1:4] == ["1 of 1 cell changed; none trains", "  cell 0  edited, +1 −1  a = 2", ""]


def test_of_very_many_cells_some_are_shown_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alekseylearn.cli.show_diff.MOST", 2)
    before, after = (small.notebook([("code", f"{name}{n} = 1") for n in range(5)]) for name in ("a", "b"))
    told = drawn(plan_of(before, after))
    assert sum(line.startswith("  cell ") for line in told) == 2
    assert any(line.startswith("  … and ") and line.endswith(" more cells") for line in told)


def test_nothing_to_tell_is_told() -> None:
    assert drawn() == ["No notebook changed between main and topic."]


# -- lines ------------------------------------------------------------------------------------------------------------


def change(before: str, after: str) -> CellChange:
    old, new = (Cell(index=0, id="a", kind="code", source=source) for source in (before, after))
    return CellChange(kind="modified", before=old, after=new, added_lines=1, removed_lines=1, cosmetic=False)


TOKEN = "ghp_" + "a1B2c3D4" * 4 + "e5F6"


def test_secrets_are_shown_neither_in_lines_nor_in_headlines() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA7bq\n" * 3 + "-----END RSA PRIVATE KEY-----"
    _, column = changed_lines(change("a = 1", f"login('{TOKEN}')\nkey = '''{key}'''")).columns
    shown = "\n".join(str(text) for text in column.cells)
    assert TOKEN not in shown
    assert "MIIE" not in shown
    assert "login('***')" in shown
    cell = Cell(index=0, id="a", kind="code", source="x" * 40 + f" = login('{TOKEN}')")
    assert "ghp_" not in headline(cell).plain


def test_words_that_stand_very_many_times_are_not_weighed() -> None:
    line = "a " * 190
    assert emphasised(f"{line}x", f"{line}y") == []
    assert emphasised("value = one(a)", "value = two(a)") == ["one", "two"]


def emphasised(before: str, after: str) -> list[str]:
    """Return the words that stand out in the changed lines."""
    _, column = changed_lines(change(before, after)).columns
    found = []
    for text in column.cells:
        assert isinstance(text, Text)
        found += [text.plain[span.start : span.end] for span in text.spans if span.style == "bold underline"]
    return found


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("epochs = 20", "epochs = 200", ["20", "200"]),
        ("f(x, rate=0.1)", "f(x, y, rate=0.1)", [", y"]),
        ("a = 1\nb = 2", "a = 3\nb = 4", ["1", "2", "3", "4"]),
        ("a = 1", "a = 3\nb = 4", []),
        ("import this", "x = [1, 2, 3, 4]", []),
        ("x = " + "1" * 500, "x = " + "2" * 500, []),
        ("", "a = 1", []),
    ],
)
def test_the_words_that_differ_stand_out(before: str, after: str, words: list[str]) -> None:
    assert sorted(emphasised(before, after)) == sorted(words)


def test_a_long_line_goes_on_under_itself() -> None:
    told = drawn(edited({6: "net = Net(" + ", ".join(f"layer_{n}=True" for n in range(9)) + ")"}), lines=True, width=60)
    at = next(place for place, line in enumerate(told) if line.startswith("    + net"))
    assert told[at + 1].startswith("      layer_")


def test_colours_are_there_where_they_are_wanted() -> None:
    plan = edited({3: BASE[3][1] + ".dropna()"})
    assert "\x1b[32m+" in "".join(drawn(plan, lines=True, colour=True))
    assert "\x1b" not in "".join(drawn(plan, lines=True))


def test_control_characters_of_a_notebook_reach_no_terminal() -> None:
    told = drawn(edited({3: "customers = read('\x1b[31m', 1, '\x07')"}), lines=True)
    assert not [line for line in told if "\x1b" in line or "\x07" in line]


@pytest.mark.parametrize("steps", [1, 5, 9])
def test_a_way_of_many_steps_leaves_some_out(steps: int) -> None:
    file = io.StringIO()
    way = Way(Route(tuple(Step(n, f"n{n}") for n in range(steps)), trains=True))
    Console(file=file, width=200).print(way)
    assert ("…" in file.getvalue()) == (steps > 5)


# -- slice ------------------------------------------------------------------------------------------------------------


def test_reasons_stand_below_the_cells_or_beside_them() -> None:
    narrow, wide = (sliced(BASE, width=width) for width in (60, 110))
    at = narrow.index("  cell 7  net.fit(batches)")
    assert narrow[at + 1] == "          trains: calls `net.fit`"
    (line,) = [line for line in wide if line.startswith("  cell 7")]
    assert line.endswith("trains: calls `net.fit`")
    assert line.split()[2] == "net.fit(batches)"


def test_what_is_left_out_is_grouped_by_its_reason() -> None:
    told = sliced(BASE)
    assert told[told.index("") :] == [
        "",
        "left out: only shows something",
        "  cell 4  customers.describe()",
        "left out: comes after training and only shows it",
        "  cell 9  accuracy.plot()",
        "left out: text (cell 0)",
    ]
    assert "left out" not in "".join(sliced(BASE, why=False))


def test_empty_cells_are_only_counted() -> None:
    told = sliced([("code", "")] * 3 + [("code", "m = 1\nm.fit(1)")])
    assert told[-1] == "left out: empty (cells 0-2)"


def test_warnings_are_readable_at_any_width() -> None:
    told = sliced([("code", "x = = 1"), ("code", "m = 2"), ("code", "m.fit(later)"), ("code", "later = 1")], width=50)
    at = told.index("warning: cell 0 cannot be read as Python (line 1:")
    assert told[at + 1 :] == [
        "         invalid syntax); every cell before",
        "         training is kept",
        "warning: cell 2 uses `later` before it is defined:",
        "         cell 3 defines it, further down",
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_of_a_slice_is_wider_than_the_terminal(width: int) -> None:
    cells = [*BASE, ("code", "a = '" + "x" * 200 + "'"), ("code", "m.fit(a)\nprint('é' * 3)")]
    assert max(Text(line).cell_len for line in sliced(cells, width=width)) <= width
