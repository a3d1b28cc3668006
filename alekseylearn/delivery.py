"""Bring what an ended job left into a folder of the caller's: all of it in one step, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alekseylearn.errors import MachineError, UsageError
from alekseylearn.jobs import JobHandle, JobState

T = TypeVar("T")


def deliver(
    job: JobHandle, into: Path, *, held: T | None, state: JobState, fill: Callable[[T, Path], None], hint: str
) -> Path:
    """Let *fill* write what *job* left into a new folder, and put that in the place of *into*; returns *into*.

    *held* is what the backend still has of the job, if anything; *hint* says what to do where the disk refuses.
    Raises `MachineError` (`run.unfinished run.gone collect.failed`) or `UsageError` `path.exists`.
    """
    if not state.ended:
        raise MachineError("run.unfinished", f"run {job.id} has not ended", where=job.place, hint="wait, or stop it")
    if held is None:
        raise MachineError("run.gone", f"run {job.id} is not there any more", where=job.place, hint="train it again")
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UsageError("path.exists", "the folder to collect into is in use", where=str(into), hint="name a new one")
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{into.name}.", dir=into.parent) as temporary:
            folder = Path(temporary) / "collected"
            fill(held, folder)
            folder.replace(into)
    except OSError as error:
        what = f"what run {job.id} left cannot be copied: {error.strerror or error}"
        raise MachineError("collect.failed", what, where=str(into), hint=hint) from None
    return into
