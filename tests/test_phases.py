"""What goes on around a job is said once: its page when it is first heard of, each phase when it begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from alekseylearn.cli.phases import Phases, Watcher
from alekseylearn.jobs import JobHandle, JobState
from alekseylearn.plan import TrainingJob
from alekseylearn.training import Progress
from tests.cloud import Cloud
from tests.shop import job_of
from tests.small import growth

PAGE = "https://console.example/jobs/1"


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    return job_of(tmp_path / "work", growth())[0]


def heard(job: TrainingJob, phase: str, *lines: str, url: str = PAGE) -> Progress:
    handle = JobHandle(backend="sagemaker", id=job.run, digest=job.digest, url=url)
    return Progress(
        job=job, state=JobState.QUEUED, lines=lines, seconds=1.0, phase=phase, handle=handle, backend=Cloud().backend()
    )


def test_a_phase_is_said_when_it_begins_however_long_it_lasts(job: TrainingJob) -> None:
    phases = Phases()
    said = [phases.lines(heard(job, phase)) for phase in ("getting a machine, 0.5 s", "getting a machine, 3 s")]
    said += [
        phases.lines(heard(job, phase)) for phase in ("loading the image, 0.1 s", "", "saving, 1 s", "saving, 2 s")
    ]
    assert said == [[PAGE, "getting a machine"], [], ["loading the image"], [], ["saving"], []]


def test_a_job_without_a_page_has_none(job: TrainingJob) -> None:
    assert Phases().lines(heard(job, "", url="")) == []


def test_a_job_begins_once(job: TrainingJob) -> None:
    phases = Phases()
    assert [phases.begins(heard(job, "")) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("quiet", [True, False])
def test_a_person_sees_where_it_runs_and_what_it_waits_for(
    job: TrainingJob, quiet: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watcher(Console(width=200, color_system=None), quiet=quiet)
    watch(heard(job, "getting a machine, 0.5 s"))
    watch(heard(job, "getting a machine, 9 s"))
    watch(heard(job, "", "[bold]epoch 1"))
    lines = capsys.readouterr().out.splitlines()
    printed = [] if quiet else ["  [bold]epoch 1"]
    assert lines == [f"training growth (run {job.run}, process)", f"  {PAGE}", "  getting a machine", *printed]
