"""`completion`: the script with which a shell completes our commands."""

from __future__ import annotations

import click

VARIABLE = "_ALEKSEYLEARN_COMPLETE"
"""Set by that script when it asks what could come next."""


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> int:
    r"""Print the script with which SHELL completes commands, options, runs, models and notebooks.

    \b
    bash:  echo 'eval "$(alekseylearn completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(alekseylearn completion zsh)"' >> ~/.zshrc
    fish:  alekseylearn completion fish > ~/.config/fish/completions/alekseylearn.fish
    """
    from click.shell_completion import get_completion_class

    from alekseylearn.cli import main

    known = get_completion_class(shell)
    if known is not None:
        click.echo(known(main, {}, "alekseylearn", VARIABLE).source())
    return 0
