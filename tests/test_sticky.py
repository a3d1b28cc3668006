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
    deserves_notice,
    next_step,
    order_of,
    ours,
    same,
)

US, THEM = Author(1, 2), Author(3)


def body(order: tuple[int, int], *, running: bool = False, begun: tuple[str, ...] = ()) -> str:
    state = encode(CommentState(order=order, head="a" * 40, begun=begun))
    return f"{marker(7)}\n### {'⏳ Training' if running else '✅ Trained'}: report of {order}\n{state}"


def comment(number: int, order: tuple[int, int] = (1, 1), *, author: Author = US, text: str = "") -> Comment:
    return Comment(id=number, author=author, body=text or body(order), url=f"#{number}")


class Wall:
    """The comments on one pull request; the newest look is always true, a write may be lost or unheard of."""

    def __init__(self, comments: list[Comment]) -> None:
        self.comments = {each.id: each for each in comments}
        self.last = max(self.comments, default=0)

    def look(self) -> tuple[Comment, ...]:
        return ours([*self.comments.values()], 7, US)

    def create(self, text: str) -> None:
        self.last += 1
        self.comments[self.last] = comment(self.last, text=text)

    def act(self, step: Create | Edit | Delete, text: str) -> None:
        match step:
            case Create():
                self.create(text)
            case Edit(found):
                if found.id in self.comments:
                    self.comments[found.id] = comment(found.id, text=text)
            case Delete(found):
                self.comments.pop(found.id, None)


def report(wall: Wall, text: str, lost: Iterator[bool], *, anew: bool) -> Iterator[None]:
    """Bring *text* to the wall: look, do one step, look again; it may be overtaken wherever it yields.

    An edit follows its look at once: GitHub has no conditional write, and workflows queue up by `concurrency`.
    """
    order = order_of(text)
    after = max((found.id for found in wall.look()), default=0) if anew else 0
    while not isinstance(step := next_step(wall.look(), text, order, after=after), Done):
        if not isinstance(step, Edit):
            yield
        if next(lost, False):
            yield
            continue
        wall.act(step, text)
        yield


def run(wall: Wall, order: tuple[int, int], lost: Iterator[bool], *, anew: bool = False) -> Iterator[None]:
    """Work as a run does: say that it trains, then say what became of it, in a new comment where it is *anew*."""
    if anew:
        yield from report(wall, body(order, running=True), lost, anew=False)
    yield from report(wall, body(order), lost, anew=anew)


RUNS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4, unique=True)
BEFORE = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=3)
TURNS = st.lists(st.integers(0, 3), max_size=40)
LOSSES = st.lists(st.booleans(), max_size=10)
FOUND = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=5)


@given(orders=RUNS, anew=st.lists(st.booleans(), min_size=4, max_size=4), before=BEFORE, turns=TURNS, losses=LOSSES)
def test_one_comment_with_the_newest_report_remains(
    orders: list[tuple[int, int]],
    anew: list[bool],
    before: list[tuple[int, int]],
    turns: list[int],
    losses: list[bool],
) -> None:
    foreign = [comment(1, (99, 1), author=THEM), comment(2, text="just talk")]
    wall = Wall([*foreign, *(comment(index, order) for index, order in enumerate(before, 3))])
    runs = [run(wall, order, iter(losses), anew=each) for order, each in zip(orders, anew, strict=False)]
    for turn in turns:
        next(runs[turn % len(runs)], None)
        assert wall.look() or not before, "somebody's report is in sight at every moment"
    for each in runs:
        assert sum(1 for _ in each) < 60
    # Whoever reports next tidies up what runs that were overtaken have left.
    last = max([*orders, *before])
    assert max(found.order for found in wall.look()) == last
    assert sum(1 for _ in run(wall, last, iter(()))) < 40
    assert [found.body for found in wall.look()] == [body(last)]
    assert [wall.comments[1], wall.comments[2]] == foreign


@given(turns=st.lists(st.booleans(), max_size=40), anew=st.tuples(st.booleans(), st.booleans()), losses=LOSSES)
def test_however_two_runs_interleave_the_later_ones_result_alone_is_left(
    turns: list[bool], anew: tuple[bool, bool], losses: list[bool]
) -> None:
    wall = Wall([])
    older = run(wall, (1, 1), iter(losses), anew=anew[0])
    later = run(wall, (2, 1), iter(()), anew=anew[1])
    for turn in turns:
        next(later if turn else older, None)
    for each in (older, later) if sum(turns) % 2 else (later, older):
        assert sum(1 for _ in each) < 60
    # Of two that make their first comment at the same moment, the older may look last, and tidies up its own.
    assert [found.body for found in wall.look() if found.order == (2, 1)] == [body((2, 1))]
    assert len(wall.look()) == 1


