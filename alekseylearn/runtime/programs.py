"""A program that the supervisor starts: its pipes, what it prints and tells, its limits and its end."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple

from . import machine
from .limits import Limits

BLOCK = 65_536
MOST = 1_048_576
"""The largest pipe Linux gives a user (pipe-max-size): more is never waiting from before an event."""
SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER` of prctl(2)."""


class Program(NamedTuple):
    """A program that runs, and the supervisor's ends of its pipes."""

    pid: int
    out: int
    err: int
    events: int
    answers: int
    lifeline: int


class Ended(NamedTuple):
    """How a program ended: *status* as from wait(2), and its peak memory in bytes."""

    status: int
    peak_memory: int


def start(command: Sequence[str], environ: Mapping[str, str], *, wired: bool) -> Program:
    """Start *command* in a session of its own; *wired*, it is told the numbers of its pipes as further arguments."""
    out, err, events, answers, lifeline = (os.pipe() for _ in range(5))
    theirs = (events[1], answers[0], lifeline[0])
    process = subprocess.Popen(
        [*command, *(map(str, theirs) if wired else ())],
        stdin=subprocess.DEVNULL,
        stdout=out[1],
        stderr=err[1],
        pass_fds=theirs if wired else (),
        start_new_session=True,
        env=dict(environ),
    )
    for number in (out[1], err[1], *theirs):
        os.close(number)
    # Reaped by wait4, which tells the peak memory: Popen must not wait for it too.
    process.returncode = 0
    return Program(process.pid, out[0], err[0], events[0], answers[1], lifeline[1])


WANTED = 65_536
"""Open files that a program should be able to have: loaders of data open many, and some engines give 1,024."""


def raise_limits() -> None:
    """Let programs open as many files as this process may let them, and no more than they could want."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= possible:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    except (ValueError, OSError):
        # macOS has another limit below the one that it tells.
        return


def adopt_orphans() -> None:
    """Take over the processes that others leave behind, to reap them: `timeout` as first process does not."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        # No Linux, or a Python without ctypes: they stay with whoever gets them.
        return


class Watch:
    """Watch over one program until it has ended.

    *wakeup* is the pipe that signals write to, *printed* takes the output, *told* the events. *tended* is called each
    time that something happened, and says after how many seconds it is to be called again (None: no need).
    """

    def __init__(
        self,
        program: Program,
        limits: Limits,
        wakeup: int,
        printed: Callable[[str, bytes], None],
        told: Callable[[dict[str, Any]], None],
        tended: Callable[[], float | None],
    ) -> None:
        self._program = program
        self._limits = limits
        self._printed = printed
        self._told = told
        self._tended = tended
        self._selector = selectors.DefaultSelector()
        self._rest = b""
        self._ended: Ended | None = None
        names = {program.out: "stdout", program.err: "stderr", program.events: "events", wakeup: "wakeup"}
        for number, name in names.items():
            os.set_blocking(number, False)
            self._selector.register(number, selectors.EVENT_READ, name)

    def until_it_ends(self) -> Ended:
        """Read what comes and keep the limits; in the end, nothing of its process group is left."""
        while self._ended is None:
            for key, _ in self._selector.select(_sooner(self._tended(), self._limits.wait(time.monotonic()))):
                self._read(key.fd, key.data)
            self._keep_limits()
            self._reap()
        self.drain()
        self._read_events(MOST)
        _kill_group(self._program.pid, signal.SIGKILL)
        self._selector.close()
        for number in self._program[1:]:
            os.close(number)
        return self._ended

    def drain(self) -> None:
        """Read all that the program printed so far."""
        for number, name in ((self._program.out, "stdout"), (self._program.err, "stderr")):
            read, done = 0, number not in self._selector.get_map()
            while not done and read < MOST:
                got = self._read_stream(number, name)
                read, done = read + got, got == 0

    def answer(self) -> None:
        """Let the program go on that waits for it."""
        try:
            os.write(self._program.answers, b".")
        except BrokenPipeError:
            # It died while it waited for the answer; its end is noticed in the loop.
            return

    def _keep_limits(self) -> None:
        step = self._limits.due(time.monotonic())
        if step is signal.SIGKILL:
            _kill_group(self._program.pid, step)
        elif step is not None:
            _kill(self._program.pid, step)

    def _reap(self) -> None:
        # The supervisor is given the orphans of others too.
        while self._ended is None:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._program.pid:
                self._ended = Ended(status, machine.peak_bytes(usage.ru_maxrss))

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
        self._printed(name, data)
        return len(data)

    def _read_events(self, most: int) -> None:
        read, data = 0, _take(self._program.events)
        while data:
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._told(_decoded(line))
            read += len(data)
            data = _take(self._program.events) if read < most else None
        if data == b"" and self._program.events in self._selector.get_map():
            self._selector.unregister(self._program.events)


def _sooner(one: float | None, other: float | None) -> float | None:
    return min((wait for wait in (one, other) if wait is not None), default=None)


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        # Processes that the notebook forked write to the same pipe, and long lines may mix.
        lost = "an event of a forked process was lost"
        return {"event": "warning", "message": lost, "sync": False, "answer": False}
    return event


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
