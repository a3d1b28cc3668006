"""What cells showed stands beside what they show now, each figure once, as far as there is room."""

from dataclasses import replace

from alekseylearn.diff import diff_notebooks
from alekseylearn.notebook import Cell
from alekseylearn.page.cells import (
    MAX_CHANGES,
    MAX_UNCHANGED,
    NO_ROOM,
    ChangeView,
    Ran,
    read_both,
    view_changes,
    view_executed,
)
from alekseylearn.page.executed import Output
from alekseylearn.page.highlight import Piece
from alekseylearn.page.room import Room, Shown
from tests.executed import cell, executed, figure, printed, shown
from tests.outcomes import EDITS, notebook, told

NONE = Ran(head=None, base=None)
RED, BLUE, GREEN = (200, 0, 0), (0, 0, 200), (0, 200, 0)


def sources(edited: bool = False) -> list[str]:
    return [one.source for one in notebook(edits=EDITS if edited else None).cells]


def views(head: list[object] | None, base: list[object] | None, room: Room | None = None) -> dict[str, ChangeView]:
    ran = read_both(None if head is None else executed(head), None if base is None else executed(base))
    return {view.title: view for view in view_changes(told(), ran, NONE, room or Room())}


def alts(shown_: tuple[Shown, ...]) -> list[str]:
    return [one.alt or one.output.text for one in shown_]


def test_every_changed_cell_is_told_in_reading_order() -> None:
    found = views(None, None)
    assert list(found) == ["Cell 4", "Cell 6", "Cell 10"]
    assert (found["Cell 4"].how, found["Cell 4"].counts[:4]) == ("edited, +1 −1", "yes:")
    assert found["Cell 4"].before == found["Cell 4"].after == ()


def test_text_cells_are_told_too_and_outputs_and_tags_are_not() -> None:
    before = notebook()
    after = notebook(edits={0: ("first", "second")})
    removed = replace(before, cells=before.cells[:-1])
    for diff, title, counts in (
        (diff_notebooks(before, after), "Text cell 0", "no: text"),
        (diff_notebooks(before, removed), "Cell 10 of the base", "no longer there"),
    ):
        (view,) = view_changes(told(diff=diff), NONE, NONE, Room())
        assert (view.title, view.counts) == (title, counts)
    outputs = replace(before, cells=tuple(replace(one, outputs="ab" * 32) for one in before.cells))
    assert view_changes(told(diff=diff_notebooks(before, outputs)), NONE, NONE, Room()) == ()
    marked = replace(before, cells=tuple(replace(one, tags=frozenset({"keep"})) for one in before.cells))
    assert view_changes(told(diff=diff_notebooks(before, marked)), NONE, NONE, Room()) == ()


def test_a_changed_cell_shows_its_figures_before_and_after() -> None:
    found = views(
        [cell(10, sources(edited=True)[10], printed("not this"), figure(colour=BLUE))],
        [cell(10, sources()[10], figure(colour=RED), figure(colour=GREEN))],
    )["Cell 10"]
    assert alts(found.before) == ["Figure 1 of Cell 10, before", "Figure 2 of Cell 10, before"]
    assert alts(found.after) == ["Figure of Cell 10, now"]


def test_figures_that_are_the_same_are_not_set_side_by_side() -> None:
    found = views(
        [cell(10, sources(edited=True)[10], figure())],
        [cell(10, sources()[10], figure())],
    )["Cell 10"]
    assert found.before == found.after == ()


def test_cells_are_found_by_their_code_since_a_run_may_be_older() -> None:
    found = views(
        [cell(99, sources(edited=True)[10], figure()), cell(10, "another cell", figure(colour=RED))],
        [
            cell(4, "another cell"),
            cell(4, "batch_size = 128\npass  # (only shows) epochs = 20", shown({"text/plain": "8"})),
        ],
    )
    assert alts(found["Cell 10"].after) == ["Figure of Cell 10, now"]
    assert alts(found["Cell 4"].before) == ["8"]
    assert found["Cell 4"].after == ()


def test_cells_of_the_same_code_are_told_when_they_show_other_figures() -> None:
    same = sources()[9]
    found = views(
        [cell(9, same, figure(colour=BLUE), shown({"text/plain": "0.9"})), cell(7, sources()[7], figure())],
        [cell(8, same, figure(colour=RED), shown({"text/plain": "0.8"})), cell(7, sources()[7], figure())],
    )
    assert list(found) == ["Cell 4", "Cell 6", "Cell 10", "Cell 9"]
    assert found["Cell 9"].how == "the same code, other output"
    assert (alts(found["Cell 9"].before), alts(found["Cell 9"].after)) == (
        ["Figure of Cell 9, before"],
        ["Figure of Cell 9, now"],
    )


def saved(texts: list[str], at: int, *outputs: object) -> bytes:
    """Write a notebook as a person saves it: of cell *at* with its outputs."""
    return executed(
        [
            {"cell_type": "code", "source": text, "metadata": {}, "outputs": list(outputs) if place == at else []}
            for place, text in enumerate(texts)
        ]
    )


