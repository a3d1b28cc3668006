"""The rig runs workflows as GitHub would: the real act, a composite action, real git, no network."""

from __future__ import annotations

import io
import json
import os
import select
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.jobs import until
from tests.fakes.github.state import BOT_ID
from tests.rig.act import events
from tests.rig.act.act_rig import ActRig, export
from tests.rig.act.consumer import Consumer, git
from tests.rig.act.process import ActTimeoutError, find_act
from tests.rig.act.result import Reading

pytest_plugins = ["tests.rig.act.fixture"]

ACTION = """\
name: a small action
description: Comments on the pull request it runs for.
inputs:
  greeting: {description: What to say, default: hello}
  github-token: {description: Who says it, default: "${{ github.token }}"}
outputs:
  said: {description: What was said, value: "${{ steps.say.outputs.said }}"}
  artifact-url: {description: Where the artifact is, value: "${{ steps.upload.outputs.artifact-url }}"}
runs:
  using: composite
  steps:
    - id: say
      name: Say it
      shell: bash
      env:
        HERE: ${{ github.action_path }}
        GREETING: ${{ inputs.greeting }}
        TOKEN: ${{ inputs.github-token }}
      run: exec python3 -I "$HERE/say.py"
    - id: upload
      uses: actions/upload-artifact@v7
      with: {name: said, path: "${{ steps.say.outputs.folder }}"}
    - id: never
      if: ${{ inputs.greeting == 'nothing' }}
      shell: bash
      run: exit 1
    - id: finish
      if: ${{ always() }}
      shell: bash
      run: echo "last words" >> "$GITHUB_STEP_SUMMARY"
"""
SAY = """\
import json, os, pathlib, sys, urllib.error, urllib.request

event = json.loads(pathlib.Path(os.environ["GITHUB_EVENT_PATH"]).read_text())
pathlib.Path(os.environ["RUNNER_TOOL_CACHE"], "seen").touch()
folder = pathlib.Path(os.environ["RUNNER_TEMP"], "said")
folder.mkdir()
(folder / "said.txt").write_text(os.environ["GREETING"])
with open(os.environ["GITHUB_OUTPUT"], "a") as output:
    output.write("said=" + os.environ["GREETING"] + "\\nfolder=" + str(folder) + "\\n")
with open(os.environ["GITHUB_STEP_SUMMARY"], "a") as summary:
    summary.write("## " + os.environ["GREETING"] + "\\n")
print("::error file=train.py,line=3,title=Cell 4::ValueError: no%0Agood")
url = "{GITHUB_API_URL}/repos/{GITHUB_REPOSITORY}/issues/".format_map(os.environ)
url += str(event["number"]) + "/comments"
body = json.dumps({"body": os.environ["GREETING"]}).encode()
headers = {"Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/json"}
print("as", os.environ["TOKEN"])
try:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        urllib.request.Request(url, body, headers, method="POST"), timeout=10
    )
except urllib.error.HTTPError as problem:
    sys.exit(json.loads(problem.read())["message"])
"""
WORKFLOW = """\
on: pull_request
permissions: {contents: read, pull-requests: write}
jobs:
  train:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - id: al
        uses: alekseylearn/action@v1
        with: {greeting: "from ${{ github.head_ref }}"}
"""
LOOK = """\
on: pull_request
jobs:
  look:
    runs-on: ubuntu-latest
    steps:
      - id: co
        uses: actions/checkout@v4
        with: {WITH}
      - id: look
        run: |
          echo "head=$(git rev-parse HEAD)" >> "$GITHUB_OUTPUT"
          echo "commits=$(git rev-list --count HEAD)" >> "$GITHUB_OUTPUT"
          echo "refs=$(git for-each-ref --format='%(refname)' | tr '\\n' ' ')" >> "$GITHUB_OUTPUT"
          echo "files=$(git ls-files | tr '\\n' ' ')" >> "$GITHUB_OUTPUT"
          echo "variables=$GITHUB_REPOSITORY $GITHUB_REF $GITHUB_BASE_REF $GITHUB_HEAD_REF" >> "$GITHUB_OUTPUT"
          echo "sha=$GITHUB_SHA" >> "$GITHUB_OUTPUT"
"""


def one_step(script: str) -> str:
    """Return a workflow for pull requests that runs *script*."""
    step = {"id": "only", "run": script}
    return json.dumps({"on": "pull_request", "jobs": {"job": {"runs-on": "ubuntu-latest", "steps": [step]}}})


