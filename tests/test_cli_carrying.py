"""The comment through a whole run: it says that something trains, then what came of it, where everybody hears it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import pytest

from alekseylearn.actions import Runner as Told
from alekseylearn.cli.carrying import carry_out
from alekseylearn.cli.step import Step, open_ground
from tests.desk import LONGER, NOTEBOOK
from tests.e2e.stories import only_comment
from tests.fakes.github.fixture import github
from tests.fakes.github.state import Repository
from tests.small import PROSE, growth
from tests.test_cli_ci import Runner, Start, start

__all__ = ["github", "start"]

pytestmark = pytest.mark.usefixtures("home")
LINK = "https://github.com/octo/consumer/actions/runs/4711/artifacts/9"


def begun(environ: Mapping[str, str], seconds: float) -> Step:
    """Open a step of the action as if it had begun *seconds* ago."""
    ground = open_ground(environ, Told.from_environ(environ, io.StringIO()))
    return replace(ground, started=ground.started - seconds).step()


def run(runner: Runner, seconds: float, **more: str) -> None:
    step = begun(runner.desk(**more).environ, seconds)
    assert carry_out(step, step.story(train=True)).exit_code == 0


def comments(runner: Runner) -> Repository:
    return runner.consumer.repository


class TestALongRun:
    def test_its_result_is_a_new_comment_below_what_was_said_meanwhile(self, start: Start) -> None:
        runner = start(growth(LONGER))
        repository = comments(runner)
        run(runner, 301)
        writes = [request.method for request in runner.github.writes()]
        assert writes == ["POST", "POST", "DELETE"]
        assert "better by" in only_comment(runner.consumer)
        (comment,) = repository.comments(7)
        done = runner.step("finish", ALEKSEYLEARN_ARTIFACT_URL=LINK, ALEKSEYLEARN_OUTCOME="success")
        assert done.code == 0, done.err
        (completed,) = repository.comments(7)
        assert completed.id == comment.id
        assert LINK in completed.body

    def test_a_short_one_edits_what_stands(self, start: Start) -> None:
        runner = start(growth(LONGER))
        run(runner, 0)
        assert [request.method for request in runner.github.writes()] == ["POST", "PATCH"]

    def test_one_that_a_newer_run_has_overtaken_leaves_that_ones_comment(self, start: Start) -> None:
        runner = start(growth(LONGER))
        run(runner, 0, GITHUB_RUN_NUMBER="9", INPUT_GITHUB_TOKEN="ghs_workflow")
        newest = only_comment(runner.consumer)
        run(runner, 301, GITHUB_RUN_NUMBER="8", INPUT_FORCE="true")
        assert only_comment(runner.consumer) == newest

    def test_a_comment_that_somebody_deletes_meanwhile_is_made_again(self, start: Start) -> None:
        runner = start(growth(LONGER))
        run(runner, 301)
        (comment,) = comments(runner).comments(7)
        del comments(runner).all_comments[comment.id]
        done = runner.step("finish", ALEKSEYLEARN_ARTIFACT_URL=LINK, ALEKSEYLEARN_OUTCOME="success")
        assert done.code == 0, done.err
        assert LINK in only_comment(runner.consumer)


def test_a_notebook_that_is_no_longer_changed_is_told_as_such(start: Start) -> None:
    runner = start(growth(LONGER))
    runner.pull.push({"other.ipynb": growth(LONGER)})
    assert runner.step("run").code == 0
    runner.pull.push({"other.ipynb": None})
    assert runner.step("run", GITHUB_RUN_NUMBER="4").code == 0
    body = only_comment(runner.consumer)
    assert "`other.ipynb` (not in this run)" in body
    assert body.count("other.ipynb") == 1


def test_a_run_with_nothing_to_train_after_one_that_trained_edits_its_comment(start: Start) -> None:
    runner = start(growth(LONGER))
    assert runner.step("run").code == 0
    (before,) = comments(runner).comments(7)
    runner.pull.push({NOTEBOOK: growth({PROSE: "# Other"})})
    assert runner.step("run", GITHUB_RUN_NUMBER="4").code == 0
    (after,) = comments(runner).comments(7)
    assert (after.id, after.body.splitlines()[1][:20]) == (before.id, "### ⏭️ Nothing to train"[:20])
