"""How far a job has come is looked at no more often than it is worth, and a backend that cannot say is no error."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.backends.base import Backend
from alekseylearn.bundle import Bundle
from alekseylearn.jobs import JobHandle, JobState
from alekseylearn.metrics import Metric
from alekseylearn.progressing import Course, Live
from alekseylearn.training import Progress, Workshop, reconcile
from alekseylearn.workshop import Sight, UnderWay, course_of, looked_at, measured_by
from tests.cloud import Cloud
from tests.gate import Gate
from tests.shop import job_of, open_shop
from tests.small import growth

DIGEST = "ab" * 32


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def enters(cell: int, place: int) -> dict[str, Any]:
    return {"event": "cell-start", "time": 1.0, "cell": cell, "place": place, "cells": 3}


def leaves(cell: int, place: int) -> dict[str, Any]:
    return {"event": "cell-end", "cell": cell, "place": place, "cells": 3, "state": "done", "seconds": 2.0}


class Time:
    """A clock that stands still until it is told, and whose looks take *cost* seconds."""

    def __init__(self) -> None:
        self.now = 100.0
        self.cost = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def cloud(clock: Time) -> Cloud:
    def heard(name: str, run: str) -> None:
        if name == "progress":
            clock.now += clock.cost

    made = Cloud(heard=heard)
    made.backend().submit(Bundle({}), name="growth", digest=DIGEST)
    return made


@pytest.fixture
def shop(tmp_path: Path, clock: Time) -> Workshop:
    return replace(open_shop(tmp_path), clock=clock, now=lambda: 1.0)


def under_way(cloud: Cloud) -> tuple[Backend, JobHandle]:
    return cloud.backend(), cloud.jobs[DIGEST].handle


class TestSight:
    def look(self, sight: Sight, cloud: Cloud, *, ended: bool = False) -> tuple[int | None, list[int]]:
        live, cells = sight.look(*under_way(cloud), ended=ended)
        return None if live is None else live.place, [cell.cell for cell in cells]

    def test_the_end_of_each_cell_is_told_once(self, cloud: Cloud, shop: Workshop) -> None:
        sight, job = Sight(shop), cloud.jobs[DIGEST]
        assert self.look(sight, cloud) == (None, [])
        job.events = lines(enters(4, 1), leaves(4, 1), enters(5, 2))
        assert self.look(sight, cloud) == (2, [4])
        assert self.look(sight, cloud) == (2, [])
        job.events += lines(leaves(5, 2), enters(6, 3))
        assert self.look(sight, cloud) == (3, [5])

    def test_what_takes_long_is_done_seldom(self, cloud: Cloud, shop: Workshop, clock: Time) -> None:
        sight = Sight(shop)
        clock.cost = 0.5
        cloud.jobs[DIGEST].events = lines(enters(4, 1))
        assert self.look(sight, cloud) == (1, [])
        cloud.jobs[DIGEST].events = lines(enters(4, 1), leaves(4, 1), enters(5, 2))
        clock.now += 9.9
        assert self.look(sight, cloud) == (1, [])
        clock.now += 0.1
        assert self.look(sight, cloud) == (2, [4])
        assert len(cloud.called("progress")) == 2

    def test_the_last_look_is_made_in_any_case(self, cloud: Cloud, shop: Workshop, clock: Time) -> None:
        sight = Sight(shop)
        clock.cost = 0.5
        self.look(sight, cloud)
        cloud.jobs[DIGEST].events = lines(enters(4, 1), leaves(4, 1))
        assert self.look(sight, cloud, ended=True) == (1, [4])


class TestAsking:
    def test_a_backend_that_cannot_say_is_no_error(self, cloud: Cloud) -> None:
        cloud.jobs[DIGEST].events = lines(enters(4, 1))
        cloud.broken.add(DIGEST)
        assert course_of(*under_way(cloud), 1.0) == Course()
        assert measured_by(*under_way(cloud)) is None

    def test_a_job_under_way_is_told_with_what_it_measures_and_where_it_is(self, cloud: Cloud) -> None:
        job = cloud.jobs[DIGEST]
        job.events, job.metrics = lines(enters(4, 1)), (Metric(name="mse", value=0.5),)
        found = UnderWay(backend=cloud.backend(), handle=job.handle, name="growth")
        told = looked_at(found, JobState.RUNNING, 1.0, seconds=7.0)
        assert told.live == Live(cell=4, place=1, cells=3, epoch=None, epochs=None, seconds_left=None)
        assert (told.metric("mse"), told.seconds, told.phase) == (0.5, 7.0, "getting a machine, 3 s")


def test_a_watcher_hears_where_a_real_job_is(tmp_path: Path) -> None:
    gate, heard = Gate(tmp_path), list[Progress]()
    job, tree = job_of(tmp_path / "work", growth(before=f"print('Epoch 2/3', flush=True)\n{gate.cell}"))

    def watch(progress: Progress) -> None:
        heard.append(progress)
        if progress.live is not None and progress.live.epoch == 2:
            gate.open()

    result = reconcile(job, tree, replace(open_shop(tmp_path), watch=watch), commit="")
    assert result is not None
    assert result.succeeded
    cells = len(job.slice.kept)
    assert [cell.place for progress in heard for cell in progress.ended] == list(range(1, cells + 1))
    assert {progress.live.cells for progress in heard if progress.live is not None} == {cells}
    assert heard[-1].live is None


def test_a_job_that_waits_for_a_machine_is_not_asked_where_it_is(tmp_path: Path) -> None:
    cloud = Cloud()
    job, tree = job_of(tmp_path / "work", growth())
    shop = replace(open_shop(tmp_path), connect=lambda _: cloud.backend(), equip=lambda _: cloud.backend())
    cloud.backend().submit(Bundle({}), name="growth", digest=job.digest)
    cloud.jobs[job.digest].state = JobState.QUEUED
    told = reconcile(job, tree, shop, commit="", aim="look")
    assert told is not None
    assert (told.state, told.live, cloud.called("progress")) == (JobState.QUEUED, None, [])
    cloud.jobs[job.digest].state = JobState.RUNNING
    cloud.jobs[job.digest].events = lines(enters(4, 1))
    told = reconcile(job, tree, shop, commit="", aim="look")
    assert told is not None
    assert told.live is not None
