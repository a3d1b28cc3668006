"""`ci submit`, `ci collect` by schedule, closed pull requests: jobs that no workflow waits for, on this machine."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.comment_state import decode
from tests.contract.jobs import until
from tests.desk import LONGER, NOTEBOOK, Done
from tests.e2e.stories import only_comment
from tests.fakes.github.faults import Fault
from tests.gate import Gate
from tests.rig.act import events
from tests.rig.act.consumer import git
from tests.small import EPOCHS, count, counting, growth
from tests.test_cli_ci import Runner, commands, start

__all__ = ["start"]

pytestmark = pytest.mark.usefixtures("home")
Start = Callable[..., Runner]
SCHEDULE = {"schedule": "*/15 * * * *"}


def headline(runner: Runner, pull: int = 7) -> str:
    return only_comment(runner.consumer, pull).splitlines()[1]


def waits_for(runner: Runner, pull: int = 7) -> tuple[str, ...]:
    state = decode(only_comment(runner.consumer, pull))
    assert state is not None
    return state.begun


def ended(runner: Runner, run: str) -> None:
    """Wait until a run of this machine has ended, and whoever has started it could be told."""
    data = runner.folder / "tools" / "alekseylearn" / "state" / "octo--consumer" / "runs" / run / "output" / "data"
    until((data / "result.json").exists, "the end of the run")


def closing(runner: Runner, **repository: Any) -> Mapping[str, Any]:
    """Close the pull request; return the event."""
    runner.consumer.repository.pulls[7].state = "closed"
    told = events.pull_request(runner.pull, "closed")
    told["pull_request"]["head"]["repo"] |= repository
    return told


@pytest.fixture
def submitted(start: Start, tmp_path: Path) -> tuple[Runner, Gate]:
    """Submit a pull request whose training waits at a gate; its base's training has ended by itself."""
    gate = Gate(tmp_path)
    runner = start(growth(LONGER, before=f"{counting(tmp_path / 'count')}\n{gate.cell}"))
    done = runner.step("submit")
    assert done.code == 0, done.out + done.err
    gate.wait()
    for run in waits_for(runner)[1:]:
        ended(runner, run)
    return runner, gate


