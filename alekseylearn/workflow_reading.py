"""Whether a workflow calls the action in a way that works: the history, the right commit, the rights, the event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from alekseylearn.checks import Check, State

_ACTION = re.compile(r"alekseylearn/action@|/alekseylearn@")
_STRANGERS = {"pull_request_target", "workflow_run", "issue_comment"}
_ORDER: tuple[State, ...] = ("missing", "warning", "ok")
_LARGEST = 256 * 1024

Finding = tuple[State, str, str]
"""How bad it is, what is wrong, and the remedy."""


def examine_workflow(path: str, data: bytes) -> Check | None:
    """Look at the workflow in *path*; None where it does not use the action."""
    if len(data) > _LARGEST or not _ACTION.search(data.decode("utf-8", "replace")):
        return None
    import yaml

    try:
        document = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError):
        return Check(name="workflow", state="missing", told=f"{path} is no YAML", remedy="correct it")
    found = sorted(set(_findings(document)), key=lambda finding: _ORDER.index(finding[0]))
    if not found:
        return Check(name="workflow", state="ok", told=path)
    told = "; ".join(what for _, what, _ in found)
    remedy = "; ".join(dict.fromkeys(remedy for _, _, remedy in found))
    return Check(name="workflow", state=found[0][0], told=f"{path}: {told}", remedy=remedy)


def _findings(document: Any) -> Iterator[Finding]:
    workflow = _table(document)
    # YAML 1.1 reads the key `on` as true.
    told = workflow.get("on", workflow.get(True))
    events = {told} if isinstance(told, str) else {str(event) for event in told or ()}
    for job in _table(workflow.get("jobs")).values():
        listed = _table(job).get("steps")
        steps = [_table(step) for step in listed] if isinstance(listed, list) else []
        ours = next((place for place, step in enumerate(steps) if _ACTION.search(str(step.get("uses", "")))), None)
        if ours is None:
            continue
        given = _table(steps[ours].get("with"))
        rights = _table(job).get("permissions", workflow.get("permissions"))
        if given.get("mode") == "comment":
            yield from _comments(steps, events, rights)
            continue
        if events & _STRANGERS:
            what = f"it runs on `{min(events & _STRANGERS)}`, where nothing may be trained"
            yield "missing", what, "use `on: pull_request`"
        yield from _checkout(steps[:ours], events)
        yield from _rights(rights, given)


def _comments(steps: list[dict[Any, Any]], events: set[str], rights: Any) -> Iterator[Finding]:
    """Look at a job that tells what a fork's run has found: it has the right to write, and nothing of the fork's."""
    if events != {"workflow_run"}:
        yield "missing", "`mode: comment` runs on `workflow_run` alone", "use `on: workflow_run`"
    if any(str(step.get("uses", "")).startswith("actions/checkout@") for step in steps):
        yield "missing", "it checks something out beside a token that may write", "take actions/checkout out of the job"
    may = _table(rights)
    if may.get("pull-requests") != "write" or may.get("actions") != "read":
        yield (
            "missing",
            "it may not read the artifact and write",
            "`permissions: {actions: read, pull-requests: write}`",
        )
    if set(may) - {"pull-requests", "actions"}:
        yield "warning", "it has more rights than it needs", "`permissions: {actions: read, pull-requests: write}`"


def _checkout(steps: list[dict[Any, Any]], events: set[str]) -> Iterator[Finding]:
    found = [step for step in steps if str(step.get("uses", "")).startswith("actions/checkout@")]
    if not found:
        yield "missing", "it checks nothing out before", "put a step `uses: actions/checkout@v7` in front"
        return
    given = _table(found[-1].get("with"))
    if str(given.get("fetch-depth", 1)) != "0":
        yield "missing", "without the history the base cannot be found", "`fetch-depth: 0` in actions/checkout"
    if "pull_request" in events and "head." not in str(given.get("ref", "")):
        remedy = '`ref: "${{ github.event.pull_request.head.sha }}"` in actions/checkout'
        yield "warning", "GitHub's trial merge is checked out, not the branch", remedy
    if given.get("persist-credentials") is not False:
        yield "warning", "the token stays in .git/config", "`persist-credentials: false` in actions/checkout"


def _rights(rights: Any, given: dict[Any, Any]) -> Iterator[Finding]:
    if rights is None:
        remedy = "`permissions: {contents: read, pull-requests: write}`"
        yield "warning", "its rights are those that the repository gives by default", remedy
        return
    every = {"write-all": "write", "read-all": "read"}.get(str(rights))
    may = {} if every else _table(rights)
    comments = str(given.get("comment", "true")).lower() != "false"
    if comments and may.get("pull-requests", every) != "write":
        yield "missing", "it may not write the comment", "`permissions: {pull-requests: write}`"
    if may.get("contents", every) not in ("read", "write"):
        yield "missing", "it may not read the repository", "`permissions: {contents: read}`"
    if "aws-role" in given and may.get("id-token", every) != "write":
        yield "missing", "it gets no identity token for `aws-role`", "`permissions: {id-token: write}`"


def _table(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
