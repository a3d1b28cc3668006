"""A store at hand before one that is far: what is far comes near when its files are needed, and is kept in both."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

from alekseylearn.errors import MachineError
from alekseylearn.jobs import Artifact, TrainingResult
from alekseylearn.stores.base import FarStore, Store, newest_first

T = TypeVar("T")


class LayeredStore:
    """*near* first, then *far*. Where *far* cannot be reached *warn* is told, and *near* goes on alone.

    For reading that is told once, and *far* counts as empty from then on.
    """

    def __init__(self, near: Store, far: FarStore, warn: Callable[[MachineError], None]) -> None:
        self._near = near
        self._far = far
        self._warn = warn
        self._unreachable = False

    def get(self, digest: str) -> TrainingResult | None:
        """Return the succeeded result of the identity *digest*, else None."""
        return self._near.get(digest) or self._ask(lambda: self._far.get(digest), None)

    def find(self, run: str) -> TrainingResult | None:
        """Return the result whose digest starts with *run*; one that succeeded, if either has such a one.

        Raises `UsageError` `run.unknown` or `InputError` `run.ambiguous`.
        """
        near = self._near.find(run)
        if near is not None and near.succeeded:
            return near
        return self._ask(lambda: self._far.find(run if near is None else near.digest), None) or near

    def put(self, result: TrainingResult, folder: Path, *, anew: bool = False) -> TrainingResult:
        """Keep *result* and its artifacts, which lie in *folder*, in both; return it as it is stored.

        The first succeeded result of a digest stays, in whichever it is, unless *anew*. Raises as *near* does; of what
        *far* refuses *warn* is told, and *near* has it.
        """
        known = None if anew else self._near.get(result.digest)
        if known is not None:
            return known
        try:
            kept = self._far.put(result, folder, anew=anew)
        except MachineError as error:
            # Where the files themselves cannot be read, near cannot keep them either.
            if error.slug == "store.failed":
                raise
            self._warn(error)
        else:
            if kept != result:
                # Somebody else's, and it stays: its files come when they are needed.
                return kept
        return self._near.put(result, folder, anew=anew)

    def path(self, digest: str) -> Path | None:
        """Return the local folder that holds the files of *digest*, which come near first; None without a result.

        Raises as both do, also where *far* has them and cannot be reached.
        """
        if self._near.get(digest) is None and self._ask(lambda: self._far.get(digest), None) is not None:
            with self._far.lend(digest) as lent:
                if lent is not None:
                    self._near.put(*lent)
        return self._near.path(digest)

    def near(self, digest: str) -> Path | None:
        """Return the folder that `path` would, where it is on this machine already."""
        return self._near.near(digest) or self._ask(lambda: self._far.near(digest), None)

    def chunks(self, result: TrainingResult, item: Artifact, start: int = 0) -> Generator[bytes, None, None]:
        """Read one file of *result* in blocks, from the byte *start* on, from the one that has this very result.

        Raises as both do, also where *far* has it and cannot be reached.
        """
        store = self._near if self._near.get(result.digest) == result else self._far
        return store.chunks(result, item, start)

    def list(self) -> tuple[TrainingResult, ...]:
        """Return all results of both, the newest first."""
        found = {result.digest: result for result in self._near.list()}
        nothing: tuple[TrainingResult, ...] = ()
        for result in self._ask(self._far.list, nothing):
            if result.digest not in found or not found[result.digest].succeeded:
                found[result.digest] = result
        return newest_first([*found.values()])

    def _ask(self, action: Callable[[], T], otherwise: T) -> T:
        """Ask *far*; *otherwise* where it cannot be reached."""
        if self._unreachable:
            return otherwise
        try:
            return action()
        except MachineError as error:
            self._unreachable = True
            self._warn(error)
            return otherwise
