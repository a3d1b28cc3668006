"""Bring one training job to its result, from wherever it stands: first run, retry and collect are the same code."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from alekseylearn.backends.base import Backend
from alekseylearn.bundle import Bundle, pack
from alekseylearn.errors import LimitError, MachineError
from alekseylearn.failed_runs import FailedRuns
from alekseylearn.inputs import Tree
from alekseylearn.jobs import JobHandle, JobState, TrainingResult
from alekseylearn.plan import TrainingJob
from alekseylearn.results import read_result
from alekseylearn.stores.base import Store

Move = Literal["reuse", "submit", "wait", "collect", "leave"]
PATIENCE = 6.0
"""Seconds that a run which was asked to stop may take to save what it has, before we leave it alone."""


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


def next_move(*, stored: bool, state: JobState | None, ours: bool, may_submit: bool) -> Move:
    """Choose what to do about a job, from what is seen and nothing else.

    *state* is the backend's word (None: it knows no such job), *ours* says that this process has submitted it. Who may
    not submit does not wait either: a job that still runs is left alone.
    """
    if stored:
        return "reuse"
    if state is None:
        return "submit" if may_submit else "leave"
    if not state.ended:
        return "wait" if may_submit else "leave"
    if ours or state is JobState.SUCCEEDED or not may_submit:
        return "collect"
    return "submit"


def reconcile(
    job: TrainingJob, tree: Tree, shop: Workshop, *, commit: str, may_submit: bool = True, force: bool = False
) -> TrainingResult | None:
    """Bring *job* to its result; None when there is none and none may be started.

    Who may not submit gets the last failure, if there is one: it has been brought home before. Raises what the backend
    raises; `KeyboardInterrupt` stops the job, keeps what it has and is raised again as `StoppedError`.
    """
    stored = None if force else shop.store.get(job.digest)
    if next_move(stored=stored is not None, state=None, ours=False, may_submit=may_submit) == "reuse":
        return stored
    backend = shop.connect(job)
    handle = backend.find(job.digest)
    if force and handle is not None and backend.poll(handle).ended:
        backend.discard(handle)
        handle = None
    bundle, ours, started, cursor = "", False, shop.clock(), ""
    try:
        while True:
            state = None if handle is None else backend.poll(handle)
            if state is JobState.LOST and (stored := shop.store.get(job.digest)) is not None:
                # Another process was faster: it has brought the result home and cleared the job away.
                return stored
            move = next_move(stored=False, state=state, ours=ours, may_submit=may_submit)
            if move == "submit":
                backend = shop.equip(job)
                packed = make_bundle(job, tree, shop.runtime())
                bundle, ours = packed.digest, True
                handle = backend.submit(packed, name=job.name, digest=job.digest)
                continue
            if handle is None or state is None or move == "leave":
                return None if handle is not None else shop.failed.get(job.digest)
            chunk = backend.logs(handle, cursor)
            cursor = chunk.cursor
            waited = shop.clock() - started
            shop.watch(
                Progress(
                    job=job,
                    state=state,
                    lines=chunk.lines,
                    seconds=waited,
                    phase=backend.phase(handle),
                    handle=handle,
                    backend=backend,
                )
            )
            if move == "collect":
                return bring_home(backend, handle, shop, name=job.name, commit=commit, bundle=bundle, anew=force)
            # A job that we have waited for is ours, whoever submitted it: if it fails, it is not started once more.
            ours = True
            shop.sleep(backend.pause(waited))
    except KeyboardInterrupt:
        # A second one, while the request to stop is under way, ends us at once.
        kept = None if handle is None or backend.leaves else stop_job(backend, handle, shop, name=job.name, commit=commit, bundle=bundle)
        raise StoppedError(kept) from None


class StoppedError(LimitError):
    """A person or the runner interrupted the training; `result` is what the job left, if anything."""

    def __init__(self, result: TrainingResult | None) -> None:
        self.result = result
        super().__init__(
            "run.stopped", "the run was interrupted; what it had was kept", hint="start it again: it goes on from here"
        )


def stop(job: TrainingJob, shop: Workshop, *, commit: str) -> TrainingResult | None:
    """Stop *job* if it runs and may be stopped, wherever an earlier process has left it; return what it had."""
    backend = shop.connect(job)
    handle = backend.find(job.digest)
    if handle is None or backend.leaves or backend.poll(handle).ended:
        return None
    return stop_job(backend, handle, shop, name=job.name, commit=commit)


def launch(job: TrainingJob, tree: Tree, shop: Workshop, *, commit: str) -> TrainingResult:
    """Start *job* unless it runs or has a result, and leave it alone: a result in the state RUNNING is none yet."""
    stored = shop.store.get(job.digest)
    if stored is not None:
        return stored
    backend = shop.connect(job)
    handle = backend.find(job.digest)
    state = None if handle is None else backend.poll(handle)
    move = next_move(stored=False, state=state, ours=False, may_submit=True)
    if handle is not None and move == "collect":
        return bring_home(backend, handle, shop, name=job.name, commit=commit)
    if move == "submit":
        shop.equip(job).submit(make_bundle(job, tree, shop.runtime()), name=job.name, digest=job.digest)
    return TrainingResult(
        run=job.run, digest=job.digest, state=JobState.RUNNING, backend=job.backend, name=job.name, commit=commit
    )


def make_bundle(job: TrainingJob, tree: Tree, runtime: Mapping[str, bytes]) -> Bundle:
    """Pack *job* with the *runtime* and the files that its slice needs, as *tree* has them."""
    names = (*job.inputs.modules, *job.inputs.data)
    return pack(job, runtime, {name: tree.read(name) for name in names})


def stop_job(
    backend: Backend,
    handle: JobHandle,
    shop: Workshop,
    *,
    name: str,
    commit: str = "",
    bundle: str = "",
    patience: float = PATIENCE,
) -> TrainingResult | None:
    """Ask a job to stop and bring home what it had; None when it has not ended after *patience* seconds."""
    backend.cancel(handle)
    end = shop.clock() + patience
    while not backend.poll(handle).ended:
        if shop.clock() > end:
            return None
        shop.sleep(backend.pause(0.0))
    return bring_home(backend, handle, shop, name=name, commit=commit, bundle=bundle)


def bring_home(
    backend: Backend,
    handle: JobHandle,
    shop: Workshop,
    *,
    name: str,
    commit: str = "",
    bundle: str = "",
    anew: bool = False,
) -> TrainingResult:
    """Bring the files of an ended job home; a result that succeeded is stored before the backend may forget it.

    *name* is the model's, *commit* and *bundle* are what the job was made of, as far as it is known; *anew* says that
    it was trained again on purpose. Raises `MachineError`, unless another process has brought the job home already.
    """
    state = backend.poll(handle)
    incoming = shop.home / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    # Two processes may collect the same job at once: each into a folder of its own.
    own = Path(tempfile.mkdtemp(dir=incoming, prefix=f"{handle.digest[:12]}-"))
    folder = own / "job"
    try:
        backend.collect(handle, folder)
        read = read_result(
            folder, handle, backend=handle.backend, state=state, machine=backend.machine, commit=commit, bundle=bundle
        )
        result = _keep(replace(read, name=name, machine=backend.machine), shop, folder, anew=anew)
    except MachineError as error:
        gone = error.slug == "run.gone"
        known = shop.store.get(handle.digest) or (shop.failed.get(handle.digest) if gone else None)
        if known is None:
            raise
        return known
    finally:
        shutil.rmtree(own, ignore_errors=True)
    backend.discard(handle)
    return result


def _keep(result: TrainingResult, shop: Workshop, folder: Path, *, anew: bool) -> TrainingResult:
    """Put *result* with its *folder* where it stays: the store, or among those that did not succeed."""
    if not result.succeeded:
        shop.failed.put(result, folder)
        return result
    shop.failed.remove(result.run)
    return shop.store.put(result, folder, anew=anew)
