"""What a person's phone is told when a run has ended: a title with the verdict, and a few lines of plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from alekseylearn.config import Moment
from alekseylearn.metrics import MetricDelta
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.text import clean, duration, money, number, plural
from alekseylearn.verdict import Name, Phrase, State, Words, active, failed_gates, state_of, verdict, verdict_on

NOTEBOOKS, METRICS = 6, 8
"""How many of each are told; the comment has all."""
_TITLE, _LINE, _NAME = 200, 300, 80
_FAILED = frozenset({State.REFUSED, State.CODE_FAILED, State.NOT_RUN, State.STOPPED, State.GATE})
# What messengers take for a call of everybody, or for markup, where a name of the notebook has it.
_CALL = re.compile(r"@(?=[A-Za-z&!])")
_MARKUP = str.maketrans({"<": "‹", ">": "›"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message in plain text; *title* is one line."""

    moment: Moment
    title: str
    body: str


def moment_of(outcome: Outcome) -> Moment | None:
    """Say whether a run is done or has failed; None where none has ended, or none was needed, and for forks."""
    ended = [one for one in active(outcome) if one.refused or _fresh(one)]
    if not ended or not outcome.finished or outcome.fork:
        return None
    bad = outcome.exit_code or any(state_of(one) in _FAILED for one in ended)
    return "failed" if bad else "done"


def write_notice(outcome: Outcome, moment: Moment, links: Sequence[str] = ()) -> Notice:
    """Write the message: the verdict, each notebook's metrics with their change, and where to read on (*links*)."""
    summed, told = verdict(outcome), active(outcome)
    lines = [line for one in told[:NOTEBOOKS] for line in _about(one, outcome, alone=len(told) == 1)]
    if len(told) > NOTEBOOKS:
        lines.append(f"and {plural(len(told) - NOTEBOOKS, 'more notebook')}")
    lines += [_facts(outcome), *(clean(link, 2000) for link in dict.fromkeys(links) if link)]
    title = f"{summed.sign} {_spoken(summed.phrase)}"
    return Notice(moment=moment, title=clean(title, _TITLE), body="\n".join(line for line in lines if line))


def _fresh(notebook: NotebookOutcome) -> bool:
    return notebook.head is not None and notebook.head.state.ended and not notebook.reused


def _about(notebook: NotebookOutcome, outcome: Outcome, *, alone: bool) -> list[str]:
    """Tell of one notebook; of a lone one the title says how it ended."""
    summed = verdict_on(notebook, outcome)
    lines = [] if alone else [clean(f"{summed.sign} {_spoken(summed.phrase)}", _LINE)]
    failure = notebook.head.failure if notebook.head is not None else None
    if failure is not None and failure.hint:
        lines.append(f"what to do: {_plain(failure.hint, _LINE)}")
    # The first gate that fails stands in the sentence.
    for gate in failed_gates(notebook)[1:]:
        value, asked = "missing" if gate.value is None else number(gate.value), gate.gate
        lines.append(f"gate failed: {_plain(asked.metric)} {value}, not {asked.operator} {number(asked.bound)}")
    shown = sorted(notebook.deltas, key=lambda delta: delta.name != notebook.primary)
    lines += [_metric(delta) for delta in shown[:METRICS]]
    if len(shown) > METRICS:
        lines.append(f"and {plural(len(shown) - METRICS, 'more metric')}")
    return lines


def _metric(delta: MetricDelta) -> str:
    name = _plain(delta.name)
    if delta.head is None:
        return f"{name}: gone"
    told = f"{name} {number(delta.head)}"
    before = "" if delta.base is None else f"was {number(delta.base)}"
    match delta.verdict:
        case "better" | "worse":
            by = "" if delta.change is None else f" by {number(abs(delta.change))}"
            return f"{told} ({before}: {delta.verdict}{by})"
        case "same":
            return f"{told} (same)"
        case "unjudged":
            return f"{told} ({before})"
        case _:
            return told


def _facts(outcome: Outcome) -> str:
    """Say which commit it was, how long it took, and at what price."""
    where = f"#{outcome.pull}" if outcome.pull is not None else ""
    sha = outcome.head.sha[:7] or "work tree"
    spent = duration(outcome.seconds) if outcome.seconds else ""
    cost = "" if outcome.cost is None else f"about {money(outcome.cost)}"
    return " · ".join(part for part in (f"{where} {_plain(outcome.head.name)} {sha}".strip(), spent, cost) if part)


def _spoken(phrase: Phrase) -> str:
    """Write a sentence as plain text."""
    return "".join(_part(part) for part in phrase)


def _part(part: str | Name | Words) -> str:
    match part:
        case Name():
            return _plain(part.text)
        case Words():
            return _plain(part.text, _LINE)
        case _:
            return part


def _plain(text: str, limit: int = _NAME) -> str:
    """Show foreign *text* as one line that calls nobody and is no markup anywhere."""
    return _CALL.sub("＠", clean(text, limit)).translate(_MARKUP)
