"""The small print: when, which run, with what exit code, made by which version."""

from __future__ import annotations

from alekseylearn.report import Outcome
from alekseylearn.sections import naming
from alekseylearn.text import Markdown, code, join, prose

_EXITS = {
    1: "a defect of alekseylearn",
    2: "wrong usage",
    3: "an input was refused",
    4: "the notebook's own code failed",
    5: "a gate failed",
    6: "no machine, credentials or network",
    7: "a limit was reached, or the run was stopped",
    130: "interrupted",
}


def footer(outcome: Outcome) -> Markdown:
    """Write the last line that a reader sees."""
    updated = f"Updated {naming.when(outcome.when)}"
    if not outcome.finished:
        often = "" if outcome.left else ", at most once a minute"
        updated += f"{often}. This comment is replaced by the result"
    told = [f"Run {code(outcome.run, 20)}, attempt {outcome.attempt}" if outcome.run else "", _exit(outcome.exit_code)]
    run = f" {words[:1].upper()}{words[1:]}." if (words := join(told, ", ")) else ""
    made = f" Made by alekseylearn {prose(outcome.version, 40)}."
    return Markdown(f"<sub>{updated}.{run}{made}</sub>")


def _exit(exit_code: int) -> str:
    return f"exit code {exit_code} ({_EXITS.get(exit_code, 'unknown')})" if exit_code else ""
