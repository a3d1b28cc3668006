"""`config`: check a configuration file, show what holds, and describe what may stand in it."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from alekseylearn.config import Config


@click.group("config")
def config_command() -> None:
    """Check, show or describe the configuration."""


@config_command.command("check")
@click.argument("file", required=False, type=click.Path())
def check(file: str | None) -> int:
    """Check FILE, or the repository's alekseylearn.yml."""
    from alekseylearn.cli.screen import remark
    from alekseylearn.errors import UsageError
    from alekseylearn.text import clean, plural

    path = Path(file) if file is not None else _path()
    config = _read(path)
    shown = clean(str(path), 400)
    if config is None and file is not None:
        raise UsageError("usage.path", f"there is no file {path}", hint="name the configuration, or leave it out")
    if config is None:
        click.echo(f"{shown}: there is none; the defaults hold")
    else:
        for warning in config.warnings:
            remark(warning)
        click.echo(f"{shown}: ok, {plural(len(config.models), 'model')}")
    return 0


@config_command.command("show")
def show() -> int:
    """Show every value that holds here, as YAML."""
    import yaml

    from alekseylearn.config import Config

    plain = json.loads(json.dumps(dataclasses.asdict(_read(_path()) or Config())))
    del plain["warnings"]
    click.echo(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), nl=False)
    return 0


@config_command.command("schema")
def schema() -> int:
    """Print the JSON Schema of the file, for editors."""
    from alekseylearn.cli.screen import print_json
    from alekseylearn.config import config_schema

    print_json(config_schema())
    return 0


def _read(path: Path) -> Config | None:
    """Read a configuration, no more of it than may be there; None where there is none.

    Raises `InputError`: `path.unsafe` for a symbolic link, a folder, a pipe or a device, `cfg.limit`, and what
    `parse_config` raises.
    """
    from alekseylearn.cli.asked import check_path
    from alekseylearn.config import LIMITS, parse_config
    from alekseylearn.disk import open_plain
    from alekseylearn.errors import InputError
    from alekseylearn.text import size

    check_path(str(path), "configuration")
    if not os.path.lexists(path):
        return None
    with open_plain(path) as file:
        if (length := os.fstat(file.fileno()).st_size) > LIMITS.max_bytes:
            what = f"the file is {size(length)} large; at most {size(LIMITS.max_bytes)} are read"
            raise InputError("cfg.limit", what, where=str(path), hint="keep data in files of its own")
        return parse_config(file.read(LIMITS.max_bytes + 1), str(path))


def _path() -> Path:
    from alekseylearn.cli.place import find_place
    from alekseylearn.config import FILE_NAME

    return find_place().root / FILE_NAME
