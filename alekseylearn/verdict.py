"""From plans and results to the Outcome: what is compared, what it means, the exit code, and the JSON that scripts read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alekseylearn.comment_state import PastRun
from alekseylearn.diff import CellChange, NotebookDiff
from alekseylearn.jobs import JobState, TrainingResult, number_out
from alekseylearn.metrics import Judgement, MetricDelta, compare, primary_metric
from alekseylearn.plan import NotebookPlan, TrainingJob
from alekseylearn.report import Commit, GateResult, NotebookOutcome, Outcome, Step
from alekseylearn.slicing import Slice
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
            told = f"{notebook.head.state}, cell {failure.cell}" if failure and failure.cell is not None else str(notebook.head.state)
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


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return the document of `fit --json`."""
    return {
        "base": _commit_json(outcome.base),
        "head": _commit_json(outcome.head),
        "runs": [_run_json(notebook) for notebook in outcome.notebooks],
    }


def _run_json(notebook: NotebookOutcome) -> dict[str, Any]:
    head, base = notebook.head, notebook.base
    shown = head or (base if notebook.decision == "skip" else None)
    return {
        "id": notebook.digest[:12],
        "name": notebook.name,
        "notebook": notebook.path,
        "digest": notebook.digest,
        "backend": shown.backend if shown else "",
        "decision": notebook.decision,
        "reason": notebook.reason,
        "state": str(shown.state) if shown else "none",
        "metrics": metrics_json(head),
        "base": None if base is None else {"digest": base.digest, "metrics": metrics_json(base)},
        "deltas": [delta_json(delta) for delta in notebook.deltas],
        "gates": [{"gate": str(gate.gate), "passed": gate.passed} for gate in notebook.gates],
        "artifacts": [
            {"name": item.name, "path": item.path, "url": item.url, "size": item.size, "sha256": item.sha256}
            for item in (head.artifacts if head else ())
        ],
        "seconds": head.seconds if head else 0.0,
        "cost": head.cost if head else None,
        "failure": _failure_json(head),
        "refused": notebook.refused,
    }


def metrics_json(result: TrainingResult | None) -> dict[str, float | str]:
    """Return the metrics of *result* by name; undefined numbers are the words nan, inf, -inf."""
    return {metric.name: number_out(metric.value) for metric in result.metrics} if result else {}


def delta_json(delta: MetricDelta) -> dict[str, Any]:
    """Return one line of a comparison."""
    return {
        "name": delta.name,
        "base": None if delta.base is None else number_out(delta.base),
        "head": None if delta.head is None else number_out(delta.head),
        "verdict": delta.verdict,
    }


def _failure_json(result: TrainingResult | None) -> dict[str, Any] | None:
    if result is None or result.failure is None:
        return None
    failure = result.failure
    return {
        "cell": failure.cell,
        "exception": failure.exception,
        "message": failure.message,
        "traceback": failure.traceback,
    }


def slice_json(job: TrainingJob) -> dict[str, Any]:
    """Return the document of `slice --json`."""
    cut = job.slice
    return {
        "notebook": cut.notebook,
        "digest": job.digest,
        "targets": [{"cell": item.cell, "id": item.id, "reason": item.reason} for item in cut.targets],
        "cells": [{"cell": item.cell, "id": item.id, "reason": item.reason} for item in cut.kept],
        "dropped": [{"cell": item.cell, "id": item.id, "reason": item.reason} for item in cut.dropped],
        "missing": list(cut.missing),
        "warnings": [*job.notebook.warnings, *cut.warnings, *job.inputs.warnings],
    }


def diff_json(base: str, head: str, plans: Iterable[NotebookPlan]) -> dict[str, Any]:
    """Return the document of `diff --json`."""
    return {"base": base, "head": head, "notebooks": [_notebook_diff_json(plan) for plan in plans]}


def _notebook_diff_json(plan: NotebookPlan) -> dict[str, Any]:
    diff = plan.diff
    return {
        "path": diff.path,
        "old_path": diff.old_path,
        "status": diff.status,
        "trains": plan.decision != "skip",
        "reason": plan.reason,
        "refused": plan.refused,
        "cells": [_change_json(change, plan.slice) for change in diff.changes],
    }


def _change_json(change: CellChange, cut: Slice | None) -> dict[str, Any]:
    cell = change.after or change.before
    trains, reason = why_it_counts(change, cut)
    return {
        "kind": change.kind,
        "before": change.before.index if change.before else None,
        "after": change.after.index if change.after else None,
        "cell_type": cell.kind if cell else "code",
        "trains": trains,
        "reason": reason,
    }


def why_it_counts(change: CellChange, cut: Slice | None) -> tuple[bool, str]:
    """Tell whether a changed cell is in the training run, and why or why not, in words."""
    if change.kind == "outputs":
        return False, "outputs only"
    if change.kind == "metadata":
        return False, "metadata only"
    cell = change.after or change.before
    if cell is None or cell.kind != "code":
        return False, "text"
    if change.after is None:
        return False, "removed"
    kept = {item.cell: item.reason for item in cut.kept} if cut else {}
    if cell.index in kept:
        return not change.cosmetic, "only comments or format changed" if change.cosmetic else kept[cell.index]
    dropped = {item.cell: item.reason for item in cut.dropped} if cut else {}
    return False, dropped.get(cell.index, "nothing is trained here")


def _commit_json(commit: Commit) -> dict[str, str]:
    return {"name": commit.name, "sha": commit.sha}


def _failed_source(plan: NotebookPlan, head: TrainingResult | None) -> str:
    failure = head.failure if head else None
    if failure is None or failure.cell is None or plan.notebook is None:
        return ""
    cells = plan.notebook.cells
    return cells[failure.cell].source if 0 <= failure.cell < len(cells) else ""


def changed_words(diff: NotebookDiff) -> str:
    """Sum up a diff in a few words: `2 cells modified, 1 added`."""
    counts: dict[str, int] = {}
    for change in diff.changes:
        counts[change.kind] = counts.get(change.kind, 0) + 1
    if not counts:
        return "no cell changed"
    words = [f"{plural(count, 'cell')} {kind}" for kind, count in counts.items()]
    return ", ".join(words)
