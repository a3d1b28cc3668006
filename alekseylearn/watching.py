"""Look after runs from any later process: find them by the beginning of their id, follow them, bring them home."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from alekseylearn.backends.base import Backend
from alekseylearn.bundle import GRACE
from alekseylearn.collected import log_lines
from alekseylearn.config import BackendName
from alekseylearn.errors import InputError, MachineError, UsageError
from alekseylearn.jobs import JobState, SubmittedJob, TrainingResult
from alekseylearn.progressing import Live
from alekseylearn.training import UnderWay, Workshop, bring_home, stop_jobs
from alekseylearn.workshop import Sight, course_of

PATIENCE = GRACE + 15.0
"""Seconds that a job which was asked to stop has to save what it has, and its machine to notice."""
_RUN = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A job that a backend holds: it runs, or nobody has brought it home yet."""

    backend: Backend
    job: SubmittedJob
    state: JobState

    @property
    def digest(self) -> str:
        """The identity that is trained."""
        return self.job.handle.digest


Found = Held | TrainingResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """Where runs are looked for: the results here, and backends.

    Those *asked* for must be reachable; *likely* ones are passed over where they are not; *last* are asked only about
    a run that is nowhere else.
    """

    shop: Workshop
    connect: Callable[[BackendName], Backend]
    asked: tuple[BackendName, ...] = ()
    likely: tuple[BackendName, ...] = ()
    last: tuple[BackendName, ...] = ()

    def held(self) -> tuple[Held, ...]:
        """List the jobs that backends hold, the newest first; raises `MachineError` where one was asked for."""
        asked = [one for name in self.asked for one in self._held(name)]
        return tuple(sorted([*asked, *self._likely(self.likely, [])], key=lambda one: one.job.submitted, reverse=True))

    def find(self, run: str) -> Found:
        """Find the run whose id begins with *run*: the job that a backend holds, else its result.

        Raises `UsageError` (`run.unknown`, `usage.run`), `InputError` `run.ambiguous`, and `MachineError` where a
        backend that was asked for cannot be reached.
        """
        if not _RUN.fullmatch(run):
            raise UsageError("run.unknown", f"{run[:80]!r} is no run", hint="name at least 4 hex digits of a run id")
        missed: list[str] = []
        asked = [one for name in self.asked for one in self._held(name)]
        # Where two backends hold the same training, one may have ended long ago.
        held = sorted([*asked, *self._likely(self.likely, missed)], key=lambda one: one.state.ended)
        found = _matching(run, [*held, *self._results()])
        if not found:
            found = _matching(run, self._likely(self.last, missed))
        if len(found) > 1:
            told = ", ".join(digest[:12] for digest in list(found)[:4])
            raise InputError(
                "run.ambiguous", f"{run} stands for {len(found)} runs", where=told, hint="name more digits"
            )
        if not found:
            where = f"{'; '.join(missed)}" if missed else ""
            raise UsageError(
                "usage.run", f"there is no run {run!r}", where=where, hint="`alekseylearn runs` lists them"
            )
        return next(iter(found.values()))

    def result(self, digest: str) -> TrainingResult | None:
        """Return how the identity *digest* ended last, as it was brought home."""
        return next((result for result in self._results() if result.digest == digest), None)

    def _results(self) -> list[TrainingResult]:
        results = [*self.shop.store.list(), *self.shop.failed.list()]
        return sorted(results, key=lambda result: result.finished, reverse=True)

    def _held(self, name: BackendName) -> list[Held]:
        backend = self.connect(name)
        return [Held(backend=backend, job=job, state=job.state or backend.poll(job.handle)) for job in backend.jobs()]

    def _likely(self, names: Iterable[BackendName], missed: list[str]) -> list[Held]:
        """List what those backends hold that can be reached; why others cannot goes into *missed*."""
        found = []
        for name in names:
            try:
                found += self._held(name)
            except MachineError as error:
                missed.append(f"{name} was not asked: {error.what}")
        return found


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: its state, and the exception that ended it, where one did."""

    state: JobState
    exception: str = ""

    @classmethod
    def of(cls, result: TrainingResult) -> Ending:
        """Say how a run ended that was brought home."""
        return cls(result.state, "" if result.failure is None else result.failure.exception)


def follow(
    held: Held,
    lookout: Lookout,
    tell: Callable[[Iterable[str]], None],
    show: Callable[[Live | None], None] = lambda _: None,
) -> Ending:
    """Give *tell* every line of the job's log once, and *show* where it is, until it ends; return how.

    Another process may bring it home meanwhile: the rest is then read from what it has kept.
    """
    backend, handle, shop = held.backend, held.job.handle, lookout.shop
    started, cursor, count, sight = shop.clock(), "", 0, Sight(shop)
    while True:
        state = backend.poll(handle)
        chunk = backend.logs(handle, cursor)
        cursor, count = chunk.cursor, count + len(chunk.lines)
        tell(chunk.lines)
        if state.ended:
            break
        show(None if state is JobState.QUEUED else sight.look(backend, handle, ended=False)[0])
        shop.sleep(backend.pause(shop.clock() - started))
    show(None)
    result = None if backend.find(handle.digest) else lookout.result(handle.digest)
    if result is None:
        return Ending(state, course_of(backend, handle, shop.now()).failure)
    tell(islice(kept_log(result, shop), count, None))
    return Ending.of(result)


def kept_log(result: TrainingResult, shop: Workshop) -> Iterator[str]:
    """Yield the lines of the log of a run that was brought home."""
    return log_lines(shop.folder(result))


def settle(held: Held, lookout: Lookout) -> TrainingResult:
    """Bring an ended job home; raises what the backend raises."""
    stored = lookout.shop.store.get(held.digest)
    # A result that is older than the job: somebody has trained it again on purpose.
    anew = stored is not None and stored.finished < held.job.submitted
    return bring_home(held.backend, held.job.handle, lookout.shop, name=held.job.name, anew=anew)


def stop_run(held: Held, lookout: Lookout) -> TrainingResult | None:
    """Ask a job to stop, wait until it has, and bring home what it left; None when it takes longer than it may."""
    found = UnderWay(backend=held.backend, handle=held.job.handle, name=held.job.name)
    return stop_jobs([lambda: found], lookout.shop, patience=PATIENCE)[0][1]


def _matching(run: str, found: Iterable[Found]) -> dict[str, Found]:
    """Pick those whose id begins with *run*, the first of each identity."""
    matching: dict[str, Found] = {}
    for one in found:
        if one.digest.startswith(run):
            matching.setdefault(one.digest, one)
    return matching
