"""GPUs in containers, with stand-ins for NVIDIA's parts: which way is asked, and what happens where none works."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.backends.docker import DockerBackend
from alekseylearn.errors import MachineError
from alekseylearn.gpu_requests import ways
from alekseylearn.jobs import TrainingResult
from alekseylearn.results import read_result
from tests.contract.jobs import Site, bundle_of, ended, site_on
from tests.rig.docker.engine import Engine, OwnEngine
from tests.rig.docker.fixture import built, load
from tests.rig.docker.gpu import GpuEngine
from tests.rig.docker.ground import Ground, own_name
from tests.rig.docker.image import BASE

SEEN = "import os, shutil; print(shutil.which('nvidia-smi'), os.environ['SM_NUM_GPUS'])"


def train(site: Site, cell: str = SEEN) -> tuple[TrainingResult, tuple[str, ...], dict[str, Any]]:
    backend = site.connect()
    assert isinstance(backend, DockerBackend)
    bundle, digest = bundle_of(cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    state, lines = ended(backend, job), backend.logs(job).lines
    labels: dict[str, Any] = backend._engine.containers(f"io.alekseylearn.digest={digest}")[0]["Labels"]
    into = backend.collect(job, Path(site.folder) / "into")
    backend.discard(job)
    return read_result(into, job, backend="docker", state=state), lines, labels


@pytest.mark.parametrize("gpus", ["all", 1, ["0"]])
def test_a_gpu_that_was_asked_for_is_seen_inside_and_reaches_the_report(
    gpu_engine: GpuEngine, tmp_path: Path, gpus: object
) -> None:
    found, lines, labels = train(site_on(gpu_engine, tmp_path, gpus=gpus))
    assert found.succeeded, found.failure
    assert lines == ("/usr/bin/nvidia-smi 1",)
    assert labels["io.alekseylearn.asked"].split()[0] == ("cdi" if gpu_engine.has_cdi else "gpus")
    assert found.environment["gpu"] == "Stand-in H100"


def test_a_job_that_wants_none_gets_none(gpu_engine: GpuEngine, tmp_path: Path) -> None:
    found, lines, _ = train(site_on(gpu_engine, tmp_path, gpus="none"))
    assert found.succeeded
    assert lines == ("None 0",)


def test_a_driver_that_is_not_loaded_is_told(own_gpu_engine: GpuEngine, tmp_path: Path) -> None:
    bundle, digest = bundle_of("x = 1")
    with own_gpu_engine.driver_lost():
        with pytest.raises(MachineError, match=r"gpu\.driver") as told:
            site_on(own_gpu_engine, tmp_path, gpus="all").connect().submit(bundle, name="toy", digest=digest)
        assert "nvidia-smi" in told.value.hint


@pytest.fixture
def blind_engine(own_ground: Ground) -> Iterator[OwnEngine]:
    """Return an engine whose runtime `nvidia` gives no GPU, as podman's Docker API does without a word."""
    folder = own_ground.open() / own_name("blind")
    folder.mkdir()
    engine = OwnEngine.start(folder, flags=("--add-runtime", f"nvidia={shutil.which('runc')}"))
    try:
        load(engine, built(own_ground), [BASE])
        yield engine
    finally:
        engine.stop()


def test_a_gpu_that_was_asked_for_and_is_not_seen_fails_before_a_cell_runs(
    blind_engine: OwnEngine, tmp_path: Path
) -> None:
    found, lines, labels = train(site_on(blind_engine, tmp_path, gpus="all"), "print('ran')")
    assert labels["io.alekseylearn.asked"].split()[0] == "runtime"
    assert found.failure is not None
    assert found.failure.exception == "NoGPU"
    assert "ran" not in lines
    assert [cell.state for cell in found.cells] == ["not-reached"]
    assert "doctor" in found.failure.hint


def test_a_gpu_that_may_be_missing_is_missed_only_in_a_note(docker_engine: Engine, tmp_path: Path) -> None:
    """Where the machine shows a GPU to us and the engine has no way to it, the job trains on the CPU and says so."""
    site = site_on(docker_engine, tmp_path, gpus="auto")
    backend = site.connect()
    assert isinstance(backend, DockerBackend)
    backend._ways = lambda: ways(backend._engine.kind, backend._engine.info)  # type: ignore[method-assign]
    bundle, digest = bundle_of(SEEN)
    job = backend.submit(bundle, name="toy", digest=digest)
    state = ended(backend, job)
    found = read_result(backend.collect(job, tmp_path / "into"), job, backend="docker", state=state)
    assert backend.logs(job).lines == ("None 0",)
    assert any(note.startswith("trained on the CPU: the engine ") for note in found.warnings)


def test_a_machine_that_shows_no_gpu_is_not_asked_for_one(docker_engine: Engine, tmp_path: Path) -> None:
    found, lines, labels = train(site_on(docker_engine, tmp_path, gpus="auto"))
    assert (found.succeeded, lines, labels["io.alekseylearn.asked"].split()[0]) == (True, ("None 0",), "cpu")
    assert not any("CPU" in note for note in json.loads(labels["io.alekseylearn.notes"]))