class TestSubmit:
    def test_it_returns_at_once_and_says_that_it_runs(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        assert (runner.outputs["result"], runner.outputs["any-trained"]) == ("running", "true")
        assert json.loads(runner.outputs["decision"]) == {NOTEBOOK: "train"}
        head, base = waits_for(runner)
        assert headline(runner).startswith("### ⏳ Training `growth.ipynb` on this machine")
        comment = only_comment(runner.consumer)
        assert f"| **Train this version** | **running: run `{head}`** |" in comment
        assert f"| **Train the base** | **running: run `{base}`** |" in comment
        assert "No workflow waits for it" in comment
        assert "No workflow waits for it" in runner.summary

    def test_a_later_run_waits_for_it_and_finishes_the_comment(self, submitted: tuple[Runner, Gate]) -> None:
        runner, gate = submitted
        gate.open()
        assert runner.step("run", GITHUB_RUN_NUMBER="4").code == 0
        assert "better by" in headline(runner)
        assert count(gate.folder / "count") == 1

    def test_a_later_submit_tells_what_has_ended(self, submitted: tuple[Runner, Gate]) -> None:
        runner, gate = submitted
        assert runner.step("submit", GITHUB_RUN_NUMBER="4").code == 0
        assert (runner.outputs["result"], len(waits_for(runner))) == ("running", 2)
        gate.open()
        ended(runner, waits_for(runner)[0])
        assert runner.step("submit", GITHUB_RUN_NUMBER="5").code == 0
        assert runner.outputs["result"] == "success"
        comment = only_comment(runner.consumer)
        assert ("better by" in comment, "already trained" in comment, waits_for(runner)) == (True, False, ())

    def test_what_failed_meanwhile_is_tried_again(self, start: Start, tmp_path: Path) -> None:
        runner = start(growth(LONGER, before=f"{counting(tmp_path / 'count')}\n1 / 0"))
        runner.step("submit")
        ended(runner, waits_for(runner)[0])
        assert runner.step("submit").code == 0
        until(lambda: count(tmp_path / "count") == 2, "the second try")

    def test_where_nothing_trains_nothing_runs(self, start: Start) -> None:
        runner = start(growth({0: "# Other"}))
        assert runner.step("submit").code == 0
        assert runner.outputs["result"] == "skipped"
        assert "Nothing to train" in headline(runner)

    def test_to_train_anew_is_nothing_to_be_left_alone(self, start: Start) -> None:
        runner = start(growth(LONGER))
        done = runner.step("submit", INPUT_FORCE="true")
        assert (done.code, runner.outputs["result"]) == (2, "failure")
        assert "mode: run" in commands(done, "error")[0]

    def test_a_fork_starts_nothing(self, start: Start, tmp_path: Path) -> None:
        head = growth(LONGER, before=counting(tmp_path / "count"))
        runner = start(head, fork="stranger/consumer", author="stranger")
        assert runner.step("submit").code == 0
        assert (runner.outputs["result"], count(tmp_path / "count")) == ("skipped", 0)

    def test_a_cancelled_one_stops_what_it_has_started(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        done = runner.step("finish", ALEKSEYLEARN_OUTCOME="cancelled", INPUT_MODE="submit")
        assert (done.code, runner.outputs["result"]) == (0, "cancelled")
        assert headline(runner).startswith("### ⏹️ Stopped")

    def test_one_that_is_cancelled_while_it_tells_stops_what_it_has_started(self, start: Start, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        runner = start(growth(LONGER, before=gate.cell))
        # GitHub asks for patience while the comment is written: the training has begun by then.
        limited = Fault(status=429, body="{}", headers={"Retry-After": "60"}, method="POST")
        runner.github.faults.append(limited)
        with runner.desk().start("ci", "submit") as child:
            gate.wait()
            until(lambda: limited not in runner.github.faults, "the comment")
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        assert child.returncode == 130, out + err
        assert runner.outputs["result"] == "cancelled"
        runs = runner.desk().run("ci", "collect")
        assert runs.code == 7, runs.out
        assert headline(runner).startswith("### ⏹️ Stopped")


class TestCollectOnAPullRequest:
    def test_what_still_runs_is_told_and_left_alone(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        assert runner.step("collect", GITHUB_RUN_NUMBER="4").code == 0
        assert (runner.outputs["result"], len(waits_for(runner))) == ("running", 2)
        assert headline(runner).startswith("### ⏳")

    def test_cancelled_it_stops_nothing(self, submitted: tuple[Runner, Gate]) -> None:
        runner, gate = submitted
        done = runner.step("finish", ALEKSEYLEARN_OUTCOME="cancelled", INPUT_MODE="collect")
        assert (done.code, runner.outputs["result"]) == (0, "cancelled")
        gate.open()
        ended(runner, waits_for(runner)[0])
        assert runner.step("collect").code == 0
        assert "better by" in headline(runner)


class TestCollectBySchedule:
    def sweep(self, runner: Runner, event: str = "schedule", **more: str) -> Done:
        payload = SCHEDULE if event == "schedule" else events.workflow_dispatch(runner.consumer, {})
        # A workflow of its own counts its runs anew.
        return runner.step("collect", event, payload, GITHUB_RUN_NUMBER="1", INPUT_MODE="collect", **more)

    def test_the_comment_is_finished_once_all_has_ended(self, submitted: tuple[Runner, Gate]) -> None:
        runner, gate = submitted
        done = self.sweep(runner)
        assert (done.code, runner.outputs["result"], headline(runner)[:5]) == (0, "running", "### ⏳")
        gate.open()
        ended(runner, waits_for(runner)[0])
        done = self.sweep(runner)
        assert (done.code, runner.outputs["result"]) == (0, "success")
        assert headline(runner).startswith("### ✅ Trained `growth.ipynb`: `mse` 0.4702, better by 0.4249")
        assert "already trained" not in only_comment(runner.consumer)
        assert (Path(runner.outputs["artifacts-dir"]) / "pull-7" / "report.html").is_file()
        before = only_comment(runner.consumer)
        done = self.sweep(runner)
        assert (done.code, runner.outputs["result"]) == (0, "skipped")
        assert only_comment(runner.consumer) == before

    def test_by_hand_it_does_the_same(self, submitted: tuple[Runner, Gate]) -> None:
        runner, gate = submitted
        gate.open()
        ended(runner, waits_for(runner)[0])
        assert self.sweep(runner, "workflow_dispatch").code == 0
        assert "better by" in headline(runner)

    def test_a_training_that_failed_is_told_and_the_collector_has_done_its_work(
        self, start: Start, tmp_path: Path
    ) -> None:
        runner = start(growth(LONGER, before="1 / 0"))
        runner.step("submit")
        for run in waits_for(runner):
            ended(runner, run)
        assert self.sweep(runner).code == 0
        assert runner.outputs["result"] == "success"
        assert headline(runner).startswith("### ❌ Training failed in cell 6")
        assert waits_for(runner) == ()

    def test_a_comment_that_waits_for_nothing_stays_as_it_is(self, start: Start) -> None:
        runner = start(growth(LONGER))
        runner.step("run")
        before = len(runner.github.requests)
        assert self.sweep(runner).code == 0
        assert runner.outputs["result"] == "skipped"
        assert {request.method for request in runner.github.requests[before:]} == {"GET"}

    def test_a_workflow_that_still_waits_is_left_alone(self, start: Start, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        runner = start(growth(LONGER, before=gate.cell))
        with runner.desk().start("ci", "run") as child:
            gate.wait()
            until(lambda: runner.consumer.repository.comments(7) != (), "the comment")
            before = only_comment(runner.consumer)
            assert self.sweep(runner).code == 0
            assert only_comment(runner.consumer) == before
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=60)

    def test_a_later_runs_comment_stays(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        (comment,) = runner.consumer.repository.comments(7)
        waiting = comment.body
        runner.pull.push({NOTEBOOK: growth({EPOCHS: "epochs = 30\nrate = 0.05"})})
        assert runner.step("run", GITHUB_RUN_NUMBER="4").code == 0
        newer = only_comment(runner.consumer)
        assert newer != waiting
        assert self.sweep(runner).code == 0
        assert only_comment(runner.consumer) == newer

    def test_the_commit_that_was_submitted_is_told_of_not_the_newest(self, submitted: tuple[Runner, Gate]) -> None:
        runner, gate = submitted
        sent = runner.pull.head
        runner.pull.push({NOTEBOOK: growth({EPOCHS: "epochs = 30\nrate = 0.05"})})
        gate.open()
        ended(runner, waits_for(runner)[0])
        assert self.sweep(runner).code == 0
        assert f"\n{sent[:7]} against `main`" in only_comment(runner.consumer)

    def test_one_whose_commit_is_missing_keeps_no_other_from_it(
        self, submitted: tuple[Runner, Gate], tmp_path: Path
    ) -> None:
        runner, _ = submitted
        work = runner.consumer.work
        other = runner.consumer.open_pull(
            {NOTEBOOK: growth({EPOCHS: "epochs = 40\nrate = 0.05"})}, number=8, branch="b"
        )
        assert runner.step("submit", payload=events.pull_request(other)).code == 0
        ended(runner, waits_for(runner, 8)[0])
        # A checkout with the history of one branch alone.
        alone = tmp_path / "alone"
        origin = f"file://{runner.consumer.origin()}"
        git(work.parent, "clone", "--quiet", "--single-branch", "--branch=b", origin, str(alone))
        done = self.sweep(runner, GITHUB_WORKSPACE=str(alone))
        assert (done.code, runner.outputs["result"]) == (0, "success")
        (told,) = commands(done, "warning")
        assert "Pull request 7 was not brought up to date" in told
        assert "git.history" in told
        assert headline(runner, 8).startswith("### ✅ Trained")
        assert headline(runner, 7).startswith("### ⏳")

    def test_a_comment_that_github_does_not_hand_out_keeps_no_other_waiting(
        self, submitted: tuple[Runner, Gate]
    ) -> None:
        runner, gate = submitted
        other = runner.consumer.open_pull(
            {NOTEBOOK: growth({EPOCHS: "epochs = 40\nrate = 0.05"})}, number=8, branch="b"
        )
        assert runner.step("submit", payload=events.pull_request(other)).code == 0
        gate.open()
        ended(runner, waits_for(runner, 7)[0])
        runner.github.faults.append(Fault(status=400, body='{"message": "no"}', path="/issues/8/comments"))
        done = self.sweep(runner)
        assert (done.code, runner.outputs["result"]) == (6, "failure")
        assert "Pull request 8 was not brought up to date" in commands(done, "error")[0]
        assert headline(runner, 7).startswith("### ✅ Trained")

    def test_another_workflows_trainings_are_not_taken_for_ours(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        before = only_comment(runner.consumer)
        done = self.sweep(runner, INPUT_NOTEBOOKS="other/*.ipynb")
        assert (done.code, runner.outputs["result"]) == (0, "skipped")
        assert "collect.other" in commands(done, "warning")[0]
        assert only_comment(runner.consumer) == before

    def test_what_nobody_foresaw_on_one_pull_request_is_told_at_the_end(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        (runner.folder / "temp" / "alekseylearn").rename(runner.folder / "temp" / "gone")
        (runner.folder / "temp" / "alekseylearn").write_text("no folder")
        done = self.sweep(runner)
        assert (done.code, runner.outputs["result"]) == (1, "failure")
        assert "a defect of ours" in commands(done, "error")[0]
        assert "Traceback" in done.out

    def test_a_forks_comment_is_not_even_read(self, start: Start) -> None:
        runner = start(growth(LONGER), fork="stranger/consumer", author="stranger")
        assert self.sweep(runner).code == 0
        assert [request.path for request in runner.github.requests] == ["/repos/octo/consumer/pulls"]

    def test_without_comments_there_is_nothing_to_do(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        before = len(runner.github.requests)
        assert self.sweep(runner, INPUT_COMMENT="false").code == 0
        assert (runner.outputs["result"], len(runner.github.requests)) == ("skipped", before)

    def test_a_token_that_may_not_list_says_what_it_lacks(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        runner.github.grant("ghs_workflow", contents="read")
        done = self.sweep(runner)
        assert (done.code, runner.outputs["result"]) == (6, "failure")
        assert "pull-requests: write" in commands(done, "error")[0]

    def test_its_last_step_has_nothing_to_complete(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        before = only_comment(runner.consumer)
        url = "https://github.com/octo/consumer/actions/runs/4711/artifacts/9"
        for outcome in ("success", "cancelled"):
            done = runner.step(
                "finish", "schedule", SCHEDULE,
                INPUT_MODE="collect", ALEKSEYLEARN_OUTCOME=outcome, ALEKSEYLEARN_ARTIFACT_URL=url,
            )  # fmt: skip
            assert done.code == 0, done.err
        assert only_comment(runner.consumer) == before


class TestClosed:
    @pytest.mark.parametrize("mode", ["run", "submit", "collect"])
    def test_what_runs_is_stopped_and_the_comment_finished(self, submitted: tuple[Runner, Gate], mode: str) -> None:
        runner, gate = submitted
        done = runner.step(mode, payload=closing(runner), GITHUB_RUN_NUMBER="4")
        assert (done.code, runner.outputs["result"]) == (0, "cancelled"), done.out + done.err
        assert headline(runner).startswith("### ⏹️ Stopped `growth.ipynb`")
        assert "exit code" not in only_comment(runner.consumer)
        assert count(gate.folder / "count") == 1

    def test_what_has_ended_is_told_at_last(self, submitted: tuple[Runner, Gate]) -> None:
        runner, gate = submitted
        gate.open()
        ended(runner, waits_for(runner)[0])
        # Even from another workflow, whose runs are counted anew.
        done = runner.step("submit", payload=closing(runner), GITHUB_RUN_NUMBER="1")
        assert (done.code, runner.outputs["result"]) == (0, "success"), done.out + done.err
        assert "better by" in headline(runner)

    def test_where_nothing_runs_nothing_is_said(self, start: Start, tmp_path: Path) -> None:
        runner = start(growth(LONGER, before=counting(tmp_path / "count")))
        done = runner.step("run", payload=closing(runner))
        assert (done.code, runner.outputs["result"], count(tmp_path / "count")) == (0, "skipped", 0)
        assert runner.consumer.repository.comments(7) == ()

    def test_a_plan_of_it_is_empty(self, start: Start) -> None:
        runner = start(growth(LONGER))
        assert runner.step("plan", payload=closing(runner)).code == 0
        assert (runner.outputs["result"], runner.outputs["matrix"]) == ("skipped", '{"include":[]}')
        assert runner.github.requests == []

    def test_one_that_was_opened_again_goes_on(self, submitted: tuple[Runner, Gate]) -> None:
        runner, gate = submitted
        payload = closing(runner)
        runner.consumer.repository.pulls[7].state = "open"
        assert runner.step("submit", payload=payload, GITHUB_RUN_NUMBER="4").code == 0
        assert (runner.outputs["result"], headline(runner)[:5]) == ("skipped", "### ⏳")
        gate.open()
        ended(runner, waits_for(runner)[0])

    def test_a_forks_stops_nobody_elses_job(self, submitted: tuple[Runner, Gate]) -> None:
        runner, gate = submitted
        payload = closing(runner, id=999_999, full_name="stranger/consumer", fork=True)
        before = only_comment(runner.consumer)
        assert runner.step("submit", payload=payload, GITHUB_RUN_NUMBER="4").code == 0
        assert (runner.outputs["result"], only_comment(runner.consumer)) == ("skipped", before)
        gate.open()
        ended(runner, waits_for(runner)[0])

    def test_cancelled_it_still_stops_what_runs(self, submitted: tuple[Runner, Gate]) -> None:
        runner, _ = submitted
        done = runner.step("finish", payload=closing(runner), ALEKSEYLEARN_OUTCOME="cancelled", INPUT_MODE="submit")
        assert (done.code, runner.outputs["result"]) == (0, "cancelled")
        assert headline(runner).startswith("### ⏹️ Stopped")

    def test_where_github_does_not_list_the_others_it_is_stopped_all_the_same(
        self, submitted: tuple[Runner, Gate]
    ) -> None:
        runner, _ = submitted
        runner.github.faults.append(Fault(status=400, body='{"message": "no"}', path="/repos/octo/consumer/pulls"))
        done = runner.step("submit", payload=closing(runner), GITHUB_RUN_NUMBER="4")
        assert (done.code, runner.outputs["result"]) == (0, "cancelled")
        assert "Other pull requests were not looked at" in commands(done, "warning")[0]
