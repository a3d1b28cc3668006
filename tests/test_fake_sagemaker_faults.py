"""What goes wrong between a client and AWS goes wrong at the stand-in in the same words, and what it was asked is on record."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ResponseStreamingError

from tests.fakes.sagemaker.desk import Desk, keys
from tests.fakes.sagemaker.service import SageMakerService

ROOT = Path(__file__).parent.parent
ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture
def own(own_sagemaker: SageMakerService) -> Desk:
    return Desk(own_sagemaker)


@contextlib.contextmanager
def client(
    service: SageMakerService, name: str, given: dict[str, str] | None = None, config: Config = ONCE
) -> Iterator[Any]:
    """Yield a client that tries once, with the tester's keys or others."""
    keyed = keys(service) if given is None else given
    made = boto3.client(name, region_name="us-east-1", endpoint_url=service.url, config=config, **keyed)
    with contextlib.closing(made):
        yield made


def refusal(error: ClientError) -> tuple[str, str, int]:
    told = error.response
    return told["Error"]["Code"], told["Error"]["Message"], told["ResponseMetadata"]["HTTPStatusCode"]


# Faults


def test_every_third_call_may_be_throttled(own: Desk) -> None:
    own.run("job")
    own.service.fail("sagemaker:Describe*", "throttle", every=3)
    codes = []
    with client(own.service, "sagemaker") as sagemaker:
        for _ in range(6):
            try:
                sagemaker.describe_training_job(TrainingJobName="job")
                codes.append("")
            except ClientError as error:
                codes.append(refusal(error)[0])
    assert codes == ["", "", "ThrottlingException"] * 2


def test_a_lost_reply_leaves_what_was_asked_for_done(own: Desk) -> None:
    own.service.fail("sagemaker:CreateTrainingJob", "lose", times=1)
    request = own.request("lost", "print('ran')")
    with client(own.service, "sagemaker") as sagemaker:
        with pytest.raises(ConnectionClosedError):
            sagemaker.create_training_job(**request)
        with pytest.raises(ClientError, match="ResourceInUse"):
            sagemaker.create_training_job(**request)
    own.service.job("lost").wait()
    assert own.service.log("lost") == ["ran"]


def test_a_dropped_call_is_not_carried_out(own: Desk) -> None:
    own.service.fail("sagemaker:CreateTrainingJob", "drop", times=1)
    request = own.request("dropped")
    with client(own.service, "sagemaker") as sagemaker, pytest.raises(ConnectionClosedError):
        sagemaker.create_training_job(**request)
    assert "dropped" not in own.service.jobs
    assert [call.status for call in own.service.calls if call.name == "sagemaker:CreateTrainingJob"] == [None]


def test_a_body_may_break_off(own: Desk) -> None:
    own.s3.put_object(Bucket=own.service.bucket, Key="large", Body=b"x" * 100_000)
    own.service.fail("s3:GetObject", "cut", resource="*/large", after=60_000, times=1)
    with client(own.service, "s3") as s3:
        body = s3.get_object(Bucket=own.service.bucket, Key="large")["Body"]
        assert len(body.read(50_000)) == 50_000
        with pytest.raises(ResponseStreamingError):
            body.read()
        assert len(s3.get_object(Bucket=own.service.bucket, Key="large")["Body"].read()) == 100_000


def test_a_denied_call_is_told_in_awss_words(own: Desk) -> None:
    own.service.fail("sagemaker:CreateTrainingJob", "deny")
    own.service.fail("s3:HeadObject", "deny")
    service = own.service
    with pytest.raises(ClientError) as caught:
        own.create("denied")
    code, text, status = refusal(caught.value)
    assert (code, status) == ("AccessDeniedException", 400)
    assert text == (
        f"User: arn:aws:iam::{service.account}:user/tester is not authorized to perform: sagemaker:CreateTrainingJob on resource: "
        f"arn:aws:sagemaker:us-east-1:{service.account}:training-job/denied because no identity-based policy allows the "
        "sagemaker:CreateTrainingJob action"
    )
    with pytest.raises(ClientError) as caught:
        own.s3.head_object(Bucket=service.bucket, Key="x")
    assert refusal(caught.value)[::2] == ("403", 403)


