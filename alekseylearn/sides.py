"""The two sides of one notebook, as far as each has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from alekseylearn.jobs import JobState, TrainingResult
from alekseylearn.judging import judge, steps_of
from alekseylearn.plan import NotebookPlan, TrainingJob
from alekseylearn.report import NotebookOutcome

Hearsay = Callable[[TrainingJob | None], TrainingResult | None]
"""Tells what was heard of a job that somebody waits for."""


@dataclass(slots=True)
class Sides:
    """What is known of one notebook's two sides while the pipeline runs; what goes on is told in that state."""

    plan: NotebookPlan
    head: TrainingResult | None = None
    base: TrainingResult | None = None
    base_reused: bool = False
    base_note: str = ""
    more: dict[str, TrainingResult] = field(default_factory=dict)
    """What came of the runs with other seeds, by digest."""
    _known: set[str] = field(default_factory=set)
    """Identities of what was there before."""

    @property
    def going(self) -> tuple[TrainingResult, ...]:
        """The jobs that go on."""
        sides = (self.head, self.base, *self.more.values())
        return tuple(side for side in sides if side is not None and not side.state.ended)

    def fresh(self, notebook: NotebookOutcome) -> list[TrainingResult]:
        """Return the results that were made for this very report, *notebook* being what is told."""
        found = [*fresh_results([notebook]), *self.more.values()]
        return [result for result in found if result.digest not in self._known]

    def recall(self, get: Callable[[str], TrainingResult | None], begun: AbstractSet[str], *, force: bool) -> None:
        """Fill in the results that *get* finds; those of runs that were *begun* for this comparison are no reuse.

        With *force* head's are made anew.
        """
        plan = self.plan
        if plan.head is not None and (plan.decision == "reuse" or (plan.others and not force)):
            self.head = get(plan.head.digest)
            # Trained it is called where other seeds of it are.
            self._known |= {plan.head.digest} if self.head is not None and plan.head.run not in begun else set()
        if plan.base is not None:
            self.base = get(plan.base.digest)
            self.base_reused = self.base is not None and plan.base.run not in begun
        for job, base in plan.others:
            if (base or not force) and (found := get(job.digest)) is not None:
                self.more[job.digest] = found
                self._known |= set() if job.run in begun else {job.digest}

    def lacking(self, begun: AbstractSet[str], *, both: bool) -> Iterator[tuple[TrainingJob, bool]]:
        """Name the runs with other seeds that have no result yet, and say whether each is base's (only with *both*).

        Where the first run of a side has failed, the others are of no use, and base's are none without head; those that
        were *begun* are asked for all the same.
        """
        for job, base in self.plan.others:
            firsts = (self.head, self.base) if base else (self.head,)
            useful = all(one is not None and (one.succeeded or not one.state.ended) for one in firsts)
            if job.digest not in self.more and (both or not base) and (useful or job.run in begun):
                yield job, base

    def outcome(self, current: str, heard: Hearsay) -> NotebookOutcome:
        """Judge what is known; *current* is the identity that is trained now ('' for none)."""
        head, base = self.head or heard(self.plan.head), self.base or heard(self.plan.base)
        more = {
            job.digest: result
            for job, _ in self.plan.others
            if (result := self.more.get(job.digest) or heard(job)) is not None
        }
        trains = base is not None and not base.state.ended
        return judge(
            self.plan,
            head=head,
            base=None if trains else base,
            more=more,
            base_reused=self.base_reused,
            base_note="it still trains" if trains else self.base_note,
            steps=steps_of(self.plan, current=current, head=head, base=base, more=more),
        )

    def take(self, result: TrainingResult) -> None:
        """Keep what an interruption has left of one of these jobs."""
        digest = result.digest
        if self.plan.head is not None and self.plan.head.digest == digest:
            self.head = result
        elif self.plan.base is not None and self.plan.base.digest == digest:
            self.take_base(result, gone=False)
        elif any(job.digest == digest for job, _ in self.plan.others):
            self.more[digest] = result

    def take_base(self, result: TrainingResult | None, *, gone: bool) -> None:
        """Keep the base's *result*, if it is one; else say why there is none."""
        kept = result is not None and (result.succeeded or not result.state.ended)
        self.base = result if kept else None
        if result is None:
            self.base_note = "its job is gone" if gone else "it has no result yet"
        elif not kept:
            stopped = result.state is JobState.STOPPED
            self.base_note = "its own training was stopped" if stopped else "its own training failed"


def fresh_results(notebooks: Iterable[NotebookOutcome]) -> list[TrainingResult]:
    """Return the results that were made for this very report."""
    sides = [side for one in notebooks for side in ((one.head, one.reused), (one.base, one.base_reused))]
    return [result for result, reused in sides if result is not None and not reused]
