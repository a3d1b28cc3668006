"""What a container engine must have before a notebook can be trained in it, and how to give it what it lacks.

Sources: NVIDIA container toolkit 1.17 (installation, `nvidia-ctk`), Container Device Interface 0.5, Engine API 1.41
(`SystemInfo`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from alekseylearn.checks import Check, State
from alekseylearn.config import Config, Model
from alekseylearn.cores import count_gpus
from alekseylearn.errors import MachineError
from alekseylearn.gpu_requests import EngineKind, ways
from alekseylearn.tables import DockerTable
from alekseylearn.text import plural, size

OLDEST: Mapping[EngineKind, tuple[int, int]] = {"docker": (20, 10), "podman": (4, 3)}
CDI = "`nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`"
RUNTIME = "`nvidia-ctk runtime configure --runtime=docker` and `systemctl restart docker`"
TOOLKIT = "install the package nvidia-container-toolkit"
LITTLE = 20 * 10**9
"""Bytes that an image for deep learning and its layers on the way take."""
NOTHING = 10**9


class Engine(Protocol):
    """What is asked of an engine that answered; *info* is what its `/info` says."""

    @property
    def kind(self) -> EngineKind:
        """docker, or podman by the same API."""
        ...

    @property
    def version(self) -> str:
        """As the engine writes it: `28.5.2`."""
        ...

    @property
    def rootless(self) -> bool:
        """Whether it runs without root."""
        ...

    @property
    def local(self) -> bool:
        """Whether it runs on this very machine."""
        ...

    @property
    def info(self) -> Mapping[str, Any]:
        """What it says of itself."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What can be seen of the machine that we run on; *cdi* are the folders of device specifications."""

    path: str
    devices: Path = Path("/dev")
    cdi: tuple[Path, ...] = (Path("/etc/cdi"), Path("/var/run/cdi"))

    @property
    def gpus(self) -> int:
        """Count the GPUs that a driver offers."""
        return count_gpus({}, self.devices)

    @property
    def specifications(self) -> tuple[str, ...]:
        """Name the files that describe NVIDIA's devices."""
        found = (path for folder in self.cdi for path in folder.glob("*nvidia*") if path.suffix in (".yaml", ".json"))
        return tuple(sorted(map(str, found)))

    def has(self, program: str) -> bool:
        """Whether *program* is installed."""
        return shutil.which(program, path=self.path) is not None


def most_demanding(config: Config) -> DockerTable:
    """Return the `docker:` table of the model that asks for the most GPUs, and must have them."""
    models = config.models.values() or (Model(notebook=""),)

    def demands(table: DockerTable) -> tuple[bool, int, int]:
        gpus = table.gpus
        return (gpus is not None and not gpus.optional, gpus.least if gpus is not None else 0, table.memory or 0)

    return max((config.docker(model) for model in models), key=demands)


def examine(
    environ: Mapping[str, str],
    table: DockerTable,
    connect: Callable[[Mapping[str, str]], Engine],
    host: Host | None = None,
) -> tuple[Check, ...]:
    """Look at the engine that *environ* points to, for containers made as *table* says; nothing is started."""
    try:
        engine = connect(environ)
    except MachineError as error:
        return (Check(name="engine", state="missing", told=error.what, remedy=error.hint),)
    seen = host or Host(path=environ.get("PATH", ""))
    return (_engine(engine), _rights(engine), _memory(engine, table), _storage(engine), *_gpus(engine, table, seen))


def _engine(engine: Engine) -> Check:
    told = f"{engine.kind} {engine.version}"
    numbers = re.match(r"(\d+)\.(\d+)", engine.version)
    oldest = OLDEST[engine.kind]
    if numbers is None:
        return Check(name="engine", state="warning", told=f"{told}: a version that nobody can compare")
    if (int(numbers[1]), int(numbers[2])) < oldest:
        needed = ".".join(map(str, oldest))
        return Check(
            name="engine", state="missing", told=f"{told} is too old", remedy=f"update it to {needed} or newer"
        )
    where = "on this machine" if engine.local else "on another machine"
    return Check(name="engine", state="ok", told=f"{told}, {where}")


def _rights(engine: Engine) -> Check:
    if engine.rootless:
        return Check(name="rights", state="ok", told="rootless: a container can do what its user can")
    told = f"{engine.kind} runs as root: who may use it is root on that machine"
    return Check(name="rights", state="ok", told=told)


