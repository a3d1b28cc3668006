"""What is odd but did not stop the run."""

from __future__ import annotations

from alekseylearn.report import Outcome
from alekseylearn.text import Markdown, details, plural, prose
from alekseylearn.verdict import active

SHOWN = 12


def notes(outcome: Outcome) -> Markdown | None:
    """Fold the warnings of the run, its slices and its results."""
    found = dict.fromkeys(outcome.warnings)
    for one in active(outcome):
        found |= dict.fromkeys(one.slice.warnings if one.slice is not None else ())
        found |= dict.fromkeys(one.head.warnings if one.head is not None else ())
    if not found:
        return None
    lines = [f"- {prose(warning, 240)}" for warning in list(found)[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"- and {len(found) - SHOWN} more")
    return details(plural(len(found), "note"), Markdown("\n".join(lines)))
