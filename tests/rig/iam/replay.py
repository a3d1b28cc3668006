"""What the stand-in for SageMaker has recorded, as the questions that IAM would have asked itself.

Sources: Service Authorization Reference (dependent actions of CreateTrainingJob); API reference of Amazon S3: whoever
asks for an object that is not there learns so only where s3:ListBucket is allowed, with the key as prefix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.fakes.sagemaker.calls import Call as Recorded
from tests.rig.iam.simulator import Call

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
"""The one call that is made before one is anybody: the role's trust decides about it."""


def questions(calls: Iterable[Recorded], *, tags: Mapping[str, Mapping[str, str]]) -> list[Call]:
    """Return what IAM asks for *calls*, each question once; *tags* are those of the jobs, by name."""
    asked: dict[str, Call] = {}
    for call in calls:
        for question in _questions(call, tags):
            asked.setdefault(repr(question), question)
    return list(asked.values())


def tags_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that a job is made with."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


def _questions(call: Recorded, tags: Mapping[str, Mapping[str, str]]) -> Iterator[Call]:
    given = call.parameters
    match call.name:
        case "sagemaker:CreateTrainingJob":
            yield from _creation(call)
        case "sagemaker:StopTrainingJob":
            context = {f"aws:ResourceTag/{key}": value for key, value in tags[given["TrainingJobName"]].items()}
            yield Call(action=call.permission, resource=call.resource, context=context)
        case "s3:ListObjectsV2":
            yield _listing(call, given.get("prefix"))
        case "logs:DescribeLogStreams" | "logs:CreateLogGroup":
            # The simulator knows the group's own name only; the real service asks with an empty stream behind it.
            yield Call(action=call.permission, resource=call.resource.removesuffix(":log-stream:"))
        case "monitoring:PutMetricData":
            yield Call(action=call.permission, context={"cloudwatch:namespace": given["Namespace"]})
        case _:
            yield Call(action=call.permission, resource=call.resource)
            if call.service == "s3" and call.status == 404:
                yield _listing(call, given["Key"])


def _creation(call: Recorded) -> Iterator[Call]:
    """Yield the call itself, and what it does on the side: it tags the job, and hands a role over."""
    given = call.parameters
    machines = given["ResourceConfig"]
    own = {f"aws:RequestTag/{key}": value for key, value in tags_of(given).items()}
    tagging: dict[str, str | list[str]] = {**own, "aws:TagKeys": [*tags_of(given)]}
    context: dict[str, str | list[str]] = {
        **tagging,
        "sagemaker:InstanceTypes": [
            one["InstanceType"]
            for one in machines.get("InstancePreferences") or machines.get("InstanceGroups") or [machines]
        ],
        "sagemaker:MaxRuntimeInSeconds": str(given["StoppingCondition"]["MaxRuntimeInSeconds"]),
        "sagemaker:NetworkIsolation": str(given.get("EnableNetworkIsolation", False)).lower(),
    }
    if "KeepAlivePeriodInSeconds" in machines:
        context["sagemaker:KeepAlivePeriod"] = str(machines["KeepAlivePeriodInSeconds"])
    yield Call(action=call.permission, resource=call.resource, context=context)
    create = {"sagemaker:TaggingAction": "CreateTrainingJob"}
    yield Call(action="sagemaker:AddTags", resource=call.resource, context={**tagging, **create})
    passed = {"iam:PassedToService": "sagemaker.amazonaws.com"}
    yield Call(action="iam:PassRole", resource=given["RoleArn"], context=passed)


def _listing(call: Recorded, prefix: str | None) -> Call:
    bucket = f"arn:aws:s3:::{call.parameters['Bucket']}"
    return Call(action="s3:ListBucket", resource=bucket, context={} if prefix is None else {"s3:prefix": prefix})
