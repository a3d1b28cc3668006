"""What became of a notebook, and of a whole run, in one word and in one sentence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from alekseylearn.comment_state import RUNNING
from alekseylearn.jobs import Failure, JobState
from alekseylearn.metrics import MetricDelta
from alekseylearn.progressing import summary
from alekseylearn.report import OTHER_SEEDS, GateResult, NotebookOutcome, Outcome, Step
from alekseylearn.text import number, plural


class State(StrEnum):
    """What became of one notebook; the worst one comes first."""

    REFUSED = "not readable"
    CODE_FAILED = "failed"
    NOT_RUN = "not run"
    STOPPED = "stopped"
    GATE = "gate failed"
    RUNNING = "running"
    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    UNJUDGED = "not judged"
    NO_BASE = "new"
    NO_METRIC = "no metric"
    PLANNED = "not trained yet"
    SKIPPED = "nothing to train"


ENDED_BADLY = frozenset({State.CODE_FAILED, State.NOT_RUN, State.STOPPED})


@dataclass(frozen=True, slots=True)
class Name:
    """A word from outside in a sentence of ours: it is shown as code."""

    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence from outside: its plain words stay plain."""

    text: str


Phrase = tuple[str | Name | Words, ...]
"""A sentence; its plain strings are ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One sign, one word and one sentence about a notebook or a run; the sign only repeats the word."""

    state: State
    sign: str
    phrase: Phrase


def active(outcome: Outcome) -> tuple[NotebookOutcome, ...]:
    """Return the notebooks that a report must tell about: all but those with nothing to train."""
    return tuple(one for one in outcome.notebooks if state_of(one, finished=outcome.finished) is not State.SKIPPED)


def skipped(outcome: Outcome) -> tuple[NotebookOutcome, ...]:
    """Return the notebooks with nothing to train."""
    return tuple(one for one in outcome.notebooks if state_of(one, finished=outcome.finished) is State.SKIPPED)


def state_of(notebook: NotebookOutcome, *, finished: bool = True) -> State:
    """Say in one word what became of *notebook*."""
    if notebook.refused:
        return State.REFUSED
    if notebook.decision == "skip":
        return State.SKIPPED
    if notebook.head is None:
        return State.PLANNED if finished else State.RUNNING
    match notebook.head.state:
        case JobState.QUEUED | JobState.RUNNING:
            return State.RUNNING
        case JobState.FAILED:
            failure = notebook.head.failure
            return State.CODE_FAILED if failure is not None and failure.cell is not None else State.NOT_RUN
        case JobState.LOST:
            return State.NOT_RUN
        case JobState.STOPPED | JobState.TIMED_OUT:
            return State.STOPPED
        case JobState.SUCCEEDED:
            return _judge(notebook)
        case never:
            assert_never(never)


def _judge(notebook: NotebookOutcome) -> State:
    if failed_gates(notebook):
        return State.GATE
    if any(step.state != "done" for step in notebook.steps):
        return State.RUNNING
    delta = primary_delta(notebook)
    if delta is None or delta.head is None:
        return State.NO_METRIC
    match delta.verdict:
        case "better":
            return State.BETTER
        case "worse":
            return State.WORSE
        case "same":
            return State.SAME
        case "unjudged":
            return State.UNJUDGED
        case "new" | "gone":
            return State.NO_BASE
        case never:
            assert_never(never)


def failed_gates(notebook: NotebookOutcome) -> tuple[GateResult, ...]:
    """Return the gates that the head's values do not keep."""
    return tuple(gate for gate in notebook.gates if not gate.passed)


def primary_delta(notebook: NotebookOutcome) -> MetricDelta | None:
    """Return what became of the metric that the verdict is about."""
    return next((delta for delta in notebook.deltas if delta.name == notebook.primary), None)


def running_step(notebook: NotebookOutcome) -> Step | None:
    """Return the step that is under way."""
    return next((step for step in notebook.steps if step.state == "running"), None)


