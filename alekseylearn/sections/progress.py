"""The comment of a run that is still under way: its steps, what is measured so far, and how to stop it."""

from __future__ import annotations

from collections.abc import Sequence

from alekseylearn.metrics import Metric
from alekseylearn.progressing import Live
from alekseylearn.report import NotebookOutcome, Outcome, Step
from alekseylearn.sections import naming
from alekseylearn.text import Markdown, code, details, duration, join, link, money, number, prose, table
from alekseylearn.verdict import active

HISTORY = "history"
"""The source whose steps are epochs."""
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
    return join([steps or "", _LEFT if outcome.left else "", details("Stop this run", _ways_to_stop(outcome, told))])


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
    """Tell the latest values of a job that runs, and what the base had then and in the end."""
    head = notebook.head
    if head is None or head.state.ended or not head.metrics:
        return ""
    first, *others = sorted(head.metrics, key=lambda metric: metric.name != notebook.primary)[:SHOWN]
    when = _when(first, head.live)
    latest = f"Latest {code(first.name, 60)}: **{number(first.value)}**{when and f' {when}'}."
    also = join((f"{code(metric.name, 60)} {number(metric.value)}" for metric in others), ", ")
    return join([latest, _then(outcome, notebook, first, when), f"Also {also}." if also else ""], " ")


def _when(metric: Metric, live: Live | None) -> str:
    """Say at which step a metric has its last value, or at which epoch, where its steps are those."""
    if not metric.series:
        return ""
    step = metric.series[-1][0]
    by_epoch = live is not None and live.epoch is not None and live.epoch - step in (0, 1)
    return f"at {'epoch' if by_epoch or metric.source == HISTORY else 'step'} {step}"


def _then(outcome: Outcome, notebook: NotebookOutcome, metric: Metric, when: str) -> str:
    """Say what the base had at the same step, and where it ended."""
    known = () if notebook.base is None else notebook.base.metrics
    before = next((one for one in known if one.name == metric.name), None)
    if before is None:
        return ""
    same = dict(before.series).get(metric.series[-1][0]) if metric.series else None
    had = f"had {number(same)} {when} and " if same is not None else ""
    return f"{naming.base(outcome)} {had}ended at {number(before.value)}."


def _ways_to_stop(outcome: Outcome, told: Sequence[NotebookOutcome]) -> Markdown:
    if outcome.left:
        runs = [run for run in outcome.left[:SHOWN] if naming.run_id(run)]
        ways = ["Push a new commit, or close the pull request: a job that nobody needs any more is stopped."]
        ways += [f"Or stop it by hand: {naming.command('stop', run)}." for run in runs]
    elif outcome.pull is not None:
        ways = [f"Cancel {link('the workflow run', outcome.run_url)}: what is finished by then stays."]
    else:
        ways = ["Press Ctrl-C."]
    ways.append(_limits(told))
    return Markdown("\n".join(f"- {way}" for way in ways))


def _limits(told: Sequence[NotebookOutcome]) -> str:
    """Say when a job is stopped that nobody stops."""
    limits = {(one.timeout, one.max_cost) for one in told if one.timeout}
    if len(limits) != 1:
        return "It stops by itself at the time limit (`timeout` in `alekseylearn.yml`)."
    ((timeout, most),) = limits
    cost, names = ("", "`timeout`") if most is None else (f" or {money(most)}", "`timeout` and `max_cost`")
    return f"It stops by itself after {_span(timeout)}{cost} ({names} in `alekseylearn.yml`)."


def _span(seconds: int) -> str:
    """Write a limit as somebody has set it: 24 h, 60 min, 90 s."""
    if seconds % 3600 == 0 and seconds > 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
