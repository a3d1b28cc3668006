"""A repository that uses the action: real git, with pull requests as GitHub keeps them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.github.server import FakeGitHub
from tests.fakes.github.state import Repository

Files = Mapping[str, str | bytes | None]
"""What to write: the content for each path; None deletes the file."""

WORKFLOW = ".github/workflows/train.yml"
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Mona",
    "GIT_AUTHOR_EMAIL": "mona@example.com",
    "GIT_AUTHOR_DATE": "2026-11-22T12:00:00Z",
    "GIT_COMMITTER_NAME": "Mona",
    "GIT_COMMITTER_EMAIL": "mona@example.com",
    "GIT_COMMITTER_DATE": "2026-11-22T12:00:00Z",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git in *folder* with no settings but its own and return what it prints."""
    command = ["git", "-c", "init.defaultBranch=main", *arguments]
    done = subprocess.run(command, check=False, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


@dataclass(slots=True, kw_only=True)
class Consumer:
    """A repository on the stand-in for GitHub, with its bare repository and a work tree to commit in."""

    full_name: str
    origins: Path
    work: Path
    github: FakeGitHub
    repository: Repository
    pulls: dict[int, Pull] = field(default_factory=dict)

    @classmethod
    def create(
        cls, folder: Path, github: FakeGitHub, files: Files, *, workflow: str, full_name: str = "octo/consumer"
    ) -> Consumer:
        """Make the repository below *folder*, with one commit on `main` and *workflow* in it."""
        origins, work = folder / "origins", folder / "work"
        consumer = cls(
            full_name=full_name,
            origins=origins,
            work=work,
            github=github,
            repository=github.add_repository(full_name),
        )
        consumer.add_origin(full_name)
        work.mkdir()
        git(work, "init", "--quiet", ".")
        git(work, "remote", "add", "origin", str(consumer.origin()))
        consumer.commit({WORKFLOW: workflow, **files}, message="Start")
        return consumer

    def origin(self, full_name: str = "") -> Path:
        """Return the bare repository of the consumer, or of a fork of it."""
        return self.origins / f"{full_name or self.full_name}.git"

    def add_origin(self, full_name: str) -> None:
        """Make an empty bare repository from which any commit may be fetched, as from GitHub."""
        bare = self.origin(full_name)
        bare.mkdir(parents=True)
        git(bare, "init", "--quiet", "--bare", ".")
        git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")

    def commit(self, files: Files, *, branch: str = "main", message: str = "A change") -> str:
        """Commit *files* on *branch* of the work tree; publish it if it is `main`; return the commit."""
        before = git(self.work, "ls-files").splitlines()
        write(self.work, files)
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--allow-empty", "--message", message)
        sha = git(self.work, "rev-parse", "HEAD")
        parents = git(self.work, "log", "-1", "--format=%P").split()
        changed = {path: status(path in before, content) for path, content in files.items()}
        self.repository.add_commit(sha, parents=parents, files=changed, message=message)
        if branch == "main":
            git(self.work, "push", "--quiet", "origin", "HEAD:refs/heads/main")
        return sha

    def open_pull(
        self, files: Files, *, number: int = 7, branch: str = "feature", fork: str = "", author: str = "mona"
    ) -> Pull:
        """Open a pull request that changes *files*; *fork* names the repository it comes from, if another one."""
        base = git(self.work, "rev-parse", "origin/main")
        if fork:
            self.add_origin(fork)
            parent = self.repository
            self.github.add_repository(fork, parent=parent)
        source = self.github.repositories[fork or self.full_name]
        self.repository.add_pull(
            number, head_ref=branch, base_sha=base, head_repository=source, author=author, title="Train longer"
        )
        self.pulls[number] = Pull(consumer=self, number=number, branch=branch, source=source)
        git(self.work, "checkout", "--quiet", "--force", "-B", branch, base)
        self.pulls[number].push(files)
        return self.pulls[number]


@dataclass(slots=True, kw_only=True)
class Pull:
    """A pull request of a consumer."""

    consumer: Consumer
    number: int
    branch: str
    source: Repository
    head: str = ""
    before: str = ""
    merge: str = ""

    @property
    def base(self) -> str:
        """The commit on `main` that the pull request would be merged into."""
        return self.consumer.repository.pulls[self.number].base_sha

    @property
    def is_fork(self) -> bool:
        """Whether the pull request comes from another repository."""
        return self.source is not self.consumer.repository

    def push(self, files: Files, *, message: str = "A change") -> None:
        """Add a commit to the pull request and renew its refs, the merge with `main` among them."""
        work = self.consumer.work
        git(work, "checkout", "--quiet", "--force", self.branch)
        self.before, self.head = self.head, self.consumer.commit(files, branch=self.branch, message=message)
        git(work, "checkout", "--quiet", "--detach", self.base)
        git(work, "merge", "--quiet", "--no-ff", "--message", f"Merge {self.head} into {self.base}", self.head)
        self.merge = git(work, "rev-parse", "HEAD")
        refs = f"refs/pull/{self.number}"
        git(work, "push", "--quiet", "--force", "origin", f"{self.head}:{refs}/head", f"{self.merge}:{refs}/merge")
        home = str(self.consumer.origin(self.source.full_name))
        git(work, "push", "--quiet", "--force", home, f"{self.head}:refs/heads/{self.branch}")
        shown = self.consumer.repository.pulls[self.number]
        shown.head_sha, shown.merge_sha = self.head, self.merge
        changed = git(work, "diff", "--name-status", "--no-renames", self.base, self.head).splitlines()
        words = {"A": "added", "M": "modified", "D": "removed", "T": "changed"}
        shown.files = {path: words[letter] for letter, path in (line.split("\t") for line in changed)}
        git(work, "checkout", "--quiet", "--force", self.branch)


def write(folder: Path, files: Files) -> None:
    """Write *files* below *folder*."""
    for path, content in files.items():
        target = folder / path
        if content is None:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def status(known: bool, content: str | bytes | None) -> str:
    """Return GitHub's word for what happened to a file."""
    if content is None:
        return "removed"
    return "modified" if known else "added"