def verdict(outcome: Outcome) -> Verdict:
    """Sum *outcome* up: the one sentence that stands above everything else."""
    told = active(outcome)
    if not told:
        words = "no notebook changed" if not outcome.notebooks else "no code that trains a model changed"
        return Verdict(state=State.SKIPPED, sign="⏭️", phrase=(f"Nothing to train: {words}",))
    if len(told) == 1:
        return verdict_on(told[0], outcome)
    return _sum_up(outcome, [state_of(one, finished=outcome.finished) for one in told], told)


def verdict_on(notebook: NotebookOutcome, outcome: Outcome) -> Verdict:
    """Say what became of one notebook."""
    state = state_of(notebook, finished=outcome.finished)
    return Verdict(state=state, sign=_sign(state, fork=outcome.fork), phrase=_sentence(state, notebook, outcome))


def _sign(state: State, *, fork: bool) -> str:
    match state:
        case State.REFUSED | State.CODE_FAILED | State.NOT_RUN | State.GATE:
            return "❌"
        case State.STOPPED:
            return "⏹️"
        case State.RUNNING:
            return RUNNING
        case State.WORSE:
            return "⚠️"
        case State.PLANNED:
            return "🔒" if fork else "📝"
        case State.SKIPPED:
            return "⏭️"
        case State.BETTER | State.SAME | State.UNJUDGED | State.NO_BASE | State.NO_METRIC:
            return "✅"
        case never:
            assert_never(never)


def _sentence(state: State, notebook: NotebookOutcome, outcome: Outcome) -> Phrase:
    path = Name(notebook.path)
    match state:
        case State.REFUSED:
            return ("Could not read ", path, ": ", Name(refusal(notebook)))
        case State.CODE_FAILED | State.NOT_RUN | State.STOPPED:
            return _bad_end(state, notebook)
        case State.RUNNING:
            return _under_way(notebook, outcome)
        case State.PLANNED:
            return (f"Analysed, not trained: {outcome.barred}",) if outcome.fork else ("Would train ", path)
        case State.SKIPPED:
            return ("Nothing to train in ", path)
        case State.GATE:
            return ("Trained ", path, ", but ", *_gates(failed_gates(notebook)))
        case State.WORSE | State.BETTER | State.SAME | State.UNJUDGED | State.NO_BASE | State.NO_METRIC:
            return ("Trained ", path, ": ", *_against_base(notebook, outcome))
        case never:
            assert_never(never)


def refusal(notebook: NotebookOutcome) -> str:
    """Return what the error that refused *notebook* says happened, without its slug."""
    first = notebook.refused.partition("\n")[0]
    return first.partition("]: ")[2] or first


def reason(failure: Failure) -> str:
    """Say in one line why a run failed: the exception and the first sentence of its message."""
    message = failure.message.strip().partition("\n")[0].partition(". ")[0]
    return f"{failure.exception}: {message}" if failure.exception and message else message or failure.exception


def _bad_end(state: State, notebook: NotebookOutcome) -> Phrase:
    path = Name(notebook.path)
    failure = notebook.head.failure if notebook.head is not None else None
    # What is not the code's fault is told by us, or by a service: in sentences.
    message = failure.message.strip().partition("\n")[0].removesuffix(".") if failure is not None else ""
    words: Phrase = (": ", Words(message)) if message else ()
    why: Phrase = (": ", Name(reason(failure))) if failure is not None and reason(failure) else ()
    if state is State.CODE_FAILED and failure is not None:
        return (f"Training failed in cell {failure.cell} of ", path, *why)
    if state is State.STOPPED:
        return ("Stopped ", path, *(words or _where(notebook)))
    return ("Could not train ", path, *(words or why or (": the machine went away",)))


def _where(notebook: NotebookOutcome) -> Phrase:
    """Say in which cell a run was that nobody says more about."""
    runs = notebook.head.cells if notebook.head is not None else ()
    return next(((f" in cell {run.cell}",) for run in runs if run.state == "interrupted"), ())


