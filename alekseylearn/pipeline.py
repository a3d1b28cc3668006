"""The whole story on one page: compare, plan, train head and base, judge, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from alekseylearn import landmarks
from alekseylearn.analysis import Comparison, make_plans
from alekseylearn.comment_state import CommentState, decode, with_run
from alekseylearn.endings import ASKED, Find
from alekseylearn.errors import AlekseylearnError
from alekseylearn.jobs import JobState, TrainingResult
from alekseylearn.judging import exit_code, gone, not_run, past_runs, stopping
from alekseylearn.metrics import Metric
from alekseylearn.plan import NotebookPlan, Settings, TrainingJob
from alekseylearn.report import Commit, Outcome, render
from alekseylearn.sides import Sides
from alekseylearn.text import Markdown
from alekseylearn.training import Aim, Progress, StoppedError, UnderWay, Workshop, forget, reconcile, stop_jobs, tidy
from alekseylearn.training import running as find_running
from alekseylearn.untrained import check_trained
from alekseylearn.withholding import without_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one run of the pipeline is asked to do.

    *train* false only looks and collects what has ended (a fork, a dry run, `ci plan`, `ci collect`); *detach* starts
    head's side and waits for nothing, with *both* base's side, too; *frame* is the outcome's outside: commits, pull
    request, links, everything that is known before anything is looked at. *begun* are the ids of runs that were started
    for this very comparison before: their results are no reuse, and it is told where they are gone.
    """

    settings: Settings
    frame: Outcome
    train: bool = True
    detach: bool = False
    both: bool = False
    force: bool = False
    fork: bool = False
    begun: frozenset[str] = frozenset()


