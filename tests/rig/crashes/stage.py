"""A stage on which commands are killed: a repository with a change in it, and a server that becomes the commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from alekseylearn.disk import is_locked
from tests.rig.crashes.whole import passing, torn
from tests.small import EPOCHS, TRAINS, growth

ROOT = Path(__file__).parents[3]
NOTEBOOK = "growth.ipynb"
PATIENCE = 60.0
"""Seconds that a command, or what it has started, may take."""
STRACE = shutil.which("strace") or "strace"
_CALL = re.compile(r"(?:\d+ +)?([a-z0-9_]+)\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended; `code` is None for one that was killed."""

    code: int | None
    out: str


@dataclass(frozen=True, slots=True)
class Harm:
    """What strace does to a process: `write:signal=KILL:when=3`, `write:error=ENOSPC:when=2+`."""

    call: str
    what: str
    path: Path | None = None

    @property
    def options(self) -> list[str]:
        only = [] if self.path is None else ["-P", str(self.path)]
        return [*only, "-e", f"trace={self.call}", "-e", f"inject={self.call}:{self.what}", "-o", os.devnull]


class Server:
    """A process that becomes commands."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rig.crashes.server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, order: Mapping[str, Any]) -> int:
        """Have it become a command; returns the number of the command's process."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def end(self) -> int:
        """Wait for the command's end, and return its status."""
        return self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def _read(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@dataclass(slots=True, kw_only=True)
class Stage:
    """The working folder of the commands, their environment, and where they leave what."""

    server: Server
    folder: Path
    environ: Mapping[str, str]
    home: Path
    """Where runs and results are."""
    runs: Path
    """The file to which each training adds a line: how many epochs it has."""
    outbox: Path | None = None
    kills: int = 0
    torn: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Forget all that was trained."""
        for path in (self.home, self.outbox):
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)
        self.runs.unlink(missing_ok=True)

    def run(self, *arguments: str, harm: Harm | None = None, **more: Any) -> Ended:
        """Run a command, with *more* of what the server knows to do to it, and look at what it leaves."""
        out = self.runs.with_name("out")
        order = {"arguments": arguments, "folder": str(self.folder), "environ": dict(self.environ), "out": str(out)}
        child = self.server.begin({**order, **more, "traced": harm is not None})
        if harm is not None:
            with tracing(child, harm.options):
                status = self.server.end()
        else:
            status = self.server.end()
        killed = os.WIFSIGNALED(status)
        self.kills += killed
        self.torn += self.look()
        code = None if killed else os.waitstatus_to_exitcode(status)
        return Ended(code=code, out=out.read_text("utf-8", "replace"))

    def look(self) -> list[str]:
        """Name the files that are torn."""
        return [*torn(self.home), *([] if self.outbox is None else torn(self.outbox))]

    def left(self) -> list[str]:
        """Name what is still on its way, and the runs that were never brought home."""
        runs = [path.name for path in (self.home / "runs").glob("*") if path.is_dir()]
        return [*runs, *passing(self.home), *([] if self.outbox is None else passing(self.outbox))]

    def settle(self) -> None:
        """Wait until nothing trains any more: whoever was killed has left its job alone."""
        end = time.monotonic() + PATIENCE
        for alive in (self.home / "runs").glob("*/alive"):
            while is_locked(alive):
                assert time.monotonic() < end, "a training does not end"
                time.sleep(0.01)

    @property
    def launches(self) -> Counter[str]:
        """How often each training was begun."""
        return Counter(self.runs.read_text().split() if self.runs.exists() else ())

    def calls(self, *arguments: str, among: str) -> Counter[str]:
        """Count the calls of the system that a command makes from its beginning to its end."""
        log = self.runs.with_name("calls")
        order = {"arguments": arguments, "folder": str(self.folder), "environ": dict(self.environ), "traced": True}
        child = self.server.begin({**order, "out": os.devnull})
        with tracing(child, ["-e", f"trace={among}", "-o", str(log)]):
            status = self.server.end()
        assert status == 0
        return Counter(match[1] for line in log.read_text().splitlines() if (match := _CALL.match(line)))


@contextmanager
def tracing(process: int, options: list[str]) -> Iterator[None]:
    """Hold on to *process*, which has stopped itself, by strace, and let it go on."""
    until_stopped(process)
    with subprocess.Popen([STRACE, "-p", str(process), *options], stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        told = tracer.stderr.readline()
        assert "attached" in told, told
        os.kill(process, signal.SIGCONT)
        yield
        tracer.stderr.read()


def until_stopped(process: int) -> None:
    """Wait until *process* has stopped itself."""
    end = time.monotonic() + PATIENCE
    while Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] not in "Tt":
        assert time.monotonic() < end, "the command did not stop itself"
        time.sleep(0.001)


def counted(runs: Path, epochs: int) -> bytes:
    """Return a notebook that trains for *epochs*, and adds a line to *runs* when it does."""
    return growth({EPOCHS: f"epochs = {epochs}\nrate = 0.05"}, before=f"print(epochs, file=open({str(runs)!r}, 'a'))")


assert TRAINS > EPOCHS, "the line is written in a cell that knows how many epochs there are"
