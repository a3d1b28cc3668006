"""Trust is decided once, from the event that started the workflow: who may train, and who is only looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from alekseylearn.errors import InputError

EventName = Literal["pull_request", "push", "workflow_dispatch", "schedule", "repository_dispatch"]
"""Events that alekseylearn runs on. All others are refused: their code and their rights come from different people."""

_SHA = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_NO_COMMIT = re.compile(r"0+\Z")
_REF = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]{1,255}\Z")
_USE_PULL_REQUEST = "run on `pull_request`; a fork's pull request is then analysed without any secret"
# Events whose job holds the repository's secrets while strangers choose the code (or the text) that it works on.
_REFUSED: Mapping[str, str] = {
    "pull_request_target": "pull_request_target gives code from a fork the repository's own rights",
    "workflow_run": "workflow_run gives what a fork's run left behind the repository's own rights",
    "issue_comment": "issue_comment lets anybody who can comment start a run with the repository's own rights",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request as GitHub tells it; shas are 40 hex digits."""

    number: int
    base_ref: str
    base_sha: str
    head_ref: str
    head_sha: str
    fork: bool
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What started the workflow; nothing that a pull request's files say can change it.

    *trusted* false means: analyse, never train. *reason* says in words why. *base_sha* and *head_sha* are '' where
    the event names none (a run by hand, a new branch).
    """

    name: EventName
    repository: str
    trusted: bool
    reason: str
    base_sha: str = ""
    head_sha: str = ""
    pull_request: PullRequest | None = None

    @property
    def closed(self) -> bool:
        """Whether the pull request is closed: then nothing of it is trained any more, whoever asks."""
        return self.pull_request is not None and self.pull_request.closed


def read_event(name: str, payload: Mapping[str, Any], repository: str) -> Event:
    """Read the event *name* with its webhook *payload*, for *repository* (`owner/name`).

    Shapes are those of GitHub's webhook payloads (docs, "Webhook events and payloads"). Raises `InputError`
    `trust.event` for events that alekseylearn does not run on, and for payloads that lack what trust is decided by.
    """
    if name in _REFUSED:
        raise InputError("trust.event", _REFUSED[name], where=f"event {name}", hint=_USE_PULL_REQUEST)
    known = get_args(EventName)
    if name not in known:
        raise InputError(
            "trust.event",
            "alekseylearn does not run on this event",
            where=f"event {name}",
            hint=f"use {', '.join(known)}",
        )
    reader = _Reader(name, payload)
    reader.expect_repository(repository)
    if name == "pull_request":
        return event_of(_pull_request(reader, repository), repository)
    return _own_branch(reader, repository)


def read_pull(pull: Mapping[str, Any], repository: str) -> PullRequest:
    """Read a pull request of *repository* as GitHub's API lists it; raises `InputError` `trust.event`."""
    return _pull_request(_Reader("pull_request", {"pull_request": pull}), repository)


def event_of(pull: PullRequest, repository: str) -> Event:
    """Return the event that *pull* starts a workflow of *repository* with."""
    return Event(
        name="pull_request",
        repository=repository,
        trusted=not pull.fork,
        reason="the pull request comes from a fork" if pull.fork else "the branch belongs to this repository",
        base_sha=pull.base_sha,
        head_sha=pull.head_sha,
        pull_request=pull,
    )


def _pull_request(reader: _Reader, repository: str) -> PullRequest:
    state = reader.text("pull_request", "state")
    if state not in ("open", "closed"):
        raise reader.refused("the pull request is neither open nor closed")
    if reader.text("pull_request", "base", "repo", "full_name").lower() != repository.lower():
        raise reader.refused("the pull request belongs to another repository")
    return PullRequest(
        number=reader.number("pull_request", "number"),
        base_ref=reader.matching(_REF, "pull_request", "base", "ref"),
        base_sha=reader.matching(_SHA, "pull_request", "base", "sha"),
        head_ref=reader.matching(_REF, "pull_request", "head", "ref"),
        head_sha=reader.matching(_SHA, "pull_request", "head", "sha"),
        fork=_is_fork(reader),
        closed=state == "closed",
    )


def _is_fork(reader: _Reader) -> bool:
    """Tell whether head lies in another repository; one that was deleted since (null) was another one."""
    if reader.value("pull_request", "head", "repo") is None:
        return True
    head, base = (reader.number("pull_request", side, "repo", "id") for side in ("head", "base"))
    names = {reader.text("pull_request", side, "repo", "full_name").lower() for side in ("head", "base")}
    return head != base or len(names) > 1


def _own_branch(reader: _Reader, repository: str) -> Event:
    """Read an event that only people and programs with write access can cause."""
    before = after = ""
    if reader.name == "push":
        before, after = (reader.matching(_SHA, side) for side in ("before", "after"))
        if _NO_COMMIT.match(after):
            raise reader.refused("the push deletes a branch", "leave deletions out of the workflow")
        before = "" if _NO_COMMIT.match(before) else before
    names: tuple[EventName, ...] = get_args(EventName)
    return Event(
        name=next(name for name in names if name == reader.name),
        repository=repository,
        trusted=True,
        reason="the event comes from this repository",
        base_sha=before,
        head_sha=after,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Looks values up in a payload and says which one is missing."""

    name: str
    payload: Mapping[str, Any]

    def value(self, *path: str) -> object:
        found: object = self.payload
        for key in path:
            if not isinstance(found, Mapping) or key not in found:
                raise self.refused(f"the event has no `{'.'.join(path)}`")
            found = found[key]
        return found

    def text(self, *path: str) -> str:
        found = self.value(*path)
        if not isinstance(found, str) or not found:
            raise self.refused(f"`{'.'.join(path)}` of the event is no text")
        return found

    def number(self, *path: str) -> int:
        found = self.value(*path)
        if isinstance(found, bool) or not isinstance(found, int) or found < 1:
            raise self.refused(f"`{'.'.join(path)}` of the event is no positive number")
        return found

    def matching(self, pattern: re.Pattern[str], *path: str) -> str:
        found = self.text(*path)
        if not pattern.match(found):
            raise self.refused(f"`{'.'.join(path)}` of the event is not well formed")
        return found

    def expect_repository(self, repository: str) -> None:
        # A scheduled run's payload holds nothing but the schedule.
        if self.name == "schedule":
            return
        if self.text("repository", "full_name").lower() != repository.lower():
            raise self.refused("the event belongs to another repository")

    def refused(self, what: str, hint: str = "") -> InputError:
        return InputError("trust.event", what, where=f"event {self.name}", hint=hint or "run it in GitHub Actions")
