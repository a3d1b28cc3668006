"""What training works with: its edges, and what is known of a job while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alekseylearn.backends.base import Backend
from alekseylearn.failed_runs import FailedRuns
from alekseylearn.jobs import JobHandle, JobState, TrainingResult
from alekseylearn.metrics import Metric
from alekseylearn.plan import TrainingJob
from alekseylearn.stores.base import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a watcher is told while a job is under way: the state, and the log lines since the last time.

    *phase* says what goes on while the notebook itself does not run; *handle* is where the job is, and *backend* tells
    more of it.
    """

    job: TrainingJob
    state: JobState
    lines: tuple[str, ...]
    seconds: float
    phase: str
    handle: JobHandle
    backend: Backend


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The edges that training needs, given by the caller.

    *home* outlives the process; *connect* reaches the backend of a job, *equip* does so with the environment that the
    job trains in; *runtime* are the files of the runtime; *clock* is monotonic seconds.
    """

    home: Path
    store: Store
    connect: Callable[[TrainingJob], Backend]
    equip: Callable[[TrainingJob], Backend]
    runtime: Callable[[], dict[str, bytes]]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    watch: Callable[[Progress], None]

    @property
    def failed(self) -> FailedRuns:
        """What runs left that did not succeed."""
        return FailedRuns(self.home / "failed")

    def folder(self, result: TrainingResult) -> Path:
        """Return where the files of *result* lie."""
        stored = self.store.path(result.digest) if result.succeeded else None
        return stored or self.failed.folder(result.run)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """A job that goes on: where it is, and what it was made of as far as that is known."""

    backend: Backend
    handle: JobHandle
    name: str
    commit: str = ""
    bundle: str = ""

    def stoppable(self) -> UnderWay | None:
        """Return it, unless its backend leaves jobs alone."""
        return None if self.backend.leaves else self

    def told(self, state: JobState, metrics: tuple[Metric, ...] = ()) -> TrainingResult:
        """Tell what is known of it by now."""
        return TrainingResult(
            run=self.handle.digest[:12],
            digest=self.handle.digest,
            state=state,
            backend=self.handle.backend,
            metrics=metrics,
            name=self.name,
            machine=self.backend.machine,
            commit=self.commit,
            url=self.handle.url,
            phase=self.backend.phase(self.handle),
        )
