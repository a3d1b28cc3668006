"""What a running comment showed last: an edit that would change nothing but times is not worth asking the forge."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace

from alekseylearn.jobs import TrainingResult
from alekseylearn.pipeline import body
from alekseylearn.report import NotebookOutcome, Outcome, Step

AT_LEAST = 600.0
"""Seconds after which a comment is written again in any case: it says when, so that people see that somebody waits."""
_LASTED = re.compile(r", (?:\d+ (?:h|min) )?\d[\d.]* (?:s|min)\Z")


class Shown:
    """Remembers what was shown last; *clock* is monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._text = ""
        self._until = 0.0

    def is_news(self, outcome: Outcome) -> bool:
        """Tell whether *outcome* is worth being shown, and take it as shown if so."""
        _, text = body(_timeless(outcome))
        now = self._clock()
        if text == self._text and now < self._until:
            return False
        self._text, self._until = text, now + AT_LEAST
        return True

    def forget(self) -> None:
        """Take nothing as shown: the forge could not be reached."""
        self._text = ""


def _timeless(outcome: Outcome) -> Outcome:
    """Leave out what grows while nothing happens."""
    return replace(outcome, when="", seconds=0.0, notebooks=tuple(map(_notebook, outcome.notebooks)))


def _notebook(notebook: NotebookOutcome) -> NotebookOutcome:
    return replace(notebook, head=_result(notebook.head), steps=tuple(map(_step, notebook.steps)))


def _result(result: TrainingResult | None) -> TrainingResult | None:
    return None if result is None else replace(result, seconds=0.0, phase=_phase(result.phase))


def _step(step: Step) -> Step:
    return replace(step, seconds=None, text=_phase(step.text) if step.state == "running" else step.text)


def _phase(text: str) -> str:
    """Leave out of `getting a machine, 2 min 10 s` how long it has lasted."""
    return _LASTED.sub("", text)
