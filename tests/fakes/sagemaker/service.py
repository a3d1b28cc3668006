"""The service as a whole: started, looked at and stopped by tests."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.fakes.sagemaker.attempt import Clients
from tests.fakes.sagemaker.calls import Call
from tests.fakes.sagemaker.control import answer as control
from tests.fakes.sagemaker.executor import Execution
from tests.fakes.sagemaker.front import Front, Server
from tests.fakes.sagemaker.identity import ISSUER, Holder, Identities
from tests.fakes.sagemaker.jobs import Job
from tests.fakes.sagemaker.logs import GROUP
from tests.fakes.sagemaker.settings import Fault, Settings
from tests.fakes.sagemaker.storage import split
from tests.fakes.sagemaker.training import Training

REGION = "us-east-1"
ACCOUNTS = itertools.count(1)
MAKING = threading.RLock()
"""Clients are not made by two threads at once: boto3's sessions do not stand that."""
SAGEMAKER = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
"""What the role of a job allows, so that SageMaker may assume it."""


@functools.cache
def session() -> boto3.session.Session:
    """Return one session for all services: it keeps the descriptions of AWS's services that it has read."""
    return boto3.session.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name=REGION)


class SageMakerService:
    """An AWS account on loopback; each one started has an account number of its own, so that several do not meet."""

    def __init__(self, folder: Path, settings: Settings, *, port: int = 0) -> None:
        self.folder, self.settings = folder, settings
        self.account = f"{os.getpid() % 10**8:08d}{next(ACCOUNTS):04d}"
        self.identities = Identities(self.account, settings)
        self.halted = threading.Event()
        self.training = Training(
            self.account,
            settings,
            trusted=lambda role: self.identities.trusts_service(role, "sagemaker.amazonaws.com"),
            listed=self._lies_there,
            begin=self._begin,
        )
        self.front = Front(
            self.account, settings, self.identities, self.training, lambda environ: control(self, environ)
        )
        self._server = Server(port, self.front)
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._threads: list[threading.Thread] = []
        self._number = itertools.count(1)
        self._tester = self.identities.give(f"arn:aws:iam::{self.account}:user/tester")
        self._agent = self.identities.give(f"arn:aws:sts::{self.account}:assumed-role/service/sagemaker", inside=True)
        self._roles: dict[str, Holder] = {}

    @classmethod
    def start(cls, folder: Path, *, port: int = 0, **settings: Any) -> Self:
        """Start a service that keeps its jobs' files below *folder*; *settings* are fields of `Settings`."""
        folder.mkdir(parents=True, exist_ok=True)
        service = cls(Path(tempfile.mkdtemp(prefix="sagemaker-", dir=folder)), Settings(**settings), port=port)
        service._server.start()
        service._furnish()
        return service

    def _furnish(self) -> None:
        iam, s3 = self.client("iam"), self.client("s3")
        iam.create_role(RoleName="alekseylearn-execution", AssumeRolePolicyDocument=json.dumps(trusting(SAGEMAKER)))
        provider = iam.create_open_id_connect_provider(
            Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=[]
        )
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:repository_id": "2002"}},
        }
        iam.create_role(RoleName="alekseylearn-submit", AssumeRolePolicyDocument=json.dumps(trusting(statement)))
        s3.create_bucket(Bucket=self.bucket)
        self.front.calls.clear()

    def stop(self) -> None:
        """End all jobs and the server, and remove every file."""
        self.halted.set()
        for thread in self._threads:
            thread.join(30)
        self._server.stop()
        for client in self._clients.values():
            client.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # What a test hands on

    @property
    def url(self) -> str:
        """The endpoint of all its services."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def bucket(self) -> str:
        """A bucket that is there."""
        return f"alekseylearn-{self.account}"

    @property
    def role(self) -> str:
        """The role of the jobs."""
        return f"arn:aws:iam::{self.account}:role/alekseylearn-execution"

    @property
    def submit_role(self) -> str:
        """The role that trusts workflows of the repository with the id 2002."""
        return f"arn:aws:iam::{self.account}:role/alekseylearn-submit"

    @property
    def environ(self) -> dict[str, str]:
        """The variables with which a client reaches it, with keys that do not expire."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **self._tester.environ,
        }

    @property
    def oidc_environ(self) -> dict[str, str]:
        """The variables of a workflow whose keys come from GitHub's identity token."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ROLE_ARN": self.submit_role,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/_oidc/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.identities.request_token,
        }

    def client(self, name: str, *, region: str = REGION, holder: Holder | None = None) -> Any:
        """Return a boto3 client with the tester's keys, or another's."""
        keys = holder or self._tester
        with MAKING:
            known = (name, region, keys.access_key)
            if known not in self._clients:
                self._clients[known] = session().client(
                    name,
                    region_name=region,
                    endpoint_url=self.url,
                    aws_access_key_id=keys.access_key,
                    aws_secret_access_key=keys.secret,
                    aws_session_token=keys.token,
                    config=Config(max_pool_connections=20, retries={"total_max_attempts": 3}),
                )
            return self._clients[known]

    # What it did, and what it is made to do

    @property
    def calls(self) -> list[Call]:
        """Every call so far, in the order in which they were answered; a job's own are marked `by_job`."""
        return list(self.front.calls)

    @property
    def jobs(self) -> dict[str, Job]:
        """All jobs by name (those of the usual region)."""
        return {name: job for (region, name), job in list(self.training.jobs.items()) if region == REGION}

    def job(self, name: str, *, seconds: float = 10.0) -> Job:
        """Return a job, waiting for somebody to create it."""
        until = time.monotonic() + seconds
        while name not in self.jobs:
            if time.monotonic() > until:
                raise TimeoutError(f"there is no job {name}")
            time.sleep(0.01)
        return self.jobs[name]

    def log(self, name: str) -> list[str]:
        """Return all messages of a job that can be seen, stream by stream."""
        logs, found = self.client("logs", holder=self._agent), []
        for stream in self.job(name).streams:
            token: dict[str, Any] = {"startFromHead": True}
            with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
                while True:
                    page = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, **token)
                    found += [event["message"] for event in page["events"]]
                    if page["nextForwardToken"] == token.get("nextToken"):
                        break
                    token = {"startFromHead": True, "nextToken": page["nextForwardToken"]}
        return found

    def until(self, holds: Callable[[], object], *, seconds: float = 30.0) -> None:
        """Wait until something *holds*; raise `TimeoutError`."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"it does not hold after {seconds} s")
            time.sleep(0.01)

    def see(self, name: str, line: str, *, seconds: float = 30.0) -> None:
        """Wait until a job's log has *line*."""
        self.until(lambda: line in self.log(name), seconds=seconds)

    def interrupt(self, name: str) -> None:
        """Take the instances of a spot job away; it starts again with the checkpoints that are in S3."""
        job = self.job(name)
        if not job.is_spot:
            raise ValueError(f"{name} does not run on spot instances")
        job.taken.set()

    def crash(self, name: str) -> None:
        """Have an internal error of the service hit a job; it starts again where its request has a RetryStrategy."""
        self.job(name).crashed.set()

    def expire_tokens(self) -> None:
        """End all session tokens now."""
        self.identities.expire()

    def fail(self, action: str, kind: str, **more: Any) -> Fault:
        """Add a `Fault`, and return it; `fault.times = fault.struck` ends it."""
        fault = Fault(action=action, kind=kind, **more)
        self.settings.faults.append(fault)
        return fault

    # Inside

    def _lies_there(self, uri: str) -> bool:
        bucket, prefix = split(uri)
        try:
            return bool(
                self.client("s3", holder=self._agent).list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)[
                    "KeyCount"
                ]
            )
        except ClientError:
            return False

    def _begin(self, job: Job) -> None:
        folder = self.folder / f"job-{next(self._number)}"
        execution = Execution(job, folder, self.settings, self._of, self.halted)
        thread = threading.Thread(target=execution.run, name=job.name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _of(self, job: Job) -> Clients:
        """Return clients with the keys of the job's role."""
        role = job.request["RoleArn"]
        with MAKING:
            if role not in self._roles:
                principal = f"arn:aws:sts::{self.account}:assumed-role/{role.rpartition('/')[2]}/SageMaker"
                self._roles[role] = self.identities.give(principal, inside=True)
        make: Callable[[str], Any] = lambda name: self.client(name, region=job.region, holder=self._roles[role])  # noqa: E731
        return Clients(s3=make("s3"), logs=make("logs"), cloudwatch=make("cloudwatch"))


def trusting(statement: dict[str, Any]) -> dict[str, Any]:
    """Return a trust policy of one statement."""
    return {"Version": "2012-10-17", "Statement": [statement]}


def environ_for(service: SageMakerService, **more: str) -> Mapping[str, str]:
    """Return the variables of a small process that uses *service*."""
    return {"PATH": os.environ.get("PATH", os.defpath), **service.environ, **more}
