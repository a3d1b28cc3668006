"""`ci`: what the action's steps do on a runner, short of a runner."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.actions import Runner as ActionsRunner
from alekseylearn.cli.step import open_ground
from alekseylearn.config import Config
from tests.desk import LONGER, NOTEBOOK, Desk, Done
from tests.e2e.stories import only_comment
from tests.fakes.github.faults import connection_reset
from tests.fakes.github.server import FakeGitHub
from tests.gate import Gate
from tests.poison import poison
from tests.repositories import Repository
from tests.rig.act import events
from tests.rig.act.consumer import Consumer, Pull, git
from tests.small import DRAWING, PROSE, count, counting, growth

pytestmark = pytest.mark.usefixtures("home")
TOKEN = "ghs_workflow"
MATRIX = '{"include":[]}'


@dataclass(slots=True)
class Runner:
    """A runner's environment without a runner: the event, the files for outputs and summary, the token."""

    folder: Path
    consumer: Consumer
    github: FakeGitHub
    variables: dict[str, str] = field(default_factory=dict)

    def step(
        self, mode: str, event: str = "pull_request", payload: Mapping[str, Any] | None = None, **more: str
    ) -> Done:
        """Run one step of the action; its outputs and its summary are read by `outputs` and `summary`."""
        return self.desk(event, payload, **more).run("ci", mode)

    def desk(self, event: str = "pull_request", payload: Mapping[str, Any] | None = None, **more: str) -> Desk:
        """Return the workspace with the environment of a step; the pull request's branch is checked out there."""
        told = events.pull_request(self.pull) if payload is None else payload
        (self.folder / "event.json").write_text(json.dumps(told))
        for name in ("output", "summary"):
            (self.folder / name).write_text("")
        (self.folder / "temp").mkdir(exist_ok=True)
        environ = {
            **os.environ,
            "COLUMNS": "200",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_REPOSITORY": self.consumer.full_name,
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": "4711",
            "GITHUB_RUN_NUMBER": "3",
            "GITHUB_SHA": git(self.consumer.work, "rev-parse", "HEAD"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_WORKSPACE": str(self.consumer.work),
            "INPUT_GITHUB_TOKEN": TOKEN,
            "RUNNER_TEMP": str(self.folder / "temp"),
            "RUNNER_TOOL_CACHE": str(self.folder / "tools"),
            # What trains must find the same Python as the test.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        return Desk(folder=self.consumer.work, environ={**environ, **self.variables, **more})

    @property
    def pull(self) -> Pull:
        return self.consumer.pulls[7]

    @property
    def outputs(self) -> dict[str, str]:
        """The step's outputs, each in its own delimiters."""
        found, lines = {}, iter((self.folder / "output").read_text().splitlines())
        for line in lines:
            name, _, end = line.partition("<<")
            found[name] = "\n".join(iter(lambda: next(lines), end))
        return found

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text()


@pytest.fixture
def start(tmp_path: Path, github: FakeGitHub) -> Callable[..., Runner]:
    """Make a repository with a pull request that changes the notebook."""

    def made(head: bytes, base: bytes | None = None, **pull: str) -> Runner:
        folder = tmp_path / "octo"
        folder.mkdir()
        files = {NOTEBOOK: growth() if base is None else base}
        consumer = Consumer.create(folder, github, files, workflow="on: pull_request\n")
        consumer.open_pull({NOTEBOOK: head}, **pull)  # type: ignore[arg-type]
        return Runner(tmp_path, consumer, github)

    return made


Start = Callable[..., Runner]


def commands(done: Done, name: str) -> list[str]:
    """Return the workflow commands of one kind that a step has printed."""
    return [line for line in done.out.splitlines() if line.startswith(f"::{name}")]


class TestRun:
    def test_a_change_is_trained_and_reviewed(self, start: Start) -> None:
        runner = start(growth(LONGER))
        done = runner.step("run")
        assert done.code == 0, done.out + done.err
        assert runner.outputs["result"] == "success"
        assert json.loads(runner.outputs["decision"]) == {NOTEBOOK: "train"}
        assert "better by 0.4249" in only_comment(runner.consumer)
        assert "better by 0.4249" in runner.summary
        assert commands(done, "add-mask") == [f"::add-mask::{TOKEN}"]
        assert TOKEN not in done.out.replace(f"::add-mask::{TOKEN}", "") + done.err

    def test_what_the_notebook_prints_is_no_command(self, start: Start) -> None:
        runner = start(growth(LONGER, before="print('::error::not mine')"))
        done = runner.step("run")
        assert done.code == 0
        lines = done.out.splitlines()
        at = lines.index("::error::not mine")
        token = next(line for line in reversed(lines[:at]) if line.startswith("::stop-commands::")).split("::")[2]
        assert f"::{token}::" not in lines[lines.index(f"::stop-commands::{token}") : at]
        assert f"::{token}::" in lines[at:]

    def test_a_push_is_compared_with_the_commit_before_and_has_no_comment(self, start: Start) -> None:
        runner = start(growth(LONGER))
        work = runner.consumer.work
        before, after = git(work, "rev-parse", "HEAD~1"), git(work, "rev-parse", "HEAD")
        done = runner.step("run", "push", events.push(runner.consumer, before, after, "feature"))
        assert done.code == 0, done.err
        assert runner.outputs["result"] == "success"
        assert "better by 0.4249" in runner.summary
        assert runner.github.requests == []

    def test_no_comment_where_none_is_wanted(self, start: Start) -> None:
        runner = start(growth(LONGER))
        assert runner.step("run", INPUT_COMMENT="false").code == 0
        assert (runner.outputs["result"], runner.outputs["comment-url"]) == ("success", "")
        assert runner.github.requests == []

    def test_patterns_choose_the_notebooks(self, start: Start) -> None:
        runner = start(growth(LONGER))
        assert runner.step("run", INPUT_NOTEBOOKS="other/**\n!growth.ipynb\n").code == 0
        assert (runner.outputs["decision"], runner.outputs["result"]) == ("{}", "skipped")

    def test_the_ceiling_of_time_wins_over_the_configuration(self, start: Start) -> None:
        runner = start(growth(LONGER, before="import time\ntime.sleep(60)"))
        done = runner.step("run", INPUT_TIMEOUT="1s")
        assert done.code == 7
        assert runner.outputs["result"] == "failure"
        assert "time limit" in only_comment(runner.consumer)

    def test_a_package_that_is_missing_is_told_once(self, start: Start) -> None:
        runner = start(growth(LONGER | {1: "import math\nimport no_such_package"}))
        done = runner.step("run")
        assert (done.code, runner.outputs["result"], runner.outputs["any-trained"]) == (6, "failure", "false")
        (told,) = commands(done, "error")
        assert told.startswith(f"::error title=Not trained,file={NOTEBOOK}::env.missing: cell 1 imports")
        assert told.endswith("%0Aadd no_such_package to requirements.txt")
        assert only_comment(runner.consumer).splitlines()[1].startswith("### ❌ Could not train")

    def test_a_missed_gate_fails_the_check(self, start: Start) -> None:
        runner = start(growth(LONGER))
        runner.pull.push({"alekseylearn.yml": "models: {g: {notebook: growth.ipynb, gates: {mse: '< 0.125'}}}\n"})
        done = runner.step("run")
        assert (done.code, runner.outputs["result"]) == (5, "failure")
        (told,) = commands(done, "error")
        assert "Gate failed" in told
        assert "mse < 0.125" in told

    def test_a_token_that_is_refused_loses_nothing(self, start: Start) -> None:
        runner = start(growth(LONGER))
        done = runner.step("run", INPUT_GITHUB_TOKEN="expired")
        assert (done.code, runner.outputs["result"]) == (0, "success")
        assert "better by 0.4249" in runner.summary
        assert commands(done, "warning")

    def test_an_answer_that_is_lost_makes_no_second_comment(self, start: Start) -> None:
        runner = start(growth(LONGER))
        runner.github.faults.append(connection_reset(after_commit=True, method="POST"))
        assert runner.step("run").code == 0
        assert "better by 0.4249" in only_comment(runner.consumer)


class TestRefused:
    @pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment", "gollum"])
    def test_an_event_that_gives_strangers_rights(self, start: Start, event: str) -> None:
        runner = start(growth(LONGER))
        done = runner.step("run", event)
        assert (done.code, runner.outputs["result"]) == (3, "failure")
        (told,) = commands(done, "error")
        assert "trust.event" in told
        assert "could not go on" in runner.summary
        assert runner.github.requests == []

    def test_a_checkout_that_lacks_the_history(self, start: Start, tmp_path: Path) -> None:
        runner = start(growth(LONGER))
        shallow = tmp_path / "shallow"
        git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{runner.consumer.origin()}", str(shallow))
        done = runner.step("run", GITHUB_WORKSPACE=str(shallow))
        assert done.code == 3
        (told,) = commands(done, "error")
        assert "git.history" in told
        assert "fetch-depth: 0" in told

    @pytest.mark.parametrize(
        ("variable", "value", "code"),
        [
            ("INPUT_TIMEOUT", "soon", 2),
            ("INPUT_BACKEND", "moon", 2),
            ("INPUT_FORCE", "perhaps", 2),
            ("INPUT_BASE", "--output=x", 2),
            ("INPUT_PYTHON", "/no/python", 6),
            ("GITHUB_REPOSITORY", "../octo", 3),
            ("GITHUB_RUN_ID", "", 6),
        ],
    )
    def test_an_input_or_a_runner_that_makes_no_sense(self, start: Start, variable: str, value: str, code: int) -> None:
        runner = start(growth(LONGER))
        done = runner.step("run", **{variable: value})
        assert (done.code, runner.outputs["result"]) == (code, "failure")
        assert len(commands(done, "error")) == 1
        assert "Traceback" not in done.out + done.err

    def test_a_notebook_that_cannot_be_read_is_told_on_the_pull_request(self, start: Start) -> None:
        runner = start(b"no notebook")
        done = runner.step("run")
        assert (done.code, runner.outputs["result"]) == (3, "failure")
        assert "nb.unreadable" in only_comment(runner.consumer)
        (told,) = commands(done, "error")
        assert f"file={NOTEBOOK}" in told


class TestNothingCheckedOut:
    """Trust is decided before anything is looked at, so it needs no repository, no token and no output."""

    def plan(
        self, start: Start, payload: Mapping[str, Any] | None = None, event: str = "pull_request", **more: str
    ) -> Done:
        runner = start(growth(LONGER))
        (runner.folder / "empty").mkdir()
        desk = runner.desk(event, payload)
        bare = {"GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY"}
        kept = {
            name: text
            for name, text in desk.environ.items()
            if name in bare or not name.startswith(("GITHUB_", "INPUT_", "RUNNER_"))
        }
        return Desk(folder=runner.folder / "empty", environ={**kept, **more}).run("ci", "plan")

    def test_a_plan_says_so_loudly_and_plans_nothing(self, start: Start) -> None:
        done = self.plan(start)
        assert done.code == 0, done.err
        (told,) = commands(done, "warning")
        assert "warning[git.history]: nothing is checked out" in told
        assert "actions/checkout" in told

    def test_only_a_plan_lets_it_pass(self, start: Start, tmp_path: Path) -> None:
        runner = start(growth(LONGER))
        done = runner.step("run", GITHUB_WORKSPACE=str(tmp_path))
        assert (done.code, "git.history" in done.out) == (3, True)

    def test_the_event_comes_first(self, start: Start) -> None:
        done = self.plan(start, {"action": "opened"})
        assert (done.code, "error[trust.event]" in done.out) == (3, True)
        assert "Traceback" not in done.out + done.err

    def test_another_commit_than_the_events_is_a_mismatch(self, start: Start) -> None:
        done = self.plan(start, AL_CHECKED_OUT="d" * 40, GITHUB_SHA="c" * 40)
        assert (done.code, "error[git.mismatch]" in done.out) == (3, True)
        assert "ddddddd" in done.out

    @pytest.mark.parametrize("missing", ["GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY"])
    def test_a_variable_that_is_missing_is_named(self, start: Start, missing: str) -> None:
        done = self.plan(start, **{missing: ""})
        assert (done.code, f"error[trust.event]: {missing} is not set" in done.out) == (3, True)


class TestNothingToLookAt:
    @pytest.mark.parametrize("mode", ["run", "plan", "submit", "collect", "finish"])
    def test_a_branch_that_was_deleted(self, start: Start, mode: str) -> None:
        runner = start(growth(LONGER))
        work = runner.consumer.work
        gone = events.push(runner.consumer, git(work, "rev-parse", "HEAD"), "0" * 40, "feature")
        done = runner.step(mode, "push", gone)
        assert done.code == 0, done.out
        assert ("warning[trust.event]: the push deletes a branch" in done.out) == (mode != "finish")
        assert runner.outputs.get("result", "skipped") == "skipped"
        assert runner.github.requests == []

    def test_a_closed_pull_request_plans_nothing(self, start: Start) -> None:
        runner = start(growth(LONGER))
        payload = json.loads(json.dumps(events.pull_request(runner.pull, "closed")))
        payload["pull_request"]["state"] = "closed"
        done = runner.step("plan", payload=payload)
        assert (done.code, runner.outputs["matrix"]) == (0, MATRIX)
        assert "warning[trust.event]: the pull request is closed" in done.out


class TestAnotherCommit:
    """What is analysed is what the event is about, whatever was checked out."""

    def test_a_branch_that_was_pushed_over_is_left_to_its_own_run(self, start: Start) -> None:
        runner = start(growth(LONGER))
        old = json.loads(json.dumps(events.pull_request(runner.pull)))
        work = runner.consumer.work
        git(work, "commit", "--quiet", "--amend", "--message", "Forced")
        here, before = git(work, "rev-parse", "HEAD"), old["pull_request"]["head"]["sha"]
        done = runner.step("run", payload=old)
        (told,) = commands(done, "error")
        assert (done.code, "error[git.mismatch]" in told) == (3, True)
        assert here[:7] in told
        assert before[:7] in told

    def test_a_commit_that_is_not_here_at_all_is_a_mismatch(self, start: Start) -> None:
        runner = start(growth(LONGER))
        payload = json.loads(json.dumps(events.pull_request(runner.pull)))
        payload["pull_request"]["head"]["sha"] = "e" * 40
        done = runner.step("run", payload=payload)
        assert (done.code, "error[git.mismatch]" in done.out) == (3, True)

    def test_a_newer_commit_on_top_keeps_nobody_from_looking_at_the_older(self, start: Start) -> None:
        runner = start(growth(LONGER))
        payload = events.pull_request(runner.pull)
        git(runner.consumer.work, "commit", "--quiet", "--allow-empty", "--message", "Newer")
        assert runner.step("plan", payload=payload).code == 0
        assert runner.outputs["any-trained"] == "true"


class TestPlan:
    def test_what_the_checkout_names_as_programs_is_not_run(self, start: Start, tmp_path: Path) -> None:
        runner = start(growth(LONGER))
        payload = events.pull_request(runner.pull)
        poison(Repository(root=runner.consumer.work, home=tmp_path), tmp_path / "canary")
        assert runner.step("plan", payload=payload).code == 0
        assert runner.outputs["any-trained"] == "true"
        assert not (tmp_path / "canary").exists()

    def test_what_trains_is_a_matrix_and_nothing_is_said_yet(self, start: Start, tmp_path: Path) -> None:
        runner = start(growth(LONGER, before=counting(tmp_path / "count")))
        done = runner.step("plan")
        assert (done.code, count(tmp_path / "count")) == (0, 0)
        (row,) = json.loads(runner.outputs["matrix"])["include"]
        assert (row["notebook"], row["name"], len(row["id"])) == (NOTEBOOK, "growth", 12)
        assert runner.consumer.repository.comments(7) == ()

    def test_where_nothing_trains_it_tells_so_itself(self, start: Start) -> None:
        runner = start(growth({PROSE: "# Other"}))
        assert runner.step("plan").code == 0
        assert (runner.outputs["any-trained"], runner.outputs["matrix"]) == ("false", MATRIX)
        assert "Nothing to train" in only_comment(runner.consumer)

    def test_a_fork_has_an_empty_matrix(self, start: Start) -> None:
        runner = start(growth(LONGER), fork="stranger/consumer", author="stranger")
        runner.github.grant(TOKEN, actions="read", contents="read", pull_requests="read")
        assert runner.step("plan").code == 0
        assert json.loads(runner.outputs["matrix"]) == {"include": []}

    def test_one_notebook_that_is_refused_keeps_no_other_from_training(self, start: Start) -> None:
        runner = start(growth(LONGER))
        runner.pull.push({"bad.ipynb": "no notebook"})
        done = runner.step("plan")
        assert (done.code, len(json.loads(runner.outputs["matrix"])["include"])) == (0, 1)
        (told,) = commands(done, "error")
        assert "file=bad.ipynb" in told

    @pytest.mark.parametrize("mode", ["plan", "run", "submit"])
    def test_a_value_that_others_read_differently_is_said_beside_the_run(self, start: Start, mode: str) -> None:
        runner = start(growth({PROSE: "# Other"}))
        runner.pull.push({"alekseylearn.yml": "models: {g: {notebook: growth.ipynb, parameters: {rate: 010}}}"})
        (told,) = commands(runner.step(mode), "warning")
        assert told.startswith("::warning title=alekseylearn%3A cfg.type::warning[cfg.type]: ")
        assert "010" in told


class TestAForksConfiguration:
    """What a fork writes into its own files about training counts for nothing: the base's settings do."""

    WIDER = (
        "notebooks: ['**/*.ipynb']\n"
        "calls: {trains: [print]}\n"
        "models: {g: {notebook: growth.ipynb, gates: {mse: '< 0.0001'}, seed: 7}}\n"
        "defaults: {backend: sagemaker, sagemaker: {role: r, bucket: b-b-b, region: eu-central-1}}\n"
    )

    def sides(self, start: Start, settings: str, path: str, **pull: str) -> tuple[Config, Config]:
        """Return the configuration of the base, and the one that head is looked at with."""
        runner = start(growth(LONGER), **pull)
        runner.pull.push({path: settings})
        environ = runner.desk(INPUT_CONFIG=path).environ
        comparison = open_ground(environ, ActionsRunner.from_environ(environ, io.StringIO())).step().comparison
        assert comparison.base is not None
        return comparison.base.config, comparison.head.config

    @pytest.mark.parametrize("settings", [WIDER, "not: [yaml", "version: 99\n", "notebooks: []\n"])
    @pytest.mark.parametrize("path", ["alekseylearn.yml", "settings/other.yml"])
    def test_it_is_not_even_read(self, start: Start, settings: str, path: str) -> None:
        base, head = self.sides(start, settings, path, fork="stranger/consumer", author="stranger")
        assert base == head == Config()

    def test_the_repositorys_own_branch_brings_its_own(self, start: Start) -> None:
        base, head = self.sides(start, "notebooks: ['a/**']\n", "alekseylearn.yml")
        assert (base, head.notebooks) == (Config(), ["a/**"])


HEAVY = {"boto3", "docker", "github", "jinja2", "nbdime", "nbformat", "pydantic", "requests", "rich", "yaml"}
LOADED = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from alekseylearn.__main__ import main
main()
"""


class TestWhatPlanLoads:
    def loaded(self, runner: Runner, **more: str) -> set[str]:
        """Run `ci plan` in a process of its own, and return the modules that it has loaded by its end."""
        desk = runner.desk(**more)
        done = subprocess.run(
            [sys.executable, "-c", LOADED, "ci", "plan"],
            cwd=desk.folder,
            env=dict(desk.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return set(done.stderr.split())

    def test_nothing_that_reads_code_where_no_notebook_changed(self, start: Start) -> None:
        # As it stands, its last cell spells a pattern that every file's name matches.
        both = growth({DRAWING: "points"})
        runner = start(both, base=both)
        runner.pull.push({"README.md": "Other words"})
        loaded = self.loaded(runner, INPUT_COMMENT="false")
        assert runner.outputs == {"result": "skipped", "any-trained": "false", "matrix": MATRIX, "comment-url": ""}
        assert loaded & HEAVY == set()
        ours = {"notebook", "diff", "slicing", "plan", "report", "training", "pipeline"}
        assert loaded & {f"alekseylearn.{name}" for name in ours} == set()

    @pytest.mark.parametrize("changes", [{PROSE: "# Other"}, LONGER])
    def test_no_client_of_anything_where_it_tells_nobody(self, start: Start, changes: Mapping[int, str]) -> None:
        runner = start(growth(changes))
        loaded = self.loaded(runner, INPUT_COMMENT="false")
        assert (runner.outputs["matrix"] == MATRIX) == (PROSE in changes)
        assert loaded & HEAVY == set()
        assert not any(name.startswith("alekseylearn.sections.") for name in loaded)

    def test_no_client_of_github_where_a_later_job_tells(self, start: Start) -> None:
        runner = start(growth(LONGER))
        assert self.loaded(runner) & HEAVY == set()
        assert runner.outputs["any-trained"] == "true"


class TestFinish:
    def test_the_comment_gets_the_address_of_the_artifact(self, start: Start) -> None:
        runner = start(growth(LONGER))
        runner.step("run")
        before = only_comment(runner.consumer)
        url = "https://github.com/octo/consumer/actions/runs/4711/artifacts/9"
        assert "actions/runs/4711#artifacts" in before
        done = runner.step("finish", ALEKSEYLEARN_ARTIFACT_URL=url, ALEKSEYLEARN_OUTCOME="success")
        assert done.code == 0, done.err
        assert only_comment(runner.consumer) == before.replace(
            "https://github.com/octo/consumer/actions/runs/4711#artifacts", url
        )

    def test_a_cancelled_run_stops_its_job_and_says_so(self, start: Start, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        runner = start(growth(LONGER, before=gate.cell))
        with runner.desk().start("ci", "run") as child:
            gate.wait()
            # The runner asks first; here it has lost its patience.
            child.send_signal(signal.SIGKILL)
            child.communicate(timeout=60)
        assert only_comment(runner.consumer).splitlines()[1].startswith("### ⏳")
        done = runner.step("finish", ALEKSEYLEARN_OUTCOME="cancelled")
        assert done.code == 0, done.err
        assert runner.outputs["result"] == "cancelled"
        assert "topped" in only_comment(runner.consumer).splitlines()[1]

    def test_a_cancelled_run_on_a_fork_stops_nobody_elses_job(self, start: Start, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        runner = start(growth(LONGER, before=f"{counting(tmp_path / 'count')}\n{gate.cell}"))
        fork = events.pull_request(runner.pull)
        fork["pull_request"]["head"]["repo"] |= {"id": 999_999, "full_name": "stranger/consumer", "fork": True}
        with runner.desk().start("ci", "run") as child:
            gate.wait()
            child.send_signal(signal.SIGKILL)
            child.communicate(timeout=60)
        done = runner.step("finish", payload=fork, ALEKSEYLEARN_OUTCOME="cancelled")
        assert done.code == 0, done.err
        gate.open()
        assert runner.step("run").code == 0
        assert count(tmp_path / "count") == 1
        assert "better" in only_comment(runner.consumer).splitlines()[1]

    def test_being_interrupted_keeps_what_there_is(self, start: Start, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        runner = start(growth(LONGER, before=gate.cell))
        with runner.desk().start("ci", "run") as child:
            gate.wait()
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        assert child.returncode == 130, out + err
        assert runner.outputs["result"] == "cancelled"
        assert "topped" in only_comment(runner.consumer).splitlines()[1]


class TestCollect:
    def test_what_ended_is_brought_home_and_nothing_is_started(self, start: Start, tmp_path: Path) -> None:
        runner = start(growth(LONGER, before=counting(tmp_path / "count")))
        assert runner.step("collect").code == 0
        assert count(tmp_path / "count") == 0
        runner.step("run", INPUT_COMMENT="false")
        assert runner.step("collect").code == 0
        assert runner.outputs["result"] == "success"
        assert "0.4702" in only_comment(runner.consumer)


def test_a_defect_is_told_where_the_workflow_looks(start: Start) -> None:
    runner = start(growth(LONGER))
    # A summary that cannot be written to: nothing that we foresee.
    done = runner.step("run", GITHUB_STEP_SUMMARY=str(runner.folder), INPUT_COMMENT="false")
    assert (done.code, runner.outputs["result"]) == (1, "failure")
    assert "a defect of ours" in commands(done, "error")[0]
    assert "Traceback" not in done.out + done.err


def test_the_steps_run_isolated_from_the_workspace(start: Start) -> None:
    runner = start(growth(LONGER))
    (runner.consumer.work / "click.py").write_text("raise SystemExit('not ours')\n")
    desk = runner.desk()
    command = [sys.executable, "-I", "-m", "alekseylearn", "ci", "plan"]
    done = subprocess.run(command, cwd=desk.folder, env=dict(desk.environ), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
