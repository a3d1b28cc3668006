"""A story is carried out by a step of the action: the comment lives with it, the log and the outputs tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from alekseylearn.cli.aftermath import leave
from alekseylearn.cli.notifying import notify_from_ci
from alekseylearn.cli.phases import Phases
from alekseylearn.cli.shown import Shown
from alekseylearn.cli.step import Step
from alekseylearn.errors import AlekseylearnError, MachineError
from alekseylearn.forges.base import Posted
from alekseylearn.pipeline import Story, run
from alekseylearn.report import Outcome
from alekseylearn.training import Progress, StoppedError
from alekseylearn.workshop import measured_by

MINUTE = 60.0
"""Seconds between two edits of a running comment, at least; that a job begins is told at once."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What was told last, and the error that kept something from being run or looked at."""

    outcome: Outcome
    error: AlekseylearnError | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of the step."""
        return self.outcome.exit_code if self.error is None else self.error.exit_code


def carry_out(step: Step, story: Story, *, outbox: Path | None = None, closing: bool = False) -> Carried:
    """Run *story* and tell of it wherever it is told: comment, report, summary, annotations, outputs.

    What is to be uploaded goes into *outbox*. When *closing*, what was stopped is no failure. Raises `StoppedError`,
    and errors that keep anything from being told.
    """
    told: list[Outcome] = []
    posts: list[Posted | None] = []

    def tell(outcome: Outcome) -> None:
        shown = replace(outcome, exit_code=0) if closing else outcome
        told.append(shown)
        posts.append(step.post(shown, notify=not closing))
        if len(told) == 1:
            for notebook in shown.notebooks:
                step.runner.echo([f"{notebook.decision:6} {notebook.path}: {notebook.reason}"])

    story.shop = replace(story.shop, watch=watcher(step, story))
    failed = None
    try:
        run(story, tell, step.clock)
    except StoppedError:
        raise
    except KeyboardInterrupt:
        # It came while we told of it: what was started is stopped all the same.
        raise story.interrupted() from None
    except AlekseylearnError as error:
        if not told:
            raise
        failed = error
    finally:
        url = next((post.url for post in reversed(posts) if post is not None and post.url), "")
        if told:
            leave(told[-1], story, step.runner, outbox or step.ground.outbox, comment_url=url)
    if failed is None and told[-1].finished and posts[-1] is not None:
        _settle(step, story)
    if failed is not None and told[-1].left:
        # The report's own annotations tell of what ended only.
        step.runner.annotate("error", str(failed), title=f"alekseylearn: {failed.slug}")
    # Who cancels a run, or pushes over it, knows.
    if not closing and step.settings.outcome != "cancelled":
        notify_from_ci(told[-1], story.comparison.head.config, step.ground.environ, step.runner, comment_url=url)
    return Carried(told[-1], failed)


def _settle(step: Step, story: Story) -> None:
    try:
        story.settle()
    except MachineError as error:
        step.runner.annotate("warning", str(error), title="What is left of a run could not be cleared away")


def watcher(step: Step, story: Story, clock: Callable[[], float] = time.monotonic) -> Callable[[Progress], None]:
    """Print what the training prints, what goes on around it and how far it is; edit the comment once a minute.

    *clock* is monotonic seconds.
    """
    due = [clock() + MINUTE]
    phases, shown = Phases(clock), Shown(clock)

    def watch(progress: Progress) -> None:
        about = f"{progress.job.name} (run {progress.job.run})"
        around, steps = ([f"{about}: {line}" for line in say(progress)] for say in (phases.lines, phases.steps))
        if around or progress.lines or steps:
            step.runner.echo([*around, *progress.lines, *steps])
        story.hear(progress)
        begins = phases.begins(progress) and bool(progress.handle.url)
        if not progress.state.ended and (begins or clock() >= due[0]):
            due[0] = clock() + MINUTE
            story.hear(progress, measured_by(progress.backend, progress.handle))
            when, seconds = step.clock()
            outcome = story.outcome(finished=False, when=when, seconds=seconds)
            if shown.is_news(outcome) and step.post(outcome) is None:
                shown.forget()

    return watch
