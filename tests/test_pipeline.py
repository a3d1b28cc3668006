"""The story of a change: what is trained on which side, what is told, and what one failure does to the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from alekseylearn.analysis import compare_versions
from alekseylearn.backends.base import Backend
from alekseylearn.comment_state import decode
from alekseylearn.errors import MachineError
from alekseylearn.git import Git
from alekseylearn.jobs import JobState
from alekseylearn.pipeline import Order, Story, body, frame, look, run
from alekseylearn.plan import TrainingJob
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.training import StoppedError
from tests.desk import LONGER, NOTEBOOK
from tests.repositories import Repository
from tests.shop import SETTINGS, open_shop
from tests.small import EPOCHS, PROSE, TRAINS, count, counting, growth

OTHER = "other.ipynb"
BROKEN = {TRAINS: "line = Line()\nline.fit(points, 'many', rate)"}


@dataclass(slots=True)
class Change:
    """A branch of a real repository; what trains there counts itself."""

    folder: Path
    git: Repository
    told: list[Outcome] = field(default_factory=list)

    @property
    def runs(self) -> int:
        return count(self.folder / "count")

    def notebook(self, changes: dict[int, str] | None = None) -> bytes:
        return growth(changes, before=counting(self.folder / "count"))

    def commit(self, name: str = NOTEBOOK, changes: dict[int, str] | None = None) -> None:
        self.git.commit({name: self.notebook(changes)})

    def story(self, **order: bool) -> Story:
        opened = Git.open(self.git.root, environ=self.git.environ)
        tips = (opened.resolve("main"), opened.resolve("HEAD"))
        comparison = compare_versions(opened, base=tips[0], head=tips[1], base_name="main", head_name="feature")
        told = replace(frame(comparison, version="1"), pull=7, order=(3, 1), fork=order.get("fork", False))
        return Story(
            comparison=comparison, shop=open_shop(self.folder), order=Order(settings=SETTINGS, frame=told, **order)
        )

    def run(self, story: Story | None = None, **order: bool) -> Outcome:
        return run(story or self.story(**order), self.told.append, clock)

    def only(self, **order: bool) -> NotebookOutcome:
        (notebook,) = self.run(**order).notebooks
        return notebook


def clock() -> tuple[str, float]:
    return "2026-11-23 12:00 UTC", 1.0


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Return a repository with two notebooks on `main`, and the branch `feature`."""
    made = Change(tmp_path, Repository.create(tmp_path))
    made.git.commit({NOTEBOOK: made.notebook(), OTHER: made.notebook({2: "points = [(0.0, 1.0), (1.0, 2.0)]"})})
    made.git.git("checkout", "--quiet", "-b", "feature")
    return made


class TestBothSides:
    def test_head_is_trained_before_base_and_compared_with_it(self, change: Change) -> None:
        change.commit(changes=LONGER)
        one = change.only()
        assert one.head is not None
        assert one.base is not None
        assert (one.head.succeeded, one.base.succeeded, change.runs) == (True, True, 2)
        assert one.head.finished <= one.base.finished
        assert (one.head.commit, one.base.commit) == (
            change.git.git("rev-parse", "HEAD"),
            change.git.git("rev-parse", "main"),
        )
        assert [(delta.name, delta.verdict) for delta in one.deltas] == [("mse", "better")]
        assert (one.reused, one.base_reused) == (False, False)

    def test_the_base_is_reused_by_the_next_push(self, change: Change) -> None:
        change.commit(changes=LONGER)
        first = change.only()
        change.commit(changes={EPOCHS: "epochs = 30\nrate = 0.05"})
        second = change.only()
        assert (second.decision, second.base_reused, change.runs) == ("train", True, 3)
        assert second.base == first.base

    def test_a_change_that_is_taken_back_needs_no_machine(self, change: Change) -> None:
        change.commit(changes=LONGER)
        change.only()
        change.commit(changes={PROSE: "# Other"})
        assert (change.only().decision, change.runs) == ("skip", 2)
        change.commit(changes=LONGER)
        one = change.only()
        assert (one.decision, one.reused, change.runs) == ("reuse", True, 2)
        assert [delta.verdict for delta in one.deltas] == ["better"]

    def test_a_new_notebook_has_no_base(self, change: Change) -> None:
        change.commit("new.ipynb", {2: "points = [(0.0, 0.0), (1.0, 2.0)]"})
        one = change.only()
        assert (one.base, one.base_note) == (None, "the base has no such training")

    def test_force_trains_head_and_leaves_the_base(self, change: Change) -> None:
        change.commit(changes=LONGER)
        change.run()
        one = change.only(force=True)
        assert (one.decision, one.base_reused, change.runs) == ("train", True, 3)


