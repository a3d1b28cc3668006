"""People who want to be told of a run's end are told, where their addresses are in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from alekseylearn.actions import Runner
    from alekseylearn.config import Config
    from alekseylearn.report import Outcome


def notify_from_ci(
    outcome: Outcome, config: Config, environ: Mapping[str, str], runner: Runner, *, comment_url: str
) -> None:
    """Tell of *outcome* from a step of the action; that nobody could be told is a warning, and no more."""
    from alekseylearn.notify import addresses_in, notify, secrets_of

    addresses = addresses_in(environ)
    for secret in secrets_of(addresses):
        # The runner masks a secret as a whole; one address among several it does not know.
        runner.mask(secret)
    for problem in notify(outcome, addresses, config.notify.on, links=(comment_url, outcome.run_url)):
        runner.annotate("warning", str(problem), title="A notification was not sent")


def notify_from_here(outcome: Outcome, config: Config, environ: Mapping[str, str]) -> None:
    """Tell of *outcome* from a person's own machine."""
    from alekseylearn.notify import addresses_in, notify

    for problem in notify(outcome, addresses_in(environ), config.notify.on):
        click.echo(f"warning: a notification was not sent\n{problem}", err=True)