def test_what_neither_run_shows_is_shown_as_people_saved_it() -> None:
    kept = read_both(
        saved(sources(edited=True), 10, figure(colour=BLUE)), saved(sources(), 10, figure(colour=RED)), saved=True
    )
    found = {view.title: view for view in view_changes(told(), NONE, kept, Room())}["Cell 10"]
    assert found.saved
    assert (alts(found.before), alts(found.after)) == (["Figure of Cell 10, before"], ["Figure of Cell 10, now"])
    ran = read_both(executed([cell(10, sources(edited=True)[10], figure(colour=GREEN))]), None)
    found = {view.title: view for view in view_changes(told(), ran, kept, Room())}["Cell 10"]
    assert (found.saved, found.before, alts(found.after)) == (False, (), ["Figure of Cell 10, now"])


def test_saved_figures_that_changed_alone_are_told_and_other_saved_outputs_are_not() -> None:
    before = notebook()
    after = replace(before, cells=tuple(replace(one, outputs="ab" * 32) for one in before.cells))
    one = told(diff=diff_notebooks(before, after))
    for now, told_ in ((figure(colour=BLUE), ["Cell 10"]), (figure(colour=RED), [])):
        kept = read_both(saved(sources(), 10, now), saved(sources(), 10, figure(colour=RED)), saved=True)
        views_ = view_changes(one, NONE, kept, Room())
        assert [view.title for view in views_] == told_
        assert all((view.how, view.counts, view.lines) == ("outputs only", "", ()) for view in views_)


def test_only_so_many_cells_of_the_same_code_are_told() -> None:
    def side(colour: tuple[int, int, int]) -> list[object]:
        return [cell(place, f"plot({place})", figure(colour=colour)) for place in range(20, 60)]

    found = views([*side(BLUE), cell(None, "p = 1", figure())], [*side(RED), cell(None, "p = 1")])
    assert len(found) == 3 + MAX_UNCHANGED


def test_a_figure_stands_in_the_page_once() -> None:
    room = Room()
    head = [cell(10, sources(edited=True)[10], figure(), seconds=None)]
    views(head, None, room)
    (again,) = view_executed(read_both(executed(head), None), room)
    assert (again.outputs[0].again, again.outputs[0].alt) == ("figure-1", "Figure of Cell 10")


def test_executed_cells_are_named_by_their_place_in_the_notebook() -> None:
    ran = read_both(executed([cell(4, "a"), cell(None, "b"), cell(8, "c", ran=False)]), b"broken")
    assert ran.base is None
    assert [one.title for one in view_executed(ran, Room())] == ["Cell 4", "Put in as number 1", "Cell 8, not reached"]
    assert view_executed(NONE, Room()) == ()


def test_what_does_not_fit_is_left_out_and_said() -> None:
    picture = Output(kind="figure", text="data:image/png;base64," + "A" * 4000)
    words = Output(kind="printed", text="b" * 100)
    room = Room(figures=5000, text=150)
    made = room.show((picture, replace(picture, text=picture.text + "B"), words, words), "Cell 1")
    assert [one.note for one in made] == [
        "",
        "Figure 2 of Cell 1: left out, it is 3 kB large.",
        "",
        "An output of 100 characters was left out.",
    ]
    assert room.told == "2 parts were left out, to keep this page small: see the executed notebook."
    one = Room(text=0)
    one.show((words,), "Cell 1")
    assert one.told == "1 part was left out, to keep this page small: see the executed notebook."
    assert Room().told == ""


def test_a_source_for_which_there_is_no_room_is_left_out_too() -> None:
    room = Room(text=4)
    found = view_executed(read_both(executed([cell(1, "a = 1"), cell(2, "b")]), None), room)
    assert [one.source for one in found] == [(NO_ROOM,), ((Piece("b"),),)]
    assert (room.left_out, room.text) == (1, 3)


def test_when_there_is_no_room_a_change_is_told_without_its_lines_and_before_that_without_colours() -> None:
    view = view_changes(told(), NONE, NONE, Room(text=5))[0]
    assert [line.pieces for line in view.lines] == [NO_ROOM]
    view = view_changes(told(), NONE, NONE, Room(colours=5))[0]
    assert {piece.look for line in view.lines for piece in line.pieces} == {""}
    (plain,) = view_executed(read_both(executed([cell(1, "import a")]), None), Room(colours=5))
    assert plain.source == ((Piece("import a"),),)


def test_of_very_many_changed_cells_the_first_are_told() -> None:
    many = tuple(
        Cell(index=place, id=f"x{place}", kind="code", source=f"a{place} = 1") for place in range(MAX_CHANGES + 7)
    )
    diff = diff_notebooks(None, replace(notebook(), cells=many))
    room = Room()
    assert len(view_changes(told(diff=diff), NONE, NONE, room)) == MAX_CHANGES
    assert room.left_out == 7
