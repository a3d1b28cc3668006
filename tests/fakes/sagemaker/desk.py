"""Asks the stand-in for small jobs and reads what they leave."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.sagemaker.service import SageMakerService

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cpu-amzn2023-sagemaker"


class Desk:
    """Asks a service for jobs that run a piece of Python."""

    def __init__(self, service: SageMakerService) -> None:
        self.service = service
        self.sagemaker, self.s3, self.logs = service.client("sagemaker"), service.client("s3"), service.client("logs")

    def request(self, name: str, code: str = "", **changes: Any) -> dict[str, Any]:
        """Return a request for a job that runs *code*; changes of None take a field away."""
        bucket = self.service.bucket
        self.s3.put_object(Bucket=bucket, Key=f"code/{name}/boot.py", Body=code.encode())
        request = {
            "TrainingJobName": name,
            "RoleArn": self.service.role,
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE, "TrainingInputMode": "File", "ContainerEntrypoint": ["python3"],
                "ContainerArguments": ["/opt/ml/input/data/code/boot.py"],
            },
            "InputDataConfig": [channel("code", f"s3://{bucket}/code/{name}/")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/runs"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "CheckpointConfig": {"S3Uri": f"s3://{bucket}/runs/{name}/checkpoints"},
        }  # fmt: skip
        return {key: value for key, value in {**request, **changes}.items() if value is not None}

    def create(self, name: str, code: str = "", **changes: Any) -> str:
        """Create such a job."""
        self.sagemaker.create_training_job(**self.request(name, code, **changes))
        return name

    def run(self, name: str, code: str = "", **changes: Any) -> dict[str, Any]:
        """Create such a job and wait for its end; return its description."""
        self.service.job(self.create(name, code, **changes)).wait()
        return self.describe(name)

    def describe(self, name: str) -> dict[str, Any]:
        """Return what the service tells of a job."""
        told: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return told

    def archive(self, name: str, what: str) -> dict[str, tarfile.TarInfo]:
        """Return the members of an archive that a job left."""
        body = self.s3.get_object(Bucket=self.service.bucket, Key=f"runs/{name}/output/{what}.tar.gz")["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            return {member.name: member for member in tar}

    def refused(self, name: str, **changes: Any) -> tuple[str, str]:
        """Return code and text with which such a job is refused."""
        with pytest.raises(ClientError) as caught:
            self.create(name, **changes)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]


def channel(name: str, uri: str) -> dict[str, Any]:
    """Return a channel of a request."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def keys(service: SageMakerService) -> dict[str, str]:
    """Return the tester's keys as boto3 takes them."""
    environ = service.environ
    return {
        "aws_access_key_id": environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environ["AWS_SECRET_ACCESS_KEY"],
    }
