"""Trust is decided once, from the event that started the workflow: who may train, and who is only looked at.

Nothing but the event's payload and the repository's name is asked: no file of a pull request, and no answer of an API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from alekseylearn.errors import InputError
from alekseylearn.payloads import Payload

EventName = Literal["pull_request", "push", "workflow_dispatch", "schedule", "repository_dispatch"]
"""Events that alekseylearn runs on. All others are refused: their code and their rights come from different people."""
FINISHED_RUN = "workflow_run"
"""The event on which nothing but a comment is written (`mode: comment`)."""

_SHA = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_NO_COMMIT = re.compile(r"0+\Z")
# git-check-ref-format(1), and no name that a program could take for an option.
_REF = re.compile(r"(?![-/.])(?!.*(?:\.\.|@\{|//|/\.))[^\x00-\x20\x7f~^:?*\[\\]{1,255}(?<![/.])(?<!\.lock)\Z")
_FULL_REF = re.compile(rf"refs/(?:heads|tags)/{_REF.pattern}")
_USE_PULL_REQUEST = "run on `pull_request`; a fork's pull request is then analysed without any secret"
# Events whose job holds the repository's secrets while strangers choose the code (or the text) that it works on.
_REFUSED: Mapping[str, str] = {
    "pull_request_target": "pull_request_target gives code from a fork the repository's own rights",
    FINISHED_RUN: "workflow_run gives what a fork's run left behind the repository's own rights",
    "issue_comment": "issue_comment lets anybody who can comment start a run with the repository's own rights",
}
_FLAGGED = (("pull_request", "head", "repo"), ("pull_request", "base", "repo"), ("repository",))
_MAY_ASK = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""Who has a word in the repository (GitHub docs, "CommentAuthorAssociation"); all others are passers-by."""
_WITHOUT_SECRETS = frozenset({"dependabot[bot]"})
"""Their runs get a token that only reads, and no secrets (GitHub docs, "Dependabot on GitHub Actions")."""
# What a shell, an expression of GitHub's or the log of its runner obeys; and what turns text around.
_EXPRESSIONS = re.compile(
    r"\$[({]|^\s*::[a-z-]+|##\[|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", re.MULTILINE
)
_COMMANDS = re.compile(rf"[`;&|<>\"'\\$()]|{_EXPRESSIONS.pattern}", re.MULTILINE)
# In words people quote and count; in a name such signs have no other use.
_NAMES = (("pull_request", "head", "ref"), ("pull_request", "base", "ref"), ("ref",), ("sender", "login"))
_WORDS = (("pull_request", "title"), ("pull_request", "body"))


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

    *trusted* false means: analyse, never train. *reason* says in words why, *slug* what that is called ('' where
    trusted). *base_sha* and *head_sha* are '' where the event names none (a run by hand, a new branch). *deleted* says
    that the branch is gone. *odd* names the texts of the event that hold what a shell or a runner would obey.
    """

    name: EventName
    repository: str
    trusted: bool
    reason: str
    slug: str = ""
    base_sha: str = ""
    head_sha: str = ""
    pull_request: PullRequest | None = None
    deleted: bool = False
    odd: tuple[str, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether the pull request is closed: then nothing of it is trained any more, whoever asks."""
        return self.pull_request is not None and self.pull_request.closed

    @property
    def warnings(self) -> tuple[str, ...]:
        """What whoever reads the log should know, each as `slug: words`."""
        found = [] if self.trusted or self.deleted else [f"{self.slug}: {self.reason}: it is analysed, and not trained"]
        if self.closed:
            found.append("trust.event: the pull request is closed: nothing of it is trained")
        if self.deleted:
            found.append(f"trust.event: {self.reason}: there is nothing to look at")
        if self.odd:
            what = f"{', '.join(self.odd)} of the event: what looks like a command is shown as dead text, or not at all"
            found.append(f"text.neutralised: {what}")
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """A run of another workflow, as the event of its end tells it; *head_repository* is 0 where that was deleted."""

    id: int
    order: tuple[int, int]
    """(run number, attempt)."""
    event: str
    head_sha: str
    head_repository: int
    repository: int

    @property
    def fork(self) -> bool:
        """Whether its code came from another repository."""
        return self.head_repository != self.repository


