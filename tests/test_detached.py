"""Jobs that nobody waits for: told while they go on, collected by whoever comes, stopped all at once."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alekseylearn.comment_state import decode
from alekseylearn.errors import MachineError
from alekseylearn.jobs import JobState, TrainingResult
from alekseylearn.metrics import Metric
from alekseylearn.pipeline import Story, body, run
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.training import Progress, StoppedError, forget, reconcile
from tests.cloud import PAGE, Cloud
from tests.contract.jobs import until
from tests.desk import LONGER, NOTEBOOK
from tests.repositories import Repository
from tests.shop import job_of, open_shop
from tests.small import EPOCHS, growth
from tests.test_pipeline import OTHER, Change, clock

MORE = {EPOCHS: "epochs = 30\nrate = 0.05"}


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Return a repository with two notebooks on `main`, both of which change on `feature`."""
    made = Change(tmp_path, Repository.create(tmp_path))
    made.git.commit({NOTEBOOK: made.notebook(), OTHER: made.notebook({2: "points = [(0.0, 1.0), (1.0, 2.0)]"})})
    made.git.git("checkout", "--quiet", "-b", "feature")
    made.commit(changes=LONGER)
    return made


@pytest.fixture
def tell(change: Change, cloud: Cloud) -> Callable[..., Story]:
    """Make a story of the change in the service."""

    def made(begun: tuple[str, ...] = (), **order: bool) -> Story:
        story = change.story(**order)
        story.order = replace(story.order, begun=frozenset(begun))
        story.shop = replace(story.shop, connect=lambda _: cloud.backend(), equip=lambda _: cloud.backend())
        return story

    return made


Tell = Callable[..., Story]


def submit(tell: Tell) -> Outcome:
    return run(tell(detach=True, both=True), lambda _: None, clock)


def collect(tell: Tell, *begun: str) -> tuple[Outcome, Story]:
    story = tell(begun=begun, train=False)
    return run(story, lambda _: None, clock), story


def only(outcome: Outcome) -> NotebookOutcome:
    (one,) = outcome.notebooks
    return one


def digests(cloud: Cloud) -> tuple[str, str]:
    """Return head's and base's identity, which were started in this order."""
    head, base = cloud.jobs
    return head, base


class TestSubmit:
    def test_both_sides_are_started_at_once_and_told_as_running(self, tell: Tell, cloud: Cloud) -> None:
        outcome = submit(tell)
        one, (head, base) = only(outcome), digests(cloud)
        assert one.head is not None
        assert (one.head.state, one.head.digest, one.head.url) == (JobState.RUNNING, head, f"{PAGE}{head[:12]}")
        assert (one.base, one.base_note) == (None, "it still trains")
        assert (outcome.finished, outcome.left, outcome.exit_code) == (False, (head[:12], base[:12]), 0)
        assert [(step.state, step.url) for step in one.steps[2:]] == [
            ("running", f"{PAGE}{head[:12]}"),
            ("running", f"{PAGE}{base[:12]}"),
        ]
        assert "getting a machine, 3 s" in one.steps[2].text
        assert cloud.called("poll") == []

    def test_without_both_only_head_is_started(self, tell: Tell, cloud: Cloud) -> None:
        outcome = run(tell(detach=True), lambda _: None, clock)
        assert len(cloud.jobs) == 1
        assert len(outcome.left) == 1

    def test_it_is_told_once(self, tell: Tell) -> None:
        told: list[Outcome] = []
        run(tell(detach=True, both=True), told.append, clock)
        assert len(told) == 1

    def test_again_it_finds_what_runs_and_starts_nothing(self, tell: Tell, cloud: Cloud) -> None:
        first, second = submit(tell), submit(tell)
        assert len(cloud.called("submit")) == 2
        assert second.left == first.left

    def test_what_has_ended_since_is_collected(self, tell: Tell, cloud: Cloud) -> None:
        submit(tell)
        for digest in digests(cloud):
            cloud.end(digest)
        outcome = submit(tell)
        assert (outcome.finished, outcome.left, cloud.jobs) == (True, (), {})

    def test_a_base_that_cannot_be_started_is_no_fault_of_the_change(self, tell: Tell, cloud: Cloud) -> None:
        base = tell().look()[0].base
        assert base is not None
        cloud.broken.add(base.digest)
        one = only(submit(tell))
        assert one.base_note == "it could not be run: the service does not answer"
        assert one.head is not None

    def test_the_comment_remembers_what_was_left(self, tell: Tell) -> None:
        outcome = submit(tell)
        _, text = body(outcome)
        assert "No workflow waits for it" in text
        state = decode(text)
        assert state is not None
        assert (state.begun, state.history) == (outcome.left, ())


