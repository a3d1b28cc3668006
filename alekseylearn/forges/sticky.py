"""The one comment: which comments are ours, and the next step towards exactly one with the newest report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from alekseylearn.comment_state import bears_marker, decode, is_ours, is_running
from alekseylearn.text import plural

LONG = 300.0
"""Seconds of waiting after which a result is posted as a new comment."""


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
    """Take away a comment that another one of ours has replaced."""

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


def forged(comments: Sequence[Comment], pull: int, author: Author) -> tuple[str, ...]:
    """Say how many comments bear our marker on a line of its own and are not ours; nothing is ever done to them.

    Another account has written them, or the marker is another pull request's, or does not stand in the first line.
    """
    kept = {comment.id for comment in ours(comments, pull, author)}
    count = sum(comment.id not in kept and bears_marker(comment.body) for comment in comments)
    if not count:
        return ()
    told = f"{plural(count, 'comment')} with our marker {'is' if count == 1 else 'are'} not ours"
    return (f"comment.foreign: {told}: what others have written stays as it is",)


def next_step(found: Sequence[Comment], body: str, order: tuple[int, int], *, written: int = 0, after: int = 0) -> Step:
    """Say what brings our comments *found* (oldest first) closer to one comment with the newest body.

    All runs agree to keep the youngest comment of the latest run (of those without a state, the oldest), so that none
    of them ever deletes what another one keeps; what a later run has written is neither edited nor deleted. *written*
    is the comment that has the body already: a forge may show its text a little differently. A comment that is not
    younger than *after* is not edited: a new one takes its place, and the old one goes after that.
    """
    if not found:
        return Create()
    kept = max(found, key=rank)
    stale = [comment for comment in found if comment is not kept and comment.order <= order]
    if kept.order > order:
        return Delete(stale[0]) if stale else Done(kept, newer=True)
    if not same(kept.body, body) and not (kept.id == written and kept.order == order_of(body)):
        return Create() if kept.id <= after else Edit(kept)
    return Delete(stale[0]) if stale else Done(kept)


def rank(comment: Comment) -> tuple[tuple[int, int], int]:
    """Order our comments: the one that is kept comes last."""
    order = comment.order
    return order, comment.id if order > (0, 0) else -comment.id


def deserves_notice(standing: str | None, *, finished: bool, seconds: float) -> bool:
    """Tell whether a report is worth a comment of its own: an edit notifies nobody.

    It is one that ends a long wait (in seconds), or a wait of which no workflow knew when it would end, and whoever
    reads *standing*, our comment by now, still waits.
    """
    if not finished or standing is None or not is_running(standing):
        return False
    state = decode(standing)
    return seconds > LONG or (state is not None and bool(state.begun))


def order_of(body: str) -> tuple[int, int]:
    """Read (run number, attempt) from the state in *body*; (0, 0) where there is none that can be read."""
    state = decode(body)
    return (0, 0) if state is None else state.order


def same(left: str, right: str) -> bool:
    """Tell whether two bodies read the same: a forge may keep other line ends, and trims the text's ends."""
    return left.replace("\r\n", "\n").strip() == right.replace("\r\n", "\n").strip()
