"""Our own commands, called from a live notebook: each runs in a process of its own.

So the kernel keeps its modules, its signals and its memory, and a notebook gets what a terminal gets.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIDTH = 120
"""Columns that a notebook has for plain text."""
_PATIENCE = 20.0
"""Seconds that a command has to end in good order after an interruption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command has printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON on stdout; empty where there is none."""
        try:
            found = json.loads(self.out)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def command(arguments: Sequence[str]) -> list[str]:
    """Return the command line of `alekseylearn ARGUMENTS` in this Python."""
    # -P: what lies beside the notebook is the notebook's, and no module of ours.
    return [sys.executable, "-P", "-m", "alekseylearn", *arguments]


def environ_for_people(environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ* without what a kernel sets so that programs colour their output."""
    kept = {name: value for name, value in environ.items() if name not in ("FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")}
    return {**kept, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": str(WIDTH), "PYTHONIOENCODING": "utf-8"}


def call(arguments: Sequence[str], folder: Path) -> Said:
    """Run one command in *folder* to its end; an interruption is handed on to it, and raised when it has ended."""
    child = subprocess.Popen(
        command(arguments),
        cwd=folder,
        env=environ_for_people(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        # A kernel's interruption goes to its whole group: the command shall hear of it once, from us.
        start_new_session=True,
    )
    try:
        out, err = child.communicate()
    except BaseException:
        child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.communicate(timeout=_PATIENCE)
        child.kill()
        child.communicate()
        raise
    return Said(code=child.returncode, out=out, err=err)
