from __future__ import annotations

import pytest

from alekseylearn.runtime.cells import Cell, Compiler, Program, ends_quietly, split
from alekseylearn.runtime.layout import CellEntry

TEXT = """import os
# %% [parameters]
epochs = 3
# %% [cell 4]
a = 1
# %% [cell 9]
text = '''
# %% [cell 4]
'''
# %% [cell 12] a comment
a
"""


def entries(*numbers: int) -> list[CellEntry]:
    return [CellEntry(number, "", "", None) for number in numbers]


def program() -> Program:
    return split(TEXT, entries(4, 9, 12))


def test_cells_are_split_at_the_markers_that_are_due() -> None:
    assert [cell.number for cell in program().cells] == [None, 4, 9, 12]
    assert program().preamble == "import os"
    assert program().cells[2].text == "text = '''\n# %% [cell 4]\n'''"


def test_lines_of_the_file_and_of_the_cell_are_converted() -> None:
    cell = program().cells[2]
    assert cell.first == 7
    assert [cell.line(7), cell.line(9)] == [1, 3]
    assert program().cell_at(8) == cell
    assert program().cell_at(1) is None


def test_a_cell_without_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="no marker for cell 13"):
        split(TEXT, entries(4, 13))


def test_a_file_without_cells_is_all_preamble() -> None:
    assert split("x = 1\n", []).cells == ()


def cell(text: str, first: int = 1) -> Cell:
    return Cell(1, first, text, text, "", None)


def test_code_has_the_line_numbers_of_the_file() -> None:
    compiled = Compiler("train.py").compile(cell("def f():\n    return 1\nf()", first=40))
    assert compiled.last is not None
    assert {line for _, _, line in compiled.body.co_lines() if line} == {40}
    assert {line for _, _, line in compiled.last.co_lines() if line} == {42}


def test_a_syntax_error_has_the_line_of_the_file() -> None:
    with pytest.raises(SyntaxError) as caught:
        Compiler("train.py").compile(cell("a = 1\nb = (\n", first=40))
    assert caught.value.lineno == 41


def test_a_future_import_holds_for_later_cells() -> None:
    compiler = Compiler("train.py")
    compiler.compile(cell("from __future__ import annotations"))
    names: dict[str, object] = {}
    exec(compiler.compile(cell("def f(x: Unknown): ...")).body, names)
    assert names["f"].__annotations__ == {"x": "Unknown"}


def test_our_own_future_imports_do_not_reach_the_notebook() -> None:
    names: dict[str, object] = {}
    exec(Compiler("train.py").compile(cell("def f(x: int): ...")).body, names)
    assert names["f"].__annotations__ == {"x": int}


@pytest.mark.parametrize(
    ("text", "quiet"),
    [("f();", True), ("f(); # shown?", True), ("f()", False), ("';'", False), ("a = 1; f()", False), ("(;", False)],
)
def test_a_semicolon_at_the_end_keeps_the_value_back(text: str, quiet: bool) -> None:
    assert ends_quietly(text) is quiet
    if text != "(;":
        assert (Compiler("train.py").compile(cell(text)).last is None) is quiet


def test_metrics_cells_are_known_by_target_and_by_mark() -> None:
    assert Cell(1, 1, "", "", "", "metrics").measures
    assert Cell(1, 1, "", "#| metrics\nx = 1", "", None).measures
    assert not Cell(1, 1, "", "x = 1\n#| metrics", "", None).measures


def test_seeds_stand_before_their_cells_and_are_no_cells_of_the_notebook() -> None:
    text = "# %% [seeds of cell 4]\nfor _ in (): pass\n# %% [cell 4]\na = 1\n"
    found = split(text, entries(4)).cells
    assert [(cell.number, cell.headline) for cell in found] == [(None, "seeds"), (4, "")]
    assert found[0].first == 2
