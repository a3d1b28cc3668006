"""GitHub as the place of review: one comment on the pull request, and what a report links to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import assert_never

from alekseylearn.errors import InputError, MachineError
from alekseylearn.forges.base import Posted
from alekseylearn.forges.rest import PAGE, TIMEOUT, ForbiddenError, GoneError, Rest, TransientError
from alekseylearn.forges.sticky import Author, Comment, Create, Delete, Done, Edit, next_step, ours
from alekseylearn.settings import CiSettings
from alekseylearn.text import Markdown
from alekseylearn.trust import Event, PullRequest, read_pull

ACTIONS = Author(account=41898282, app=15368)
"""`github-actions[bot]` and its app: the author of what a workflow's own token writes on github.com."""
READ_ONLY = "the token may not write comments; the report is in the job summary"
LATER_RUN = "a later run has reported already; its comment stays"


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
            found = self._ours(pull)
        except (ForbiddenError, GoneError):
            return None
        return max(found, key=lambda comment: comment.order).body if found else None

    def upsert_comment(self, pull: int, body: Markdown, *, order: tuple[int, int]) -> Posted:
        """Bring the pull request to exactly one comment of ours, with *body* unless a later run has written.

        Nothing is written twice blindly: after a write that may or may not have happened the comments are read again,
        and only what is still missing is done. Raises `MachineError` of the family `github` when GitHub cannot be
        reached, or refuses for another reason than a token that only reads.
        """
        try:
            return self._settle(pull, body, order)
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

    def _settle(self, pull: int, body: Markdown, order: tuple[int, int]) -> Posted:
        created: Comment | None = None
        written = 0
        pauses = self.rest.pauses()
        # Each round looks and does one step. A step that did not help costs one of the pauses, so this ends.
        while True:
            found = self._ours(pull)
            if created is not None and created.id not in {comment.id for comment in found}:
                # A list may lag behind what was written; a second comment would not be better.
                found = (*found, created)
            step = next_step(found, body, order, written=written)
            if isinstance(step, Done):
                return Posted(url=step.comment.url, note=LATER_RUN if step.newer else "")
            try:
                if written and isinstance(step, Edit):
                    raise TransientError("somebody else writes our comment")
                created = self._act(step, pull, body) or created
                written = step.comment.id if isinstance(step, Edit) else written
            except TransientError as error:
                pauses.take(error)
                written = 0
            except GoneError:
                if isinstance(step, Create):
                    raise
                pauses.take(TransientError("somebody else deletes our comment"))
                created, written = None, 0

    def _act(self, step: Create | Edit | Delete, pull: int, body: Markdown) -> Comment | None:
        """Do one *step*; return the comment where one was made."""
        match step:
            case Create():
                answer = self.rest.send("POST", f"{self._issues}/{pull}/comments", {"body": body})
                if not isinstance(answer, Mapping) or "id" not in answer:
                    raise TransientError("an answer without a comment")
                made = _comment(answer)
                # From now on we know for certain who we are, whatever the token is.
                self._author = made.author
                return made
            case Edit(comment):
                self.rest.send("PATCH", f"{self._issues}/comments/{comment.id}", {"body": body})
            case Delete(comment):
                self.rest.send("DELETE", f"{self._issues}/comments/{comment.id}")
            case _:
                assert_never(step)
        return None

    def _ours(self, pull: int) -> tuple[Comment, ...]:
        listed = self.rest.pages(f"{self._issues}/{pull}/comments")
        return ours([_comment(item) for item in listed], pull, self._whoami())

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
    from github import Auth, Github

    token = settings.inputs.github_token
    if not token:
        raise MachineError("github.token", "there is no token", hint="leave the input github-token as it is")
    client = Github(
        base_url=settings.api_url,
        auth=Auth.Token(token),
        user_agent="alekseylearn",
        timeout=TIMEOUT,
        retry=None,  # PyGithub's own would repeat a POST that has been carried out.
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
    )
    return GitHubForge(rest=Rest(client=client, pause=pause, clock=clock), settings=settings, event=event)


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