def test_any_error_may_be_ordered(own: Desk) -> None:
    own.service.fail(
        "s3:PutObject", "error", code="ConditionalRequestConflict", text="Please try again.", status=409, times=1
    )
    place = {"Bucket": own.service.bucket, "Key": "new", "IfNoneMatch": "*"}
    with client(own.service, "s3") as s3:
        with pytest.raises(ClientError, match="ConditionalRequestConflict"):
            s3.put_object(**place)
        s3.put_object(**place)
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(**place)


def test_no_fault_strikes_a_jobs_own_calls(own: Desk) -> None:
    own.service.fail("logs:*", "throttle")
    request = own.request("goes-on", "print('hello')")
    own.service.fail("s3:*", "throttle")
    own.sagemaker.create_training_job(**request)
    assert own.service.job("goes-on").wait() == "Completed"


# Keys


def test_keys_that_nobody_was_given_are_refused(own: Desk) -> None:
    wrong = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x"}
    for name, ask, code in (
        ("sts", lambda made: made.get_caller_identity(), "InvalidClientTokenId"),
        ("sagemaker", lambda made: made.list_training_jobs(), "UnrecognizedClientException"),
        ("s3", lambda made: made.list_buckets(), "InvalidAccessKeyId"),
    ):
        with client(own.service, name, wrong) as made, pytest.raises(ClientError) as caught:
            ask(made)
        assert refusal(caught.value)[0] == code


def identity(service: SageMakerService, audience: str = "sts.amazonaws.com") -> str:
    environ = service.oidc_environ
    url, token = environ["ACTIONS_ID_TOKEN_REQUEST_URL"], environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    told = requests.get(f"{url}&audience={audience}", headers={"Authorization": f"bearer {token}"}, timeout=10)
    told.raise_for_status()
    return str(told.json()["value"])


def assume(service: SageMakerService, token: str, **more: Any) -> dict[str, str]:
    with client(service, "sts", {}, Config(signature_version=UNSIGNED)) as sts:
        given = sts.assume_role_with_web_identity(
            RoleArn=service.submit_role, RoleSessionName="shop-42", WebIdentityToken=token, **more
        )["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def test_a_workflow_gets_keys_for_its_identity(own: Desk) -> None:
    token = identity(own.service)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (claims["aud"], claims["iss"]) == ("sts.amazonaws.com", "https://token.actions.githubusercontent.com")
    with client(own.service, "sts", assume(own.service, token)) as sts:
        arn = sts.get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{own.service.account}:assumed-role/alekseylearn-submit/shop-42"
    assert own.service.identities.oidc_requests == 1


@pytest.mark.parametrize("claims", [{"repository_id": "999"}, {"aud": "https://github.com/shop"}])
def test_a_role_admits_whom_it_trusts(own: Desk, claims: dict[str, str]) -> None:
    own.service.settings.claims = claims
    with pytest.raises(ClientError) as caught:
        assume(own.service, identity(own.service))
    assert refusal(caught.value) == ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)


def test_a_token_that_github_did_not_give_is_refused(own: Desk) -> None:
    with pytest.raises(ClientError, match="InvalidIdentityToken"):
        assume(own.service, "a.b.c")
    own.service.settings.oidc_failures = 1
    with pytest.raises(requests.HTTPError, match="503"):
        identity(own.service)
    assert assume(own.service, identity(own.service))
    wrong = requests.get(
        own.service.oidc_environ["ACTIONS_ID_TOKEN_REQUEST_URL"], headers={"Authorization": "bearer no"}, timeout=10
    )
    assert wrong.status_code == 401