def read_event(name: str, payload: Mapping[str, Any], repository: str) -> Event:
    """Read the event *name* with its webhook *payload*, for *repository* (`owner/name`).

    Shapes are those of GitHub's webhook payloads (docs, "Webhook events and payloads"). Raises `InputError`
    `trust.event` for events that alekseylearn does not run on, and for payloads that lack what trust is decided by;
    `trust.actor` for a comment of somebody who has no word in the repository.
    """
    reader = Payload(name, payload)
    if name == "issue_comment":
        _expect_member(reader)
    if name in _REFUSED:
        hint = f"{_USE_PULL_REQUEST}; `mode: comment` runs on it" if name == FINISHED_RUN else _USE_PULL_REQUEST
        raise reader.refused(_REFUSED[name], hint)
    known = get_args(EventName)
    if name not in known:
        raise reader.refused("alekseylearn does not run on this event", f"use {', '.join(known)}")
    reader.expect_repository(repository)
    if name == "pull_request":
        pull = _pull_request(reader, repository)
        if reader.found("number") not in (None, pull.number):
            raise reader.refused("`number` of the event is not its pull request's")
        return event_of(pull, repository, actor=_actor(reader), odd=tuple(_odd(reader)))
    return _own_branch(reader, repository)


def read_pull(pull: Mapping[str, Any], repository: str) -> PullRequest:
    """Read a pull request of *repository* as GitHub's API lists it; raises `InputError` `trust.event`."""
    return _pull_request(Payload("pull_request", {"pull_request": pull}), repository)


def event_of(pull: PullRequest, repository: str, *, actor: str | None = None, odd: tuple[str, ...] = ()) -> Event:
    """Return the event that *pull* starts a workflow of *repository* with.

    *actor* is the account that caused it ('' where nobody says); None where it is looked at for its own sake.
    """
    slug, reason = ("trust.fork", "the pull request comes from a fork") if pull.fork else _barred(actor)
    return Event(
        name="pull_request",
        repository=repository,
        trusted=not slug,
        reason=reason or "the branch belongs to this repository",
        slug=slug,
        base_sha=pull.base_sha,
        head_sha=pull.head_sha,
        pull_request=pull,
        odd=odd,
    )


def read_finished(name: str, payload: Mapping[str, Any], repository: str) -> FinishedRun:
    """Read the event of a workflow's end, for *repository*; raises `InputError` `trust.event`."""
    reader = Payload(name, payload)
    if name != FINISHED_RUN:
        raise reader.refused("`mode: comment` runs on workflow_run alone", "use `mode: run` here")
    reader.expect_repository(repository)
    if reader.text("action") != "completed":
        raise reader.refused("the run that it tells of has not ended", "on: workflow_run: types: [completed]")
    if reader.text("workflow_run", "repository", "full_name").lower() != repository.lower():
        raise reader.refused("the run belongs to another repository")
    gone = reader.value("workflow_run", "head_repository") is None
    return FinishedRun(
        id=reader.number("workflow_run", "id"),
        order=(reader.number("workflow_run", "run_number"), reader.number("workflow_run", "run_attempt")),
        event=reader.text("workflow_run", "event"),
        head_sha=reader.matching(_SHA, "workflow_run", "head_sha"),
        head_repository=0 if gone else reader.number("workflow_run", "head_repository", "id"),
        repository=reader.number("workflow_run", "repository", "id"),
    )


def pull_of(run: FinishedRun, pull: Any, repository: str) -> PullRequest:
    """Read the *pull* request of *repository* that an analysis of *run* names, as GitHub's API tells it.

    Raises `InputError` `trust.event` when its branch is not in the repository that the run's code came from.
    """
    reader = Payload(FINISHED_RUN, {"pull_request": pull})
    found = _pull_request(reader, repository)
    if reader.found("pull_request", "head", "repo", "id") != run.head_repository:
        raise reader.refused("the pull request that the run names is another repository's", "its run may be forged")
    return found


def check_commit(event: Event, checked_out: str, merged: str = "") -> None:
    """Compare the commit that the workflow says it has *checked_out* ('': it says nothing) with the event's.

    *merged* is the commit that the runner names, for a pull request GitHub's trial merge. Raises `InputError`
    `git.mismatch`: somebody has pushed since, or the workflow checks out something else.
    """
    if not checked_out or checked_out in (event.head_sha, merged):
        return
    known = event.head_sha or merged
    what = f"the event is about commit {known[:7] or 'none'}, and {checked_out[:7]!r} was checked out"
    hint = "check out `github.event.pull_request.head.sha`, or wait for the run of the newer push"
    raise InputError("git.mismatch", what, where="AL_CHECKED_OUT", hint=hint)


