"""A workflow is read for what keeps the action from working: history, commit, rights, event."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from alekseylearn.beginnings import WORKFLOW, on_machine, on_sagemaker
from alekseylearn.workflow_reading import examine_workflow
from tests.test_iam_policies import ACCESS

RECIPES = (Path(__file__).parent.parent / "docs" / "recipes.md").read_text("utf-8")
CHECKOUT = {
    "uses": "actions/checkout@v7",
    "with": {"fetch-depth": 0, "ref": "${{ github.event.pull_request.head.sha }}", "persist-credentials": False},
}
RIGHTS = {"contents": "read", "pull-requests": "write"}


def told(
    *, on: Any = "pull_request", rights: Any = RIGHTS, first: Any = CHECKOUT, given: Any = None
) -> tuple[str, str, str]:
    """Return the state, what was found and the remedy for a workflow of one job."""
    steps = [*([first] if first else []), {"uses": "alekseylearn/action@v1", "with": given or {}}]
    job = {"runs-on": "ubuntu-latest", "steps": steps, **({} if rights is None else {"permissions": rights})}
    check = examine_workflow("w.yml", yaml.safe_dump({"on": on, "jobs": {"train": job}}).encode())
    assert check is not None
    return check.state, check.told, check.remedy


def checkout(**changes: Any) -> dict[str, Any]:
    given = {**CHECKOUT["with"], **changes}  # type: ignore[dict-item]
    return {**CHECKOUT, "with": {key: value for key, value in given.items() if value is not None}}


def test_one_that_is_right() -> None:
    assert told() == ("ok", "w.yml", "")
    assert told(on=["pull_request", "push"], rights="write-all")[0] == "ok"
    assert told(on={"pull_request": None}, rights={**RIGHTS, "id-token": "write"}, given={"aws-role": "x"})[0] == "ok"
    assert told(on="push", first=checkout(ref=None))[0] == "ok"


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(name: .*?)```", RECIPES, re.DOTALL))
def test_the_recipes_are_right(text: str) -> None:
    check = examine_workflow("w.yml", text.encode())
    assert check is not None
    assert (check.state, check.told) in [("ok", "w.yml"), ("warning", LENT)], check


LENT = "w.yml: its rights are those that the repository gives by default"


@pytest.mark.parametrize(
    "begin",
    [on_machine("process"), on_machine("docker"), on_sagemaker(ACCESS, "alekseylearn-churn")],
    ids=["process", "docker", "sagemaker"],
)
def test_what_init_writes_is_right(begin: Any) -> None:
    check = examine_workflow("w.yml", begin.files[WORKFLOW].encode())
    assert check is not None
    assert check.state == "ok", check


@pytest.mark.parametrize(
    ("changes", "state", "what", "remedy"),
    [
        ({"first": checkout(**{"fetch-depth": None})}, "missing", "without the history", "`fetch-depth: 0`"),
        ({"first": checkout(**{"fetch-depth": 2})}, "missing", "without the history", "`fetch-depth: 0`"),
        ({"first": checkout(ref=None)}, "warning", "trial merge", "head.sha"),
        ({"first": checkout(**{"persist-credentials": None})}, "warning", "the token stays", "persist-credentials"),
        ({"first": {"uses": "actions/checkout@v7"}}, "missing", "without the history", "fetch-depth"),
        ({"first": None}, "missing", "nothing out before", "actions/checkout@v7"),
        ({"rights": None}, "warning", "by default", "pull-requests: write"),
        ({"rights": {"contents": "read"}}, "missing", "may not write the comment", "pull-requests: write"),
        ({"rights": {"pull-requests": "write"}}, "missing", "may not read the repository", "contents: read"),
        ({"rights": "read-all"}, "missing", "may not write the comment", "pull-requests: write"),
        ({"rights": {}}, "missing", "may not write the comment", "pull-requests: write"),
        ({"given": {"aws-role": "x"}}, "missing", "no identity token", "id-token: write"),
        ({"on": "pull_request_target"}, "missing", "runs on `pull_request_target`", "`on: pull_request`"),
        ({"on": {"issue_comment": {}}}, "missing", "runs on `issue_comment`", "`on: pull_request`"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(changes: dict[str, Any], state: str, what: str, remedy: str) -> None:
    found = told(**changes)
    assert found[0] == state
    assert what in found[1]
    assert remedy in found[2]


TELLS: dict[str, Any] = {
    "on": {"workflow_run": {"workflows": ["analyse"], "types": ["completed"]}},
    "rights": {"actions": "read", "pull-requests": "write"},
    "first": None,
    "given": {"mode": "comment"},
}


@pytest.mark.parametrize(
    ("changes", "state", "what"),
    [
        ({}, "ok", "w.yml"),
        ({"first": CHECKOUT}, "missing", "beside a token that may write"),
        ({"on": "pull_request"}, "missing", "runs on `workflow_run` alone"),
        ({"on": ["workflow_run", "issue_comment"]}, "missing", "runs on `workflow_run` alone"),
        ({"rights": None}, "missing", "may not read the artifact"),
        ({"rights": {"pull-requests": "write"}}, "missing", "may not read the artifact"),
        ({"rights": {**TELLS["rights"], "contents": "write"}}, "warning", "more rights than it needs"),
        ({"given": {"mode": "run"}}, "missing", "runs on `workflow_run`, where nothing may be trained"),
    ],
)
def test_who_tells_of_a_fork_sees_nothing_of_it(changes: dict[str, Any], state: str, what: str) -> None:
    found = told(**{**TELLS, **changes})
    assert found[0] == state
    assert what in found[1]


def test_who_wants_no_comment_needs_no_right_to_write_one() -> None:
    assert told(rights={"contents": "read"}, given={"comment": "false"})[0] == "ok"


def test_rights_of_the_workflow_count_where_the_job_has_none() -> None:
    text = f"on: pull_request\npermissions: {RIGHTS}\njobs: {{a: {{steps: [{CHECKOUT}, {{uses: alekseylearn/action@v1}}]}}}}"
    check = examine_workflow("w.yml", text.encode())
    assert check is not None
    assert check.state == "ok", check


@pytest.mark.parametrize(
    "text", ["", "on: push\njobs: {a: {steps: [{uses: actions/checkout@v7}]}}", f"#{'x' * 300_000}"]
)
def test_others_are_nobodys_business(text: str) -> None:
    assert examine_workflow("w.yml", text.encode()) is None


@pytest.mark.parametrize(
    "text", ["a: [alekseylearn/action@v1", "[alekseylearn/action@v1]", "on: {a: alekseylearn/action@v1}"]
)
def test_whatever_it_holds_it_is_a_line(text: str) -> None:
    check = examine_workflow("w.yml", text.encode())
    assert check is not None
    assert (check.state, "is no YAML" in check.told) in [("missing", True), ("ok", False)]


@pytest.mark.parametrize("jobs", ["[]", "{a: {}}", "{a: {steps: x}}", "{a: [1]}", "{a: {steps: [1, {uses: 1}]}}"])
def test_jobs_of_an_odd_shape_are_passed_over(jobs: str) -> None:
    check = examine_workflow("w.yml", f"# alekseylearn/action@v1\njobs: {jobs}".encode())
    assert check is not None
    assert check.state == "ok"
