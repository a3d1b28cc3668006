"""From plans and results to the outcome: base against head, gates, the exit code, and what the comment remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from alekseylearn.comment_state import PastRun
from alekseylearn.differences import find_differences
from alekseylearn.errors import AlekseylearnError, MachineError
from alekseylearn.jobs import NOT_THE_CODE, Failure, JobState, TrainingResult
from alekseylearn.metrics import Judgement, compare, primary_metric
from alekseylearn.plan import NotebookPlan, TrainingJob
from alekseylearn.progressing import whereabouts
from alekseylearn.repeats import averaged
from alekseylearn.report import OTHER_SEEDS, GateResult, NotebookOutcome, Outcome, Step
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
    more: Mapping[str, TrainingResult] = MappingProxyType({}),
    base_reused: bool = False,
    base_note: str = "",
    steps: tuple[Step, ...] = (),
) -> NotebookOutcome:
    """Say what became of the notebook of *plan*, given the results of its two sides.

    *more* are those of its runs with other seeds, by digest: each side is judged by the means of its runs.
    """
    job = plan.head
    judgement = job.judgement if job else Judgement()
    more_head, more_base = (
        tuple(more[one.digest] for one in side if one.digest in more) for side in (plan.more_head, plan.more_base)
    )
    head = head and averaged(head, more_head)
    base = base and averaged(base, more_base)
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
        more_head=more_head,
        more_base=more_base,
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
        if head is not None and head.succeeded and not _repeats(steps)
        else (),
        steps=steps,
        refused=plan.refused,
        failed_source=_failed_source(plan, head),
        timeout=job.timeout if job else 0,
        max_cost=job.max_cost if job else None,
        differences=find_differences(plan.base, job, base, head)
        if base is not None and head is not None and base.state.ended and head.state.ended
        else (),
    )


def _repeats(steps: Iterable[Step]) -> bool:
    """Whether a mean may still change, by which gates are kept or not."""
    return any(step.name == OTHER_SEEDS and step.state != "done" for step in steps)


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
    plan: NotebookPlan,
    *,
    current: str,
    head: TrainingResult | None,
    base: TrainingResult | None,
    more: Mapping[str, TrainingResult] = MappingProxyType({}),
) -> tuple[Step, ...]:
    """Tell how far the training of *plan* has come; none where nothing of it goes on.

    *current* is the identity that is trained now ('' for none); *head*, *base* and *more* may be under way, too.
    """
    goes_on = any(side is not None and not side.state.ended for side in (head, base, *more.values()))
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
    sides = {job.digest for job in (plan.head, plan.base) if job is not None}
    others = dict.fromkeys(job.digest for job, _ in plan.others if job.digest not in sides)
    return (*steps, *([_other_seeds(list(others), current, more)] if others else []))


def _other_seeds(others: list[str], current: str, more: Mapping[str, TrainingResult]) -> Step:
    """Tell of the runs with other seeds in one line."""
    begun = [more[digest] for digest in others if digest in more]
    ended = sum(one.state.ended for one in begun)
    runs = len(begun) > ended or current in others
    state: Literal["done", "running", "waiting"] = "done" if ended == len(others) else "running" if runs else "waiting"
    told = f"{ended} of {plural(len(others), 'run')} done" if runs or ended else plural(len(others), "run")
    return Step(name=OTHER_SEEDS, state=state, text=told)


def _training_step(name: str, job: TrainingJob, current: str, result: TrainingResult | None) -> Step:
    if result is None:
        running = job.digest == current
        return Step(name=name, state="running" if running else "waiting", text=f"run {job.run}" if running else "")
    ended = result.state.ended
    told = f"run {result.run}" if ended else _under_way(result)
    seconds = result.seconds if ended else result.seconds or None
    state: Literal["done", "running"] = "done" if ended else "running"
    return Step(name=name, state=state, text=told, seconds=seconds, backend=result.backend, url=result.url)


def _under_way(result: TrainingResult) -> str:
    """Say where a job is that goes on; as long as nobody knows more, which run it is."""
    where = whereabouts(result.live) if result.live is not None else ""
    return where or (f"run `{result.run}`, {result.phase}" if result.phase else f"run {result.run}")


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
    return exit_code_of(result.state, "" if result.failure is None else result.failure.exception)


def exit_code_of(state: JobState, exception: str) -> int:
    """Choose the exit code of one run that ended in *state*, with *exception* where one ended it."""
    return EXIT_OF_STATE[JobState.LOST] if exception in NOT_THE_CODE else EXIT_OF_STATE.get(state, 0)


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
            cost=_cost(notebook.head, *notebook.more_head),
            notebook=notebook.path,
        )
        runs.append(run)
    return tuple(runs)


def _cost(*results: TrainingResult) -> float | None:
    known = [result.cost for result in results if result.cost is not None]
    return sum(known) if known else None


def _failed_source(plan: NotebookPlan, head: TrainingResult | None) -> str:
    failure = head.failure if head else None
    if failure is None or failure.cell is None or plan.notebook is None:
        return ""
    cells = plan.notebook.cells
    return cells[failure.cell].source if 0 <= failure.cell < len(cells) else ""