def _expect_member(reader: Payload) -> None:
    """Refuse the comment of a passer-by by name; raises `InputError` `trust.actor` or `trust.event`."""
    association = reader.text("comment", "author_association")
    if association not in _MAY_ASK:
        what = f"somebody asks whose association with the repository is {association[:40]!r}"
        hint = f"only {', '.join(sorted(_MAY_ASK))} may ask, and not by a comment: use `pull_request`"
        raise InputError("trust.actor", what, where=f"event {reader.name}", hint=hint)


def _barred(actor: str | None) -> tuple[str, str]:
    """Say why *actor*, who can push to the repository, may not train all the same; ('', '') where he may."""
    if actor == "":
        return "trust.actor", "the event does not say who caused it"
    if actor is not None and actor.lower() in _WITHOUT_SECRETS:
        return "trust.actor", "a run of Dependabot's has no secrets, and a token that only reads"
    return "", ""


def _actor(reader: Payload) -> str:
    return reader.text("sender", "login") if reader.found("sender") is not None else ""


def _pull_request(reader: Payload, repository: str) -> PullRequest:
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


def _is_fork(reader: Payload) -> bool:
    """Tell whether head lies in another repository; one that was deleted since (null) was another one.

    Names and numbers must both agree. GitHub always tells both; what leaves the numbers out on one side alone is not
    GitHub's. A head that says it is a fork in a repository that is none contradicts itself, and counts as one.
    """
    if reader.value("pull_request", "head", "repo") is None:
        return True
    names = {reader.text("pull_request", side, "repo", "full_name").lower() for side in ("head", "base")}
    numbered = [reader.found("pull_request", side, "repo", "id") is not None for side in ("head", "base")]
    ids: set[int] = set()
    if any(numbered):
        ids = {reader.number("pull_request", side, "repo", "id") for side in ("head", "base")}
    flags = [_flag(reader, *path, "fork") for path in _FLAGGED]
    return len(names) > 1 or len(ids) > 1 or (flags[0] and not any(flags[1:]))


def _flag(reader: Payload, *path: str) -> bool:
    """Read true or false; nothing is false. Raises `InputError` `trust.event` for what is neither."""
    found = reader.found(*path)
    if not isinstance(found, bool | None):
        raise reader.refused(f"`{'.'.join(path)}` of the event is neither true nor false")
    return found is True


def _own_branch(reader: Payload, repository: str) -> Event:
    """Read an event that only people and programs with write access can cause."""
    names: tuple[EventName, ...] = get_args(EventName)
    name = next(name for name in names if name == reader.name)
    if name != "push":
        return Event(name=name, repository=repository, trusted=True, reason="the event comes from this repository")
    if reader.found("ref") is not None:
        reader.matching(_FULL_REF, "ref")
    before, after = (reader.matching(_SHA, side) for side in ("before", "after"))
    if _NO_COMMIT.match(after):
        why = "the push deletes a branch"
        return Event(name=name, repository=repository, trusted=False, reason=why, slug="trust.event", deleted=True)
    slug, reason = _barred(_actor(reader))
    return Event(
        name=name,
        repository=repository,
        trusted=not slug,
        reason=reason or "the event comes from this repository",
        slug=slug,
        base_sha="" if _NO_COMMIT.match(before) else before,
        head_sha=after,
        odd=tuple(_odd(reader)),
    )


def _odd(reader: Payload) -> Iterator[str]:
    """Name the texts of the event that somebody has written to be obeyed."""
    for paths, pattern in ((_NAMES, _COMMANDS), (_WORDS, _EXPRESSIONS)):
        for path in paths:
            if isinstance(text := reader.found(*path), str) and pattern.search(text):
                yield ".".join(path)
    labels = reader.found("pull_request", "labels")
    names = (label.get("name") for label in labels if isinstance(label, Mapping)) if isinstance(labels, list) else ()
    if any(isinstance(name, str) and _EXPRESSIONS.search(name) for name in names):
        yield "pull_request.labels"
