"""The action with jobs on SageMaker: what runs is told, what nobody needs is stopped, and it is stopped at once."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.comment_state import decode
from tests.contract.jobs import until
from tests.desk import LONGER, NOTEBOOK, Done
from tests.e2e.stories import only_comment
from tests.fakes.github.faults import Fault
from tests.fakes.sagemaker.service import SageMakerService
from tests.gate import Gate
from tests.rig.act import events
from tests.rig.act.consumer import Files
from tests.small import EPOCHS, growth
from tests.test_cli_ci import Runner, commands, start

__all__ = ["start"]

pytestmark = pytest.mark.usefixtures("home")
Start = Callable[..., Runner]
OTHER = {EPOCHS: "epochs = 30\nrate = 0.05"}
SCHEDULE = {"schedule": "*/15 * * * *"}


@pytest.fixture
def gate(own_sagemaker: SageMakerService, tmp_path: Path) -> Iterator[Gate]:
    """Hold trainings that go through it; at the end all go on."""
    folder = tmp_path / "gate"
    folder.mkdir()
    own_sagemaker.settings.shared = (folder,)
    made = Gate(folder)
    yield made
    made.open()


@pytest.fixture
def runner(start: Start, own_sagemaker: SageMakerService, gate: Gate) -> Runner:
    """Return a runner and a pull request whose training waits at the gate, on SageMaker."""
    runner = start(growth(LONGER, before=gate.cell))
    runner.variables = {**own_sagemaker.environ, "INPUT_BACKEND": "sagemaker"}
    runner.pull.push({"alekseylearn.yml": config(own_sagemaker)})
    return runner


def config(service: SageMakerService, more: str = "") -> str:
    table = f"role: {service.role}\n    bucket: {service.bucket}\n    instances: ml.m5.large"
    return f"defaults:\n  backend: sagemaker\n  sagemaker:\n    {table}\n{more}"


def headline(runner: Runner, pull: int = 7) -> str:
    return only_comment(runner.consumer, pull).splitlines()[1]


def waits_for(runner: Runner, pull: int = 7) -> tuple[str, ...]:
    state = decode(only_comment(runner.consumer, pull))
    assert state is not None
    return state.begun


def job(run: str, attempt: int = 1) -> str:
    return f"alekseylearn-{run}-{attempt}"


def asked_to_stop(service: SageMakerService) -> list[str]:
    return [call.parameters["TrainingJobName"] for call in service.calls if call.action == "StopTrainingJob"]


def sweep(runner: Runner, **more: str) -> Done:
    return runner.step("collect", "schedule", SCHEDULE, GITHUB_RUN_NUMBER="1", INPUT_MODE="collect", **more)


def another_machine(runner: Runner) -> None:
    """Forget all that the runner has kept, as a hosted one does."""
    for name in ("tools", "temp"):
        shutil.rmtree(runner.folder / name, ignore_errors=True)


class TestLeftToItself:
    def test_another_machine_finishes_what_one_has_submitted(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        done = runner.step("submit")
        assert (done.code, runner.outputs["result"]) == (0, "running"), done.out + done.err
        head, base = waits_for(runner)
        comment = only_comment(runner.consumer)
        assert headline(runner).startswith("### ⏳ Training `growth.ipynb` on SageMaker us-east-1 (ml.m5.large): run ")
        pages = re.findall(r"\[SageMaker job\]\((https://[^)]+)\)", comment)
        assert [page.rpartition("/")[2] for page in pages] == [job(head), job(base)]
        own_sagemaker.job(job(base)).wait()
        another_machine(runner)
        done = sweep(runner)
        assert (done.code, runner.outputs["result"]) == (0, "running"), done.out + done.err
        gate.open()
        own_sagemaker.job(job(head)).wait()
        another_machine(runner)
        done = sweep(runner)
        assert (done.code, runner.outputs["result"]) == (0, "success"), done.out + done.err
        assert headline(runner).startswith("### ✅ Trained `growth.ipynb`: `mse` 0.4702, better by 0.4249")
        comment = only_comment(runner.consumer)
        assert (
            f"[SageMaker job](https://us-east-1.console.aws.amazon.com/sagemaker/home?region=us-east-1#/jobs/{job(head)})"
            in comment
        )
        assert "under $0.01" in comment
        assert "already trained" not in comment
        assert len(own_sagemaker.jobs) == 2

    def test_what_failed_is_told_whichever_machine_comes(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        other = {"other.ipynb": growth(OTHER, before="1 / 0")}
        runner.pull.push(other)
        runner.step("submit")
        until(lambda: any(one.status == "Failed" for one in own_sagemaker.jobs.values()), "the failure")
        for _ in range(2):
            another_machine(runner)
            assert sweep(runner).code == 0
            assert runner.outputs["result"] == "running"
            assert "**failed**" in only_comment(runner.consumer)
        gate.open()
        for run in waits_for(runner):
            own_sagemaker.job(job(run)).wait()
        another_machine(runner)
        assert sweep(runner).code == 0
        assert headline(runner).startswith("### ❌ Training failed in 1 of 2 notebooks")


class TestSuperseded:
    def submitted(self, runner: Runner, gate: Gate) -> str:
        done = runner.step("submit")
        assert done.code == 0, done.out + done.err
        gate.wait()
        return waits_for(runner)[0]

    def test_a_push_stops_what_it_does_not_need(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        before = self.submitted(runner, gate)
        runner.pull.push({NOTEBOOK: growth(OTHER)})
        done = runner.step("submit", GITHUB_RUN_NUMBER="4")
        assert done.code == 0, done.out + done.err
        assert asked_to_stop(own_sagemaker) == [job(before)]
        assert "an earlier push needed it" in done.out
        # Base is the same: it goes on, or has its result.
        assert len(own_sagemaker.jobs) == 3

    def test_a_push_that_needs_the_same_training_goes_on_with_it(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        before = self.submitted(runner, gate)
        runner.pull.push({"README.md": "Words"})
        assert runner.step("submit", GITHUB_RUN_NUMBER="4").code == 0
        assert (asked_to_stop(own_sagemaker), waits_for(runner)[0]) == ([], before)

    def test_a_change_that_was_taken_back_stops_its_training(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        before = self.submitted(runner, gate)
        runner.pull.push({NOTEBOOK: growth()})
        assert runner.step("run", GITHUB_RUN_NUMBER="4").code == 0
        assert asked_to_stop(own_sagemaker) == [job(before)]

    def test_another_notebook_of_a_matrix_is_no_reason_to_stop_this_one(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        before = self.submitted(runner, gate)
        runner.pull.push({"other.ipynb": growth(OTHER)})
        runner.variables |= {"INPUT_NOTEBOOKS": "other.ipynb", "INPUT_COMMENT": "false"}
        assert runner.step("submit", GITHUB_RUN_NUMBER="4").code == 0
        assert asked_to_stop(own_sagemaker) == []
        assert own_sagemaker.jobs[job(before)].status == "InProgress"

    def test_an_old_run_that_is_run_again_stops_nothing(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        old = events.pull_request(runner.pull)
        runner.pull.push({NOTEBOOK: growth(OTHER, before=gate.cell)})
        self.submitted(runner, gate)
        done = runner.step("submit", payload=old, GITHUB_RUN_ATTEMPT="2", GITHUB_RUN_NUMBER="2")
        assert done.code == 0, done.out + done.err
        assert asked_to_stop(own_sagemaker) == []

    def test_other_pull_requests_are_not_touched(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        before = self.submitted(runner, gate)
        files: Files = {NOTEBOOK: growth(OTHER, before=gate.cell), "alekseylearn.yml": config(own_sagemaker)}
        other = runner.consumer.open_pull(files, number=8, branch="other")
        assert runner.step("submit", payload=events.pull_request(other)).code == 0
        other.push({NOTEBOOK: growth({EPOCHS: "epochs = 31\nrate = 0.05"})})
        assert runner.step("submit", payload=events.pull_request(other), GITHUB_RUN_NUMBER="4").code == 0
        assert len(asked_to_stop(own_sagemaker)) == 1
        assert job(before) not in asked_to_stop(own_sagemaker)

    def test_what_another_pull_request_waits_for_goes_on(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        """Two pull requests change the same: one training serves both, whoever has started it."""
        before = self.submitted(runner, gate)
        files: Files = {NOTEBOOK: growth(LONGER, before=gate.cell), "alekseylearn.yml": config(own_sagemaker)}
        other = runner.consumer.open_pull(files, number=8, branch="other")
        assert runner.step("submit", payload=events.pull_request(other)).code == 0
        assert before in waits_for(runner, 8)
        runner.pull.push({NOTEBOOK: growth(OTHER)})
        assert runner.step("submit", GITHUB_RUN_NUMBER="4").code == 0
        assert asked_to_stop(own_sagemaker) == []

    def test_what_was_stopped_long_ago_is_cleared_away(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        before = self.submitted(runner, gate)
        own_sagemaker.client("sagemaker").stop_training_job(TrainingJobName=job(before))
        own_sagemaker.job(job(before)).wait()
        gate.open()
        for round_ in ("4", "5"):
            runner.pull.push({NOTEBOOK: growth({EPOCHS: f"epochs = 3{round_}\nrate = 0.05"})})
            assert runner.step("run", GITHUB_RUN_NUMBER=round_).code == 0
        held = own_sagemaker.client("s3").list_objects_v2(Bucket=own_sagemaker.bucket, Prefix="alekseylearn/jobs/")
        assert held["KeyCount"] == 0

    def test_where_it_cannot_be_found_out_the_run_goes_on(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        self.submitted(runner, gate)
        runner.pull.push({NOTEBOOK: growth(OTHER)})
        runner.github.faults.append(Fault(status=400, body='{"message": "no"}', path="/repos/octo/consumer/pulls"))
        done = runner.step("submit", GITHUB_RUN_NUMBER="4")
        assert done.code == 0
        assert "Jobs of an earlier push were not looked at" in commands(done, "warning")[0]
        assert asked_to_stop(own_sagemaker) == []


class TestClosed:
    def close(self, runner: Runner, **more: Any) -> Done:
        runner.consumer.repository.pulls[7].state = "closed"
        return runner.step("submit", payload=events.pull_request(runner.pull, "closed"), GITHUB_RUN_NUMBER="5", **more)

    def test_all_that_runs_for_it_is_stopped_earlier_pushes_too(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        assert runner.step("submit").code == 0
        gate.wait()
        first = waits_for(runner)[0]
        # Nobody could be asked which push is the newest one, so that the first training goes on.
        runner.pull.push({NOTEBOOK: growth(OTHER, before=gate.cell)})
        runner.github.faults.append(Fault(status=400, body="{}", path="/repos/octo/consumer/pulls"))
        assert runner.step("submit", GITHUB_RUN_NUMBER="4").code == 0
        second = waits_for(runner)[0]
        done = self.close(runner)
        assert (done.code, runner.outputs["result"]) == (0, "cancelled"), done.out + done.err
        assert {job(first), job(second)} <= set(asked_to_stop(own_sagemaker))
        assert headline(runner).startswith("### ⏹️ Stopped `growth.ipynb`")

    def test_a_job_that_takes_its_time_is_told_as_stopped(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        own_sagemaker.settings.phases = {"Stopping": 8.0}
        assert runner.step("submit").code == 0
        gate.wait()
        (run, *_) = waits_for(runner)
        done = self.close(runner)
        assert (done.code, runner.outputs["result"]) == (0, "cancelled"), done.out + done.err
        assert headline(runner) == "### ⏹️ Stopped `growth.ipynb`: the pull request was closed"
        assert f"`alekseylearn status {run}`" in only_comment(runner.consumer)

    def test_jobs_that_are_to_be_left_go_on(self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate) -> None:
        runner.pull.push({"alekseylearn.yml": config(own_sagemaker, "    on_cancel: leave\n")})
        assert runner.step("submit").code == 0
        gate.wait()
        done = self.close(runner)
        assert (done.code, runner.outputs["result"]) == (0, "running"), done.out + done.err
        assert asked_to_stop(own_sagemaker) == []
        assert headline(runner).startswith("### ⏳")

    def test_where_aws_cannot_be_asked_the_step_fails_and_the_comment_still_waits(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        assert runner.step("submit").code == 0
        own_sagemaker.fail("sagemaker:DescribeTrainingJob", "deny")
        done = self.close(runner)
        assert (done.code, runner.outputs["result"]) == (6, "failure")
        assert any("aws.denied" in one for one in commands(done, "error"))
        assert headline(runner).startswith("### ⏳")


class TestForks:
    @pytest.mark.parametrize("mode", ["run", "submit", "plan", "collect", "closed"])
    def test_no_service_hears_of_a_forks_pull_request(
        self, start: Start, own_sagemaker: SageMakerService, mode: str
    ) -> None:
        files = growth(LONGER)
        runner = start(files, fork="stranger/consumer", author="stranger")
        runner.consumer.github.grant("ghs_workflow", actions="read", contents="read", pull_requests="read")
        runner.pull.push({"alekseylearn.yml": config(own_sagemaker)})
        runner.variables = {**own_sagemaker.environ, **own_sagemaker.oidc_environ, "INPUT_BACKEND": "sagemaker"}
        runner.variables |= {"INPUT_AWS_ROLE": own_sagemaker.submit_role, "INPUT_AWS_REGION": "us-east-1"}
        runner.variables["INPUT_STORE"] = f"s3://{own_sagemaker.bucket}/results"
        before = len(own_sagemaker.calls), own_sagemaker.identities.oidc_requests
        if mode == "closed":
            runner.consumer.repository.pulls[7].state = "closed"
        done = runner.step("run" if mode == "closed" else mode)
        assert done.code == 0, done.out + done.err
        assert (len(own_sagemaker.calls), own_sagemaker.identities.oidc_requests) == before


class TestWaiting:
    def test_the_role_is_taken_with_the_workflows_own_token_which_nobody_sees(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        gate.open()
        identity = own_sagemaker.oidc_environ
        runner.variables = {
            "INPUT_BACKEND": "sagemaker",
            "INPUT_AWS_ROLE": identity.pop("AWS_ROLE_ARN"),
            "INPUT_AWS_REGION": identity.pop("AWS_REGION"),
            **identity,
        }
        done = runner.step("run", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
        assert (done.code, runner.outputs["result"]) == (0, "success"), done.out + done.err
        assert "better by" in headline(runner)
        assert own_sagemaker.identities.oidc_requests
        token = identity["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
        assert f"::add-mask::{token}" in done.out
        seen = done.out.replace(f"::add-mask::{token}", "") + done.err + only_comment(runner.consumer) + runner.summary
        assert token not in seen
        for one in own_sagemaker.jobs.values():
            assert not [name for name in one.request["Environment"] if name.startswith(("AWS_", "ACTIONS_", "INPUT_"))]

    def test_phases_stand_in_the_log_once_and_the_comment_leads_to_the_job(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        own_sagemaker.settings.phases = {"Starting": 3.0}
        with runner.desk().start("ci", "run") as child:
            until(lambda: runner.consumer.repository.comments(7) != (), "the comment")
            until(lambda: "[SageMaker job](" in only_comment(runner.consumer), "the page")
            assert "getting a machine" in only_comment(runner.consumer)
            gate.open()
            out, err = child.communicate(timeout=120)
        assert child.returncode == 0, out + err
        assert out.count(": getting a machine\n") == 2
        pages = [line.rpartition("/")[2] for line in out.splitlines() if "#/jobs/" in line]
        assert sorted(pages) == sorted(own_sagemaker.jobs)


class TestStop:
    """A signal, until the service hears the request to stop; the issue asks for 2 seconds."""

    def seconds(self, runner: Runner, service: SageMakerService, gate: Gate) -> float:
        with runner.desk().start("ci", "run") as child:
            gate.wait()
            until(lambda: "[SageMaker job](" in only_comment(runner.consumer), "the comment")
            time.sleep(0.5)
            child.send_signal(signal.SIGINT)
            sent = time.time()
            until(lambda: asked_to_stop(service) != [], "the request to stop")
            child.communicate(timeout=60)
        assert child.returncode == 130
        (call,) = [call for call in service.calls if call.action == "StopTrainingJob"]
        return call.at - sent

    @pytest.mark.parametrize("slow", ["", "logs:*", "sagemaker:DescribeTrainingJob"])
    def test_it_is_stopped_within_two_seconds(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate, slow: str
    ) -> None:
        if slow:
            own_sagemaker.fail(slow, "slow", seconds=1.0)
        assert self.seconds(runner, own_sagemaker, gate) < 2.0

    def test_it_is_stopped_before_the_comment_is_written(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        with runner.desk().start("ci", "run") as child:
            gate.wait()
            until(lambda: "[SageMaker job](" in only_comment(runner.consumer), "the comment")
            # From now on GitHub asks for patience.
            runner.github.faults += [Fault(status=429, body="{}", headers={"Retry-After": "60"}) for _ in range(20)]
            child.send_signal(signal.SIGINT)
            until(lambda: asked_to_stop(own_sagemaker) != [], "the request to stop")
            child.send_signal(signal.SIGTERM)
            out, err = child.communicate(timeout=30)
        assert child.returncode == 130, out + err
        assert runner.outputs["result"] == "cancelled"

    def test_both_sides_of_a_cancelled_submit_are_stopped(
        self, runner: Runner, own_sagemaker: SageMakerService, gate: Gate
    ) -> None:
        runner.pull.push({NOTEBOOK: growth(LONGER, before=gate.cell)})
        assert runner.step("submit").code == 0
        gate.wait()
        head = waits_for(runner)[0]
        done = runner.step("finish", ALEKSEYLEARN_OUTCOME="cancelled", INPUT_MODE="submit")
        assert (done.code, runner.outputs["result"]) == (0, "cancelled"), done.out + done.err
        assert job(head) in asked_to_stop(own_sagemaker)
        assert headline(runner).startswith("### ⏹️ Stopped")
