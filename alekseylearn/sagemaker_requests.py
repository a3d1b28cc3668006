"""A training job as a request to SageMaker: what `CreateTrainingJob` is asked for, as plain data.

Source: the API reference of SageMaker, `CreateTrainingJob`; `ContainerEntrypoint` starts our own boot as the first
process, since the toolkit's `train` passes no SIGTERM on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alekseylearn.bundle import Bundle
from alekseylearn.catalogue import has_gpu
from alekseylearn.sm_contract import ROOT
from alekseylearn.tables import SageMakerTable

PREFIX = "alekseylearn-"
"""How the names of our jobs begin; policies of IAM speak of it."""
CODE = "code"
"""The channel that brings the bundle."""
BOOT = "boot.py"
ARCHIVE = "bundle.tar"
TOKEN = "ALEKSEYLEARN_TOKEN"  # noqa: S105 - the name of a variable; it opens nothing
"""Says whose request has made a job."""
MIRROR = "alekseylearn"
"""Folder below the checkpoints that holds copies of the live files."""
MARGIN = 300
"""Seconds that the service gives a job beyond the time limit that the job keeps itself."""
SPOT_WAIT = 3600
"""Seconds that a spot job may wait for machines, where the table says nothing."""
_CHECKPOINTS = f"{ROOT}/checkpoints"
_TYPES = ("InstanceType", "InstancePreferences")
_OURS = "alekseylearn:"
_TEXT = 256
"""Characters of a tag's value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOrder:
    """Everything that a request is made of.

    *root* is the address of our folder in S3, without a slash at the end; *channels* are addresses of data sets by
    name; *labels* are tags of ours (repository, pull, commit) for people and bills. *preferences* says that the
    service takes several instance types in one request; *environ* are variables for the job; by *token* we know our own
    request again.
    """

    bundle: Bundle
    digest: str
    name: str
    table: SageMakerTable
    image: str
    root: str
    channels: Mapping[str, str]
    labels: Mapping[str, str]
    preferences: bool
    environ: Mapping[str, str]
    token: str

    @property
    def code(self) -> str:
        """The bundle's folder below *root*: its address is its content."""
        return f"code/{self.bundle.digest}"


def job_name(digest: str, number: int) -> str:
    """Name the *number*-th job of the identity *digest*; names are unique in an account and region, for ever."""
    return f"{PREFIX}{digest[:12]}-{number}"


def last_line(digest: str) -> str:
    """Return what a job prints last: who reads the log knows by it that nothing is still on its way."""
    return f"alekseylearn: run {digest[:12]} has ended"


def max_runtime(bundle: Bundle) -> int:
    """Return the seconds after which the service itself ends a job that did not keep its own time limit."""
    return int(_manifest(bundle).get("timeout") or 24 * 3600) + MARGIN


def request_of(order: JobOrder, number: int, instances: Sequence[str]) -> dict[str, Any]:
    """Write the request for the *number*-th job on one of *instances*, the first of which is wanted most."""
    table = order.table
    name = job_name(order.digest, number)
    request: dict[str, Any] = {
        "TrainingJobName": name,
        "RoleArn": table.role,
        "AlgorithmSpecification": {
            "TrainingImage": order.image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3"],
            "ContainerArguments": [f"{ROOT}/input/data/{CODE}/{BOOT}"],
        },
        "HyperParameters": {key: json.dumps(value) for key, value in _parameters(order.bundle).items()},
        "Environment": _environment(order, instances),
        "InputDataConfig": [
            _channel(CODE, f"{order.root}/{order.code}/"),
            *(_channel(*one) for one in sorted(order.channels.items())),
        ],
        "OutputDataConfig": {"S3OutputPath": f"{order.root}/runs", "CompressionType": "GZIP"},
        "CheckpointConfig": {"S3Uri": f"{order.root}/runs/{name}/checkpoints", "LocalPath": _CHECKPOINTS},
        "ResourceConfig": _machines(order, instances),
        "StoppingCondition": {"MaxRuntimeInSeconds": max_runtime(order.bundle)},
        "Tags": _tags(order),
        "EnableNetworkIsolation": table.network_isolation,
    }
    if table.kms_key:
        request["OutputDataConfig"]["KmsKeyId"] = table.kms_key
    if table.subnets:
        request["VpcConfig"] = {"Subnets": [*table.subnets], "SecurityGroupIds": [*table.security_groups]}
    if table.spot:
        request["EnableManagedSpotTraining"] = True
        longest_wait = max(max_runtime(order.bundle), table.max_wait or max_runtime(order.bundle) + SPOT_WAIT)
        request["StoppingCondition"]["MaxWaitTimeInSeconds"] = longest_wait
    else:
        # Failures of the service itself are tried again on its side; spot jobs are restarted anyway.
        request["RetryStrategy"] = {"MaximumRetryAttempts": 2}
    return request


