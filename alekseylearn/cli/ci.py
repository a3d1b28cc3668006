"""`ci`: what the GitHub Action calls on the runner."""

from __future__ import annotations

import click


@click.group("ci")
def ci_command() -> None:
    """Do what the GitHub Action asks for."""
    from alekseylearn.concealment import conceal
    from alekseylearn.interruptions import hear_signals
    from alekseylearn.orphanhood import stop_when_orphaned

    # Before anything is trained: a notebook runs as the same user, and this process was given the workflow's token.
    conceal()
    hear_signals(switched_off=True)
    stop_when_orphaned()


@ci_command.command("run")
def run_() -> int:
    """Look, train what changed, and review it on the pull request."""
    from alekseylearn.cli import workflow

    return workflow.guarded(workflow.run_step)


@ci_command.command("plan")
def plan() -> int:
    """Only look: say which notebooks train, as a matrix for a later job."""
    from alekseylearn.cli import workflow

    return workflow.guarded(workflow.plan_step)


@ci_command.command("submit")
def submit() -> int:
    """Start what changed and what it is compared with, say on the pull request where it runs, and return."""
    from alekseylearn.cli import workflow

    return workflow.guarded(workflow.submit_step)


@ci_command.command("collect")
def collect() -> int:
    """Bring home what ended since, and bring the comment up to date; nothing is started.

    A schedule or a dispatch, which is about no pull request, does that for every open one.
    """
    from alekseylearn.cli import workflow

    return workflow.guarded(workflow.collect_step)


@ci_command.command("comment")
def comment() -> int:
    """Tell on a fork's pull request what the fork's own run has found; nothing is run, and nothing checked out.

    It runs on the event workflow_run alone, and takes what that run has left for data that may be forged.
    """
    from alekseylearn.cli import commenting, workflow

    return workflow.guarded(commenting.comment_step)


@ci_command.command("finish")
def finish() -> int:
    """Put the uploaded artifact's address into the comment; after a cancelled run, stop what still runs and say so."""
    from alekseylearn.cli import workflow

    return workflow.guarded(workflow.finish_step)
