"""An account of AWS in a process of its own, which workflows reach as they would reach the real one."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from alekseylearn.iam_policies import Access, execution_trust, submit_trust
from tests.contract.jobs import until
from tests.fakes.sagemaker.calls import Call
from tests.rig.act.act_rig import CHECKOUT
from tests.rig.act.consumer import Consumer

SPEED = 20
"""A job has 6 seconds after SIGTERM, not 120."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a test may do with `python -m tests.fakes.sagemaker`; *told* is what that printed."""

    told: Mapping[str, Any]

    @property
    def environ(self) -> dict[str, str]:
        """Keys that last, and where to use them."""
        return dict(self.told["environ"])

    @property
    def calls(self) -> list[Call]:
        """Every call so far."""
        made = ("name", "permission", "resource")
        return [Call(**{name: call[name] for name in call if name not in made}) for call in self.ask("calls")]

    @property
    def jobs(self) -> dict[str, Any]:
        """Every job, as the service describes it."""
        found: dict[str, Any] = self.ask("jobs")
        return found

    @property
    def tokens(self) -> int:
        """How often somebody asked for an identity token."""
        asked: int = self.ask("")["oidc_requests"]
        return asked

    def furnish(self, consumer: Consumer) -> Access:
        """Make the account that of *consumer* as `init` does: its roles trust the workflows of nobody else."""
        access = Access(
            account=self.told["account"],
            region=self.environ["AWS_REGION"],
            bucket=self.told["bucket"],
            prefix=consumer.full_name,
            repository=consumer.full_name,
            repository_id=str(consumer.repository.id),
            instances=("ml.m5.large",),
        )
        given = {"region_name": access.region, "endpoint_url": self.told["url"]}
        keys = {name.lower(): self.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        with contextlib.closing(boto3.client("iam", **given, **keys)) as iam:
            for name, trust in (("execution", execution_trust(access)), ("submit", submit_trust(access))):
                iam.update_assume_role_policy(RoleName=f"alekseylearn-{name}", PolicyDocument=json.dumps(trust))
        return access

    def oidc(self, consumer: Consumer, event: str) -> dict[str, str]:
        """Return the variables by which a run asks for identity tokens, which say whose run of which *event* it is."""
        of_pull = event == "pull_request"
        claims = {
            "sub": f"repo:{consumer.full_name}:{'pull_request' if of_pull else 'ref:refs/heads/main'}",
            "repository": consumer.full_name,
            "repository_id": str(consumer.repository.id),
            "ref": "refs/pull/7/merge" if of_pull else "refs/heads/main",
            "event_name": event,
        }
        self.order(settings={"claims": claims})
        return {name: value for name, value in self.told["oidc_environ"].items() if name.startswith("ACTIONS_")}

    def order(self, **given: Any) -> None:
        """Change what the service does, in the words of its control interface."""
        request = urllib.request.Request(f"{self.told['url']}/_control", json.dumps(given).encode())
        with urllib.request.urlopen(request, timeout=10):
            pass

    def ask(self, what: str) -> Any:
        """Ask the control interface."""
        with urllib.request.urlopen(f"{self.told['url']}/_control/{what}", timeout=10) as answer:
            return json.load(answer)

    def wait(self, jobs: Iterable[str], *states: str) -> None:
        """Wait until each of *jobs* is in one of the *states*."""
        wanted = set(jobs)
        until(lambda: {n for n, j in self.jobs.items() if j["TrainingJobStatus"] in states} >= wanted, str(states))


@contextlib.contextmanager
def started(shared: Path) -> Iterator[Account]:
    """Start the service, which ends with this; its jobs may write to *shared*."""
    command = [sys.executable, "-m", "tests.fakes.sagemaker", "--speed", str(SPEED), "--until-eof"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            account = Account(json.loads(process.stdout.readline()))
            account.order(settings={"shared": [str(shared)], "limits_speed": 1.0})
            yield account
        finally:
            process.stdin.close()