def again(request: Mapping[str, Any], number: int, instances: Sequence[str]) -> dict[str, Any]:
    """Return *request* as the *number*-th job of its identity, on others of the *instances*."""
    stem, _, _ = request["TrainingJobName"].rpartition("-")
    name = f"{stem}-{number}"
    checkpoints = request["CheckpointConfig"]
    folder = checkpoints["S3Uri"].replace(f"/{request['TrainingJobName']}/", f"/{name}/")
    machines = {key: value for key, value in request["ResourceConfig"].items() if key not in _TYPES}
    wanted = _wanted(instances, preferences="InstancePreferences" in request["ResourceConfig"])
    return {
        **request,
        "TrainingJobName": name,
        "CheckpointConfig": {**checkpoints, "S3Uri": folder},
        "ResourceConfig": {**machines, **wanted},
    }


def instances_of(request: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the instance types that *request* asks for, in their order."""
    machines = request["ResourceConfig"]
    preferred = machines.get("InstancePreferences") or [machines]
    return tuple(one["InstanceType"] for one in preferred)


def labels_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of ours that *request* has."""
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
    ours = (key for key in tags if key.startswith(_OURS))
    return {key.removeprefix(_OURS): tags[key] for key in ours}


def _wanted(instances: Sequence[str], *, preferences: bool) -> dict[str, Any]:
    if preferences and len(instances) > 1:
        return {"InstancePreferences": [{"InstanceType": instance} for instance in instances]}
    return {"InstanceType": instances[0]}


def _machines(order: JobOrder, instances: Sequence[str]) -> dict[str, Any]:
    table = order.table
    found: dict[str, Any] = {"InstanceCount": table.count, "VolumeSizeInGB": table.volume_size}
    found |= _wanted(instances, preferences=order.preferences and not table.spot)
    if table.kms_key:
        found["VolumeKmsKeyId"] = table.kms_key
    if table.keep_alive and not table.spot:
        found["KeepAlivePeriodInSeconds"] = table.keep_alive
    return found


def _environment(order: JobOrder, instances: Sequence[str]) -> dict[str, str]:
    gpus = "1" if all(map(has_gpu, instances)) else "auto"
    return {
        **order.environ,
        "ALEKSEYLEARN_DIGEST": order.digest,
        "ALEKSEYLEARN_NAME": order.name,
        TOKEN: order.token,
        "ALEKSEYLEARN_BUNDLE": order.bundle.digest,
        "ALEKSEYLEARN_REQUIREMENTS": "check" if order.table.network_isolation else "install",
        "ALEKSEYLEARN_MIRROR": f"{_CHECKPOINTS}/{MIRROR}",
        "ALEKSEYLEARN_LAST_LINE": last_line(order.digest),
        **({"ALEKSEYLEARN_LAUNCH": "torchrun"} if order.table.launch == "torchrun" else {}),
        **({"ALEKSEYLEARN_GPUS": gpus} if any(map(has_gpu, instances)) else {}),
    }


def _channel(name: str, address: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": address, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def _tags(order: JobOrder) -> list[dict[str, str]]:
    ours = {"run": order.digest[:12], "model": order.name, **order.labels}
    told = {f"{_OURS}{key}": value[:_TEXT] for key, value in ours.items() if value} | dict(order.table.tags)
    return [{"Key": key, "Value": value} for key, value in told.items()]


def _parameters(bundle: Bundle) -> dict[str, object]:
    found = _manifest(bundle).get("parameters", {})
    return found if isinstance(found, dict) else {}


def _manifest(bundle: Bundle) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bundle.files.get("manifest.json", b"{}"))
    return found
