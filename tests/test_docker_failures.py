"""What can go wrong with a container: each is recognised, and said with its remedy."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from alekseylearn.bundle import Bundle
from alekseylearn.engines import connect_engine
from alekseylearn.errors import MachineError
from alekseylearn.jobs import JobState, TrainingResult
from alekseylearn.results import read_result
from tests.contract.jobs import Site, bundle_of, ended, site_on, until
from tests.rig.docker.engine import Engine
from tests.rig.docker.image import BARE, EMPTY


@pytest.fixture
def client(docker_engine: Engine) -> Iterator[docker.DockerClient]:
    with closing(docker_engine.client()) as client:
        yield client


def result(site: Site, *cells: str, supervisor: bytes | None = None, meanwhile: object = None) -> TrainingResult:
    """Train *cells*, or what *supervisor* does in place of the runtime, and read what comes home."""
    backend = site.connect()
    bundle, digest = bundle_of(*(cells or ("x = 1",)), timeout=30)
    if supervisor is not None:
        bundle = Bundle({**bundle.files, "_al/supervisor.py": supervisor})
    job = backend.submit(bundle, name="toy", digest=digest)
    if callable(meanwhile):
        meanwhile(job)
    state = ended(backend, job)
    into = backend.collect(job, Path(site.folder) / "into")
    backend.discard(job)
    return read_result(into, job, backend="docker", state=state)


def failure(found: TrainingResult) -> tuple[str, str, str]:
    assert found.failure is not None
    return found.failure.exception, found.failure.message, found.failure.hint


def test_a_job_that_needs_more_memory_than_it_was_given(docker_engine: Engine, tmp_path: Path) -> None:
    if not connect_engine({"DOCKER_HOST": docker_engine.host}).info.get("MemoryLimit", True):
        pytest.skip("this engine keeps no limit of memory: it is rootless, without cgroup v2")
    found = result(site_on(docker_engine, tmp_path, memory="80m"), "data = bytearray(200_000_000)")
    exception, message, hint = failure(found)
    assert (found.state, exception) == (JobState.FAILED, "OutOfMemory")
    assert message == "the memory limit of 83.9 MB was reached and the job killed"
    assert "raise `memory` under `docker:`" in hint
    assert found.failure is not None
    assert found.failure.cell == 0


def test_shared_memory_that_is_too_small(docker_engine: Engine, tmp_path: Path) -> None:
    cell = (
        "raise RuntimeError('unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)')"
    )
    _, _, hint = failure(result(site_on(docker_engine, tmp_path, shm_size="1m"), cell))
    assert "shm_size" in hint


def test_a_job_that_ignores_its_limit_is_ended_by_the_container(
    docker_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alekseylearn.container_orders.MARGIN", -59)
    found = result(site_on(docker_engine, tmp_path), supervisor=b"import time; time.sleep(60)")
    exception, message, _ = failure(found)
    assert (found.state, exception) == (JobState.TIMED_OUT, "TimeLimit")
    assert "time limit was reached" in message


def test_a_container_that_was_killed_from_outside(
    docker_engine: Engine, client: docker.DockerClient, tmp_path: Path
) -> None:
    site = site_on(docker_engine, tmp_path)

    def kill(job: object) -> None:
        until(lambda: site.connect().logs(job).lines != (), "the job")  # type: ignore[arg-type]
        client.containers.get(job.place).kill(signal.SIGKILL)  # type: ignore[attr-defined]

    found = result(site, "import time; print('here', flush=True); time.sleep(60)", meanwhile=kill)
    exception, message, _ = failure(found)
    assert (found.state, exception) == (JobState.LOST, "Killed")
    assert "killed from outside" in message
    assert message.endswith("in cell 0")


def test_an_image_without_python(docker_engine: Engine, tmp_path: Path) -> None:
    found = result(site_on(docker_engine, tmp_path, image=BARE))
    exception, message, hint = failure(found)
    assert (exception, found.state) == ("BadImage", JobState.LOST)
    assert "the image lacks `python3`" in message
    assert "any image with coreutils and Python works" in hint
    assert found.failure is not None
    assert "python3" in found.failure.traceback


def test_an_image_without_timeout(docker_engine: Engine, client: docker.DockerClient, tmp_path: Path) -> None:
    bundle, digest = bundle_of("x = 1")
    with pytest.raises(MachineError, match=r"docker\.image") as told:
        site_on(docker_engine, tmp_path, image=EMPTY).connect().submit(bundle, name="toy", digest=digest)
    assert told.value.what == "the image lacks `timeout`"
    assert client.containers.list(all=True, filters={"label": f"io.alekseylearn.digest={digest}"}) == []


def test_a_job_that_ends_well_and_leaves_no_result(docker_engine: Engine, tmp_path: Path) -> None:
    found = result(site_on(docker_engine, tmp_path), supervisor=b"print('nothing')")
    exception, message, _ = failure(found)
    assert (found.state, exception) == (JobState.LOST, "NoResult")
    assert "left no result" in message


def test_what_the_program_said_when_it_broke_comes_home(docker_engine: Engine, tmp_path: Path) -> None:
    found = result(site_on(docker_engine, tmp_path), supervisor=b"raise SystemExit('the runtime is broken')")
    assert found.failure is not None
    assert found.failure.exception == "Lost"
    assert "status 1" in found.failure.message
    assert "the runtime is broken" in found.failure.traceback


@pytest.mark.parametrize(
    ("table", "data", "slug", "word"),
    [
        ({"image": "alekseylearn-test/none:1"}, {}, "docker.pull", "not on the engine's machine"),
        ({"network": "nowhere"}, {}, "docker.network", "knows no network"),
        ({}, {"train": "/nowhere/at/all"}, "docker.data", "is not on the engine's machine"),
        ({"gpus": "all"}, {}, "gpu.", "the engine "),
    ],
)
def test_what_the_engine_refuses_is_told_before_anything_runs(
    docker_engine: Engine,
    client: docker.DockerClient,
    tmp_path: Path,
    table: dict[str, object],
    data: dict[str, str],
    slug: str,
    word: str,
) -> None:
    from dataclasses import replace

    from alekseylearn.backends.docker import DockerBackend

    backend = site_on(docker_engine, tmp_path, **table).connect()
    assert isinstance(backend, DockerBackend)
    backend._options = replace(backend._options, data=data)
    bundle, digest = bundle_of("x = 1")
    with pytest.raises(MachineError) as told:
        backend.submit(bundle, name="toy", digest=digest)
    assert told.value.slug.startswith(slug)
    assert word in told.value.what
    assert told.value.hint
    assert client.containers.list(all=True, filters={"label": f"io.alekseylearn.digest={digest}"}) == []


def test_more_cores_than_there_are(docker_engine: Engine, tmp_path: Path) -> None:
    backend = site_on(docker_engine, tmp_path, cpus=4096).connect()
    bundle, digest = bundle_of("x = 1")
    if backend.machine.startswith("podman"):
        # It lets the job have what there is.
        job = backend.submit(bundle, name="toy", digest=digest)
        assert ended(backend, job) is JobState.SUCCEEDED
        return
    with pytest.raises(MachineError, match=r"docker\.cpus.*fewer cores"):
        backend.submit(bundle, name="toy", digest=digest)


def test_a_memory_limit_that_the_engine_does_not_keep_is_said(docker_engine: Engine, tmp_path: Path) -> None:
    from alekseylearn.backends.docker import DockerBackend

    site = site_on(docker_engine, tmp_path, memory="1g")
    backend = site.connect()
    assert isinstance(backend, DockerBackend)
    backend._engine.info = {**backend._engine.info, "MemoryLimit": False}
    bundle, digest = bundle_of("x = 1")
    job = backend.submit(bundle, name="toy", digest=digest)
    state = ended(backend, job)
    found = read_result(backend.collect(job, tmp_path / "into"), job, backend="docker", state=state)
    assert any("the memory limit is not kept" in warning for warning in found.warnings)
