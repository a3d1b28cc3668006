"""A bundle and a table as a request, which the service's own model finds nothing wrong with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from alekseylearn.bundle import Bundle
from alekseylearn.sagemaker_requests import (
    MARGIN,
    SPOT_WAIT,
    JobOrder,
    again,
    instances_of,
    job_name,
    labels_of,
    last_line,
    request_of,
)
from alekseylearn.service_model import violations
from alekseylearn.tables import SageMakerTable
from tests.test_service_model import SHAPE

DIGEST = "c0ffee" + "0" * 58
MANIFEST = {"timeout": 600, "parameters": {"epochs": 3, "name": "a b", "rates": [0.1, None]}}
TABLE = SageMakerTable(role="arn:aws:iam::111122223333:role/alekseylearn-execution", bucket="churn-bucket")
ORDER = JobOrder(
    bundle=Bundle({"manifest.json": json.dumps(MANIFEST).encode(), "train.py": b"print(1)"}),
    digest=DIGEST,
    name="churn",
    table=TABLE,
    image="763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch:2.14-cpu-amzn2023-sagemaker",
    root="s3://churn-bucket/alekseylearn",
    channels={"train": "s3://data/churn/train"},
    labels={"repository": "acme/churn", "pull": "42", "commit": ""},
    preferences=True,
    environ={"CITY": "Kazan", "ALEKSEYLEARN_DIGEST": "x"},
    token="mine",
)


def made(*instances: str, order: JobOrder = ORDER, **table: Any) -> dict[str, Any]:
    request = request_of(replace(order, table=replace(order.table, **table)), 1, instances or ("ml.m5.xlarge",))
    assert list(violations(SHAPE, request)) == []
    return request


def test_a_request_names_everything_that_a_job_needs() -> None:
    request = made()
    assert request["TrainingJobName"] == "alekseylearn-c0ffee000000-1" == job_name(DIGEST, 1)
    assert request["RoleArn"] == TABLE.role
    assert request["AlgorithmSpecification"] == {
        "TrainingImage": ORDER.image,
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["python3"],
        "ContainerArguments": ["/opt/ml/input/data/code/boot.py"],
    }
    assert request["HyperParameters"] == {"epochs": "3", "name": '"a b"', "rates": "[0.1, null]"}
    assert request["OutputDataConfig"] == {
        "S3OutputPath": "s3://churn-bucket/alekseylearn/runs",
        "CompressionType": "GZIP",
    }
    assert request["ResourceConfig"] == {"InstanceCount": 1, "VolumeSizeInGB": 30, "InstanceType": "ml.m5.xlarge"}
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600 + MARGIN}
    assert request["RetryStrategy"] == {"MaximumRetryAttempts": 2}
    assert "VpcConfig" not in request
    assert "EnableManagedSpotTraining" not in request


def test_the_code_comes_by_its_content_and_data_by_their_names() -> None:
    code, train = made()["InputDataConfig"]
    assert code["ChannelName"] == "code"
    address = code["DataSource"]["S3DataSource"]["S3Uri"]
    assert address == f"s3://churn-bucket/alekseylearn/code/{ORDER.bundle.digest}/"
    assert (train["ChannelName"], train["DataSource"]["S3DataSource"]["S3Uri"]) == ("train", "s3://data/churn/train")


def test_checkpoints_are_always_on_and_each_job_has_its_own() -> None:
    folder = "s3://churn-bucket/alekseylearn/runs/alekseylearn-c0ffee000000-1/checkpoints"
    assert made()["CheckpointConfig"] == {"S3Uri": folder, "LocalPath": "/opt/ml/checkpoints"}
    assert made()["Environment"]["ALEKSEYLEARN_MIRROR"] == "/opt/ml/checkpoints/alekseylearn"


def test_variables_of_the_caller_never_hide_ours() -> None:
    environ = made()["Environment"]
    assert environ["CITY"] == "Kazan"
    assert environ["ALEKSEYLEARN_DIGEST"] == DIGEST


def test_labels_and_tags_are_told_as_tags_ours_first() -> None:
    tags = {tag["Key"]: tag["Value"] for tag in made(tags={"team": "growth"})["Tags"]}
    assert tags == {
        "alekseylearn:run": "c0ffee000000",
        "alekseylearn:model": "churn",
        "alekseylearn:repository": "acme/churn",
        "alekseylearn:pull": "42",
        "team": "growth",
    }
    labels = labels_of(made(tags={"team": "growth"}))
    assert labels == {"run": "c0ffee000000", "model": "churn", "repository": "acme/churn", "pull": "42"}
    assert labels_of({}) == {}


@pytest.mark.parametrize(
    ("instances", "gpus"),
    [(("ml.m5.xlarge",), None), (("ml.g5.xlarge",), "1"), (("ml.g5.xlarge", "ml.m5.xlarge"), "auto")],
)
def test_a_job_looks_for_the_gpus_that_its_machines_have(instances: tuple[str, ...], gpus: str | None) -> None:
    assert made(*instances)["Environment"].get("ALEKSEYLEARN_GPUS") == gpus


def test_several_processes_are_started_where_that_is_asked_for() -> None:
    assert "ALEKSEYLEARN_LAUNCH" not in made()["Environment"]
    assert made(launch="torchrun")["Environment"]["ALEKSEYLEARN_LAUNCH"] == "torchrun"


def test_what_the_image_lacks_is_installed_unless_there_is_no_network() -> None:
    assert made()["Environment"]["ALEKSEYLEARN_REQUIREMENTS"] == "install"
    alone = made(network_isolation=True)
    assert alone["EnableNetworkIsolation"] is True
    assert alone["Environment"]["ALEKSEYLEARN_REQUIREMENTS"] == "check"
    assert alone["Environment"]["ALEKSEYLEARN_LAST_LINE"] == last_line(DIGEST)


def test_spot_waits_longer_than_it_runs_and_keeps_no_machine_warm() -> None:
    spot = made(spot=True, keep_alive=600)
    assert spot["EnableManagedSpotTraining"] is True
    assert spot["StoppingCondition"]["MaxWaitTimeInSeconds"] == 600 + MARGIN + SPOT_WAIT
    assert "RetryStrategy" not in spot
    assert "KeepAlivePeriodInSeconds" not in spot["ResourceConfig"]
    assert made(spot=True, max_wait=10)["StoppingCondition"]["MaxWaitTimeInSeconds"] == 600 + MARGIN
    assert made(spot=True, max_wait=9000)["StoppingCondition"]["MaxWaitTimeInSeconds"] == 9000


def test_network_keys_and_warm_pool_come_from_the_table() -> None:
    request = made(
        subnets=("subnet-1a",),
        security_groups=("sg-2b", "sg-3c"),
        kms_key="alias/churn",
        keep_alive=600,
        count=2,
        volume_size=100,
    )
    assert request["VpcConfig"] == {"Subnets": ["subnet-1a"], "SecurityGroupIds": ["sg-2b", "sg-3c"]}
    assert request["OutputDataConfig"]["KmsKeyId"] == "alias/churn"
    machines = request["ResourceConfig"]
    assert machines.pop("VolumeKmsKeyId") == "alias/churn"
    assert machines == {
        "InstanceCount": 2,
        "VolumeSizeInGB": 100,
        "InstanceType": "ml.m5.xlarge",
        "KeepAlivePeriodInSeconds": 600,
    }


def test_several_types_of_machines_are_told_in_one_request_where_the_service_takes_that() -> None:
    both = ("ml.g5.xlarge", "ml.g6.xlarge")
    assert instances_of(made(*both)) == both
    assert made(*both)["ResourceConfig"]["InstancePreferences"][1] == {"InstanceType": "ml.g6.xlarge"}
    assert instances_of(made(*both, spot=True)) == ("ml.g5.xlarge",)
    assert instances_of(made(*both, order=replace(ORDER, preferences=False))) == ("ml.g5.xlarge",)


def test_another_attempt_differs_in_its_name_its_checkpoints_and_its_machines() -> None:
    first = made("ml.g5.xlarge", order=replace(ORDER, preferences=False))
    second = again(first, 12, ("ml.g6.xlarge", "ml.m5.xlarge"))
    assert list(violations(SHAPE, second)) == []
    assert second["TrainingJobName"] == job_name(DIGEST, 12)
    assert second["CheckpointConfig"]["S3Uri"].endswith(f"/runs/{job_name(DIGEST, 12)}/checkpoints")
    assert second["ResourceConfig"]["InstanceType"] == "ml.g6.xlarge"
    same = ("TrainingJobName", "CheckpointConfig", "ResourceConfig")
    assert {key: value for key, value in second.items() if key not in same} == {
        key: value for key, value in first.items() if key not in same
    }
    preferred = again(made("ml.g5.xlarge", "ml.g6.xlarge", "ml.m5.xlarge"), 2, ("ml.g6.xlarge", "ml.m5.xlarge"))
    assert instances_of(preferred) == ("ml.g6.xlarge", "ml.m5.xlarge")
    assert instances_of(again(preferred, 3, ("ml.m5.xlarge",))) == ("ml.m5.xlarge",)


def test_a_bundle_without_parameters_or_limit_has_a_day() -> None:
    request = made(order=replace(ORDER, bundle=Bundle({"manifest.json": b'{"parameters": 5}'})))
    assert request["HyperParameters"] == {}
    assert request["StoppingCondition"]["MaxRuntimeInSeconds"] == 24 * 3600 + MARGIN
