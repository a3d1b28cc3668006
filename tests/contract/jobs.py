"""Small bundles with the real runtime, and what it takes to watch and to hurt the jobs made of them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alekseylearn.backends.base import Backend
from alekseylearn.bundle import Bundle
from alekseylearn.disk import is_locked
from alekseylearn.files import runtime_files
from alekseylearn.jobs import JobHandle, JobState

PATIENCE = 60.0
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def bundle_of(*cells: str, timeout: int = 60) -> tuple[Bundle, str]:
    """Pack *cells*, the last of which trains, and name the identity of the job."""
    sources = [textwrap.dedent(cell).strip() for cell in cells]
    digest = hashlib.sha256(json.dumps(sources).encode()).hexdigest()
    last = len(sources) - 1
    manifest = {
        "version": 1,
        "name": "toy",
        "run": digest[:12],
        "digest": digest,
        "notebook": "toy.ipynb",
        "workdir": "",
        "cells": [
            {"cell": cell, "headline": "", "source": source, "target": "train" if cell == last else None}
            for cell, source in enumerate(sources)
        ],
        "parameters": {"epochs": 2},
        "seed": None,
        "goals": {},
        "model": None,
        "timeout": timeout,
        "cell_timeout": None,
        "grace": 5,
        "gpu": False,
        "kernel": KERNEL,
    }
    script = "".join(f"# %% [cell {cell}]\n{source}\n" for cell, source in enumerate(sources))
    files = {"train.py": script.encode(), "manifest.json": json.dumps(manifest).encode(), "requirements.txt": b""}
    return Bundle(files | {f"_al/{path}": data for path, data in runtime_files().items()}), digest


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for *condition*, for as long as a busy machine may need."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def ended(backend: Backend, job: JobHandle) -> JobState:
    until(lambda: backend.poll(job).ended, "the end of the job")
    return backend.poll(job)


@dataclass(frozen=True, slots=True)
class Gate:
    """A cell that says that it is there and waits until it may go on."""

    folder: Path

    @property
    def cell(self) -> str:
        return (
            "import pathlib, time\n"
            f"here = pathlib.Path({str(self.folder)!r})\n"
            "(here / 'reached').touch()\n"
            "while not (here / 'open').exists():\n"
            "    time.sleep(0.01)"
        )

    def wait(self) -> None:
        until((self.folder / "reached").exists, "the cell")

    def open(self) -> None:
        (self.folder / "open").touch()


def kill_process(job: JobHandle) -> None:
    """Kill the supervisor of a process job as the kernel does when memory runs out."""
    folder = Path(job.place)
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    until(lambda: not is_locked(folder / "alive"), "the end of the supervisor")
