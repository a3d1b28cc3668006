"""`ci comment`: what a fork's run has left is told by a trusted workflow, which believes nothing of it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from alekseylearn.actions import Runner as ActionsRunner
from alekseylearn.analysed import FILE
from alekseylearn.cli.commenting import comment_step
from alekseylearn.errors import InputError
from tests.desk import LONGER, NOTEBOOK, Done
from tests.e2e.stories import only_comment
from tests.fakes.github.state import zipped
from tests.hostile import read
from tests.rig.act import events
from tests.small import growth
from tests.test_cli_ci import TOKEN, Runner, Start, commands, start

__all__ = ["start"]
pytestmark = pytest.mark.usefixtures("home")
FORK = {"fork": "stranger/consumer", "author": "stranger"}


@pytest.fixture
def runner(start: Start) -> Runner:
    """A repository with a fork's pull request, and a token that the trusted workflow has."""
    made = start(growth(LONGER), **FORK)
    made.github.grant(TOKEN, actions="read", pull_requests="write")
    return made


def row(**changes: object) -> dict[str, object]:
    """Return what an analysis says of one notebook."""
    plain = {"path": NOTEBOOK, "decision": "train", "reason": "cell 1 changed", "refused": ""}
    return {**plain, "changed": 1, "cells": 4, "needed": 3, **changes}


def analysis(**changes: object) -> bytes:
    """Return an analysis of the fork's pull request."""
    return json.dumps({"format": 1, "pull": 7, "more": 0, "notebooks": [row()], **changes}).encode()


def left(runner: Runner, files: Mapping[str, bytes] | bytes, name: str = "alekseylearn-analyse-1", **run: Any) -> int:
    """Record a run of the fork's pull request that has left *files*; return its number."""
    repository, pull = runner.consumer.repository, runner.pull
    about = {"head_sha": pull.head, "head_repository": pull.source, **run}
    made = repository.add_run(**about)
    repository.add_artifact(name, files, run=made)
    return made.id


def told(runner: Runner, run: int, **more: Any) -> Done:
    payload = json.loads(json.dumps(events.workflow_run(runner.consumer, run)))
    for path, value in more.pop("changes", {}).items():
        payload["workflow_run"][path] = value
    return runner.step("comment", "workflow_run", payload, GITHUB_WORKSPACE="/", **more)


def written(runner: Runner) -> list[str]:
    """Return what was asked of GitHub beside reading."""
    return [f"{request.method} {request.path}" for request in runner.github.requests if request.method != "GET"]


class TestTold:
    def test_what_the_forks_own_run_leaves_is_told(self, runner: Runner) -> None:
        """The real analysis of a fork, without a right to write; then the real comment, without its files."""
        runner.github.grant(TOKEN, actions="read", contents="read", pull_requests="read")
        done = runner.step("run")
        assert (done.code, "warning[trust.fork]" in done.out) == (0, True), done.out
        folder = runner.folder / "temp" / "alekseylearn" / "artifacts"
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert {FILE, "report.html"} <= set(files)
        assert runner.consumer.repository.comments(7) == ()
        runner.github.grant(TOKEN, actions="read", pull_requests="write")
        done = told(runner, left(runner, files))
        assert done.code == 0, done.out
        comment = only_comment(runner.consumer)
        assert "Analysed, not trained: the pull request comes from a fork" in comment
        assert f"| `{NOTEBOOK}` | 1 of 8 code cells | would train, " in comment
        assert runner.outputs["result"] == "success"
        assert runner.outputs["comment-url"].startswith("https://")
        assert "Analysed, not trained" in runner.summary

    def test_it_is_told_once_and_the_newest_run_stays(self, runner: Runner) -> None:
        old, new = (left(runner, {FILE: analysis(more=number)}) for number in (0, 5))
        for run in (new, old, new, old):
            assert told(runner, run).code == 0
        assert "And 5 more notebooks" in only_comment(runner.consumer)

    def test_others_of_its_artifacts_are_passed_over(self, runner: Runner) -> None:
        run = left(runner, {FILE: analysis()})
        made = runner.consumer.repository.runs[run]
        runner.consumer.repository.add_artifact("alekseylearn-other-1", {"report.html": b"x"}, run=made)
        runner.consumer.repository.add_artifact("something", {FILE: b"{"}, run=made)
        assert told(runner, run).code == 0
        assert "Analysed" in only_comment(runner.consumer)

    def test_a_token_that_cannot_write_is_told_and_the_summary_has_it(self, runner: Runner) -> None:
        runner.github.grant(TOKEN, actions="read", pull_requests="read")
        done = told(runner, left(runner, {FILE: analysis()}))
        assert (done.code, len(commands(done, "notice"))) == (0, 1)
        assert "Analysed" in runner.summary


