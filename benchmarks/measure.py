"""CPU time of a command and its children: the median of several runs, in seconds."""

from __future__ import annotations

import resource
import statistics
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path


def cpu_seconds(
    command: Sequence[str], *, folder: Path, runs: int = 5, before: Callable[[], None] | None = None
) -> float:
    """Run *command* in *folder* *runs* times (after *before* each time) and return the median of its CPU seconds.

    Raises `SystemExit` with the command's own words when it fails.
    """
    spent = []
    for _ in range(runs):
        if before is not None:
            before()
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        spent.append(end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime)
    return statistics.median(spent)


def show(what: str, seconds: float, *, beside: str = "") -> None:
    """Print one line of a benchmark."""
    print(f"{what:<58} {seconds:7.3f} s CPU  {beside}".rstrip())
