"""The JSON documents that scripts rely on: `fit --json`, `diff --json`, `slice --json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from alekseylearn.diff import CellChange
from alekseylearn.jobs import TrainingResult, number_out
from alekseylearn.metrics import MetricDelta
from alekseylearn.plan import NotebookPlan, TrainingJob
from alekseylearn.progressing import live_json
from alekseylearn.reach import Reach, Route, find_reaches, find_ways
from alekseylearn.report import Commit, NotebookOutcome, Outcome
from alekseylearn.slicing import CellReason, Slice
from alekseylearn.targets import Target


def outcome_json(outcome: Outcome, folders: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """Return the document of `fit --json`.

    *folders* says, by digest, where copies of a result's files lie beside the document; the paths of others are those
    of the store.
    """
    return {
        "base": _commit_json(outcome.base),
        "head": _commit_json(outcome.head),
        "runs": [_run_json(notebook, folders) for notebook in outcome.notebooks],
    }


def _run_json(notebook: NotebookOutcome, folders: Mapping[str, str]) -> dict[str, Any]:
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
        "phase": shown.phase if shown else "",
        "live": live_json(shown.live) if shown else None,
        "url": shown.url if shown else "",
        "metrics": metrics_json(head),
        "base": None if base is None else _base_json(base, folders),
        "deltas": [delta_json(delta) for delta in notebook.deltas],
        "repeats": {
            "head": [_repeat_json(result) for result in notebook.more_head],
            "base": [_repeat_json(result) for result in notebook.more_base],
        },
        "differences": [
            {"what": one.what, "base": one.base, "head": one.head, "part_of_the_change": one.part}
            for one in notebook.differences
        ],
        "gates": [{"gate": str(gate.gate), "passed": gate.passed} for gate in notebook.gates],
        "artifacts": _files_json(head, folders),
        "seconds": head.seconds if head else 0.0,
        "cost": head.cost if head else None,
        "failure": _failure_json(head),
        "refused": notebook.refused,
    }


def _base_json(base: TrainingResult, folders: Mapping[str, str]) -> dict[str, Any]:
    return {
        "digest": base.digest,
        "backend": base.backend,
        "state": str(base.state),
        "metrics": metrics_json(base),
        "artifacts": _files_json(base, folders),
    }


def _files_json(result: TrainingResult | None, folders: Mapping[str, str]) -> list[dict[str, Any]]:
    if result is None:
        return []
    folder = folders.get(result.digest)
    return [
        {
            "name": item.name,
            "path": item.path if folder is None else f"{folder}/{item.name}",
            "url": item.url,
            "size": item.size,
            "sha256": item.sha256,
        }
        for item in result.artifacts
    ]


def metrics_json(result: TrainingResult | None) -> dict[str, float | str]:
    """Return the metrics of *result* by name; undefined numbers are the words nan, inf, -inf."""
    return {metric.name: number_out(metric.value) for metric in result.metrics} if result else {}


def _repeat_json(result: TrainingResult) -> dict[str, Any]:
    """Tell of one run with another seed: its own metrics, where those of its side are the means."""
    return {"digest": result.digest, "state": str(result.state), "metrics": metrics_json(result)}


def delta_json(delta: MetricDelta) -> dict[str, Any]:
    """Return one line of a comparison; `noise` is what the seeds explain, null where nobody knows."""
    return {
        "name": delta.name,
        "base": None if delta.base is None else number_out(delta.base),
        "head": None if delta.head is None else number_out(delta.head),
        "verdict": delta.verdict,
        "guessed": delta.guessed,
        "noise": None if delta.noise is None else number_out(delta.noise),
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
    return cut_json(job.slice, job.digest, (*job.notebook.warnings, *job.slice.warnings, *job.inputs.warnings))


def cut_json(cut: Slice, digest: str, warnings: Iterable[str]) -> dict[str, Any]:
    """Return the document of `slice --json`; *digest* is '' where nothing trains."""
    ways = find_ways(cut)
    return {
        "notebook": cut.notebook,
        "digest": digest,
        "targets": [_cell_json(item) for item in cut.targets],
        "cells": [{**_cell_json(item), "route": _route_json(ways.route(item.cell))} for item in cut.kept],
        "dropped": [_cell_json(item) for item in cut.dropped],
        "missing": list(cut.missing),
        "warnings": list(warnings),
    }


def _cell_json(item: CellReason | Target) -> dict[str, Any]:
    return {"cell": item.cell, "id": item.id, "reason": item.reason}


def _route_json(route: Route | None) -> list[dict[str, Any]]:
    return [{"cell": step.cell, "name": step.name} for step in route.steps] if route is not None else []


def diff_json(base: str, head: str, plans: Iterable[NotebookPlan]) -> dict[str, Any]:
    """Return the document of `diff --json`."""
    return {"base": base, "head": head, "notebooks": [_notebook_diff_json(plan) for plan in plans]}


def _notebook_diff_json(plan: NotebookPlan) -> dict[str, Any]:
    diff = plan.diff
    reaches = find_reaches(diff.changes, plan.head, plan.base)
    return {
        "path": diff.path,
        "old_path": diff.old_path,
        "status": diff.status,
        "trains": plan.decision != "skip",
        "reason": plan.reason,
        "refused": plan.refused,
        "coarse": diff.coarse,
        "cells": [_change_json(*pair) for pair in zip(diff.changes, reaches, strict=True)],
    }


def _change_json(change: CellChange, reach: Reach) -> dict[str, Any]:
    cell = change.after or change.before
    return {
        "kind": change.kind,
        "before": change.before.index if change.before else None,
        "after": change.after.index if change.after else None,
        "cell_type": cell.kind if cell else "code",
        "trains": reach.trains,
        "reason": reach.reason,
        "route": _route_json(reach.route),
    }


def _commit_json(commit: Commit) -> dict[str, str]:
    return {"name": commit.name, "sha": commit.sha}
