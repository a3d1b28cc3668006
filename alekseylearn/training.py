"""Bring one training job to its result, from wherever it stands: first run, retry, resume and collect are one code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, assert_never

from alekseylearn import landmarks
from alekseylearn.backends.base import Backend
from alekseylearn.bundle import Bundle, pack
from alekseylearn.endings import StoppedError, bring_home, forget, interrupted, running, stop, stop_jobs, tidy
from alekseylearn.inputs import Tree
from alekseylearn.jobs import JobHandle, JobState, TrainingResult
from alekseylearn.plan import TrainingJob
from alekseylearn.workshop import Progress, Sight, UnderWay, Workshop, looked_at

__all__ = [
    "Aim",
    "Progress",
    "StoppedError",
    "UnderWay",
    "Workshop",
    "bring_home",
    "forget",
    "make_bundle",
    "next_move",
    "reconcile",
    "running",
    "stop",
    "stop_jobs",
    "tidy",
]

Aim = Literal["result", "start", "look"]
"""How far a job is to be brought: to its result; until it has started; no further than it is."""
Move = Literal["reuse", "submit", "wait", "collect", "leave"]


def next_move(*, stored: bool, state: JobState | None, ours: bool, aim: Aim) -> Move:
    """Choose what to do about a job, from what is seen and nothing else.

    *state* is the backend's word (None: it knows no such job), *ours* says that this process has submitted it, or has
    waited for it.
    """
    if stored:
        return "reuse"
    if state is None:
        return "leave" if aim == "look" else "submit"
    if not state.ended:
        return "wait" if aim == "result" else "leave"
    if ours or state is JobState.SUCCEEDED or aim == "look":
        return "collect"
    return "submit"


def reconcile(
    job: TrainingJob,
    tree: Tree,
    shop: Workshop,
    *,
    commit: str,
    aim: Aim = "result",
    force: bool = False,
    begun: Callable[[UnderWay], None] = lambda _: None,
) -> TrainingResult | None:
    """Bring *job* as far as *aim* says; None when there is no result and none may be started.

    Each round looks at the world (the store, the backend's job) and makes the one move that what it sees asks for:
    nothing is remembered of an earlier process, so one that died anywhere is gone on from by calling this again.
    A job that goes on is told in the state QUEUED or RUNNING. To who only looks, where there is no job, the last
    failure is told, and one that ended badly stays with its backend until somebody calls `forget`. *begun* hears at
    once of a job that was started and is not waited for.
    Raises what the backend raises; `KeyboardInterrupt` stops a job that is waited for, keeps what it has and is raised
    again as `StoppedError`.
    """
    way = _Way(job=job, tree=tree, shop=shop, commit=commit, aim=aim, force=force)
    try:
        while True:
            seen = way.observe()
            match next_move(stored=seen.stored is not None, state=seen.state, ours=way.ours, aim=aim):
                case "reuse":
                    return seen.stored
                case "submit":
                    started = way.submit()
                    if aim == "start":
                        begun(started)
                        return started.told(JobState.RUNNING)
                case "wait":
                    way.wait(seen)
                case "collect":
                    return way.collect(seen)
                case "leave":
                    return way.as_it_stands(seen)
                case move:
                    assert_never(move)
    except KeyboardInterrupt:
        if aim != "result":
            raise
        # A second one, while the request to stop is under way, ends us at once.
        raise interrupted(way.under_way, shop) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What there is of a job: its result, else where it stands; without *there* its backend knows no such job."""

    stored: TrainingResult | None = None
    there: UnderWay | None = None
    state: JobState | None = None


@dataclass(slots=True, kw_only=True)
class _Way:
    """One job on its way: how to look at it, and the moves that there are."""

    job: TrainingJob
    tree: Tree
    shop: Workshop
    commit: str
    aim: Aim
    force: bool
    ours: bool = False
    _old: TrainingResult | None = None
    """The result that there was before, where a new one is wanted."""
    _backend: Backend | None = None
    _handle: JobHandle | None = None
    _bundle: str = ""
    _cursor: str = ""
    _since: float = 0.0
    _sight: Sight | None = None

    def observe(self) -> _Seen:
        """Look at the store, and at the job where the store has no result."""
        if self._backend is None:
            self._old = self.shop.store.get(self.job.digest)
            if self._old is not None and not self.force:
                return _Seen(stored=self._old)
            self._begin()
        there = self._there(self._handle)
        state = None if there is None else there.backend.poll(there.handle)
        if state is JobState.LOST and (stored := self.shop.store.get(self.job.digest)) != self._old:
            # Another process was faster: it has brought the result home and cleared the job away.
            return _Seen(stored=stored)
        if state is not None and state.ended:
            landmarks.passed("job.ended")
        return _Seen(there=there, state=state)

    def submit(self) -> UnderWay:
        """Start the job, or adopt the one that somebody else has started meanwhile."""
        self._backend = self.shop.equip(self.job)
        packed = make_bundle(self.job, self.tree, self.shop.runtime())
        self._bundle, self.ours, self._handle = packed.digest, True, None
        self._handle = self._backend.submit(packed, name=self.job.name, digest=self.job.digest)
        landmarks.passed("job.submitted")
        return self._at(self._backend, self._handle)

    def wait(self, seen: _Seen) -> None:
        """Tell where the job stands, and wait a while."""
        waited = self._tell(seen)
        # A job that we have waited for is ours, whoever submitted it: if it fails, it is not started once more.
        self.ours = True
        if seen.there is not None:
            self.shop.sleep(seen.there.backend.pause(waited))

    def collect(self, seen: _Seen) -> TrainingResult | None:
        """Bring home what an ended job left."""
        there = seen.there
        if there is None:
            return None
        if self.aim == "result":
            self._tell(seen)
        return bring_home(
            there.backend,
            there.handle,
            self.shop,
            name=there.name,
            commit=there.commit,
            bundle=there.bundle,
            anew=self.force,
            # Who only looks leaves one that ended badly where it is until it was told of.
            discarding=self.aim != "look" or seen.state is JobState.SUCCEEDED,
        )

    def as_it_stands(self, seen: _Seen) -> TrainingResult | None:
        """Tell where a job stands that we leave alone; without one, how the last one failed."""
        there, state = seen.there, seen.state
        if there is None or state is None:
            return self.shop.failed.get(self.job.digest)
        if self.aim == "start" or state is JobState.QUEUED:
            return there.told(state)
        return looked_at(there, state, self.shop.now())

    def under_way(self) -> UnderWay | None:
        """Find the job that an interruption has to stop: it may have been made although nobody could tell us."""
        if self._backend is None:
            return None
        return self._there(self._backend.find(self.job.digest) if self._handle is None and self.ours else self._handle)

    def _begin(self) -> None:
        """Reach the backend and find the job there; one that has ended counts for nothing where a new one is wanted."""
        self._backend = self.shop.connect(self.job)
        handle = self._backend.find(self.job.digest)
        if self.force and self.aim != "look" and handle is not None and self._backend.poll(handle).ended:
            self._backend.discard(handle)
            handle = None
        self._handle, self._since, self._sight = handle, self.shop.clock(), Sight(self.shop)

    def _there(self, handle: JobHandle | None) -> UnderWay | None:
        return None if handle is None or self._backend is None else self._at(self._backend, handle)

    def _at(self, backend: Backend, handle: JobHandle) -> UnderWay:
        return UnderWay(backend=backend, handle=handle, name=self.job.name, commit=self.commit, bundle=self._bundle)

    def _tell(self, seen: _Seen) -> float:
        """Tell the watcher where the job stands and what it has printed; return for how long we have waited."""
        waited = self.shop.clock() - self._since
        there, state, sight = seen.there, seen.state, self._sight
        if there is None or state is None or sight is None:
            return waited
        chunk = there.backend.logs(there.handle, self._cursor)
        queued = state is JobState.QUEUED
        live, ended = (None, ()) if queued else sight.look(there.backend, there.handle, ended=state.ended)
        progress = Progress(
            job=self.job,
            state=state,
            lines=chunk.lines,
            seconds=waited,
            phase=there.backend.phase(there.handle),
            handle=there.handle,
            backend=there.backend,
            live=live,
            ended=ended,
        )
        self.shop.watch(progress)
        self._cursor = chunk.cursor
        return waited


def make_bundle(job: TrainingJob, tree: Tree, runtime: Mapping[str, bytes]) -> Bundle:
    """Pack *job* with the *runtime* and the files that its slice needs, as *tree* has them."""
    names = (*job.inputs.modules, *job.inputs.data)
    packed = pack(job, runtime, {name: tree.read(name) for name in names})
    landmarks.passed("bundle.packed")
    return packed
