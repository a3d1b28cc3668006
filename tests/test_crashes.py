"""Wherever a process is killed: nothing trains twice, no result is lost, no file is half there, one comment stands."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from alekseylearn import landmarks
from alekseylearn.landmarks import Landmark
from tests.fakes.github import faults
from tests.fakes.github.faults import Fault
from tests.fakes.github.server import FakeGitHub
from tests.rig.crashes.local import LAUNCHES, at_a_desk
from tests.rig.crashes.on_runner import RunnerStage, on_a_runner
from tests.rig.crashes.stage import ROOT, Harm, Server, Stage
from tests.rig.faults import FaultyRoad, Mode

LANDMARKS: tuple[Landmark, ...] = get_args(Landmark)
ELSEWHERE = {
    *("container.created", "container.started", "attempt.written", "attempt.started"),
    *("bucket.uploaded", "bucket.written", "store.aside", "failure.aside", "failure.kept", "comment.deleted"),
}
"""Landmarks of other places to train and to keep results, and of what seldom happens; other tests pass them."""
ON_A_RUNNER = {name for name in LANDMARKS if name.startswith(("comment.", "artifacts.", "summary.", "outputs."))}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Load the package once."""
    with Server() as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path, server: Server) -> Stage:
    return at_a_desk(tmp_path, server)


@pytest.fixture
def runner(tmp_path: Path, server: Server, github: FakeGitHub) -> RunnerStage:
    return on_a_runner(tmp_path, server, github)


def kill_at_each(stage: Stage, wanted: set[Landmark], *command: str) -> set[Landmark]:
    """Start a command again and again, and kill it at another landmark each time; return those that it did not pass."""
    order = [landmark for landmark in LANDMARKS if landmark in wanted]
    return {landmark for landmark in order if stage.run(*command, landmark=landmark).code is not None}


class TestLandmarks:
    def test_nothing_happens_there(self) -> None:
        landmarks.passed("plans.made")

    def test_each_is_in_the_source_and_no_other(self) -> None:
        source = "".join(path.read_text("utf-8") for path in (ROOT / "alekseylearn").rglob("*.py"))
        assert [name for name in LANDMARKS if f'landmarks.passed("{name}")' not in source] == []
        assert source.count("landmarks.passed(") == len(LANDMARKS)

    def test_no_variable_of_the_environment_reaches_them(self) -> None:
        program = "import alekseylearn.landmarks as l; print(l.passed.__module__, l.passed.__code__.co_names)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout == "alekseylearn.landmarks ()\n"


class TestKilledAtEachLandmark:
    """Each run goes on from where the one before was killed; what was then behind them is killed from the beginning."""

    def test_fit_ends_as_if_nothing_had_happened(self, desk: Stage) -> None:
        missed = kill_at_each(desk, set(LANDMARKS) - ELSEWHERE - ON_A_RUNNER, "fit", "-q")
        self.end(desk)
        assert missed == {"result.kept", "job.discarded"}
        for landmark in missed:
            desk.clear()
            assert desk.run("fit", "-q", landmark=landmark).code is None
            self.end(desk)

    @staticmethod
    def end(desk: Stage) -> None:
        ended = desk.run("fit", "-q")
        assert ended.code == 0, ended.out
        assert (desk.torn, desk.left(), dict(desk.launches)) == ([], [], LAUNCHES)
        assert "better by 0.4249" in ended.out

    def test_the_action_ends_with_one_comment(self, runner: RunnerStage) -> None:
        missed = kill_at_each(runner, set(LANDMARKS) - ELSEWHERE, "ci", "run")
        self.end_with_one_comment(runner)
        assert missed <= {"result.kept", "job.discarded", "comment.edited"}
        for landmark in missed:
            runner.clear()
            assert runner.run("ci", "run", landmark=landmark).code is None
            self.end_with_one_comment(runner)

    @staticmethod
    def end_with_one_comment(runner: RunnerStage) -> None:
        runner.again()
        ended = runner.run("ci", "run")
        assert ended.code == 0, ended.out
        assert (runner.torn, runner.left(), dict(runner.launches)) == ([], [], LAUNCHES)
        (comment,) = runner.comments
        assert "better by 0.4249" in comment.body
        assert "better by 0.4249" in runner.runner.summary
        assert runner.runner.outputs["result"] == "success"
        assert json.loads(runner.outcome)["runs"][0]["state"] == "succeeded"


