"""Head's metrics against base's, what each change means in words, and the gates."""

from __future__ import annotations

from collections.abc import Mapping

from alekseylearn.jobs import TrainingResult
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
    spreads = _spreads(notebook)
    rows = [_row(delta, spreads, primary=delta.name == notebook.primary) for delta in ordered]
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


def _spreads(notebook: NotebookOutcome) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return how far the runs of base and of head lie apart, by metric."""
    base, head = (
        {metric.name: metric.spread for metric in side.metrics if metric.spread is not None} if side else {}
        for side in (notebook.base, notebook.head)
    )
    return base, head


def _row(delta: MetricDelta, spreads: tuple[Mapping[str, float], Mapping[str, float]], *, primary: bool) -> list[str]:
    before, after = _value(delta.base, spreads[0].get(delta.name)), _value(delta.head, spreads[1].get(delta.name))
    name = code(delta.name, 60)
    return [
        f"**{name}**" if primary else name,
        before,
        f"**{after}**" if primary else after,
        change(delta, bold=primary),
    ]


def _value(value: float | None, spread: float | None = None) -> str:
    if value is None:
        return "none"
    return number(value) if spread is None else f"{number(value)} ± {_rough(spread)}"


def _rough(value: float) -> str:
    """Write a spread, of which two digits say all."""
    return number(float(f"{value:.2g}"))


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
        case "same" if delta.noise and by:
            return f"within noise (±{_rough(delta.noise)})" if abs(by) <= delta.noise else delta.verdict
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
    """Say what to know about the comparison: how many runs, from what change on, and what was guessed."""
    if notebook.base is None or not notebook.base.succeeded:
        why = f": {prose(notebook.base_note)}" if notebook.base_note else ""
        alone = f"There is no run of {naming.base(outcome)} to compare with{why}."
        runs = _count(notebook.more_head)
        means = f"The mean of {runs} runs ± their spread; curves and files are the first one's."
        return join([means if runs > 1 else "", alone, _lost(outcome, notebook)], " ")
    sure, several = _runs(outcome, notebook), bool(notebook.more_head or notebook.more_base)
    delta = next((delta for delta in notebook.deltas if delta.name == notebook.primary), None)
    noise = delta.noise or 0.0 if delta is not None else 0.0
    if notebook.tolerance > noise:
        sure += f"; changes of {number(notebook.tolerance)} or less count as the same"
    elif not several:
        sure += ", so a small change may be chance"
    first = "Curves and files are the first run's." if several else ""
    return join([f"{sure}.", _lost(outcome, notebook), first, _guess(notebook)], " ")


def _runs(outcome: Outcome, notebook: NotebookOutcome) -> str:
    """Say how many runs each side had, and what they say about chance."""
    here, there = _count(notebook.more_head), _count(notebook.more_base)
    if here == there == 1:
        return "One run each side"
    if here == there:
        told = f"{here} runs each side, mean ± spread"
    else:
        told = f"{plural(here, 'run')} here and {there} of {naming.base(outcome)}, mean ± spread"
    noises = {delta.noise for delta in notebook.deltas if delta.noise is not None}
    if not noises:
        return f"{told}; too few to tell a change from chance" if 1 in (here, there) else told
    if noises == {0.0}:
        return f"{told}: the seed changes nothing here"
    delta = next((delta for delta in notebook.deltas if delta.name == notebook.primary and delta.noise), None)
    return f"{told}; chance alone explains changes of up to {_rough(delta.noise)}" if delta and delta.noise else told


def _count(more: tuple[TrainingResult, ...]) -> int:
    """Count the runs of one side that count."""
    return 1 + sum(result.succeeded for result in more)


def _lost(outcome: Outcome, notebook: NotebookOutcome) -> str:
    """Say which runs with other seeds came to nothing, and are left out of the means."""
    told = []
    for more, where in ((notebook.more_head, "here"), (notebook.more_base, f"of {naming.base(outcome)}")):
        lost = [result for result in more if result.state.ended and not result.succeeded]
        if lost:
            run = naming.run_id(lost[0].run)
            named = f" ({code(run)}{' and others' if len(lost) > 1 else ''})" if run else ""
            does = "does" if len(lost) == 1 else "do"
            told.append(f"{len(lost)} of {len(more) + 1} runs {where}{named} failed and {does} not count.")
    return " ".join(told)


def _guess(notebook: NotebookOutcome) -> str:
    """Say that nobody but its name told which way the metric should go."""
    delta = next((delta for delta in notebook.deltas if delta.name == notebook.primary), None)
    if delta is None or not delta.guessed or delta.verdict in ("new", "gone"):
        return ""
    return (
        f"That {'more' if delta.goal == 'max' else 'less'} {code(delta.name, 40)} is better is guessed from its name."
    )


def _all_notebooks(outcome: Outcome, told: tuple[NotebookOutcome, ...]) -> Markdown:
    rows = [_notebook_row(one, state_of(one, finished=outcome.finished)) for one in told[:MAX_ROWS]]
    shown = table(_titles(outcome, "Notebook"), rows, ("left", "right", "right", "left"))
    return join([shown, f"And {plural(len(told) - MAX_ROWS, 'more notebook')}." if len(told) > MAX_ROWS else ""])


def _notebook_row(notebook: NotebookOutcome, state: State) -> list[str]:
    delta = next((delta for delta in notebook.deltas if delta.name == notebook.primary), None)
    name, spreads = code(notebook.path), _spreads(notebook)
    if delta is None or state in (State.CODE_FAILED, State.NOT_RUN, State.STOPPED):
        return [name, "", "", f"**{state}**"]
    gate = ", **a gate failed**" if state is State.GATE else ""
    return [
        f"{name} {code(delta.name, 40)}",
        _value(delta.base, spreads[0].get(delta.name)),
        f"**{_value(delta.head, spreads[1].get(delta.name))}**",
        change(delta, bold=True) + gate,
    ]
