"""What the workflow and its jobs may do on AWS: every call of ours is allowed, every abuse that we could think of is not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from alekseylearn.iam_policies import (
    GITHUB,
    REPOSITORY_TAG,
    Access,
    Document,
    execution_policy,
    execution_trust,
    partition_of,
    registry,
    submit_policy,
    submit_trust,
)
from alekseylearn.iam_template import deploy_command, template, template_text
from tests.rig.iam.simulator import Call, Simulator, SimulatorError

ACCOUNT, REGION, BUCKET = "111122223333", "eu-west-1", "acme-training"
ACCESS = Access(
    account=ACCOUNT,
    region=REGION,
    bucket=BUCKET,
    repository="acme/churn",
    repository_id="4242",
    environment="training",
    instances=("ml.m5.*", "ml.g5.xlarge"),
    max_runtime=14_400,
    data=("s3://acme-lake/churn/",),
)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
JOB = "alekseylearn-0123456789ab-1"
DIGEST = "0123456789ab" + "0" * 52
CREATE = {
    "sagemaker:InstanceTypes": ["ml.g5.xlarge"],
    "sagemaker:MaxRuntimeInSeconds": "7200",
    f"aws:RequestTag/{REPOSITORY_TAG}": "acme/churn",
    "aws:TagKeys": [REPOSITORY_TAG, "alekseylearn:run"],
}
TAG = {key: value for key, value in CREATE.items() if key.startswith("aws:")} | {
    "sagemaker:TaggingAction": "CreateTrainingJob"
}
PASS = {"iam:PassedToService": "sagemaker.amazonaws.com"}
OURS = {f"aws:ResourceTag/{REPOSITORY_TAG}": "acme/churn"}


def job(name: str = JOB) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}"


def role(name: str = "alekseylearn-execution") -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def s3(key: str, bucket: str = BUCKET, prefix: str = "alekseylearn/") -> str:
    return f"arn:aws:s3:::{bucket}/{prefix}{key}"


def logs(stream: str = "", group: str = "/aws/sagemaker/TrainingJobs") -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}" + (f":log-stream:{stream}" if stream else "")


def call(action: str, resource: str = "*", **context: Any) -> Call:
    return Call(action=action, resource=resource, context=context.get("context", {}))


def create(name: str = JOB, **changed: str | list[str] | None) -> Call:
    context = {key: value for key, value in {**CREATE, **changed}.items() if value is not None}
    return Call(action="sagemaker:CreateTrainingJob", resource=job(name), context=context)


def listing(prefix: str | None, bucket: str = BUCKET) -> Call:
    context: dict[str, str | list[str]] = {} if prefix is None else {"s3:prefix": prefix}
    return Call(action="s3:ListBucket", resource=f"arn:aws:s3:::{bucket}", context=context)


SUBMITS = {
    "who am I": call("sts:GetCallerIdentity"),
    "start a job": create(),
    "start it on another machine that is named": create(**{"sagemaker:InstanceTypes": ["ml.m5.4xlarge"]}),
    "start it on one of several": create(**{"sagemaker:InstanceTypes": ["ml.g5.xlarge", "ml.m5.large"]}),
    "start it for as long as can be": create(**{"sagemaker:MaxRuntimeInSeconds": "14400"}),
    "start it with a network of its own": create(**{"sagemaker:VpcSubnets": ["subnet-1"]}),
    "tag it while it is made": call("sagemaker:AddTags", job(), context=TAG),
    "hand the execution role over": call("iam:PassRole", role(), context=PASS),
    "look at it": call("sagemaker:DescribeTrainingJob", job()),
    "stop it": call("sagemaker:StopTrainingJob", job(), context=OURS),
    "stop it before its tags are seen": call("sagemaker:StopTrainingJob", job()),
    "put the bundle": call("s3:PutObject", s3(f"code/{DIGEST}/bundle.tar")),
    "see whether it is there": call("s3:GetObject", s3(f"code/{DIGEST}/bundle.tar")),
    "give an upload up": call("s3:AbortMultipartUpload", s3(f"results/01/{DIGEST}/files/model.bin")),
    "write down what was submitted": call("s3:PutObject", s3(f"jobs/{JOB}.json")),
    "read what was submitted": call("s3:GetObject", s3(f"jobs/{JOB}.json")),
    "forget what came home": call("s3:DeleteObject", s3(f"jobs/{JOB}.json")),
    "bring the model home": call("s3:GetObject", s3(f"runs/{JOB}/output/model.tar.gz")),
    "see metrics while it trains": call("s3:GetObject", s3(f"runs/{JOB}/checkpoints/alekseylearn/metrics.jsonl")),
    "keep a result": call("s3:PutObject", s3(f"results/01/{DIGEST}/result.json")),
    "read a result": call("s3:GetObject", s3(f"results/01/{DIGEST}/files/model.bin")),
    "find results": listing("alekseylearn/results/01/0123"),
    "find all that is ours": listing("alekseylearn/"),
    # S3 asks for ListBucket with the key as prefix before it says that there is no such object.
    "hear that there is no result": listing(f"alekseylearn/results/01/{DIGEST}/result.json"),
    "find the log": call("logs:DescribeLogStreams", logs()),
    "read the log": call("logs:GetLogEvents", logs(f"{JOB}/algo-1-1795435200")),
    "what it costs": call("pricing:GetProducts"),
    "how many machines": call("servicequotas:ListServiceQuotas"),
    "look at the role": call("iam:GetRole", role()),
}
ABUSES = {
    "a machine for 98 dollars an hour": create(**{"sagemaker:InstanceTypes": ["ml.p5.48xlarge"]}),
    "the same, behind one that is allowed": create(**{"sagemaker:InstanceTypes": ["ml.g5.xlarge", "ml.p5.48xlarge"]}),
    "the same, before one that is allowed": create(**{"sagemaker:InstanceTypes": ["ml.p5.48xlarge", "ml.g5.xlarge"]}),
    "a larger machine of a named type": create(**{"sagemaker:InstanceTypes": ["ml.g5.48xlarge"]}),
    "no machine named": create(**{"sagemaker:InstanceTypes": None}),
    "nine hours": create(**{"sagemaker:MaxRuntimeInSeconds": "32400"}),
    "a second too long": create(**{"sagemaker:MaxRuntimeInSeconds": "14401"}),
    "no limit": create(**{"sagemaker:MaxRuntimeInSeconds": None}),
    "a machine that waits, paid, for the next job": create(**{"sagemaker:KeepAlivePeriod": "21600"}),
    "a shell in the job": create(**{"sagemaker:EnableRemoteDebug": "true"}),
    "a job with another name": create("production-1"),
    "a job without our tag": create(**{f"aws:RequestTag/{REPOSITORY_TAG}": None}),
    "a job in another repository's name": create(**{f"aws:RequestTag/{REPOSITORY_TAG}": "acme/other"}),
    "a machine reserved by others": call(
        "sagemaker:CreateTrainingJob",
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-plan/plan",
        context=CREATE,
    ),
    "a job in another region": Call(
        action="sagemaker:CreateTrainingJob", resource=job().replace(REGION, "us-east-1"), context=CREATE
    ),
    "a tag on a job that is there": call(
        "sagemaker:AddTags", job(), context={key: value for key, value in TAG.items() if key.startswith("aws:")}
    ),
    "a tag taken off": call("sagemaker:DeleteTags", job()),
    "an administrator's role": call("iam:PassRole", role("Admin"), context=PASS),
    "our own role handed over": call("iam:PassRole", role("alekseylearn-submit"), context=PASS),
    "the execution role for a machine of EC2": call(
        "iam:PassRole", role(), context={"iam:PassedToService": "ec2.amazonaws.com"}
    ),
    "the execution role for nobody": call("iam:PassRole", role()),
    "becoming the execution role": call("sts:AssumeRole", role()),
    "stopping a job of production": call("sagemaker:StopTrainingJob", job("production-1")),
    "stopping another repository's job": call(
        "sagemaker:StopTrainingJob", job(), context={f"aws:ResourceTag/{REPOSITORY_TAG}": "acme/other"}
    ),
    "looking at a job of production": call("sagemaker:DescribeTrainingJob", job("production-1")),
    "deleting a job": call("sagemaker:DeleteTrainingJob", job()),
    "a notebook server": call(
        "sagemaker:CreateNotebookInstance", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:notebook-instance/alekseylearn-x"
    ),
    "an endpoint": call("sagemaker:CreateEndpoint", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/alekseylearn-x"),
    "a hyperparameter search": call(
        "sagemaker:CreateHyperParameterTuningJob",
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hyper-parameter-tuning-job/alekseylearn-x",
    ),
    "another prefix": call("s3:PutObject", s3("x", prefix="production/")),
    "another tenant's prefix, read": call("s3:GetObject", s3(f"results/01/{DIGEST}/result.json", prefix="other/")),
    "a prefix that begins like ours": call("s3:GetObject", s3("results/x", prefix="alekseylearn2/")),
    "another bucket": call("s3:PutObject", s3("code/x/bundle.tar", bucket="acme-production")),
    "the data of jobs": call("s3:GetObject", s3("churn/customers.csv", bucket="acme-lake", prefix="")),
    "deleting a result": call("s3:DeleteObject", s3(f"results/01/{DIGEST}/result.json")),
    "deleting a bundle": call("s3:DeleteObject", s3(f"code/{DIGEST}/bundle.tar")),
    "deleting what a job left": call("s3:DeleteObject", s3(f"runs/{JOB}/output/model.tar.gz")),
    "forging what a job left": call("s3:PutObject", s3(f"runs/{JOB}/output/model.tar.gz")),
    "making an object public": call("s3:PutObjectAcl", s3(f"results/01/{DIGEST}/result.json")),
    "listing the whole bucket": listing(None),
    "listing another tenant's prefix": listing("other/"),
    "listing another bucket": listing("alekseylearn/", bucket="acme-production"),
    "deleting the bucket": call("s3:DeleteBucket", f"arn:aws:s3:::{BUCKET}"),
    "opening the bucket": call("s3:PutBucketPolicy", f"arn:aws:s3:::{BUCKET}"),
    "copying the bucket elsewhere": call("s3:PutReplicationConfiguration", f"arn:aws:s3:::{BUCKET}"),
    "a new role": call("iam:CreateRole", role("evil")),
    "more rights for us": call("iam:PutRolePolicy", role("alekseylearn-submit")),
    "more rights for jobs": call("iam:AttachRolePolicy", role()),
    "another trust": call("iam:UpdateAssumeRolePolicy", role()),
    "looking at another role": call("iam:GetRole", role("Admin")),
    "a secret": call("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"),
    "a parameter": call("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/db"),
    "a key": call("kms:Decrypt", KEY),
    "logs of other jobs": call("logs:GetLogEvents", logs("production-1/algo-1-1795435200")),
    "logs of a function": call("logs:GetLogEvents", logs("2026/11/23/x", "/aws/lambda/payments")),
    "a query over all logs": call("logs:StartQuery", logs()),
    "deleting the log": call("logs:DeleteLogStream", logs(f"{JOB}/algo-1-1795435200")),
    "a higher quota": call(
        "servicequotas:RequestServiceQuotaIncrease", f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:sagemaker/L-1"
    ),
    "a virtual machine": call("ec2:RunInstances", f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*"),
}

JOB_DOES = {
    "reads its code": call("s3:GetObject", s3(f"code/{DIGEST}/boot.py")),
    "finds its code": listing(f"alekseylearn/code/{DIGEST}/"),
    "finds its checkpoints": listing(f"alekseylearn/runs/{JOB}/checkpoints"),
    "takes its checkpoints up again": call("s3:GetObject", s3(f"runs/{JOB}/checkpoints/step-1.pt")),
    "writes checkpoints": call("s3:PutObject", s3(f"runs/{JOB}/checkpoints/step-2.pt")),
    "writes the model": call("s3:PutObject", s3(f"runs/{JOB}/output/model.tar.gz")),
    "gives an upload up": call("s3:AbortMultipartUpload", s3(f"runs/{JOB}/output/model.tar.gz")),
    "finds its data": listing("churn/2026/", bucket="acme-lake"),
    "reads its data": call("s3:GetObject", s3("churn/2026/customers.parquet", bucket="acme-lake", prefix="")),
    "makes the group of logs": call("logs:CreateLogGroup", logs()),
    "finds its log": call("logs:DescribeLogStreams", logs()),
    "begins its log": call("logs:CreateLogStream", logs(f"{JOB}/algo-1-1795435200")),
    "writes its log": call("logs:PutLogEvents", logs(f"{JOB}/algo-1-1795435200")),
    "tells metrics": call("cloudwatch:PutMetricData", context={"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}),
    "logs in to the registry": call("ecr:GetAuthorizationToken"),
    "pulls AWS's image": call("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:763104351884:repository/pytorch-training"),
    "pulls a layer": call(
        "ecr:GetDownloadUrlForLayer", f"arn:aws:ecr:{REGION}:763104351884:repository/pytorch-training"
    ),
}
JOB_ABUSES = {
    "starts a job": create(),
    "hands its role over": call("iam:PassRole", role(), context=PASS),
    "changes its code": call("s3:PutObject", s3(f"code/{DIGEST}/bundle.tar")),
    "forges a result": call("s3:PutObject", s3(f"results/01/{DIGEST}/result.json")),
    "reads results": call("s3:GetObject", s3(f"results/01/{DIGEST}/result.json")),
    "forges what was submitted": call("s3:PutObject", s3(f"jobs/{JOB}.json")),
    "deletes checkpoints": call("s3:DeleteObject", s3(f"runs/{JOB}/checkpoints/step-1.pt")),
    "changes data": call("s3:PutObject", s3("churn/2026/customers.parquet", bucket="acme-lake", prefix="")),
    "reads other data": call("s3:GetObject", s3("payroll/2026.parquet", bucket="acme-lake", prefix="")),
    "lists other data": listing("payroll/", bucket="acme-lake"),
    "lists the whole bucket": listing(None),
    "reads other logs": call("logs:GetLogEvents", logs("production-1/algo-1-1795435200")),
    "writes other logs": call("logs:PutLogEvents", logs("production-1/algo-1-1795435200")),
    "tells metrics of others": call("cloudwatch:PutMetricData", context={"cloudwatch:namespace": "Billing"}),
    "pulls an image of the account's": call("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/payments"),
    "pushes an image": call("ecr:PutImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/pytorch-training"),
    "reads a secret": call(
        "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"
    ),
    "becomes another role": call("sts:AssumeRole", role("Admin")),
    "makes a network interface": call(
        "ec2:CreateNetworkInterface", f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/*"
    ),
    "uses a model of Bedrock": call("bedrock:InvokeModel", f"arn:aws:bedrock:{REGION}::foundation-model/x"),
}


def claims(**changed: str | None) -> dict[str, str | list[str]]:
    """Return what GitHub says of a job in the environment of the repository, with some of it *changed*."""
    told = {
        "aud": "sts.amazonaws.com",
        "sub": "repo:acme/churn:environment:training",
        "repository": "acme/churn",
        "repository_id": "4242",
        "environment": "training",
        "ref": "refs/heads/main",
    }
    return {f"{GITHUB}:{claim}": value for claim, value in {**told, **changed}.items() if value is not None}


def bare(**changed: str | None) -> dict[str, str | list[str]]:
    """Return what GitHub says of a job without an environment."""
    return claims(**{"sub": "repo:acme/churn:pull_request", "environment": None, "ref": "refs/pull/7/merge", **changed})


FORKED: dict[str, str | None] = {"repository": "mallory/churn", "repository_id": "666"}
BELONGS = {
    "the environment": claims(),
    "the environment, of a repository made since ids stand in subjects": claims(
        sub="repo:acme@77/churn@4242:environment:training"
    ),
}
BELONGS_BARE = {
    "a pull request": bare(),
    "the branch": bare(sub="repo:acme/churn:ref:refs/heads/main", ref="refs/heads/main"),
    "a pull request by ids": bare(sub="repo:acme@77/churn@4242:pull_request"),
    "the branch by ids": bare(sub="repo:acme@77/churn@4242:ref:refs/heads/main"),
}
STRANGERS = {
    "a fork": claims(sub="repo:mallory/churn:environment:training", **FORKED),
    "a fork by ids": claims(sub="repo:mallory@9/churn@666:environment:training", **FORKED),
    "another repository of the owner": claims(
        sub="repo:acme/other:environment:training", repository="acme/other", repository_id="4343"
    ),
    "the name in other hands, after the repository was deleted": claims(repository_id="666"),
    "the same by ids": claims(sub="repo:acme@78/churn@666:environment:training", repository_id="666"),
    "another environment": claims(sub="repo:acme/churn:environment:production", environment="production"),
    "no environment: a pull request": claims(sub="repo:acme/churn:pull_request", environment=None),
    "no environment: the branch": claims(sub="repo:acme/churn:ref:refs/heads/main", environment=None),
    "a subject that its other claims belie": claims(repository="mallory/churn"),
    "a token for somebody else": claims(aud="https://github.com/acme"),
    "a subject without the rest": claims(repository=None, repository_id=None, environment=None),
    "claims without a subject": claims(sub=None),
    "an environment called like us": claims(
        sub="repo:acme@77/other@4343:environment:x/churn@4242%3Aenvironment%3Atraining",
        repository="acme/other",
        repository_id="4343",
        environment="x/churn@4242:environment:training",
    ),
}
STRANGERS_BARE = {
    "a pull request from elsewhere": bare(sub="repo:mallory/churn:pull_request", **FORKED),
    "the same by ids": bare(sub="repo:mallory@9/churn@666:pull_request", **FORKED),
    "another branch": bare(sub="repo:acme/churn:ref:refs/heads/evil", ref="refs/heads/evil"),
    "a branch that begins like ours": bare(sub="repo:acme/churn:ref:refs/heads/main2", ref="refs/heads/main2"),
    "a tag": bare(sub="repo:acme/churn:ref:refs/tags/main", ref="refs/tags/main"),
    "an environment that may be anybody's": bare(sub="repo:acme/churn:environment:x", environment="x"),
    "an owner whose name begins like ours": bare(
        sub="repo:acme-evil/churn:pull_request", repository="acme-evil/churn", repository_id="666"
    ),
    "a branch called like us": bare(
        sub="repo:acme@77/other@4343:ref:refs/heads/x/churn@4242", repository="acme/other", repository_id="4343"
    ),
}


def verdicts(iam: Simulator, named: Mapping[str, Call], policy: Document, principal: str) -> dict[str, bool]:
    told = iam.ask([*named.values()], policy=policy, principal=principal, account=ACCOUNT)
    return dict(zip(named, (one == "Allowed" for one in told), strict=True))


def trusted(iam: Simulator, named: Mapping[str, dict[str, str | list[str]]], trust: Document) -> dict[str, bool]:
    action = "sts:AssumeRoleWithWebIdentity"
    calls = [Call(action=action, resource=ACCESS.submit_arn, context=told) for told in named.values()]
    told = iam.ask(calls, trust=trust, principal=ACCESS.provider_arn, account=ACCOUNT)
    return dict(zip(named, (one == "Allowed" for one in told), strict=True))


class TestSubmit:
    def test_the_workflow_may_do_all_that_it_does(self, iam: Simulator) -> None:
        assert verdicts(iam, SUBMITS, submit_policy(ACCESS), ACCESS.submit_arn) == dict.fromkeys(SUBMITS, True)

    def test_the_workflow_may_do_nothing_else(self, iam: Simulator) -> None:
        assert verdicts(iam, ABUSES, submit_policy(ACCESS), ACCESS.submit_arn) == dict.fromkeys(ABUSES, False)

    def test_a_machine_that_is_kept_for_the_next_job_may_be_allowed(self, iam: Simulator) -> None:
        policy = submit_policy(replace(ACCESS, keep_alive=600))
        asked = {str(seconds): create(**{"sagemaker:KeepAlivePeriod": str(seconds)}) for seconds in (600, 601)}
        assert verdicts(iam, asked, policy, ACCESS.submit_arn) == {"600": True, "601": False}

    def test_with_a_key_it_may_be_used_and_no_other(self, iam: Simulator) -> None:
        policy = submit_policy(replace(ACCESS, kms_key=KEY))
        grant = {"kms:GrantIsForAWSResource": "true"}
        asked = {
            "decrypt": call("kms:Decrypt", KEY),
            "encrypt": call("kms:GenerateDataKey", KEY),
            "let a service use it": call("kms:CreateGrant", KEY, context=grant),
            "let anybody use it": call("kms:CreateGrant", KEY, context={"kms:GrantIsForAWSResource": "false"}),
            "another": call("kms:Decrypt", KEY.replace("0a1b", "ffff")),
            "delete it": call("kms:ScheduleKeyDeletion", KEY),
        }
        # A key has a policy of its own; the one that it is made with leaves it to the account's policies.
        account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        usual = {"Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}
        trust = {"Version": "2012-10-17", "Statement": [usual]}
        told = iam.ask([*asked.values()], policy=policy, trust=trust, principal=ACCESS.submit_arn, account=ACCOUNT)
        assert [one == "Allowed" for one in told] == [True, True, True, False, False, False]


class TestExecution:
    def test_a_job_may_do_all_that_it_does(self, iam: Simulator) -> None:
        assert verdicts(iam, JOB_DOES, execution_policy(ACCESS), role()) == dict.fromkeys(JOB_DOES, True)

    def test_a_job_may_do_nothing_else(self, iam: Simulator) -> None:
        assert verdicts(iam, JOB_ABUSES, execution_policy(ACCESS), role()) == dict.fromkeys(JOB_ABUSES, False)

    def test_a_job_in_a_network_of_ones_own_may_join_it(self, iam: Simulator) -> None:
        asked = {"joins": JOB_ABUSES["makes a network interface"]}
        assert verdicts(iam, asked, execution_policy(replace(ACCESS, vpc=True)), role()) == {"joins": True}

    def test_an_image_of_ones_own_may_be_named(self, iam: Simulator) -> None:
        own = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/payments"
        policy = execution_policy(replace(ACCESS, images=(own, registry("aws", REGION))))
        asked = {name: JOB_DOES[name] for name in ("pulls AWS's image", "pulls a layer")}
        asked["pulls ours"] = JOB_ABUSES["pulls an image of the account's"]
        assert all(verdicts(iam, asked, policy, role()).values())


class TestTrust:
    def test_the_workflows_of_the_environment_become_the_submit_role(self, iam: Simulator) -> None:
        assert trusted(iam, BELONGS, submit_trust(ACCESS)) == dict.fromkeys(BELONGS, True)

    def test_strangers_do_not(self, iam: Simulator) -> None:
        assert trusted(iam, STRANGERS, submit_trust(ACCESS)) == dict.fromkeys(STRANGERS, False)

    @pytest.mark.parametrize("repository_id", ["4242", None])
    def test_without_an_environment_pull_requests_and_the_branch_do(
        self, iam: Simulator, repository_id: str | None
    ) -> None:
        trust = submit_trust(replace(ACCESS, environment=None, repository_id=repository_id))
        assert trusted(iam, BELONGS_BARE, trust) == dict.fromkeys(BELONGS_BARE, True)
        assert trusted(iam, STRANGERS_BARE, trust) == dict.fromkeys(STRANGERS_BARE, False)

    def test_another_identity_provider_does_not(self, iam: Simulator) -> None:
        asked = [Call(action="sts:AssumeRoleWithWebIdentity", resource=ACCESS.submit_arn, context=claims())]
        principal = ACCESS.provider_arn.replace(GITHUB, "gitlab.com")
        told = iam.ask(asked, trust=submit_trust(ACCESS), principal=principal, account=ACCOUNT)
        assert told == ["ImplicitlyDenied"]

    @pytest.mark.parametrize(
        ("principal", "changed", "trusted"),
        [
            ("sagemaker.amazonaws.com", {}, True),
            ("sagemaker.amazonaws.com", {"aws:SourceAccount": "999999999999"}, False),
            ("sagemaker.amazonaws.com", {"aws:SourceArn": job("production-1")}, False),
            ("sagemaker.amazonaws.com", {"aws:SourceArn": job().replace("training-job", "processing-job")}, False),
            ("ec2.amazonaws.com", {}, False),
            (f"arn:aws:iam::{ACCOUNT}:role/alekseylearn-submit", {}, False),
        ],
    )
    def test_only_sagemaker_becomes_the_execution_role_and_for_our_jobs_alone(
        self, iam: Simulator, principal: str, changed: dict[str, str], trusted: bool
    ) -> None:
        context = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": job(), **changed}
        asked = [Call(action="sts:AssumeRole", resource=role(), context=context)]
        told = iam.ask(asked, trust=execution_trust(ACCESS), principal=principal, account=ACCOUNT)
        assert (told == ["Allowed"]) is trusted


class TestSimulator:
    """What the tests above rest on: a slip in a policy is no quiet no."""

    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            (call("sagemaker:CreateTrainingJobs", job()), "invalid.action"),
            (call("sagemaker:StopTrainingJob", job(), context={"sagemaker:InstanceTypes": ["ml.m5.large"]}), "has no"),
            (call("s3:GetObject", job()), "no.resource.types"),
        ],
    )
    def test_a_question_that_aws_would_not_know_is_an_error(self, iam: Simulator, asked: Call, told: str) -> None:
        with pytest.raises(SimulatorError, match=told):
            iam.ask([asked], policy=submit_policy(ACCESS), principal=role(), account=ACCOUNT)

    def test_a_policy_that_aws_would_not_take_is_an_error(self, iam: Simulator) -> None:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]}
        with pytest.raises(SimulatorError, match="Policy"):
            iam.ask([SUBMITS["read a result"]], policy=policy, principal=role(), account=ACCOUNT)


def statements(access: Access) -> Iterator[dict[str, Any]]:
    for document in (submit_policy, execution_policy, submit_trust, execution_trust):
        yield from document(access)["Statement"]


FULL = replace(ACCESS, kms_key=KEY, vpc=True)


def test_no_allowance_rests_on_a_condition_that_holds_where_nothing_is_said() -> None:
    for statement in statements(FULL):
        if statement["Effect"] == "Allow":
            assert [name for name in statement.get("Condition", {}) if name.startswith("ForAllValues")] == []


def test_no_allowance_is_for_all_actions_of_a_service() -> None:
    for statement in statements(FULL):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert [action for action in actions if "*" in action] == []


def test_everywhere_is_only_what_cannot_be_narrowed() -> None:
    wide = {one["Sid"] for one in statements(FULL) if one.get("Resource") == "*" and one["Effect"] == "Allow"}
    assert wide == {"Look", "Measure", "RegistryLogin", "Network"}


def test_the_policies_fit_into_what_iam_takes() -> None:
    for document in (submit_policy, execution_policy):
        made = document(FULL)
        assert len(json.dumps(made, separators=(",", ":"))) <= 6144
        sids = [statement["Sid"] for statement in made["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_the_partition_is_the_regions(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Fill the roles of a template in as CloudFormation does."""
    match value:
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda match: str(known[match[1]]), text)
        case dict():
            return {key: filled(one, known) for key, one in value.items()}
        case list():
            return [filled(one, known) for one in value]
    return value


