"""Every open pull request whose comment waits for jobs is brought up to date; nothing is started."""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from alekseylearn.cli.carrying import Carried, carry_out
from alekseylearn.comment_state import CommentState, decode
from alekseylearn.errors import AlekseylearnError, InputError
from alekseylearn.trust import EventName, PullRequest, event_of

if TYPE_CHECKING:
    from alekseylearn.cli.step import Ground

SWEEPING: tuple[EventName, ...] = ("schedule", "workflow_dispatch", "repository_dispatch")
"""Events that are about no pull request, and that nobody but the repository's own people causes."""


def sweep(ground: Ground) -> int:
    """Bring all comments up to date that wait for jobs; one that cannot be keeps no other from it.

    Returns the exit code of the first error; a commit that is not in the checkout is told of, and is none. Raises
    `MachineError` where the pull requests cannot be listed.
    """
    codes: list[int] = []
    running = finished = 0
    for pull in _ours(ground):
        title = f"Pull request {pull.number} was not brought up to date"
        try:
            state = decode(ground.forge().comment_body(pull.number) or "")
            if state is None or not state.begun:
                continue
            with ground.runner.group(f"Pull request {pull.number}"):
                told = _bring_up_to_date(ground, pull, state)
        except AlekseylearnError as error:
            missing = error.slug in ("git.history", "collect.other")
            ground.runner.annotate("warning" if missing else "error", str(error), title=title)
            codes.append(0 if missing else error.exit_code)
        except Exception as error:  # noqa: BLE001 - what one pull request meets keeps no other waiting
            ground.runner.annotate("error", f"{type(error).__name__}: {error}", title=f"{title}: a defect of ours")
            ground.runner.echo(traceback.format_exc().splitlines())
            codes.append(1)
        else:
            running += not told.outcome.finished
            finished += told.outcome.finished
            codes.append(0 if told.error is None else told.error.exit_code)
    code = next((code for code in codes if code), 0)
    word = "failure" if code else "running" if running else "success" if finished else "skipped"
    # What all of them have left is uploaded together.
    folder = str(ground.outbox) if running or finished else ""
    ground.runner.set_outputs({"result": word, "decision": "{}", "any-trained": "false", "artifacts-dir": folder})
    ground.runner.set_outputs({"comment-url": "", "report-path": ""})
    return code


def _ours(ground: Ground) -> list[PullRequest]:
    """List the pull requests that may wait for jobs: a fork's is never looked at."""
    if not ground.settings.inputs.comment:
        return []
    return [pull for pull in ground.forge().open_pulls() if not pull.fork]


def _bring_up_to_date(ground: Ground, pull: PullRequest, state: CommentState) -> Carried:
    """Collect what has ended of what the comment waits for, at the commit that it is about; the comment stays its own.

    Raises `InputError` (`git.history`; `collect.other` where this workflow sees other trainings than the one that
    started them) among others.
    """
    about = replace(pull, head_sha=state.head or pull.head_sha)
    # A run that has written meanwhile has the last word.
    step = ground.step(event_of(about, ground.settings.repository), order=state.order)
    story = step.story(train=False, begun=state.begun)
    story.look()
    if not {digest[:12] for digest in story.needed} & set(state.begun):
        raise InputError(
            "collect.other",
            f"run {state.begun[0]} is not what this workflow would train",
            where=f"pull request {pull.number}, commit {about.head_sha[:7]}",
            hint="give it the inputs and the Python of the workflow that submits",
        )
    return carry_out(step, story, outbox=ground.outbox / f"pull-{pull.number}")
