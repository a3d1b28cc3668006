"""The stand-in for SageMaker behaves as the service does, as far as its documentation and its clients tell."""

from __future__ import annotations

import contextlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.fakes.sagemaker.desk import Desk, channel, keys
from tests.fakes.sagemaker.service import SageMakerService
from tests.fakes.sagemaker.settings import Image


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
for folder in ("/", "/tmp", "/dev/shm", "/opt/ml"):
    pathlib.Path(folder, "left-behind").write_text("x")
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
    assert [folder for folder in ("/", "/tmp", "/dev/shm", "/opt/ml") if Path(folder, "left-behind").exists()] == []


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


def test_a_model_may_be_stored_file_by_file(desk: Desk) -> None:
    code = """
import os, pathlib
(pathlib.Path("/opt/ml/model/deep")).mkdir()
pathlib.Path("/opt/ml/model/deep/weights").write_text("w")
os.mkfifo("/opt/ml/model/pipe")
"""
    where = {"S3OutputPath": f"s3://{desk.service.bucket}/runs", "CompressionType": "NONE"}
    told = desk.run("plain", code, OutputDataConfig=where)
    assert told["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{desk.service.bucket}/runs/plain/output/model/"
    found = desk.s3.list_objects_v2(Bucket=desk.service.bucket, Prefix="runs/plain/output/")["Contents"]
    assert [item["Key"] for item in found] == ["runs/plain/output/model/deep/weights"]


def test_an_image_is_what_it_was_registered_as(own: Desk, tmp_path: Path) -> None:
    (tmp_path / "train").write_text("#!/bin/sh\necho trained by $LIBRARY in $PWD\n")
    (tmp_path / "train").chmod(0o755)
    address = "763104351884.dkr.ecr.us-east-1.amazonaws.com/own:1"
    own.service.settings.images[address] = Image(programs=tmp_path, environ={"LIBRARY": "torch"}, folder="/tmp")
    own.run("image", AlgorithmSpecification={"TrainingImage": address, "TrainingInputMode": "File"})
    assert own.service.log("image") == ["trained by torch in /tmp"]


def test_channels_are_downloaded_below_their_prefix(desk: Desk) -> None:
    s3, bucket = desk.s3, desk.service.bucket
    for key in ("data/one.csv", "data/deep/two.csv", "data-more/three.csv", "data/"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    code = """
import pathlib
for path in sorted(pathlib.Path("/opt/ml/input/data").rglob("*.csv")): print(path.relative_to("/opt/ml/input/data"))
"""
    request = desk.request("channels", code)
    addresses = {"folder": "data/", "file": "data/one.csv"}
    request["InputDataConfig"] += [channel(name, f"s3://{bucket}/{key}") for name, key in addresses.items()]
    desk.sagemaker.create_training_job(**request)
    desk.service.job("channels").wait()
    assert desk.service.log("channels") == ["file/one.csv", "folder/deep/two.csv", "folder/one.csv"]


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


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"TrainingJobName": None}, "ValidationException", "Value null at 'trainingJobName' failed to satisfy constraint: Member must not be null"),
        ({"HyperParameters": {"a": "y" * 3000}}, "ValidationException", "length less than or equal to 2500"),
        ({"HyperParameters": {f"h{number}": "" for number in range(101)}}, "ValidationException", "length less than or equal to 100"),
        ({"Environment": {"not-a-name": ""}}, "ValidationException", "regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*"),
        ({"ResourceConfig": {"InstanceType": "ml.nope", "InstanceCount": 1, "VolumeSizeInGB": 1}}, "ValidationException", "Value 'ml.nope' at 'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy enum value set: ["),
        ({"ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 1}}, "ValidationException", "You must specify InstanceType"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": "one", "VolumeSizeInGB": 1}}, "SerializationException", "str can not be converted to Integer"),
        ({"ResourceConfig": {"InstancePreferences": [{"InstanceType": "ml.m5.large", "InstanceCount": 1}, {"InstanceType": "ml.m5.xlarge"}], "VolumeSizeInGB": 1}}, "ValidationException", "InstanceCount must be set"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstancePreferences": [{"InstanceType": "ml.m5.large"}], "InstanceCount": 1, "VolumeSizeInGB": 1}}, "ValidationException", "InstancePreferences is mutually exclusive with InstanceType"),
        ({"ResourceConfig": {"InstancePreferences": [{"InstanceType": "ml.m5.large"}], "InstanceCount": 1, "VolumeSizeInGB": 1}, "EnableManagedSpotTraining": True, "StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 9}}, "ValidationException", "InstancePreferences is mutually exclusive"),
        ({"EnableManagedSpotTraining": True}, "ValidationException", "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 10}}, "ValidationException", "MaxWaitTimeInSeconds is only supported"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86400 + 1}}, "ValidationException", "MaxRuntimeInSeconds must be less"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/nobody"}, "ValidationException", "Could not assume role arn:aws:iam::123456789012:role/nobody. Please ensure that the role exists"),
        ({"InputDataConfig": [channel("code", "s3://no-such-bucket/code/")]}, "ValidationException", 'No S3 objects found under S3 URL "s3://no-such-bucket/code/" given in input data source.'),
        ({"Tags": [{"Key": "k" * 129, "Value": ""}]}, "ValidationException", "at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128"),
        ({"Tags": [{"Key": "größe/1 a_b", "Value": "what?"}]}, "ValidationException", "Value 'what?' at 'tags.1.member.value'"),
    ],
)  # fmt: skip
def test_a_request_that_the_service_would_refuse_is_refused(
    desk: Desk, changes: dict[str, Any], code: str, text: str
) -> None:
    request = desk.request("refused", **changes)
    # boto3's own checks would not let everything through.
    unchecked = boto3.client(
        "sagemaker",
        region_name="us-east-1",
        endpoint_url=desk.service.url,
        config=Config(parameter_validation=False),
        **keys(desk.service),
    )
    with contextlib.closing(unchecked), pytest.raises(ClientError) as caught:
        unchecked.create_training_job(**request)
    assert caught.value.response["Error"]["Code"] == code
    assert text in caught.value.response["Error"]["Message"]
    assert "refused" not in desk.service.jobs


