"""GitHub as the place of review: one comment on the pull request, and what a report links to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import assert_never

from alekseylearn import landmarks
from alekseylearn.errors import InputError, MachineError
from alekseylearn.forges.base import Posted
from alekseylearn.forges.rest import PAGE, PATIENCE, ForbiddenError, GoneError, Rest, TransientError, open_rest
from alekseylearn.forges.sticky import Author, Comment, Create, Delete, Done, Edit, forged, next_step, ours, rank
from alekseylearn.settings import CiSettings
from alekseylearn.text import Markdown
from alekseylearn.trust import Event, PullRequest, read_pull

ACTIONS = Author(account=41898282, app=15368)
"""`github-actions[bot]` and its app: the author of what a workflow's own token writes on github.com."""
READ_ONLY = "the token may not write comments; the report is in the job summary"
LATER_RUN = "a later run has reported already; its comment stays"
NOT_DELETED = "the token may not delete comments; an older one of ours stays beside the new one"


@dataclass(slots=True)
class _Known:
    """What is known of our comments beside their list, which may lag behind what was written and deleted."""

    created: Comment | None = None
    written: int = 0
    """The comment that has the body already."""
    after: int | None = None
    """The comment that the body has to come after, for which a new one is made; 0 where any may be edited."""
    absent: set[int] = field(default_factory=set)
    """Comments that are gone, or that we may not delete."""
    note: str = ""

    def corrected(self, listed: tuple[Comment, ...]) -> tuple[Comment, ...]:
        """Add to *listed* what was made, and leave out what is gone: ids are never given twice."""
        shown = tuple(comment for comment in listed if comment.id not in self.absent)
        if self.created is None or self.created.id in self.absent | {comment.id for comment in shown}:
            return shown
        # A second comment would not be better.
        return (*shown, self.created)