class TestCollect:
    def test_what_still_runs_is_told_and_nothing_is_started(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        outcome, _ = collect(tell, *left)
        one = only(outcome)
        assert one.head is not None
        assert (one.head.state, one.head.phase, outcome.finished) == (JobState.RUNNING, "getting a machine, 3 s", False)
        assert (one.head.machine, outcome.left) == ("the cloud (1 core)", left)
        assert len(cloud.called("submit")) == 2

    def test_both_sides_are_compared_once_they_have_ended(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        head, base = digests(cloud)
        cloud.end(head, mse=0.4)
        waiting, _ = collect(tell, *left)
        assert (waiting.finished, waiting.left) == (False, (base[:12],))
        assert only(waiting).base_note == "it still trains"
        cloud.end(base, mse=0.5)
        outcome, story = collect(tell, *waiting.begun)
        one = only(outcome)
        assert [(delta.verdict, delta.base, delta.head) for delta in one.deltas] == [("better", 0.5, 0.4)]
        assert (one.decision, one.reused, one.base_reused, outcome.finished) == ("train", False, False, True)
        assert outcome.seconds == 61.0
        story.settle()
        assert cloud.jobs == {}

    def test_a_result_that_nobody_spoke_of_is_a_reused_one(self, tell: Tell, cloud: Cloud) -> None:
        submit(tell)
        for digest in digests(cloud):
            cloud.end(digest)
        collect(tell)
        outcome, _ = collect(tell)
        assert (only(outcome).decision, only(outcome).reused) == ("reuse", True)

    def test_what_failed_stays_with_its_backend_until_it_was_told(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        head, base = digests(cloud)
        cloud.end(head, JobState.FAILED)
        story = tell()
        for _ in range(2):
            outcome, story = collect(tell, *left)
            one = only(outcome)
            assert one.head is not None
            assert one.head.failure is not None
            assert (one.head.failure.cell, outcome.finished, outcome.exit_code) == (6, True, 4)
            assert one.base_note == "not trained, since this side failed"
            assert head in cloud.jobs
        story.settle()
        assert list(cloud.jobs) == [base]

    def test_a_base_that_failed_is_told_and_forgotten(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        head, base = digests(cloud)
        cloud.end(head)
        cloud.end(base, JobState.FAILED)
        outcome, story = collect(tell, *left)
        assert (only(outcome).base_note, outcome.finished) == ("its own training failed", True)
        story.settle()
        assert cloud.jobs == {}

    def test_a_job_that_is_gone_is_told_as_such(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        head, base = digests(cloud)
        del cloud.jobs[head]
        outcome, _ = collect(tell, *left)
        one = only(outcome)
        assert one.head is not None
        assert one.head.failure is not None
        assert (one.head.failure.exception, outcome.finished) == ("run.gone", True)
        cloud.jobs.clear()
        tell().shop.store.put(replace(one.head, state=JobState.SUCCEEDED), change_folder(tell))
        outcome, _ = collect(tell, *left)
        assert (only(outcome).base_note, base in cloud.jobs) == ("its job is gone", False)

    def test_without_a_job_of_the_base_there_is_no_result_yet(self, tell: Tell, cloud: Cloud) -> None:
        left = run(tell(detach=True), lambda _: None, clock).left
        cloud.end(next(iter(cloud.jobs)))
        outcome, _ = collect(tell, *left)
        assert (only(outcome).base_note, outcome.finished) == ("it has no result yet", True)

    @pytest.mark.parametrize("side", [0, 1])
    def test_a_job_that_cannot_be_looked_at_has_not_ended(self, tell: Tell, cloud: Cloud, side: int) -> None:
        left = submit(tell).left
        cloud.end(digests(cloud)[0])
        cloud.broken.add(digests(cloud)[side])
        told: list[Outcome] = []
        with pytest.raises(MachineError, match="does not answer"):
            run(tell(begun=left, train=False), told.append, clock)
        steps = only(told[-1]).steps[2:]
        assert f"run `{left[side]}`, it could not be looked at: the service does not answer" in steps[side].text
        assert (told[-1].finished, told[-1].left, sorted(told[-1].begun)) == (False, (left[side],), sorted(left))

    def test_being_interrupted_stops_no_job(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        cloud.heard = interrupting("poll")
        with pytest.raises(StoppedError):
            collect(tell, *left)
        assert cloud.called("cancel") == []

    def test_a_fork_reaches_no_backend(self, tell: Tell, cloud: Cloud) -> None:
        submit(tell)
        before = len(cloud.calls)
        for order in ({"train": False}, {"detach": True, "both": True}, {}):
            story = tell(fork=True, **order)
            run(story, lambda _: None, clock)
            assert story.stop() == ()
            story.settle()
        assert len(cloud.calls) == before


def change_folder(tell: Tell) -> Path:
    """Return a folder as a job leaves it."""
    folder = tell().shop.home / "left"
    folder.mkdir(parents=True)
    return folder


def interrupting(name: str, times: int = 1) -> Callable[[str, str], None]:
    """Let the first calls of *name* be where a signal arrives."""
    left = [times]

    def heard(called: str, _: str) -> None:
        if called == name and left[0]:
            left[0] -= 1
            raise KeyboardInterrupt

    return heard


class TestStop:
    def test_all_sides_are_asked_before_any_is_waited_for(self, tell: Tell, cloud: Cloud) -> None:
        submit(tell)
        cloud.takes = {"cancel": 0.2, "collect": 0.2}
        story = tell(train=False)
        story.look()
        assert sorted(story.stop()) == sorted(digest[:12] for digest in story.needed)
        names = [name for name, _, _ in cloud.calls if name in ("cancel", "collect")]
        assert names == ["cancel", "cancel", "collect", "collect"]

    def test_one_that_takes_its_time_is_told_as_stopped(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        cloud.stubborn = True
        story = tell(train=False, begun=left)
        story.shop = replace(story.shop, clock=iter_clock())
        story.look()
        story.stop("the pull request was closed")
        outcome = run(story, lambda _: None, clock)
        # Looking again forgets nothing of what was asked.
        one = only(outcome)
        assert one.head is not None
        assert one.head.failure is not None
        assert (one.head.state, one.head.failure.message) == (JobState.STOPPED, "the pull request was closed")
        assert (one.base_note, outcome.finished) == ("not trained, since this side failed", True)
        assert (outcome.left, sorted(outcome.begun)) == ((), sorted(left))

    def test_where_jobs_are_left_alone_nothing_is_asked(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        cloud.leaves = True
        story = tell(train=False, begun=left)
        story.look()
        assert story.stop() == ()
        assert cloud.called("cancel") == []
        assert run(story, lambda _: None, clock).left == left

    def test_one_that_cannot_be_asked_keeps_no_other_from_it(self, tell: Tell, cloud: Cloud) -> None:
        submit(tell)
        head, base = digests(cloud)
        cloud.broken.add(head)
        story = tell(train=False)
        story.look()
        with pytest.raises(MachineError, match="does not answer"):
            story.stop()
        assert cloud.called("cancel") == [base[:12]]


def iter_clock() -> Callable[[], float]:
    """Return a clock that goes an hour with each look."""
    hours: Iterator[int] = iter(range(0, 10**9, 3600))
    return lambda: float(next(hours))


class TestInterrupted:
    """A signal arrives while jobs are started: what was started is stopped, even what nobody has told us of yet."""

    @pytest.mark.parametrize(("place", "count"), [(1, 1), (2, 2)])
    def test_while_a_job_is_made(self, tell: Tell, cloud: Cloud, place: int, count: int) -> None:
        calls = [0]

        def heard(name: str, _: str) -> None:
            calls[0] += name == "submit"
            if name == "submit" and calls[0] == place:
                raise KeyboardInterrupt

        cloud.heard = heard
        told: list[Outcome] = []
        with pytest.raises(StoppedError):
            run(tell(detach=True, both=True), told.append, clock)
        assert len(cloud.called("cancel")) == count
        one = only(told[-1])
        assert one.head is not None
        assert (one.head.state, told[-1].finished) == (JobState.STOPPED, True)

    def test_where_jobs_are_left_alone_they_go_on(self, tell: Tell, cloud: Cloud) -> None:
        cloud.leaves = True
        calls: list[str] = []

        def heard(name: str, _: str) -> None:
            calls.append(name)
            if name == "submit" and calls.count("submit") == 2:
                raise KeyboardInterrupt

        cloud.heard = heard
        told: list[Outcome] = []
        with pytest.raises(StoppedError):
            run(tell(detach=True, both=True), told.append, clock)
        assert (cloud.called("cancel"), told[-1].finished, len(told[-1].left)) == ([], False, 1)

    def test_where_the_service_does_not_answer_it_says_so(self, tell: Tell, cloud: Cloud) -> None:
        def heard(name: str, _: str) -> None:
            if name == "submit":
                cloud.broken |= set(cloud.jobs)
                raise KeyboardInterrupt

        cloud.heard = heard
        with pytest.raises(StoppedError, match="does not answer"):
            run(tell(detach=True, both=True), lambda _: None, clock)

    def test_while_it_is_waited_for_and_is_left_alone(self, tell: Tell, cloud: Cloud) -> None:
        cloud.leaves = True
        cloud.heard = interrupting("logs")
        told: list[Outcome] = []
        with pytest.raises(StoppedError):
            run(tell(), told.append, clock)
        assert (cloud.called("cancel"), told[-1].finished) == ([], False)
        assert told[-1].left == tuple(digest[:12] for digest in cloud.jobs)

    def test_while_the_base_is_waited_for(self, tell: Tell, cloud: Cloud) -> None:
        story = tell()

        def watch(progress: Progress) -> None:
            if len(cloud.called("submit")) == 2:
                raise KeyboardInterrupt
            cloud.end(progress.handle.digest)

        story.shop = replace(story.shop, watch=watch)
        told: list[Outcome] = []
        with pytest.raises(StoppedError):
            run(story, told.append, clock)
        one = only(told[-1])
        assert one.head is not None
        assert (one.head.succeeded, one.base_note) == (True, "its own training was stopped")
        assert len(cloud.called("cancel")) == 1

    def test_a_job_that_does_not_end_in_time_is_told_as_stopped_and_remembered(self, tell: Tell, cloud: Cloud) -> None:
        cloud.stubborn = True
        story = tell()
        story.shop = replace(story.shop, clock=iter_clock(), watch=interrupt)
        told: list[Outcome] = []
        with pytest.raises(StoppedError):
            run(story, told.append, clock)
        one = only(told[-1])
        assert one.head is not None
        assert (one.head.state, told[-1].begun) == (JobState.STOPPED, (one.head.run,))

    def test_a_job_that_cannot_be_asked_to_stop_is_told_as_running(self, tell: Tell, cloud: Cloud) -> None:
        story = tell()

        def watch(progress: Progress) -> None:
            cloud.broken.add(progress.handle.digest)
            raise KeyboardInterrupt

        story.shop = replace(story.shop, watch=watch)
        told: list[Outcome] = []
        with pytest.raises(StoppedError, match="alekseylearn runs"):
            run(story, told.append, clock)
        assert len(told[-1].left) == 1

    def test_before_anything_runs_there_is_nothing_to_stop(self, tell: Tell, cloud: Cloud) -> None:
        cloud.heard = interrupting("find")
        with pytest.raises(StoppedError) as caught:
            run(tell(), lambda _: None, clock)
        assert (caught.value.result, cloud.called("cancel")) == (None, [])


def interrupt(_: Progress) -> None:
    raise KeyboardInterrupt


class TestHearing:
    def test_phase_and_metrics_of_a_job_that_is_waited_for_are_told(self, tell: Tell, cloud: Cloud) -> None:
        story = tell()
        seen: list[Outcome] = []

        def watch(progress: Progress) -> None:
            held = cloud.jobs[progress.handle.digest]
            held.metrics = (Metric(name="mse", value=0.7, series=((1, 0.9), (2, 0.7))),)
            story.hear(progress, progress.backend.metrics(progress.handle))
            story.hear(progress)
            seen.append(story.outcome(finished=False, when="now", seconds=1.0))
            cloud.end(progress.handle.digest)

        story.shop = replace(story.shop, watch=watch)
        outcome = run(story, lambda _: None, clock)
        one = only(seen[0])
        assert one.head is not None
        assert (one.head.metric("mse"), seen[0].left, seen[0].finished) == (0.7, (), False)
        assert "getting a machine, 3 s" in one.steps[2].text
        assert "Latest `mse`: **0.700** at step 2." in body(seen[0])[1]
        # While the base trains, head's result is there.
        waiting = next(told for told in seen if len(told.notebooks[0].steps) == 4 and told.notebooks[0].deltas)
        assert only(waiting).base_note == "it still trains"
        assert only(outcome).base is not None

    def test_what_it_cost_is_summed_up(self, tell: Tell, cloud: Cloud) -> None:
        submit(tell)
        for digest in digests(cloud):
            cloud.end(digest)
        store = tell().shop.store
        outcome, _ = collect(tell, *(digest[:12] for digest in digests(cloud)))
        assert outcome.cost is None
        for result in store.list():
            store.put(replace(result, cost=0.25), store.path(result.digest) or Path(), anew=True)
        outcome, _ = collect(tell, *(result.run for result in store.list()))
        assert outcome.cost == 0.5


class TestOneJob:
    def test_its_page_is_part_of_the_result(self, tmp_path: Path, cloud: Cloud) -> None:
        job, tree = job_of(tmp_path / "work", growth())
        shop = replace(open_shop(tmp_path), connect=lambda _: cloud.backend(), equip=lambda _: cloud.backend())
        begun: list[str] = []
        told = reconcile(
            job, tree, shop, commit="c0ffee", aim="start", begun=lambda one: begun.append(one.handle.digest)
        )
        assert (told.url, begun) == (f"{PAGE}{job.run}", [job.digest])
        reconcile(job, tree, shop, commit="c0ffee", aim="start", begun=lambda one: begun.append(one.handle.digest))
        assert len(begun) == 1
        cloud.end(job.digest)
        result = reconcile(job, tree, shop, commit="c0ffee", aim="look")
        assert result is not None
        assert shop.store.get(job.digest) == result
        assert result.url == f"{PAGE}{job.run}"

    def test_one_that_runs_is_not_forgotten(self, tmp_path: Path, cloud: Cloud) -> None:
        job, tree = job_of(tmp_path / "work", growth())
        shop = replace(open_shop(tmp_path), connect=lambda _: cloud.backend(), equip=lambda _: cloud.backend())
        forget(job, shop)
        reconcile(job, tree, shop, commit="", aim="start")
        forget(job, shop)
        assert job.digest in cloud.jobs

    def test_a_signal_while_it_is_made_stops_it(self, tmp_path: Path, cloud: Cloud) -> None:
        job, tree = job_of(tmp_path / "work", growth())
        shop = replace(open_shop(tmp_path), connect=lambda _: cloud.backend(), equip=lambda _: cloud.backend())
        cloud.heard = interrupting("submit")
        with pytest.raises(StoppedError) as caught:
            reconcile(job, tree, shop, commit="")
        result = caught.value.result
        assert isinstance(result, TrainingResult)
        assert (result.state, cloud.called("cancel")) == (JobState.STOPPED, [job.run])


@pytest.mark.parametrize(("slow", "asked"), [("find", 0), ("submit", 1), ("poll", 1), ("logs", 1)])
def test_a_slow_call_of_another_kind_keeps_no_request_to_stop_waiting(
    tell: Tell, cloud: Cloud, slow: str, asked: int
) -> None:
    sent: list[float] = []

    def send() -> None:
        until(lambda: bool(cloud.called(slow)), slow)
        time.sleep(0.05)  # into the call
        cloud.takes = {}
        sent.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    cloud.takes = {slow: 30.0}
    thread = threading.Thread(target=send)
    thread.start()
    with pytest.raises(StoppedError):
        run(tell(), lambda _: None, clock)
    thread.join()
    times = [at - sent[0] for name, _, at in cloud.calls if name == "cancel"]
    assert len(times) == asked
    assert max(times, default=0.0) < 1.0
