"""The JSON documents that scripts rely on: `fit --json`, `diff --json`, `slice --json`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alekseylearn.diff import CellChange
from alekseylearn.jobs import TrainingResult, number_out
from alekseylearn.metrics import MetricDelta
from alekseylearn.plan import NotebookPlan, TrainingJob
from alekseylearn.report import Commit, NotebookOutcome, Outcome
from alekseylearn.slicing import Slice


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
        "cells": [_change_json(change, plan) for change in diff.changes],
    }


def _change_json(change: CellChange, plan: NotebookPlan) -> dict[str, Any]:
    cell = change.after or change.before
    trains, reason = why_it_counts(change, plan.slice, plan.base.slice if plan.base else None)
    return {
        "kind": change.kind,
        "before": change.before.index if change.before else None,
        "after": change.after.index if change.after else None,
        "cell_type": cell.kind if cell else "code",
        "trains": trains,
        "reason": reason,
    }


def why_it_counts(change: CellChange, cut: Slice | None, base: Slice | None = None) -> tuple[bool, str]:
    """Tell whether a changed cell is in the training run, and why or why not, in words.

    *cut* is head's slice; with that of the *base*, a removed cell counts if training needed it there.
    """
    if change.kind in ("outputs", "metadata"):
        return False, f"{change.kind} only"
    cell = change.after or change.before
    if cell is None or cell.kind != "code":
        return False, "text"
    if change.cosmetic:
        return False, "only comments or format changed"
    if change.after is None:
        needed = base is not None and any(item.cell == cell.index for item in base.kept)
        return needed, "removed from the training" if needed else "removed"
    kept = {item.cell: item.reason for item in cut.kept} if cut else {}
    if cell.index in kept:
        return True, kept[cell.index]
    dropped = {item.cell: item.reason for item in cut.dropped} if cut else {}
    return False, dropped.get(cell.index, "nothing is trained here")


def _commit_json(commit: Commit) -> dict[str, str]:
    return {"name": commit.name, "sha": commit.sha}