@dataclass(slots=True)
class Story:
    """One run of the pipeline. `outcome()` may be asked at any moment: it tells what is known by then."""

    comparison: Comparison
    shop: Workshop
    order: Order
    plans: tuple[NotebookPlan, ...] = ()
    """What was decided when it was looked last."""
    _sides: list[Sides] = field(default_factory=list)
    _current: TrainingJob | None = None
    """What is being trained, or started, at the moment."""
    _heard: dict[str, tuple[Progress, tuple[Metric, ...]]] = field(default_factory=dict)
    """What was heard last of the jobs that we wait for."""
    _begun: list[UnderWay] = field(default_factory=list)
    """Jobs that we have started, and do not wait for."""
    _stopped: dict[str, TrainingResult] = field(default_factory=dict)
    _pending: set[str] = field(default_factory=set)
    """Identities of jobs that were asked to stop and have not ended yet."""
    _errors: list[AlekseylearnError] = field(default_factory=list)
    _bad: list[TrainingJob] = field(default_factory=list)
    """Jobs of others that have ended badly: their backend keeps them until they were told of."""

    def look(self) -> tuple[NotebookPlan, ...]:
        """Decide about every notebook that matters; nothing is started.

        Raises `InputError` (`nb.no-training` among others) when a notebook that a person named cannot be trained.
        """

        def is_known(digest: str) -> bool:
            return digest[:12] not in self.order.begun and self.shop.store.get(digest) is not None

        self.plans = plans = make_plans(self.comparison, self.order.settings, is_known, force=self.order.force)
        for plan in plans:
            if plan.path in self.comparison.asked:
                check_trained(plan, train=self.order.train)
        self._sides = [Sides(plan) for plan in plans]
        for sides in self._sides:
            sides.recall(self.shop.store.get, self.order.begun, force=self.order.force)
        self._current = next((plan.head for plan in plans if plan.decision == "train"), None)
        landmarks.passed("plans.made")
        return plans

    @property
    def needed(self) -> frozenset[str]:
        """The identities of both sides of all notebooks that were looked at, with all their seeds."""
        return frozenset(job.digest for one in self._sides for job, _ in one.plan.jobs)

    def train(self) -> None:
        """Bring every notebook that trains to its result: head, base, then both with other seeds.

        Raises `StoppedError` when interrupted (the outcome has what was reached by then). What keeps one notebook from
        being run (`MachineError` and the like) does not keep the others: the first of such errors is raised at the end.
        A fork's pull request reaches no backend at all.
        """
        tidy([job for one in self._sides for job, _ in one.plan.jobs], self.shop)
        for sides in () if self.order.fork else self._sides:
            plan = sides.plan
            if plan.decision == "skip" or plan.head is None:
                continue
            try:
                sides.head = self._bring(plan.head, base=False) or sides.head
                if sides.head is None and plan.head.run in self.order.begun:
                    sides.head = gone(plan.head)
                if self.order.both or not self.order.detach:
                    self._train_base(sides)
                self._repeat(sides)
            except StoppedError as stopped:
                self._note(stopped)
                raise
            except KeyboardInterrupt as signal:
                if isinstance(signal.__context__, KeyboardInterrupt):
                    raise  # told twice to end: at once, and nothing more is told
                raise self.interrupted() from None
            except AlekseylearnError as error:
                sides.head = self._unseen(plan.head, error) or not_run(plan.head, error)
                self._errors.append(error)
        if self._errors:
            raise self._errors[0]

    def hear(self, progress: Progress, metrics: tuple[Metric, ...] | None = None) -> None:
        """Remember what a job that we wait for does; without *metrics* those of before stay."""
        digest = progress.job.digest
        known = self._heard[digest][1] if digest in self._heard else ()
        self._heard[digest] = progress, known if metrics is None else metrics

    def stop(self, why: str = ASKED, which: Callable[[TrainingJob], bool] = lambda _: True) -> tuple[str, ...]:
        """Stop what an earlier process has left running for the notebooks that were looked at; return those runs.

        A fork stops nothing: what runs under the same identity is somebody else's.
        """
        finds: dict[str, Find] = {}
        for sides in () if self.order.fork else self._sides:
            for job, base in sides.plan.jobs:
                side = self.comparison.base if base else self.comparison.head
                if side is not None and which(job):
                    finds[job.digest] = partial(find_running, job, self.shop, commit=side.sha)
        return self.halt(list(finds.values()), why)

    def halt(self, finds: Sequence[Find], why: str) -> tuple[str, ...]:
        """Stop the jobs that *finds* find, because of *why*; one that takes its time is told as stopped all the same.

        Returns which runs those were.
        """

        def tell(one: UnderWay, kept: TrainingResult | None) -> None:
            self._stopped[one.handle.digest] = kept or stopping(one.told(JobState.RUNNING), why)
            if kept is None:
                self._pending.add(one.handle.digest)

        return tuple(one.handle.digest[:12] for one, _ in stop_jobs(finds, self.shop, tell=tell))

    def settle(self) -> None:
        """Have backends forget the jobs that have ended badly: they were told of. Raises what a backend raises."""
        while self._bad:
            forget(self._bad.pop(), self.shop)

    def outcome(self, *, finished: bool = True, when: str, seconds: float) -> Outcome:
        """Sum up what is known now; *finished* says that we wait for nothing more, but jobs may go on without us."""
        current = "" if finished or self._current is None else self._current.digest
        notebooks = tuple(sides.outcome(current, (lambda _: None) if finished else self._told) for sides in self._sides)
        left = [result.run for sides in self._sides for result in sides.going] if finished else []
        pending = sorted(digest[:12] for digest in self._pending)
        paired = zip(self._sides, notebooks, strict=True)
        fresh = [result for sides, notebook in paired for result in sides.fresh(notebook)]
        begun = [*left, *pending, *sorted(self.order.begun), *(result.run for result in fresh)]
        # The run that the report is known by is one that trained, where there is one.
        known = sorted((one for one in notebooks if one.digest), key=lambda one: one.decision == "skip")
        first = next(iter(known), None)
        costs = [result.cost for result in fresh if result.cost is not None]
        told = replace(
            self.order.frame,
            notebooks=notebooks,
            finished=finished and not left,
            left=tuple(dict.fromkeys(left)),
            begun=tuple(dict.fromkeys(begun)) if left or (finished and pending) else (),
            when=when,
            # Of what was started before we came, how long it took is told, and not how long we looked.
            seconds=max((result.seconds for result in fresh), default=seconds) if self.order.begun else seconds,
            cost=sum(costs) if costs else self.order.frame.cost,
            run=self.order.frame.run or (first.digest[:12] if first else ""),
            backend=self._backend(),
            exit_code=exit_code(notebooks),
        )
        return without_secrets(told, self.shop.redactor)

    def _told(self, job: TrainingJob | None) -> TrainingResult | None:
        """Tell what was heard of *job*, which we wait for."""
        if job is None or job.digest not in self._heard:
            return None
        progress, metrics = self._heard[job.digest]
        found = UnderWay(backend=progress.backend, handle=progress.handle, name=job.name)
        told = found.told(progress.state, metrics, live=progress.live, seconds=progress.seconds)
        return None if progress.state.ended else told

    def _backend(self) -> str:
        """Name where training runs: as a notebook that trains says, else any that could."""
        plans = sorted((sides.plan for sides in self._sides), key=lambda plan: plan.decision == "skip")
        return next((plan.head.backend for plan in plans if plan.head is not None), self.order.frame.backend)

    def _train_base(self, sides: Sides) -> None:
        plan = sides.plan
        if sides.base is not None:
            return
        if plan.base is None:
            sides.base_note = "the base has no such training"
        elif plan.head is not None and plan.base.digest == plan.head.digest:
            sides.base, sides.base_reused = sides.head, True
        elif sides.head is None or (sides.head.state.ended and not sides.head.succeeded):
            sides.base_note = "not trained, since this side failed"
        else:
            self._train_other(sides, plan.base)

    def _train_other(self, sides: Sides, job: TrainingJob) -> None:
        """Train the base; whatever keeps it from a result is no fault of the change."""
        result, error = self._try(job, base=True)
        if error is not None and result is None:
            sides.base_note = f"it could not be run: {error.what}"
            return
        sides.take_base(result, gone=job.run in self.order.begun)

    def _try(self, job: TrainingJob, *, base: bool) -> tuple[TrainingResult | None, AlekseylearnError | None]:
        """Bring *job* as far as we may, or return the error that keeps it from a result; an interruption is raised."""
        try:
            return self._bring(job, base=base), None
        except StoppedError:
            raise
        except AlekseylearnError as error:
            result = self._unseen(job, error)
            self._errors += [error] if result is not None else []
            return result, error

    def _repeat(self, sides: Sides) -> None:
        """Train with other seeds, head and base in turn; what keeps one from a result keeps no other from it."""
        begun, both = frozenset() if self.order.train else self.order.begun, self.order.both or not self.order.detach
        for job, base in sides.lacking(begun, both=both):
            result, error = self._try(job, base=base)
            if result is None and (error is not None or job.run in self.order.begun):
                result = gone(job) if error is None else not_run(job, error)
            if result is not None:
                sides.more[job.digest] = result

    def _bring(self, job: TrainingJob, *, base: bool) -> TrainingResult | None:
        """Bring *job* as far as we may."""
        side = self.comparison.base if base else self.comparison.head
        if side is None or job.digest in self._stopped:
            return self._stopped.get(job.digest)
        self._current = job
        aim: Aim = "look" if not self.order.train else "start" if self.order.detach else "result"
        force = self.order.force and not base
        result = reconcile(job, side.tree, self.shop, commit=side.sha, aim=aim, force=force, begun=self._begun.append)
        if not self.order.train and result is not None and result.state.ended and not result.succeeded:
            self._bad.append(job)
        return result

    def _unseen(self, job: TrainingJob, error: AlekseylearnError) -> TrainingResult | None:
        """Tell of a job that was begun, and that could not be looked at: nothing says that it has ended."""
        if self.order.train or job.run not in self.order.begun:
            return None
        phase = f"it could not be looked at: {error.what}"
        return replace(not_run(job, error), state=JobState.RUNNING, failure=None, phase=phase)

    def interrupted(self) -> StoppedError:
        """Stop what we have started and do not wait for, before anything else, and once."""
        finds: list[Find] = [one.stoppable for one in self._begun]
        if self.order.detach and self._current is not None:
            # It may have been made although nobody could tell us.
            finds.append(partial(find_running, self._current, self.shop, commit=""))
        self._begun, self._current = [], None
        hint = ""
        try:
            self.halt(finds, ASKED)
        except AlekseylearnError as error:
            hint = f"{error.what}; `alekseylearn runs` tells what became of the jobs"
        for result in self._stopped.values():
            self._note(StoppedError(result))
        return StoppedError(None, hint=hint)

    def _note(self, stopped: StoppedError) -> None:
        """Keep what an interruption has left of a job."""
        result = stopped.result
        if result is None:
            return
        if stopped.pending:
            self._pending.add(result.digest)
        for sides in self._sides:
            sides.take(result)


