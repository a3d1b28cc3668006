"""Killed at the landmarks of other places: a container and a job of SageMaker are started once, too, results are kept."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from alekseylearn.landmarks import Landmark
from tests.desk import LONGER, NOTEBOOK, Bench
from tests.fakes.sagemaker.service import SageMakerService
from tests.rig.crashes.stage import Server, Stage
from tests.rig.docker.engine import Engine
from tests.small import growth
from tests.test_cli_docker import CONFIG
from tests.test_cli_sagemaker import config

IN_CONTAINERS: tuple[Landmark, ...] = ("container.created", "container.started")
ON_SAGEMAKER: tuple[Landmark, ...] = ("attempt.written", "attempt.started", "bucket.uploaded", "bucket.written")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as made:
        yield made


def stage(folder: Path, server: Server, environ: Mapping[str, str], settings: str) -> Stage:
    """Set a stage where a notebook of an identity of its own trains elsewhere."""
    before = f"folder = {str(folder)!r}"
    bench = Bench.create(folder, growth(before=before))
    bench.desk.write("alekseylearn.yml", settings)
    bench.desk.write(NOTEBOOK, growth(LONGER, before=before))
    home = bench.git.root / ".alekseylearn"
    return Stage(
        server=server,
        folder=bench.git.root,
        environ={**bench.desk.environ, **environ},
        home=home,
        runs=folder / "runs",
    )


def end(told: Stage) -> None:
    ended = told.run("fit", "-q")
    assert ended.code == 0, ended.out
    assert "better by 0.4249" in ended.out
    assert (told.torn, told.left()) == ([], [])


def test_containers_are_started_once(tmp_path: Path, server: Server, docker_engine: Engine) -> None:
    killed = stage(tmp_path, server, {"DOCKER_HOST": docker_engine.host}, CONFIG)
    began = int(time.time()) - 1
    for landmark in IN_CONTAINERS:
        assert killed.run("fit", "-q", landmark=landmark).code is None, landmark
    end(killed)
    runs = [path.parent.name[:12] for path in killed.home.glob("results/??/*/result.json")]
    wanted = {"type": "container", "event": "start"}
    with contextlib.closing(docker_engine.client()) as client:
        events = client.events(since=began, until=int(time.time()) + 1, filters=wanted, decode=True)
        names = [event["Actor"]["Attributes"]["name"] for event in events]
        left = [one.name for one in client.containers.list(all=True)]
    assert len(runs) == 2
    for run in runs:
        assert [name for name in names if run in name] == [f"alekseylearn-{run}"]
        assert not [name for name in left if run in name]


def test_jobs_of_sagemaker_are_started_once(
    tmp_path: Path, server: Server, sagemaker_service: SageMakerService
) -> None:
    settings = config(sagemaker_service, tmp_path)
    killed = stage(tmp_path, server, sagemaker_service.environ, settings)
    before = len(sagemaker_service.jobs)
    missed = [one for one in ON_SAGEMAKER if killed.run("fit", "-q", landmark=one).code is not None]
    end(killed)
    assert missed == []
    assert len(sagemaker_service.jobs) - before == 2
