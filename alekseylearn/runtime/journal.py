"""The files that grow while the job runs: log.txt, events.jsonl and metrics.jsonl."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from .settling import Line, Settling

LOG_LIMIT = 50_000_000
"""Bytes of log.txt."""


def write_whole(path: Path, text: str) -> None:
    """Write *path* atomically: another process sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class Printer:
    """The supervisor's own stdout, for as long as somebody reads it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream: BinaryIO | None = stream
        self._within_line = False

    def write(self, data: bytes) -> None:
        """Print *data* at once."""
        if self._stream is None or not data:
            return
        try:
            self._stream.write(data)
            self._stream.flush()
        except OSError:
            # Whoever read our stdout has gone; the training goes on, and log.txt has it all.
            self._stream = None
        self._within_line = not data.endswith(b"\n")

    def end_line(self) -> None:
        """End the line that was begun, if one was."""
        if self._within_line:
            self.write(b"\n")

    def last_line(self, text: str) -> None:
        """Print *text* as a line of its own, unless it is empty."""
        if text:
            self.end_line()
            self.write(f"{text}\n".encode("utf-8", "backslashreplace"))


class Journal:
    """The growing files of one run in *folder*; every line is one write, so that a crash cuts no line in two."""

    def __init__(self, folder: Path, printer: Printer) -> None:
        self._metrics_path = folder / "metrics.jsonl"
        self._log = (folder / "log.txt").open("wb", buffering=0)
        self._events = (folder / "events.jsonl").open("wb", buffering=0)
        self._metrics = self._metrics_path.open("wb", buffering=0)
        self._printer = printer
        self._room = LOG_LIMIT
        self._settling = Settling()

    def log(self, text: str) -> None:
        """Write printed *text* to log.txt and to the supervisor's own stdout."""
        data = text.encode("utf-8", "backslashreplace")
        if self._room > 0:
            self._log.write(data[: self._room])
            self._room -= len(data)
            if self._room <= 0:
                self._log.write(f"\n[log cut at {LOG_LIMIT // 1_000_000} MB]\n".encode())
        self._printer.write(data)

    def event(self, event: Mapping[str, Any]) -> None:
        """Write one line of events.jsonl."""
        self._events.write(json_line(event))

    def metric(self, metric: Line) -> None:
        """Write one line of metrics.jsonl."""
        self._settling.hear(metric)
        self._metrics.write(json_line(metric))

    @property
    def metrics(self) -> Iterator[Line]:
        """The lines of metrics.jsonl, which may be more than fit into memory."""
        with self._metrics_path.open("rb") as file:
            yield from map(json.loads, file)

    def settle(self, *, final: bool) -> None:
        """Rewrite metrics.jsonl with the lines that count, and close it; *final*: no file is left to be looked at."""
        self._metrics.close()
        temporary = self._metrics_path.with_name(f".{self._metrics_path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                file.writelines(map(json_line, self._settling.settled(self.metrics, final=final)))
            temporary.replace(self._metrics_path)
        finally:
            temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """Close log.txt and events.jsonl."""
        self._log.close()
        self._events.close()


def json_line(value: Mapping[str, Any]) -> bytes:
    """Encode *value* as one line of JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def warn_of_nan(metrics: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say which loss ended as NaN or infinite, and at which step it became so."""
    since: dict[str, Mapping[str, Any] | None] = {}
    last: dict[str, Any] = {}
    for metric in metrics:
        name, value = metric["name"], metric["value"]
        if not any(word in name.lower() for word in LOSSES):
            continue
        last[name] = value
        since[name] = (since.get(name) or metric) if isinstance(value, str) else None
    warnings = []
    for name, begun in since.items():
        if begun is not None:
            where = "" if begun["step"] is None else f" since step {begun['step']}"
            warnings.append(
                f"{name} is {last[name]}{where}: the training diverged; try a lower learning rate or check the data"
            )
    return warnings


LOSSES = ("loss", "error", "mse", "rmse", "mae", "nll", "perplexity", "deviance")
"""Words in the name of a metric that has no sense as NaN or infinity."""
