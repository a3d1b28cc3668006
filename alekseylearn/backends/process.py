"""Train on this machine: a process of its own below a folder of ours, which outlives whoever started it."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from alekseylearn import landmarks
from alekseylearn.allowlist import for_job
from alekseylearn.backends.base import LogChunk, Options, often
from alekseylearn.bundle import Bundle
from alekseylearn.collected import read_plain
from alekseylearn.cores import count_cores, count_gpus
from alekseylearn.delivery import deliver
from alekseylearn.disk import (
    copy_plain,
    copy_tree,
    holding,
    holding_if_free,
    is_locked,
    make_private,
    remove,
    scratch,
    write_files,
)
from alekseylearn.errors import MachineError, UsageError
from alekseylearn.files import write_atomic
from alekseylearn.jobs import JobHandle, JobState, SubmittedJob
from alekseylearn.metric_lines import metrics_so_far
from alekseylearn.metrics import Metric
from alekseylearn.progressing import TAIL
from alekseylearn.run_folder import JOB_FILE, LEFT_BEHIND, MACHINE_LOG, Run, last_change, spawn, wait_for_pid
from alekseylearn.sm_contract import Folders, local_channels, sm_variables
from alekseylearn.text import plural

_RUN = re.compile(r"[0-9a-f]{12}")
_LEFT = re.compile(r"([0-9a-f]{12})(\.new|\.previous)?")
_UNSUCCESSFUL = frozenset(JobState) - {JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED}
_KEPT = 7 * 24 * 3600
"""Seconds for which what an unsuccessful run left stays where nobody comes for it."""
_METRICS_BYTES = 64 * 1024 * 1024


class ProcessBackend:
    """Jobs as processes of this machine, below `<home>/runs/<run id>/`."""

    name = "process"

    def __init__(
        self,
        runs: Path,
        python: Path,
        environ: Mapping[str, str],
        data: Mapping[str, str] | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._data = data or {}
        self._clock = clock
        self._runs = runs
        self._python = python
        self._environ = environ

    @classmethod
    def connect(cls, options: Options) -> Self:
        """Make the folder of runs and find the interpreter; raises `MachineError` (`backend.home env.python`)."""
        from alekseylearn.interpreters import find_python

        python = Path(sys.executable) if options.python is None else find_python(options.python, options.environ)
        try:
            runs = make_private(options.home.absolute()) / "runs"
            runs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise MachineError(
                "backend.home",
                f"the folder for runs cannot be made: {error.strerror}",
                where=str(options.home),
                hint="free the disk or choose another folder",
            ) from None
        return cls(runs, python, options.environ, options.data)

    @property
    def machine(self) -> str:
        """Say where jobs run: `this machine (8 cores)`."""
        gpus = count_gpus(self._environ)
        told = [plural(count_cores(), "core"), *([plural(gpus, "GPU")] if gpus else [])]
        return f"this machine ({', '.join(told)})"

    @property
    def leaves(self) -> bool:
        """Whoever is interrupted stops what runs on their machine."""
        return False

    def pause(self, seconds: float) -> float:
        """Say how many seconds to wait before the next look."""
        return often(seconds)

    def submit(self, bundle: Bundle, *, name: str, digest: str) -> JobHandle:
        """Start training the identity *digest*; a run of that digest that runs or has succeeded is adopted.

        Two processes that submit at the same time get the same run. What an unsuccessful run left is moved to
        `<run id>.previous` and it is started anew. Raises `MachineError`: `backend.taken backend.failed`.
        """
        run = self._run(digest)
        try:
            self._reap()
            with holding(self._lock(digest)):
                known = run.handle
                if known is None or (
                    run.state.ended and run.state is not JobState.SUCCEEDED and known.digest == digest
                ):
                    known = JobHandle.of(self.name, digest, place=str(run.folder))
                    self._start(run, bundle, known, name)
        except OSError as error:
            raise MachineError(
                "backend.failed", f"the run cannot be started: {error}", where=str(run.folder), hint="free the disk"
            ) from None
        if known.digest != digest:
            raise MachineError(
                "backend.taken",
                f"the run id {digest[:12]} belongs to another training",
                where=str(run.folder),
                hint="remove that folder when its results are no longer needed",
            )
        return known

    def find(self, digest: str) -> JobHandle | None:
        """Look for a run of the identity *digest*."""
        handle = self._run(digest).handle
        return handle if handle is not None and handle.digest == digest else None

    def jobs(self) -> tuple[SubmittedJob, ...]:
        """List the runs below the folder of runs, the newest first; those that others have replaced are passed over."""
        runs = (Run(path) for path in self._runs.iterdir() if _RUN.fullmatch(path.name))
        found = [job for run in runs if (job := run.job) is not None]
        return tuple(sorted(found, key=lambda job: job.submitted, reverse=True))

    def poll(self, job: JobHandle) -> JobState:
        """Say where *job* stands; LOST when its process is gone, or its folder."""
        run = self._run(job.digest)
        if run.pid is not None:
            # A child of this very process stays a zombie until somebody asks for it.
            with suppress(ChildProcessError):
                os.waitpid(run.pid, os.WNOHANG)
        return run.state

    def phase(self, job: JobHandle) -> str:  # noqa: ARG002 - a process starts at once
        """Nothing goes on beside the notebook."""
        return ""

    def metrics(self, job: JobHandle) -> tuple[Metric, ...]:
        """Return the metrics that *job* has written down by now."""
        return metrics_so_far(read_plain(self._run(job.digest).data / "metrics.jsonl", _METRICS_BYTES))

    def progress(self, job: JobHandle) -> bytes | None:
        """Return the end of the events that *job* has written down by now."""
        return read_plain(self._run(job.digest).data / "events.jsonl", TAIL, from_end=True)

    def logs(self, job: JobHandle, cursor: str = "") -> LogChunk:
        """Return the lines after *cursor*, a position in bytes; the last one, however it ends, once *job* has ended.

        Raises `UsageError` `log.cursor` for what was never a cursor.
        """
        if not (cursor == "" or (cursor.isascii() and cursor.isdecimal())):
            raise UsageError("log.cursor", f"{cursor!r} is no position in a log", hint="start with an empty cursor")
        ended = self.poll(job).ended
        place = int(cursor or 0)
        data = b""
        with suppress(FileNotFoundError), (self._run(job.digest).data / "log.txt").open("rb") as file:
            # A run that was started anew has a shorter log than the cursor remembers.
            place = place if place <= os.fstat(file.fileno()).st_size else 0
            file.seek(place)
            data = file.read()
        whole = data if ended else data[: data.rfind(b"\n") + 1]
        lines = whole.decode("utf-8", "replace").split("\n")
        if lines[-1] == "":
            lines.pop()
        return LogChunk(lines=tuple(line.rstrip("\r") for line in lines), cursor=str(place + len(whole)))

    def collect(self, job: JobHandle, into: Path) -> Path:
        """Copy what an ended *job* left into the new folder *into*: `model/`, `output/`; in one step, or not at all.

        Only plain files travel; the names of others are in `left-behind.json`.
        Raises `MachineError` (`run.unfinished run.gone`) or `UsageError` `path.exists`.
        """
        run = self._run(job.digest)
        return deliver(
            job,
            into,
            held=None if run.handle is None else run,
            state=self.poll(job),
            fill=_copy,
            hint="free the disk; the run's own folder is untouched",
        )

    def cancel(self, job: JobHandle) -> None:
        """Ask *job* to stop and save what it has (SIGTERM to its supervisor); returns at once."""
        run = self._run(job.digest)
        if run.state.ended:
            return
        write_atomic(run.cancelled, b"")
        pid = wait_for_pid(run)
        if pid is not None and is_locked(run.alive):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def discard(self, job: JobHandle) -> None:
        """Remove the folder of an ended *job* and of the run before it; one that runs is left alone."""
        run = self._run(job.digest)
        with suppress(OSError), holding(self._lock(job.digest)):
            if run.state.ended:
                # In one step: nobody finds half a run, even if a file in it cannot be removed.
                with scratch(self._runs, ".gone-") as gone:
                    for folder in (run.previous, run.folder):
                        with suppress(FileNotFoundError):
                            folder.rename(gone / folder.name)

    def _reap(self) -> None:
        """Remove what killed submitters left half laid out, and what unsuccessful runs left that nobody came back for.

        A run that lives, one that somebody is about to start, and one that has succeeded are left alone.
        """
        for folder in self._runs.iterdir():
            found = _LEFT.fullmatch(folder.name)
            if found is not None and (found[2] == ".new" or self._clock() - last_change(folder) > _KEPT):
                with suppress(OSError), holding_if_free(self._lock(found[1])) as free:
                    if free and (found[2] or Run(folder).state in _UNSUCCESSFUL):
                        remove(folder)

    def _lock(self, digest: str) -> Path:
        return self._runs / f"{digest[:12]}.lock"

    def _run(self, digest: str) -> Run:
        return Run(self._runs / JobHandle.of(self.name, digest, place="").id)

    def _start(self, run: Run, bundle: Bundle, handle: JobHandle, name: str) -> None:
        """Lay the run's folder out beside its place, hold its lock, put it in place, start it."""
        new = Run(run.folder.with_name(f"{run.folder.name}.new"))
        remove(new.folder)
        write_files(new.code, bundle.files)
        for folder in (new.model, new.data):
            folder.mkdir(parents=True)
        about = {"handle": handle.to_json(), "name": name, "bundle": bundle.digest, "python": str(self._python)}
        write_atomic(new.folder / JOB_FILE, json.dumps(about | {"submitted": time.time()}, indent=1).encode())
        (new.folder / MACHINE_LOG).touch()
        landmarks.passed("run.laid-out")
        with holding(new.alive) as alive:
            if run.folder.exists():
                remove(run.previous)
                run.folder.rename(run.previous)
                landmarks.passed("run.aside")
            new.folder.rename(run.folder)
            landmarks.passed("run.placed")
            spawn(run, self._python, for_job(self._environ) | self._variables(run, bundle), alive)
            landmarks.passed("supervisor.started")

    def _variables(self, run: Run, bundle: Bundle) -> dict[str, str]:
        folders = Folders(code=str(run.code), model=str(run.model), output=str(run.output), data=str(run.data))
        gpus = count_gpus(self._environ)
        return sm_variables(bundle, folders, cores=count_cores(), gpus=gpus, channels=local_channels(self._data))


def _copy(run: Run, target: Path) -> None:
    parts = (run.model, run.output)
    left = [f"{part.name}/{path}" for part in parts for path in copy_tree(part, target / part.name)]
    write_atomic(target / LEFT_BEHIND, json.dumps(left).encode())
    for name in (MACHINE_LOG, JOB_FILE):
        copy_plain(run.folder / name, target / name)
