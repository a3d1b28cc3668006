"""The report as one HTML file that opens offline: nothing is fetched, and no script runs in it but its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

from alekseylearn.comment_state import PastRun
from alekseylearn.page.assets import find_assets, read
from alekseylearn.page.executed import MAX_BYTES as MAX_NOTEBOOK
from alekseylearn.page.inline import inline, words
from alekseylearn.page.room import Room
from alekseylearn.page.views import MAX_LOG, Saved, view_notebook
from alekseylearn.report import Outcome
from alekseylearn.sections import naming
from alekseylearn.sections.changes import tally
from alekseylearn.sections.failures import failing_lines, what_happened
from alekseylearn.sections.headline import facts
from alekseylearn.sections.metrics import change
from alekseylearn.text import clean, duration, number, size
from alekseylearn.verdict import State, Words, active, skipped, verdict

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["MAX_LOG", "MAX_NOTEBOOK", "Saved", "inline", "render_page"]


def render_page(
    outcome: Outcome,
    *,
    logs: Mapping[str, str] | None = None,
    notebooks: Mapping[str, bytes] | None = None,
    saved: Mapping[str, Saved] | None = None,
) -> str:
    """Write the page.

    By the digest of a result, *logs* holds its whole log (else its last lines are shown), and *notebooks* the bytes of
    its executed notebook (else the page has none). By its path, *saved* holds a notebook's files as people saved them.
    """
    room = Room()
    view = partial(view_notebook, outcome=outcome, room=room, saved=saved or {})
    told = [
        view(one, key=f"n{place}", logs=logs or {}, notebooks=notebooks or {})
        for place, one in enumerate(active(outcome), 1)
    ]
    passed = [view(one, key=f"s{place}", logs={}, notebooks={}) for place, one in enumerate(skipped(outcome), 1)]
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            assets=find_assets(),
            outcome=outcome,
            summed=verdict(outcome),
            facts=facts(outcome),
            base=outcome.base.name or "the base",
            head=naming.head(outcome),
            told=told,
            passed=passed,
            left_out=room.told,
            tally=tally,
            change=change,
            what_happened=what_happened,
            failing_lines=failing_lines,
            when=_when,
            State=State,
        )
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    surroundings = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=FunctionLoader(read)
    )
    surroundings.filters |= {
        "inline": inline,
        "words": words,
        "number": number,
        "size": size,
        "duration": duration,
        "clean": clean,
    }
    surroundings.tests["sentence"] = lambda part: isinstance(part, Words)
    return surroundings


def _when(run: PastRun) -> str:
    return clean(run.when, 40)
