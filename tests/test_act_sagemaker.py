"""The recipes for SageMaker in the real act, as the documentation shows them, on an account of AWS of their own."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from alekseylearn.beginnings import WORKFLOW as BEGUN
from alekseylearn.beginnings import on_sagemaker
from alekseylearn.iam_policies import Access, execution_policy, submit_policy
from tests.e2e.stories import NOTEBOOK, only_comment
from tests.fakes.sagemaker.box import missing
from tests.fakes.sagemaker.calls import Call
from tests.gate import Gate
from tests.rig.act import events
from tests.rig.act.account import Account, started
from tests.rig.act.act_rig import CHECKOUT, ActRig
from tests.rig.act.consumer import WORKFLOW, Consumer, Pull
from tests.rig.act.result import ActRun
from tests.rig.iam.replay import WEB_IDENTITY, questions, tags_of
from tests.rig.iam.simulator import Simulator
from tests.small import EPOCHS, growth

LONGER = {EPOCHS: "epochs = 200\nrate = 0.05"}
COLLECTOR = ".github/workflows/collect.yml"
SECRET = re.compile(
    r"A[KS]IA\d{12}|secret-of-\d|token-of-\d|a-token-of-the-runner|ghs_workflow"  # keys, the runner's tokens
    r"|eyJ[\w-]{10,}\.eyJ"  # an identity token
    r"|X-Amz-(?:Signature|Credential|Security-Token)|[?&](?:AWSAccessKeyId|Signature)="  # an address that holds keys
)


def recipe(number: int) -> str:
    """Return a workflow of the documentation's: 0 waits, 1 submits, 2 collects."""
    text = (CHECKOUT / "docs" / "recipes.md").read_text(encoding="utf-8")
    section = text.split("\n## On SageMaker, with OIDC\n")[1].split("\n## ")[0]
    found: list[str] = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    return found[number]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Yield an account that all tests here use, each with a repository and a part of the bucket of its own."""
    if lack := missing():
        if os.environ.get("CI"):
            pytest.fail(lack)
        pytest.skip(lack)
    with started(tmp_path_factory.getbasetemp()) as service:
        yield service


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A repository whose notebook trains in the account, which is set up for it as `init` says."""

    account: Account
    consumer: Consumer
    access: Access
    cell: str
    before: int
    """How many calls others had made."""

    @classmethod
    def create(cls, rig: ActRig, account: Account, name: str, *, workflow: str = "", cell: str = "") -> Tenant:
        """Make one, with the workflow that `init` writes if no other is given; *cell* is run before the training."""
        own = f"name = {name!r}\n{cell}"
        consumer = rig.consumer({NOTEBOOK: growth(before=own)}, workflow="", full_name=f"octo/{name}")
        access = account.furnish(consumer)
        begun = on_sagemaker(access, name)
        tenant = cls(account=account, consumer=consumer, access=access, cell=own, before=len(account.calls))
        consumer.commit({WORKFLOW: tenant.fit(workflow or begun.files[BEGUN]), "alekseylearn.yml": begun.config})
        rig.oidc = account.oidc
        return tenant

    def fit(self, workflow: str) -> str:
        """Put the account's own names into a workflow, and where to find it."""
        own = re.sub(r"\barn:aws:iam::\d{12}:role/[\w-]+", self.access.submit_arn, workflow)
        own = re.sub(r"\beu-central-1\b", self.access.region, own)
        return f"{own}\nenv: {{AWS_ENDPOINT_URL: {self.account.told['url']!r}}}\n"

    def change(self, fork: str = "") -> Pull:
        """Open a pull request that changes how it trains."""
        return self.consumer.open_pull({NOTEBOOK: growth(LONGER, before=self.cell)}, fork=fork)

    @property
    def calls(self) -> list[Call]:
        """What was asked of AWS since."""
        return self.account.calls[self.before :]

    @property
    def jobs(self) -> list[str]:
        """The jobs that were made, in that order."""
        return [one.parameters["TrainingJobName"] for one in self.calls if one.action == "CreateTrainingJob"]

    def refused(self, iam: Simulator) -> list[tuple[str, str]]:
        """Return the calls that the policies of `init` would not have let through, and those that others made."""
        calls = [call for call in self.calls if call.name != WEB_IDENTITY]
        made = [call.parameters for call in calls if call.action == "CreateTrainingJob"]
        tags = {request["TrainingJobName"]: tags_of(request) for request in made}
        found = []
        for by_job, role, policy in (
            (False, self.access.submit_arn, submit_policy(self.access)),
            (True, self.access.execution_arn, execution_policy(self.access)),
        ):
            asked = questions([call for call in calls if call.by_job is by_job], tags=tags)
            assert asked
            told = iam.ask(asked, policy=policy, principal=role, account=self.access.account)
            found += [(one.action, one.resource) for one, said in zip(asked, told, strict=True) if said != "Allowed"]
        strangers = [call for call in calls if not call.by_job and "/alekseylearn-submit/" not in call.principal]
        return found + [(call.name, call.principal) for call in strangers]


