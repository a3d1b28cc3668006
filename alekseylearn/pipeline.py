"""The whole story on one page: compare, plan, train head and base, judge, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from alekseylearn.analysis import Comparison, make_plans, without_training
from alekseylearn.comment_state import CommentState, decode, with_run
from alekseylearn.errors import AlekseylearnError
from alekseylearn.jobs import TrainingResult
from alekseylearn.judging import exit_code, judge, not_run, past_runs, steps_of
from alekseylearn.plan import NotebookPlan, Settings, TrainingJob
from alekseylearn.report import Commit, NotebookOutcome, Outcome, render
from alekseylearn.text import Markdown
from alekseylearn.training import StoppedError, Workshop, launch, reconcile, stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one run of the pipeline is asked to do.

    *train* false only looks and collects what has ended (a fork, a dry run, `ci plan`, `ci collect`); *detach* starts
    head's side and waits for nothing; *frame* is the outcome's outside: commits, pull request, links, everything that
    is known before anything is looked at.
    """

    settings: Settings
    frame: Outcome
    train: bool = True
    detach: bool = False
    force: bool = False
    fork: bool = False


@dataclass(slots=True)
class _Sides:
    """What is known of one notebook's two sides while the pipeline runs."""

    plan: NotebookPlan
    head: TrainingResult | None = None
    base: TrainingResult | None = None
    base_reused: bool = False
    base_note: str = ""

    def outcome(self, current: str) -> NotebookOutcome:
        return judge(
            self.plan,
            head=self.head,
            base=self.base,
            base_reused=self.base_reused,
            base_note=self.base_note,
            steps=steps_of(self.plan, current=current, head=self.head, base=self.base),
        )


@dataclass(slots=True)
class Story:
    """One run of the pipeline. `outcome()` may be asked at any moment: it tells what is known by then."""

    comparison: Comparison
    shop: Workshop
    order: Order
    _sides: list[_Sides] = field(default_factory=list)
    _current: str = ""
    """Identity that is being trained at the moment."""

    def look(self) -> tuple[NotebookPlan, ...]:
        """Decide about every notebook that matters; nothing is started.

        Raises `InputError` (`nb.no-training` among others) when a notebook that a person named cannot be trained.
        """

        def is_known(digest: str) -> bool:
            return self.shop.store.get(digest) is not None

        plans = make_plans(self.comparison, self.order.settings, is_known, force=self.order.force)
        for plan in plans:
            if plan.path in self.comparison.asked and plan.head is None and plan.diff.status != "deleted":
                raise without_training(plan.path)
        self._sides = [_Sides(plan) for plan in plans]
        for sides in self._sides:
            self._recall(sides)
        trains = (plan.head.digest for plan in plans if plan.decision == "train" and plan.head is not None)
        self._current = next(trains, "")
        return plans

    def train(self) -> None:
        """Bring every notebook that trains to its result, head before base.

        Raises `StoppedError` when interrupted (the outcome has what was reached by then). What keeps one notebook from
        being run (`MachineError` and the like) does not keep the others: the first of such errors is raised at the end.
        A fork's pull request reaches no backend at all.
        """
        errors: list[AlekseylearnError] = []
        for sides in () if self.order.fork else self._sides:
            plan = sides.plan
            if plan.decision == "skip" or plan.head is None:
                continue
            try:
                if self.order.detach:
                    sides.head = launch(
                        plan.head, self.comparison.head.tree, self.shop, commit=self.comparison.head.sha
                    )
                    continue
                sides.head = self._reconcile(plan.head, base=False) or sides.head
                self._train_base(sides)
            except StoppedError as stopped:
                sides.head = sides.head or stopped.result
                raise
            except AlekseylearnError as error:
                sides.head = not_run(plan.head, error)
                errors.append(error)
        if errors:
            raise errors[0]

    def stop(self) -> None:
        """Stop whatever an earlier process has left running for the notebooks that were looked at.

        A fork stops nothing: what runs under the same identity is somebody else's.
        """
        for sides in () if self.order.fork else self._sides:
            for job, side in ((sides.plan.head, self.comparison.head), (sides.plan.base, self.comparison.base)):
                if job is not None and side is not None:
                    stop(job, self.shop, commit=side.sha)

    def outcome(self, *, finished: bool = True, when: str, seconds: float) -> Outcome:
        """Sum up what is known now."""
        notebooks = tuple(sides.outcome("" if finished else self._current) for sides in self._sides)
        # The run that the report is known by is one that trained, where there is one.
        first = next(
            iter(sorted((one for one in notebooks if one.digest), key=lambda one: one.decision == "skip")), None
        )
        return replace(
            self.order.frame,
            notebooks=notebooks,
            finished=finished,
            when=when,
            seconds=seconds,
            run=self.order.frame.run or (first.digest[:12] if first else ""),
            backend=self._backend(),
            exit_code=exit_code(notebooks),
        )

    def _backend(self) -> str:
        """Name where training runs: as a notebook that trains says, else any that could."""
        plans = sorted((sides.plan for sides in self._sides), key=lambda plan: plan.decision == "skip")
        return next((plan.head.backend for plan in plans if plan.head is not None), self.order.frame.backend)

    def _recall(self, sides: _Sides) -> None:
        """Fill in the results that are there already."""
        plan, store = sides.plan, self.shop.store
        if plan.head is not None and plan.decision == "reuse":
            sides.head = store.get(plan.head.digest)
        if plan.base is not None:
            sides.base = store.get(plan.base.digest)
            sides.base_reused = sides.base is not None

    def _train_base(self, sides: _Sides) -> None:
        plan = sides.plan
        if sides.base is not None:
            return
        if plan.base is None:
            sides.base_note = "the base has no such training"
        elif plan.head is not None and plan.base.digest == plan.head.digest:
            sides.base, sides.base_reused = sides.head, True
        elif sides.head is None or not sides.head.succeeded:
            sides.base_note = "not trained, since this side failed"
        else:
            self._train_other(sides, plan.base)

    def _train_other(self, sides: _Sides, job: TrainingJob) -> None:
        """Train the base; whatever keeps it from a result is no fault of the change."""
        try:
            result = self._reconcile(job, base=True)
        except StoppedError:
            raise
        except AlekseylearnError as error:
            sides.base_note = f"it could not be run: {error.what}"
            return
        sides.base = result if result is not None and result.succeeded else None
        sides.base_note = "" if sides.base else "its own training failed"

    def _reconcile(self, job: TrainingJob, *, base: bool) -> TrainingResult | None:
        side = self.comparison.base if base else self.comparison.head
        if side is None:
            return None
        self._current = job.digest
        return reconcile(
            job,
            side.tree,
            self.shop,
            commit=side.sha,
            may_submit=self.order.train,
            force=self.order.force and not base,
        )


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
    """Run *story* from beginning to end; *tell* hears of it when training starts and when all is over.

    Whatever interrupts the training, the outcome so far is told before the error goes on its way.
    """
    plans: Sequence[NotebookPlan] = story.look()
    if any(plan.decision == "train" for plan in plans) and story.order.train:
        tell(_at(story, now, finished=False))
    try:
        story.train()
    finally:
        outcome = _at(story, now, finished=True)
        tell(outcome)
    return outcome


def _at(story: Story, now: Callable[[], tuple[str, float]], *, finished: bool) -> Outcome:
    when, seconds = now()
    return story.outcome(finished=finished, when=when, seconds=seconds)