def body(outcome: Outcome, previous: str | None = None) -> tuple[Outcome, Markdown]:
    """Render the comment; the history that *previous* (our comment as it stands) remembers goes on in the new one."""
    from alekseylearn.sections import SECTIONS

    state = decode(previous) if previous else None
    history = state.history if state else ()
    known = CommentState(order=outcome.order, head=outcome.head.sha, history=history)
    for new in past_runs(outcome) if outcome.finished else ():
        known = with_run(known, new)
    history = known.history
    told = replace(outcome, history=history)
    return told, render(told, SECTIONS)


def frame(comparison: Comparison, *, version: str) -> Outcome:
    """Start an outcome with what is known before anything is looked at; the caller adds pull request and links."""
    base, head = comparison.base, comparison.head
    return Outcome(
        base=Commit(name=base.name, sha=base.sha) if base else Commit(name="", sha=""),
        head=Commit(name=head.name, sha=head.sha),
        notebooks=(),
        when="",
        version=version,
    )


def look(story: Story, now: Callable[[], tuple[str, float]]) -> Outcome:
    """Only decide, and tell what is known already."""
    story.look()
    return _at(story, now, finished=True)


def run(story: Story, tell: Callable[[Outcome], None], now: Callable[[], tuple[str, float]]) -> Outcome:
    """Run *story* from beginning to end; *tell* hears of it when training starts, if we wait for it, and at the end.

    Whatever interrupts the training, the outcome so far is told before the error goes on its way.
    """
    plans: Sequence[NotebookPlan] = story.look()
    if any(plan.decision == "train" for plan in plans) and story.order.train and not story.order.detach:
        tell(_at(story, now, finished=False))
    try:
        story.train()
    except KeyboardInterrupt:
        raise
    except BaseException:
        tell(_at(story, now, finished=True))
        raise
    outcome = _at(story, now, finished=True)
    tell(outcome)
    return outcome


def _at(story: Story, now: Callable[[], tuple[str, float]], *, finished: bool) -> Outcome:
    when, seconds = now()
    return story.outcome(finished=finished, when=when, seconds=seconds)
