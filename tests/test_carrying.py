"""What a step tells while it waits: the log at once, the comment once a minute at most, and only what is new."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from alekseylearn.bundle import Bundle
from alekseylearn.cli.bars import PAUSE
from alekseylearn.cli.carrying import MINUTE, watcher
from alekseylearn.cli.shown import AT_LEAST
from alekseylearn.cli.step import Step
from alekseylearn.forges.base import Posted
from alekseylearn.jobs import JobState
from alekseylearn.metrics import Metric
from alekseylearn.pipeline import Story, body
from alekseylearn.report import Outcome
from alekseylearn.training import Progress
from alekseylearn.workshop import Sight
from tests.cloud import Cloud
from tests.shop import open_shop
from tests.test_detached import Tell, change, tell

__all__ = ["change", "tell"]


@dataclass
class Desk:
    """A step whose runner and forge remember what they are told."""

    now: float = 1000.0
    echoed: list[str] = field(default_factory=list)
    posted: list[Outcome] = field(default_factory=list)
    reachable: bool = True

    @property
    def runner(self) -> Desk:
        return self

    def echo(self, lines: list[str]) -> None:
        self.echoed += lines

    def clock(self) -> tuple[str, float]:
        return f"2026-11-22 12:{int(self.now) % 60:02} UTC", self.now

    def post(self, outcome: Outcome) -> Posted | None:
        self.posted.append(outcome)
        return Posted(url="") if self.reachable else None


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@dataclass
class Watched:
    """A job that is waited for, and whoever watches it."""

    desk: Desk
    story: Story
    cloud: Cloud
    watch: Callable[[Progress], None]
    sight: Sight
    digest: str

    def hear(self, *events: dict[str, Any], lines: tuple[str, ...] = (), after: float = 0.0, phase: str = "") -> None:
        """Let *after* seconds pass, in which the job wrote *events* and printed *lines*."""
        self.desk.now += after
        job, backend = self.cloud.jobs[self.digest], self.cloud.backend()
        job.phase = phase
        job.events = (job.events or b"") + b"".join(json.dumps(event).encode() + b"\n" for event in events)
        live, ended = self.sight.look(backend, job.handle, ended=True)
        plan = self.story._sides[0].plan
        assert plan.head is not None
        self.watch(
            Progress(
                job=plan.head,
                state=JobState.RUNNING,
                lines=lines,
                seconds=self.desk.now,
                phase=phase,
                handle=job.handle,
                backend=backend,
                live=live,
                ended=ended,
            )
        )

    @property
    def comment(self) -> str:
        return body(self.desk.posted[-1])[1]


@pytest.fixture
def watched(tell: Tell, cloud: Cloud, tmp_path: Path) -> Watched:
    desk, story = Desk(), tell()
    (plan,) = story.look()
    assert plan.head is not None
    cloud.backend().submit(Bundle({}), name="growth", digest=plan.head.digest)
    watch = watcher(cast("Step", desk), story, lambda: desk.now)
    sight = Sight(replace(open_shop(tmp_path / "other"), clock=lambda: desk.now, now=lambda: desk.now))
    return Watched(desk, story, cloud, watch, sight, plan.head.digest)


def enters(place: int) -> dict[str, Any]:
    return {"event": "cell-start", "time": 0.0, "cell": 10 + place, "place": place, "cells": 5}


def leaves(place: int, seconds: float) -> dict[str, Any]:
    return {"event": "cell-end", "cell": 10 + place, "place": place, "cells": 5, "state": "done", "seconds": seconds}


def epoch(number: int, time: float, place: int = 2) -> dict[str, Any]:
    return {"event": "epoch", "cell": 10 + place, "epoch": number, "of": 20, "time": time}


def test_the_log_tells_what_is_printed_and_how_far_it_is(watched: Watched) -> None:
    desk, name = watched.desk, f"growth (run {watched.digest[:12]})"
    watched.hear(enters(1), phase="getting a machine, 3 s")
    page, phase = desk.echoed
    assert page.startswith(f"{name}: https://")
    assert phase == f"{name}: getting a machine"
    desk.echoed.clear()
    watched.hear(leaves(1, 48.0), enters(2), epoch(1, 1000.0), lines=("Epoch 1/20",))
    assert desk.echoed == ["Epoch 1/20", f"{name}: cell 11 (1 of 5) done in 48 s"]
    desk.echoed.clear()
    watched.hear(epoch(2, 1030.0), epoch(3, 1060.0), after=60.0)
    assert desk.echoed == [f"{name}: epoch 3 of 20, about 8 min left"]
    watched.hear(epoch(4, 1064.0), after=PAUSE - 1)
    assert len(desk.echoed) == 1


def test_the_comment_is_edited_when_a_job_begins_and_once_a_minute(watched: Watched) -> None:
    desk = watched.desk
    watched.hear(enters(1))
    assert len(desk.posted) == 1
    watched.hear(leaves(1, 1.0), enters(2), epoch(1, 1000.0), after=MINUTE - 1)
    assert len(desk.posted) == 1
    watched.cloud.jobs[watched.digest].metrics = (Metric(name="mse", value=0.5),)
    watched.hear(epoch(2, 1060.0), after=1)
    assert len(desk.posted) == 2
    assert "epoch 2 of 20\n" in watched.comment
    assert "| **running: cell 12 (2 of 5), epoch 2 of 20" in watched.comment
    assert "Latest `mse`: **0.500**." in watched.comment


def test_an_edit_that_would_change_times_only_is_not_made(watched: Watched) -> None:
    desk = watched.desk
    watched.hear(enters(1))
    for _ in range(int(AT_LEAST / MINUTE) - 1):
        watched.hear(after=MINUTE)
    assert len(desk.posted) == 1
    watched.hear(after=MINUTE)
    assert len(desk.posted) == 2
    watched.hear(leaves(1, 1.0), enters(2), after=MINUTE)
    assert len(desk.posted) == 3


def test_what_could_not_be_told_is_told_again(watched: Watched) -> None:
    desk = watched.desk
    desk.reachable = False
    watched.hear(enters(1))
    watched.hear(after=MINUTE)
    assert len(desk.posted) == 2
    desk.reachable = True
    watched.hear(after=MINUTE)
    watched.hear(after=MINUTE)
    assert len(desk.posted) == 3


def test_metrics_that_cannot_be_read_are_no_error(watched: Watched) -> None:
    watched.hear(enters(1))
    watched.cloud.broken.add(watched.digest)
    job = watched.cloud.jobs[watched.digest]
    progress, _ = watched.story._heard[watched.digest]
    watched.desk.now += MINUTE
    watched.watch(replace(progress, handle=job.handle))
    assert len(watched.desk.posted) == 1
