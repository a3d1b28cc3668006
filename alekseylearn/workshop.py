"""What training works with: its edges, and what is known of a job while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from alekseylearn.backends.base import Backend
from alekseylearn.errors import MachineError
from alekseylearn.failed_runs import FailedRuns
from alekseylearn.jobs import JobHandle, JobState, TrainingResult
from alekseylearn.metrics import Metric
from alekseylearn.plan import TrainingJob
from alekseylearn.progressing import Course, EndedCell, Live, read_course
from alekseylearn.redaction import Redactor
from alekseylearn.stores.base import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a watcher is told while a job is under way: the state, and the log lines since the last time.

    *phase* says what goes on while the notebook itself does not run, *live* where the notebook is, and *ended* which of
    its cells have ended since the last time; *handle* is where the job is, and *backend* tells more of it.
    """

    job: TrainingJob
    state: JobState
    lines: tuple[str, ...]
    seconds: float
    phase: str
    handle: JobHandle
    backend: Backend
    live: Live | None = None
    ended: tuple[EndedCell, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The edges that training needs, given by the caller.

    *home* outlives the process; *connect* reaches the backend of a job, *equip* does so with the environment that the
    job trains in; *runtime* are the files of the runtime; *clock* is monotonic seconds, *now* Unix seconds.
    """

    home: Path
    store: Store
    connect: Callable[[TrainingJob], Backend]
    equip: Callable[[TrainingJob], Backend]
    runtime: Callable[[], dict[str, bytes]]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    watch: Callable[[Progress], None]
    now: Callable[[], float] = time.time
    redactor: Redactor = field(default_factory=Redactor)
    """Takes secrets out of what is kept and told."""

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

    def told(
        self, state: JobState, metrics: tuple[Metric, ...] = (), *, live: Live | None = None, seconds: float = 0.0
    ) -> TrainingResult:
        """Tell what is known of it by now: what it has measured, where it is, for how many seconds it goes on."""
        return TrainingResult(
            run=self.handle.digest[:12],
            digest=self.handle.digest,
            state=state,
            backend=self.handle.backend,
            metrics=metrics,
            seconds=seconds,
            name=self.name,
            machine=self.backend.machine,
            commit=self.commit,
            url=self.handle.url,
            phase=self.backend.phase(self.handle),
            live=live,
        )


def course_of(backend: Backend, handle: JobHandle, now: float) -> Course:
    """Ask how far a job has come by *now* (Unix seconds); a backend that cannot say is no error."""
    try:
        return read_course(backend.progress(handle), now)
    except MachineError:
        return Course()


def measured_by(backend: Backend, handle: JobHandle) -> tuple[Metric, ...] | None:
    """Ask for the metrics of a job that runs; None where its backend cannot say, which is no error."""
    try:
        return backend.metrics(handle)
    except MachineError:
        return None


def looked_at(found: UnderWay, state: JobState, now: float, *, seconds: float = 0.0) -> TrainingResult:
    """Tell what is known of a job that has run for *seconds* when it is asked *now* (Unix seconds)."""
    metrics = measured_by(found.backend, found.handle) or ()
    return found.told(state, metrics, live=course_of(found.backend, found.handle, now).live, seconds=seconds)


class Sight:
    """Looks how far one job has come, not more often than it is worth, and tells of each cell's end once."""

    SHARE = 20
    """A look that takes long is followed by as many times as long without one: they take less than 5 % of the time."""

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self._due = 0.0
        self._live: Live | None = None
        self._told = 0
        """The place of the last cell whose end was told of."""

    def look(self, backend: Backend, handle: JobHandle, *, ended: bool) -> tuple[Live | None, tuple[EndedCell, ...]]:
        """Return where the job is, and the cells that have ended since the last look; *ended*: this is the last one."""
        began = self.shop.clock()
        if began < self._due and not ended:
            return self._live, ()
        course = course_of(backend, handle, self.shop.now())
        after = self.shop.clock()
        self._due = after + self.SHARE * (after - began)
        self._live = course.live
        fresh = tuple(cell for cell in course.ended if cell.place > self._told)
        self._told = max((cell.place for cell in fresh), default=self._told)
        return self._live, fresh
