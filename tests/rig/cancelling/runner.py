"""A step on a runner that is cancelled: which signals it gets, when, and what is left of it.

Source: actions/runner, ProcessInvoker.cs (SIGINT to the entry process, 7.5 s, SIGTERM, 2.5 s, the tree is killed) and
JobExtension.cs (at a job's end, processes that carry its RUNNER_TRACKING_ID are killed).
"""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.rig.act.process import CANCELLING

ANNOUNCING = Path(__file__).with_name("announcing.py")
PATIENCE = 120.0
"""Seconds within which a step has to come to where it is to be cancelled, or to its end."""
ENTRIES = {
    "exec": 'exec "$@"',
    "deaf": 'trap "" INT; exec "$@"',
    "bash": '"$@"\necho the script goes on',
}
"""The script of a step: as action.yml has it; where signals were ignored before; as somebody writes it who does not know.
"""


@dataclass(slots=True, kw_only=True)
class Step:
    """A step under way: its entry process, and what it has said so far."""

    entry: subprocess.Popen[bytes]
    tracking: str
    announced: int
    output: Path
    said: list[tuple[float, str]] = field(default_factory=list)
    _rest: bytes = b""

    @classmethod
    def start(
        cls, folder: Path, output: Path, environ: Mapping[str, str], *arguments: str, entry: str = "exec"
    ) -> Step:
        """Start the command line with *arguments* in *folder*, by the script that *entry* names; it prints to *output*."""
        tracking = f"github_{secrets.token_hex(16)}"
        announced, theirs = os.pipe()
        command = [sys.executable, str(ANNOUNCING), str(theirs), *arguments]
        with output.open("wb") as printed:
            process = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", ENTRIES[entry], "step", *command],
                cwd=folder,
                env={**environ, "RUNNER_TRACKING_ID": tracking},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                pass_fds=[theirs],
            )
        os.close(theirs)
        os.set_blocking(announced, False)
        return cls(entry=process, tracking=tracking, announced=announced, output=output)

    def wait_for(self, what: str, count: int = 1) -> bool:
        """Wait until *what* was said *count* times; False when the step has ended without it."""
        end = time.monotonic() + PATIENCE
        while sum(name == what for _, name in self.hear()) < count:
            if self.entry.poll() is not None:
                return sum(name == what for _, name in self.hear()) >= count
            assert time.monotonic() < end, f"never came to {what}: {self.said}\n{self.output.read_text()}"
            with selectors.DefaultSelector() as selector:
                selector.register(self.announced, selectors.EVENT_READ)
                selector.select(0.1)
        return True

    def hear(self) -> list[tuple[float, str]]:
        """Return all that was said, with the moments."""
        while True:
            try:
                data = os.read(self.announced, 65536)
            except BlockingIOError:
                break
            if not data:
                break
            *lines, self._rest = (self._rest + data).split(b"\n")
            self.said += [(float(when), what) for when, _, what in (line.decode().partition(" ") for line in lines)]
        return self.said

    def cancel(self) -> Cancelled:
        """Cancel it as the runner does, and clear away what is left of it."""
        began = time.monotonic()
        for number, seconds in CANCELLING:
            self.entry.send_signal(number)
            try:
                self.entry.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        ended = time.monotonic()
        killed = self.entry.poll() is None
        asked = [when - began for when, what in self.hear() if what == "asked to stop" and when >= began]
        return Cancelled(
            code=None if killed else self.entry.returncode,
            seconds=ended - began,
            asked=asked,
            left=self.left(),
        )

    def left(self) -> list[str]:
        """Name the processes that carry the step's tracking id."""
        return [describe(process) for process in carrying(self.tracking) if process != self.entry.pid]

    def end(self) -> None:
        """Kill whatever is left, as the runner does at the end of a job."""
        if self.entry.poll() is None:
            self.entry.kill()
        self.entry.wait()
        for process in carrying(self.tracking):
            os.kill(process, signal.SIGKILL)
        os.close(self.announced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What became of a step that was cancelled: times in seconds since the first signal.

    *code* is None where it had to be killed, *asked* are the moments at which jobs were asked to stop, *left* the
    processes that were there when the step had ended.
    """

    code: int | None
    seconds: float
    asked: list[float]
    left: list[str]


def carrying(tracking: str) -> list[int]:
    """Return the processes with *tracking* in their environment; one that has ended, or hides, has none."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"RUNNER_TRACKING_ID={tracking}".encode() in place.read_bytes().split(b"\0"):
                found.append(int(place.parent.name))
        except OSError:
            continue
    return found


def describe(process: int) -> str:
    """Say what a process is."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text("utf-8", "replace").replace("\0", " ").strip()
    except OSError:
        return "a process that has just ended"
