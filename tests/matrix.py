"""GitHub's own example events, each from a fork and from the repository itself; and what a step does about them."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parent / "fakes" / "github" / "events.json"
STRANGER = {"id": 999_999_999, "full_name": "stranger/Hello-World", "fork": True}
BOTS = ("dependabot[bot]", "renovate[bot]", "github-actions[bot]")


@dataclass(frozen=True, slots=True)
class Case:
    """One event: its *name*, the *number* of the example, what was changed about it, and the payload."""

    name: str
    number: int
    variant: str
    payload: dict[str, Any]

    @property
    def id(self) -> str:
        """How the case is called."""
        return f"{self.name}-{self.number}-{self.variant}"

    @property
    def repository(self) -> str:
        """The repository that the event is about."""
        name: str = self.payload["repository"]["full_name"]
        return name


@cache
def _document() -> Any:
    return json.loads(EVENTS.read_text("utf-8"))


def names() -> list[str]:
    """Return the names of all events of GitHub's."""
    return list(_document()["names"])


def examples(name: str) -> list[dict[str, Any]]:
    """Return GitHub's examples of the event *name*."""
    return copy.deepcopy(_document()["payloads"][name])


def own(name: str) -> list[Case]:
    """Return the examples as they are: of the repository itself."""
    return [Case(name, number, "own", payload) for number, payload in enumerate(examples(name))]


def forks(name: str) -> list[Case]:
    """Return the examples as if the code came from a fork, or from one that was deleted since."""
    found = []
    for number, payload in enumerate(examples(name)):
        for variant, repository in (("fork", STRANGER), ("gone", None)):
            changed = copy.deepcopy(payload)
            if name == "pull_request":
                changed["pull_request"]["head"]["repo"] = repository and {**changed["repository"], **repository}
                changed["pull_request"]["author_association"] = "FIRST_TIME_CONTRIBUTOR"
            elif name == "workflow_run":
                changed["workflow_run"] |= {"event": "pull_request", "head_repository": repository}
            elif name == "issue_comment":
                changed["comment"]["author_association"] = "NONE" if repository else "CONTRIBUTOR"
                changed["issue"]["pull_request"] = {}
            found.append(Case(name, number, variant, changed))
    return found


def bots(name: str) -> list[Case]:
    """Return the examples as if a program had caused them."""
    return [
        Case(name, number, bot, {**payload, "sender": {**payload["sender"], "login": bot, "type": "Bot"}})
        for number, payload in enumerate(examples(name))
        for bot in BOTS
    ]


def every() -> list[Case]:
    """Return all cases there are."""
    known = ("pull_request", "issue_comment", "workflow_run")
    return [case for name in known for made in (own, forks, bots) for case in made(name)]
