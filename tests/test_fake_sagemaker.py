"""The stand-in for SageMaker behaves as the service does, as far as its documentation and its clients tell."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
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
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


@pytest.fixture
def desk(sagemaker_service: SageMakerService) -> Desk:
    return Desk(sagemaker_service)


@pytest.fixture
def own(own_sagemaker: SageMakerService) -> Desk:
    return Desk(own_sagemaker)


def test_a_job_runs_as_the_first_process_of_a_machine_of_its_own(desk: Desk) -> None:
    code = """
import json, os, pathlib, socket, sys
print(os.getpid(), socket.gethostname(), sys.argv[0], os.getcwd())
print(socket.gethostbyname("algo-1"), os.environ["TRAINING_JOB_NAME"], os.environ["A"], "AWS_ACCESS_KEY_ID" in os.environ)
print(json.dumps({path.name: json.loads(path.read_text()) for path in pathlib.Path("/opt/ml/input/config").iterdir()}))
pathlib.Path("/left-behind").write_text("x")
"""
    told = desk.run("first", code, HyperParameters={"epochs": "3"}, Environment={"A": "b c"})
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Completed", "Completed")
    first, second, third = desk.service.log("first")
    assert first == "1 algo-1 /opt/ml/input/data/code/boot.py /"
    assert second == "127.0.0.1 first b c False"
    config = json.loads(third)
    assert config["hyperparameters.json"] == {"epochs": "3"}
    assert config["resourceconfig.json"]["hosts"] == ["algo-1"]
    assert config["inputdataconfig.json"]["code"]["TrainingInputMode"] == "File"
    assert not Path("/left-behind").exists()


def test_a_job_goes_through_its_phases(desk: Desk) -> None:
    told = desk.run("phases", "print('hello')")
    phases = [transition["Status"] for transition in told["SecondaryStatusTransitions"]]
    assert phases == ["Starting", "Pending", "Downloading", "Training", "Uploading", "Completed"]
    assert told["TrainingEndTime"] >= told["TrainingStartTime"] >= told["CreationTime"]
    assert told["BillableTimeInSeconds"] == told["TrainingTimeInSeconds"] == 1


def test_what_a_job_leaves_goes_to_s3(desk: Desk) -> None:
    code = """
import os, pathlib, socket
model = pathlib.Path("/opt/ml/model")
(model / "deep").mkdir()
(model / "deep/weights").write_text("w")
(model / "link").symlink_to("deep/weights")
(model / "nowhere").symlink_to("/etc/shadow")
os.mkfifo(model / "pipe")
socket.socket(socket.AF_UNIX).bind("/opt/ml/model/socket")
pathlib.Path("/opt/ml/output/data/metrics.json").write_text("{}")
"""
    told = desk.run("leaves", code)
    assert told["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{desk.service.bucket}/runs/leaves/output/model.tar.gz"
    model = desk.archive("leaves", "model")
    assert set(model) == {"deep", "deep/weights", "link", "nowhere", "pipe"}
    assert model["link"].issym()
    assert model["nowhere"].linkname == "/etc/shadow"
    assert model["pipe"].isfifo()
    assert set(desk.archive("leaves", "output")) == {"metrics.json"}


def test_a_failed_job_says_why_and_keeps_what_it_made(desk: Desk) -> None:
    code = """
import pathlib, sys
pathlib.Path("/opt/ml/model/half").write_text("h")
pathlib.Path("/opt/ml/output/failure").write_text("cell 7: ValueError" + "x" * 3000)
sys.exit(3)
"""
    told = desk.run("fails", code)
    assert told["TrainingJobStatus"] == "Failed"
    assert told["FailureReason"].startswith("AlgorithmError: cell 7: ValueErrorxxx")
    assert len(told["FailureReason"]) == 1024
    assert set(desk.archive("fails", "model")) == {"half"}
    assert desk.run("fails-silently", "raise SystemExit(9)")["FailureReason"] == "AlgorithmError: , exit code: 9"


def test_an_unknown_image_cannot_be_pulled(desk: Desk) -> None:
    algorithm = {"TrainingImage": "example.com/nothing:1", "TrainingInputMode": "File"}
    told = desk.run("image", AlgorithmSpecification=algorithm)
    assert told["FailureReason"].startswith("ClientError: Cannot pull algorithm container.")


def test_a_stopped_job_may_save_what_it_has(desk: Desk) -> None:
    code = """
import pathlib, signal, sys, time
def stop(*_):
    pathlib.Path("/opt/ml/model/partial").write_text("p")
    print("saved")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready")
time.sleep(600)
"""
    desk.create("stops", code)
    desk.service.see("stops", "ready")
    desk.sagemaker.stop_training_job(TrainingJobName="stops")
    assert desk.describe("stops")["TrainingJobStatus"] in ("Stopping", "Stopped")
    desk.service.job("stops").wait()
    told = desk.describe("stops")
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert desk.service.log("stops") == ["ready", "saved"]
    assert set(desk.archive("stops", "model")) == {"partial"}
    with pytest.raises(ClientError, match="in status Stopped"):
        desk.sagemaker.stop_training_job(TrainingJobName="stops")


def test_checkpoints_are_stored_while_the_job_runs(own: Desk) -> None:
    own.service.settings.checkpoint_interval = 0.01
    code = """
import pathlib, time
pathlib.Path("/opt/ml/checkpoints/deep").mkdir()
pathlib.Path("/opt/ml/checkpoints/deep/one").write_text("1")
while True: time.sleep(1)
"""
    own.create("points", code)
    place = {"Bucket": own.service.bucket, "Prefix": "runs/points/checkpoints/"}
    own.service.until(lambda: own.s3.list_objects_v2(**place)["KeyCount"])
    assert [item["Key"] for item in own.s3.list_objects_v2(**place)["Contents"]] == ["runs/points/checkpoints/deep/one"]
    own.sagemaker.stop_training_job(TrainingJobName="points")


def test_requests_are_held_against_the_services_own_description(desk: Desk) -> None:
    code, text = desk.refused("bad-1", TrainingJobName="bad_name", Environment={"A": "x" * 600})
    assert code == "ValidationException"
    assert text.startswith(
        "2 validation errors detected: Value 'bad_name' at 'trainingJobName' failed to satisfy constraint: "
    )
    assert "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}" in text
    assert (
        "at 'environment.A.member' failed to satisfy constraint: Member must have length less than or equal to 512"
        in text
    )
