"""The comment of a run that is still under way: its steps, what is measured so far, and how to stop it."""

from __future__ import annotations

from alekseylearn.metrics import Metric
from alekseylearn.report import NotebookOutcome, Outcome, Step
from alekseylearn.sections import naming
from alekseylearn.text import Markdown, code, details, duration, join, link, number, prose, table
from alekseylearn.verdict import active

SHOWN = 3
"""Metrics that are told while a job runs."""
_LEFT = Markdown(
    "No workflow waits for it: the next run on this pull request, or one with `mode: collect`, brings the result here."
)


def progress(outcome: Outcome) -> Markdown | None:
    """Write the steps and the ways to stop; None once all is over."""
    if outcome.finished:
        return None
    told = active(outcome)
    steps = notebook_progress(outcome, told[0]) if len(told) == 1 else ""
    return join([steps or "", _LEFT if outcome.left else "", details("Stop this run", _ways_to_stop(outcome))])


def notebook_progress(outcome: Outcome, notebook: NotebookOutcome) -> Markdown | None:
    """Write the table of steps, and the metrics that are known by now; None where no step is known."""
    if not notebook.steps:
        return None
    rows = [_row(step) for step in notebook.steps[:20]]
    return join([table(("Step", "State", "Time"), rows, ("left", "left", "right")), _so_far(outcome, notebook)])


def _row(step: Step) -> list[str]:
    told = join([step.state, prose(step.text, 120, cell=True)], ": ")
    state = join([told, naming.job_page(step.backend, step.url)], " · ")
    row = [prose(step.name, 60, cell=True), state, "" if step.seconds is None else duration(step.seconds)]
    return [f"**{cell}**" if cell else "" for cell in row] if step.state == "running" else row


def _so_far(outcome: Outcome, notebook: NotebookOutcome) -> str:
    """Tell the latest values of a job that runs, and where the base ended."""
    head = notebook.head
    if head is None or head.state.ended or not head.metrics:
        return ""
    ordered = sorted(head.metrics, key=lambda metric: metric.name != notebook.primary)
    before = None if notebook.base is None else notebook.base.metric(ordered[0].name)
    ended = "" if before is None else f" {naming.base(outcome)} ended at {number(before)}."
    return f"So far: {join(map(_latest, ordered[:SHOWN]), ', ')}.{ended}"


def _latest(metric: Metric) -> str:
    step = f" (step {metric.series[-1][0]})" if metric.series else ""
    return f"{code(metric.name, 60)} {number(metric.value)}{step}"


def _ways_to_stop(outcome: Outcome) -> Markdown:
    if outcome.left:
        runs = [run for run in outcome.left[:SHOWN] if naming.run_id(run)]
        ways = ["Push a new commit, or close the pull request: a job that nobody needs any more is stopped."]
        ways += [f"Or stop it by hand: {naming.command('stop', run)}." for run in runs]
    elif outcome.pull is not None:
        ways = [f"Cancel {link('the workflow run', outcome.run_url)}: what is finished by then stays."]
    else:
        ways = ["Press Ctrl-C."]
    ways.append("It stops by itself at the time limit (`timeout` in `alekseylearn.yml`).")
    return Markdown("\n".join(f"- {way}" for way in ways))
