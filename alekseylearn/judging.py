"""From plans and results to the outcome: base against head, gates, the exit code, and what the comment remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from alekseylearn.comment_state import PastRun
from alekseylearn.errors import AlekseylearnError, MachineError
from alekseylearn.jobs import NOT_THE_CODE, Failure, JobState, TrainingResult
from alekseylearn.metrics import Judgement, compare, primary_metric
from alekseylearn.plan import NotebookPlan, TrainingJob
from alekseylearn.report import GateResult, NotebookOutcome, Outcome, Step
from alekseylearn.text import plural

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
        deltas=compare(before, after, judgement) if head is not None and head.state.ended else (),
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


def not_run(job: TrainingJob, error: AlekseylearnError) -> TrainingResult:
    """Make the result of *job* that no backend has taken, because of *error*."""
    failure = Failure(exception=error.slug, message=error.what, hint=error.hint)
    return TrainingResult(
        run=job.run, digest=job.digest, state=JobState.LOST, backend=job.backend, name=job.name, failure=failure
    )


def gone(job: TrainingJob) -> TrainingResult:
    """Make the result of *job* that was started, and that no backend knows of any more."""
    what = f"run {job.run} is gone: somebody has brought it home elsewhere, or removed it"
    return not_run(job, MachineError("run.gone", what, hint="run the workflow again: it is trained anew"))


def stopping(result: TrainingResult, why: str) -> TrainingResult:
    """Make the result of a job that was asked to stop, because of *why*, and has not ended yet."""
    hint = f"`alekseylearn status {result.run}` brings home what it saved, once it has ended"
    failure = Failure(exception="", message=why, hint=hint)
    return replace(result, state=JobState.STOPPED, failure=failure, phase="")


def steps_of(
    plan: NotebookPlan, *, current: str, head: TrainingResult | None, base: TrainingResult | None
) -> tuple[Step, ...]:
    """Tell how far the training of *plan* has come; none where nothing of it goes on.

    *current* is the identity that is trained now ('' for none); *head* and *base* may be under way, too.
    """
    goes_on = any(side is not None and not side.state.ended for side in (head, base))
    if plan.head is None or plan.decision == "skip" or not (goes_on or (current and plan.decision == "train")):
        return ()
    changed = [change.after or change.before for change in plan.diff.changes if change.kind != "outputs"]
    code = sum(1 for cell in changed if cell is not None and cell.kind == "code")
    cut, notebook = plan.head.slice, plan.head.notebook
    needed = f"{len(cut.kept)} of {len(notebook.code_cells)} code cells needed"
    steps = [
        Step(name="Diff the notebook", state="done", text=f"{plural(code, 'code cell')} changed"),
        Step(name="Cut out the training cells", state="done", text=needed),
        _training_step("Train this version", plan.head, current, head),
    ]
    if plan.base is not None and plan.base.digest != plan.head.digest:
        steps.append(_training_step("Train the base", plan.base, current, base))
    return tuple(steps)


def _training_step(name: str, job: TrainingJob, current: str, result: TrainingResult | None) -> Step:
    if result is None:
        running = job.digest == current
        return Step(name=name, state="running" if running else "waiting", text=f"run {job.run}" if running else "")
    if result.state.ended:
        told, seconds = f"run {result.run}", result.seconds
    else:
        told, seconds = f"run `{result.run}`, {result.phase}" if result.phase else f"run {result.run}", None
    state: Literal["done", "running"] = "done" if result.state.ended else "running"
    return Step(name=name, state=state, text=told, seconds=seconds, backend=result.backend, url=result.url)


def exit_code(notebooks: Iterable[NotebookOutcome]) -> int:
    """Choose the exit code: failed code first, then a lost or a stopped run, a missed gate, a refused notebook."""
    codes = set()
    for notebook in notebooks:
        if notebook.refused:
            codes.add(3)
        if notebook.head is not None and notebook.decision != "skip":
            codes.add(_exit_code(notebook.head))
        if any(not gate.passed for gate in notebook.gates):
            codes.add(5)
    return next((code for code in (4, 6, 7, 5, 3) if code in codes), 0)


def _exit_code(result: TrainingResult) -> int:
    if result.failure is not None and result.failure.exception in NOT_THE_CODE:
        return EXIT_OF_STATE[JobState.LOST]
    return EXIT_OF_STATE.get(result.state, 0)


def past_runs(outcome: Outcome) -> tuple[PastRun, ...]:
    """Write the runs down for the comment's history: every notebook that was trained, or whose result was reused."""
    runs = []
    for notebook in outcome.notebooks:
        if notebook.head is None or notebook.decision == "skip":
            continue
        delta = next((delta for delta in notebook.deltas if delta.name == notebook.primary), None)
        failure = notebook.head.failure
        told = "reused" if notebook.reused else "trained"
        if not notebook.head.succeeded:
            state = "not run" if notebook.head.state is JobState.LOST else str(notebook.head.state)
            told = f"{state}, cell {failure.cell}" if failure and failure.cell is not None else state
        run = PastRun(
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
        runs.append(run)
    return tuple(runs)


def _failed_source(plan: NotebookPlan, head: TrainingResult | None) -> str:
    failure = head.failure if head else None
    if failure is None or failure.cell is None or plan.notebook is None:
        return ""
    cells = plan.notebook.cells
    return cells[failure.cell].source if 0 <= failure.cell < len(cells) else ""
