"""Train on this machine: a process of its own below a folder of ours, which outlives whoever started it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from alekseylearn.allowlist import for_job
from alekseylearn.backends.base import LogChunk, Options
from alekseylearn.bundle import Bundle
from alekseylearn.disk import copy_plain, copy_tree, holding, inside, is_locked, make_private, remove
from alekseylearn.errors import MachineError, UsageError
from alekseylearn.files import write_atomic
from alekseylearn.jobs import JobHandle, JobState
from alekseylearn.text import plural

LEFT_BEHIND = "left-behind.json"
"""In a collected folder: the paths that were no plain files, as a JSON list."""
JOB_FILE = "job.json"
"""In a run's and a collected folder: the handle, the name, the sha256 of the bundle, when it was submitted."""
MACHINE_LOG = "machine.txt"
"""In a run's and a collected folder: what the supervisor itself had to say."""

_PATIENCE = 5.0
"""Seconds within which a process that was just started has written its number down."""
# The shell writes its number before it becomes the supervisor, so that the number is known even if we die right here.
_START = 'cd "$1" && echo $$ > "$2" && shift 2 && exec "$@"'
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Run:
    """The folder of one run.

    A run is alive as long as somebody holds the lock on `alive`. Its supervisor inherits that lock when it is started
    and nobody after it: the kernel frees it however the supervisor ends, and no process that later gets the same
    number can be mistaken for it.
    """

    folder: Path

    @property
    def code(self) -> Path:
        """The unpacked bundle."""
        return self.folder / "code"

    @property
    def model(self) -> Path:
        """What becomes the model artifact."""
        return self.folder / "model"

    @property
    def output(self) -> Path:
        """What else the job leaves."""
        return self.folder / "output"

    @property
    def data(self) -> Path:
        """Metrics, events, log and result."""
        return self.output / "data"

    @property
    def alive(self) -> Path:
        """The lock that the supervisor holds."""
        return self.folder / "alive"

    @property
    def pid(self) -> int | None:
        """Number of the supervisor's process; None before it is written down."""
        try:
            text = (self.folder / "pid").read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        return int(text) if text.endswith("\n") else None

    @property
    def handle(self) -> JobHandle | None:
        """The handle in job.json; None where there is no run."""
        try:
            return JobHandle.from_json(json.loads((self.folder / JOB_FILE).read_bytes())["handle"])
        except (FileNotFoundError, NotADirectoryError):
            return None

    @property
    def state(self) -> JobState:
        """Where the run stands. The result counts first: a process may still be busy ending after it."""
        told = self._told()
        if told is None and is_locked(self.alive):
            return JobState.RUNNING
        # The result may have been written between the two looks.
        told = told or self._told()
        if told is not None:
            return told
        return JobState.STOPPED if (self.folder / "cancelled").exists() else JobState.LOST

    def _told(self) -> JobState | None:
        try:
            state = JobState(json.loads((self.data / "result.json").read_bytes())["state"])
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, OSError, RecursionError):
            # The notebook's code can write there too; what it leaves is read with care after collecting.
            return JobState.FAILED
        return state if state.ended else JobState.FAILED


