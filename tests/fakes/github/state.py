"""What the stand-in remembers: repositories and all that belongs to them."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

Role = Literal["admin", "write", "read", "none"]

BOT_ID = 41898282
"""Account id of `github-actions[bot]`, the author of everything that a workflow's own token writes."""
APP_ID = 15368
"""Id of the app `github-actions`, which that token belongs to."""
EPOCH = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
"""When the first thing happens; each later one happens a second after the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person or a bot; *app* is the slug of the app that acts, if one does."""

    login: str
    id: int
    type: Literal["User", "Bot"] = "User"
    app: str | None = None


ACTIONS = Account(login="github-actions[bot]", id=BOT_ID, type="Bot", app="github-actions")


def person(login: str) -> Account:
    """Return the account of a person; the same login has the same id everywhere."""
    return Account(login=login, id=zlib.crc32(login.encode()))


class Ledger:
    """Gives out ids and times, each larger than the one before."""

    def __init__(self) -> None:
        self._last = 1000
        self._now = EPOCH

    def next_id(self) -> int:
        """Return an id that nothing has yet."""
        self._last += 1
        return self._last

    def now(self) -> str:
        """Return the next time, as GitHub writes it."""
        self._now += timedelta(seconds=1)
        return self._now.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True, kw_only=True)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    issue: int
    body: str
    author: Account
    created_at: str
    updated_at: str


@dataclass(slots=True, kw_only=True)
class Commit:
    """A commit, as far as the API tells about it; *files* maps a path to its status."""

    sha: str
    message: str
    parents: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class PullRequest:
    """A pull request."""

    id: int
    number: int
    title: str
    author: Account
    head_ref: str
    head_sha: str
    head_repository: Repository
    base_ref: str
    base_sha: str
    merge_sha: str | None
    state: Literal["open", "closed"] = "open"
    draft: bool = False
    labels: list[str] = field(default_factory=list)
    files: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""


@dataclass(slots=True, kw_only=True)
class Run:
    """A run of a workflow."""

    id: int
    head_sha: str
    head_branch: str
    head_repository: Repository
    event: str = "pull_request"
    status: str = "completed"
    conclusion: str | None = "success"
    workflow: str = "train"
    created_at: str = ""


@dataclass(slots=True, kw_only=True)
class Artifact:
    """An artifact of a run: a zip archive with a name."""

    id: int
    name: str
    run: Run
    content: bytes
    expired: bool = False
    created_at: str = ""

    @property
    def sha256(self) -> str:
        """The digest of the archive, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(slots=True, kw_only=True)
class Repository:
    """A repository with its pull requests, comments, runs and artifacts."""

    full_name: str
    id: int
    ledger: Ledger
    default_branch: str = "main"
    private: bool = False
    parent: Repository | None = None
    collaborators: dict[str, Role] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    all_comments: dict[int, Comment] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    artifacts: dict[int, Artifact] = field(default_factory=dict)
    checks: dict[int, dict[str, object]] = field(default_factory=dict)
    refresh: Callable[[], None] = lambda: None
    """Called before artifacts are looked up, so that those of a run under way are there."""

    @property
    def owner(self) -> str:
        """The login of the account that the repository belongs to."""
        return self.full_name.partition("/")[0]

    def add_commit(
        self,
        sha: str,
        *,
        parents: Iterable[str] = (),
        files: Mapping[str, str] | None = None,
        message: str = "A change",
    ) -> Commit:
        """Tell the API about a commit; *files* maps each changed path to `added`, `modified` or `removed`."""
        self.commits[sha] = Commit(sha=sha, message=message, parents=tuple(parents), files=dict(files or {}))
        return self.commits[sha]

    def add_pull(
        self,
        number: int,
        *,
        head_sha: str = "a" * 40,
        base_sha: str = "b" * 40,
        head_ref: str = "feature",
        base_ref: str = "",
        merge_sha: str | None = None,
        head_repository: Repository | None = None,
        author: str = "octo",
        title: str = "Train longer",
        labels: Iterable[str] = (),
        files: Mapping[str, str] | None = None,
    ) -> PullRequest:
        """Open a pull request; *head_repository* is another one where it comes from a fork."""
        self.pulls[number] = PullRequest(
            id=self.ledger.next_id(),
            number=number,
            title=title,
            author=person(author),
            head_ref=head_ref,
            head_sha=head_sha,
            head_repository=head_repository or self,
            base_ref=base_ref or self.default_branch,
            base_sha=base_sha,
            merge_sha=merge_sha,
            labels=list(labels),
            files=dict(files or {}),
            created_at=self.ledger.now(),
        )
        return self.pulls[number]

    def add_comment(self, issue: int, body: str, *, author: Account | str = ACTIONS) -> Comment:
        """Write a comment as *author* (an account, or the login of a person)."""
        now = self.ledger.now()
        comment = Comment(
            id=self.ledger.next_id(),
            issue=issue,
            body=body,
            author=person(author) if isinstance(author, str) else author,
            created_at=now,
            updated_at=now,
        )
        self.all_comments[comment.id] = comment
        return comment

    def comments(self, issue: int) -> tuple[Comment, ...]:
        """Return the comments on *issue*, oldest first."""
        return tuple(comment for comment in self.all_comments.values() if comment.issue == issue)

    def add_run(
        self,
        run_id: int | None = None,
        *,
        head_sha: str = "a" * 40,
        head_branch: str = "feature",
        head_repository: Repository | None = None,
        event: str = "pull_request",
        status: str = "completed",
        conclusion: str | None = "success",
        workflow: str = "train",
    ) -> Run:
        """Record a run of a workflow; *head_repository* is another one where the code came from a fork."""
        number = self.ledger.next_id() if run_id is None else run_id
        self.runs[number] = Run(
            id=number,
            head_sha=head_sha,
            head_branch=head_branch,
            head_repository=head_repository or self,
            event=event,
            status=status,
            conclusion=conclusion,
            workflow=workflow,
            created_at=self.ledger.now(),
        )
        return self.runs[number]

    def add_artifact(
        self,
        name: str,
        files: Mapping[str, bytes] | bytes,
        *,
        run: Run,
        artifact_id: int | None = None,
        expired: bool = False,
    ) -> Artifact:
        """Attach an artifact to *run*; *files* are the archive's members, or the archive itself."""
        number = self.ledger.next_id() if artifact_id is None else artifact_id
        self.artifacts[number] = Artifact(
            id=number,
            name=name,
            run=run,
            content=files if isinstance(files, bytes) else zipped(files),
            expired=expired,
            created_at=self.ledger.now(),
        )
        return self.artifacts[number]

    def history(self, sha: str) -> Iterator[Commit]:
        """Yield the known commits that *sha* is built on, itself first."""
        waiting, seen = [sha], set[str]()
        while waiting:
            commit = self.commits.get(waiting.pop(0))
            if commit is not None and commit.sha not in seen:
                seen.add(commit.sha)
                waiting += commit.parents
                yield commit


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive with *files*, the same bytes for the same files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(files):
            target.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return archive.getvalue()
