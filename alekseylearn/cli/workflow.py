"""The steps of the action: from the runner's event to one comment, a job summary, annotations and outputs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from alekseylearn.actions import Runner
from alekseylearn.cli.step import Step, open_step
from alekseylearn.errors import AlekseylearnError, MachineError
from alekseylearn.text import Markdown, fence

if TYPE_CHECKING:
    from alekseylearn.pipeline import Story
    from alekseylearn.report import Outcome
    from alekseylearn.training import Progress

MINUTE = 60.0
"""Seconds between two edits of a running comment, at least."""


def guarded(step: Callable[[Mapping[str, str], Runner], int]) -> int:
    """Run *step*; an error of ours becomes an annotation, a summary and the step's result before it ends the step."""
    environ = dict(os.environ)
    runner = Runner.from_environ(environ, sys.stdout)
    try:
        return step(environ, runner)
    except AlekseylearnError as error:
        from alekseylearn.training import StoppedError

        runner.annotate("error", str(error), title=f"alekseylearn: {error.slug}")
        runner.add_summary(Markdown(f"### ❌ alekseylearn could not go on\n\n{fence(str(error))}"))
        runner.set_outputs({"result": "cancelled" if isinstance(error, StoppedError) else "failure"})
        return 130 if isinstance(error, StoppedError) else error.exit_code
    except Exception as error:
        runner.annotate("error", f"{type(error).__name__}: {error}", title="alekseylearn: a defect of ours")
        runner.set_outputs({"result": "failure"})
        raise


def run_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Train what changed and review it."""
    return _work(open_step(environ, runner), train=True)


def collect_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Bring home what ended, without starting anything."""
    return _work(open_step(environ, runner), train=False)


def plan_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Say which notebooks train; when none does, the pull request is told here, since no later job will."""
    step = open_step(environ, runner)
    if not step.comparison.files and not step.tells:
        # Nothing to look at and nobody to tell: what reads notebooks, trains and reports is not even loaded.
        _set_plan(runner, [], "")
        return 0
    story = step.story(train=True)
    plans = story.look()
    matrix = [
        {"notebook": plan.path, "name": plan.name, "id": plan.head.run}
        for plan in plans
        if plan.decision == "train" and plan.head is not None and step.event.trusted
    ]
    when, seconds = step.clock()
    outcome = story.outcome(finished=True, when=when, seconds=seconds)
    url = "" if matrix else step.post(outcome)
    for plan in plans:
        runner.echo([f"{plan.decision:6} {plan.path}: {plan.reason}"])
        if plan.refused:
            runner.annotate("error", plan.refused, title="alekseylearn", file=plan.path)
    _set_plan(runner, matrix, url)
    # A job that comes later trains the others; it tells of what was refused, too.
    return 0 if matrix else outcome.exit_code


def _set_plan(runner: Runner, matrix: Sequence[Mapping[str, str]], url: str) -> None:
    runner.set_outputs(
        {
            "result": "success" if matrix else "skipped",
            "any-trained": str(bool(matrix)).lower(),
            "matrix": json.dumps({"include": matrix}, separators=(",", ":")),
            "comment-url": url,
        }
    )


def finish_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Complete the comment after the upload, or after the run was cut off."""
    step = open_step(environ, runner)
    if step.settings.outcome == "cancelled":
        return _after_cancel(step)
    url = step.settings.artifact_url
    if url and step.pull is not None and step.tells and step.posted.is_file():
        from alekseylearn.comment_state import marker

        text = step.posted.read_text("utf-8")
        if text.startswith(marker(step.pull)):
            told = Markdown(text.replace(step.artifacts_link, url))
            try:
                step.forge().upsert_comment(step.pull, told, order=step.settings.order)
            except MachineError as error:
                runner.annotate("warning", str(error), title="The comment could not be completed")
    return 0


def _after_cancel(step: Step) -> int:
    story = step.story(train=False)
    story.look()
    story.stop()
    _work(step, train=False)
    step.runner.set_outputs({"result": "cancelled"})
    return 0


def _watcher(step: Step, story: Story) -> Callable[[Progress], None]:
    """Print what the training prints, and bring the comment up to date once a minute."""
    told = [time.monotonic()]

    def watch(progress: Progress) -> None:
        if progress.lines:
            step.runner.echo(progress.lines)
        if time.monotonic() - told[0] >= MINUTE:
            told[0] = time.monotonic()
            when, seconds = step.clock()
            step.post(story.outcome(finished=False, when=when, seconds=seconds))

    return watch


def _work(step: Step, *, train: bool) -> int:
    from alekseylearn.cli.aftermath import leave
    from alekseylearn.pipeline import run
    from alekseylearn.training import StoppedError

    told: list[Outcome] = []
    urls = [""]

    def tell(outcome: Outcome) -> None:
        told.append(outcome)
        urls[0] = step.post(outcome) or urls[0]
        if not outcome.finished:
            for notebook in outcome.notebooks:
                step.runner.echo([f"{notebook.decision:6} {notebook.path}: {notebook.reason}"])

    story = step.story(train=train)
    story.shop = replace(story.shop, watch=_watcher(step, story))
    try:
        run(story, tell, step.clock)
    except StoppedError:
        raise
    except AlekseylearnError as error:
        if not told:
            raise
        # The report and its annotations tell of it already.
        return error.exit_code
    finally:
        if told:
            leave(told[-1], step.shop, step.runner, step.outbox, comment_url=urls[0])
    return told[-1].exit_code
