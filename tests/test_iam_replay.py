"""Every call that a whole life of jobs makes is one that the policies of `init` allow, and each is really made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alekseylearn.aws import connect_aws
from alekseylearn.aws_checks import examine_account, examine_machines
from alekseylearn.backends import connect
from alekseylearn.backends.base import Backend, Options
from alekseylearn.errors import MachineError
from alekseylearn.iam_policies import (
    Access,
    Document,
    execution_policy,
    execution_trust,
    submit_policy,
    submit_trust,
)
from alekseylearn.jobs import JobState
from alekseylearn.results import read_result
from alekseylearn.s3 import PART, Bucket
from alekseylearn.sagemaker_requests import MARGIN
from alekseylearn.stores.s3 import S3Store
from alekseylearn.tables import SageMakerTable, read_sagemaker
from tests.contract.jobs import CHANNEL, Gate, bundle_of, ended, until
from tests.fakes.sagemaker.calls import Call as Recorded
from tests.fakes.sagemaker.service import SageMakerService
from tests.rig.iam.replay import WEB_IDENTITY, questions, tags_of
from tests.rig.iam.simulator import Call, Simulator

LIMIT = 60
"""Seconds that the bundles' jobs may take."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A repository whose account is set up as `init` says, and the folder of its machine."""

    service: SageMakerService
    access: Access
    folder: Path

    @property
    def table(self) -> SageMakerTable:
        names = [*self.access.instances]
        return read_sagemaker({"role": self.service.role, "bucket": self.service.bucket, "instances": names})

    @property
    def environ(self) -> dict[str, str]:
        """What the workflow's jobs see: no key, but a token of GitHub's."""
        return {**self.service.oidc_environ, "HOME": str(self.folder)}

    def connect(self) -> Backend:
        home = self.folder / "home"
        about = {"repository": self.access.repository, "pull": "7", "commit": "0" * 40}
        return connect("sagemaker", Options(home=home, environ=self.environ, sagemaker=self.table, about=about))


@pytest.fixture
def tenant(own_sagemaker: SageMakerService, tmp_path: Path) -> Tenant:
    """Return the repository that the stand-in's tokens are of, with our own trust in the account."""
    own_sagemaker.settings.shared = (tmp_path,)
    access = Access(
        account=own_sagemaker.account,
        region="us-east-1",
        bucket=own_sagemaker.bucket,
        repository="shop/price",
        repository_id="2002",
        instances=("ml.m5.large", "ml.g5.xlarge"),
        max_runtime=LIMIT + MARGIN,
    )
    iam = own_sagemaker.client("iam")
    for role, trust in ((access.submit_role, submit_trust(access)), (access.execution_role, execution_trust(access))):
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    own_sagemaker.front.calls.clear()
    return Tenant(own_sagemaker, access, tmp_path)


def live(tenant: Tenant) -> None:
    """Make everything happen that an account sees of us."""
    gate = Gate(tenant.folder / CHANNEL)
    gate.folder.mkdir()
    backend = tenant.connect()
    saves = (
        f"import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'weights.bin').write_bytes(bytes({PART + 1}))"
    )
    bundle, digest = bundle_of(saves, gate.cell, timeout=LIMIT)
    job = backend.submit(bundle, name="toy", digest=digest)
    assert tenant.connect().submit(bundle, name="toy", digest=digest) == job
    gate.wait(backend, job)
    backend.metrics(job)
    gate.open()
    assert ended(backend, job) is JobState.SUCCEEDED
    folder = backend.collect(job, tenant.folder / "first")
    bucket = Bucket(connect_aws(tenant.environ).client("s3"), tenant.access.bucket, tenant.access.prefix)
    store = S3Store(bucket, tenant.folder / "near")
    assert store.get(digest) is None
    kept = store.put(read_result(folder, job, backend="sagemaker", state=JobState.SUCCEEDED), folder)
    backend.discard(job)
    other = S3Store(bucket, tenant.folder / "another machine")
    assert other.find(digest[:12]).digest == kept.digest
    assert (other.path(digest) / "model" / "weights.bin").stat().st_size == PART + 1

    bundle, digest = bundle_of("import time\nprint('reached', flush=True)\ntime.sleep(50)", timeout=LIMIT)
    job = backend.submit(bundle, name="toy", digest=digest)
    until(lambda: "reached" in backend.logs(job).lines, "the cell")
    backend.cancel(job)
    assert ended(backend, job) is JobState.STOPPED
    backend.collect(job, tenant.folder / "second")
    backend.discard(job)

    for look in (examine_account, examine_machines):
        look(tenant.environ, [tenant.table], connect_aws)


