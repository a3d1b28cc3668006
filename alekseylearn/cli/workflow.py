"""The steps of the action: from the runner's event to one comment, a job summary, annotations and outputs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from alekseylearn.actions import Runner
from alekseylearn.cli.granted import withhold
from alekseylearn.cli.hearing import Heard, hear, say
from alekseylearn.cli.step import Step, open_ground
from alekseylearn.disk import refusal
from alekseylearn.errors import AlekseylearnError, InputError, MachineError, UsageError
from alekseylearn.git import Git
from alekseylearn.text import Markdown, fence


def guarded(step: Callable[[Mapping[str, str], Runner], int]) -> int:
    """Run *step*; an error of ours becomes an annotation, a summary and the step's result before it ends the step."""
    environ = withhold(os.environ)
    runner = Runner.from_environ(environ, sys.stdout)
    try:
        return step(environ, runner)
    except AlekseylearnError as error:
        return _ended_by(error, runner)
    except KeyboardInterrupt:
        runner.set_outputs({"result": "cancelled"})
        return 130
    except Exception as error:
        told = refusal(error) if isinstance(error, OSError) else None
        if told is not None:
            return _ended_by(told, runner)
        runner.annotate("error", f"{type(error).__name__}: {error}", title="alekseylearn: a defect of ours")
        runner.set_outputs({"result": "failure"})
        raise


def _ended_by(error: AlekseylearnError, runner: Runner) -> int:
    """Tell of *error* wherever there is room for it; returns the exit code."""
    stopped = error.slug == "run.stopped"
    runner.annotate("error", str(error), title=f"alekseylearn: {error.slug}")
    with suppress(OSError):
        runner.add_summary(Markdown(f"### ❌ alekseylearn could not go on\n\n{fence(str(error))}"))
        runner.set_outputs({"result": "cancelled" if stopped else "failure"})
    return 130 if stopped else error.exit_code


def run_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Train what changed and review it."""
    heard = hear(environ, runner)
    if heard.event.deleted:
        return _nothing(runner)
    return _train(_opened(environ, runner, heard), detach=False)


def submit_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Start what changed and what it is compared with, say where it runs, and leave it to that."""
    heard = hear(environ, runner)
    if heard.event.deleted:
        return _nothing(runner)
    step = _opened(environ, runner, heard)
    if step.settings.inputs.force:
        # A later run would take the old result for this one.
        hint = "leave `force` out, or use `mode: run`"
        raise UsageError("ci.input", "`force` has to wait for its result", where="INPUT_FORCE", hint=hint)
    return _train(step, detach=True)


def _opened(environ: Mapping[str, str], runner: Runner, heard: Heard, git: Git | None = None) -> Step:
    """Compare the two sides of what was *heard*; what the configuration may mean to others is said beside the run."""
    step = open_ground(environ, runner, heard, git).step()
    for warning in step.comparison.head.config.warnings:
        say(runner, "warning", warning)
    return step


def _nothing(runner: Runner) -> int:
    runner.set_outputs({"result": "skipped", "any-trained": "false"})
    return 0


def _train(step: Step, *, detach: bool) -> int:
    from alekseylearn.cli.carrying import carry_out
    from alekseylearn.cli.leftovers import close, supersede

    if step.event.closed:
        return close(step)
    supersede(step)
    story = step.story(train=True, detach=detach, begun=_begun(step) if detach else ())
    return carry_out(step, story).exit_code


def collect_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Bring home what ended, without starting anything: of this event, or of all pull requests where it names none."""
    from alekseylearn.cli.carrying import carry_out
    from alekseylearn.cli.collector import SWEEPING, sweep
    from alekseylearn.cli.leftovers import close

    heard = hear(environ, runner)
    if heard.event.deleted:
        return _nothing(runner)
    ground = open_ground(environ, runner, heard)
    if ground.event.name in SWEEPING:
        return sweep(ground)
    step = ground.step()
    if step.event.closed:
        return close(step)
    return carry_out(step, step.story(train=False, begun=_begun(step))).exit_code


def _begun(step: Step) -> tuple[str, ...]:
    """Return the runs that were started for this commit before, as our comment remembers them."""
    state = step.remembered() if step.event.trusted else None
    return state.begun if state is not None and state.head == step.comparison.head.sha else ()


def plan_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Say which notebooks train; when none does, the pull request is told here, since no later job will."""
    heard = hear(environ, runner)
    if heard.event.closed or heard.event.deleted:
        _set_plan(runner, [], "")
        return 0
    try:
        git = heard.repository(environ)
    except InputError as error:
        if error.slug != "git.history":
            raise
        say(
            runner,
            "warning",
            f"git.history: nothing is checked out ({error.what}): put actions/checkout before this step",
        )
        _set_plan(runner, [], "")
        return 0
    step = _opened(environ, runner, heard, git)
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
    posted = None if matrix else step.post(outcome)
    for plan in plans:
        runner.echo([f"{plan.decision:6} {plan.path}: {plan.reason}"])
        if plan.refused:
            runner.annotate("error", plan.refused, title="alekseylearn", file=plan.path)
    _set_plan(runner, matrix, posted.url if posted is not None else "")
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
    heard = hear(environ, runner, quiet=True)
    if heard.event.deleted:
        return 0
    ground = open_ground(environ, runner, heard)
    if ground.settings.outcome == "cancelled":
        runner.set_outputs({"result": "cancelled"})
        # Who only collects has started nothing.
        return 0 if ground.settings.inputs.mode == "collect" else _after_cancel(ground.step())
    url = ground.settings.artifact_url
    if url and ground.event.pull_request is not None:
        _link_artifact(ground.step(), url)
    return 0


def _link_artifact(step: Step, url: str) -> None:
    from alekseylearn.comment_state import marker

    if step.pull is None or not step.tells or not step.posted.is_file():
        return
    text = step.posted.read_text("utf-8")
    if text.startswith(marker(step.pull)):
        told = Markdown(text.replace(step.artifacts_link, url))
        try:
            step.ground.forge().upsert_comment(step.pull, told, order=step.order)
        except MachineError as error:
            step.runner.annotate("warning", str(error), title="The comment could not be completed")


def _after_cancel(step: Step) -> int:
    from alekseylearn.cli.carrying import carry_out
    from alekseylearn.cli.leftovers import close

    if step.event.closed:
        return close(step)
    # Stopping goes before whatever else there is to do, the comment's own words among it.
    story = step.story(train=False)
    story.look()
    story.stop()
    carry_out(step, story)
    step.runner.set_outputs({"result": "cancelled"})
    return 0
