"""What a fork's own run hands to the workflow that comments: a few values, read strictly and rendered anew.

Whoever sent the pull request may have written every byte of it. So it holds no markup, no path that is opened and no
address; commits and branches are not in it, since the reader has them from GitHub.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from alekseylearn.comment_state import CommentState, encode, marker
from alekseylearn.errors import InputError
from alekseylearn.plan import Decision
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.sections.changes import tally
from alekseylearn.strict import Limits, load_json
from alekseylearn.text import Markdown, clean, code, join, link, plural, prose, table
from alekseylearn.trust import FinishedRun, PullRequest

FILE = "analysis.json"
"""Its name in the artifact."""
LIMITS = Limits(family="artifact", max_bytes=256 * 1024, max_depth=4)
_FORMAT = 1
_MOST = 200
"""Notebooks that are handed over."""
_ROWS = 30
_PATH, _REASON = 400, 300
"""Longest texts, in characters."""
_COUNT = 100_000
_HOW = "A maintainer who has read the change can train it by pushing the commit to a branch of this repository."
_DOES: Mapping[Decision, str] = {"train": "would train", "reuse": "was trained before", "skip": "nothing to train"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed:
    """One notebook: what would become of it and why, how many code cells changed, how many there are and are needed.

    *refused* is the error that kept it from being looked at, '' where none did.
    """

    path: str
    decision: Decision
    reason: str
    refused: str
    changed: int
    cells: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was found in the pull request *pull*; *more* notebooks were too many to be listed."""

    pull: int
    notebooks: tuple[Analysed, ...]
    more: int = 0


def write_analysis(outcome: Outcome) -> bytes:
    """Write *outcome*, of a pull request that may not train, as a document for `read_analysis`."""
    kept = outcome.notebooks[:_MOST]
    document = {
        "format": _FORMAT,
        "pull": outcome.pull or 0,
        "more": len(outcome.notebooks) - len(kept),
        "notebooks": [_row(one) for one in kept],
    }
    return (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _row(one: NotebookOutcome) -> dict[str, str | int]:
    return {
        "path": clean(one.path, _PATH),
        "decision": one.decision,
        "reason": clean(one.reason, _REASON),
        "refused": clean(one.refused, _REASON),
        "changed": tally(one)[0],
        "cells": len(one.sources),
        "needed": 0 if one.slice is None else len(one.slice.kept),
    }


def read_analysis(data: bytes, where: str) -> Analysis:
    """Read what `write_analysis` writes, and nothing else; *where* names it in errors.

    Raises `InputError` `trust.artifact`.
    """
    try:
        document = load_json(data, where, LIMITS)
        return _read(document)
    except InputError as error:
        raise not_ours(error.what, where) from None
    except (TypeError, ValueError) as error:
        raise not_ours(str(error), where) from None


def not_ours(why: str, where: str) -> InputError:
    """Return the error for an artifact that alekseylearn has not left."""
    what = f"what the run has left is not what alekseylearn leaves: {why}"
    return InputError("trust.artifact", what, where=where, hint="look at the pull request: its run may be forged")


def _read(document: Any) -> Analysis:
    fields = _fields(document, "format", "pull", "more", "notebooks")
    if _count(fields["format"]) != _FORMAT:
        raise ValueError("another format")
    listed = fields["notebooks"]
    if not isinstance(listed, list) or len(listed) > _MOST:
        raise ValueError("no list of notebooks")
    number = _count(fields["pull"], 2**31)
    return Analysis(pull=number, notebooks=tuple(map(_notebook, listed)), more=_count(fields["more"]))


def _notebook(item: Any) -> Analysed:
    names = ("path", "decision", "reason", "refused", "changed", "cells", "needed")
    fields = _fields(item, *names)
    decision: Decision | None = next((one for one in get_args(Decision) if one == fields["decision"]), None)
    if decision is None:
        raise ValueError("no decision")
    return Analysed(
        path=_text(fields["path"], _PATH),
        decision=decision,
        reason=_text(fields["reason"], _REASON),
        refused=_text(fields["refused"], _REASON),
        changed=_count(fields["changed"]),
        cells=_count(fields["cells"]),
        needed=_count(fields["needed"]),
    )


def _fields(item: Any, *names: str) -> dict[str, Any]:
    if not isinstance(item, dict) or set(item) != set(names):
        raise ValueError("other fields than there are")
    return item


def _count(item: Any, most: int = _COUNT) -> int:
    if type(item) is not int or not 0 <= item <= most:
        raise ValueError("no count")
    return item


def _text(item: Any, most: int) -> str:
    if not isinstance(item, str) or clean(item, most) != item:
        raise ValueError("no line of text")
    return item


def tell(analysis: Analysis, pull: PullRequest, run: FinishedRun, *, address: str, when: str, version: str) -> Markdown:
    """Write the comment on *pull* about what *run*, whose page is *address*, has found; every word of it is dead text.

    *when* is UTC text.
    """
    told = analysis.notebooks
    waits = any(one.decision == "train" and not one.refused for one in told)
    refused = sum(1 for one in told if one.refused)
    if waits:
        heading = "🔒 Analysed, not trained: the pull request comes from a fork"
    else:
        heading = f"❌ Could not read {plural(refused, 'notebook')}" if refused else "📝 Nothing to train"
    commits = f"{naming.sha(pull.head_sha)} against {code(pull.base_ref)} {naming.sha(pull.base_sha)}"
    facts = [commits, link("log and full report", address)]
    rest = max(0, len(told) - _ROWS) + analysis.more
    rows = [[code(one.path), _cells(one), _does(one)] for one in told[:_ROWS]]
    claimed = "It repeats what the fork's own run has found; nobody has checked that."
    parts = [
        f"### {heading}",
        join(facts, " · "),
        table(("Notebook", "Changed", "Decision"), rows, ("left",) * 3) if rows else "No notebook changed.",
        f"And {plural(rest, 'more notebook')}." if rest else "",
        f"Nothing of this pull request was run. {_HOW}" if waits else "",
        f"<sub>{claimed} Updated {naming.when(when)}. Made by alekseylearn {prose(version, 40)}.</sub>",
    ]
    state = encode(CommentState(order=run.order, head=pull.head_sha))
    return Markdown(f"{marker(pull.number)}\n{join(parts)}\n{state}")


def _cells(one: Analysed) -> str:
    return f"{one.changed} of {plural(one.cells, 'code cell')}" if one.cells else plural(one.changed, "code cell")


def _does(one: Analysed) -> str:
    if one.refused:
        return f"refused: {prose(one.refused, 160, cell=True)}"
    needed = f", {one.needed} of them needed" if one.decision == "train" and one.needed else ""
    return f"{_DOES[one.decision]}{needed}: {prose(one.reason, 160, cell=True)}"