def test_a_role_that_does_not_trust_sagemaker_is_refused(desk: Desk) -> None:
    code, text = desk.refused("untrusted", RoleArn=desk.service.submit_role)
    assert (code, text[:20]) == ("ValidationException", "Could not assume rol")


def test_a_name_is_taken_once_until_its_job_is_deleted(desk: Desk) -> None:
    arn = desk.run("once")["TrainingJobArn"]
    code, text = desk.refused("once")
    assert code == "ResourceInUse"
    assert text == (
        "Training job names must be unique within an AWS account and region, and a training job with this name already exists "
        f"({arn})"
    )
    desk.sagemaker.delete_training_job(TrainingJobName="once")
    with pytest.raises(ClientError, match="Requested resource not found"):
        desk.describe("once")
    assert desk.run("once")["TrainingJobStatus"] == "Completed"


def test_two_who_ask_for_one_name_get_one_job(desk: Desk) -> None:
    requests = [desk.request("race", "print('ran')")] * 8

    def ask(request: dict[str, Any]) -> str:
        try:
            desk.sagemaker.create_training_job(**request)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, requests)) == ["ResourceInUse"] * 7 + ["created"]
    desk.service.job("race").wait()
    assert desk.service.log("race") == ["ran"]


def test_of_many_who_write_a_new_object_one_succeeds(desk: Desk) -> None:
    def write(number: int) -> str:
        try:
            desk.s3.put_object(Bucket=desk.service.bucket, Key="lock", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return str(number)

    with ThreadPoolExecutor(8) as pool:
        written = sorted(pool.map(write, range(20)))
    assert written[1:] == ["PreconditionFailed"] * 19
    assert desk.s3.get_object(Bucket=desk.service.bucket, Key="lock")["Body"].read().decode() == written[0]


def test_quotas_are_counted_by_instance_type(own: Desk) -> None:
    own.service.settings.quotas["ml.g5.xlarge"] = 1
    gpu = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
    own.create("holds", "import time; time.sleep(600)", ResourceConfig=gpu)
    code, text = own.refused("more", ResourceConfig=gpu)
    assert code == "ResourceLimitExceeded"
    assert text.startswith(
        "The account-level service limit 'ml.g5.xlarge for training job usage' is 1 Instances, with current utilization of 1 Instances and "
        "a request delta of 1 Instances."
    )
    assert own.run("other")["TrainingJobStatus"] == "Completed"


def test_there_may_be_no_machine_to_be_had(own: Desk) -> None:
    own.service.settings.no_capacity |= {"ml.m5.large", "ml.m5.xlarge"}
    told = own.run("none")
    assert told["TrainingJobStatus"] == "Failed"
    assert told["FailureReason"].startswith("CapacityError: Unable to provision requested ML compute capacity.")
    kinds = [{"InstanceType": kind} for kind in ("ml.m5.large", "ml.m5.2xlarge")]
    chosen = own.run("second", ResourceConfig={"InstancePreferences": kinds, "InstanceCount": 1, "VolumeSizeInGB": 30})
    assert chosen["TrainingJobStatus"] == "Completed"
    assert chosen["ResourceConfig"]["SelectedInstanceType"] == "ml.m5.2xlarge"
    assert chosen["ResourceConfig"]["SelectedInstanceCount"] == 1


def test_a_job_that_runs_for_too_long_is_stopped(own: Desk) -> None:
    own.service.settings.speed = own.service.settings.limits_speed = 1000
    told = own.run("long", "import time; time.sleep(600)", StoppingCondition={"MaxRuntimeInSeconds": 100})
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    # Python ends on SIGTERM by default; the first process of a machine does not: it is killed after the grace.
    assert own.service.jobs["long"].exit_codes == [137]


def test_a_job_may_be_stopped_before_it_trains(own: Desk) -> None:
    own.service.settings.phases["Pending"] = 60
    own.create("early", "print('never')")
    own.service.job("early").wait("Pending")
    own.sagemaker.stop_training_job(TrainingJobName="early")
    assert own.service.job("early").wait() == "Stopped"
    assert "TrainingStartTime" not in own.describe("early")
    assert own.service.log("early") == []


SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
}


