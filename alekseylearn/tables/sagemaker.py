"""The table `sagemaker:`: where on AWS a training job runs, and on what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from alekseylearn.tables.values import IMAGE, Reader, TooMuchError, read_duration, read_flag, whole, word, words

OnCancel = Literal["stop", "leave"]
Launch = Literal["plain", "torchrun"]

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}\Z", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*\Z")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d\Z")
_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+\Z")
_NETWORK = re.compile(r"(?:subnet|sg)-[0-9a-f]+\Z")
_KEY = re.compile(r"[A-Za-z0-9:/_-]{1,2048}\Z")
MACHINES = 20
"""Machines that may train together: what AWS lends to an account at first is less."""
_VOLUME = 16_384
"""GB of disk that the service gives at most."""
_MOST_INSTANCES = 5
"""As many as the service takes in an order of preference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SageMakerTable:
    """How a training job on SageMaker is made; times in seconds, *volume_size* in GiB.

    *instances* are tried in their order; *count* machines of one kind train together, always by `torchrun`, which
    *launch* asks for on one machine, too. *image* is None for the deep-learning container that has what the notebook
    imports. *keep_alive* keeps the machine for the next job (a warm
    pool); *max_wait* is what a spot job may take with all its waiting.
    """

    role: str | None = None
    bucket: str | None = None
    prefix: str = "alekseylearn"
    region: str | None = None
    instances: tuple[str, ...] = ("ml.m5.xlarge",)
    count: int = 1
    launch: Launch = "plain"
    image: str | None = None
    spot: bool = False
    max_wait: int | None = None
    keep_alive: int | None = None
    volume_size: int = 30
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    kms_key: str | None = None
    network_isolation: bool = False
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    on_cancel: OnCancel = "stop"


_TYPES = words(_INSTANCE, "not the name of an instance type such as ml.g5.xlarge, or a list of them")


def _instances(value: object) -> tuple[str, ...]:
    if type(value) is int and value > MACHINES:
        raise TooMuchError(f"more than {MACHINES} machines; instance_count tells how many")
    found: tuple[str, ...] = words(
        _INSTANCE, "not the name of an instance type such as ml.g5.xlarge, or a list of them"
    )(value)
    if len(found) > _MOST_INSTANCES:
        raise ValueError(f"more than {_MOST_INSTANCES} instance types")
    return found


def _tags(value: object) -> Mapping[str, str]:
    plain = isinstance(value, dict) and all(isinstance(one, str) for pair in value.items() for one in pair)
    if not plain or any(key.startswith("alekseylearn:") for key in value):  # type: ignore[attr-defined]
        raise ValueError("not a mapping of texts to texts, or one of our own tags")
    return MappingProxyType(dict(value))  # type: ignore[call-overload]


def _launch(value: object) -> Launch:
    if value not in ("plain", "torchrun"):
        raise ValueError("not plain or torchrun")
    return value


def _on_cancel(value: object) -> OnCancel:
    if value not in ("stop", "leave"):
        raise ValueError("not stop or leave")
    return value


_COUNT = whole(MACHINES, "not a number of machines", "machines (instance_count)")
ALIASES: Mapping[str, str] = MappingProxyType({"instance_type": "instances", "instance_count": "count"})
"""The service's own words for keys of ours."""

MAX_RUNTIME = "max_runtime"
"""The service's own word for the `timeout`, which stands beside this table."""

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "role": word(_ROLE, "not the ARN of a role, such as arn:aws:iam::111122223333:role/alekseylearn-execution"),
        "bucket": word(_BUCKET, "not the name of a bucket"),
        "prefix": word(_PREFIX, "not a prefix such as team/alekseylearn"),
        "region": word(_REGION, "not a region such as eu-central-1"),
        "instances": _instances,
        "instance_type": _instances,
        "count": _COUNT,
        "instance_count": _COUNT,
        "launch": _launch,
        "image": word(IMAGE, "not the name of an image, which has no blanks and no signs of a shell"),
        "spot": read_flag,
        "max_wait": read_duration,
        MAX_RUNTIME: read_duration,
        "keep_alive": read_duration,
        "volume_size": whole(_VOLUME, "not a size in GB such as 50", "GB"),
        "subnets": words(_NETWORK, "not the id of a subnet, or a list of them"),
        "security_groups": words(_NETWORK, "not the id of a security group, or a list of them"),
        "kms_key": word(_KEY, "not the id or ARN of a key"),
        "network_isolation": read_flag,
        "tags": _tags,
        "on_cancel": _on_cancel,
    }
)
"""What each key is read by."""


def own_words(table: Mapping[str, object]) -> dict[str, object]:
    """Put our keys in the place of the service's own."""
    return {ALIASES.get(key, key): value for key, value in table.items()}


def read_sagemaker(table: Mapping[str, object]) -> SageMakerTable:
    """Read a checked table; raises `ValueError` for one that `table_mistakes` has something to say about.

    `max_runtime` is no part of it: the configuration takes it for its `timeout`.
    """
    read = {key: READERS[key](value) for key, value in own_words(table).items()}
    return SageMakerTable(**{key: value for key, value in read.items() if key != MAX_RUNTIME})
