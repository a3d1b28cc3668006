"""The table `docker:`: how a container is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from alekseylearn.tables.values import IMAGE, ForbiddenError, Reader, parse_size

Pull = Literal["missing", "always", "never"]

_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")
_GPU = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_./-]{0,63}\Z")
_LEAST_MEMORY = 6 * 2**20
"""What engines ask for at least."""
_MOST = 4096
"""Cores or GPUs: more than any machine has, and few enough to be named one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuRequest:
    """Which GPUs a job asks for: *count* of them, those named by *ids*, or (0 and none named) all there are.

    A machine without any trains on its CPU where they are *optional*.
    """

    count: int = 0
    ids: tuple[str, ...] = ()
    optional: bool = False

    @property
    def least(self) -> int:
        """How many the job must see."""
        return self.count or len(self.ids) or 1


AUTO = GpuRequest(optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerTable:
    """How a container is made; sizes in bytes.

    *image* is None for the deep-learning container that has what the notebook imports; *gpus* is None for no GPU at
    all; *network* is the name of one, `none` by default.
    """

    image: str | None = None
    gpus: GpuRequest | None = AUTO
    memory: int | None = None
    shm_size: int = 2 * 2**30
    cpus: float | None = None
    network: str = "none"
    pull: Pull = "missing"


def _image(value: object) -> str:
    if not (isinstance(value, str) and IMAGE.match(value)):
        raise ValueError("not the name of an image, which has no blanks and no signs of a shell")
    return value


def _network(value: object) -> str:
    if value == "host":
        raise ForbiddenError("the machine's own network, which no container gets")
    if isinstance(value, str) and value.startswith(("container:", "ns:")):
        raise ForbiddenError("the network of something else on the machine, which no container gets")
    if not (isinstance(value, str) and _NETWORK.match(value)):
        raise ValueError("not the name of a network, such as none or bridge")
    return value


def _memory(value: object) -> int:
    size = parse_size(value)
    if size < _LEAST_MEMORY:
        raise ValueError("less than 6m, which no container can live in")
    return size


def _cpus(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.01 <= value <= _MOST:
        raise ValueError("not a number of cores")
    return float(value)


def _pull(value: object) -> Pull:
    if value not in ("missing", "always", "never"):
        raise ValueError("not missing, always or never")
    return value


def _gpus(value: object) -> GpuRequest | None:
    if value == "none" or (type(value) is int and value == 0):
        return None
    if value == "auto":
        return AUTO
    if value == "all":
        return GpuRequest()
    if type(value) is int and 0 < value <= _MOST:
        return GpuRequest(count=value)
    if isinstance(value, list) and value:
        ids = [str(one) if type(one) is int else one for one in value]
        if all(isinstance(one, str) and _GPU.match(one) for one in ids):
            return GpuRequest(ids=tuple(ids))
    raise ValueError("not auto, all, none, a number of GPUs or a list of them")


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "image": _image,
        "gpus": _gpus,
        "memory": _memory,
        "shm_size": parse_size,
        "cpus": _cpus,
        "network": _network,
        "pull": _pull,
    }
)
"""What each key is read by."""


def read_docker(table: Mapping[str, object]) -> DockerTable:
    """Read a checked table; raises `ValueError` for one that `table_mistakes` has something to say about."""
    return DockerTable(**{key: READERS[key](value) for key, value in table.items()})
