"""A terminal that a command is run in: a real pty, and what its screen has shown."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.contract.jobs import PATIENCE

_SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b[()=>][0-9A-Za-z]?|\x1b\][^\x07]*\x07")
_BEGUN = re.compile(r"\x1b(?:\[[?0-9;]*)?\Z")


@dataclass(slots=True)
class Screen:
    """What stands on a screen without an end: lines are written, erased, and written over."""

    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0

    def write(self, text: str) -> None:
        place = 0
        while place < len(text):
            found = _SEQUENCE.match(text, place)
            if found is not None:
                self._steer(found[1] or "", found[2] or "")
                place = found.end()
            else:
                self._put(text[place])
                place += 1

    def _put(self, sign: str) -> None:
        match sign:
            case "\n":
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            case "\r":
                self.column = 0
            case "\b":
                self.column = max(0, self.column - 1)
            case _ if sign >= " ":
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + sign + line[self.column + 1 :]
                self.column += 1

    def _steer(self, numbers: str, what: str) -> None:
        count = int(numbers) if numbers.isdecimal() else None
        match what:
            case "A":
                self.row = max(0, self.row - (count or 1))
            case "K" if count == 2:
                self.lines[self.row] = ""
            case "K" if not count:
                self.lines[self.row] = self.lines[self.row][: self.column]

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


@dataclass(slots=True)
class Terminal:
    """A command under way in a terminal; *seen* is all that the screen has shown at one time or another."""

    pid: int
    descriptor: int
    screen: Screen = field(default_factory=Screen)
    seen: set[str] = field(default_factory=set)
    raw: bytes = b""
    _rest: str = ""
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def read(self) -> bool:
        """Take what the command has written; False when it has ended."""
        if not select.select([self.descriptor], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self.descriptor, 65_536)
        except OSError:
            return False
        self.raw += data
        # A sequence, or a character, may arrive in two parts.
        text = self._rest + self._decoder.decode(data)
        begun = _BEGUN.search(text)
        whole, self._rest = (text, "") if begun is None else (text[: begun.start()], text[begun.start() :])
        for part in re.split(r"(?=\r)", whole):
            self.screen.write(part)
            self.seen.update(self.screen.text.splitlines()[-40:])
        return bool(data)

    def until(self, condition: Callable[[Terminal], bool], what: str) -> None:
        """Read until *condition* holds."""
        end = time.monotonic() + PATIENCE
        while not condition(self):
            assert self.read(), f"it ended before {what}: {self.screen.text[-2000:]}"
            assert time.monotonic() < end, f"waited in vain for {what}: {self.screen.text[-2000:]}"

    def showed(self, words: str) -> bool:
        return any(words in line for line in self.seen)

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def end(self) -> int:
        """Read to the end; return the exit code."""
        end = time.monotonic() + PATIENCE
        while self.read():
            assert time.monotonic() < end, self.screen.text[-2000:]
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def terminal(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Run *command* in a terminal of 100 columns; whatever is left of it at the end is killed."""
    pid, descriptor = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(command[0], list(command), {**environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"})
    try:
        yield Terminal(pid, descriptor)
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
        os.close(descriptor)
