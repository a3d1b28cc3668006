"""Before the child starts: see to the GPUs that were asked for, and to the packages."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from . import gpus, ranks
from .hints import hint_for
from .record import Record
from .verdict import failure_before_the_cells

if TYPE_CHECKING:
    from .requirements import Comparison

VARIABLE = "ALEKSEYLEARN_REQUIREMENTS"
NAME = "Requirements"
NO_INSTALL = "use an image that has them, or allow the network: `docker: {network: bridge}`"

Failure = dict[str, Any]
Install = Callable[[Sequence[str], Mapping[str, str]], int]


def prepare(code: Path, environ: Mapping[str, str], record: Record, install: Install) -> Failure | None:
    """Make sure that the bundle in *code* can run as was asked; return how it cannot.

    *install* runs a command, what it prints in the log, and returns its status.
    """
    return _gpus(environ, record) or _packages(code, environ, record, install)


def _gpus(environ: Mapping[str, str], record: Record) -> Failure | None:
    asked = gpus.asked(environ)
    record.gpus = gpus.look() if asked.wanted else gpus.look_at_devices(environ)
    if asked.wanted and asked.least == 0 and record.gpus.total == 0:
        record.handle({"event": "warning", "message": gpus.TRAINED_ON_CPU})
    return gpus.shortage(asked.least, record.gpus)


def _packages(code: Path, environ: Mapping[str, str], record: Record, install: Install) -> Failure | None:
    asked = environ.get(VARIABLE, "")
    if asked not in {"", "check", "install"}:
        raise ValueError(f"{VARIABLE} is check or install, and not {asked!r}")
    if not asked:
        return None
    from .requirements import compare

    with ranks.one_at_a_time(environ):
        found = compare(code / "requirements.txt")
        return _check(found, record) if asked == "check" else _install(found, code, environ, record, install)


def _check(found: Comparison, record: Record) -> Failure | None:
    for line in found.unclear:
        record.handle({"event": "warning", "message": f"whether the image has `{line}` cannot be told"})
    if not found.lacking:
        return None
    message = f"the image lacks {', '.join(map(str, found.lacking))}"
    return failure_before_the_cells(NAME, message, NO_INSTALL)


def _install(
    found: Comparison, code: Path, environ: Mapping[str, str], record: Record, install: Install
) -> Failure | None:
    wanted = ", ".join([*(lack.wanted for lack in found.lacking), *found.unclear])
    if not wanted:
        return None
    record.printed("stdout", f"pip installs what the image lacks: {wanted}\n".encode())
    status = install(pip_command(code), {**environ, **PIP_VARIABLES})
    if status == 0:
        return None
    said = record.log_text().partition("\n")[2]
    message = f"pip could not install {wanted}: {_reason(status, said)}"
    return failure_before_the_cells(NAME, message, hint_for(NAME, said) or "log.txt has all that pip said")


PIP_VARIABLES = {"PIP_BREAK_SYSTEM_PACKAGES": "1", "PIP_ROOT_USER_ACTION": "ignore"}
"""A container's Python is the container's own. As variables: a pip that does not know an option passes over them."""


def pip_command(code: Path) -> list[str]:
    """Return the command that installs the bundle's requirements.

    All of them, not only what is missing: so nothing that is there and was asked for is changed by what comes to it.
    """
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    return [sys.executable, "-m", "pip", "install", *options, "-r", str(code / "requirements.txt")]


def last_error(said: str) -> str:
    """Find the last error in what pip *said*; else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error:")]
    return (errors or lines or [""])[-1]


def _reason(status: int, said: str) -> str:
    if os.WIFSIGNALED(status):
        return f"it was killed by signal {os.WTERMSIG(status)}"
    return last_error(said) or f"it ended with exit status {os.WEXITSTATUS(status)}"
