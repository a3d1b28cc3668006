"""Alignment: nbdime's operations rebuild the newer notebook, and no pair of notebooks takes minutes."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alekseylearn import alignment
from alekseylearn.alignment import MAX_PAIRS, align, operations, projection
from alekseylearn.lines import longest_rise
from alekseylearn.notebook import Cell, CellKind


def cells(*sources: str, ids: Sequence[str] = (), kind: CellKind = "code") -> tuple[Cell, ...]:
    """Cells of these texts; ids are their places unless given."""
    return tuple(
        Cell(index=number, id=ids[number] if ids else f"al-{number}", kind=kind, source=source)
        for number, source in enumerate(sources)
    )


sources = st.sampled_from(
    ["", "import numpy as np", "x = np.arange(10)", "x = np.arange(20)", "model.fit(x, y)", "model.fit(x, y)\nprint(1)"]
) | st.text(max_size=20)


@st.composite
def cell_lists(draw: st.DrawFn) -> tuple[Cell, ...]:
    texts = draw(st.lists(sources, max_size=8))
    ids = draw(st.permutations([f"id-{number}" for number in range(10)]))
    kinds = st.sampled_from(["code", "markdown"])
    tags = st.frozensets(st.sampled_from(["train", "skip"]), max_size=2)
    return tuple(
        Cell(index=number, id=ids[number], kind=draw(kinds), source=text, tags=draw(tags))
        for number, text in enumerate(texts)
    )


@given(cell_lists(), cell_lists())
@settings(deadline=None)
def test_nbdime_rebuilds_the_newer_cells_from_our_operations(before: tuple[Cell, ...], after: tuple[Cell, ...]) -> None:
    found = operations(before, after)
    import nbdime

    assert nbdime.patch(projection(before), found) == projection(after)


@given(cell_lists(), cell_lists())
@settings(deadline=None)
def test_pairs_rise_on_both_sides_and_keep_the_kind(before: tuple[Cell, ...], after: tuple[Cell, ...]) -> None:
    pairs = align(before, after).pairs
    assert [i for i, _ in pairs] == sorted({i for i, _ in pairs})
    assert [j for _, j in pairs] == sorted({j for _, j in pairs})
    assert all(before[i].kind == after[j].kind for i, j in pairs)


@given(cell_lists())
def test_equal_lists_are_paired_place_by_place(both: tuple[Cell, ...]) -> None:
    assert align(both, both).pairs == [(number, number) for number in range(len(both))]


@given(cell_lists(), st.data())
@settings(deadline=None)
def test_a_cell_put_in_takes_no_other_cells_partner(before: tuple[Cell, ...], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(before)))
    after = (*before[:place], *cells("entirely_new_words_here()", ids=["new"]), *before[place:])
    assert len(align(before, after).pairs) == len(before)


def test_an_edited_cell_keeps_its_partner_by_its_words() -> None:
    before = cells("a()", "model = Net(width=32, depth=4)", "unrelated + things", "b()")
    after = cells("a()", "other ** stuff", "model = Net(width=64, depth=4)", "b()", ids=["p", "q", "r", "s"])
    assert align(before, after).pairs == [(0, 0), (1, 2), (3, 3)]


def test_a_rewritten_cell_keeps_its_partner_by_its_id() -> None:
    before = cells("a()", "one two three", "four five six", "b()", ids=["p", "q", "r", "s"])
    after = cells("a()", "seven, eight", "nine % ten", "b()", ids=["p", "q", "r", "s"])
    assert align(before, after).pairs == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_text_wins_over_swapped_ids() -> None:
    before = cells("a()", "b()", ids=["p", "q"])
    after = cells("a()", "b()", ids=["q", "p"])
    assert align(before, after).pairs == [(0, 0), (1, 1)]


def test_text_and_markdown_of_the_same_words_are_no_pair() -> None:
    assert align(cells("words here", ids=["p"]), cells("words here", ids=["p"], kind="markdown")).pairs == []


def test_one_moved_block_costs_the_fewest_cells() -> None:
    before = cells(*"abcdefgh")
    after = cells(*"defghabc", ids=list("12345678"))
    assert align(before, after).pairs == [(3, 0), (4, 1), (5, 2), (6, 3), (7, 4)]


def test_repeated_texts_between_anchors_are_paired() -> None:
    before = cells("start", "df.head()", "df.head()", "middle", "df.head()", "end")
    after = cells("begin", "df.head()", "middle", "df.head()", "df.head()", "end", ids=list("123456"))
    assert [before[i].source for i, _ in align(before, after).pairs] == ["df.head()", "middle", "df.head()", "end"]


def test_blank_cells_share_no_words() -> None:
    assert align(cells(" ", "  "), cells("   ", "    ", ids=["p", "q"])).pairs == []


def test_a_reformatted_large_notebook_is_paired_by_ids() -> None:
    ids = [f"cell-{number}" for number in range(500)]
    found = align(
        cells(*(f"step({number})" for number in range(500)), ids=ids),
        cells("new()", *(f"step( {number} )" for number in range(500)), ids=["new", *ids]),
    )
    assert found.coarse
    assert found.pairs == [(number, number + 1) for number in range(500)]


def test_a_large_notebook_without_ids_is_paired_by_place() -> None:
    before = cells(*(f"step({number})" for number in range(500)))
    after = cells(*(f"step( {number} )" for number in range(500)), ids=[f"x{number}" for number in range(500)])
    found = align(before, after)
    assert found.coarse
    assert len(found.pairs) == 500


def test_a_large_gap_pairs_nothing_unlike_and_no_id_of_another_kind() -> None:
    side = int(MAX_PAIRS**0.5) + 1
    ids = [f"id-{number}" for number in range(side)]
    before = cells(*(f"before{number}" for number in range(side)), ids=ids)
    found = align(before, cells(*(f"after{number}" for number in range(side)), ids=ids, kind="markdown"))
    assert found.coarse
    assert found.pairs == []


def test_a_long_cell_is_written_as_one_operation() -> None:
    before = cells("\n".join(f"a{number}" for number in range(300)), ids=["p"])
    after = cells("\n".join(f"b{number}" for number in range(300)), ids=["p"])
    import nbdime

    found = operations(before, after)
    assert nbdime.patch(projection(before), found) == projection(after)
    [source] = [entry for entry in found[0]["diff"] if entry["key"] == "source"]
    assert [entry["op"] for entry in source["diff"]] == ["addrange", "removerange"]


def test_many_equal_cells_in_many_places_end_soon() -> None:
    before = cells(*(text for number in range(1500) for text in ("same", f"old {number}")))
    after = cells(*(text for number in range(1500) for text in (f"new {-number}", "same")))
    found = align(before, after)
    assert found.coarse
    assert found.budget >= 0


@pytest.mark.parametrize("pairs", [[], [(0, 5)], [(0, 2), (1, 1), (2, 0)], [(0, 0), (1, 3), (2, 1), (3, 2)]])
def test_the_longest_rise_is_found(pairs: list[tuple[int, int]]) -> None:
    rise = longest_rise(pairs)
    assert rise == sorted(rise, key=lambda pair: pair[1])
    assert len(rise) == {0: 0, 1: 1, 3: 1, 4: 3}[len(pairs)]


def test_cells_of_very_many_words_are_paired_by_their_place_alone() -> None:
    before = cells(*(" ".join(f"w{number}_{word}" for word in range(900)) for number in range(190)))
    after = cells(*(f"{cell.source} more" for cell in reversed(before)), ids=[f"b{number}" for number in range(190)])
    found = align(before, after)
    assert found.coarse
    assert sum(map(len, found.words.values())) < 1_000_000


def test_only_the_beginning_of_a_huge_cell_is_compared_and_not_all_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alignment, "MAX_WORDS_OF", 20)
    monkeypatch.setattr(alignment, "MAX_KEPT", 30)
    found = align(cells("a b c d e f g h i j " + "k " * 50), cells("a b c d e f g h i j " + "l " * 50, ids=["x"]))
    assert found.pairs == [(0, 0)]
    assert found.words == {}
