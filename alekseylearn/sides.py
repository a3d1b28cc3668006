"""The two sides of one notebook, as far as each has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

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

    @property
    def going(self) -> tuple[TrainingResult, ...]:
        """The jobs that go on."""
        return tuple(side for side in (self.head, self.base) if side is not None and not side.state.ended)

    def outcome(self, current: str, heard: Hearsay) -> NotebookOutcome:
        """Judge what is known; *current* is the identity that is trained now ('' for none)."""
        head, base = self.head or heard(self.plan.head), self.base or heard(self.plan.base)
        trains = base is not None and not base.state.ended
        return judge(
            self.plan,
            head=head,
            base=None if trains else base,
            base_reused=self.base_reused,
            base_note="it still trains" if trains else self.base_note,
            steps=steps_of(self.plan, current=current, head=head, base=base),
        )

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
