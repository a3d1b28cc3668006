"""One training job is brought to its result, wherever it stands and whoever else is at work on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from alekseylearn.backends.base import Backend
from alekseylearn.errors import MachineError
from alekseylearn.inputs import Tree
from alekseylearn.jobs import JobState, TrainingResult
from alekseylearn.plan import TrainingJob
from alekseylearn.training import Aim, Move, Progress, StoppedError, Workshop, make_bundle, next_move, reconcile, stop
from tests.contract.jobs import ended, until
from tests.gate import Gate
from tests.shop import job_of, open_shop
from tests.small import TRAINS, count, counting, growth

ENDED_BADLY = (JobState.FAILED, JobState.STOPPED, JobState.TIMED_OUT, JobState.LOST)
STUBBORN = """\
import pathlib, time
here = pathlib.Path({folder!r})
(here / "reached").touch()
while not (here / "open").exists():
    try:
        time.sleep(0.01)
    except KeyboardInterrupt:
        pass"""
AIMS: tuple[Aim, ...] = get_args(Aim)
UNDER_WAY = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Case:
    """A training that counts how often it was run, and the edges that it is run with."""

    folder: Path
    job: TrainingJob
    tree: Tree
    shop: Workshop
    told: list[Progress]

    @property
    def runs(self) -> int:
        return count(self.folder / "count")

    @property
    def backend(self) -> Backend:
        return self.shop.connect(self.job)

    def reconcile(self, *, shop: Workshop | None = None, **more: Any) -> TrainingResult | None:
        return reconcile(self.job, self.tree, shop or self.shop, commit="c0ffee", **more)

    def submit(self) -> None:
        """Start the job as another process would, and leave it alone."""
        bundle = make_bundle(self.job, self.tree, self.shop.runtime())
        self.backend.submit(bundle, name=self.job.name, digest=self.job.digest)

    def wait(self) -> JobState:
        """Wait until the job that somebody started has ended."""
        handle = self.backend.find(self.job.digest)
        assert handle is not None
        return ended(self.backend, handle)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Case]:
    """Make a case whose training does *first* before it trains."""

    def made(first: str = "pass") -> Case:
        told: list[Progress] = []
        job, tree = job_of(tmp_path / "work", growth(before=f"{counting(tmp_path / 'count')}\n{first}"))
        return Case(tmp_path, job, tree, open_shop(tmp_path, told), told)

    return made


Make = Callable[..., Case]


def moves() -> list[tuple[bool, JobState | None, bool, Aim, Move]]:
    """List what is done about a job: is it stored, its state, is it ours, how far is it to be brought."""
    table: list[tuple[bool, JobState | None, bool, Aim, Move]] = []
    for state, ours, aim in itertools.product((None, *JobState), (True, False), AIMS):
        table.append((True, state, ours, aim, "reuse"))
    for ours in (True, False):
        table += [(False, None, ours, aim, "leave" if aim == "look" else "submit") for aim in AIMS]
        for state, aim in itertools.product(UNDER_WAY, AIMS):
            table.append((False, state, ours, aim, "wait" if aim == "result" else "leave"))
        table += [(False, JobState.SUCCEEDED, ours, aim, "collect") for aim in AIMS]
    for state, aim in itertools.product(ENDED_BADLY, AIMS):
        table.append((False, state, True, aim, "collect"))
        table.append((False, state, False, aim, "collect" if aim == "look" else "submit"))
    return table


@pytest.mark.parametrize(("stored", "state", "ours", "aim", "move"), moves())
def test_the_next_move(stored: bool, state: JobState | None, ours: bool, aim: Aim, move: Move) -> None:
    assert next_move(stored=stored, state=state, ours=ours, aim=aim) == move


def test_the_table_of_moves_is_whole() -> None:
    assert len({row[:4] for row in moves()}) == len(moves()) == 2 * (len(JobState) + 1) * 2 * 3


class TestFirstRun:
    def test_it_is_trained_stored_and_cleared_away(self, make: Make) -> None:
        case = make("print('hello')")
        result = case.reconcile()
        assert result is not None
        assert result.succeeded
        assert (result.digest, result.name, result.commit) == (case.job.digest, "growth", "c0ffee")
        assert case.shop.store.get(case.job.digest) == result
        assert case.backend.find(case.job.digest) is None
        assert [line for progress in case.told for line in progress.lines] == ["hello"]
        assert not list((case.shop.home / "incoming").iterdir())

    def test_a_result_needs_no_backend(self, make: Make) -> None:
        case = make()
        first = case.reconcile()

        def unreachable(_: TrainingJob) -> Backend:
            raise AssertionError

        closed = replace(case.shop, connect=unreachable, equip=unreachable)
        assert case.reconcile(shop=closed) == first
        assert case.runs == 1

    def test_without_an_environment_nothing_is_submitted(self, make: Make) -> None:
        case = make()

        def lacking(_: TrainingJob) -> Backend:
            raise MachineError("env.missing", "a package is missing")

        with pytest.raises(MachineError, match=r"env\.missing"):
            case.reconcile(shop=replace(case.shop, equip=lacking))
        assert case.backend.find(case.job.digest) is None


class TestFailure:
    def test_it_is_told_kept_aside_and_tried_again(self, make: Make, tmp_path: Path) -> None:
        case = make(f"open({str(tmp_path / 'missing')!r}).close()")
        result = case.reconcile()
        assert result is not None
        assert result.failure is not None
        assert (result.state, result.failure.exception) == (JobState.FAILED, "FileNotFoundError")
        assert result.failure.cell == TRAINS
        assert case.shop.store.list() == ()
        assert (case.shop.folder(result) / "output" / "data" / "executed.ipynb").is_file()

        (tmp_path / "missing").touch()
        again = case.reconcile()
        assert again is not None
        assert again.succeeded
        assert case.runs == 2
        assert not case.shop.failed.folder(result.run).exists()

    def test_who_may_not_submit_hears_of_the_last_one(self, make: Make) -> None:
        case = make("1 / 0")
        assert case.reconcile(aim="look") is None
        failed = case.reconcile()
        assert case.reconcile(aim="look") == failed
        assert case.runs == 1

    @pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"version": 0}'])
    def test_what_is_damaged_counts_as_not_there(self, make: Make, content: bytes) -> None:
        case = make("1 / 0")
        failed = case.reconcile()
        assert failed is not None
        (case.shop.failed.folder(failed.run) / "result.json").write_bytes(content)
        assert case.reconcile(aim="look") is None

    def test_one_that_another_process_left_is_tried_once_more(self, make: Make) -> None:
        case = make("1 / 0")
        case.submit()
        assert case.wait() is JobState.FAILED
        result = case.reconcile()
        assert result is not None
        assert result.state is JobState.FAILED
        assert case.runs == 2


class TestOthersAtWork:
    def test_a_job_that_runs_is_adopted(self, make: Make, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        case = make(gate.cell)
        case.submit()
        gate.wait()

        def open_when_seen(progress: Progress) -> None:
            case.told.append(progress)
            gate.open()

        result = case.reconcile(shop=replace(case.shop, watch=open_when_seen))
        assert result is not None
        assert result.succeeded
        assert case.told[0].state is JobState.RUNNING
        assert case.runs == 1

    def test_one_that_is_waited_for_is_not_started_again_when_it_fails(self, make: Make, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        case = make(f"{gate.cell}\n1 / 0")
        case.submit()
        gate.wait()
        result = case.reconcile(shop=replace(case.shop, watch=lambda _: gate.open()))
        assert result is not None
        assert (result.state, case.runs) == (JobState.FAILED, 1)

    def test_who_may_not_submit_leaves_it_alone_while_it_runs_and_collects_it_then(
        self, make: Make, tmp_path: Path
    ) -> None:
        gate = Gate(tmp_path)
        case = make(gate.cell)
        case.submit()
        gate.wait()
        told = case.reconcile(aim="look")
        assert told is not None
        assert (told.state, told.commit, told.machine) == (JobState.RUNNING, "c0ffee", case.backend.machine)
        gate.open()
        case.wait()
        result = case.reconcile(aim="look")
        assert result is not None
        assert (result.succeeded, case.runs) == (True, 1)

    def test_another_that_was_faster_to_collect_it_is_believed(self, make: Make, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        case = make(gate.cell)
        case.submit()
        gate.wait()
        results: list[TrainingResult | None] = []

        def overtake(_: Progress) -> None:
            gate.open()
            case.wait()
            results.append(case.reconcile())

        results.append(case.reconcile(shop=replace(case.shop, watch=overtake)))
        assert results[0] is not None
        assert results[0] == results[1]
        assert case.runs == 1


class TestForce:
    def test_the_new_result_replaces_the_old_one(self, make: Make, tmp_path: Path) -> None:
        case = make(f"epochs = 10 * len(open({str(tmp_path / 'count')!r}).readlines())")
        first, second = case.reconcile(), case.reconcile(force=True)
        assert first is not None
        assert second is not None
        assert case.runs == 2
        assert second.metric("mse") != first.metric("mse")
        assert case.shop.store.get(case.job.digest) == second

    def test_what_ended_before_does_not_count(self, make: Make) -> None:
        case = make()
        case.submit()
        case.wait()
        case.reconcile(force=True)
        assert case.runs == 2


class TestStop:
    def test_an_interruption_stops_the_job_and_keeps_what_it_has(self, make: Make, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        case = make(gate.cell)

        def interrupted(_: float) -> None:
            gate.wait()
            raise KeyboardInterrupt

        sleeps = itertools.chain([interrupted], itertools.repeat(case.shop.sleep))
        with pytest.raises(StoppedError) as caught:
            case.reconcile(shop=replace(case.shop, sleep=lambda seconds: next(sleeps)(seconds)))  # noqa: PLW0108
        assert (caught.value.slug, caught.value.exit_code) == ("run.stopped", 7)
        result = caught.value.result
        assert result is not None
        assert result.state is JobState.STOPPED
        assert [cell.state for cell in result.cells][:3] == ["done"] * 3
        assert case.backend.find(case.job.digest) is None
        assert case.shop.store.list() == ()

    def test_an_interruption_before_the_start_stops_nothing(self, make: Make) -> None:
        case = make()

        def interrupted(_: TrainingJob) -> Backend:
            raise KeyboardInterrupt

        with pytest.raises(StoppedError) as caught:
            case.reconcile(shop=replace(case.shop, equip=interrupted))
        assert caught.value.result is None

    def test_a_job_that_does_not_end_is_left_to_its_supervisor(self, make: Make, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        case = make(STUBBORN.format(folder=str(tmp_path)))
        case.submit()
        gate.wait()
        hours = itertools.count(step=3600)
        assert stop(case.job, replace(case.shop, clock=lambda: float(next(hours))), commit="") is None
        gate.open()
        assert case.wait() is JobState.STOPPED

    def test_what_an_earlier_process_left_is_stopped(self, make: Make, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        case = make(gate.cell)
        assert stop(case.job, case.shop, commit="") is None
        case.submit()
        gate.wait()
        result = stop(case.job, case.shop, commit="c0ffee")
        assert result is not None
        assert (result.state, result.commit) == (JobState.STOPPED, "c0ffee")
        assert stop(case.job, case.shop, commit="") is None
        until(lambda: case.backend.find(case.job.digest) is None, "the end of the run")
