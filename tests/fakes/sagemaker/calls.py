"""A record of every call that was made."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.sagemaker.wire import Asked

S3_PERMISSIONS = {
    "ListObjectsV2": "s3:ListBucket", "ListObjects": "s3:ListBucket", "HeadBucket": "s3:ListBucket", "HeadObject": "s3:GetObject",
    "CreateMultipartUpload": "s3:PutObject", "UploadPart": "s3:PutObject", "CompleteMultipartUpload": "s3:PutObject",
    "ListParts": "s3:ListMultipartUploadParts", "ListBuckets": "s3:ListAllMyBuckets", "DeleteObjects": "s3:DeleteObject",
    "GetBucketLocation": "s3:GetBucketLocation", "CopyObject": "s3:PutObject", "UploadPartCopy": "s3:PutObject",
}  # fmt: skip
"""Where the permission is not named like the call."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call: what was asked, by whom, and how it ended (*status* None: the connection was dropped)."""

    service: str
    action: str
    region: str
    parameters: dict[str, Any]
    principal: str
    access_key: str
    by_job: bool
    status: int | None
    error: str = ""
    at: float = field(default_factory=time.time)
    account: str = ""

    @property
    def name(self) -> str:
        """`service:Action`, by the interface's names (`s3:HeadObject`)."""
        return f"{self.service}:{self.action}"

    @property
    def permission(self) -> str:
        """The permission that IAM asks for (`s3:GetObject`)."""
        if self.service == "s3":
            return S3_PERMISSIONS.get(self.action, f"s3:{self.action}")
        return f"{'cloudwatch' if self.service == 'monitoring' else self.service}:{self.action}"

    @property
    def resource(self) -> str:
        """The ARN that IAM compares, as far as we know it; `*` where the call has none."""
        return resource(self.service, self.region, self.account, self.parameters)


def resource(service: str, region: str, account: str, parameters: dict[str, Any]) -> str:
    """Return the ARN of what a call is about."""
    names: dict[str, Callable[[dict[str, Any]], str]] = {
        "s3": lambda given: f"arn:aws:s3:::{'/'.join(given[part] for part in ('Bucket', 'Key') if part in given)}",
        "sagemaker": lambda given: (
            f"arn:aws:sagemaker:{region}:{account}:training-job/{given['TrainingJobName']}" if "TrainingJobName" in given
            else given.get("ResourceArn", "*")
        ),
        "logs": lambda given: (
            f"arn:aws:logs:{region}:{account}:log-group:{given['logGroupName']}:log-stream:{given.get('logStreamName', '')}"
            if "logGroupName" in given else "*"
        ),
        "iam": lambda given: f"arn:aws:iam::{account}:role/{given['RoleName']}" if "RoleName" in given else "*",
        "sts": lambda given: given.get("RoleArn", "*"),
    }  # fmt: skip
    found = names.get(service, lambda _: "*")(parameters)
    return found if found != "arn:aws:s3:::" else "*"


def resource_of(call: Asked, account: str) -> str:
    """Return the ARN of what *call* is about, before it is answered."""
    return resource(call.service, call.region, account, call.parameters)
