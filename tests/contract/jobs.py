"""Small bundles with the real runtime, and what it takes to watch and to hurt the jobs made of them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import textwrap
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import docker

from alekseylearn.backends import connect
from alekseylearn.backends.base import Backend, Options
from alekseylearn.bundle import Bundle
from alekseylearn.config import BackendName
from alekseylearn.disk import is_locked
from alekseylearn.files import runtime_files
from alekseylearn.jobs import JobHandle, JobState
from alekseylearn.tables import read_docker, read_sagemaker
from tests.fakes.sagemaker.service import SageMakerService
from tests.rig.docker.engine import Engine
from tests.rig.docker.image import BASE

PATIENCE = 60.0
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def bundle_of(*cells: str, timeout: int = 60) -> tuple[Bundle, str]:
    """Pack *cells*, the last of which trains, and name the identity of the job, which is each test's own."""
    sources = [textwrap.dedent(cell).strip() for cell in cells]
    test = [os.environ.get(name, "").partition(" (")[0] for name in ("PYTEST_XDIST_TESTRUNUID", "PYTEST_CURRENT_TEST")]
    digest = hashlib.sha256(json.dumps([*test, *sources]).encode()).hexdigest()
    last = len(sources) - 1
    manifest = {
        "version": 1,
        "name": "toy",
        "run": digest[:12],
        "digest": digest,
        "notebook": "toy.ipynb",
        "workdir": "",
        "cells": [
            {"cell": cell, "headline": "", "source": source, "target": "train" if cell == last else None}
            for cell, source in enumerate(sources)
        ],
        "parameters": {"epochs": 2},
        "seed": None,
        "goals": {},
        "model": None,
        "timeout": timeout,
        "cell_timeout": None,
        "grace": 5,
        "gpu": False,
        "kernel": KERNEL,
    }
    script = "".join(f"# %% [cell {cell}]\n{source}\n" for cell, source in enumerate(sources))
    files = {"train.py": script.encode(), "manifest.json": json.dumps(manifest).encode(), "requirements.txt": b""}
    return Bundle(files | {f"_al/{path}": data for path, data in runtime_files().items()}), digest


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for *condition*, for as long as a busy machine may need."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def ended(backend: Backend, job: JobHandle) -> JobState:
    until(lambda: backend.poll(job).ended, "the end of the job")
    return backend.poll(job)


CHANNEL = "gate"
TOKEN = "import uuid; print(uuid.uuid4())"
"""A cell that prints what no other execution prints."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A cell that says that it is there and waits until it may go on; *folder* is a data set of the job."""

    folder: Path

    @property
    def place(self) -> str:
        """What the folder is to a cell: a data set, or (where data come from S3 once) the folder itself."""
        return f"os.environ.get('SM_CHANNEL_{CHANNEL.upper()}', {str(self.folder)!r})"

    @property
    def silent(self) -> str:
        return (
            "import os, pathlib, time\n"
            f"here = pathlib.Path({self.place})\n"
            # What a test has left behind does not wait for ever.
            f"end = time.monotonic() + {2 * PATIENCE}\n"
            "while not (here / 'open').exists() and time.monotonic() < end:\n"
            "    time.sleep(0.01)"
        )

    @property
    def cell(self) -> str:
        return f"print('reached', flush=True)\n{self.silent}"

    def wait(self, backend: Backend, job: JobHandle) -> None:
        until(lambda: "reached" in backend.logs(job).lines, "the cell")

    def open(self) -> None:
        (self.folder / "open").touch()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A backend to be tried: what it is connected with, as plain data that another process can be given, too."""

    name: BackendName
    folder: str
    environ: Mapping[str, str]
    docker: Mapping[str, object] = field(default_factory=dict)
    sagemaker: Mapping[str, object] = field(default_factory=dict)
    """The raw tables of the configuration."""

    def connect(self, **environ: str) -> Backend:
        folder = Path(self.folder)
        (folder / CHANNEL).mkdir(exist_ok=True)
        options = Options(
            home=folder / "home",
            environ={**self.environ, **environ},
            docker=read_docker(self.docker),
            sagemaker=read_sagemaker(self.sagemaker),
            data={} if self.name == "sagemaker" else {CHANNEL: str(folder / CHANNEL)},
        )
        return connect(self.name, options)

    def kill(self, job: JobHandle) -> None:
        """Kill *job* from outside, as the kernel does."""
        match self.name:
            case "process":
                kill_process(job)
            case "docker":
                kill_container(job, self.environ["DOCKER_HOST"])
            case "sagemaker":
                kill_training_job(job)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Site:
        return cls(**json.loads(text))


def site_on(engine: Engine, folder: Path, **table: object) -> Site:
    """Return the backend `docker` on *engine*, with the rig's plain image unless *table* names another."""
    environ = {"PATH": os.environ["PATH"], "DOCKER_HOST": engine.host}
    return Site(name="docker", folder=str(folder), environ=environ, docker={"image": BASE, "pull": "never", **table})


def site_in(service: SageMakerService, folder: Path, **table: object) -> Site:
    """Return the backend `sagemaker` in *service*, with a prefix of its own."""
    service.settings.shared = (*service.settings.shared, folder)
    own = {"role": service.role, "bucket": service.bucket, "prefix": f"t{folder.name.replace('_', '-')}"}
    return Site(name="sagemaker", folder=str(folder), environ={**service.environ}, sagemaker={**own, **table})


def kill_process(job: JobHandle) -> None:
    """Kill the supervisor of a process job as the kernel does when memory runs out."""
    folder = Path(job.place)
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    until(lambda: not is_locked(folder / "alive"), "the end of the supervisor")


def kill_training_job(job: JobHandle) -> None:
    """Kill the first process of a training job in the service on this machine."""
    name = f"TRAINING_JOB_NAME={job.url.rpartition('/')[2]}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            inner = re.search(rb"^NSpid:.*\t1$", (process / "status").read_bytes(), re.MULTILINE)
            if inner and name in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
                return
    raise AssertionError(f"{name!r} has no first process")


def kill_container(job: JobHandle, host: str) -> None:
    """Kill the first process of a container, and wait for its end."""
    with closing(docker.DockerClient(base_url=host, timeout=60)) as client:
        container = client.containers.get(job.place)
        container.kill()
        container.wait()