def test_session_tokens_expire(own: Desk) -> None:
    own.service.settings.token_seconds = 0.0
    passing = assume(own.service, identity(own.service))
    own.service.settings.token_seconds = None
    longer = assume(own.service, identity(own.service), DurationSeconds=3600)
    for given, expected in ((passing, "expired"), (longer, ""), (longer, "expired")):
        for name, ask, code in (
            ("sagemaker", lambda made: made.list_training_jobs(), "ExpiredTokenException"),
            ("s3", lambda made: made.list_objects_v2(Bucket=own.service.bucket), "ExpiredToken"),
            ("sts", lambda made: made.get_caller_identity(), "ExpiredToken"),
        ):
            with client(own.service, name, given) as made:
                if not expected:
                    ask(made)
                    continue
                with pytest.raises(ClientError) as caught:
                    ask(made)
                assert refusal(caught.value)[0] == code
        if not expected:
            own.service.expire_tokens()
    # Keys that last are not concerned.
    own.run("still")


# On record


def test_every_call_is_on_record(own: Desk) -> None:
    service = own.service
    own.s3.put_object(Bucket=service.bucket, Key="a/b", Body=b"x")
    own.s3.head_object(Bucket=service.bucket, Key="a/b")
    own.s3.list_objects_v2(Bucket=service.bucket, Prefix="a/")
    own.s3.upload_fileobj(io.BytesIO(), service.bucket, "empty")
    with pytest.raises(ClientError):
        own.s3.get_object(Bucket=service.bucket, Key="none")
    told = [(call.name, call.permission, call.resource.rpartition(":::")[2], call.error) for call in service.calls]
    bucket = service.bucket
    assert told == [
        ("s3:PutObject", "s3:PutObject", f"{bucket}/a/b", ""),
        ("s3:HeadObject", "s3:GetObject", f"{bucket}/a/b", ""),
        ("s3:ListObjectsV2", "s3:ListBucket", bucket, ""),
        ("s3:PutObject", "s3:PutObject", f"{bucket}/empty", ""),
        ("s3:GetObject", "s3:GetObject", f"{bucket}/none", "NoSuchKey"),
    ]
    assert service.calls[2].parameters["prefix"] == "a/"
    own.run("job", "print('x')")
    by_job = {call.permission for call in service.calls if call.by_job and "alekseylearn-execution" in call.principal}
    assert by_job == {
        "s3:ListBucket",
        "s3:GetObject",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }


def test_large_objects_are_on_record_part_by_part(own: Desk, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (17 << 20))
    own.s3.upload_file(str(tmp_path / "large"), own.service.bucket, "large")
    names = [call.name for call in own.service.calls]
    parts = ["s3:UploadPart"] * 3
    assert sorted(names) == sorted(["s3:CreateMultipartUpload", *parts, "s3:CompleteMultipartUpload"])
    assert {call.permission for call in own.service.calls} == {"s3:PutObject"}


# Prices and quotas


def test_prices_have_neighbours_with_like_names(own: Desk) -> None:
    own.service.settings.prices = {("us-east-1", "ml.g5.xlarge"): 1.408, ("eu-west-1", "ml.g5.xlarge"): 1.57}
    wanted = [
        {"Type": "EQUALS", "Field": "regionCode", "Value": "us-east-1"},
        {"Type": "CONTAINS", "Field": "usagetype", "Value": "Train:ml.g5.xlarge"},
    ]
    found = [
        json.loads(text)
        for text in own.service.client("pricing").get_products(ServiceCode="AmazonSageMaker", Filters=wanted)[
            "PriceList"
        ]
    ]
    usages = sorted(item["product"]["attributes"]["usagetype"] for item in found)
    assert usages == [
        "USE1-SpotTrain:ml.g5.xlarge", "USE1-Train:ml.g5.xlarge", "USE1-Train:ml.g5.xlarge", "USE1-Train:ml.g5.xlarge-fast",
    ]  # fmt: skip
    prices = {
        dimension["pricePerUnit"]["USD"]
        for item in found
        if item["product"]["attributes"]["usagetype"] == "USE1-Train:ml.g5.xlarge"
        for term in item["terms"]["OnDemand"].values()
        for dimension in term["priceDimensions"].values()
    }
    assert prices == {"0.0000000000", "1.4080000000"}