class TestLeftAlone:
    """What is not about a fork's pull request as it stands is told in the log, and nowhere else."""

    def expect(self, runner: Runner, done: Done, said: str) -> None:
        assert (done.code, runner.outputs["result"]) == (0, "skipped"), done.out
        (notice,) = commands(done, "notice")
        assert said in notice
        assert written(runner) == []

    def test_a_run_of_the_repositorys_own(self, runner: Runner) -> None:
        run = left(runner, {FILE: analysis()}, head_repository=runner.consumer.repository)
        self.expect(runner, told(runner, run), "warning[trust.event]")

    @pytest.mark.parametrize("event", ["push", "schedule", "pull_request_target"])
    def test_a_run_of_another_event(self, runner: Runner, event: str) -> None:
        self.expect(runner, told(runner, left(runner, {FILE: analysis()}, event=event)), "warning[trust.event]")

    def test_a_fork_that_is_gone(self, runner: Runner) -> None:
        run = left(runner, {FILE: analysis()})
        self.expect(runner, told(runner, run, changes={"head_repository": None}), "warning[trust.event]")

    def test_a_push_since(self, runner: Runner) -> None:
        run = left(runner, {FILE: analysis()})
        runner.pull.push({NOTEBOOK: growth()})
        self.expect(runner, told(runner, run), "pushed to, since")

    def test_a_closed_pull_request(self, runner: Runner) -> None:
        run = left(runner, {FILE: analysis()})
        runner.consumer.repository.pulls[7].state = "closed"
        self.expect(runner, told(runner, run), "was closed")

    def test_a_run_that_has_left_nothing(self, runner: Runner) -> None:
        self.expect(runner, told(runner, left(runner, {"report.html": b"x"})), "warning[trust.artifact]")
        run = left(runner, {FILE: analysis()})
        for artifact in runner.consumer.repository.artifacts.values():
            artifact.expired = True
        self.expect(runner, told(runner, run), "warning[trust.artifact]")


def stored(name: str, content: bytes, mode: int = 0o100644) -> bytes:
    """Return a zip with one member of any name and any kind."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        archive.writestr(member, content)
        archive.writestr(FILE, analysis())
    return memory.getvalue()


class TestForged:
    """The fork has written every byte of the artifact; the worst that it reaches is a refusal."""

    def expect(self, runner: Runner, done: Done, slug: str) -> None:
        assert (done.code, runner.outputs["result"]) == (3, "failure"), done.out
        (error,) = commands(done, "error")
        assert f"error[{slug}]" in error
        assert written(runner) == []
        assert "Traceback" not in done.out + done.err

    @pytest.mark.parametrize(
        "files",
        [
            b"no zip",
            zipped({FILE: b"<h1>trained</h1>"}),
            zipped({FILE: b"[" * 90_000}),
            zipped({FILE: b" " * 300_000 + analysis()}),
            zipped({FILE: analysis(notebooks=[row(path="a\nb")])}),
            zipped({FILE: analysis(body="### Trained")}),
            stored("../../escape", b"x"),
            stored("link", b"/etc/passwd", 0o120777),
            stored("swelling", b"0" * 200_000_000),
        ],
        ids=["no-zip", "html", "deep", "long", "line", "body", "escape", "link", "swelling"],
    )
    def test_what_is_not_ours_is_refused_by_one_name(self, runner: Runner, files: bytes) -> None:
        self.expect(runner, told(runner, left(runner, files)), "trust.artifact")

    def test_one_that_is_too_large_is_not_loaded(self, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("alekseylearn.cli.commenting.LARGEST", 10)
        payload = events.workflow_run(runner.consumer, left(runner, {FILE: analysis()}))
        environ = runner.desk("workflow_run", payload).environ
        with pytest.raises(InputError) as caught:
            comment_step(environ, ActionsRunner.from_environ(environ, io.StringIO()))
        assert caught.value.slug == "trust.artifact"
        assert not [request for request in runner.github.requests if request.path.endswith("/zip")]

    def test_another_pull_request_than_its_own_is_never_written_to(self, runner: Runner) -> None:
        runner.consumer.open_pull({NOTEBOOK: growth(LONGER)}, number=8, branch="own")
        own = runner.consumer.pulls.pop(8)
        self.expect(runner, told(runner, left(runner, {FILE: analysis(pull=8)})), "trust.event")
        assert runner.consumer.repository.comments(own.number) == ()

    @pytest.mark.parametrize("number", [0, 99])
    def test_a_pull_request_that_is_none(self, runner: Runner, number: int) -> None:
        done = told(runner, left(runner, {FILE: analysis(pull=number)}))
        assert (done.code, written(runner)) == (6, [])
        assert "error[github.missing]" in commands(done, "error")[0]

    def test_no_word_of_it_is_markup(self, runner: Runner) -> None:
        words = "</td> @octocat ![i](https://evil.example/x.png) **better by 100 %** -->"
        run = left(runner, {FILE: analysis(notebooks=[row(path=words, reason=words, refused=words)])})
        assert told(runner, run).code == 0
        comment = only_comment(runner.consumer)
        page = read(comment)
        assert "@octocat" not in page.plain
        assert (len(page.links), len(page.comments), page.tags.count("strong")) == (1, 2, 0)

    @pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "issue_comment", "push", "schedule"])
    def test_it_runs_on_the_end_of_another_workflow_alone(self, runner: Runner, event: str) -> None:
        self.expect(runner, runner.step("comment", event), "trust.event")

    def test_without_a_token_it_says_so(self, runner: Runner) -> None:
        done = told(runner, left(runner, {FILE: analysis()}), INPUT_GITHUB_TOKEN="")
        assert (done.code, "error[github.token]" in done.out) == (6, True)
