"""What each operation does: the part of GitHub that the stand-in stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tests.fakes.github.answers import NOT_FOUND, Answer, Asked, Route, error, paged
from tests.fakes.github.openapi import Json
from tests.fakes.github.state import Artifact, PullRequest, Run, person

BODY_LIMIT = 65_536
"""Longest body of a comment, in characters."""


def get_user(asked: Asked) -> Answer:
    if asked.account.app is not None:
        return error(403, "Resource not accessible by integration")
    value = asked.renderer.template("user")
    return Answer(status=200, body={**value, **asked.renderer.user(asked.account)})


def get_rate_limit(asked: Asked) -> Answer:
    value = asked.renderer.template("rate-limit")
    value["rate"]["remaining"] = value["resources"]["core"]["remaining"] = asked.remaining
    return Answer(status=200, body=value)


def get_repository(asked: Asked) -> Answer:
    return Answer(status=200, body=asked.renderer.repository(asked.repository))


def get_permission(asked: Asked) -> Answer:
    login = asked.call.parameters["username"]
    role = asked.repository.collaborators.get(login, "none" if asked.repository.private else "read")
    if login == asked.repository.owner:
        role = "admin"
    return Answer(status=200, body=asked.renderer.permission(person(login), role))


# Pull requests and issues


def find_pull(asked: Asked, name: str) -> PullRequest | None:
    return asked.repository.pulls.get(asked.number(name))


def list_pulls(asked: Asked) -> Answer:
    query = asked.call.query
    state, head, base = query.get("state", "open"), query.get("head"), query.get("base")
    found = [
        pull
        for pull in asked.repository.pulls.values()
        if state in {"all", pull.state}
        and head in {None, f"{pull.head_repository.owner}:{pull.head_ref}"}
        and base in {None, pull.base_ref}
    ]
    return paged(asked, [asked.renderer.pull(asked.repository, pull) for pull in reversed(found)])


def get_pull(asked: Asked) -> Answer:
    pull = find_pull(asked, "pull_number")
    return Answer(status=200, body=asked.renderer.pull(asked.repository, pull)) if pull else NOT_FOUND


def list_pull_files(asked: Asked) -> Answer:
    if (pull := find_pull(asked, "pull_number")) is None:
        return NOT_FOUND
    return paged(asked, [asked.renderer.file(asked.repository, *item) for item in pull.files.items()])


def list_commit_pulls(asked: Asked) -> Answer:
    sha = asked.call.parameters["commit_sha"]
    found = [pull for pull in asked.repository.pulls.values() if pull.head_sha == sha]
    return paged(asked, [asked.renderer.pull(asked.repository, pull) for pull in found])


def get_issue(asked: Asked) -> Answer:
    pull = find_pull(asked, "issue_number")
    return Answer(status=200, body=asked.renderer.issue(asked.repository, pull)) if pull else NOT_FOUND


def list_labels(asked: Asked) -> Answer:
    if (pull := find_pull(asked, "issue_number")) is None:
        return NOT_FOUND
    return paged(asked, labels(asked, pull.labels))


def add_labels(asked: Asked) -> Answer:
    if (pull := find_pull(asked, "issue_number")) is None:
        return NOT_FOUND
    sent = asked.body if isinstance(asked.body, list) else (asked.body or {}).get("labels", [])
    names = [item if isinstance(item, str) else item["name"] for item in sent]
    pull.labels += [name for name in names if name not in pull.labels]
    return Answer(status=200, body=labels(asked, pull.labels))


def remove_label(asked: Asked) -> Answer:
    pull, name = find_pull(asked, "issue_number"), asked.call.parameters["name"]
    if pull is None or name not in pull.labels:
        return NOT_FOUND
    pull.labels.remove(name)
    return Answer(status=200, body=labels(asked, pull.labels))


def labels(asked: Asked, names: Iterable[str]) -> list[Json]:
    return [asked.renderer.label(asked.repository, name) for name in names]


# Comments


def list_comments(asked: Asked) -> Answer:
    if find_pull(asked, "issue_number") is None:
        return NOT_FOUND
    since = asked.call.query.get("since", "")
    found = [
        comment for comment in asked.repository.comments(asked.number("issue_number")) if comment.updated_at >= since
    ]
    return paged(asked, [asked.renderer.comment(asked.repository, comment) for comment in found])


def create_comment(asked: Asked) -> Answer:
    if find_pull(asked, "issue_number") is None:
        return NOT_FOUND
    if refusal := refuse_body(asked.body["body"]):
        return refusal
    comment = asked.repository.add_comment(asked.number("issue_number"), asked.body["body"], author=asked.account)
    return Answer(status=201, body=asked.renderer.comment(asked.repository, comment))


def get_comment(asked: Asked) -> Answer:
    comment = asked.repository.all_comments.get(asked.number("comment_id"))
    return Answer(status=200, body=asked.renderer.comment(asked.repository, comment)) if comment else NOT_FOUND


def update_comment(asked: Asked) -> Answer:
    comment = asked.repository.all_comments.get(asked.number("comment_id"))
    if comment is None:
        return NOT_FOUND
    if refusal := refuse_body(asked.body["body"]):
        return refusal
    comment.body, comment.updated_at = asked.body["body"], asked.repository.ledger.now()
    return Answer(status=200, body=asked.renderer.comment(asked.repository, comment))


def delete_comment(asked: Asked) -> Answer:
    found = asked.repository.all_comments.pop(asked.number("comment_id"), None)
    return NOT_FOUND if found is None else Answer(status=204)


def refuse_body(text: str) -> Answer | None:
    """Return why a comment's body is refused, or None."""
    problem: dict[str, str] = {"resource": "IssueComment"}
    if len(text) > BODY_LIMIT:
        reason = f"Body is too long (maximum is {BODY_LIMIT} characters)"
        problem |= {"code": "unprocessable", "field": "data", "message": reason}
    elif not text.strip():
        problem |= {"code": "missing_field", "field": "body"}
    else:
        return None
    return error(422, "Validation Failed", errors=[problem])


