"""Runs are found wherever they are held, and followed and brought home whoever else is at work on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from alekseylearn.backends.base import Backend
from alekseylearn.bundle import Bundle
from alekseylearn.config import BackendName
from alekseylearn.errors import MachineError, UsageError
from alekseylearn.inputs import Tree
from alekseylearn.jobs import JobState, SubmittedJob, TrainingResult
from alekseylearn.judging import exit_code_of
from alekseylearn.plan import TrainingJob
from alekseylearn.progressing import Live
from alekseylearn.training import Workshop, make_bundle, reconcile
from alekseylearn.watching import Ending, Held, Lookout, follow, settle, stop_run
from tests.cloud import Cloud
from tests.contract.jobs import kill_process, until
from tests.gate import Gate
from tests.shop import job_of, open_shop
from tests.small import growth


@dataclass(frozen=True, slots=True)
class Case:
    """A job that was launched and waits at its gate."""

    job: TrainingJob
    tree: Tree
    shop: Workshop
    lookout: Lookout
    gate: Gate

    @property
    def held(self) -> Held:
        found = self.lookout.find(self.job.run)
        assert isinstance(found, Held)
        return found

    def reconcile(self) -> TrainingResult:
        result = reconcile(self.job, self.tree, self.shop, commit="c0ffee")
        assert result is not None
        return result

    def wait(self) -> None:
        until(lambda: self.held.state.ended, "the end of the job")


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Case]:
    """Launch a training that waits at a gate, and does *then* afterwards."""

    def made(then: str = "pass") -> Case:
        gate = Gate(tmp_path)
        content = growth(before=f"print('before')\n{gate.cell}\nprint('after')\n{then}")
        job, tree = job_of(tmp_path / "work", content)
        shop = open_shop(tmp_path)
        assert reconcile(job, tree, shop, commit="", aim="start").state is JobState.RUNNING
        gate.wait()

        def reach(name: BackendName) -> Backend:
            if name == "process":
                return shop.connect(job)
            raise MachineError("docker.engine", "no engine answers")

        return Case(job, tree, shop, Lookout(shop=shop, connect=reach, likely=("process",), last=("docker",)), gate)

    return made


Make = Callable[..., Case]


class TestLooking:
    def test_an_engine_that_is_not_there_is_passed_over(self, make: Make) -> None:
        case = make()
        both = replace(case.lookout, likely=("docker", "process"))
        assert [one.digest for one in both.held()] == [case.job.digest]
        found = both.find(case.job.run[:4])
        assert isinstance(found, Held)
        assert found.state is JobState.RUNNING
        stop_run(found, both)

    def test_where_nobody_could_look_is_told_when_a_run_is_not_found(self, make: Make) -> None:
        case = make()
        stop_run(case.held, case.lookout)
        with pytest.raises(UsageError) as caught:
            case.lookout.find("0000")
        assert caught.value.slug == "usage.run"
        assert caught.value.where == "docker was not asked: no engine answers"

    def test_an_engine_that_was_asked_for_must_be_there(self, make: Make) -> None:
        case = make()
        stop_run(case.held, case.lookout)
        asked = replace(case.lookout, asked=("docker",), likely=(), last=())
        with pytest.raises(MachineError, match=r"docker\.engine"):
            asked.find(case.job.run)
        with pytest.raises(MachineError, match=r"docker\.engine"):
            asked.held()

    def test_the_same_run_on_two_machines_is_one_run_and_the_one_under_way_counts(self, make: Make) -> None:
        case = make()
        twice = replace(case.lookout, likely=("process", "process"))
        found = twice.find(case.job.run)
        assert isinstance(found, Held)
        stop_run(found, twice)


class TestFollowing:
    def test_lines_come_once_also_when_another_brings_the_run_home_between_two_looks(self, make: Make) -> None:
        case = make()
        held, lines = case.held, []

        def tell(new: Iterable[str]) -> None:
            first = not lines
            lines.extend(new)
            if first and lines:
                case.gate.open()
                assert case.reconcile().succeeded

        assert follow(held, case.lookout, tell) == Ending(JobState.SUCCEEDED)
        assert lines[:2] == ["before", "after"]

    def test_a_job_that_dies_is_lost_whatever_became_of_the_one_before(self, make: Make, tmp_path: Path) -> None:
        case = make("open('/nowhere/at/all')")
        case.gate.open()
        case.wait()
        assert settle(case.held, case.lookout).state is JobState.FAILED
        (tmp_path / "open").unlink()
        (tmp_path / "reached").unlink()
        reconcile(case.job, case.tree, case.shop, commit="", aim="start")
        case.gate.wait()
        kill_process(case.held.job.handle)
        assert follow(case.held, case.lookout, lambda _: None) == Ending(JobState.LOST)

    def test_a_failure_that_is_not_the_codes_is_told_as_such(self, make: Make, tmp_path: Path) -> None:
        case = make()
        held, heard = case.held, list[Live | None]()
        stop_run(held, case.lookout)
        cloud = Cloud()
        handle = cloud.backend().submit(Bundle({}), name="growth", digest=case.job.digest)
        told = cloud.jobs[case.job.digest]
        told.events = b'{"event": "cell-start", "cell": 4, "place": 1, "cells": 3}\n'

        def show(live: Live | None) -> None:
            heard.append(live)
            told.state = JobState.FAILED
            told.events = b'{"event": "run-end", "state": "failed", "exception": "NoGPU"}\n'

        job = SubmittedJob(handle=handle, name="growth", submitted=0.0)
        held = Held(backend=cloud.backend(), job=job, state=JobState.RUNNING)
        ending = follow(held, case.lookout, lambda _: None, show)
        assert ending == Ending(JobState.FAILED, "NoGPU")
        assert exit_code_of(ending.state, ending.exception) == 6
        assert [live is None for live in heard] == [False, True]


class TestBringingHome:
    def test_who_waits_for_a_run_that_failed_hears_of_it_though_another_has_brought_it_home(self, make: Make) -> None:
        case = make("open('/nowhere/at/all')")
        heard: list[JobState] = []

        def overtake(_: object) -> None:
            case.gate.open()
            if not heard:
                case.wait()
                heard.append(settle(case.held, case.lookout).state)

        result = reconcile(case.job, case.tree, replace(case.shop, watch=overtake), commit="c0ffee")
        assert result is not None
        assert (heard, result.state) == ([JobState.FAILED], JobState.FAILED)
        assert result.failure is not None
        assert result.failure.exception == "FileNotFoundError"

    def test_a_job_that_is_younger_than_the_result_replaces_it(self, make: Make) -> None:
        case = make()
        case.gate.open()
        first = case.reconcile()
        backend = case.shop.connect(case.job)
        backend.submit(make_bundle(case.job, case.tree, case.shop.runtime()), name="again", digest=case.job.digest)
        case.wait()
        second = settle(case.held, case.lookout)
        assert second.finished > first.finished
        assert case.shop.store.get(case.job.digest) == second

    def test_what_was_brought_home_last_is_what_is_found(self, make: Make) -> None:
        case = make()
        stopped = stop_run(case.held, case.lookout)
        assert stopped is not None
        assert case.lookout.find(case.job.run) == stopped
        case.gate.open()
        trained = case.reconcile()
        assert case.lookout.find(case.job.run) == trained
