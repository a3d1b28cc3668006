"""Where a container stands, and how one that has ended did: by its own word, by its exit status, or by ours."""

from __future__ import annotations

import json

from alekseylearn.containers import Container
from alekseylearn.engines import Engine
from alekseylearn.jobs import JobState
from alekseylearn.sm_contract import ROOT
from alekseylearn.transit import first_file

CANCELLED = "cancelled"
"""File below /opt/ml: somebody asked the job to stop."""
RESULT = "output/data/result.json"
_STATUSES = {124: JobState.TIMED_OUT, 143: JobState.STOPPED}
"""What the first process tells by its exit status: its time was over, or it was asked to stop."""
_RESULT_BYTES = 16 * 1024 * 1024


class Endings:
    """Says where containers of *engine* stand; what it has found out about an ended one, it remembers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, JobState] = {}

    def state(self, there: Container) -> JobState:
        """Say where a container stands; LOST when it was killed before it could say a word."""
        if not there.ended:
            return JobState.QUEUED if there.waiting else JobState.RUNNING
        if there.id not in self._known:
            self._known[there.id] = self._told(there) or self._untold(there)
        return self._known[there.id]

    def _told(self, there: Container) -> JobState | None:
        """Return the state that the job itself wrote down; None where it came to no such thing."""
        data = self._engine.get(there.id, f"{ROOT}/{RESULT}", lambda chunks: first_file(chunks, _RESULT_BYTES))
        if data is None:
            return None
        try:
            state = JobState(json.loads(data)["state"])
        except (ValueError, TypeError, KeyError, RecursionError):
            # The notebook's code can write there too; what it leaves is read with care after collecting.
            return JobState.FAILED
        return state if state.ended else JobState.FAILED

    def _untold(self, there: Container) -> JobState:
        if there.ending.code in _STATUSES:
            return _STATUSES[there.ending.code]
        asked = self._engine.get(there.id, f"{ROOT}/{CANCELLED}", lambda chunks: first_file(chunks, 1))
        return JobState.LOST if asked is None else JobState.STOPPED
