"""Coloured lines are the lines of the source, and a difference marks the words that differ."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from alekseylearn.diff import CellChange, diff_notebooks
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.page.highlight import (
    MAX_LINES,
    MAX_MARKED,
    MAX_WIDTH,
    DiffLine,
    Piece,
    changed_lines,
    coloured,
    plain,
    shortened,
)
from alekseylearn.text import clean_block


def changed(before: str | None, after: str | None, kind: str = "code", *, colours: bool = True) -> tuple[DiffLine, ...]:
    sides = [
        None if text is None else Cell(index=0, id="a", kind=kind, source=text)  # type: ignore[arg-type]
        for text in (before, after)
    ]
    change = CellChange(
        kind="modified", before=sides[0], after=sides[1], added_lines=0, removed_lines=0, cosmetic=False
    )
    return changed_lines(change, colours=colours)


def told(lines: tuple[DiffLine, ...]) -> list[str]:
    signs = {"added": "+", "removed": "-", "same": " ", "gap": ""}
    return [signs[line.kind] + "".join(piece.text for piece in line.pieces) for line in lines]


def marked(line: DiffLine) -> list[str]:
    return [piece.text for piece in line.pieces if piece.marked]


def test_pieces_have_the_looks_of_python() -> None:
    (line,) = coloured("@cached  # why\n")[:1]
    assert [(piece.text, piece.look) for piece in line] == [("@cached", "d"), ("  ", ""), ("# why", "c")]
    looks = {
        piece.text.strip(): piece.look for line in coloured("def f():\n    return len('x') in 1.5") for piece in line
    }
    assert looks == {
        "def": "k",
        "f": "f",
        "():": "",
        "": "",
        "return": "k",
        "len": "b",
        "(": "",
        "'x'": "s",
        ")": "",
        "in": "k",
        "1.5": "m",
    }


@settings(deadline=None)
@given(st.text(max_size=200))
@example('"""a\nb\r\nc"""\n%matplotlib inline\n!ls')
@example("")
@example("\n\n")
def test_colours_change_no_text(source: str) -> None:
    lines = ["".join(piece.text for piece in line) for line in coloured(source)]
    assert lines == [clean_block(line) for line in source.split("\n")]


def test_lines_without_colours_are_the_same_lines() -> None:
    assert plain("def f():\u200b\n    pass") == ((Piece("def f():"),), (Piece("    pass"),))
    lines = changed("rate = 1", "rate = 2", colours=False)
    assert (told(lines), [marked(line) for line in lines]) == (["-rate = 1", "+rate = 2"], [[], []])


def test_the_words_that_differ_are_marked_on_both_sides() -> None:
    lines = changed("rate = 0.02\nkeep = 1", "rate = 0.1\nkeep = 1")
    assert told(lines) == ["-rate = 0.02", "+rate = 0.1", " keep = 1"]
    assert (marked(lines[0]), marked(lines[1]), marked(lines[2])) == (["0.02"], ["0.1"], [])


def test_lines_that_have_nothing_in_common_are_not_marked() -> None:
    for lines in (changed("import torch", "net.fit(x, y, epochs=9)"), changed("a = " + "1" * 500, "b = " + "1" * 500)):
        assert [marked(line) for line in lines] == [[], []]


def test_a_line_is_compared_with_the_one_it_became() -> None:
    lines = changed("return head(body(x))", "h = body(x)\nh = drop(h)\nreturn head(h)")
    assert [marked(line) for line in lines] == [["body(x", ")"], [], [], ["h"]]


def test_only_so_many_lines_of_a_change_are_compared() -> None:
    before, after = ("\n".join(f"a{place} = {value}" for place in range(MAX_MARKED + 5)) for value in (1, 2))
    lines = changed(before, after)
    assert sum(1 for line in lines if marked(line)) == 2 * MAX_MARKED


def test_a_very_wide_line_is_cut() -> None:
    (line,) = changed(None, f"a = '{'x' * MAX_WIDTH}' + b")
    assert told((line,)) == [f"+a = '{'x' * (MAX_WIDTH - 5)}…"]
    assert shortened((Piece("a"), Piece("b"))) == (Piece("a"), Piece("b"))


def test_equal_lines_far_from_a_change_are_left_out() -> None:
    old = [f"a{place} = 1" for place in range(20)]
    new = [*old[:10], "new = 2", *old[10:]]
    shown = told(changed("\n".join(old), "\n".join(new)))
    assert shown == [
        "… 7 lines",
        *(f" {line}" for line in old[7:10]),
        "+new = 2",
        *(f" {line}" for line in old[10:13]),
        "… 7 lines",
    ]


def test_a_lone_line_is_not_left_out() -> None:
    old = [f"a{place} = 1" for place in range(4)]
    assert told(changed("\n".join(old), "\n".join([*old, "b = 2"]))) == [*(f" {line}" for line in old), "+b = 2"]


def test_what_came_and_what_went_is_shown_whole() -> None:
    assert told(changed(None, "a\nb")) == ["+a", "+b"]
    assert told(changed("a\nb", None)) == ["-a", "-b"]
    assert changed("a", "a") == ()


def test_a_very_long_change_is_cut() -> None:
    shown = told(changed(None, "\n".join(f"a{place}" for place in range(MAX_LINES + 50))))
    assert len(shown) == MAX_LINES + 1
    assert shown[-1] == "… 50 lines"


def test_text_cells_have_no_colours() -> None:
    lines = changed("# import this", "# import that", kind="markdown")
    assert {piece.look for line in lines for piece in line.pieces} == {""}
    assert marked(lines[1]) == ["that"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["a = 1", "b = 2", "", "c = f(3)", "# d"]), max_size=12), st.data())
def test_a_difference_tells_both_versions(old: list[str], data: st.DataObject) -> None:
    new = data.draw(st.lists(st.sampled_from([*old, "e = 5", "a = 11"]), max_size=12))
    books = [
        Notebook(path="n.ipynb", cells=(Cell(index=0, id="a", kind="code", source="\n".join(x)),)) for x in (old, new)
    ]
    for change in diff_notebooks(*books).changes:
        lines = told(changed_lines(change))
        assert {line[1:] for line in lines if line.startswith("-")} <= set(old)
        assert {line[1:] for line in lines if line.startswith("+")} <= set(new)
        assert any(line.startswith(("-", "+")) for line in lines)