def test_a_spot_job_that_lost_its_machine_goes_on_with_its_checkpoints(own: Desk) -> None:
    code = """
import pathlib, time
point = pathlib.Path("/opt/ml/checkpoints/step")
print("from", point.read_text() if point.exists() else "the start", flush=True)
print("left", sorted(path.name for path in pathlib.Path("/opt/ml/model").iterdir()), flush=True)
if point.exists(): raise SystemExit
pathlib.Path("/opt/ml/model/old").write_text("x")
point.write_text("7")
time.sleep(600)
"""
    service = own.service
    own.create("spot", code, **SPOT)
    service.until(
        lambda: own.s3.list_objects_v2(Bucket=service.bucket, Prefix="runs/spot/checkpoints/step")["KeyCount"]
    )
    service.interrupt("spot")
    assert service.job("spot").wait() == "Completed"
    assert service.log("spot") == ["from the start", "left []", "from 7", "left []"]
    told = own.describe("spot")
    phases = [transition["Status"] for transition in told["SecondaryStatusTransitions"]]
    again = ["Interrupted", "Restarting", "Downloading", "Training"]
    assert phases == ["Starting", "Pending", "Downloading", "Training", *again, "Uploading", "Completed"]
    assert told["BillableTimeInSeconds"] <= told["TrainingTimeInSeconds"]
    group = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "spot/"}
    assert len(own.logs.describe_log_streams(**group)["logStreams"]) == 2


def test_a_spot_job_waits_for_a_machine_until_it_has_waited_too_long(own: Desk) -> None:
    own.service.settings.no_capacity.add("ml.m5.large")
    own.service.settings.limits_speed = 36_000
    told = own.run("waits", **SPOT)
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


def test_an_internal_error_of_the_service_is_tried_again_where_that_was_asked_for(own: Desk) -> None:
    code = "import time; print('here', flush=True); time.sleep(600)"
    own.create("once", code)
    own.service.see("once", "here")
    own.service.crash("once")
    own.service.job("once").wait()
    assert own.describe("once")["FailureReason"].startswith("InternalServerError: We encountered an internal error.")
    own.create("twice", code, RetryStrategy={"MaximumRetryAttempts": 1})
    own.service.see("twice", "here")
    own.service.crash("twice")
    own.service.until(lambda: own.service.log("twice") == ["here", "here"])
    assert len(own.service.jobs["twice"].streams) == 2


def test_several_machines_reach_each_other_by_name(desk: Desk) -> None:
    code = """
import json, pathlib, socket
config = json.loads(pathlib.Path("/opt/ml/input/config/resourceconfig.json").read_text())
pathlib.Path("/opt/ml/model", config["current_host"]).write_text("m")
if config["current_host"] == "algo-1":
    with socket.create_server(("algo-1", 7777)) as server:
        connection, address = server.accept()
        print(connection.recv(100).decode(), "at", address[0])
else:
    for _ in range(1000):
        try:
            with socket.create_connection(("algo-1", 7777)) as connection:
                connection.sendall(b"here is " + socket.gethostname().encode())
            break
        except ConnectionRefusedError: pass
"""
    told = desk.run(
        "two", code, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}
    )
    assert told["TrainingJobStatus"] == "Completed"
    assert desk.service.log("two") == ["here is algo-2 at 10.77.0.2"]
    assert set(desk.archive("two", "model")) == {"algo-1", "algo-2"}
    assert [stream.split("-")[1] for stream in desk.service.jobs["two"].streams] == ["1", "2"]


