"""What this machine must have before a notebook can be trained on it, and how to get what it lacks."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from alekseylearn.allowlist import for_job
from alekseylearn.checks import Check
from alekseylearn.config import Config
from alekseylearn.cores import count_cores, count_gpus
from alekseylearn.errors import AlekseylearnError
from alekseylearn.interpreters import find_python, find_uv, run_quietly, version_of
from alekseylearn.text import plural, size

LITTLE = 5 * 10**9
"""Bytes that an environment with a deep-learning library takes."""
NOTHING = 10**8
_LIMIT = 10.0
"""Seconds for a program to tell its version."""


def examine_machine(folder: Path, environ: Mapping[str, str]) -> tuple[Check, ...]:
    """Look at git, our own Python, and the disk that *folder* is on."""
    return (_git(environ), _python(), _disk(folder))


def examine_process(config: Config, environ: Mapping[str, str]) -> tuple[Check, ...]:
    """Look at what trains on this very machine: the interpreters that *config* asks for, and how packages get there."""
    asked = {config.defaults.python, *(model.python for model in config.models.values() if model.python)}
    gpus = count_gpus(environ)
    told = ", ".join([plural(count_cores(), "core"), *([plural(gpus, "GPU")] if gpus else [])])
    pythons = (_interpreter(python, environ) for python in sorted(asked, key=str))
    return (Check(name="this machine", state="ok", told=told), *pythons, *_installers(environ))


def _git(environ: Mapping[str, str]) -> Check:
    done = run_quietly(["git", "--version"], {"PATH": environ.get("PATH", "")}, _LIMIT)
    if done is None or done.returncode:
        return Check(name="git", state="missing", told="git is not on PATH", remedy="install git")
    return Check(name="git", state="ok", told=done.stdout.strip().removeprefix("git version "))


def _python() -> Check:
    return Check(name="Python", state="ok", told=f"{platform.python_version()} ({sys.executable})")


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    told = f"{size(free)} free for .alekseylearn"
    if free >= LITTLE:
        return Check(name="disk", state="ok", told=told)
    remedy = "free some: environments, runs and results lie there"
    return Check(name="disk", state="missing" if free < NOTHING else "warning", told=told, remedy=remedy)


def _interpreter(asked: str | None, environ: Mapping[str, str]) -> Check:
    try:
        found = Path(sys.executable) if asked is None else find_python(asked, environ)
        told = f"{version_of(found, for_job(environ))} ({found})"
    except AlekseylearnError as error:
        return Check(name=f"python: {asked}", state="missing", told=error.what, remedy=error.hint)
    name = "training Python" if asked is None else f"python: {asked}"
    return Check(name=name, state="ok", told=told)


def _installers(environ: Mapping[str, str]) -> Iterator[Check]:
    uv = find_uv(environ)
    if uv is not None:
        yield Check(name="packages", state="ok", told=f"installed by {uv}")
    elif find_spec("ensurepip") is not None:
        yield Check(name="packages", state="ok", told="installed by venv and pip; uv would be faster")
    else:
        remedy = "install uv, or your system's package python3-venv"
        told = "neither uv nor venv: requirements of a notebook cannot be installed"
        yield Check(name="packages", state="warning", told=told, remedy=remedy)
