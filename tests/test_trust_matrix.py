"""GitHub's own examples of events, from forks, from the repository and from programs: who may train, and what the others
reach: nothing is launched, nobody of AWS is asked, and no child of ours is given a secret.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.cli import workflow
from alekseylearn.errors import InputError
from alekseylearn.trust import read_event, read_finished
from tests.desk import LONGER
from tests.matrix import Case, bots, every, examples, forks, names, own
from tests.rig.act.consumer import git
from tests.small import count, counting, growth
from tests.test_cli_ci import Start, start

__all__ = ["start"]
MODES = {
    "run": workflow.run_step,
    "plan": workflow.plan_step,
    "submit": workflow.submit_step,
    "collect": workflow.collect_step,
}


def read(case: Case) -> tuple[str, str]:
    """Return how *case* is taken, `trusted`, `looked at` or `refused`, and by which name."""
    try:
        event = read_event(case.name, case.payload, case.repository)
    except InputError as error:
        return "refused", error.slug
    return ("trusted" if event.trusted else "looked at"), event.slug


def ids(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def test_there_are_all_of_githubs_examples() -> None:
    known = {"pull_request": 29, "issue_comment": 9, "workflow_run": 5, "push": 7}
    assert {name: len(examples(name)) for name in known} == known
    assert len(names()) == 58
    assert Counter(case.name for case in every()) == {name: known[name] * 6 for name in list(known)[:3]}


class TestWhoIsTrusted:
    @ids(own("pull_request"))
    def test_a_pull_request_of_the_repository_itself(self, case: Case) -> None:
        assert read(case) == ("trusted", "")

    @ids(forks("pull_request"))
    def test_no_fork(self, case: Case) -> None:
        assert read(case) == ("looked at", "trust.fork")

    @ids(bots("pull_request"))
    def test_a_program_that_can_push_but_dependabot(self, case: Case) -> None:
        wanted = ("looked at", "trust.actor") if case.variant == "dependabot[bot]" else ("trusted", "")
        assert read(case) == wanted

    @ids([case for name in ("issue_comment", "workflow_run") for made in (own, forks, bots) for case in made(name)])
    def test_nobody_by_a_comment_or_by_another_run(self, case: Case) -> None:
        passer_by = case.name == "issue_comment" and case.variant in ("fork", "gone")
        assert read(case) == ("refused", "trust.actor" if passer_by else "trust.event")

    @ids(own("pull_request") + forks("pull_request"))
    @pytest.mark.parametrize("name", ["pull_request_target", "pull_request_review", "issues", "merge_group"])
    def test_nobody_by_the_same_payload_under_another_name(self, case: Case, name: str) -> None:
        assert read(Case(name, 0, "", case.payload)) == ("refused", "trust.event")

    @pytest.mark.parametrize("name", names())
    def test_no_event_that_is_not_known(self, name: str) -> None:
        known = {"pull_request", "push", "workflow_dispatch", "schedule", "repository_dispatch"}
        found = {read(Case(name, 0, "", case.payload))[0] for case in own("pull_request")[:1]}
        assert found == {"refused"} or name in known

    @ids(own("push"))
    def test_a_push(self, case: Case) -> None:
        gone = case.payload["after"] == "0" * 40
        assert read(case) == (("looked at", "trust.event") if gone else ("trusted", ""))

    @ids(own("workflow_dispatch") + own("repository_dispatch"))
    def test_a_run_by_hand(self, case: Case) -> None:
        assert read(case) == ("trusted", "")

    @ids([case for case in own("workflow_run") + forks("workflow_run") if case.payload["action"] == "completed"])
    def test_a_run_that_has_ended_tells_whose_it_was(self, case: Case) -> None:
        if case.payload["workflow_run"]["repository"]["full_name"] != case.repository:
            # GitHub's first example is put together from two repositories.
            with pytest.raises(InputError, match="another repository"):
                read_finished(case.name, case.payload, case.repository)
        else:
            assert read_finished(case.name, case.payload, case.repository).fork == (case.variant != "own")


SECRETS = {
    "INPUT_GITHUB_TOKEN": "ghs_canary-input",
    "GITHUB_TOKEN": "ghs_canary-own",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary-identity",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://canary.example/identity",
    "ACTIONS_RUNTIME_TOKEN": "canary-runtime",
    "AWS_ACCESS_KEY_ID": "canary-key",
    "AWS_SECRET_ACCESS_KEY": "canary-secret",
    "AWS_SESSION_TOKEN": "canary-session",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/canary",
    "ALEKSEYLEARN_NOTIFY": "json://canary.example/token",
    "DEPLOY_KEY": "canary-deploy",
    "DB_PASSWORD": "canary-password",
}
STARTS = {"subprocess.Popen": 3, "os.posix_spawn": 2, "os.exec": 2}
"""Audit events that begin another program, and which of their arguments is its environment."""
_OTHERS = {"os.fork", "os.forkpty", "os.system", "os.spawn"}
_WATCHED: list[Watched] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    for watched in _WATCHED:
        if event in STARTS:
            given = arguments[STARTS[event]]
            inherited = os.environ if given is None else given
            watched.children.append({os.fsdecode(name): os.fsdecode(value) for name, value in inherited.items()})
        elif event == "socket.connect":
            watched.reached.append(arguments[1])
        elif event in _OTHERS:
            watched.others.append(event)


class Watched:
    """What this process has started and reached."""

    def __init__(self) -> None:
        self.children: list[dict[str, str]] = []
        self.reached: list[Any] = []
        self.others: list[str] = []

    def __enter__(self) -> None:
        _WATCHED.append(self)

    def __exit__(self, *_: object) -> None:
        _WATCHED.remove(self)


@pytest.fixture(scope="module", autouse=True)
def hearing() -> None:
    """Hear of every program that this process begins, and of every connection; Python lets nobody stop hearing."""
    sys.addaudithook(_hear)


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def aws() -> Iterator[socket.socket]:
    """Somebody who answers to AWS's name and hears who calls."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


