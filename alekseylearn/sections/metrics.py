"""Head's metrics against base's, what each change means in words, and the gates."""

from __future__ import annotations

from alekseylearn.metrics import MetricDelta
from alekseylearn.report import GateResult, NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.text import Markdown, code, details, join, number, plural, prose, table
from alekseylearn.verdict import State, active, state_of

SHOWN = 8
"""Rows in sight; the others are folded away."""
MAX_ROWS = 40


def metrics(outcome: Outcome) -> Markdown | None:
    """Write the table of the one notebook that was trained, or one table for all of them."""
    told = active(outcome)
    if len(told) > 1:
        return _all_notebooks(outcome, told)
    return notebook_metrics(outcome, told[0]) if told else None


def notebook_metrics(outcome: Outcome, notebook: NotebookOutcome) -> Markdown | None:
    """Write the table, the gates and what to know about the comparison; None when training did not succeed."""
    if notebook.head is None or not notebook.head.succeeded:
        return None
    if not notebook.deltas:
        return _HOW_TO_ADD_ONE
    ordered = sorted(notebook.deltas, key=lambda delta: delta.name != notebook.primary)
    rows = [_row(delta, primary=delta.name == notebook.primary) for delta in ordered]
    shown = table(_titles(outcome, "Metric"), rows[:SHOWN], ("left", "right", "right", "left"))
    rest = rows[SHOWN:MAX_ROWS]
    more = ""
    if rest:
        summary = f"{plural(len(ordered) - SHOWN, 'more metric')}"
        more = details(summary, table(_titles(outcome, "Metric"), rest, ("left", "right", "right", "left")))
    return join([shown, join([gates(notebook.gates), how_sure(outcome, notebook)], " "), more])


_HOW_TO_ADD_ONE = Markdown(
    "No metric was found. To add one, end a cell with its value (`accuracy` alone on the last line), or call"
    ' `alekseylearn.log_metric("accuracy", value)`.'
)


def _titles(outcome: Outcome, first: str) -> tuple[str, str, str, str]:
    return first, naming.base(outcome), naming.head(outcome), "Change"


def _row(delta: MetricDelta, *, primary: bool) -> list[str]:
    before, after = _value(delta.base), _value(delta.head)
    name = code(delta.name, 60)
    return [
        f"**{name}**" if primary else name,
        before,
        f"**{after}**" if primary else after,
        change(delta, bold=primary),
    ]


def _value(value: float | None) -> str:
    return "none" if value is None else number(value)


def change(delta: MetricDelta, *, bold: bool = False) -> str:
    """Say in words what became of one metric: better by 0.014 (+1.5 %)."""
    by = delta.change
    match delta.verdict:
        case "better" | "worse":
            word = f"**{delta.verdict}**" if bold else delta.verdict
            return word if by is None else f"{word} by {number(abs(by))}{_percent(delta)}"
        case "unjudged":
            return (
                "not comparable" if by is None else f"{'+' if by > 0 else ''}{number(by)}{_percent(delta)}, no goal set"
            )
        case _:
            return delta.verdict


def _percent(delta: MetricDelta) -> str:
    if not delta.base or delta.change is None:
        return ""
    share = 100 * delta.change / abs(delta.base)
    return f" ({share:+.1f} %)" if abs(share) < 1000 else ""


def gates(found: tuple[GateResult, ...]) -> str:
    """Say which gates were kept."""
    told = []
    for one in found[:SHOWN]:
        value = "missing" if one.value is None else number(one.value)
        told.append(f"{code(str(one.gate))} {'passed' if one.passed else f'**failed** ({value})'}")
    if len(found) > SHOWN:
        told.append(f"and {len(found) - SHOWN} more")
    return f"**Gates:** {', '.join(told)}." if told else ""


def how_sure(outcome: Outcome, notebook: NotebookOutcome) -> str:
    """Say what to know about the comparison: how many runs, from what change on, where."""
    if notebook.base is None or not notebook.base.succeeded:
        why = f": {prose(notebook.base_note)}" if notebook.base_note else ""
        return f"There is no run of {naming.base(outcome)} to compare with{why}."
    sure = "One run each side"
    if notebook.tolerance > 0:
        sure += f"; changes of {number(notebook.tolerance)} or less count as the same"
    else:
        sure += ", so a small change may be chance"
    return join([f"{sure}.", _elsewhere(outcome, notebook)], " ")


def _elsewhere(outcome: Outcome, notebook: NotebookOutcome) -> str:
    """Say that base and head ran in different places, which a reader of small changes must know."""
    sides = [
        (side.backend, *(side.environment.get(key, "") for key in ("python", "machine", "gpu")))
        for side in (notebook.base, notebook.head)
        if side is not None
    ]
    if len(set(sides)) < 2:
        return ""
    before, now = (", ".join(part for part in side if part) for side in sides)
    return f"Not in the same place: {naming.base(outcome)} ran on {code(before)}, this on {code(now)}."


def _all_notebooks(outcome: Outcome, told: tuple[NotebookOutcome, ...]) -> Markdown:
    rows = [_notebook_row(one, state_of(one, finished=outcome.finished)) for one in told[:MAX_ROWS]]
    shown = table(_titles(outcome, "Notebook"), rows, ("left", "right", "right", "left"))
    return join([shown, f"And {plural(len(told) - MAX_ROWS, 'more notebook')}." if len(told) > MAX_ROWS else ""])


def _notebook_row(notebook: NotebookOutcome, state: State) -> list[str]:
    delta = next((delta for delta in notebook.deltas if delta.name == notebook.primary), None)
    name = code(notebook.path)
    if delta is None or state in (State.CODE_FAILED, State.NOT_RUN, State.STOPPED):
        return [name, "", "", f"**{state}**"]
    gate = ", **a gate failed**" if state is State.GATE else ""
    return [
        f"{name} {code(delta.name, 40)}",
        _value(delta.base),
        f"**{_value(delta.head)}**",
        change(delta, bold=True) + gate,
    ]
