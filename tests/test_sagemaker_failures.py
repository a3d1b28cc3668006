"""What the service says when it does not take a job, as a slug, a sentence and a remedy."""

from __future__ import annotations

from typing import Any

import pytest

from alekseylearn.errors import MachineError
from alekseylearn.sagemaker_failures import breach, lacking, refusal, without_long_parameters
from alekseylearn.service_model import Violation
from alekseylearn.tables import SageMakerTable

ROLE = "arn:aws:iam::111122223333:role/alekseylearn-execution"
TABLE = SageMakerTable(role=ROLE, bucket="churn-bucket", image="own/image:1", kms_key="alias/x")
QUOTA = (
    "The account-level service limit 'ml.p4d.24xlarge for training job usage' is 0 Instances, with current utilization of "
    "0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for this quota."
)
PASS = (
    "User: arn:aws:sts::111122223333:assumed-role/alekseylearn-submit/ci is not authorized to perform: iam:PassRole on "
    f"resource: {ROLE} because no identity-based policy allows the iam:PassRole action"
)


@pytest.mark.parametrize(
    ("code", "message", "slug", "what", "where"),
    [
        ("ResourceLimitExceeded", QUOTA, "sm.quota", "quota for ml.p4d.24xlarge is 0", ""),
        ("ResourceLimitExceeded", "Too many jobs", "sm.quota", "Too many jobs", ""),
        ("AccessDeniedException", PASS, "sm.pass-role", "iam:PassRole", ROLE),
        (
            "ValidationException",
            f"Could not assume role {ROLE}. Please ensure that the role exists",
            "sm.role",
            "cannot be used",
            ROLE,
        ),
        (
            "ValidationException",
            'No S3 objects found under S3 URL "s3://x/y" given in input data source.',
            "sm.data",
            "a data set is empty",
            "",
        ),
        (
            "ValidationException",
            "S3 bucket is in another region than us-east-1",
            "sm.bucket",
            "the bucket",
            "s3://churn-bucket",
        ),
        ("ValidationException", "Unable to find the training image", "sm.image", "the image", "own/image:1"),
        ("ValidationException", "The subnet ID 'subnet-1' does not exist", "sm.network", "the network", ""),
        ("ValidationException", "KMS says no", "sm.key", "the key", "alias/x"),
        ("ValidationException", "1 validation error detected: something else", "sm.request", "SageMaker refuses", ""),
    ],
)
def test_each_refusal_has_a_name_and_a_remedy(code: str, message: str, slug: str, what: str, where: str) -> None:
    error = refusal(code, message, TABLE)
    assert error is not None
    assert error.slug == slug
    assert what in error.what
    assert error.where == where
    assert error.hint
    assert len(str(error).splitlines()) <= 5


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ThrottlingException", "Rate exceeded"),
        ("ExpiredTokenException", "The security token included in the request is expired"),
        ("AccessDeniedException", "User: x is not authorized to perform: sagemaker:CreateTrainingJob on resource: y"),
        ("AccessDenied", "no"),
    ],
)
def test_what_can_happen_to_any_call_is_left_to_those_who_know(code: str, message: str) -> None:
    assert refusal(code, message, TABLE) is None


@pytest.mark.parametrize(
    ("path", "setting"),
    [
        ("RoleArn", "`role` is refused: it is odd"),
        ("ResourceConfig.InstanceType", "`instances` is refused: it is odd"),
        ("ResourceConfig.InstancePreferences.1.InstanceType", "`instances` is refused: it is odd"),
        ("Tags.3.Value", "`tags` is refused: it is odd"),
        ("TrainingJobName", "a value is refused: it is odd"),
    ],
)
def test_a_breach_names_the_key_that_it_comes_from(path: str, setting: str) -> None:
    error = breach([Violation(path, "it is odd")])
    assert error is not None
    assert (error.slug, error.what) == ("sm.request", setting)
    assert path in error.where


def test_several_breaches_are_one_error_and_none_is_none() -> None:
    error = breach([Violation("RoleArn", "it is odd"), Violation("Tags", "too"), Violation("Tags.1", "too")])
    assert error is not None
    assert error.what.endswith("and 2 other values too")
    assert breach([]) is None


def test_a_parameter_too_long_for_the_service_is_left_to_the_bundle() -> None:
    request: dict[str, Any] = {"HyperParameters": {"long": "x" * 3000, "epochs": "3"}}
    found = [
        Violation("HyperParameters.long", "too long"),
        Violation("HyperParameters", "too many"),
        Violation("Tags", "x"),
    ]
    others = without_long_parameters(request, found)
    assert request == {"HyperParameters": {"epochs": "3"}}
    assert [one.path for one in others] == ["HyperParameters", "Tags"]


@pytest.mark.parametrize(
    ("table", "slug"),
    [
        (SageMakerTable(), "sm.role"),
        (SageMakerTable(role=ROLE), "sm.bucket"),
        (SageMakerTable(role=ROLE, bucket="b-1", subnets=("subnet-1",)), "sm.network"),
        (SageMakerTable(role=ROLE, bucket="b-1", security_groups=("sg-1",)), "sm.network"),
    ],
)
def test_what_nobody_can_guess_is_asked_for(table: SageMakerTable, slug: str) -> None:
    error = lacking(table)
    assert isinstance(error, MachineError)
    assert error.slug == slug
    assert error.hint


def test_a_whole_table_lacks_nothing() -> None:
    assert lacking(TABLE) is None
