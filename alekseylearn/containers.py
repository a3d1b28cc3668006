"""A training container as plain data, and how the two APIs that engines speak are asked for it.

Sources: Engine API 1.41 `ContainerCreate`, libpod API 4.0 `ContainerCreateLibpod`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from alekseylearn.engine_failures import Ending
from alekseylearn.gpu_requests import EngineKind, Way, devices, host_config, variables
from alekseylearn.sm_contract import HOST, ROOT
from alekseylearn.tables import GpuRequest

NAMESPACE = "io.alekseylearn."
PREFIX = "alekseylearn-"
ROOTLESS_USER = "0:0"
"""Who a job is on an engine without the machine's root: outside, that is the user who runs the engine."""
SCRATCH = ("/tmp", "/var/tmp")  # noqa: S108  # nosec B108 # inside the container
"""Folders in memory, all that can be written to beside the job's own volume."""
HOME, TEMPORARY = f"{ROOT}/home", f"{ROOT}/tmp"  # noqa: S108  # nosec B108 # on a volume of its own
"""Where a job's own files go that are no result: on disk, and gone with the container."""
OWN = {"HOME": HOME, "TMPDIR": TEMPORARY, "USER": "alekseylearn", "LOGNAME": "alekseylearn"}
"""Variables of a user whom the image does not know."""
PIDS = 32_768
GPU_LIMITS = (("memlock", -1),)
"""Resource limits with GPUs: pinned memory. Not every engine may raise them; others the job raises itself."""
_LOG = {"max-size": "64m", "max-file": "3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpus:
    """The GPUs of a container and the way in which they are asked for."""

    request: GpuRequest
    way: Way


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """What a training container is made of; sizes in bytes, *binds* are read-only: path inside -> path on the host.

    *user* is whom its processes run as, by numbers: `1000:1000`.
    """

    image: str
    user: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    labels: Mapping[str, str]
    network: str = "none"
    shm_size: int
    memory: int | None = None
    cpus: float | None = None
    binds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    gpus: Gpus | None = None
    limits: tuple[tuple[str, int], ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """All variables of the container."""
        return {**OWN, **self.environ, **(variables(self.gpus.way, self.gpus.request) if self.gpus else {})}

    @property
    def hosts(self) -> list[str]:
        """Entries for /etc/hosts: on networks without a name service of their own the host name has to be told."""
        return [f"{HOST}:127.0.0.1"] if self.network == "none" else []


def deadline_command(limit: int, kill_after: int, python: str, program: str) -> tuple[str, ...]:
    """Return the first process of the container: coreutils' `timeout`, which ends it after *limit* seconds.

    It holds the limit with no client alive, and hands SIGTERM on, which an image's own entrypoint may swallow.
    """
    return ("timeout", "--signal=TERM", f"--kill-after={kill_after}", str(limit), python, "-u", program)


def engine_request(spec: ContainerSpec, kind: EngineKind) -> dict[str, Any]:
    """Write *spec* as the body of the Engine API's `ContainerCreate`."""
    mounts: list[dict[str, Any]] = [{"Type": "volume", "Target": ROOT}]
    mounts += [
        {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True} for target, source in spec.binds.items()
    ]
    host: dict[str, Any] = {
        "Mounts": mounts,
        "NetworkMode": spec.network,
        "ExtraHosts": spec.hosts,
        "ShmSize": spec.shm_size,
        "CapDrop": ["ALL"],
        "ReadonlyRootfs": True,
        # Compiled kernels are loaded from there.
        "Tmpfs": dict.fromkeys(SCRATCH, "rw,exec,nosuid,nodev,mode=1777"),
        # SELinux would keep a data set from the job unless it were labelled anew, and that is not ours to do.
        "SecurityOpt": ["no-new-privileges", *(["label=disable"] if spec.binds else [])],
        "PidsLimit": PIDS,
        "Ulimits": [{"Name": name, "Soft": limit, "Hard": limit} for name, limit in spec.limits],
    }
    if kind == "docker":
        # json-file breaks characters at 16 KiB.
        host["LogConfig"] = {"Type": "local", "Config": _LOG}
    if spec.memory:
        host |= {"Memory": spec.memory, "MemorySwap": spec.memory}
    if spec.cpus:
        host["NanoCpus"] = round(spec.cpus * 1e9)
    if spec.gpus:
        host |= host_config(spec.gpus.way, spec.gpus.request)
    return {
        "Image": spec.image,
        "Hostname": HOST,
        "User": spec.user,
        "Entrypoint": [spec.command[0]],
        "Cmd": list(spec.command[1:]),
        "Env": [f"{name}={value}" for name, value in spec.variables.items()],
        "Labels": dict(spec.labels),
        "StopSignal": "SIGTERM",
        "HostConfig": host,
    }


def libpod_request(spec: ContainerSpec, name: str) -> dict[str, Any]:
    """Write *spec* as podman's own API takes it: there alone it gives CDI devices."""
    limits: dict[str, Any] = {"pids": {"limit": PIDS}}
    if spec.memory:
        limits["memory"] = {"limit": spec.memory, "swap": spec.memory}
    if spec.cpus:
        limits["cpu"] = {"period": 100_000, "quota": round(spec.cpus * 100_000)}
    mode = "none" if spec.network == "none" else "bridge"
    request = {
        "name": name,
        "image": spec.image,
        "hostname": HOST,
        "user": spec.user,
        "entrypoint": [spec.command[0]],
        "command": list(spec.command[1:]),
        "env": spec.variables,
        "labels": dict(spec.labels),
        "volumes": [{"Dest": ROOT}],
        "mounts": [
            {"type": "bind", "source": source, "destination": target, "options": ["ro", "rbind"]}
            for target, source in spec.binds.items()
        ]
        + [
            {"type": "tmpfs", "source": "tmpfs", "destination": target, "options": ["rw", "exec", "nosuid", "nodev"]}
            for target in SCRATCH
        ],
        "read_only_filesystem": True,
        "netns": {"nsmode": mode},
        "hostadd": spec.hosts,
        "shm_size": spec.shm_size,
        "cap_drop": ["all"],
        "no_new_privileges": True,
        "selinux_opts": ["disable"] if spec.binds else [],
        "resource_limits": limits,
        "r_limits": [
            {"type": f"RLIMIT_{name.upper()}", "soft": limit % 2**64, "hard": limit % 2**64}
            for name, limit in spec.limits
        ],
        "stop_signal": 15,
    }
    if mode != spec.network:
        request["Networks"] = {spec.network: {}}
    if spec.gpus:
        request["devices"] = [{"path": device} for device in devices(spec.gpus.request)]
    return request


@dataclass(frozen=True, slots=True)
class Container:
    """A container of ours as its engine describes it (`ContainerInspect`)."""

    raw: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The engine's own id."""
        return str(self.raw["Id"])

    @property
    def waiting(self) -> bool:
        """Whether it was made and never started."""
        return self._state["Status"] in ("created", "configured", "initialized")

    @property
    def ended(self) -> bool:
        """Whether it ran and runs no more."""
        return self._state["Status"] in ("exited", "dead", "stopped", "removing")

    @property
    def ending(self) -> Ending:
        """How it ended."""
        return Ending(
            code=int(self._state.get("ExitCode") or 0),
            out_of_memory=bool(self._state.get("OOMKilled")),
            error=str(self._state.get("Error") or ""),
            memory=(self.raw.get("HostConfig") or {}).get("Memory") or None,
        )

    def label(self, name: str) -> str:
        """Look up what we wrote down about it; '' where we did not."""
        return str((self.raw["Config"].get("Labels") or {}).get(NAMESPACE + name, ""))

    @property
    def _state(self) -> Mapping[str, Any]:
        state: Mapping[str, Any] = self.raw["State"]
        return state
