"""What a workflow and its training jobs may do on AWS, and nothing else: IAM's documents as plain dictionaries.

Sources: Service Authorization Reference (Amazon SageMaker AI, Amazon S3, CloudWatch Logs, AWS STS); SageMaker AI
Developer Guide ("CreateTrainingJob API: Execution Role Permissions", "Cross-service confused deputy prevention",
"Provide Permissions for Tagging SageMaker AI Resources"); GitHub Docs ("OpenID Connect reference").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

REPOSITORY_TAG = "alekseylearn:repository"
"""The tag that says whose a job is; none is created without it."""
GITHUB = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
JOBS = "alekseylearn-*"
"""The names of our jobs, and with them of their log streams."""
LOGS = "/aws/sagemaker/TrainingJobs"
"""The group of their logs, and the namespace of their metrics."""
_VERSION = "2012-10-17"
_REGISTRY = "763104351884"
"""The account of AWS's deep-learning containers in most regions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What is known of who may train where; `${...}` in a text is filled in by CloudFormation.

    *instances* are instance types or patterns of them (`ml.g5.*`), *max_runtime* and *keep_alive* (of a warm pool)
    are seconds, *data* are `s3://bucket/prefix` that jobs read, *images* are ARNs of ECR repositories that they may
    start from, *kms_key* is an ARN. With *environment* only jobs of that environment of GitHub's may submit; else
    those of pull requests, and of *branch*.
    """

    account: str
    region: str
    bucket: str
    repository: str
    prefix: str = "alekseylearn"
    execution_role: str = "alekseylearn-execution"
    submit_role: str = "alekseylearn-submit"
    repository_id: str | None = None
    environment: str | None = None
    branch: str = "main"
    instances: tuple[str, ...] = ("ml.m5.*", "ml.g4dn.*", "ml.g5.*", "ml.g6.*")
    max_runtime: int = 4 * 3600
    keep_alive: int = 0
    data: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    kms_key: str | None = None
    vpc: bool = False
    partition: str = "aws"

    @property
    def execution_arn(self) -> str:
        """The role that a job runs as."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.execution_role}"

    @property
    def submit_arn(self) -> str:
        """The role that the workflow takes."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.submit_role}"

    @property
    def provider_arn(self) -> str:
        """GitHub's identity provider in the account."""
        return f"arn:{self.partition}:iam::{self.account}:oidc-provider/{GITHUB}"

    def jobs(self, service: str = "sagemaker", kind: str = "training-job/") -> str:
        """Name all of our training jobs, or what another *service* calls by their names."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{kind}{JOBS}"

    def objects(self, below: str) -> str:
        """Name the objects whose keys begin with *below*, under our prefix."""
        return f"arn:{self.partition}:s3:::{self.bucket}/{self.prefix}/{below}*"


def partition_of(region: str) -> str:
    """Return the part of AWS that *region* belongs to, as ARNs name it."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get("us-gov" if region.startswith("us-gov") else region[:2], "aws")


def submit_policy(access: Access) -> Document:
    """Return what the workflow may do: start and stop its own jobs, and read what they leave."""
    ours = {f"aws:RequestTag/{REPOSITORY_TAG}": access.repository}
    # A tag is seen some seconds after its job is there; a stop that comes before must not be refused.
    not_others = {f"aws:ResourceTag/{REPOSITORY_TAG}": access.repository}
    machines = {"sagemaker:InstanceTypes": list(access.instances)}
    bounds = {
        "ForAnyValue:StringLike": machines,
        "NumericLessThanEquals": {"sagemaker:MaxRuntimeInSeconds": str(access.max_runtime)},
        "NumericLessThanEqualsIfExists": {"sagemaker:KeepAlivePeriod": str(access.keep_alive)},
        "BoolIfExists": {"sagemaker:EnableRemoteDebug": "false"},
        "StringEquals": ours,
    }
    tagging = {"StringEquals": {"sagemaker:TaggingAction": "CreateTrainingJob", **ours}}
    return _document(
        _allow("Start", "sagemaker:CreateTrainingJob", access.jobs(), bounds),
        # Of several instance types the condition above asks for one; this asks for all of them.
        _deny("OtherMachines", "sagemaker:CreateTrainingJob", "*", {"ForAnyValue:StringNotLike": machines}),
        _allow("Tag", "sagemaker:AddTags", access.jobs(), tagging),
        _allow("Watch", "sagemaker:DescribeTrainingJob", access.jobs()),
        _allow("Stop", "sagemaker:StopTrainingJob", access.jobs(), {"StringEqualsIfExists": not_others}),
        _allow(
            "HandOver",
            "iam:PassRole",
            access.execution_arn,
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        *_submitted_objects(access),
        *_read_logs(access),
        # None of these can be narrowed to a resource; all of them only read.
        _allow(
            "Look",
            ["pricing:GetProducts", "servicequotas:ListServiceQuotas"],
            "*",
        ),
        _allow("LookAtTheRole", "iam:GetRole", access.execution_arn),
        *_key(access),
    )


def execution_policy(access: Access) -> Document:
    """Return what a training job may do: read its code and data, write what it makes, and say how it is."""
    bucket = f"arn:{access.partition}:s3:::{access.bucket}"
    below = [f"{access.prefix}/{part}/*" for part in ("code", "runs")]
    keep = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    logs = f"arn:{access.partition}:logs:{access.region}:{access.account}:log-group:{LOGS}"
    return _document(
        _allow("ReadCode", "s3:GetObject", access.objects("code/")),
        _allow("KeepResults", keep, access.objects("runs/alekseylearn-")),
        _allow("List", "s3:ListBucket", bucket, {"StringLike": {"s3:prefix": below}}),
        *_data(access),
        _allow("LogGroup", ["logs:CreateLogGroup", "logs:DescribeLogStreams"], [logs, f"{logs}:*"]),
        _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], f"{logs}:log-stream:{JOBS}"),
        _allow("Measure", "cloudwatch:PutMetricData", "*", {"StringEquals": {"cloudwatch:namespace": LOGS}}),
        _allow("RegistryLogin", "ecr:GetAuthorizationToken", "*"),
        _allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            list(access.images) or registry(access.partition, access.region),
        ),
        *_key(access),
        *_network(access),
    )


