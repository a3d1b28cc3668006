"""What base and head did not have in common beside the code, said before anything is compared."""

from __future__ import annotations

from alekseylearn.report import Difference, NotebookOutcome, Outcome
from alekseylearn.text import Markdown, code, join
from alekseylearn.verdict import active

SHOWN = 4
"""Differences of one kind in sight; the report has them all."""
NOTEBOOKS = 3
_LONGEST = 60
_WORDS = frozenset({"backend", "machine", "instance", "gpu", "architecture", "image", "python"})
"""What is no package."""
_SPELLED = {"gpu": "GPU", "python": "Python"}


def environment(outcome: Outcome) -> Markdown | None:
    """Write one short line for each notebook whose sides were not trained under like conditions."""
    told = [one for one in active(outcome) if one.differences]
    lines = [_line(one, named=len(active(outcome)) > 1) for one in told[:NOTEBOOKS]]
    if len(told) > NOTEBOOKS:
        lines.append(f"{len(told) - NOTEBOOKS} more notebooks have such differences, too: see `report.html`.")
    return join(lines) if lines else None


def _line(notebook: NotebookOutcome, *, named: bool) -> str:
    where = f"{code(notebook.path)}: " if named else ""
    around = [one for one in notebook.differences if not one.part]
    own = [one for one in notebook.differences if one.part]
    told = [
        f"**Not like for like:** {_listed(around)}." if around else "",
        f"**Part of this change:** {_listed(own)}." if own else "",
    ]
    return where + join(told, " ")


def _listed(differences: list[Difference]) -> str:
    shown = [_told(one) for one in differences[:SHOWN]]
    more = len(differences) - SHOWN
    return f"{', '.join(shown)}{f' and {more} more' if more > 0 else ''}"


def _told(one: Difference) -> str:
    """Say what differs: `torch` 2.12.0 → 2.13.0, data `train.csv` changed."""
    kind, _, name = one.what.partition(" ")
    if kind == "data" and name:
        how = {one.base: "is new", one.head: "is gone"}.get("none", "changed")
        return f"data {code(name, _LONGEST)} {how}"
    what = _SPELLED.get(one.what, one.what) if one.what in _WORDS else code(one.what, _LONGEST)
    return f"{what} {code(one.base, _LONGEST)} → {code(one.head, _LONGEST)}"
