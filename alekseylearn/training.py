"""Bring one training job to its result, from wherever it stands: first run, retry and collect are the same code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from alekseylearn.backends.base import Backend
from alekseylearn.bundle import Bundle, pack
from alekseylearn.endings import StoppedError, bring_home, forget, interrupted, running, stop, stop_jobs
from alekseylearn.inputs import Tree
from alekseylearn.jobs import JobHandle, JobState, TrainingResult
from alekseylearn.plan import TrainingJob
from alekseylearn.workshop import Progress, Sight, UnderWay, Workshop, looked_at

__all__ = [
    "Progress",
    "StoppedError",
    "UnderWay",
    "Workshop",
    "bring_home",
    "forget",
    "launch",
    "make_bundle",
    "next_move",
    "reconcile",
    "running",
    "stop",
    "stop_jobs",
]

Move = Literal["reuse", "submit", "wait", "collect", "leave"]


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

    Who may not submit does not wait either: a job that goes on is told in the state QUEUED or RUNNING, one that ended
    badly stays with its backend until somebody calls `forget`, and where there is no job the last failure is told.
    Raises what the backend raises; `KeyboardInterrupt` stops the job, keeps what it has and is raised again as
    `StoppedError`.
    """
    stored = None if force else shop.store.get(job.digest)
    if next_move(stored=stored is not None, state=None, ours=False, may_submit=may_submit) == "reuse":
        return stored
    backend = shop.connect(job)
    handle = backend.find(job.digest)
    if not may_submit:
        return _as_it_stands(job, backend, handle, shop, commit=commit)
    if force and handle is not None and backend.poll(handle).ended:
        backend.discard(handle)
        handle = None
    bundle, ours, started, cursor, sight = "", False, shop.clock(), "", Sight(shop)

    def begun() -> UnderWay | None:
        # The job may have been made although nobody could tell us.
        there = backend.find(job.digest) if handle is None and ours else handle
        if there is None:
            return None
        return UnderWay(backend=backend, handle=there, name=job.name, commit=commit, bundle=bundle)

    try:
        while True:
            state = None if handle is None else backend.poll(handle)
            if state is JobState.LOST and (stored := shop.store.get(job.digest)) is not None:
                # Another process was faster: it has brought the result home and cleared the job away.
                return stored
            move = next_move(stored=False, state=state, ours=ours, may_submit=True)
            if handle is None or state is None or move == "submit":
                backend = shop.equip(job)
                packed = make_bundle(job, tree, shop.runtime())
                bundle, ours, handle = packed.digest, True, None
                handle = backend.submit(packed, name=job.name, digest=job.digest)
                continue
            waited = shop.clock() - started
            cursor = _tell(job, backend, handle, state, sight, cursor=cursor, waited=waited)
            if move == "collect":
                return bring_home(backend, handle, shop, name=job.name, commit=commit, bundle=bundle, anew=force)
            # A job that we have waited for is ours, whoever submitted it: if it fails, it is not started once more.
            ours = True
            shop.sleep(backend.pause(waited))
    except KeyboardInterrupt:
        # A second one, while the request to stop is under way, ends us at once.
        raise interrupted(begun, shop) from None


def _tell(
    job: TrainingJob,
    backend: Backend,
    handle: JobHandle,
    state: JobState,
    sight: Sight,
    *,
    cursor: str,
    waited: float,
) -> str:
    """Tell the watcher where *job* stands and what it has printed since *cursor*; return the next cursor."""
    chunk = backend.logs(handle, cursor)
    queued = state is JobState.QUEUED
    live, ended = (None, ()) if queued else sight.look(backend, handle, ended=state.ended)
    progress = Progress(
        job=job,
        state=state,
        lines=chunk.lines,
        seconds=waited,
        phase=backend.phase(handle),
        handle=handle,
        backend=backend,
        live=live,
        ended=ended,
    )
    sight.shop.watch(progress)
    return chunk.cursor


def _as_it_stands(
    job: TrainingJob, backend: Backend, handle: JobHandle | None, shop: Workshop, *, commit: str
) -> TrainingResult | None:
    """Tell where *job* stands, and bring home what has ended."""
    state = None if handle is None else backend.poll(handle)
    if handle is None or state is None:
        return shop.failed.get(job.digest)
    if not state.ended:
        found = UnderWay(backend=backend, handle=handle, name=job.name, commit=commit)
        return found.told(state) if state is JobState.QUEUED else looked_at(found, state, shop.now())
    return bring_home(backend, handle, shop, name=job.name, commit=commit, discarding=state is JobState.SUCCEEDED)


def launch(
    job: TrainingJob,
    tree: Tree,
    shop: Workshop,
    *,
    commit: str,
    begun: Callable[[UnderWay], None] = lambda _: None,
) -> TrainingResult:
    """Start *job* unless it runs or has a result, and leave it alone: a result in the state RUNNING is none yet.

    *begun* hears at once of a job that was started.
    """
    stored = shop.store.get(job.digest)
    if stored is not None:
        return stored
    backend = shop.connect(job)
    handle = backend.find(job.digest)
    state = None if handle is None else backend.poll(handle)
    move = next_move(stored=False, state=state, ours=False, may_submit=True)
    if handle is not None and move == "collect":
        return bring_home(backend, handle, shop, name=job.name, commit=commit)
    if handle is not None and state is not None and move == "wait":
        return UnderWay(backend=backend, handle=handle, name=job.name, commit=commit).told(state)
    backend = shop.equip(job)
    packed = make_bundle(job, tree, shop.runtime())
    handle = backend.submit(packed, name=job.name, digest=job.digest)
    found = UnderWay(backend=backend, handle=handle, name=job.name, commit=commit, bundle=packed.digest)
    begun(found)
    return found.told(JobState.RUNNING)


def make_bundle(job: TrainingJob, tree: Tree, runtime: Mapping[str, bytes]) -> Bundle:
    """Pack *job* with the *runtime* and the files that its slice needs, as *tree* has them."""
    names = (*job.inputs.modules, *job.inputs.data)
    return pack(job, runtime, {name: tree.read(name) for name in names})