class Alive:
    """Tells whether any process still has the writing end of a pipe open."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def ended(self) -> bool:
        """Wait for the end of all that wrote, and tell whether it came; something must have written."""
        text = b""
        while select.select([self._end], [], [], 10)[0]:
            if not (part := os.read(self._end, 100)):
                return text == b"started\n"
            text += part
        return False

    def close(self) -> None:
        os.close(self._end)


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[Alive]:
    pipe = Alive(tmp_path / "pipe")
    yield pipe
    pipe.close()


@pytest.fixture
def action_folder(tmp_path: Path) -> Path:
    """Return a small action, which stands where the real one does for other tests."""
    folder = tmp_path / "small action"
    folder.mkdir()
    (folder / "action.yml").write_text(ACTION)
    (folder / "say.py").write_text(SAY)
    return folder


def look(rig: ActRig, options: str) -> Consumer:
    """Return a consumer whose workflow tells what actions/checkout left, with a pull request."""
    consumer = rig.consumer({"a.txt": "1\n"}, workflow=LOOK.replace("{WITH}", options))
    consumer.open_pull({"b.txt": "1\n"})
    return consumer


class TestPullRequest:
    def test_the_local_action_runs_and_comments_as_the_bot(self, act_rig: ActRig) -> None:
        consumer = act_rig.consumer({"train.py": "pass\n"}, workflow=WORKFLOW)
        pull = consumer.open_pull({"train.py": "print()\n"})
        run = act_rig.run_pull(pull)
        assert run.exit_code == 0, run.log
        assert (
            f"LocalRepositoryCache matched https://github.com/alekseylearn/action with ref v1 to {act_rig.action}"
            in run.log
        )
        (comment,) = consumer.repository.comments(7)
        assert (comment.body, comment.author.id) == ("from feature", BOT_ID)
        assert run.jobs == {"train": "success"}
        assert [step.outcome for step in run.steps if step.id[:1] == ("al",)] == ["success"] * 5
        assert run.step("al", "say").name == "Say it"
        assert run.outcome("al", "never") == "skipped"
        assert run.outputs("al")["said"] == "from feature"
        assert run.seconds < 60
        with pytest.raises(LookupError, match=r"these did: .*al/say"):
            run.step("al", "sya")

    def test_summary_and_annotations_are_kept(self, act_rig: ActRig) -> None:
        pull = act_rig.consumer({}, workflow=WORKFLOW).open_pull({"a": "b"})
        run = act_rig.run_pull(pull)
        assert run.summary == "## from feature\nlast words\n"
        (annotation,) = run.annotations
        assert (annotation.level, annotation.title, annotation.message) == ("error", "Cell 4", "ValueError: no\ngood")
        assert (annotation.file, annotation.line) == ("train.py", 3)

    def test_the_token_is_masked_in_the_log(self, act_rig: ActRig) -> None:
        run = act_rig.run_pull(act_rig.consumer({}, workflow=WORKFLOW).open_pull({"a": "b"}))
        assert "as ***" in run.step("al", "say").log
        assert act_rig.token not in run.log

    def test_artifacts_are_packed_and_shown_by_the_api(self, act_rig: ActRig) -> None:
        consumer = act_rig.consumer({}, workflow=WORKFLOW)
        run = act_rig.run_pull(consumer.open_pull({"a": "b"}))
        assert zipfile.ZipFile(run.artifacts["said"]).read("said.txt") == b"from feature"
        consumer.repository.refresh()
        (artifact,) = consumer.repository.artifacts.values()
        told = run.outputs("al", "upload")
        assert told == {
            "artifact-id": str(artifact.id),
            "artifact-url": f"https://github.com/octo/consumer/actions/runs/{run.run_id}/artifacts/{artifact.id}",
            "artifact-digest": artifact.sha256,
        }
        assert run.outputs("al")["artifact-url"] == told["artifact-url"]
        assert zipfile.ZipFile(io.BytesIO(artifact.content)).namelist() == ["said.txt"]
        assert (artifact.run.id, artifact.run.status, artifact.run.conclusion) == (run.run_id, "completed", "success")

    def test_a_fork_may_read_only_and_says_where_it_comes_from(self, act_rig: ActRig) -> None:
        consumer = act_rig.consumer({}, workflow=WORKFLOW)
        pull = consumer.open_pull({"a": "b"}, fork="stranger/consumer", author="stranger")
        run = act_rig.run_pull(pull)
        assert run.exit_code != 0
        assert run.jobs == {"train": "failure"}
        assert (run.outcome("al", "say"), run.outcome("al", "upload")) == ("failure", "skipped")
        assert run.outcome("al", "finish") == "success"
        assert "Resource not accessible by integration" in run.log
        assert consumer.repository.comments(7) == ()
        head, base = run.event["pull_request"]["head"], run.event["pull_request"]["base"]
        assert (head["repo"]["full_name"], head["repo"]["fork"]) == ("stranger/consumer", True)
        assert (base["repo"]["full_name"], base["repo"]["fork"]) == ("octo/consumer", False)
        assert head["repo"]["id"] != base["repo"]["id"] == run.event["repository"]["id"]
        assert run.event["sender"]["login"] == "stranger"

    def test_a_second_push_synchronizes(self, act_rig: ActRig) -> None:
        consumer = act_rig.consumer({}, workflow=WORKFLOW)
        pull = consumer.open_pull({"a": "1"})
        first = act_rig.run_pull(pull)
        pull.push({"a": "2"})
        second = act_rig.run_pull(pull, "synchronize")
        assert second.exit_code == 0, second.log
        assert (second.event["before"], second.event["after"]) == (
            first.event["pull_request"]["head"]["sha"],
            pull.head,
        )
        assert second.run_id != first.run_id
        assert len(consumer.repository.comments(7)) == 2

    def test_the_tool_cache_is_kept_for_the_next_run(self, act_rig: ActRig) -> None:
        act_rig.run_pull(act_rig.consumer({}, workflow=WORKFLOW).open_pull({"a": "b"}))
        assert (act_rig.tool_cache / "seen").exists()


class TestCheckout:
    def test_without_options_it_is_the_merge_commit_alone(self, act_rig: ActRig) -> None:
        consumer = look(act_rig, "{}")
        pull = consumer.pulls[7]
        run = act_rig.run_pull(pull)
        seen = run.outputs("look")
        assert (seen["head"], seen["commits"], seen["sha"]) == (pull.merge, "1", pull.merge)
        assert seen["refs"].split() == ["refs/remotes/pull/7/merge"]
        assert seen["variables"] == "octo/consumer refs/pull/7/merge main feature"

    def test_depth_zero_brings_all_branches_and_their_history(self, act_rig: ActRig) -> None:
        consumer = look(act_rig, "{fetch-depth: 0}")
        run = act_rig.run_pull(consumer.pulls[7])
        seen = run.outputs("look")
        assert (seen["head"], seen["commits"]) == (consumer.pulls[7].merge, "3")
        assert seen["refs"].split() == [
            "refs/remotes/origin/feature",
            "refs/remotes/origin/main",
            "refs/remotes/pull/7/merge",
        ]

    def test_a_forks_branch_is_no_branch_of_the_repository(self, act_rig: ActRig) -> None:
        consumer = act_rig.consumer({}, workflow=LOOK.replace("{WITH}", "{fetch-depth: 0}"))
        run = act_rig.run_pull(consumer.open_pull({"b.txt": "1\n"}, fork="stranger/consumer"))
        assert run.outputs("look")["refs"].split() == ["refs/remotes/origin/main", "refs/remotes/pull/7/merge"]

    @pytest.mark.parametrize(
        ("ref", "branch"),
        [("${{ github.event.pull_request.head.sha }}", ""), ("feature", "feature"), ("refs/pull/7/head", "")],
    )
    def test_ref_chooses_what_is_checked_out(self, act_rig: ActRig, ref: str, branch: str) -> None:
        consumer = look(act_rig, json.dumps({"ref": ref}))
        run = act_rig.run_pull(consumer.pulls[7])
        assert run.exit_code == 0, run.log
        seen = run.outputs("look")
        assert (seen["head"], seen["commits"]) == (consumer.pulls[7].head, "1")
        assert run.outputs("co")["commit"] == consumer.pulls[7].head
        assert (f"refs/heads/{branch}" in seen["refs"].split()) == bool(branch)
        assert seen["files"].split() == [".github/workflows/train.yml", "a.txt", "b.txt"]

    def test_a_push_checks_its_branch_out(self, act_rig: ActRig) -> None:
        workflow = LOOK.replace("{WITH}", "{}").replace("pull_request", "push")
        consumer = act_rig.consumer({}, workflow=workflow)
        before = git(consumer.work, "rev-parse", "HEAD")
        after = consumer.commit({"c.txt": "1\n"})
        run = act_rig.run(consumer, "push", events.push(consumer, before, after), commit=after)
        seen = run.outputs("look")
        assert (seen["head"], seen["sha"]) == (after, after)
        assert "refs/heads/main" in seen["refs"]


class TestCancelling:
    HEARS = """\