Step = Callable[[Case, str], dict[str, str]]


@pytest.fixture
def step(
    start: Start,
    tmp_path: Path,
    aws: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    watched: Watched,
) -> Step:
    """Run a step of the action in this process, on an example whose commits are those of a real repository."""
    # Everything that a fork could widen: it asks for AWS, for calls that train, for a gate.
    settings = (
        "defaults: {backend: sagemaker, sagemaker: {role: canary, bucket: canary-bucket, region: eu-central-1}}\n"
    )
    runner = start(growth(LONGER, before=counting(tmp_path / "count")))
    runner.pull.push({"alekseylearn.yml": settings})

    def run(case: Case, mode: str) -> dict[str, str]:
        payload = json.loads(json.dumps(case.payload).replace(case.repository, runner.consumer.full_name))
        if case.name == "pull_request":
            payload["pull_request"]["head"]["sha"] = runner.pull.head
            payload["pull_request"]["base"]["sha"] = runner.pull.base
            payload["number"] = payload["pull_request"]["number"] = runner.pull.number
        given = runner.desk(case.name, payload).environ
        endpoint = f"http://127.0.0.1:{aws.getsockname()[1]}"
        given = {**given, **SECRETS, "AWS_ENDPOINT_URL": endpoint, "INPUT_AWS_REGION": "eu-central-1"}
        runner.github.grant(SECRETS["INPUT_GITHUB_TOKEN"], actions="read", contents="read", pull_requests="read")
        for name in set(os.environ) - set(given):
            monkeypatch.delenv(name)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        with watched:
            code = workflow.guarded(MODES[mode])
        out = capsys.readouterr().out
        assert "Traceback" not in out
        return {"code": str(code), "out": out, **runner.outputs}

    return run


def untouched(watched: Watched, aws: socket.socket, tmp_path: Path) -> None:
    """Nothing was launched, nobody of AWS was asked, no child was given a secret."""
    assert count(tmp_path / "count") == 0
    with pytest.raises(BlockingIOError):
        aws.accept()
    assert aws.getsockname() not in watched.reached
    assert watched.others == []
    told = [value for child in watched.children for value in child.values()]
    assert [value for value in told if "canary" in value] == []


PULLS = forks("pull_request")


@pytest.mark.usefixtures("home")
class TestWhatTheOthersReach:
    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("part", range(2))
    def test_a_fork_launches_nothing_asks_nobody_and_shows_no_secret(
        self, step: Step, watched: Watched, aws: socket.socket, tmp_path: Path, mode: str, part: int
    ) -> None:
        share = [case for number, case in enumerate(PULLS) if number % 8 == 2 * list(MODES).index(mode) + part]
        for case in share:
            done = step(case, mode)
            assert done["code"] == "0", done["out"]
            assert done.get("any-trained", "false") == "false"
            assert "warning[trust.fork]" in done["out"]
            untouched(watched, aws, tmp_path)
        assert watched.children

    @pytest.mark.parametrize("mode", MODES)
    def test_dependabot_is_looked_at_only(
        self, step: Step, watched: Watched, aws: socket.socket, tmp_path: Path, mode: str
    ) -> None:
        done = step(bots("pull_request")[0], mode)
        assert (done["code"], "warning[trust.actor]" in done["out"]) == ("0", True), done["out"]
        untouched(watched, aws, tmp_path)

    @pytest.mark.parametrize("mode", MODES)
    def test_an_event_that_is_refused_starts_no_program_at_all(
        self, step: Step, watched: Watched, aws: socket.socket, tmp_path: Path, mode: str
    ) -> None:
        for name in ("issue_comment", "workflow_run"):
            for case in (*own(name), *forks(name), *bots(name)):
                assert step(case, mode)["code"] == "3"
        for case in PULLS[::7]:
            assert step(Case("pull_request_target", 0, "", case.payload), mode)["code"] == "3"
        assert (watched.children, watched.reached) == ([], [])
        untouched(watched, aws, tmp_path)

    def test_who_watches_would_see_it(
        self, watched: Watched, aws: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The watch is not blind: a program with a secret, and a call to AWS, are both seen."""
        monkeypatch.setenv("CANARY", "canary")
        with watched:
            git(tmp_path, "--version")
            subprocess.run(["true"], check=True)
            with socket.create_connection(aws.getsockname()):
                pass
        assert [child.get("CANARY") for child in watched.children] == [None, "canary"]
        assert aws.getsockname() in watched.reached
