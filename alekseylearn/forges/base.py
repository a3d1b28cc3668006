"""What every forge promises: only what a report needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from alekseylearn.text import Markdown
from alekseylearn.trust import PullRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What became of a comment: *url* is '' when it went elsewhere; *note* says why in words.

    *warnings* are what else was seen there, each as `slug: words`.
    """

    url: str
    note: str = ""
    warnings: tuple[str, ...] = ()


class Forge(Protocol):
    """The place where the pull request is reviewed."""

    def pull_request(self) -> PullRequest | None:
        """Return the pull request that is looked at, or None."""
        ...

    def open_pulls(self) -> tuple[PullRequest, ...]:
        """List the open pull requests of the repository, forks' among them; none where nobody knows of any."""
        ...

    def comment_body(self, pull: int) -> str | None:
        """Return the body of our own comment on the pull request *pull*, or None."""
        ...

    def upsert_comment(self, pull: int, body: Markdown, *, order: tuple[int, int], anew: bool = False) -> Posted:
        """Create or edit our one comment; a comment whose order (run number, attempt) is newer stays as it is.

        *anew* makes a new one at the end of the thread, of which everybody hears, and then deletes the old one.
        """
        ...

    def artifact_url(self, name: str) -> str:
        """Return where a person finds the uploaded artifact *name*, '' when nobody knows."""
        ...