import pathlib, signal, sys

def heard(number, frame):
    pathlib.Path("heard").write_text(signal.Signals(number).name)
    sys.exit(130)

signal.signal(signal.SIGINT, heard)
pathlib.Path(FOLDER, "started").touch()
signal.pause()
"""

    def test_the_step_hears_the_signal_and_only_what_always_runs_comes_after_it(
        self, act_rig: ActRig, tmp_path: Path
    ) -> None:
        (tmp_path / "hears.py").write_text(self.HEARS.replace("FOLDER", repr(str(tmp_path))))
        steps = [
            {"id": "hears", "run": f"exec python3 {tmp_path / 'hears.py'}"},
            {"id": "next", "run": "true"},
            {"id": "finish", "if": "${{ always() }}", "run": 'echo "told=$(cat heard)" >> "$GITHUB_OUTPUT"'},
        ]
        workflow = {"on": "pull_request", "jobs": {"job": {"runs-on": "ubuntu-latest", "steps": steps}}}
        pull = act_rig.consumer({}, workflow=json.dumps(workflow)).open_pull({"a": "b"})
        run = act_rig.run_pull(pull, cancel=lambda: until((tmp_path / "started").exists, "the step"))
        assert run.exit_code != 0
        assert (run.outcome("hears"), run.outcome("next")) == ("failure", "skipped")
        assert run.outputs("finish")["told"] == "SIGINT"
        assert run.seconds < 60


class TestIdentityTokens:
    @pytest.mark.parametrize(
        ("grant", "fork", "given"),
        [("write", "", True), ("none", "", False), ("write", "stranger/consumer", False)],
    )
    def test_only_a_workflow_that_asks_for_them_gets_them_and_never_a_fork(
        self, act_rig: ActRig, grant: str, fork: str, given: bool
    ) -> None:
        act_rig.oidc = lambda consumer, event: {"TOKEN_OF": f"{consumer.full_name} {event}"}
        step = {"id": "only", "run": 'echo "token=$TOKEN_OF" >> "$GITHUB_OUTPUT"'}
        job = {"runs-on": "ubuntu-latest", "steps": [step]}
        workflow = f"on: pull_request\npermissions: {{id-token: {grant}}}\njobs: {json.dumps({'job': job})}\n"
        pull = act_rig.consumer({}, workflow=workflow).open_pull({"a": "b"}, fork=fork)
        run = act_rig.run_pull(pull)
        assert run.outputs("only")["token"] == ("octo/consumer pull_request" if given else "")


def test_a_schedule_runs_on_the_default_branch(act_rig: ActRig) -> None:
    script = 'echo "seen=$GITHUB_EVENT_NAME $GITHUB_REF $GITHUB_SHA" >> "$GITHUB_OUTPUT"'
    workflow = one_step(script).replace('"on": "pull_request"', '"on": {"schedule": [{"cron": "0 3 * * *"}]}')
    consumer = act_rig.consumer({}, workflow=workflow)
    tip = git(consumer.work, "rev-parse", "HEAD")
    run = act_rig.run(consumer, "schedule", events.schedule(consumer), commit=tip)
    assert run.exit_code == 0, run.log
    assert run.outputs("only")["seen"] == f"schedule refs/heads/main {tip}"


class TestArtifactStubs:
    def test_two_jobs_hand_files_on(self, act_rig: ActRig) -> None:
        workflow = """\