class TestFailures:
    def test_when_head_fails_the_base_is_left_alone(self, change: Change) -> None:
        change.commit(changes=BROKEN)
        outcome = change.run()
        (one,) = outcome.notebooks
        assert one.head is not None
        assert one.head.failure is not None
        assert (one.head.state, one.head.failure.cell, outcome.exit_code) == (JobState.FAILED, TRAINS, 4)
        assert one.failed_source == f"{counting(change.folder / 'count')}\n{BROKEN[TRAINS]}"
        assert (one.base, one.base_note, change.runs) == (None, "not trained, since this side failed", 1)

    def test_when_base_fails_head_stands_alone(self, change: Change) -> None:
        change.git.git("checkout", "--quiet", "main")
        change.commit(changes=BROKEN)
        change.git.git("checkout", "--quiet", "-B", "feature")
        change.commit(changes=LONGER)
        outcome = change.run()
        (one,) = outcome.notebooks
        assert one.head is not None
        assert (one.head.succeeded, one.base, one.base_note) == (True, None, "its own training failed")
        assert outcome.exit_code == 0

    def test_what_cannot_be_run_keeps_no_other_from_it(self, change: Change) -> None:
        change.commit(changes=LONGER)
        change.commit(OTHER, {EPOCHS: "epochs = 30\nrate = 0.05"})
        with pytest.raises(MachineError, match=r"env\.missing"):
            change.run(lacking(change.story(), lambda job: job.notebook.path == NOTEBOOK))
        first, second = change.told[-1].notebooks
        assert first.head is not None
        assert first.head.failure is not None
        assert (first.head.state, first.head.failure.exception) == (JobState.LOST, "env.missing")
        assert second.head is not None
        assert second.head.succeeded
        assert (change.told[-1].finished, change.told[-1].exit_code) == (True, 6)

    def test_a_base_that_cannot_be_run_is_no_fault_of_the_change(self, change: Change) -> None:
        change.commit(changes=LONGER)
        base = change.story().look()[0].base
        assert base is not None
        outcome = change.run(lacking(change.story(), lambda job: job.digest == base.digest))
        (one,) = outcome.notebooks
        assert (one.base, one.base_note) == (None, "it could not be run: a package is missing")
        assert outcome.exit_code == 0

    def test_an_interruption_tells_what_was_reached(self, change: Change) -> None:
        change.commit(changes=LONGER)
        change.commit(OTHER, {EPOCHS: "epochs = 30\nrate = 0.05"})
        story = change.story()
        equip = story.shop.equip

        def second_time(job: TrainingJob) -> Backend:
            if job.notebook.path == OTHER:
                raise KeyboardInterrupt
            return equip(job)

        story.shop = replace(story.shop, equip=second_time)
        with pytest.raises(StoppedError):
            change.run(story)
        first, second = change.told[-1].notebooks
        assert first.head is not None
        assert (first.head.succeeded, second.head) == (True, None)

    def test_a_notebook_that_cannot_be_read_is_told_beside_the_others(self, change: Change) -> None:
        change.commit(changes=LONGER)
        change.git.commit({OTHER: b"nothing of a notebook"})
        outcome = change.run()
        one, other = outcome.notebooks
        assert (one.head is not None, other.head, outcome.exit_code) == (True, None, 3)
        assert other.refused.startswith("error[nb.unreadable]")


class TestLookingOnly:
    def test_prose_starts_nothing(self, change: Change) -> None:
        change.commit(changes={PROSE: "# Other"})
        assert (change.only().decision, change.runs) == ("skip", 0)
        assert [outcome.finished for outcome in change.told] == [True]

    def test_a_fork_is_analysed_and_reaches_no_backend(self, change: Change) -> None:
        change.commit(changes=LONGER)
        outcome = change.run(lacking(change.story(fork=True), lambda _: True, connect=True))
        (one,) = outcome.notebooks
        assert (one.decision, one.head, one.base) == ("train", None, None)
        assert "comes from a fork" in body(outcome)[1]
        assert outcome.exit_code == 0

    def test_a_plan_decides_and_starts_nothing(self, change: Change) -> None:
        change.commit(changes=LONGER)
        outcome = look(change.story(), clock)
        assert [one.decision for one in outcome.notebooks] == ["train"]
        assert change.runs == 0

    def test_who_only_collects_starts_nothing_and_tells_of_what_failed(self, change: Change) -> None:
        change.commit(changes=BROKEN)
        assert change.only(train=False).head is None
        assert change.runs == 0
        failed = change.only().head
        assert change.only(train=False).head == failed
        assert change.runs == 1


class TestTelling:
    def test_it_is_told_when_training_starts_and_when_all_is_over(self, change: Change) -> None:
        change.commit(changes=LONGER)
        change.run()
        before, after = change.told
        assert (before.finished, after.finished) == (False, True)
        assert [step.state for step in before.notebooks[0].steps] == ["done", "done", "running", "waiting"]
        assert after.run == after.notebooks[0].digest[:12]

    def test_the_history_goes_on_in_the_next_comment(self, change: Change) -> None:
        change.commit(changes=LONGER)
        first = change.run()
        _, comment = body(first)
        change.commit(changes={EPOCHS: "epochs = 30\nrate = 0.05"})
        outcome, second = body(change.run(), comment)
        assert [past.sha for past in outcome.history] == [
            change.git.git("rev-parse", name)[:7] for name in ("HEAD", "HEAD~1")
        ]
        assert "Runs on this pull request: 2" in second
        state = decode(second)
        assert state is not None
        assert (state.order, state.history) == ((3, 1), outcome.history)

    def test_a_comment_of_somebody_else_has_no_history(self, change: Change) -> None:
        change.commit(changes=LONGER)
        outcome = change.run()
        assert len(body(outcome, "Nice work!")[0].history) == 1

    def test_a_run_that_only_begins_adds_nothing_to_the_history(self, change: Change) -> None:
        change.commit(changes=LONGER)
        change.run()
        assert body(change.told[0])[0].history == ()


def lacking(story: Story, which: Callable[[TrainingJob], bool], *, connect: bool = False) -> Story:
    """Let the environment of some jobs lack a package; with *connect*, their backend cannot even be reached."""
    shop = story.shop

    def equip(job: TrainingJob) -> Backend:
        if which(job):
            raise MachineError("env.missing", "a package is missing", hint="add it")
        return shop.equip(job)

    def reach(job: TrainingJob) -> Backend:
        return equip(job) if connect else shop.connect(job)

    story.shop = replace(shop, equip=equip, connect=reach)
    return story