class ProcessBackend:
    """Jobs as processes of this machine, below `<home>/runs/<run id>/`."""

    name = "process"

    def __init__(self, runs: Path, python: Path, environ: Mapping[str, str]) -> None:
        self._runs = runs
        self._python = python
        self._environ = environ

    @classmethod
    def connect(cls, options: Options) -> Self:
        """Make the folder of runs and find the interpreter; raises `MachineError` (`backend.home env.python`)."""
        from alekseylearn.environments import find_python

        python = Path(sys.executable) if options.python is None else find_python(options.python, options.environ)
        try:
            runs = make_private(options.home) / "runs"
            runs.mkdir(exist_ok=True)
        except OSError as error:
            raise MachineError(
                "backend.home",
                f"the folder for runs cannot be made: {error.strerror}",
                where=str(options.home),
                hint="free the disk or choose another folder",
            ) from None
        return cls(runs, python, options.environ)

    @property
    def machine(self) -> str:
        """Say where jobs run: `this machine (8 cores)`."""
        gpus = count_gpus(self._environ)
        told = [plural(count_cores(), "core"), *([plural(gpus, "GPU")] if gpus else [])]
        return f"this machine ({', '.join(told)})"

    def submit(self, bundle: Bundle, *, name: str, digest: str) -> JobHandle:
        """Start training the identity *digest*; a run of that digest that runs or has succeeded is adopted.

        Two processes that submit at the same time get the same run. What an unsuccessful run left is moved to
        `<run id>.previous` and it is started anew. Raises `MachineError`: `backend.taken backend.failed`.
        """
        run = self._run(digest)
        try:
            with holding(self._lock(digest)):
                known = run.handle
                if known is None or (
                    run.state.ended and run.state is not JobState.SUCCEEDED and known.digest == digest
                ):
                    known = JobHandle(backend=self.name, id=digest[:12], digest=digest, place=str(run.folder))
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

    def poll(self, job: JobHandle) -> JobState:
        """Say where *job* stands; LOST when its process is gone, or its folder."""
        run = self._run(job.digest)
        if run.pid is not None:
            # A child of this very process stays a zombie until somebody asks for it.
            with suppress(ChildProcessError):
                os.waitpid(run.pid, os.WNOHANG)
        return run.state

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
        if not self.poll(job).ended:
            raise MachineError(
                "run.unfinished", f"run {job.id} has not ended", where=str(run.folder), hint="wait, or stop it"
            )
        if run.handle is None:
            raise MachineError(
                "run.gone", f"run {job.id} is not on this machine", where=str(run.folder), hint="train it again"
            )
        if into.exists() and (not into.is_dir() or any(into.iterdir())):
            raise UsageError(
                "path.exists", "the folder to collect into is in use", where=str(into), hint="name a new one"
            )
        into.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{into.name}.", dir=into.parent) as temporary:
            partial = Path(temporary) / "collected"
            left = [
                f"{part.name}/{path}"
                for part in (run.model, run.output)
                for path in copy_tree(part, partial / part.name)
            ]
            write_atomic(partial / LEFT_BEHIND, json.dumps(left).encode())
            for name in (MACHINE_LOG, JOB_FILE):
                copy_plain(run.folder / name, partial / name)
            partial.replace(into)
        return into

    def cancel(self, job: JobHandle) -> None:
        """Ask *job* to stop and save what it has (SIGTERM to its supervisor); returns at once."""
        run = self._run(job.digest)
        if run.state.ended:
            return
        write_atomic(run.folder / "cancelled", b"")
        pid = _wait_for_pid(run)
        if pid is not None and is_locked(run.alive):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def discard(self, job: JobHandle) -> None:
        """Remove the folder of an ended *job* and of the run before it; one that runs is left alone."""
        run = self._run(job.digest)
        with holding(self._lock(job.digest)):
            if run.state.ended:
                remove(_previous(run))
                remove(run.folder)

    def _lock(self, digest: str) -> Path:
        return self._runs / f"{digest[:12]}.lock"

    def _run(self, digest: str) -> Run:
        if not _DIGEST.fullmatch(digest):
            raise UsageError("run.unknown", f"{digest[:80]!r} is no identity of a training", hint="64 hex digits")
        return Run(self._runs / digest[:12])

    def _start(self, run: Run, bundle: Bundle, handle: JobHandle, name: str) -> None:
        """Lay the run's folder out beside its place, hold its lock, put it in place, start it."""
        new = Run(run.folder.with_name(f"{run.folder.name}.new"))
        remove(new.folder)
        for path, data in bundle.files.items():
            target = inside(new.code, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for folder in (new.model, new.data):
            folder.mkdir(parents=True)
        about = {"handle": handle.to_json(), "name": name, "bundle": bundle.digest, "python": str(self._python)}
        write_atomic(new.folder / JOB_FILE, json.dumps(about | {"submitted": time.time()}, indent=1).encode())
        (new.folder / MACHINE_LOG).touch()
        with holding(new.alive) as alive:
            if run.folder.exists():
                remove(_previous(run))
                run.folder.rename(_previous(run))
            new.folder.rename(run.folder)
            _spawn(run, self._python, for_job(self._environ) | sm_variables(run, bundle, self._environ), alive)


def _previous(run: Run) -> Path:
    return run.folder.with_name(f"{run.folder.name}.previous")


def sm_variables(run: Run, bundle: Bundle, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a SageMaker training container has, pointed at the folders of *run*.

    Source: ENVIRONMENT_VARIABLES.md of the SageMaker training toolkit.
    """
    parameters = json.loads(bundle.files.get("manifest.json", b"{}")).get("parameters", {})
    return {
        "SM_MODEL_DIR": str(run.model),
        "SM_OUTPUT_DIR": str(run.output),
        "SM_OUTPUT_DATA_DIR": str(run.data),
        "SM_CHANNELS": "[]",
        "SM_CURRENT_HOST": "algo-1",
        "SM_HOSTS": '["algo-1"]',
        "SM_HPS": json.dumps(parameters),
        "SM_LOG_LEVEL": "20",
        "SM_MODULE_DIR": str(run.code),
        "SM_MODULE_NAME": "train",
        "SM_NUM_CPUS": str(count_cores()),
        "SM_NUM_GPUS": str(count_gpus(environ)),
    }


def count_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def count_gpus(environ: Mapping[str, str], devices: Path = Path("/dev")) -> int:
    """Count the NVIDIA GPUs that a job will see, without asking the driver."""
    there = sum(1 for path in devices.glob("nvidia[0-9]*") if path.name.removeprefix("nvidia").isdecimal())
    chosen = environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return there
    named = [part.strip() for part in chosen.split(",")]
    # CUDA stops reading the list at the first entry that is no device, -1 by custom.
    shown = next((place for place, part in enumerate(named) if part in ("", "-1")), len(named))
    return min(there, shown)


def _spawn(run: Run, python: Path, environ: Mapping[str, str], alive: int) -> None:
    """Start the supervisor in a session of its own; it inherits the lock *alive* and no other file of ours."""
    supervisor = run.code / "_al" / "supervisor.py"
    arguments: list[Any] = ["/bin/sh", "-c", _START, "sh", run.code, run.folder / "pid", python, supervisor]
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    # Far from 3, which it becomes in the new process only: nothing that another thread starts can inherit it.
    lock = fcntl.fcntl(alive, fcntl.F_DUPFD_CLOEXEC, 10)
    try:
        os.posix_spawn(
            "/bin/sh",
            arguments,
            environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                # What it prints it also writes to log.txt, which has a limit.
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, str(run.folder / MACHINE_LOG), append, 0o644),
                (os.POSIX_SPAWN_DUP2, lock, 3),
            ],
            setsid=True,
        )
    finally:
        os.close(lock)


def _wait_for_pid(run: Run) -> int | None:
    deadline = time.monotonic() + _PATIENCE
    while (pid := run.pid) is None and is_locked(run.alive) and time.monotonic() < deadline:
        time.sleep(0.002)
    return pid
