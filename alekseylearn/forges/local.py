"""The forge of a person's own machine: the comment is printed as it would stand on the pull request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alekseylearn.forges.base import Posted
from alekseylearn.text import Markdown
from alekseylearn.trust import PullRequest


@dataclass(frozen=True, slots=True)
class LocalForge:
    """Hands the comment to *write*; remembers nothing."""

    write: Callable[[Markdown], None]

    def pull_request(self) -> PullRequest | None:
        """Return None: nobody reviews here."""
        return None

    def open_pulls(self) -> tuple[PullRequest, ...]:
        """Return none: nobody reviews here."""
        return ()

    def comment_body(self, pull: int) -> str | None:  # noqa: ARG002 (the forge's contract)
        """Return None: no earlier comment is kept."""
        return None

    def upsert_comment(
        self,
        pull: int,  # noqa: ARG002
        body: Markdown,
        *,
        order: tuple[int, int],  # noqa: ARG002
        anew: bool = False,  # noqa: ARG002
    ) -> Posted:
        """Show *body*."""
        self.write(body)
        return Posted(url="", note="shown here")

    def artifact_url(self, name: str) -> str:  # noqa: ARG002
        """Return '': nothing is uploaded."""
        return ""