@dataclass(slots=True, kw_only=True)
class GitHubForge:
    """One repository on GitHub, seen from one run of a workflow."""

    rest: Rest
    settings: CiSettings
    event: Event
    _author: Author | None = field(default=None, init=False)

    def pull_request(self) -> PullRequest | None:
        """Return the event's pull request."""
        return self.event.pull_request

    def open_pulls(self) -> tuple[PullRequest, ...]:
        """List the open pull requests, the newest first; what cannot be one of ours is passed over.

        Raises `MachineError` of the family `github` when GitHub cannot be reached, or the token may not look.
        """
        repository = self.settings.repository
        found = []
        try:
            for item in self.rest.pages(f"/repos/{repository}/pulls", {"state": "open"}):
                with suppress(InputError):
                    found.append(read_pull(item, repository))
        except (ForbiddenError, GoneError):
            what = f"the token may not list the pull requests of {repository}"
            raise MachineError("github.missing", what, hint="give the job `pull-requests: write`") from None
        return tuple(found)

    def comment_body(self, pull: int) -> str | None:
        """Return the body of our own comment; None when there is none, or the token may not look.

        Raises `MachineError` of the family `github` when GitHub cannot be reached.
        """
        try:
            with self._in_time():
                found = self._ours(pull)
        except (ForbiddenError, GoneError):
            return None
        return max(found, key=rank).body if found else None

    def upsert_comment(self, pull: int, body: Markdown, *, order: tuple[int, int], anew: bool = False) -> Posted:
        """Bring the pull request to exactly one comment of ours, with *body* unless a later run has written.

        *anew* puts *body* into a new comment before the old one is deleted: at no moment there is none.
        Nothing is written twice blindly: after a write that may or may not have happened the comments are read again,
        and only what is still missing is done. Raises `MachineError` of the family `github` when GitHub cannot be
        reached, or refuses for another reason than a token that only reads.
        """
        try:
            with self._in_time():
                return self._settle(pull, body, order, anew=anew)
        except ForbiddenError:
            return Posted(url="", note=READ_ONLY)
        except GoneError:
            raise MachineError(
                "github.missing",
                f"the token sees no pull request #{pull} in {self.settings.repository}",
                hint="give the job `pull-requests: write`",
            ) from None

    def artifact_url(self, name: str) -> str:
        """Return where a person loads this run's artifact *name* down; '' when GitHub does not tell."""
        path = f"/repos/{self.settings.repository}/actions/runs/{self.settings.run_id}/artifacts"
        try:
            data = self.rest.get(path, {"name": name, "per_page": PAGE})
        except (ForbiddenError, GoneError, MachineError):
            return ""
        listed = data.get("artifacts") if isinstance(data, Mapping) else None
        items = (item for item in listed or () if isinstance(item, Mapping) and item.get("name") == name)
        ids = [item["id"] for item in items if isinstance(item.get("id"), int)]
        return f"{self.settings.run_url}/artifacts/{max(ids)}" if ids else ""

    def labels(self, pull: int) -> tuple[str, ...]:
        """Return the names of the pull request's labels; () when the token may not look."""
        try:
            items = tuple(self.rest.pages(f"{self._issues}/{pull}/labels"))
        except (ForbiddenError, GoneError):
            return ()
        return tuple(item["name"] for item in items if isinstance(item.get("name"), str))

    @property
    def _issues(self) -> str:
        return f"/repos/{self.settings.repository}/issues"

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Let nobody wait for a comment longer than it is worth."""
        rest = self.rest
        self.rest = rest.within(PATIENCE)
        try:
            yield
        finally:
            self.rest = rest

    def _settle(self, pull: int, body: Markdown, order: tuple[int, int], *, anew: bool) -> Posted:
        known = _Known()
        pauses = self.rest.pauses()
        # Each round looks and does one step. A step that did not help costs one of the pauses, so this ends.
        while True:
            listed = self._listed(pull)
            found = known.corrected(ours(listed, pull, self._whoami()))
            if known.after is None:
                known.after = found[-1].id if anew and found else 0
            step = next_step(found, body, order, written=known.written, after=known.after)
            if isinstance(step, Done):
                note = LATER_RUN if step.newer else known.note
                return Posted(url=step.comment.url, note=note, warnings=forged(listed, pull, self._whoami()))
            try:
                if known.written and isinstance(step, Edit):
                    raise TransientError("somebody else writes our comment")
                self._act(step, pull, body, known)
            except TransientError as error:
                pauses.take(error)
                known.written = 0
            except GoneError:
                if isinstance(step, Create):
                    raise
                if isinstance(step, Edit):
                    pauses.take(TransientError("somebody else deletes our comment"))
                    known.created, known.written = None, 0
                else:
                    known.absent.add(step.comment.id)

    def _act(self, step: Create | Edit | Delete, pull: int, body: Markdown, known: _Known) -> None:
        """Do one *step*, and note what came of it."""
        match step:
            case Create():
                answer = self.rest.send("POST", f"{self._issues}/{pull}/comments", {"body": body})
                if not isinstance(answer, Mapping) or "id" not in answer:
                    raise TransientError("an answer without a comment")
                landmarks.passed("comment.created")
                known.created = _comment(answer)
                known.written = known.created.id
                # From now on we know for certain who we are, whatever the token is.
                self._author = known.created.author
            case Edit(comment):
                self.rest.send("PATCH", f"{self._issues}/comments/{comment.id}", {"body": body})
                landmarks.passed("comment.edited")
                known.written = comment.id
            case Delete(comment):
                self._delete(comment, known)
            case _:
                assert_never(step)

    def _delete(self, comment: Comment, known: _Known) -> None:
        """Delete *comment*, unless another run has written it since we looked; a token may not have leave to."""
        path = f"{self._issues}/comments/{comment.id}"
        try:
            if _comment(self.rest.get(path)).order > comment.order:
                raise TransientError("somebody else writes our comment")
            self.rest.send("DELETE", path)
            landmarks.passed("comment.deleted")
        except ForbiddenError:
            known.note = NOT_DELETED
        known.absent.add(comment.id)

    def _ours(self, pull: int) -> tuple[Comment, ...]:
        return ours(self._listed(pull), pull, self._whoami())

    def _listed(self, pull: int) -> tuple[Comment, ...]:
        return tuple(_comment(item) for item in self.rest.pages(f"{self._issues}/{pull}/comments"))

    def _whoami(self) -> Author:
        """Return the author of what is written with our token; a token of an installed app cannot ask."""
        if self._author is None:
            self._author = ACTIONS
            if not self.settings.inputs.github_token.startswith("ghs_"):
                try:
                    self._author = Author(_id(self.rest.get("/user")))
                except ForbiddenError:
                    self._author = ACTIONS
        return self._author


def connect(
    settings: CiSettings,
    event: Event,
    *,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.time,
) -> GitHubForge:
    """Return the forge for one step of the action; nothing is asked yet.

    Raises `MachineError` `github.token` when there is no token.
    """
    token = settings.inputs.github_token
    if not token:
        raise MachineError("github.token", "there is no token", hint="leave the input github-token as it is")
    rest = open_rest(settings.api_url, token, pause=pause, clock=clock)
    return GitHubForge(rest=rest, settings=settings, event=event)


def _comment(item: Mapping[str, object]) -> Comment:
    """Read a comment as GitHub's API describes it (docs, "Issue comments"); the author of some is nobody."""
    user, app = item.get("user"), item.get("performed_via_github_app")
    author = Author(_id(user) if user else 0, _id(app) if app else None)
    return Comment(id=_id(item), author=author, body=str(item.get("body") or ""), url=str(item.get("html_url") or ""))


def _id(item: object) -> int:
    found = item.get("id") if isinstance(item, Mapping) else None
    if not isinstance(found, int):
        raise MachineError("github.answer", "GitHub answers with something else than it describes", where="GitHub")
    return found
