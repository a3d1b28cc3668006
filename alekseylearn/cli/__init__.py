"""The command line: a table of commands, each in a module that is imported when the command is used."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from alekseylearn import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# name -> (module, what `--help` says); importing a command costs only those who use it.
COMMANDS = {
    "diff": ("look", "Show which cells changed, and which changes train."),
    "slice": ("look", "Show the cells that training needs, and why."),
    "fit": ("fit", "Train what changed, here, and compare it with the base."),
    "runs": ("runs", "List what runs, and the results on this machine (also: ps)."),
    "status": ("runs", "Say where a run stands; bring it home when it has ended."),
    "logs": ("runs", "Print the log of a run; -f follows it."),
    "stop": ("runs", "Stop a run and keep what it has (also: cancel)."),
    "fetch": ("fetch", "Bring a model home: of a run, a pull request, an archive."),
    "compare": ("compare", "Compare the metrics of two runs."),
    "report": ("results", "Show the last report, or one of runs that ended."),
    "config": ("settings", "Check, show or describe the configuration."),
    "init": ("init", "Write the workflow, and for SageMaker what an account needs."),
    "doctor": ("doctor", "Check what training needs here, and say what to do."),
    "demo": ("demo", "See the whole story on this machine."),
    "completion": ("completion", "Print what makes bash, zsh or fish complete these commands."),
    "ci": ("ci", "What the GitHub Action calls."),
}
ALIASES = {"ps": "runs", "cancel": "stop"}


class _Commands(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"alekseylearn.cli.{COMMANDS[name][0]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        # From the table: to import all commands would take too long for somebody who waits for a word.
        found = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 trained, reused or nothing to do; 1 a defect of ours; 2 usage; 3 input refused; "
    "4 the notebook's code failed; 5 a gate failed; 6 no machine or credentials; 7 a limit; 130 interrupted. "
    "With --debug an error ends with its traceback.",
)
@click.version_option(__version__, prog_name="alekseylearn")
def main() -> None:
    """Push a notebook; the training cells that changed are trained, and reviewed on the pull request."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors of ours, and a reader that went away, pass through."""
    if instruction := os.environ.get("_ALEKSEYLEARN_COMPLETE"):
        from click.shell_completion import shell_complete

        return shell_complete(main, {}, "alekseylearn", "_ALEKSEYLEARN_COMPLETE", instruction)
    try:
        with main.make_context("alekseylearn", list(arguments)) as context:
            result = main.invoke(context)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as done:
        return done.exit_code
    return result if isinstance(result, int) else 0
