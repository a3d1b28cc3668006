"""The fixtures of the docker rig.

`docker_engine` and `gpu_engine` are shared by all workers of a test session: do not restart, pause or stop them.
`own_engine` and `own_gpu_engine` are one test's own. With `DOCKER_HOST` set, `docker_engine` is the engine that it names, and what needs an engine of one's own is
skipped. Where an engine cannot run at all, tests are skipped with the reason, and fail in continuous integration.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from tests.rig.docker import gpu, image
from tests.rig.docker import registry as registries
from tests.rig.docker.engine import Engine, OwnEngine, missing
from tests.rig.docker.gpu import GpuEngine
from tests.rig.docker.ground import Ground, RigError, own_name
from tests.rig.docker.registry import Registry

GROUND = pytest.StashKey[Ground]()
NAME = "docker_ground"
E = TypeVar("E", bound=OwnEngine)


def pytest_configure(config: pytest.Config) -> None:
    """Agree on one ground: the controller's process names it."""
    named = getattr(config, "workerinput", {}).get(NAME)
    config.stash[GROUND] = Ground(Path(named)) if named else Ground.of(os.getpid())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker which ground it is."""
    node.workerinput[NAME] = str(node.config.stash[GROUND].folder)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the workers have started, once they are gone."""
    ground = config.stash.get(GROUND, None)
    if ground is not None and not hasattr(config, "workerinput") and ground.folder.exists():
        for start in ground.folder.glob("*/start.json"):
            OwnEngine.at(start.parent).stop()
        ground.clear()


@pytest.fixture(scope="session")
def docker_ground(request: pytest.FixtureRequest) -> Ground:
    """Return the session's ground, on a machine that has what an engine needs."""
    if lack := missing():
        do_without(lack, failing=bool(os.environ.get("CI")))
    return request.config.stash[GROUND]


@pytest.fixture(scope="session")
def docker_engine(request: pytest.FixtureRequest) -> Engine:
    """Return an engine that has all images of `tests.rig.docker.image`."""
    if host := os.environ.get("DOCKER_HOST"):
        engine = Engine.running(host)
        load(engine, built(request.config.stash[GROUND]), tuple(image.IMAGES))
        return engine
    ground: Ground = request.getfixturevalue("docker_ground")

    def start(folder: Path) -> None:
        load(OwnEngine.start(folder), built(ground), tuple(image.IMAGES))

    return OwnEngine.at(ground.once("engine", start))


@pytest.fixture(scope="session")
def own_ground(request: pytest.FixtureRequest) -> Ground:
    """Return the session's ground for engines that must be ours: it skips where `DOCKER_HOST` names another."""
    if os.environ.get("DOCKER_HOST"):
        do_without("the engine of DOCKER_HOST is not ours to restart, nor has it a stand-in for a GPU", failing=False)
    ground: Ground = request.getfixturevalue("docker_ground")
    return ground


@pytest.fixture
def own_engine(own_ground: Ground) -> Iterator[OwnEngine]:
    """Return an engine that this test alone uses, with the base image: restart it, pause it, stop it."""
    with own(own_ground, OwnEngine.start) as engine:
        yield engine


@pytest.fixture(scope="session")
def gpu_engine(own_ground: Ground) -> GpuEngine:
    """Return an engine with a GPU that is not there, shared by all workers, with the base image."""

    def start(folder: Path) -> None:
        load(gpu.start(folder), built(own_ground), [image.BASE])

    return GpuEngine.at(own_ground.once("gpu", start))


@pytest.fixture
def own_gpu_engine(own_ground: Ground) -> Iterator[GpuEngine]:
    """Return the like for this test alone: it may lose its driver."""
    with own(own_ground, gpu.start) as engine:
        yield engine


@pytest.fixture(scope="session")
def registry(docker_ground: Ground) -> Registry:
    """Return an empty registry, shared by all workers: push to names of your own."""
    return shared_registry(docker_ground, locked=False)


@pytest.fixture(scope="session")
def locked_registry(docker_ground: Ground) -> Registry:
    """Return a registry that asks for its login."""
    return shared_registry(docker_ground, locked=True)


def shared_registry(ground: Ground, *, locked: bool) -> Registry:
    """Return one of the two registries."""
    if lack := registries.missing():
        do_without(lack, failing=bool(os.environ.get("CI")))
    if (host := os.environ.get("DOCKER_HOST")) and Engine.running(host).is_rootless:
        do_without("a rootless engine has a loopback of its own", failing=False)
    start = functools.partial(Registry.start, locked=locked)
    return Registry.at(ground.once("locked-registry" if locked else "registry", start))


@contextlib.contextmanager
def own(ground: Ground, start: Callable[[Path], E]) -> Iterator[E]:
    """Start an engine of one's own with the base image, and stop it at the end."""
    folder = ground.open() / own_name("own")
    folder.mkdir()
    engine = start(folder)
    try:
        load(engine, built(ground), [image.BASE])
        yield engine
    finally:
        engine.stop()


def built(ground: Ground) -> Path:
    """Return the folder with the images' layers."""
    return ground.once("layers", image.build)


def load(engine: Engine, layers: Path, tags: Sequence[str]) -> None:
    """Give *engine* the images *tags*."""
    with contextlib.closing(engine.client()) as client:
        # What is iterable is sent piece by piece: an archive need not lie anywhere.
        told = list(client.api.load_image(image.archive(layers, tags)))  # type: ignore[no-untyped-call]
        absent = [tag for tag in tags if not client.images.list(tag)]
    if absent:
        raise RigError(f"the engine did not load {', '.join(absent)}; it said last: {told[-1:]}")


def do_without(lack: str, *, failing: bool) -> NoReturn:
    """Skip the test, or fail it: continuous integration has what the tests need."""
    if failing:
        pytest.fail(lack)
    pytest.skip(lack)