# Commits and checks


def get_commit(asked: Asked) -> Answer:
    commit = asked.repository.commits.get(asked.call.parameters["ref"])
    return Answer(status=200, body=asked.renderer.commit(asked.repository, commit)) if commit else NOT_FOUND


def compare(asked: Asked) -> Answer:
    base, _, head = asked.call.parameters["basehead"].partition("...")
    found = asked.renderer.comparison(asked.repository, base, head)
    return NOT_FOUND if found is None else Answer(status=200, body=found)


def create_check(asked: Asked) -> Answer:
    number = asked.repository.ledger.next_id()
    asked.repository.checks[number] = dict(asked.body)
    return Answer(status=201, body=asked.renderer.check(asked.repository, number, asked.body))


def get_check(asked: Asked) -> Answer:
    number = asked.number("check_run_id")
    sent = asked.repository.checks.get(number)
    return NOT_FOUND if sent is None else Answer(status=200, body=asked.renderer.check(asked.repository, number, sent))


def update_check(asked: Asked) -> Answer:
    asked.repository.checks.get(asked.number("check_run_id"), {}).update(asked.body)
    return get_check(asked)


# Runs and artifacts


def list_runs(asked: Asked) -> Answer:
    query = asked.call.query
    wanted = {"head_sha": "head_sha", "head_branch": "branch", "event": "event", "status": "status"}
    found = [
        run
        for run in asked.repository.runs.values()
        if all(query.get(name) in {None, getattr(run, attribute)} for attribute, name in wanted.items())
    ]
    return paged(asked, [asked.renderer.run(asked.repository, run) for run in reversed(found)], "workflow_runs")


def get_run(asked: Asked) -> Answer:
    run = find_run(asked)
    return Answer(status=200, body=asked.renderer.run(asked.repository, run)) if run else NOT_FOUND


def find_run(asked: Asked) -> Run | None:
    return asked.repository.runs.get(asked.number("run_id"))


