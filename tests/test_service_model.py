"""What botocore's own model of CreateTrainingJob says of a request, value by value."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from alekseylearn.service_model import Violation, violations

SHAPE = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateTrainingJob").input_shape
GOOD: dict[str, Any] = {
    "TrainingJobName": "alekseylearn-c0ffee-1",
    "RoleArn": "arn:aws:iam::111122223333:role/alekseylearn-execution",
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "111.dkr.ecr.eu-west-1.amazonaws.com/a:1"},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/runs"},
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "Tags": [{"Key": "größe:1", "Value": "α β"}],
    "EnableNetworkIsolation": False,
}


def told(**changes: Any) -> list[Violation]:
    return list(violations(SHAPE, {**GOOD, **changes}))


def test_a_request_as_the_service_takes_it_breaks_nothing() -> None:
    assert told() == []


def test_what_is_missing_is_named() -> None:
    request = {key: value for key, value in GOOD.items() if key != "RoleArn"}
    assert list(violations(SHAPE, request)) == [Violation("RoleArn", "it is missing")]
    assert told(OutputDataConfig={}) == [Violation("OutputDataConfig.S3OutputPath", "it is missing")]


@pytest.mark.parametrize(
    ("changes", "path", "wrong"),
    [
        ({"TrainingJobName": "a" * 64}, "TrainingJobName", "it has 64 characters; at most 63 are taken"),
        ({"TrainingJobName": "under_score"}, "TrainingJobName", "it does not match"),
        ({"RoleArn": "arn:short"}, "RoleArn", "it has 9 characters; at least 20 are needed"),
        ({"Environment": {"A": "x" * 513}}, "Environment.A", "it has 513 characters; at most 512 are taken"),
        ({"Environment": {"A-B": "x"}}, "Environment.A-B", "it does not match"),
        ({"HyperParameters": {"a": "y" * 2501}}, "HyperParameters.a", "it has 2501 characters"),
        ({"HyperParameters": {str(one): "1" for one in range(101)}}, "HyperParameters", "it has 101 entries"),
        ({"Tags": [{"Key": "a", "Value": "#"}]}, "Tags.0.Value", "it does not match"),
        ({"Tags": [{"Key": "", "Value": ""}]}, "Tags.0.Key", "at least 1 are needed"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "StoppingCondition.MaxRuntimeInSeconds", "less than 1"),
        ({"RetryStrategy": {"MaximumRetryAttempts": 31}}, "RetryStrategy.MaximumRetryAttempts", "more than 30"),
        (
            {"ResourceConfig": {"InstanceType": "ml.nope.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
            "ResourceConfig.InstanceType",
            "the service knows no such word",
        ),
        (
            {"ResourceConfig": {"InstancePreferences": [{"InstanceType": "ml.nope.x"}], "VolumeSizeInGB": 1}},
            "ResourceConfig.InstancePreferences.0.InstanceType",
            "the service knows no such word",
        ),
    ],
)
def test_each_limit_of_the_model_is_kept(changes: dict[str, Any], path: str, wrong: str) -> None:
    found = told(**changes)
    assert {one.path for one in found} == {path}
    assert wrong in found[0].wrong


def test_members_that_the_model_does_not_know_are_left_to_boto3() -> None:
    assert told(Odd={"a": 1}) == []


def test_a_pattern_that_python_cannot_express_is_left_to_the_service() -> None:
    shape = SimpleNamespace(type_name="string", metadata={"pattern": r"\p{Script=Greek}(?<=[a"})
    assert list(violations(shape, "x")) == []
