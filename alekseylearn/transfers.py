"""Something large on its way: how far it has come."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How far something large has come, in bytes; *total* is 0 while nobody knows it."""

    name: str
    done: int
    total: int


def unwatched(_: Transfer) -> None:
    """Tell nobody."""
