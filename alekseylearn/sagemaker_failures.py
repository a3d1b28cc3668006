"""Why SageMaker does not take a training job: its words become a slug, a sentence and what to do about it.

Sources: the errors that `CreateTrainingJob` states in the API reference, and its messages in public issue trackers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from alekseylearn.errors import AlekseylearnError, InputError, MachineError
from alekseylearn.service_model import Violation
from alekseylearn.tables import SageMakerTable
from alekseylearn.text import plural

QUOTA = "ResourceLimitExceeded"
TAKEN = "ResourceInUse"
_SETTINGS: Mapping[str, str] = {
    "RoleArn": "role",
    "AlgorithmSpecification.TrainingImage": "image",
    "ResourceConfig.InstanceType": "instances",
    "ResourceConfig.InstancePreferences": "instances",
    "ResourceConfig.InstanceCount": "count",
    "ResourceConfig.VolumeSizeInGB": "volume_size",
    "ResourceConfig.KeepAlivePeriodInSeconds": "keep_alive",
    "ResourceConfig.VolumeKmsKeyId": "kms_key",
    "StoppingCondition.MaxRuntimeInSeconds": "timeout",
    "StoppingCondition.MaxWaitTimeInSeconds": "max_wait",
    "OutputDataConfig.S3OutputPath": "bucket` and `prefix",
    "VpcConfig.Subnets": "subnets",
    "VpcConfig.SecurityGroupIds": "security_groups",
    "Tags": "tags",
    "InputDataConfig": "data",
}
"""The keys of alekseylearn.yml that parts of a request come from."""
_QUOTA = re.compile(r"'([\w.-]+) for (?:spot )?training (?:job|warm pool) usage' is (\d+)")
_DENIED = re.compile(r"not authorized to perform:? ([\w:-]+)(?: on resource:? (\S+))?")


def without_long_parameters(request: dict[str, Any], found: Iterable[Violation]) -> tuple[Violation, ...]:
    """Take those hyperparameters out of *request* that the service does not take; return the other violations.

    The bundle has them all: on SageMaker they stand for people to see.
    """
    others = []
    for one in found:
        table, _, name = one.path.partition(".")
        if table == "HyperParameters" and name:
            request["HyperParameters"].pop(name, None)
        else:
            others.append(one)
    return tuple(others)


def breach(found: Iterable[Violation]) -> InputError | None:
    """Return the error for a request that breaks the service's own model; None for one that does not."""
    told = [*found]
    if not told:
        return None
    first, more = told[0], len(told) - 1
    rest = f", and {plural(more, 'other value')} too" if more else ""
    where = f"{first.path} of the request to SageMaker"
    return InputError("sm.request", f"{_setting(first.path)}: {first.wrong}{rest}", where=where, hint="correct it")


def _setting(path: str) -> str:
    known = next((key for part, key in _SETTINGS.items() if path == part or path.startswith(f"{part}.")), None)
    return f"`{known}` is refused" if known else "a value is refused"


def lacking(table: SageMakerTable) -> MachineError | None:
    """Return the error for a table in which something stands open that nobody can guess; None for a whole one."""
    hint = "`alekseylearn init --backend sagemaker` makes what is needed and says what to write"
    if table.role is None:
        return MachineError("sm.role", "no execution role is named", where="sagemaker: {role: ...}", hint=hint)
    if table.bucket is None:
        return MachineError("sm.bucket", "no bucket is named", where="sagemaker: {bucket: ...}", hint=hint)
    if bool(table.subnets) != bool(table.security_groups):
        what = "`subnets` and `security_groups` go together"
        return MachineError("sm.network", what, where="sagemaker: {...}", hint="name both, or neither")
    return None


def refusal(code: str, message: str, table: SageMakerTable) -> AlekseylearnError | None:
    """Return the error for a job that was not taken, from the service's *code* and *message*.

    None for what can happen to any call: credentials, network, throttling.
    """
    if code == QUOTA:
        return _quota(message)
    denied = _DENIED.search(message)
    if code in ("AccessDeniedException", "AccessDenied") and denied and denied[1].startswith("iam:PassRole"):
        what = "these credentials may not hand the execution role to SageMaker (iam:PassRole)"
        return MachineError("sm.pass-role", what, where=table.role or "", hint=_POLICY)
    if code != "ValidationException":
        return None
    for pattern, slug, what, hint in _INVALID:
        if re.search(pattern, message):
            return MachineError(slug, f"{what}: {message}", where=_places(table).get(slug, ""), hint=hint)
    return InputError("sm.request", f"SageMaker refuses the job: {message}", hint="correct alekseylearn.yml")


_POLICY = "give them the policy that `alekseylearn init --backend sagemaker` writes"
_INVALID = (
    (
        r"(?i)could not assume role|role.*(?:does not exist|invalid)|not a valid role",
        "sm.role",
        "the execution role cannot be used",
        "check `role`: it must exist and trust sagemaker.amazonaws.com",
    ),
    (r"(?i)No S3 objects found", "sm.data", "a data set is empty", "correct the address under `data:`"),
    (
        r"(?i)S3.*(?:region|bucket)|bucket",
        "sm.bucket",
        "the bucket cannot be used",
        "check `bucket` and `region`: both must be in one region",
    ),
    (
        r"(?i)image|repository|registry",
        "sm.image",
        "the image cannot be used",
        "correct `image`; it must lie in an ECR registry of the same region",
    ),
    (r"(?i)subnet|security group", "sm.network", "the network cannot be used", "check `subnets`, `security_groups`"),
    (r"(?i)kms|key", "sm.key", "the key cannot be used", "check `kms_key`, and who may use it"),
)
"""Patterns of messages, the slug, what is wrong and what to do."""


def _places(table: SageMakerTable) -> Mapping[str, str]:
    return {
        "sm.role": table.role or "",
        "sm.bucket": f"s3://{table.bucket}",
        "sm.image": table.image or "",
        "sm.key": table.kms_key or "",
    }


def _quota(message: str) -> MachineError:
    match = _QUOTA.search(message)
    told = f"the account's quota for {match[1]} is {match[2]}" if match else message
    hint = "ask for more in the console (Service Quotas, SageMaker, training job usage), or name other `instances`"
    return MachineError("sm.quota", told, hint=hint)