class TestKilledAtCalls:
    """A sample of what `benchmarks/bench_crashes.py` does a thousand times."""

    @pytest.mark.parametrize(
        ("call", "number"), [("write", 20), ("rename", 9), ("fsync", 12), ("openat", 400), ("unlinkat", 75)]
    )
    def test_nothing_is_torn_and_nothing_runs_twice(self, desk: Stage, call: str, number: int) -> None:
        killed = desk.run("fit", "-q", harm=Harm(call, f"signal=KILL:when={number}"))
        assert killed.code is None
        ended = desk.run("fit", "-q")
        assert ended.code == 0, ended.out
        assert (desk.torn, desk.left(), dict(desk.launches)) == ([], [], LAUNCHES)


class TestRefusedByTheMachine:
    @pytest.mark.parametrize(
        "harm",
        [
            Harm("fsync", "error=ENOSPC:when=9"),
            Harm("fsync", "error=EIO:when=4+"),
            Harm("openat", "error=EMFILE:when=300+"),
        ],
    )
    def test_it_is_told_nothing_is_torn_and_with_room_it_goes_on(self, desk: Stage, harm: Harm) -> None:
        refused = desk.run("fit", "-q", harm=harm)
        assert refused.code == 6, refused.out
        assert "Traceback" not in refused.out
        assert "error[bug]" not in refused.out
        desk.settle()
        ended = desk.run("fit", "-q")
        assert ended.code == 0, ended.out
        assert (desk.torn, desk.left(), dict(desk.launches)) == ([], [], LAUNCHES)


FAILURES = {
    "5xx after it was done": faults.bad_gateway(after_commit=True, path="/comments"),
    "5xx": faults.bad_gateway(path="/comments"),
    "a secondary limit": faults.secondary_limit(retry_after=60, path="/comments"),
    "a limit of a day": faults.secondary_limit(retry_after=86_400, path="/comments"),
    "429": faults.too_many(path="/comments"),
    "a web page": faults.html_page(path="/comments"),
    "a reset after it was done": faults.connection_reset(after_commit=True, path="/comments"),
    "a pull request that is locked": Fault(
        status=403, body=faults.message("Unable to create comment because issue is locked."), method="POST"
    ),
    "no pull request": Fault(status=404, body=faults.message("Not Found"), path="/comments"),
    "a request that is refused": Fault(status=422, body=faults.message("Validation Failed"), method="POST"),
}


class TestGitHubFails:
    """Whatever becomes of the comment: the result is there, and the next run has it told in one comment."""

    @pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
    def test_the_result_is_kept_and_told_later(self, runner: RunnerStage, failure: Fault) -> None:
        runner.runner.github.faults += [failure] * 1000
        self.check(runner)
        runner.runner.github.faults.clear()
        self.check_told(runner)

    @pytest.mark.parametrize("mode", ["reset", "stall", "half", "swallow"])
    def test_so_it_is_where_the_network_fails(self, runner: RunnerStage, mode: Mode) -> None:
        with FaultyRoad(runner.runner.github.url) as road:
            road.mode = mode
            runner.environ = {**runner.environ, "GITHUB_API_URL": road.url}
            self.check(runner)
            assert road.connections
            road.mode = "pass"
            self.check_told(runner)

    @staticmethod
    def check(runner: RunnerStage) -> None:
        ended = runner.run("ci", "run")
        assert ended.code == 0, ended.out
        assert "better by 0.4249" in runner.runner.summary
        assert runner.runner.outputs["result"] == "success"
        assert json.loads(runner.outcome)["runs"][0]["state"] == "succeeded"
        assert dict(runner.launches) == LAUNCHES

    @staticmethod
    def check_told(runner: RunnerStage) -> None:
        TestKilledAtEachLandmark.end_with_one_comment(runner)

    def test_a_comment_that_somebody_deletes_meanwhile_is_written_anew(self, runner: RunnerStage) -> None:
        assert runner.run("ci", "run", landmark="job.submitted").code is None
        (comment,) = runner.comments
        del runner.runner.consumer.repository.all_comments[comment.id]
        self.check_told(runner)


class TestClocks:
    @pytest.mark.parametrize("hours", [30.0, -30.0])
    def test_nothing_depends_on_the_clock_on_the_wall(self, runner: RunnerStage, hours: float) -> None:
        for landmark in ("supervisor.started", "files.collected", "store.copied", "comment.remembered"):
            assert runner.run("ci", "run", landmark=landmark, leap=hours).code is None
        runner.again()
        ended = runner.run("ci", "run", leap=hours)
        assert ended.code == 0, ended.out
        TestKilledAtEachLandmark.end_with_one_comment(runner)