def recorded(tenant: Tenant, *, by_job: bool) -> list[Recorded]:
    """Return what was asked of AWS by the workflow, once it was somebody, or by its jobs."""
    return [call for call in tenant.service.calls if call.by_job is by_job and call.name != WEB_IDENTITY]


def asked(tenant: Tenant, calls: list[Recorded]) -> list[Call]:
    return questions(calls, tags={name: tags_of(job.request) for name, job in tenant.service.jobs.items()})


def refused(iam: Simulator, calls: list[Call], policy: Document, principal: str) -> list[Call]:
    told = iam.ask(calls, policy=policy, principal=principal, account=principal.split(":")[4])
    return [call for call, verdict in zip(calls, told, strict=True) if verdict != "Allowed"]


def test_every_call_of_a_life_of_jobs_is_allowed_and_no_permission_is_idle(iam: Simulator, tenant: Tenant) -> None:
    live(tenant)
    access, workflow = tenant.access, recorded(tenant, by_job=False)
    assert {call.principal.split(":")[5].split("/")[1] for call in workflow} == {access.submit_role}
    ours, jobs = asked(tenant, workflow), asked(tenant, recorded(tenant, by_job=True))
    assert refused(iam, ours, submit_policy(access), access.submit_arn) == []
    assert refused(iam, jobs, execution_policy(access), access.execution_arn) == []
    assert {call.name for call in workflow} == {
        "sts:GetCallerIdentity",
        *("sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
        *("logs:DescribeLogStreams", "logs:GetLogEvents"),
        *("s3:PutObject", "s3:GetObject", "s3:ListObjectsV2", "s3:DeleteObject"),
        *("s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload"),
        *("pricing:GetProducts", "servicequotas:ListServiceQuotas", "iam:GetRole"),
    }
    # It gives up an upload that broke off, which none did.
    spare = ("KeepCodeAndResults", "s3:AbortMultipartUpload")
    assert [*idle(iam, ours, submit_policy(access), access.submit_arn)] == [spare]


def idle(iam: Simulator, calls: list[Call], policy: Document, principal: str) -> Iterator[tuple[str, str]]:
    """Yield the actions without which everything would be allowed just as well, and their statements."""
    parts = [
        (statement, action)
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    ]
    less = []
    for statement, action in parts:
        rest = [one for one in policy["Statement"] if one is not statement]
        left = [one for one in listed(statement["Action"]) if one != action]
        less.append({**policy, "Statement": [*rest, *([{**statement, "Action": left}] if left else [])]})
    told = iam.ask_under(less, calls, principal=principal, account=principal.split(":")[4])
    for (statement, action), verdicts in zip(parts, told, strict=True):
        if set(verdicts) == {"Allowed"}:
            yield statement["Sid"], action


def listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_the_stand_in_lets_nobody_in_whom_our_trust_does_not_name(tenant: Tenant) -> None:
    tenant.service.settings.claims = {"repository_id": "999"}
    bundle, digest = bundle_of("1")
    with pytest.raises(MachineError, match=r"aws\.denied"):
        tenant.connect().submit(bundle, name="toy", digest=digest)
