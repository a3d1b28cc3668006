"""The payloads with which GitHub starts a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.rig.act.consumer import Consumer, Pull


def pull_request(pull: Pull, action: str = "opened", **more: Any) -> Mapping[str, Any]:
    """Return the payload of `pull_request`; *action* is `opened`, `synchronize`, `reopened`, `closed` or `labeled`."""
    consumer = pull.consumer
    shown = consumer.repository.pulls[pull.number]
    pushes = {"before": pull.before, "after": pull.head} if action == "synchronize" else {}
    return {
        "action": action,
        "number": pull.number,
        "pull_request": consumer.github.pull_json(consumer.repository, pull.number),
        **common(consumer, shown.author.login),
        **pushes,
        **more,
    }


def push(consumer: Consumer, before: str, after: str, branch: str = "main") -> Mapping[str, Any]:
    """Return the payload of `push`."""
    return {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "forced": False,
        **common(consumer, "mona"),
    }


def workflow_dispatch(consumer: Consumer, inputs: Mapping[str, str], branch: str = "main") -> Mapping[str, Any]:
    """Return the payload of `workflow_dispatch`."""
    return {"ref": f"refs/heads/{branch}", "inputs": dict(inputs), **common(consumer, "mona")}


def workflow_run(consumer: Consumer, run_id: int, action: str = "completed") -> Mapping[str, Any]:
    """Return the payload of `workflow_run`, which tells that a run of another workflow was requested or has ended."""
    github, repository = consumer.github, consumer.repository
    number = [*repository.runs].index(run_id) + 1
    shown = github.run_json(repository, repository.runs[run_id]) | {"run_number": number, "run_attempt": 1}
    # GitHub lists no pull request of a fork there.
    return {"action": action, "workflow_run": {**shown, "pull_requests": []}, **common(consumer, "mona")}


def schedule(consumer: Consumer, cron: str = "*/15 * * * *") -> Mapping[str, Any]:
    """Return the payload of `schedule`, which nobody sends."""
    return {"schedule": cron, "repository": consumer.github.repository_json(consumer.repository)}


def common(consumer: Consumer, sender: str) -> Mapping[str, Any]:
    """Return what every payload holds."""
    github = consumer.github
    return {"repository": github.repository_json(consumer.repository), "sender": github.user_json(sender)}
