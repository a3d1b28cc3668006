"""A service in memory that trains nothing: jobs go on until a test ends them, and calls may take their time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from alekseylearn.backends.base import LogChunk, Options
from alekseylearn.bundle import Bundle
from alekseylearn.errors import MachineError
from alekseylearn.jobs import JobHandle, JobState, SubmittedJob
from alekseylearn.metrics import Metric

PAGE = "https://console.example/jobs/"


@dataclass(slots=True)
class CloudJob:
    """A job of the service."""

    handle: JobHandle
    name: str
    submitted: float
    about: Mapping[str, str]
    state: JobState = JobState.RUNNING
    phase: str = "getting a machine, 3 s"
    metrics: tuple[Metric, ...] = ()
    events: bytes | None = None
    mse: float = 0.5


@dataclass(slots=True)
class Cloud:
    """What the service holds, and the calls that were made: name, run, and when (monotonic seconds).

    *takes* is how many seconds a call of that name takes; *broken* are runs that the service cannot be asked about.
    A job that is told to stop does so at once, unless it is among the *stubborn*.
    """

    leaves: bool = False
    takes: Mapping[str, float] = field(default_factory=dict)
    jobs: dict[str, CloudJob] = field(default_factory=dict)
    calls: list[tuple[str, str, float]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    stubborn: bool = False
    heard: Callable[[str, str], None] = lambda name, run: None
    """Is told of each call, before it does anything."""

    def call(self, name: str, digest: str = "") -> None:
        self.calls.append((name, digest[:12], time.monotonic()))
        self.heard(name, digest[:12])
        time.sleep(self.takes.get(name, 0.0))
        if digest in self.broken:
            raise MachineError("cloud.down", "the service does not answer", hint="try again")

    def called(self, name: str) -> list[str]:
        """Return the runs that *name* was called for."""
        return [run for called, run, _ in self.calls if called == name]

    def end(self, digest: str, state: JobState = JobState.SUCCEEDED, *, mse: float = 0.5) -> None:
        self.jobs[digest].state = state
        self.jobs[digest].mse = mse

    def backend(self, about: Mapping[str, str] | None = None) -> CloudBackend:
        return CloudBackend(self, about or {})


@dataclass(slots=True)
class CloudBackend:
    """The service, as one caller sees it."""

    cloud: Cloud
    about: Mapping[str, str]
    machine: str = "the cloud (1 core)"

    @classmethod
    def connect(cls, options: Options) -> Self:
        return cls(Cloud(), options.about)

    @property
    def leaves(self) -> bool:
        return self.cloud.leaves

    def pause(self, seconds: float) -> float:
        return 0.01

    def submit(self, bundle: Bundle, *, name: str, digest: str) -> JobHandle:
        handle = JobHandle(
            backend="sagemaker", id=digest[:12], digest=digest, place="cloud", url=f"{PAGE}{digest[:12]}"
        )
        known = self.cloud.jobs.get(digest)
        if known is None or (known.state.ended and known.state is not JobState.SUCCEEDED):
            self.cloud.jobs[digest] = CloudJob(handle, name, time.time(), self.about)
        # The service has the job before its answer is here.
        self.cloud.call("submit", digest)
        return handle

    def find(self, digest: str) -> JobHandle | None:
        self.cloud.call("find", digest)
        return self.cloud.jobs[digest].handle if digest in self.cloud.jobs else None

    def jobs(self) -> tuple[SubmittedJob, ...]:
        self.cloud.call("jobs")
        return tuple(
            SubmittedJob(handle=job.handle, name=job.name, submitted=job.submitted, about=job.about)
            for job in self.cloud.jobs.values()
        )

    def poll(self, job: JobHandle) -> JobState:
        self.cloud.call("poll", job.digest)
        return self.cloud.jobs[job.digest].state if job.digest in self.cloud.jobs else JobState.LOST

    def phase(self, job: JobHandle) -> str:
        known = self.cloud.jobs.get(job.digest)
        return "" if known is None or known.state.ended else known.phase

    def metrics(self, job: JobHandle) -> tuple[Metric, ...]:
        self.cloud.call("metrics", job.digest)
        return self.cloud.jobs[job.digest].metrics

    def progress(self, job: JobHandle) -> bytes | None:
        self.cloud.call("progress", job.digest)
        return self.cloud.jobs[job.digest].events

    def logs(self, job: JobHandle, cursor: str = "") -> LogChunk:
        self.cloud.call("logs", job.digest)
        return LogChunk(lines=(), cursor="")

    def collect(self, job: JobHandle, into: Path) -> Path:
        self.cloud.call("collect", job.digest)
        if job.digest not in self.cloud.jobs:
            raise MachineError("run.gone", "the run is gone", hint="train it again")
        held = self.cloud.jobs[job.digest]
        data = into / "output" / "data"
        data.mkdir(parents=True)
        (into / "model").mkdir()
        failed = {"exception": "ValueError", "message": "no", "cell": 6, "line": 1, "traceback": ""}
        told: dict[str, Any] = {
            "digest": job.digest,
            "state": str(held.state),
            "cells": [],
            "failure": failed if held.state is JobState.FAILED else None,
            "seconds": 61.0,
            "finished": time.time(),
            "model": [],
            "warnings": [],
            "environment": {"python": "3.12", "platform": "cloud", "packages": {}},
            "peak_memory": 0,
        }
        (data / "result.json").write_text(json.dumps(told))
        (data / "metrics.jsonl").write_text(json.dumps({"name": "mse", "value": held.mse}) + "\n")
        return into

    def cancel(self, job: JobHandle) -> None:
        self.cloud.call("cancel", job.digest)
        held = self.cloud.jobs[job.digest]
        if not held.state.ended and not self.cloud.stubborn:
            held.state = JobState.STOPPED

    def discard(self, job: JobHandle) -> None:
        self.cloud.call("discard", job.digest)
        if job.digest in self.cloud.jobs and self.cloud.jobs[job.digest].state.ended:
            del self.cloud.jobs[job.digest]
