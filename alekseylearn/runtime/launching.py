"""Training by several processes: torchrun starts a supervisor for each, and this process sees to how that ends.

It stays the first process of its container. torchrun in its place would lose a stop that comes before it listens, and
end by force a notebook that saves its model for longer than half a minute.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from . import programs, ranks
from .journal import Printer
from .layout import Layout, layout_of
from .ranks import Place
from .supervise import LAST_LINE
from .verdict import CODE_FAILED, DEFECT, STOPPED, SUCCEEDED

STOPS = {signal.SIGTERM, signal.SIGINT}
AWAITED = {*STOPS, signal.SIGCHLD, signal.SIGALRM}
MODULE = "torch.distributed.run"
LINGER = 5
"""Seconds that torchrun may go on when it was asked to stop and all of its processes have ended."""
LONGEST = 60
"""Seconds that a stop may take."""
FORCE = 25.0
"""Seconds that processes which torchrun left behind may take to end."""
TAIL = 20_000
"""Characters of what torchrun said that are shown where its processes said nothing."""
CODES = {"succeeded": SUCCEEDED, "failed": CODE_FAILED, "stopped": STOPPED, "timed-out": STOPPED}


class Machines(NamedTuple):
    """The machines of a run, and which of them this is."""

    hosts: int
    rank: int
    processes: int
    """On each machine."""
    master: str
    port: str
    interface: str

    def command(self, program: Path) -> list[str]:
        """Return how torchrun is asked to start *program* here."""
        options = {
            "nnodes": self.hosts,
            "node_rank": self.rank,
            "nproc_per_node": self.processes,
            "master_addr": self.master,
            "master_port": self.port,
            "max_restarts": 0,
            "monitor_interval": 1,
        }
        return [sys.executable, "-m", MODULE, *(f"--{name}={value}" for name, value in options.items()), str(program)]


def machines_of(environ: Mapping[str, str]) -> Machines:
    """Read the machines from the variables that boot.py made; raise KeyError or ValueError where they are broken."""
    return Machines(
        hosts=int(environ["SM_HOST_COUNT"]),
        rank=int(environ["SM_CURRENT_HOST_RANK"]),
        processes=max(1, int(environ["SM_NUM_GPUS"])),
        master=environ["SM_MASTER_ADDR"],
        port=environ["SM_MASTER_PORT"],
        interface=environ.get("SM_NETWORK_INTERFACE_NAME", ""),
    )


def main(code: Path, arguments: Sequence[str]) -> int:  # noqa: ARG001 - what to do stands in the environment
    """Train the bundle in *code* with all processes of this machine; return the exit code of docs/runtime.md."""
    layout = layout_of(code, os.environ)
    environ = dict(os.environ)
    last = environ.pop(LAST_LINE, "")
    folder = Path(tempfile.mkdtemp(prefix="alekseylearn-ranks-"))
    try:
        machines = machines_of(environ)
        status = Launch(layout, machines, environ, folder).run()
    except Exception as error:
        status = _fail(layout, f"alekseylearn: the processes could not be started: {type(error).__name__}: {error}")
        machines = None
    shutil.rmtree(folder, ignore_errors=True)
    if status is None:
        _become_stopped_supervisor()
    if machines is None or machines.rank == 0:
        Printer(sys.stdout.buffer).last_line(last)
    return DEFECT if status is None else status


def _become_stopped_supervisor() -> None:
    """Have a supervisor write down that nothing was done: it is told at once to stop."""
    # A timer and the mask would outlive the change of programs.
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, AWAITED - STOPS)
    os.kill(os.getpid(), signal.SIGTERM)
    os.execve(sys.executable, [sys.executable, str(Path(__file__).with_name("supervisor.py"))], dict(os.environ))


def _fail(layout: Layout, what: str) -> int:
    print(what, file=sys.stderr, flush=True)
    path = layout.output / "failure"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{' '.join(what.split())[:1024]}\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        print(f"alekseylearn: {error}", file=sys.stderr, flush=True)
    return DEFECT


class Launch:
    """The processes of one machine, from their start to their end."""

    def __init__(self, layout: Layout, machines: Machines, environ: Mapping[str, str], folder: Path) -> None:
        self._layout = layout
        self._machines = machines
        self._environ = environ
        self._folder = folder
        first = machines.rank * machines.processes
        self._places = [Place(folder / str(local), first + local) for local in range(machines.processes)]
        self._torchrun = 0
        self._status: int | None = None
        self._stopped = 0.0
        self._left = 0

    def run(self) -> int | None:
        """Return the exit code; None where it was stopped before the process that leads had begun."""
        signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
        for number in (signal.SIGCHLD, signal.SIGALRM):
            signal.signal(number, lambda *_: None)
        if importlib.util.find_spec("torch") is None:
            several = "several machines need" if self._machines.hosts > 1 else "ALEKSEYLEARN_LAUNCH=torchrun needs"
            return _fail(self._layout, f"alekseylearn: {several} PyTorch's torchrun in the image, and it has no torch")
        for stale in (self._layout.data / "result.json", self._layout.output / "failure"):
            stale.unlink(missing_ok=True)
        if signal.sigpending() & STOPS:
            return self._never_began()
        programs.adopt_orphans()
        self._start()
        self._wait()
        self._end_leftovers()
        return self._outcome()

    def _never_began(self) -> int | None:
        return None if self._machines.rank == 0 else STOPPED

    def _start(self) -> None:
        here = self._machines
        if here.hosts * here.processes > 1:
            each = f"{here.processes} process{'es' if here.processes > 1 else ''}"
            machine = f"machine {here.rank + 1} of {here.hosts}"
            print(f"alekseylearn: torchrun starts {each} on {machine}", flush=True)
        environ = {**self._environ, ranks.VARIABLE: str(self._folder)}
        if here.hosts > 1 and here.interface:
            environ = {"NCCL_SOCKET_IFNAME": here.interface, "GLOO_SOCKET_IFNAME": here.interface, **environ}
        with (self._folder / "said").open("wb") as said:
            process = subprocess.Popen(
                here.command(Path(__file__).with_name("supervisor.py")),
                stdin=subprocess.DEVNULL,
                stderr=said,
                env=environ,
                preexec_fn=_listen,  # noqa: PLW1509 - there are no threads here
            )
        # Reaped by `_reap`.
        process.returncode = 0
        self._torchrun = process.pid

    def _wait(self) -> None:
        while self._status is None:
            number = signal.sigwait(AWAITED)
            if number in STOPS and not self._stopped:
                self._stop()
            elif number == signal.SIGALRM:
                self._look_again()
            self._reap()

    def _stop(self) -> None:
        """Ask all processes to stop, so that only their own patience counts; or torchrun, before all are there."""
        self._stopped = time.monotonic()
        ranks.asked_to_stop(self._folder).touch()
        signal.setitimer(signal.ITIMER_REAL, 1, 1)
        announced = [place.pid for place in self._places]
        for pid in announced if None not in announced else [self._torchrun]:
            _kill(pid, signal.SIGTERM)

    def _look_again(self) -> None:
        """See that torchrun ends too: it would wait for minutes for other machines."""
        self._left = 0 if any(place.alive for place in self._places) else self._left + 1
        if self._left >= LINGER or time.monotonic() - self._stopped > LONGEST:
            _kill(self._torchrun, signal.SIGKILL)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._torchrun:
                self._status = status

    def _end_leftovers(self) -> None:
        """End the processes that torchrun left, which happens where it was killed."""
        for number, patience in ((signal.SIGTERM, FORCE), (signal.SIGKILL, 1.0)):
            for place in self._places:
                if place.alive:
                    _kill(place.pid, number)
            began = time.monotonic()
            while any(place.alive for place in self._places) and time.monotonic() - began < patience:
                time.sleep(0.05)
                self._reap()

    def _outcome(self) -> int | None:
        results = {place: place.result(self._environ) for place in self._places}
        stopped = bool(self._stopped) or bool(signal.sigpending() & STOPS)
        silent = [place for place, result in results.items() if result is None]
        leader = results.get(self._places[0]) if self._machines.rank == 0 else None
        if leader is not None:
            return CODES[leader["state"]]
        if stopped and silent:
            return self._never_began()
        failed = [place for place, result in results.items() if result is not None and result["state"] in ranks.FAILED]
        if failed:
            self._tell_failure(failed[0])
            return CODE_FAILED
        if silent:
            return _fail(self._layout, self._why_silent(silent, results))
        return max(CODES[result["state"]] for result in results.values() if result is not None)

    def _tell_failure(self, place: Place) -> None:
        """Let SageMaker tell of a failure on a machine that is not the first, and so leaves no result."""
        shutil.copyfile(place.failure_file(), self._layout.output / "failure")

    def _why_silent(self, silent: Sequence[Place], results: Mapping[Place, Any]) -> str:
        said = (self._folder / "said").read_text(encoding="utf-8", errors="replace")
        print(said[-TAIL:], file=sys.stderr, flush=True)
        status = self._status or 0
        how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit status {os.WEXITSTATUS(status)}"
        if len(silent) == len(results):
            lines = [line.strip() for line in said.splitlines() if line.strip()]
            why = f": {lines[-1]}" if lines else ""
            return f"alekseylearn: torchrun ended with {how} before the training began{why}"
        which = ", ".join(str(place.number) for place in silent)
        return f"alekseylearn: rank {which} was ended from outside, most likely out of memory (torchrun: {how})"


def _listen() -> None:
    """Let a new program be told to stop: torchrun does not unblock what it was started with."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, AWAITED)


def _kill(pid: int | None, number: signal.Signals) -> None:
    if pid is None:
        return
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
