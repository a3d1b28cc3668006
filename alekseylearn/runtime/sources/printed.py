"""Scores that are only printed, found by the rules of the configuration; this source runs in the supervisor."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Callable

from .base import LONGEST_NAME, Found, Written, number

NAME = "printed"
LONGEST_LINE = 1000
"""Characters of a line that a rule is shown."""
PATIENCE = 1.0
"""Seconds that one rule may take for what was printed at a time, a block of at most some 64 kB."""


class TooSlowError(Exception):
    """A rule took longer than it may."""


class Printed:
    """The rules of one run, name -> regular expression whose one group is the value; *tell* takes events."""

    def __init__(self, rules: Mapping[str, str], tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell
        self._rules: dict[str, re.Pattern[str]] = {}
        self._found: dict[str, int] = {}
        for name, rule in rules.items():
            try:
                self._rules[name] = re.compile(rule)
            except re.error as error:
                self._warn(f"the rule for {name} is no regular expression: {error}")

    def read(self, text: str, cell: int | None) -> None:
        """Look for metrics in *text*, which *cell* printed."""
        for name, rule in list(self._rules.items()):
            try:
                with _patience():
                    values = [value for _, value, _ in _matches(name, rule, text)]
            except TooSlowError:
                del self._rules[name]
                self._warn(f"the rule for {name} took longer than {PATIENCE:g} s and is not asked again")
                continue
            for value in values:
                self._metric(name, value, cell)

    def _metric(self, name: str, value: float, cell: int | None) -> None:
        step = self._found.get(name, 0)
        self._found[name] = step + 1
        event = {"name": name[:LONGEST_NAME], "value": number(value), "step": step, "cell": cell, "source": NAME}
        self._tell({"event": "metric", "time": round(time.time(), 3), **event})

    def _warn(self, what: str) -> None:
        self._tell({"event": "warning", "message": f"{NAME}: {what}"[:500]})


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield nothing: what was printed is in no name and in no file of the notebook's."""
    return ()


def _matches(name: str, rule: re.Pattern[str], text: str) -> Iterator[Found]:
    for line in text.split("\n"):
        hit = rule.search(line[:LONGEST_LINE])
        if hit is None:
            continue
        try:
            yield name, float(hit[1]), None
        except (IndexError, TypeError, ValueError):
            # What the rule caught is no number; the next line may have one.
            continue


@contextmanager
def _patience() -> Iterator[None]:
    """Raise `TooSlowError` in the block when it lasts too long: `re` looks at signals while it matches."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    within = True

    def too_slow(number: int, frame: object) -> None:  # noqa: ARG001 - a handler's signature
        if within:
            raise TooSlowError

    before = signal.signal(signal.SIGALRM, too_slow)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        within = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
