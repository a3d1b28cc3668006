"""The DevTools protocol over two pipes: JSON messages, each ended by a zero byte."""

from __future__ import annotations

import json
import os
import select
import time
from collections import defaultdict
from typing import Any

PATIENCE = 60.0
"""Seconds to wait for one answer or event."""


class BrowserError(Exception):
    """The browser refused a command, went away, or did not answer in time."""


class Protocol:
    """Commands in, answers and events out; *events* keeps what came by session and was not taken yet."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._buffer = b""
        self._last = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        _write_all(self._write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while self._last not in self._answers:
            self._take(until, method)
        answer = self._answers.pop(self._last)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, session: str, method: str) -> dict[str, Any]:
        """Wait for the event *method*, remove it, and return what it says; the others stay."""
        until = time.monotonic() + PATIENCE
        while True:
            for event in self.events[session]:
                if event["method"] == method:
                    self.events[session].remove(event)
                    told: dict[str, Any] = event.get("params", {})
                    return told
            self._take(until, method)

    def close(self) -> None:
        """Close both pipes."""
        os.close(self._write)
        os.close(self._read)

    def _take(self, until: float, waiting_for: str) -> None:
        ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise BrowserError(f"{waiting_for}: no answer within {PATIENCE:.0f} s")
        data = os.read(self._read, 1 << 20)
        if not data:
            raise BrowserError(f"{waiting_for}: the browser went away")
        *whole, self._buffer = (self._buffer + data).split(b"\0")
        for text in whole:
            message = json.loads(text)
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self.events[message.get("sessionId", "")].append(message)


def _write_all(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]
