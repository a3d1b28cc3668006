"""How jobs end: they are stopped, all at once where there are several, and what they left is brought home."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from alekseylearn import landmarks
from alekseylearn.backends.base import Backend
from alekseylearn.collected import read_plain
from alekseylearn.disk import refusal, scratch, sweep
from alekseylearn.errors import AlekseylearnError, LimitError, MachineError
from alekseylearn.jobs import JobHandle, JobState, TrainingResult
from alekseylearn.judging import stopping
from alekseylearn.plan import TrainingJob
from alekseylearn.purging import purge, warning_of
from alekseylearn.results import RESULT, read_result
from alekseylearn.workshop import UnderWay, Workshop

Find = Callable[[], UnderWay | None]
"""Finds a job that is to be stopped; None where there is none, or it may not be."""
PATIENCE = 3.0
"""Seconds that a run which was asked to stop may take to save what it has, before we leave it alone: a runner that
cancels waits 7.5 s for a step (actions/runner, ProcessInvoker.cs), and there is a comment to write, too."""
ASKED = "it was asked to stop, and saves what it has"


class StoppedError(LimitError):
    """A person or the runner interrupted the training.

    *result* is what the job left, if anything; *pending* says that the job itself has not ended yet: it goes on, since
    its backend leaves it, or it saves what it has.
    """

    def __init__(self, result: TrainingResult | None, *, pending: bool = False, hint: str = "") -> None:
        self.result = result
        self.pending = pending
        super().__init__(
            "run.stopped",
            "the run was interrupted; what it had was kept",
            hint=hint or "start it again: it goes on from here",
        )


def interrupted(begun: Callable[[], UnderWay | None], shop: Workshop) -> StoppedError:
    """Stop the job that was *begun*, if one was and its backend does not leave jobs alone; say what became of it."""
    found = None
    try:
        found = begun()
        if found is None or found.backend.leaves:
            return StoppedError(None if found is None else found.told(JobState.RUNNING), pending=found is not None)
        ((_, kept),) = stop_jobs([lambda: found], shop)
    except AlekseylearnError as error:
        hint = f"{error.what}; `alekseylearn runs` tells what became of the job"
        return StoppedError(None if found is None else found.told(JobState.RUNNING), pending=True, hint=hint)
    return StoppedError(kept or stopping(found.told(JobState.RUNNING), ASKED), pending=kept is None)


def running(job: TrainingJob, shop: Workshop, *, commit: str) -> UnderWay | None:
    """Find *job* where an earlier process has left it; None where it does not run, or may not be stopped."""
    backend = shop.connect(job)
    handle = backend.find(job.digest)
    if handle is None or backend.leaves or backend.poll(handle).ended:
        return None
    return UnderWay(backend=backend, handle=handle, name=job.name, commit=commit)


def stop(job: TrainingJob, shop: Workshop, *, commit: str) -> TrainingResult | None:
    """Stop *job* if it runs and may be stopped, wherever an earlier process has left it; return what it had."""
    return next((kept for _, kept in stop_jobs([partial(running, job, shop, commit=commit)], shop)), None)


def ask_to_stop(finds: Sequence[Find]) -> list[UnderWay]:
    """Ask the jobs that *finds* find to stop, all at once, and return those that were asked.

    Raises the first error (of ours) of one that could not be asked, after all others were.
    """
    asked, failed = _ask(finds)
    if failed:
        raise failed[0]
    return asked


def stop_jobs(
    finds: Sequence[Find],
    shop: Workshop,
    *,
    patience: float = PATIENCE,
    tell: Callable[[UnderWay, TrainingResult | None], None] = lambda *_: None,
) -> list[tuple[UnderWay, TrainingResult | None]]:
    """Ask the jobs that *finds* find to stop, all at once, and bring home what each had; None for one that takes long.

    All of them together have *patience* seconds; *tell* hears what became of each. Raises the first error (of ours) of
    one that could not be asked, after all others were seen to.
    """
    asked, failed = _ask(finds)
    end = shop.clock() + patience
    seen = []
    for one in asked:
        kept = _ended_by(one, shop, end)
        tell(one, kept)
        seen.append((one, kept))
    if failed:
        raise failed[0]
    return seen


def _ask(finds: Sequence[Find]) -> tuple[list[UnderWay], list[AlekseylearnError]]:
    asked: list[UnderWay] = []
    failed: list[AlekseylearnError] = []

    def ask(find: Find) -> None:
        try:
            one = find()
            if one is not None:
                one.backend.cancel(one.handle)
                asked.append(one)
        except AlekseylearnError as error:
            failed.append(error)

    # A thread does not keep a process that is told to end from ending.
    asking = [threading.Thread(target=ask, args=(find,), daemon=True) for find in finds[1:]]
    for thread in asking:
        thread.start()
    for find in finds[:1]:
        ask(find)
    for thread in asking:
        thread.join()
    return asked, failed


def _ended_by(one: UnderWay, shop: Workshop, end: float) -> TrainingResult | None:
    """Wait for the end of *one* until *end*, and bring it home."""
    while not one.backend.poll(one.handle).ended:
        if shop.clock() > end:
            return None
        shop.sleep(one.backend.pause(0.0))
    return bring_home(one.backend, one.handle, shop, name=one.name, commit=one.commit, bundle=one.bundle)


def forget(job: TrainingJob, shop: Workshop) -> None:
    """Have the backend forget *job* where it has ended: all that it left is at home, and was told."""
    backend = shop.connect(job)
    handle = backend.find(job.digest)
    if handle is not None:
        backend.discard(handle)


def tidy(jobs: Iterable[TrainingJob], shop: Workshop) -> None:
    """Clear away what processes left that were killed: files on their way, and jobs whose results are at home.

    Nothing is touched that a living process works with.
    """
    for folder in shop.home.glob("*"):
        sweep(folder)
    for job in jobs:
        folder = shop.home / "runs" / job.run
        stored = shop.store.get(job.digest) if folder.is_dir() else None
        if stored is not None and _finished(folder) == stored.finished:
            with suppress(AlekseylearnError):
                forget(job, shop)


def _finished(folder: Path) -> float | None:
    """Return when the job in *folder* has ended, as it says itself."""
    try:
        return float(json.loads(read_plain(folder / RESULT, 2**24) or b"")["finished"])
    except (ValueError, KeyError, TypeError):
        return None


def bring_home(
    backend: Backend,
    handle: JobHandle,
    shop: Workshop,
    *,
    name: str,
    commit: str = "",
    bundle: str = "",
    anew: bool = False,
    discarding: bool = True,
) -> TrainingResult:
    """Bring the files of an ended job home; a result that succeeded is stored before the backend may forget it.

    *name* is the model's, *commit* and *bundle* are what the job was made of, as far as it is known; *anew* says that
    it was trained again on purpose; *discarding* false leaves the job with its backend. Raises `MachineError`, unless
    another process has brought the job home already.
    """
    state = backend.poll(handle)
    try:
        # Two processes may collect the same job at once: each into a folder of its own.
        with scratch(shop.home / "incoming", "job-") as own:
            folder = own / "job"
            backend.collect(handle, folder)
            landmarks.passed("files.collected")
            hidden = purge(folder, shop.redactor)
            read = read_result(
                folder,
                handle,
                backend=handle.backend,
                state=state,
                machine=backend.machine,
                commit=commit,
                bundle=bundle,
            )
            landmarks.passed("result.read")
            told = (*read.warnings, *warning_of(hidden))
            named = replace(read, name=name, machine=backend.machine, url=handle.url, warnings=told)
            result = _keep(named, shop, folder, anew=anew)
            landmarks.passed("result.kept")
    except OSError as error:
        raise refusal(error) or error from None
    except MachineError as error:
        gone = error.slug == "run.gone"
        # Where a new one is wanted, an old one is no answer.
        known = None if anew and not gone else shop.store.get(handle.digest)
        known = known or (shop.failed.get(handle.digest) if gone else None)
        if known is None:
            raise
        return known
    if discarding:
        backend.discard(handle)
        landmarks.passed("job.discarded")
    return result


def _keep(result: TrainingResult, shop: Workshop, folder: Path, *, anew: bool) -> TrainingResult:
    """Put *result* with its *folder* where it stays: the store, or among those that did not succeed."""
    if not result.succeeded:
        shop.failed.put(result, folder)
        return result
    kept = shop.store.put(result, folder, anew=anew)
    shop.failed.remove(result.run)
    return kept
