"""From plans and results to the outcome: base against head, gates, the exit code, and what the comment remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alekseylearn.comment_state import PastRun
from alekseylearn.jobs import JobState, TrainingResult
from alekseylearn.metrics import Judgement, compare, primary_metric
from alekseylearn.plan import NotebookPlan
from alekseylearn.report import GateResult, NotebookOutcome, Outcome, Step

EXIT_OF_STATE: Mapping[JobState, int] = {
    JobState.FAILED: 4,
    JobState.STOPPED: 7,
    JobState.TIMED_OUT: 7,
    JobState.LOST: 6,
}


def judge(
    plan: NotebookPlan,
    *,
    head: TrainingResult | None = None,
    base: TrainingResult | None = None,
    base_reused: bool = False,
    base_note: str = "",
    steps: tuple[Step, ...] = (),
) -> NotebookOutcome:
    """Say what became of the notebook of *plan*, given the results of its two sides."""
    job = plan.head
    judgement = job.judgement if job else Judgement()
    after = head.metrics if head else ()
    before = base.metrics if base else ()
    return NotebookOutcome(
        path=plan.path,
        name=plan.name,
        decision=plan.decision,
        reason=plan.reason,
        diff=plan.diff,
        digest=job.digest if job else "",
        slice=plan.slice,
        sources=tuple((cell.index, cell.headline) for cell in plan.notebook.code_cells) if plan.notebook else (),
        head=head,
        base=base,
        reused=plan.decision == "reuse",
        base_reused=base_reused,
        base_note=base_note,
        deltas=compare(before, after, judgement) if head else (),
        primary=primary_metric(after or before, judgement),
        tolerance=judgement.tolerance,
        gates=tuple(
            GateResult(gate=gate, value=head.metric(gate.metric), passed=gate.passes(head.metric(gate.metric)))
            for gate in judgement.gates
        )
        if head is not None and head.succeeded
        else (),
        steps=steps,
        refused=plan.refused,
        failed_source=_failed_source(plan, head),
    )


def exit_code(notebooks: Iterable[NotebookOutcome]) -> int:
    """Choose the exit code: failed code before a missed gate, before a refused notebook, before a stopped run."""
    codes = set()
    for notebook in notebooks:
        if notebook.refused:
            codes.add(3)
        if notebook.head is not None and notebook.decision != "skip":
            codes.add(EXIT_OF_STATE.get(notebook.head.state, 0))
        if any(not gate.passed for gate in notebook.gates):
            codes.add(5)
    return next((code for code in (4, 6, 7, 5, 3) if code in codes), 0)


def past_run(outcome: Outcome) -> PastRun | None:
    """Write the run down for the history in the comment: the first notebook that was trained; None for a dry look."""
    for notebook in outcome.notebooks:
        if notebook.head is None or notebook.decision == "skip":
            continue
        delta = next((delta for delta in notebook.deltas if delta.name == notebook.primary), None)
        failure = notebook.head.failure
        told = "reused" if notebook.reused else "trained"
        if not notebook.head.succeeded:
            told = (
                f"{notebook.head.state}, cell {failure.cell}"
                if failure and failure.cell is not None
                else str(notebook.head.state)
            )
        return PastRun(
            sha=outcome.head.sha[:7],
            when=outcome.when,
            metric=notebook.primary or "",
            value=delta.head if delta else None,
            change=delta.change if delta else None,
            seconds=notebook.head.seconds,
            result=told,
            cost=notebook.head.cost,
            notebook=notebook.path,
        )
    return None


def _failed_source(plan: NotebookPlan, head: TrainingResult | None) -> str:
    failure = head.failure if head else None
    if failure is None or failure.cell is None or plan.notebook is None:
        return ""
    cells = plan.notebook.cells
    return cells[failure.cell].source if 0 <= failure.cell < len(cells) else ""
