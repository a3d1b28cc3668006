"""`doctor`: look at what training needs, and say what to do about what is missing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, assert_never

import click

if TYPE_CHECKING:
    from alekseylearn.checks import Check
    from alekseylearn.config import BackendName, Config

    Look = Callable[[], tuple[Check, ...]]

LIMIT = 15.0
"""Seconds for each thing that is looked at."""
STYLES = {"ok": "green", "warning": "yellow", "missing": "red"}


@click.command("doctor")
@click.option(
    "--backend",
    type=click.Choice(["process", "docker", "sagemaker"]),
    help="Look at this one; else at those that alekseylearn.yml names.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor_command(backend: BackendName | None, as_json: bool) -> int:
    """Look at what training needs: each line is ok, or says what to do. Nothing is started or changed."""
    from alekseylearn.checks import checks_code, checks_json
    from alekseylearn.cli.screen import print_json
    from alekseylearn.config import Config
    from alekseylearn.machine_checks import examine_machine
    from alekseylearn.repository_checks import examine_notebooks, examine_repository, examine_workflows

    environ, folder = dict(os.environ), Path.cwd()
    checks = list(safely("machine", lambda: examine_machine(folder, environ)))
    configs: list[Config] = []

    def repository() -> tuple[Check, ...]:
        found, config = examine_repository(folder, environ)
        configs.append(config)
        return found

    checks += safely("repository", repository)
    config = configs[0] if configs else Config()
    checks += safely("notebooks", lambda: examine_notebooks(folder, config, environ, time.monotonic))
    checks += safely("workflow", lambda: examine_workflows(folder, environ))
    for name in _names(backend, configs):
        for look in _looks(name, config, environ):
            checks += safely(name, look)
    if as_json:
        print_json(checks_json(checks))
    else:
        _print(checks)
    return checks_code(checks)


def _names(backend: BackendName | None, configs: list[Config]) -> list[BackendName]:
    if backend is not None:
        return [backend]
    named: list[BackendName] = [config.defaults.backend for config in configs] or ["process"]
    named += [model.backend for config in configs for model in config.models.values() if model.backend]
    return list(dict.fromkeys(named))


def _looks(name: BackendName, config: Config, environ: Mapping[str, str]) -> Iterator[Look]:
    """Yield what is to be looked at for the backend *name*; each has `LIMIT` to itself."""
    match name:
        case "process":
            from alekseylearn.machine_checks import examine_process

            yield partial(examine_process, config, environ)
        case "docker":
            from alekseylearn.engine_checks import examine, most_demanding
            from alekseylearn.engines import connect_engine

            yield partial(examine, environ, most_demanding(config), connect_engine)
        case "sagemaker":
            from alekseylearn.aws import connect_aws
            from alekseylearn.aws_checks import examine_account, examine_machines, tables_of

            tables = tables_of(config)
            yield partial(examine_account, environ, tables, connect_aws)
            yield partial(examine_machines, environ, tables, connect_aws)
        case _:
            assert_never(name)


def safely(name: str, look: Look) -> tuple[Check, ...]:
    """Look; whatever keeps us from it is itself worth a line, and no reason to leave the others out."""
    from alekseylearn.checks import Check

    found: list[tuple[Check, ...]] = []

    def work() -> None:
        try:
            found.append(look())
        except Exception as error:  # noqa: BLE001 - a machine may be broken in ways that nobody foresees
            told = f"it cannot be looked at: {type(error).__name__}: {error}"
            found.append((Check(name=name, state="warning", told=told, remedy="look at it by hand"),))

    # What hangs (an engine behind a firewall, a dead network drive) is left behind when we exit.
    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(LIMIT)
    told = f"no answer within {LIMIT:.0f} s"
    return found[0] if found else (Check(name=name, state="missing", told=told, remedy="look at it by hand"),)


def _print(checks: list[Check]) -> None:
    from rich.markup import escape

    from alekseylearn.cli.screen import console
    from alekseylearn.text import clean

    out = console()
    width = max(len(check.name) for check in checks)
    for check in checks:
        told = escape(f"{check.name:{width}}  {clean(check.told, 400)}")
        out.print(f"[{STYLES[check.state]}]{check.state:7}[/]  {told}", soft_wrap=True)
        if check.remedy:
            out.print(f"{'':{width + 11}}{clean(check.remedy, 400)}", style="bold", markup=False, soft_wrap=True)
