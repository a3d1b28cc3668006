"""The supervisor: start the child, keep its limits, write down all it does, and say how it ended."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from . import machine, seeds
from .journal import Journal
from .layout import Layout, Manifest, layout_of, read_manifest
from .limits import Limits, Stop
from .record import Record
from .verdict import DEFECT

BLOCK = 65_536
MOST = 1_048_576
"""The largest pipe Linux gives a user (pipe-max-size): more is never waiting from before an event."""


def main(code: Path, arguments: Sequence[str]) -> int:  # noqa: ARG001 - the supervisor takes none
    """Run the bundle in *code* and return the exit code of docs/runtime.md."""
    layout = layout_of(code, os.environ)
    try:
        layout.make()
        for stale in (layout.data / "result.json", layout.output / "failure"):
            stale.unlink(missing_ok=True)
        manifest = read_manifest(code / "manifest.json")
        return Supervisor(layout, manifest).run()
    except Exception as error:
        _report_defect(layout, error)
        return DEFECT


def _report_defect(layout: Layout, error: Exception) -> None:
    what = f"alekseylearn: the runtime could not do its work: {type(error).__name__}: {error}"
    print(what, file=sys.stderr)
    try:
        (layout.output / "failure").write_text(f"{what[:1024]}\n\n{traceback.format_exc()}", encoding="utf-8")
    except OSError:
        # The folder itself may be what is wrong; stderr has said it.
        return


class Pipes(NamedTuple):
    """The supervisor's ends of the child's pipes."""

    out: int
    err: int
    events: int
    answers: int
    lifeline: int


class Supervisor:
    """Watch over one run."""

    def __init__(self, layout: Layout, manifest: Manifest) -> None:
        self._manifest = manifest
        self._layout = layout
        self._record = Record(layout, manifest, Journal(layout.data, sys.stdout.buffer))
        self._limits = Limits(time.monotonic(), manifest.timeout, manifest.cell_timeout, manifest.grace)
        self._selector = selectors.DefaultSelector()
        self._events = b""
        self._status: int | None = None

    def run(self) -> int:
        """Run the child to its end and return the exit code."""
        wakeup = self._take_signals()
        child, pipes = self._start()
        read = {pipes.out: "stdout", pipes.err: "stderr", pipes.events: "events", wakeup: "wakeup"}
        for number, name in read.items():
            os.set_blocking(number, False)
            self._selector.register(number, selectors.EVENT_READ, name)
        self._pipes = pipes
        while self._status is None:
            for key, _ in self._selector.select(self._limits.wait(time.monotonic())):
                self._read(key.fd, key.data)
            self._keep_limits(child)
            self._reap(child)
        self._drain()
        self._read_events(MOST)
        _kill_group(child, signal.SIGKILL)
        return self._record.close(self._status, self._limits.stop)

    def _take_signals(self) -> int:
        wakeup, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        return wakeup

    def _asked_to_stop(self, number: int, frame: Any) -> None:  # noqa: ARG002 - a handler's signature
        self._limits.begin_stop(Stop("stopped", f"stopped by {signal.Signals(number).name}"), time.monotonic())

    def _start(self) -> tuple[int, Pipes]:
        out, err, events, answers, lifeline = (os.pipe() for _ in range(5))
        theirs = (events[1], answers[0], lifeline[0])
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("supervisor.py")), *map(str, theirs)],
            stdin=subprocess.DEVNULL,
            stdout=out[1],
            stderr=err[1],
            pass_fds=theirs,
            start_new_session=True,
            env=child_environment(os.environ, self._layout, self._manifest),
        )
        for number in (out[1], err[1], *theirs):
            os.close(number)
        # Reaped by wait4, which tells the peak memory: Popen must not wait for it too.
        process.returncode = 0
        return process.pid, Pipes(out[0], err[0], events[0], answers[1], lifeline[1])

    def _keep_limits(self, child: int) -> None:
        step = self._limits.due(time.monotonic())
        if step is signal.SIGKILL:
            _kill_group(child, step)
        elif step is not None:
            _kill(child, step)

    def _reap(self, child: int) -> None:
        # As the first process of a container, the supervisor is given the orphans of others too.
        while self._status is None:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == child:
                self._status = status
                self._record.peak_memory = machine.peak_bytes(usage.ru_maxrss)

    def _read(self, number: int, name: str) -> None:
        if name == "wakeup":
            _take(number)
        elif name == "events":
            self._read_events(BLOCK)
        else:
            self._read_stream(number, name)

    def _read_stream(self, number: int, name: str) -> int:
        data = _take(number)
        if data is None:
            return 0
        if not data:
            self._selector.unregister(number)
            return 0
        self._record.printed(name, data)
        return len(data)

    def _drain(self) -> None:
        """Read all that the child printed so far."""
        for number, name in ((self._pipes.out, "stdout"), (self._pipes.err, "stderr")):
            read, done = 0, number not in self._selector.get_map()
            while not done and read < MOST:
                got = self._read_stream(number, name)
                read, done = read + got, got == 0

    def _read_events(self, most: int) -> None:
        read, data = 0, _take(self._pipes.events)
        while data:
            *lines, self._events = (self._events + data).split(b"\n")
            for line in lines:
                self._decode(line)
            read += len(data)
            data = _take(self._pipes.events) if read < most else None
        if data == b"" and self._pipes.events in self._selector.get_map():
            self._selector.unregister(self._pipes.events)

    def _decode(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            # Processes that the notebook forked write to the same pipe, and long lines may mix.
            self._record.handle({"event": "warning", "message": "an event of a forked process was lost"})
        else:
            self._handle(event)

    def _handle(self, event: dict[str, Any]) -> None:
        sync, answer = event.pop("sync"), event.pop("answer")
        if sync:
            self._drain()
        kind = event["event"]
        if kind == "cell-start":
            self._limits.cell_started(time.monotonic())
        elif kind == "cell-end":
            self._limits.cell_ended()
        elif kind == "finished":
            self._limits.finished(time.monotonic())
        elif kind == "failure":
            event["interrupted"] = self._limits.stop is not None
        self._record.handle(event)
        if answer:
            self._answer()

    def _answer(self) -> None:
        try:
            os.write(self._pipes.answers, b".")
        except BrokenPipeError:
            # It died while it waited for the answer; its end is noticed in the loop.
            return


def child_environment(environ: Mapping[str, str], layout: Layout, manifest: Manifest) -> dict[str, str]:
    """Make the child's environment: the folders, quiet progress bars, figures without a screen, and the seed."""
    defaults = {"MPLBACKEND": "Agg", "TQDM_MININTERVAL": "30", "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
    seeded = {} if manifest.seed is None else seeds.environment(manifest.seed)
    return {**defaults, **environ, **layout.variables, **seeded}


def _take(number: int) -> bytes | None:
    """Read what is there; None where nothing is, b"" at the end."""
    try:
        return os.read(number, BLOCK)
    except BlockingIOError:
        return None


def _kill(child: int, number: signal.Signals) -> None:
    try:
        os.kill(child, number)
    except ProcessLookupError:
        return


def _kill_group(child: int, number: signal.Signals) -> None:
    try:
        os.killpg(child, number)
    except (ProcessLookupError, PermissionError):
        return