def _memory(engine: Engine, table: DockerTable) -> Check:
    if engine.info.get("MemoryLimit", True):
        return Check(name="memory", state="ok", told="limits on memory are kept")
    asked = f", and `memory: {size(table.memory)}` is asked for" if table.memory else ""
    remedy = "use cgroup v2 and delegate its memory controller to the user (systemd: `Delegate=yes`)"
    return Check(name="memory", state="warning", told=f"the engine ignores limits on memory{asked}", remedy=remedy)


def _storage(engine: Engine) -> Check:
    root = engine.info.get("DockerRootDir")
    if not engine.local or not isinstance(root, str) or not root.startswith("/"):
        return Check(name="storage", state="ok", told="not looked at: the engine's files are not on this machine")
    place = next((path for path in (Path(root), *Path(root).parents) if _free(path) is not None), Path("/"))
    free = _free(place) or 0
    told = f"{size(free)} free for images below {root}"
    if free >= LITTLE:
        return Check(name="storage", state="ok", told=told)
    remedy = f"`{engine.kind} system df` shows what takes room, `{engine.kind} system prune` frees it"
    return Check(name="storage", state="missing" if free < NOTHING else "warning", told=told, remedy=remedy)


def _free(path: Path) -> int | None:
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def _gpus(engine: Engine, table: DockerTable, host: Host) -> Iterator[Check]:
    """Say which GPUs there are, and in which way a container gets them."""
    asked = table.gpus
    if asked is None:
        yield Check(name="gpu", state="ok", told="none is asked for (`gpus: none`)")
        return
    if not engine.local:
        yield _way(engine, host, f"the engine's machine is another one: `nvidia-smi` there; {TOOLKIT} there")
        return
    there = host.gpus
    if there < asked.least and not (there == 0 and asked.optional):
        told = f"{plural(asked.least, 'GPU')} asked for, {there} on this machine"
        remedy = "install NVIDIA's driver until `nvidia-smi` lists the GPU, or set `gpus: auto`"
        yield Check(name="gpu", state="missing", told=told, remedy=remedy)
    elif there == 0:
        yield Check(name="gpu", state="ok", told="none on this machine: a job trains on the CPU (`gpus: auto`)")
    else:
        yield Check(name="gpu", state="ok", told=f"{plural(there, 'GPU')} on this machine")
    if there:
        yield _toolkit(host)
        yield _way(engine, host, TOOLKIT)


def _toolkit(host: Host) -> Check:
    """Look for what makes the driver visible inside."""
    if host.has("nvidia-ctk") or host.has("nvidia-container-runtime-hook"):
        return Check(name="toolkit", state="ok", told="NVIDIA's container toolkit is installed")
    told = "NVIDIA's container toolkit is not on PATH"
    return Check(name="toolkit", state="warning", told=told, remedy=TOOLKIT)


def _way(engine: Engine, host: Host, first: str) -> Check:
    """Find the first way of asking for a GPU that works as far as can be seen without starting a container."""
    listed = [str(one.get("ID")) for one in engine.info.get("DiscoveredDevices") or () if isinstance(one, Mapping)]
    gpus = [one for one in listed if one.startswith("nvidia.com/gpu=")]
    for way in ways(engine.kind, engine.info):
        if way == "cdi" and gpus:
            told = f"containers get them as CDI devices: {', '.join(gpus[:3])}"
            return Check(name="gpu in containers", state="ok", told=told)
        if way in ("cdi", "libpod") and engine.local and host.specifications:
            told = f"containers get them as CDI devices: {host.specifications[0]}"
            return Check(name="gpu in containers", state="ok", told=told)
        if way == "gpus" and engine.local and host.has("nvidia-container-runtime-hook"):
            return Check(name="gpu in containers", state="ok", told="containers get them by `--gpus`, NVIDIA's hook")
        if way == "runtime":
            return Check(name="gpu in containers", state="ok", told="containers get them by the runtime `nvidia`")
    told = f"{engine.kind} has no way to give a GPU to a container"
    step = CDI if engine.kind == "podman" else f"{RUNTIME}, or {CDI}"
    state: State = "missing" if engine.local else "warning"
    return Check(name="gpu in containers", state=state, told=told, remedy=f"{first}, then {step}")
