"""The comment of a run that is still under way: its steps, and how to stop it."""

from __future__ import annotations

from alekseylearn.report import NotebookOutcome, Outcome, Step
from alekseylearn.text import Markdown, details, duration, join, link, prose, table
from alekseylearn.verdict import active


def progress(outcome: Outcome) -> Markdown | None:
    """Write the steps and the ways to stop; None once all is over."""
    if outcome.finished:
        return None
    told = active(outcome)
    steps = notebook_progress(told[0]) if len(told) == 1 else ""
    return join([steps or "", details("Stop this run", _ways_to_stop(outcome))])


def notebook_progress(notebook: NotebookOutcome) -> Markdown | None:
    """Write the table of steps; None where no step is known."""
    if not notebook.steps:
        return None
    rows = [_row(step) for step in notebook.steps[:20]]
    return table(("Step", "State", "Time"), rows, ("left", "left", "right"))


def _row(step: Step) -> list[str]:
    told = join([step.state, prose(step.text, 120, cell=True)], ": ")
    row = [prose(step.name, 60, cell=True), told, "" if step.seconds is None else duration(step.seconds)]
    return [f"**{cell}**" if cell else "" for cell in row] if step.state == "running" else row


def _ways_to_stop(outcome: Outcome) -> Markdown:
    workflow = link("the workflow run", outcome.run_url)
    return join(
        [
            f"- Cancel {workflow}: what is finished by then stays." if outcome.pull is not None else "- Press Ctrl-C.",
            "- It stops by itself at the time limit (`timeout` in `alekseylearn.yml`).",
        ],
        "\n",
    )