class TestTemplate:
    def test_it_grants_what_the_policies_grant(self) -> None:
        made = template(FULL)
        known = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}
        submit, execution = (
            filled(made["Resources"][name]["Properties"], known) for name in ("SubmitRole", "ExecutionRole")
        )
        assert submit["Policies"][0]["PolicyDocument"] == submit_policy(FULL)
        assert submit["AssumeRolePolicyDocument"] == submit_trust(FULL)
        assert execution["Policies"][0]["PolicyDocument"] == execution_policy(FULL)
        assert execution["AssumeRolePolicyDocument"] == execution_trust(FULL)

    @pytest.mark.parametrize("access", [ACCESS, FULL, replace(ACCESS, environment=None, repository_id=None, data=())])
    def test_cloudformation_takes_it(self, access: Access, tmp_path: Path) -> None:
        file = tmp_path / "alekseylearn.yml"
        file.write_text(template_text(access, deploy_command("aws/alekseylearn.yml", REGION)), encoding="utf-8")
        command = [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--", file]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr

    def test_it_is_the_same_each_time_and_reads_as_it_was_made(self) -> None:
        text = template_text(FULL, "aws cloudformation deploy")
        assert text == template_text(FULL, "aws cloudformation deploy")
        assert yaml.safe_load(text) == template(FULL)
        assert len(text) < 51_200
        assert "&id" not in text

    def test_the_bucket_is_private_encrypted_and_outlives_the_stack(self) -> None:
        made = template(ACCESS)["Resources"]
        properties = made["Results"]["Properties"]
        assert made["Results"]["DeletionPolicy"] == "Retain"
        assert all(properties["PublicAccessBlockConfiguration"].values())
        assert "VersioningConfiguration" not in properties
        kept = {rule["Id"]: rule.get("ExpirationInDays") for rule in properties["LifecycleConfiguration"]["Rules"]}
        assert kept == {"runs": 30, "code": 30, "uploads": None}
        (statement,) = made["ResultsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

    def test_the_identity_provider_is_made_only_where_there_is_none(self) -> None:
        made = template(ACCESS)
        assert made["Resources"]["GitHubProvider"]["Condition"] == "MakeGitHub"
        assert made["Parameters"]["GitHub"]["AllowedValues"] == ["make", "exists"]

    def test_the_outputs_are_what_the_configuration_and_the_workflow_need(self) -> None:
        assert list(template(ACCESS)["Outputs"]) == ["Bucket", "ExecutionRole", "SubmitRole"]