def execution_trust(access: Access) -> Document:
    """Return who may become the execution role: SageMaker, for our jobs in this account."""
    return _document(
        {
            "Sid": "TrainingJobs",
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": access.account},
                "ArnLike": {"aws:SourceArn": access.jobs()},
            },
        }
    )


def submit_trust(access: Access) -> Document:
    """Return who may become the submit role: the workflows of one repository, by GitHub's own word."""
    exact = {"aud": AUDIENCE, "repository": access.repository}
    if access.repository_id is not None:
        exact["repository_id"] = access.repository_id
    if access.environment is not None:
        exact["environment"] = access.environment
    return _document(
        {
            "Sid": "Workflows",
            "Effect": "Allow",
            "Principal": {"Federated": access.provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{GITHUB}:{claim}": value for claim, value in exact.items()},
                "StringLike": {f"{GITHUB}:sub": list(_subjects(access))},
            },
        }
    )


def registry(partition: str, region: str, account: str = _REGISTRY) -> str:
    """Name every image that *account* has in *region*: that of AWS's deep-learning containers."""
    return f"arn:{partition}:ecr:{region}:{account}:repository/*"


def _subjects(access: Access) -> Iterator[str]:
    """Yield what GitHub may call the workflow: by names and, for repositories made since July 2026, by ids as well.

    Neither a name of GitHub's nor a branch holds an `@` and a colon as these patterns need them, so that `@*` stands
    for an id and nothing else.
    """
    owner, _, name = access.repository.partition("/")
    if access.environment is not None:
        whose = [f"environment:{access.environment}"]
    else:
        whose = ["pull_request", f"ref:refs/heads/{access.branch}"]
    for named in (access.repository, f"{owner}@*/{name}@{access.repository_id or '*'}"):
        yield from (f"repo:{named}:{part}" for part in whose)


def _submitted_objects(access: Access) -> Iterator[Document]:
    bucket = f"arn:{access.partition}:s3:::{access.bucket}"
    kept = [access.objects("code/"), access.objects("results/")]
    yield _allow("KeepCodeAndResults", ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], kept)
    yield _allow(
        "KeepTrackOfJobs", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], access.objects("jobs/alekseylearn-")
    )
    yield _allow("BringHome", "s3:GetObject", access.objects("runs/alekseylearn-"))
    yield _allow("List", "s3:ListBucket", bucket, {"StringLike": {"s3:prefix": f"{access.prefix}/*"}})


def _read_logs(access: Access) -> Iterator[Document]:
    group = f"arn:{access.partition}:logs:{access.region}:{access.account}:log-group:{LOGS}"
    # The service asks for the group with an empty stream behind it.
    yield _allow("FindLogs", "logs:DescribeLogStreams", [group, f"{group}:*"])
    yield _allow("ReadLogs", "logs:GetLogEvents", f"{group}:log-stream:{JOBS}")


def _data(access: Access) -> Iterator[Document]:
    for number, uri in enumerate(access.data, 1):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        arn = f"arn:{access.partition}:s3:::{bucket}"
        yield _allow(f"ReadData{number}", "s3:GetObject", f"{arn}/{key}*")
        yield _allow(f"ListData{number}", "s3:ListBucket", arn, {"StringLike": {"s3:prefix": f"{key}*"}})


def _key(access: Access) -> Iterator[Document]:
    if access.kms_key is not None:
        uses = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
        yield _allow("Key", uses, access.kms_key)
        # The machine's disk is encrypted on the job's behalf, by a service.
        for_services = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        yield _allow("KeyOfTheDisk", "kms:CreateGrant", access.kms_key, for_services)


def _network(access: Access) -> Iterator[Document]:
    if access.vpc:
        actions = [
            *("CreateNetworkInterface", "CreateNetworkInterfacePermission", "DeleteNetworkInterface"),
            *("DeleteNetworkInterfacePermission", "DescribeDhcpOptions", "DescribeNetworkInterfaces"),
            *("DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"),
        ]
        yield _allow("Network", [f"ec2:{action}" for action in actions], "*")


def _document(*statements: Document) -> Document:
    return {"Version": _VERSION, "Statement": list(statements)}


def _allow(
    sid: str, actions: str | Sequence[str], resources: str | Sequence[str], condition: Mapping[str, Any] | None = None
) -> Document:
    statement: Document = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": dict(condition)} if condition else statement


def _deny(sid: str, actions: str, resources: str, condition: Mapping[str, Any]) -> Document:
    return {**_allow(sid, actions, resources, condition), "Effect": "Deny"}
