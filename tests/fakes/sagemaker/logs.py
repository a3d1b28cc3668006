"""A job's output as CloudWatch's log events.

One event a line, when its newline comes; a rest without one when the output ends. As Docker's awslogs driver does it, an empty line makes no
event (CloudWatch takes no empty message), and a line of more than 262 118 bytes makes several.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

GROUP = "/aws/sagemaker/TrainingJobs"
OVERHEAD = 26
"""Bytes that CloudWatch counts for each event beside its message."""
LONGEST = (256 << 10) - OVERHEAD
MOST_BYTES = 1 << 20
MOST_EVENTS = 10_000
"""Limits of one call of PutLogEvents."""
FLUSH = 0.05
"""Seconds between two calls."""
AHEAD = 50_000
"""Events that may wait for their call before the job's output is no longer read."""


class Splitter:
    """Cuts one stream of output into messages."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the messages that *data* completes."""
        self._rest += data
        *lines, rest = bytes(self._rest).split(b"\n")
        while len(rest) > LONGEST:
            piece, rest = cut(rest)
            lines.append(piece)
        self._rest = bytearray(rest)
        for line in lines:
            yield from messages(line)

    def end(self) -> Iterator[str]:
        """Yield what is left."""
        yield from messages(bytes(self._rest))


def messages(line: bytes) -> Iterator[str]:
    """Yield one line's messages: none where it is empty."""
    while line:
        piece, line = cut(line)
        yield piece.decode("utf-8", "replace")


def cut(line: bytes) -> tuple[bytes, bytes]:
    """Return as much of *line* as one event holds, whole characters of UTF-8 only, and the rest."""
    if len(line) <= LONGEST:
        return line, b""
    end = LONGEST
    while end > LONGEST - 4 and line[end] & 0xC0 == 0x80:
        end -= 1
    return line[:end], line[end:]


class Shipper:
    """Sends the messages of one machine to a new stream of CloudWatch, each not before it is *delay* seconds old."""

    def __init__(self, logs: Any, machine: str, *, delay: Callable[[], float], halted: threading.Event) -> None:
        self._logs, self._delay, self._halted = logs, delay, halted
        self._waiting: deque[tuple[float, str]] = deque()
        self._room = threading.Semaphore(AHEAD)
        self._ending = threading.Event()
        self._idle = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=GROUP)
        self.stream = self._open(machine)
        self._thread.start()

    def _open(self, machine: str) -> str:
        # Two streams never share a name, however soon one machine follows the other.
        for epoch in itertools.count(int(time.time())):
            stream = f"{machine}-{epoch}"
            with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                self._logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
                return stream
        raise AssertionError

    def add(self, message: str) -> None:
        """Take a message; wait where too many have not been sent yet, unless they wait on purpose."""
        if not self._delay():
            self._room.acquire(timeout=30)
        self._waiting.append((time.time(), message))

    def end(self) -> None:
        """Send the rest; return when that is done, or at once where events are delayed."""
        self._ending.set()
        if not self._delay():
            self._thread.join()

    def _run(self) -> None:
        while not self._halted.is_set():
            ending = self._ending.is_set()
            for batch in self._due():
                self._send(batch)
            if ending and not self._waiting:
                return
            self._ending.wait(FLUSH) if not ending else self._halted.wait(FLUSH)

    def _due(self) -> Iterator[list[tuple[float, str]]]:
        until, batch, size = time.time() - self._delay(), [], 0
        while self._waiting and self._waiting[0][0] <= until:
            bytes_here = len(self._waiting[0][1].encode()) + OVERHEAD
            if len(batch) == MOST_EVENTS or size + bytes_here > MOST_BYTES:
                yield batch
                batch, size = [], 0
            batch.append(self._waiting.popleft())
            self._room.release()
            size += bytes_here
        if batch:
            yield batch

    def _send(self, batch: Iterable[tuple[float, str]]) -> None:
        events = [{"timestamp": int(at * 1000), "message": text} for at, text in batch]
        # The group or the stream may have been deleted by a test.
        with contextlib.suppress(ClientError):
            self._logs.put_log_events(logGroupName=GROUP, logStreamName=self.stream, logEvents=events)


class Metrics:
    """Finds the metrics that a request defines in the job's output."""

    def __init__(self, definitions: Iterable[dict[str, str]], found: Callable[[str, float], None]) -> None:
        self._patterns = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]
        self._found = found

    def look(self, message: str) -> None:
        """Tell of each metric that *message* has."""
        for name, pattern in self._patterns:
            if (match := pattern.search(message)) and match.groups():
                with contextlib.suppress(ValueError):
                    self._found(name, float(match[1]))


def pump(pipes: Iterable[int], take: Callable[[str], None]) -> None:
    """Give all messages of *pipes* to *take*, until they end; each pipe's lines stay whole."""
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ, Splitter())
        while selector.get_map():
            for key, _ in selector.select():
                splitter: Splitter = key.data
                data = os.read(key.fd, 1 << 16)
                for message in splitter.feed(data) if data else splitter.end():
                    take(message)
                if not data:
                    selector.unregister(key.fd)