def test_quotas_are_told(own: Desk) -> None:
    own.service.settings.quotas["ml.g5.xlarge"] = 2
    asked = (
        own.service.client("service-quotas")
        .get_paginator("list_service_quotas")
        .paginate(ServiceCode="sagemaker", PaginationConfig={"PageSize": 2})
    )
    told = {quota["QuotaName"]: quota for page in asked for quota in page["Quotas"]}
    quota = told["ml.g5.xlarge for training job usage"]
    assert quota["Value"] == 2.0
    one = own.service.client("service-quotas").get_service_quota(ServiceCode="sagemaker", QuotaCode=quota["QuotaCode"])[
        "Quota"
    ]
    assert one == quota
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        own.service.client("service-quotas").get_service_quota(ServiceCode="sagemaker", QuotaCode="L-0")


# A process of its own


@contextlib.contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Yield a service in a process of its own, and what it says of itself."""
    command = [sys.executable, "-m", "tests.fakes.sagemaker", "--speed", "20", "--folder", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        yield started, json.loads(started.stdout.readline())
        started.kill()


def ask_for(about: dict[str, Any], name: str, code: str) -> None:
    """Create a job at a service elsewhere."""
    environ = about["environ"]
    given = {
        "aws_access_key_id": environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environ["AWS_SECRET_ACCESS_KEY"],
    }
    made = [
        boto3.client(kind, region_name="us-east-1", endpoint_url=about["url"], **given) for kind in ("s3", "sagemaker")
    ]
    with contextlib.closing(made[0]) as s3, contextlib.closing(made[1]) as sagemaker:
        s3.put_object(Bucket=about["bucket"], Key="code/boot.py", Body=code.encode())
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{about['bucket']}/code/"}
        sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=about["role"],
            AlgorithmSpecification={
                "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cpu-amzn2023-sagemaker",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/boot.py"],
            },
            InputDataConfig=[{"ChannelName": "code", "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"s3://{about['bucket']}/runs"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
        )


def waited(url: str, holds: Any) -> Any:
    """Ask *url* until the answer *holds*, and return it."""
    until = time.monotonic() + 30
    while not holds(told := requests.get(url, timeout=10).json()):
        assert time.monotonic() < until, told
        time.sleep(0.02)
    return told


def test_another_process_may_have_the_service_and_change_it(tmp_path: Path) -> None:
    with process(tmp_path) as (_, about):
        control = f"{about['url']}/_control"
        order = {
            "settings": {"phases": {"Pending": 0.2}, "no_capacity": []},
            "faults": [{"action": "sagemaker:List*", "kind": "throttle"}],
        }
        assert requests.post(control, json=order, timeout=10).status_code == 200
        assert requests.post(control, json={"settings": {"no_such": 1}}, timeout=10).status_code == 400
        ask_for(about, "far", "print('from afar')")
        jobs = waited(f"{control}/jobs", lambda told: told["far"]["TrainingJobStatus"] == "Completed")
        assert jobs["far"]["SecondaryStatus"] == "Completed"
        assert requests.get(f"{control}/log/far", timeout=10).json() == ["from afar"]
        calls = requests.get(f"{control}/calls", timeout=10).json()
        assert "sagemaker:CreateTrainingJob" in [call["permission"] for call in calls]


def test_nothing_of_a_job_outlives_the_service(tmp_path: Path) -> None:
    marker = f"alekseylearn-marker-{os.getpid()}"
    code = f"import os, subprocess, time\nsubprocess.Popen(['sleep', '6543'], env={{'MARK': '{marker}'}})\nprint('up', flush=True)\ntime.sleep(600)"
    with process(tmp_path) as (started, about):
        ask_for(about, "left", code)
        waited(f"{about['url']}/_control/log/left", lambda told: "up" in told)
        assert len(bearing(marker)) == 1
        os.kill(started.pid, signal.SIGKILL)
        started.wait()
    until = time.monotonic() + 10
    while bearing(marker) and time.monotonic() < until:
        time.sleep(0.02)
    assert bearing(marker) == []
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text("utf-8")


def bearing(marker: str) -> list[str]:
    """Return the processes whose environment has *marker*."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if marker in place.read_text("utf-8", "replace"):
                found.append(place.parent.name)
    return found