def outputs(run: ActRun) -> Mapping[str, str]:
    """Return the outputs of the action, to which the recipes give no id."""
    return next(step.outputs for step in run.steps if len(step.id) == 1 and "result" in step.outputs)


def another_machine(folder: Path, *, programs: Path | None = None) -> Path:
    """Return the tool cache of a machine that knows of no run; it may have the programs of another one already."""
    cache = folder / "another machine"
    (cache / "alekseylearn").mkdir(parents=True)
    for environment in programs.glob("alekseylearn/run-*") if programs else ():
        (cache / "alekseylearn" / environment.name).symlink_to(environment, target_is_directory=True)
    return cache


def leaks(run: ActRun, consumer: Consumer) -> list[str]:
    """Return what a run has let out that is nobody's business: in its log, comments and artifacts."""
    texts = [run.log, run.summary, *(comment.body for comment in consumer.repository.comments(7))]
    for path in run.artifacts.values():
        with zipfile.ZipFile(path) as archive:
            texts += [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
    return [match[0] for text in texts for match in SECRET.finditer(text)]


def test_what_must_not_leak_is_known_when_it_does(account: Account) -> None:
    asked = account.told["oidc_environ"]
    bearer = {"Authorization": f"bearer {asked['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    address = f"{asked['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=sts.amazonaws.com"
    token = requests.get(address, headers=bearer, timeout=10).json()["value"]
    keys = [account.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    assert [text for text in (token, *bearer.values(), *keys) if not SECRET.search(text)] == []


def test_both_sides_train_with_the_workflows_own_role_and_never_again(
    act_rig: ActRig, account: Account, iam: Simulator, tmp_path: Path
) -> None:
    tenant = Tenant.create(act_rig, account, "waits", workflow=recipe(0))
    pull = tenant.change()
    run = act_rig.run_pull(pull)
    assert run.exit_code == 0, run.log
    comment = only_comment(tenant.consumer)
    assert comment.splitlines()[1] == f"### ✅ Trained `{NOTEBOOK}`: `mse` 0.4702, better by 0.4249 than `main`"
    assert "| **`mse`** | 0.8951 | **0.4702** | **better** by 0.4249 (-47.5 %) |" in comment
    assert " · under $0.01 · " in comment
    head, _ = jobs = tenant.jobs
    assert f"https://us-east-1.console.aws.amazon.com/sagemaker/home?region=us-east-1#/jobs/{head})" in comment
    assert "\nalekseylearn fetch pr/7 " in comment
    assert leaks(run, tenant.consumer) == []

    act_rig.tool_cache = another_machine(tmp_path)
    again = act_rig.run_pull(pull, "reopened")
    assert again.exit_code == 0, again.log
    assert tenant.jobs == jobs
    assert outputs(again)["any-trained"] == "false"
    comment = only_comment(tenant.consumer)
    assert "`mse` 0.4702, better by 0.4249 than `main`" in comment
    assert leaks(again, tenant.consumer) == []
    assert tenant.refused(iam) == []


def test_a_pair_of_workflows_submits_and_collects(
    act_rig: ActRig, account: Account, iam: Simulator, tmp_path: Path
) -> None:
    gate = Gate(tmp_path)
    tenant = Tenant.create(act_rig, account, "detached", workflow=recipe(1), cell=gate.cell)
    pull = tenant.change()
    run = act_rig.run_pull(pull)
    assert run.exit_code == 0, run.log
    assert outputs(run)["result"] == "running"
    (comment,) = tenant.consumer.repository.comments(7)
    first, jobs = comment.body, tenant.jobs
    assert "on SageMaker us-east-1 (ml.m5.large)" in first
    assert len(jobs) == 2
    for name in jobs:
        assert f"#/jobs/{name})" in first
    assert leaks(run, tenant.consumer) == []

    gate.open()
    account.wait(jobs, "Completed")
    tip = tenant.consumer.commit({COLLECTOR: tenant.fit(recipe(2))})
    act_rig.tool_cache = another_machine(tmp_path, programs=act_rig.tool_cache)
    run = act_rig.run(tenant.consumer, "schedule", events.schedule(tenant.consumer), commit=tip, workflow=COLLECTOR)
    assert run.exit_code == 0, run.log
    assert tenant.jobs == jobs
    (told,) = tenant.consumer.repository.comments(7)
    # Nobody could know when it would end: it comes as a new comment, which people are told of.
    assert told.id > comment.id
    assert "`mse` 0.4702, better by 0.4249 than `main`" in told.body
    assert leaks(run, tenant.consumer) == []
    assert tenant.refused(iam) == []


def test_a_cancelled_workflow_stops_the_job(act_rig: ActRig, account: Account, iam: Simulator, tmp_path: Path) -> None:
    """With the workflow that `init` writes."""
    gate, moments = Gate(tmp_path), list[float]()

    def somebody_cancels() -> None:
        gate.wait()
        moments.append(time.time())

    tenant = Tenant.create(act_rig, account, "cancelled", cell=gate.cell)
    run = act_rig.run_pull(tenant.change(), cancel=somebody_cancels)
    (job,) = tenant.jobs
    account.wait([job], "Stopped")
    stopped = next(call.at for call in tenant.calls if call.action == "StopTrainingJob")
    assert 0 < stopped - moments[0] < 7.5
    assert outputs(run)["result"] == "cancelled"
    comment = only_comment(tenant.consumer)
    assert comment.splitlines()[1].startswith(f"### ⏹️ Stopped `{NOTEBOOK}`")
    assert "was asked to stop" in comment
    assert leaks(run, tenant.consumer) == []
    assert tenant.refused(iam) == []


def test_a_step_that_was_killed_leaves_no_job_behind(act_rig: ActRig, account: Account, tmp_path: Path) -> None:
    gate = Gate(tmp_path)

    def somebody_kills() -> None:
        gate.wait()
        (step,) = (
            int(process.name)
            for process in Path("/proc").glob("[0-9]*")
            if told(process, "cmdline").endswith(b"alekseylearn\0ci\0run\0")
            and tenant.consumer.repository.full_name.encode() in told(process, "environ")
        )
        os.kill(step, signal.SIGKILL)

    tenant = Tenant.create(act_rig, account, "killed", cell=gate.cell)
    killer = threading.Thread(target=somebody_kills)
    killer.start()
    act_rig.run_pull(tenant.change())
    killer.join()
    account.wait(tenant.jobs, "Stopped")
    assert only_comment(tenant.consumer).splitlines()[1].startswith(f"### ⏹️ Stopped `{NOTEBOOK}`")


def told(process: Path, file: str) -> bytes:
    """Read what the kernel tells of *process*; nothing of one that has gone."""
    try:
        return (process / file).read_bytes()
    except OSError:
        return b""


def test_a_fork_reaches_nothing_of_the_account(act_rig: ActRig, account: Account) -> None:
    """Even where its workflow runs, which the recipe's does not, and where keys lie about."""
    text = recipe(0)
    workflow = re.sub(r"\n +if: .*", "", text)
    assert workflow != text
    tenant = Tenant.create(act_rig, account, "forked", workflow=workflow)
    tokens = account.tokens
    act_rig.variables |= account.environ | account.oidc(tenant.consumer, "pull_request")
    run = act_rig.run_pull(tenant.change(fork="stranger/forked"))
    assert run.exit_code == 0, run.log
    assert (tenant.calls, account.tokens) == ([], tokens)
    assert "fork" in run.summary
    assert outputs(run)["any-trained"] == "false"
    assert leaks(run, tenant.consumer) == []