def list_run_artifacts(asked: Asked) -> Answer:
    run = find_run(asked)
    return artifacts(asked, lambda artifact: artifact.run is run) if run else NOT_FOUND


def list_artifacts(asked: Asked) -> Answer:
    return artifacts(asked, lambda _: True)


def artifacts(asked: Asked, wanted: Callable[[Artifact], bool]) -> Answer:
    asked.repository.refresh()
    name = asked.call.query.get("name")
    found = [
        asked.renderer.artifact(asked.repository, artifact)
        for artifact in reversed(asked.repository.artifacts.values())
        if wanted(artifact) and name in {None, artifact.name}
    ]
    return paged(asked, found, "artifacts")


def find_artifact(asked: Asked) -> Artifact | None:
    asked.repository.refresh()
    return asked.repository.artifacts.get(asked.number("artifact_id"))


def get_artifact(asked: Asked) -> Answer:
    artifact = find_artifact(asked)
    return Answer(status=200, body=asked.renderer.artifact(asked.repository, artifact)) if artifact else NOT_FOUND


def delete_artifact(asked: Asked) -> Answer:
    found = asked.repository.artifacts.pop(asked.number("artifact_id"), None)
    return NOT_FOUND if found is None else Answer(status=204)


def download_artifact(asked: Asked) -> Answer:
    artifact = find_artifact(asked)
    if artifact is None or asked.call.parameters["archive_format"] != "zip":
        return NOT_FOUND
    if artifact.expired:
        return error(410, "Artifact has expired")
    return Answer(status=302, headers={"Location": asked.download(artifact)})


READ_ISSUE = ("issues:read", "pull-requests:read")
WRITE_ISSUE = ("issues:write", "pull-requests:write")
READ_CODE = ("contents:read",)
READ_RUNS = ("actions:read",)

ROUTES: Mapping[str, Route] = {
    name: Route(answer=answer, needs=needs)
    for name, answer, needs in (
        ("users/get-authenticated", get_user, ()),
        ("rate-limit/get", get_rate_limit, ()),
        ("repos/get", get_repository, ()),
        ("repos/get-collaborator-permission-level", get_permission, ()),
        ("pulls/list", list_pulls, ("pull-requests:read",)),
        ("pulls/get", get_pull, ("pull-requests:read",)),
        ("pulls/list-files", list_pull_files, ("pull-requests:read",)),
        ("repos/list-pull-requests-associated-with-commit", list_commit_pulls, ("pull-requests:read",)),
        ("issues/get", get_issue, READ_ISSUE),
        ("issues/list-labels-on-issue", list_labels, READ_ISSUE),
        ("issues/add-labels", add_labels, WRITE_ISSUE),
        ("issues/remove-label", remove_label, WRITE_ISSUE),
        ("issues/list-comments", list_comments, READ_ISSUE),
        ("issues/create-comment", create_comment, WRITE_ISSUE),
        ("issues/get-comment", get_comment, READ_ISSUE),
        ("issues/update-comment", update_comment, WRITE_ISSUE),
        ("issues/delete-comment", delete_comment, WRITE_ISSUE),
        ("repos/get-commit", get_commit, READ_CODE),
        ("repos/compare-commits-with-basehead", compare, READ_CODE),
        ("checks/create", create_check, ("checks:write",)),
        ("checks/get", get_check, ("checks:read",)),
        ("checks/update", update_check, ("checks:write",)),
        ("actions/list-workflow-runs-for-repo", list_runs, READ_RUNS),
        ("actions/get-workflow-run", get_run, READ_RUNS),
        ("actions/list-workflow-run-artifacts", list_run_artifacts, READ_RUNS),
        ("actions/list-artifacts-for-repo", list_artifacts, READ_RUNS),
        ("actions/get-artifact", get_artifact, READ_RUNS),
        ("actions/delete-artifact", delete_artifact, ("actions:write",)),
        ("actions/download-artifact", download_artifact, READ_RUNS),
    )
}