def test_an_isolated_job_reaches_nobody(desk: Desk) -> None:
    code = """
import os, socket
socket.create_server(("127.0.0.1", 0)).close()
try: socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 1)
except OSError as error: print(type(error).__name__)
"""
    port = desk.service.url.rpartition(":")[2]
    desk.run("alone", code, EnableNetworkIsolation=True, Environment={"PORT": port})
    assert desk.service.log("alone") == ["ConnectionRefusedError"]


# Logs


def test_lines_become_events_as_the_driver_makes_them(desk: Desk) -> None:
    code = """
import os, sys
os.write(1, b"first\\n\\nsecond\\r\\n\\xff \\xc3\\xbc\\n")
os.write(1, b"x" * 300_000 + b"\\n")
os.write(1, b"no newline")
"""
    desk.run("lines", code)
    first, second, third, long, rest, last = desk.service.log("lines")
    assert (first, second, third, last) == ("first", "second\r", "\ufffd ü", "no newline")
    assert (len(long), len(long) + len(rest)) == (262_118, 300_000)


def test_the_group_is_not_there_before_the_first_job_ever(own: Desk) -> None:
    with pytest.raises(own.logs.exceptions.ResourceNotFoundException):
        own.logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs")
    own.run("first", "print('hello')")
    (stream,) = own.logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs")["logStreams"]
    assert re.fullmatch(r"first/algo-1-\d{10}", stream["logStreamName"])


def test_many_lines_are_neither_lost_nor_slow(desk: Desk) -> None:
    desk.run("many", "import sys\nfor number in range(100_000): sys.stdout.write(f'line {number}\\n')")
    assert desk.service.log("many") == [f"line {number}" for number in range(100_000)]


def test_pages_of_events_are_cut_and_may_be_empty(own: Desk) -> None:
    own.service.settings.page_bytes = 3000
    own.service.settings.empty_pages = 2
    own.run("pages", "for number in range(500): print(number)")
    assert own.service.log("pages") == [str(number) for number in range(500)]
    pages = [call for call in own.service.calls if call.name == "logs:GetLogEvents"]
    assert len(pages) > 15


def test_events_may_be_late(own: Desk) -> None:
    own.service.settings.ingestion_delay = 3600
    own.run("late", "print('at last')")
    assert own.service.log("late") == []
    own.service.settings.ingestion_delay = 0
    own.service.see("late", "at last")


def test_metrics_are_found_in_the_output(desk: Desk) -> None:
    algorithm = {
        **desk.request("x")["AlgorithmSpecification"],
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+);"}],
    }
    told = desk.run("measures", "print('loss=0.5;'); print('loss=0.25;')", AlgorithmSpecification=algorithm)
    (metric,) = told["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("loss", 0.25)


# Lists and tags


def test_jobs_are_listed_page_by_page(own: Desk) -> None:
    names = [own.create(f"Listed-{number}") for number in range(5)]
    other = own.create("other", "raise SystemExit(1)")
    for name in (*names, other):
        own.service.job(name).wait()
    pages = own.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="listed", PaginationConfig={"PageSize": 2}
    )
    told = [[job["TrainingJobName"] for job in page["TrainingJobSummaries"]] for page in pages]
    assert told == [["Listed-4", "Listed-3"], ["Listed-2", "Listed-1"], ["Listed-0"]]
    first = own.sagemaker.list_training_jobs(SortBy="Name", SortOrder="Ascending", MaxResults=1)["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in first] == ["Listed-0"]
    failed = own.sagemaker.list_training_jobs(StatusEquals="Failed")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in failed] == ["other"]
    later = own.sagemaker.list_training_jobs(
        CreationTimeAfter=own.describe("Listed-3")["CreationTime"], NameContains="Listed"
    )
    assert {job["TrainingJobName"] for job in later["TrainingJobSummaries"]} >= {"Listed-4"}


def test_tags_are_kept(desk: Desk) -> None:
    arn = desk.run("tagged", Tags=[{"Key": "alekseylearn:run", "Value": "0123"}])["TrainingJobArn"]
    desk.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "more", "Value": "m"}])
    desk.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["more"])
    assert desk.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "alekseylearn:run", "Value": "0123"}]
