"""`config`: check a configuration file, show what holds, and describe what may stand in it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click


@click.group("config")
def config_command() -> None:
    """Check, show or describe the configuration."""


@config_command.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
def check(file: str | None) -> int:
    """Check FILE, or the repository's alekseylearn.yml."""
    from alekseylearn.config import parse_config
    from alekseylearn.text import plural

    path = Path(file) if file else _path()
    config = parse_config(path.read_bytes(), str(path)) if path.is_file() else None
    if config is None:
        click.echo(f"{path}: there is none; the defaults hold")
    else:
        click.echo(f"{path}: ok, {plural(len(config.models), 'model')}")
    return 0


@config_command.command("show")
def show() -> int:
    """Show every value that holds here, as YAML."""
    import yaml

    from alekseylearn.config import Config, parse_config

    path = _path()
    config = parse_config(path.read_bytes(), str(path)) if path.is_file() else Config()
    plain = json.loads(json.dumps(dataclasses.asdict(config)))
    click.echo(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), nl=False)
    return 0


@config_command.command("schema")
def schema() -> int:
    """Print the JSON Schema of the file, for editors."""
    from alekseylearn.cli.screen import print_json
    from alekseylearn.config import config_schema

    print_json(config_schema())
    return 0


def _path() -> Path:
    from alekseylearn.cli.place import find_place
    from alekseylearn.config import FILE_NAME

    return find_place().root / FILE_NAME