on: pull_request
jobs:
  make:
    runs-on: ubuntu-latest
    steps:
      - run: |
          mkdir -p out/deep
          for name in a.txt deep/b.txt .hidden c.tmp; do echo "$name" > "out/$name"; done
      - uses: actions/upload-artifact@v7
        with: {name: results, path: "out/**\\n!out/*.tmp"}
      - id: none
        uses: actions/upload-artifact@v7
        with: {name: none, path: nothing/here}
      - id: twice
        continue-on-error: true
        uses: actions/upload-artifact@v7
        with: {name: results, path: out/a.txt}
  take:
    needs: make
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v8
        with: {name: results, path: got}
      - id: list
        run: echo "files=$(cd got && find . -type f | sort | tr '\\n' ' ')" >> "$GITHUB_OUTPUT"
"""
        run = act_rig.run_pull(act_rig.consumer({}, workflow=workflow).open_pull({"a": "b"}))
        assert run.exit_code == 0, run.log
        assert run.outputs("list", job="take")["files"] == "./a.txt ./deep/b.txt "
        assert [annotation.level for annotation in run.annotations] == ["warning", "error"]
        assert "already exists" in run.annotations[1].message
        assert run.artifacts.keys() == {"results"}


class TestSafetyOfTheRig:
    def test_a_run_that_hangs_is_ended(self, act_rig: ActRig, alive: Alive) -> None:
        workflow = one_step(f"exec 3> '{alive.path}'; echo started >&3; exec sleep 271")
        pull = act_rig.consumer({}, workflow=workflow).open_pull({"a": "b"})
        began = time.monotonic()
        with pytest.raises(ActTimeoutError, match="longer than 3 s"):
            act_rig.run_pull(pull, timeout=3)
        assert time.monotonic() - began < 20
        assert alive.ended()

    def test_a_process_that_a_step_leaves_behind_is_ended(self, act_rig: ActRig, alive: Alive) -> None:
        orphan = "echo started >&3; touch ready; exec sleep 271"
        script = (
            f"exec 3> '{alive.path}'\nsetsid bash -c '{orphan}' < /dev/null > /dev/null 2>&1 &\n"
            "until [ -e ready ]; do sleep 0.02; done"
        )
        run = act_rig.run_pull(act_rig.consumer({}, workflow=one_step(script)).open_pull({"a": "b"}))
        assert run.exit_code == 0, run.log
        assert alive.ended()

    def test_an_action_without_a_stand_in_is_refused_before_anything_runs(self, act_rig: ActRig) -> None:
        workflow = "on: pull_request\njobs: {j: {runs-on: ubuntu-latest, steps: [\n  uses: someone/else@v1\n]}}\n"
        pull = act_rig.consumer({}, workflow=workflow).open_pull({"a": "b"})
        with pytest.raises(LookupError, match="no stand-in for someone/else@v1"):
            act_rig.run_pull(pull)

    def test_the_steps_see_nothing_of_this_machines_settings(self, act_rig: ActRig, tmp_path: Path) -> None:
        script = 'echo "seen=$(env | cut -d= -f1 | sort | paste -sd " ") home=$HOME" >> "$GITHUB_OUTPUT"'
        run = act_rig.run_pull(act_rig.consumer({}, workflow=one_step(script)).open_pull({"a": "b"}))
        names, _, home = run.outputs("only")["seen"].partition(" home=")
        assert Path(home).is_relative_to(tmp_path)
        assert not {"PYTEST_CURRENT_TEST", "VIRTUAL_ENV", "PYTHONPATH", "AWS_PROFILE", "GITHUB_TOKEN"} & set(
            names.split()
        )

    def test_nothing_of_the_runners_work_is_left(self, act_rig: ActRig) -> None:
        act_rig.run_pull(act_rig.consumer({}, workflow=WORKFLOW).open_pull({"a": "b"}))
        assert [*act_rig.folder.glob("run-*/cache")] == []


def test_the_copy_of_the_action_holds_what_git_would_take_and_nothing_else(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    git(checkout, "init", "--quiet", ".")
    for name in (".gitignore", "kept", "new file", ".venv/big", "gone"):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(".venv/\n")
    git(checkout, "add", "kept", "gone")
    (checkout / "gone").unlink()
    copy = export(checkout, tmp_path / "copy")
    assert sorted(path.name for path in copy.rglob("*")) == [".gitignore", "kept", "new file"]


def test_lines_that_are_not_records_are_kept_in_the_log() -> None:
    reading = Reading()
    reading.take("Error: Job 'train' failed")
    assert (reading.log, reading.steps()) == (["Error: Job 'train' failed"], ())


def test_act_is_found() -> None:
    assert find_act().name == "act"
