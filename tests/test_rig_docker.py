"""The docker rig keeps its promises: images that run, engines of one's own, nothing left behind."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import docker
import pytest
import requests
from docker.errors import APIError, ContainerError, NotFound
from docker.types import DeviceRequest

from tests.rig.docker import image, leftovers
from tests.rig.docker.engine import Engine, OwnEngine, ip
from tests.rig.docker.fixture import built
from tests.rig.docker.gpu import GpuEngine
from tests.rig.docker.ground import Ground, clear_abandoned
from tests.rig.docker.registry import Registry

ROOT = Path(__file__).parents[1]

TRAIN = """
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
features, labels = make_classification(random_state=0)
print(LogisticRegression().fit(features, labels).score(features, labels))
"""


def run(engine: Engine, tag: str, *command: str, **options: Any) -> str:
    with contextlib.closing(engine.client()) as client:
        output: bytes = client.containers.run(tag, list(command), remove=True, **options)
        return output.decode()


def test_a_container_runs_the_tests_own_python(docker_engine: Engine) -> None:
    assert run(docker_engine, image.BASE, "python3", "-c", "import ssl, sqlite3; print(6 * 7)") == "42\n"


def test_the_image_trains_a_model_of_scikit_learn(docker_engine: Engine) -> None:
    assert float(run(docker_engine, image.SKLEARN, "python3", "-c", TRAIN)) > 0.9


def test_a_container_reaches_this_machine_at_the_gateway_and_nothing_else(docker_engine: Engine) -> None:
    reach = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close()"
    with socket.create_server((docker_engine.gateway, 0)) as server:
        port = str(server.getsockname()[1])
        assert run(docker_engine, image.BASE, "python3", "-c", reach, docker_engine.gateway, port) == ""
    if not isinstance(docker_engine, OwnEngine):
        pytest.skip("the engine of DOCKER_HOST has ways of its own to the world")
    with pytest.raises(ContainerError, match=r"name resolution|not known"):
        run(docker_engine, image.BASE, "python3", "-c", reach, "example.com", "80")


def test_an_image_without_python_has_tools_and_an_empty_one_not_even_these(docker_engine: Engine) -> None:
    assert run(docker_engine, image.BARE, "timeout", "5", "sh", "-c", "command -v python3 || echo none") == "none\n"
    with pytest.raises(APIError, match="timeout"):
        run(docker_engine, image.EMPTY, "timeout", "5", "true")


def test_a_restarted_engine_finds_its_containers_running(own_engine: OwnEngine) -> None:
    with contextlib.closing(own_engine.client()) as client:
        container = client.containers.run(image.BASE, ["sleep", "60"], detach=True)
        began = container.attrs["Created"]
        own_engine.restart()
        container.reload()
        assert (container.status, container.attrs["Created"]) == ("running", began)


def test_a_paused_engine_answers_later(own_engine: OwnEngine) -> None:
    own_engine.pause_answering()
    with (
        contextlib.closing(docker.DockerClient(base_url=own_engine.host, version="1.41", timeout=1)) as client,
        pytest.raises(requests.exceptions.ReadTimeout),
    ):
        client.ping()
    own_engine.go_on()
    assert run(own_engine, image.BASE, "echo", "again") == "again\n"


def test_an_image_is_pulled_from_the_registry_by_tag_and_by_digest(docker_engine: Engine, registry: Registry) -> None:
    name = registry.push(docker_engine, image.BARE, "rig/pulled:1")
    with contextlib.closing(docker_engine.client()) as client:
        for reference in (f"{registry.address}/rig/pulled:1", name):
            assert name in client.images.pull(reference).attrs["RepoDigests"]
        with pytest.raises(NotFound, match=r"manifest unknown|not found"):
            client.images.pull(f"{registry.address}/rig/pulled:2")


def test_a_locked_registry_asks_for_its_login(docker_engine: Engine, locked_registry: Registry) -> None:
    locked_registry.push(docker_engine, image.BARE, "rig/locked:1")
    with contextlib.closing(docker_engine.client()) as client:
        with pytest.raises(APIError, match="no basic auth credentials"):
            client.images.pull(f"{locked_registry.address}/rig/locked:1")
        assert client.images.pull(f"{locked_registry.address}/rig/locked:1", auth_config=locked_registry.login).tags


@pytest.mark.parametrize(
    "request_of",
    [
        pytest.param({"device_requests": [DeviceRequest(count=-1, capabilities=[["gpu"]])]}, id="gpus"),
        pytest.param({"runtime": "nvidia", "environment": {"NVIDIA_VISIBLE_DEVICES": "all"}}, id="runtime"),
    ],
)
def test_a_gpu_is_seen_by_whoever_asks_for_one(gpu_engine: GpuEngine, request_of: dict[str, Any]) -> None:
    assert run(gpu_engine, image.BASE, "nvidia-smi", "--list-gpus", **request_of).startswith("GPU 0:")
    assert run(gpu_engine, image.BASE, "sh", "-c", "command -v nvidia-smi || echo none") == "none\n"


CDI = DeviceRequest(driver="cdi", device_ids=["nvidia.com/gpu=all"])


def test_a_gpu_is_injected_by_its_specification_where_the_engine_reads_these(gpu_engine: GpuEngine) -> None:
    if not gpu_engine.has_cdi:
        with pytest.raises(APIError, match="could not select device driver"):
            run(gpu_engine, image.BASE, "true", device_requests=[CDI])
        return
    assert run(gpu_engine, image.BASE, "nvidia-smi", "--list-gpus", device_requests=[CDI]).startswith("GPU 0:")


def test_a_gpu_whose_driver_is_lost_keeps_containers_from_starting(own_gpu_engine: GpuEngine) -> None:
    ways = {"driver not loaded": DeviceRequest(count=-1, capabilities=[["gpu"]])}
    if own_gpu_engine.has_cdi:
        ways["CDI device injection failed"] = CDI
    with own_gpu_engine.driver_lost():
        for message, request in ways.items():
            with pytest.raises(APIError, match=message):
                run(own_gpu_engine, image.BASE, "true", device_requests=[request])
    assert run(own_gpu_engine, image.BASE, "nvidia-smi", "--list-gpus", device_requests=[*ways.values()][-1:])


def test_what_is_shared_is_made_once_for_all_processes(docker_ground: Ground, tmp_path: Path) -> None:
    name = f"shared-{tmp_path.name}"
    script = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from tests.rig.docker.ground import Ground

        def make(place):
            time.sleep(0.2)
            Path({str(tmp_path)!r}, place.name).open("a").write("made ")

        Ground(Path({str(docker_ground.folder)!r})).once({name!r}, make)
    """)
    processes = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / name).read_text(encoding="utf-8") == "made "


def test_what_a_killed_session_left_is_cleared_by_the_next(docker_ground: Ground) -> None:
    script = f"""
import contextlib, os, signal
from pathlib import Path
from tests.rig.docker import image
from tests.rig.docker.engine import OwnEngine
from tests.rig.docker.fixture import load
from tests.rig.docker.ground import Ground

ground = Ground.of(os.getpid())
engine = OwnEngine.at(ground.once("engine", OwnEngine.start))
load(engine, Path({str(built(docker_ground))!r}), [image.BASE])
with contextlib.closing(engine.client()) as client:
    client.containers.run(image.BASE, ["sleep", "600"], detach=True)
print(ground.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert killed.returncode < 0, killed.stderr
    folder = Path(killed.stdout.strip())
    bridge = (folder / "engine" / "bridge").read_text(encoding="utf-8")
    (container,) = (folder / "engine" / leftovers.CONTAINERS).iterdir()
    assert [*leftovers.contained([container.name])]
    assert bridge in ip("link")

    clear_abandoned()

    assert not folder.exists()
    assert not leftovers.mounts(folder)
    assert not [*leftovers.contained([container.name]), *leftovers.marked(folder)]
    assert bridge not in ip("link")
