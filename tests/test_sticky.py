"""However runs interleave and fail, one comment with the newest report remains, and foreign ones stay untouched."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.comment_state import CommentState, encode, marker
from alekseylearn.forges.sticky import (
    Author,
    Comment,
    Create,
    Delete,
    Done,
    Edit,
    next_step,
    order_of,
    ours,
    same,
)

US, THEM = Author(1, 2), Author(3)


def body(order: tuple[int, int]) -> str:
    return f"{marker(7)}\nreport of {order}\n{encode(CommentState(order=order, head='a' * 40))}"


def comment(number: int, order: tuple[int, int] = (1, 1), *, author: Author = US, text: str = "") -> Comment:
    return Comment(id=number, author=author, body=text or body(order), url=f"#{number}")


class Wall:
    """The comments on one pull request; the newest look is always true, a write may be lost or unheard of."""

    def __init__(self, comments: list[Comment]) -> None:
        self.comments = {each.id: each for each in comments}
        self.last = max(self.comments, default=0)

    def look(self) -> tuple[Comment, ...]:
        return ours([*self.comments.values()], 7, US)

    def create(self, order: tuple[int, int]) -> None:
        self.last += 1
        self.comments[self.last] = comment(self.last, order)

    def act(self, step: Create | Edit | Delete, order: tuple[int, int]) -> None:
        match step:
            case Create():
                self.create(order)
            case Edit(found):
                if found.id in self.comments:
                    self.comments[found.id] = comment(found.id, order)
            case Delete(found):
                self.comments.pop(found.id, None)


def run(wall: Wall, order: tuple[int, int], lost: Iterator[bool]) -> Iterator[None]:
    """Work as a run does: look, do one step, look again; it may be overtaken wherever it yields.

    An edit follows its look at once: GitHub has no conditional write, and workflows queue up by `concurrency`.
    """
    while not isinstance(step := next_step(wall.look(), body(order), order), Done):
        if not isinstance(step, Edit):
            yield
        if next(lost, False):
            yield
            continue
        wall.act(step, order)
        yield


ORDERS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4)


@given(
    orders=ORDERS,
    before=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=3),
    turns=st.lists(st.integers(0, 3), max_size=30),
    losses=st.lists(st.booleans(), max_size=10),
)
def test_one_comment_with_the_newest_report_remains(
    orders: list[tuple[int, int]], before: list[tuple[int, int]], turns: list[int], losses: list[bool]
) -> None:
    foreign = [comment(1, (99, 1), author=THEM), comment(2, text="just talk")]
    wall = Wall([*foreign, *(comment(index, order) for index, order in enumerate(before, 3))])
    runs = [run(wall, order, iter(losses)) for order in orders]
    for turn in turns:
        next(runs[turn % len(runs)], None)
    for each in runs:
        assert sum(1 for _ in each) < 40
    # Whoever reports next tidies up what runs that were overtaken have left.
    last = max([*orders, *before])
    assert sum(1 for _ in run(wall, last, iter(()))) < 40
    assert [each.order for each in wall.look()] == [last]
    assert [wall.comments[1], wall.comments[2]] == foreign


@given(orders=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=5), mine=st.integers(1, 5))
def test_nothing_of_a_later_run_is_touched(orders: list[tuple[int, int]], mine: int) -> None:
    found = [comment(index, order) for index, order in enumerate(orders, 1)]
    match next_step(found, body((mine, 1)), (mine, 1)):
        case Edit(target) | Delete(target):
            assert target.order <= (mine, 1)
        case Done(target, newer):
            assert newer == (target.order > (mine, 1))
        case Create():
            raise AssertionError


@given(orders=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=5), mine=st.integers(1, 5))
def test_the_oldest_comment_is_never_deleted(orders: list[tuple[int, int]], mine: int) -> None:
    found = [comment(index, order) for index, order in enumerate(orders, 1)]
    assert next_step(found, body((mine, 1)), (mine, 1)) != Delete(found[0])


def test_what_was_written_counts_as_written_where_the_forge_shows_it_differently() -> None:
    shown = comment(5, text=body((2, 1)).replace("report", "Report"))
    assert next_step([shown], body((2, 1)), (2, 1)) == Edit(shown)
    assert next_step([shown], body((2, 1)), (2, 1), written=5) == Done(shown)
    older = comment(5, (1, 1))
    assert next_step([older], body((2, 1)), (2, 1), written=5) == Edit(older)


def test_line_ends_and_blanks_at_the_ends_make_no_difference() -> None:
    assert same("a\r\nb\n", " a\nb")
    assert not same("a", "b")


def test_a_body_without_a_memory_is_older_than_all() -> None:
    assert order_of("words") == (0, 0)
