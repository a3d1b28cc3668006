"""Cut GitHub's own examples of webhook payloads down to what decides about trust.

They come from the npm package `@octokit/webhooks-examples` (MIT licence):

    npm pack @octokit/webhooks-examples
    tar xzf octokit-webhooks-examples-*.tgz package/api.github.com/index.json
    python -m tests.fakes.github.make_events package/api.github.com/index.json

This writes `events.json` beside this script: `payloads` has every example of the events below, without prose, and `names`
has the names of all events that there are.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Fields = dict[str, Any]
REPOSITORY: Fields = {"id": 1, "full_name": 1, "fork": 1, "private": 1, "default_branch": 1}
PERSON: Fields = {"id": 1, "login": 1, "type": 1}
SIDE: Fields = {"label": 1, "ref": 1, "sha": 1, "repo": REPOSITORY}
PULL: Fields = {
    **dict.fromkeys(("id", "number", "state", "title", "draft", "merged", "author_association"), 1),
    "user": PERSON,
    "labels": {"name": 1},
    "base": SIDE,
    "head": SIDE,
}
RUN: Fields = {
    **dict.fromkeys(("id", "name", "event", "status", "conclusion", "run_number", "run_attempt"), 1),
    **dict.fromkeys(("head_branch", "head_sha", "path", "workflow_id", "pull_requests"), 1),
    "repository": REPOSITORY,
    "head_repository": REPOSITORY,
}
COMMON: Fields = {"action": 1, "repository": REPOSITORY, "sender": PERSON}
PUSH: Fields = {"ref": 1, "before": 1, "after": 1, "created": 1, "deleted": 1, "forced": 1}
KEPT: dict[str, Fields] = {
    "pull_request": {"number": 1, "pull_request": PULL},
    "issue_comment": {
        "issue": {"number": 1, "state": 1, "user": PERSON, "pull_request": {"url": 1}},
        "comment": {"id": 1, "author_association": 1, "user": PERSON},
    },
    "workflow_run": {"workflow_run": RUN},
    "push": PUSH,
    "workflow_dispatch": {"ref": 1, "workflow": 1},
    "repository_dispatch": {"branch": 1},
}


def main(source: Path) -> None:
    full = json.loads(source.read_text(encoding="utf-8"))
    payloads = {
        event["name"]: [cut(example, {**COMMON, **KEPT[event["name"]]}) for example in event["examples"]]
        for event in full
        if event["name"] in KEPT
    }
    names = sorted({event["name"] for event in full})
    text = json.dumps({"names": names, "payloads": payloads}, separators=(",", ":"), sort_keys=True)
    (HERE / "events.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"events.json: {len(text)} bytes, {sum(map(len, payloads.values()))} payloads\n")


def cut(value: Any, fields: Fields) -> Any:
    """Return *value* with nothing but *fields*; a list's items are cut each."""
    if isinstance(value, list):
        return [cut(item, fields) for item in value]
    if not isinstance(value, dict):
        return value
    kept = ((name, inner) for name, inner in fields.items() if name in value)
    return {name: cut(value[name], inner) if isinstance(inner, dict) else value[name] for name, inner in kept}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