@given(order=st.tuples(st.integers(1, 4), st.integers(1, 3)), steps=st.integers(0, 4))
def test_a_run_that_dies_between_two_steps_leaves_its_report_or_the_one_before(
    order: tuple[int, int], steps: int
) -> None:
    wall = Wall([comment(1, order, text=body(order, running=True))])
    dying = report(wall, body(order), iter(()), anew=True)
    for _ in range(steps):
        next(dying, None)
    assert wall.look()
    for _ in report(wall, body(order), iter(()), anew=False):
        pass
    assert [found.body for found in wall.look()] == [body(order)]


def test_a_result_comes_last_in_the_thread_and_the_running_comment_goes() -> None:
    wall = Wall([comment(1, (1, 1), text=body((1, 1), running=True)), comment(2, text="a person's remark")])
    assert [type(step) for step in steps_of(wall, (1, 1))] == [Create, Delete]
    assert [found.id for found in wall.look()] == [3]
    assert [type(step) for step in steps_of(wall, (1, 1))] == []


def steps_of(wall: Wall, order: tuple[int, int]) -> list[Create | Edit | Delete]:
    """Bring the result of *order* in a new comment, and tell which steps that took."""
    taken: list[Create | Edit | Delete] = []
    after = max(found.id for found in wall.look())
    while not isinstance(step := next_step(wall.look(), body(order), order, after=after), Done):
        taken.append(step)
        wall.act(step, body(order))
    return taken


def test_an_older_run_that_ends_later_makes_no_comment_of_its_own() -> None:
    standing = comment(5, (9, 1))
    assert next_step([standing], body((8, 1)), (8, 1), after=5) == Done(standing, newer=True)
    stale = comment(6, (8, 1), text=body((8, 1), running=True))
    assert next_step([standing, stale], body((8, 1)), (8, 1), after=6) == Delete(stale)


@given(orders=FOUND, mine=st.integers(1, 5), after=st.integers(0, 6))
def test_nothing_of_a_later_run_is_touched(orders: list[tuple[int, int]], mine: int, after: int) -> None:
    found = [comment(index, order) for index, order in enumerate(orders, 1)]
    match next_step(found, body((mine, 1)), (mine, 1), after=after):
        case Edit(target) | Delete(target):
            assert target.order <= (mine, 1)
        case Done(target, newer):
            assert newer == (target.order > (mine, 1))
        case Create():
            assert after
            assert max(orders) <= (mine, 1)


@given(orders=FOUND, one=st.integers(1, 5), other=st.integers(1, 5), after=st.integers(0, 6))
def test_what_one_run_keeps_no_other_deletes(orders: list[tuple[int, int]], one: int, other: int, after: int) -> None:
    found = [comment(index, order) for index, order in enumerate(orders, 1)]
    steps = [next_step(found, body((run, 1)), (run, 1), after=after) for run in (one, other)]
    kept = [step.comment for step in steps if isinstance(step, Edit | Done)]
    assert not [step for step in steps if isinstance(step, Delete) and step.comment in kept]


class TestWhatDeservesANotice:
    def test_the_end_of_a_long_wait(self) -> None:
        running = body((1, 1), running=True)
        assert deserves_notice(running, finished=True, seconds=301)
        assert not deserves_notice(running, finished=True, seconds=300)
        assert not deserves_notice(running, finished=False, seconds=301)

    def test_the_end_of_a_job_that_no_workflow_waited_for(self) -> None:
        assert deserves_notice(body((1, 1), running=True, begun=("a" * 12,)), finished=True, seconds=2)

    def test_not_where_nobody_was_told_to_wait(self) -> None:
        assert not deserves_notice(body((1, 1), begun=("a" * 12,)), finished=True, seconds=301)
        assert not deserves_notice(None, finished=True, seconds=301)
        assert not deserves_notice(f"{marker(7)}\n### ⏳ Training", finished=True, seconds=2)


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


def test_of_two_without_a_memory_the_older_one_is_kept() -> None:
    found = [comment(5, text=marker(7)), comment(6, text=marker(7))]
    assert next_step(found, body((1, 1)), (1, 1)) == Edit(found[0])
    edited = [comment(5), found[1]]
    assert next_step(edited, edited[0].body, (1, 1)) == Delete(found[1])