def _under_way(notebook: NotebookOutcome, outcome: Outcome) -> Phrase:
    head, step = notebook.head, running_step(notebook)
    if head is not None and head.succeeded:
        delta = primary_delta(notebook)
        metric: Phrase = () if delta is None or delta.head is None else (Name(delta.name), f" {number(delta.head)}, ")
        goes_on = next((one for one in notebook.steps if one.state != "done"), None)
        if goes_on is not None and goes_on.name == OTHER_SEEDS:
            return ("Trained ", Name(notebook.path), ": ", *metric, f"{goes_on.text} with other seeds")
        return ("Trained ", Name(notebook.path), ": ", *metric, _base(outcome), " still trains")
    where = summary(head.live) if head is not None and head.live is not None else ""
    told: Phrase = (": ", where) if where else () if step is None else (": ", Words(step.text or step.name))
    machine: Phrase = (" on ", Words(head.machine)) if head is not None and head.machine and outcome.left else ()
    return ("Training ", Name(notebook.path), *machine, *told)


def _gates(failed: Sequence[GateResult]) -> Phrase:
    first = failed[0]
    count = "a gate failed: " if len(failed) == 1 else f"{len(failed)} gates failed, first: "
    if first.value is None:
        return (count, Name(first.gate.metric), f" is missing, {number(first.gate.bound)} is asked for")
    if math.isnan(first.value):
        return (count, Name(first.gate.metric), f" is not a number, {number(first.gate.bound)} is asked for")
    relation = {">=": "below", ">": "not above", "<=": "above", "<": "not below"}[first.gate.operator]
    return (count, Name(first.gate.metric), f" {number(first.value)} is {relation} {number(first.gate.bound)}")


def _against_base(notebook: NotebookOutcome, outcome: Outcome) -> Phrase:
    delta = primary_delta(notebook)
    if delta is None or delta.head is None:
        return ("finished, no metric found",)
    base = _base(outcome)
    told: Phrase = (Name(delta.name), f" {number(delta.head)}, ")
    by = "" if delta.change is None else f" by {number(abs(delta.change))}"
    match delta.verdict:
        case "better" | "worse":
            return (*told, f"{delta.verdict}{by} than ", base)
        case "same":
            chance = bool(delta.noise and delta.change and abs(delta.change) <= delta.noise)
            return (*told, "within noise of " if chance else "same as ", base)
        case "unjudged":
            before = "undefined" if delta.base is None else number(delta.base)
            return (*told, f"was {before} on ", base, " (no goal set)")
        case "new" | "gone":
            if notebook.base is not None and notebook.base.succeeded:
                return (*told, "which ", base, " does not have")
            return (*told, "no run of ", base, " to compare with")
        case never:
            assert_never(never)


def _base(outcome: Outcome) -> str | Name:
    return Name(outcome.base.name) if outcome.base.name else "the base"


def _sum_up(outcome: Outcome, states: list[State], told: Sequence[NotebookOutcome]) -> Verdict:
    worst = min(states, key=list(State).index)
    count = Counter(states)
    hit = [Name(one.path) for one, state in zip(told, states, strict=True) if state is worst]
    of_all = f"{count[worst]} of {len(told)} notebooks"
    which: Phrase = (": ", hit[0], *([f" and {len(hit) - 1} more"] if len(hit) > 1 else []))
    phrase: Phrase
    match worst:
        case State.REFUSED:
            phrase = (f"Could not read {of_all}", *which)
        case State.CODE_FAILED:
            phrase = (f"Training failed in {of_all}", *which)
        case State.NOT_RUN:
            phrase = (f"Could not train {of_all}", *which)
        case State.STOPPED:
            phrase = (f"Stopped {of_all}", *which)
        case State.GATE:
            phrase = (f"Trained {plural(len(told), 'notebook')}, but gates failed in {count[worst]}", *which)
        case State.RUNNING:
            phrase = (f"Training {plural(len(told), 'notebook')}: {len(told) - count[worst]} done",)
        case State.PLANNED:
            words = f"Analysed, not trained: {outcome.barred}" if outcome.fork else f"Would train {of_all}"
            phrase = (words,)
        case _:
            parts = [f"{count[state]} {state}" for state in State if count[state]]
            phrase = (f"Trained {plural(len(told), 'notebook')}: {', '.join(parts)}, against ", _base(outcome))
    return Verdict(state=worst, sign=_sign(worst, fork=outcome.fork), phrase=phrase)
