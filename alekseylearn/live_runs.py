"""Runs as a live notebook tells of them: the documents of our commands made into tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from alekseylearn.live_tables import Table
from alekseylearn.text import duration, number

HEAD = ("Run", "Model", "State", "Since (UTC)", "Commit", "Time", "Metrics")
_METRICS = 4


def runs_table(rows: Sequence[Mapping[str, Any]], begun: Sequence[tuple[str, str, float]]) -> Table:
    """Draw the rows of `runs --json`, below those that were *begun* (run, model, Unix time) and have no job yet."""
    new = [(run, name, "being prepared", _since(since), "work tree", "", "") for run, name, since in begun]
    table = [*new, *map(_row, rows)]
    empty = () if table else ("No runs here yet: %fit makes the first.",)
    return Table(head=HEAD, rows=table, after=empty)


def compared_table(run: Mapping[str, Any], *, caption: str) -> Table:
    """Draw one run of `fit --json`: its metrics beside those of its base."""
    rows = []
    for delta in run["deltas"]:
        before, after = (_value(delta[side]) for side in ("base", "head"))
        by = ""
        if delta["verdict"] in ("better", "worse"):
            by = f" by {number(abs(float(delta['head']) - float(delta['base'])))}"
        rows.append((str(delta["name"]), before, after, f"{delta['verdict']}{by}"))
    below = [f"gate failed: {gate['gate']}" for gate in run["gates"] if not gate["passed"]]
    if failure := run["failure"]:
        cell = "" if failure.get("cell") is None else f"cell {failure['cell']}: "
        below.append(f"{cell}{failure['exception']}: {failure['message']}")
        below += [failure["hint"]] if failure.get("hint") else []
    below += [str(run["refused"])] if run["refused"] else []
    if run["state"] == "succeeded":
        below.append(f"%fetch {run['id']} brings the model here, %fetch {run['id']} --base the base's, too")
    return Table(head=("Metric", "Base", "This version", "Change"), rows=rows, caption=caption, after=below)


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    metrics = list(row["metrics"].items())[:_METRICS]
    return (
        str(row["id"]),
        str(row["name"]),
        str(row["state"]),
        _since(float(row["since"])),
        str(row["commit"])[:7] or "work tree",
        duration(row["seconds"]) if row["seconds"] else "",
        ", ".join(f"{name} {number(float(value))}" for name, value in metrics),
    )


def _since(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _value(told: object) -> str:
    return "none" if told is None else number(float(str(told)))
