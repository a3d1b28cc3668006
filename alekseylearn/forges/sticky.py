"""The one comment: which comments are ours, and the next step towards exactly one with the newest report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from alekseylearn.comment_state import decode, is_ours


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes with our token: the account's id, and the id of the app that acts for it, if one does."""

    account: int
    app: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment as the forge tells it; ids grow with time."""

    id: int
    author: Author
    body: str
    url: str

    @property
    def order(self) -> tuple[int, int]:
        """(run number, attempt) of the run that wrote it; (0, 0) where its state cannot be read."""
        return order_of(self.body)


@dataclass(frozen=True, slots=True)
class Create:
    """Write a new comment."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Put the body into this comment."""

    comment: Comment


@dataclass(frozen=True, slots=True)
class Delete:
    """Take away a younger duplicate."""

    comment: Comment


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do; *newer* says that the comment is a later run's, which stays."""

    comment: Comment
    newer: bool = False


Step: TypeAlias = Create | Edit | Delete | Done


def ours(comments: Sequence[Comment], pull: int, author: Author) -> tuple[Comment, ...]:
    """Pick our comments on *pull*, oldest first: the marker alone is no proof, the author alone is none either."""
    found = (comment for comment in comments if comment.author == author and is_ours(comment.body, pull))
    return tuple(sorted(found, key=lambda comment: comment.id))


def next_step(found: Sequence[Comment], body: str, order: tuple[int, int], *, written: int = 0) -> Step:
    """Say what brings our comments *found* (oldest first) closer to one comment with the newest body.

    All runs agree to keep the oldest comment, so that none of them ever deletes what another one keeps; what a later
    run has written is neither edited nor deleted. *written* is the comment that was edited already: a forge may show
    its text a little differently.
    """
    if not found:
        return Create()
    first, *younger = found
    newest = max(found, key=lambda comment: (comment.order, -comment.id))
    if newest.order > order:
        stale = [comment for comment in younger if comment.order <= order]
        return Delete(stale[-1]) if stale else Done(newest, newer=True)
    if not same(first.body, body) and not (first.id == written and first.order == order_of(body)):
        return Edit(first)
    return Delete(younger[-1]) if younger else Done(first)


def order_of(body: str) -> tuple[int, int]:
    """Read (run number, attempt) from the state in *body*; (0, 0) where there is none that can be read."""
    state = decode(body)
    return (0, 0) if state is None else state.order


def same(left: str, right: str) -> bool:
    """Tell whether two bodies read the same: a forge may keep other line ends, and trims the text's ends."""
    return left.replace("\r\n", "\n").strip() == right.replace("\r\n", "\n").strip()
