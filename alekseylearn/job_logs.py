"""The log of a training job on SageMaker, read to its end, which may come later than the job's own."""

from __future__ import annotations

from collections.abc import Callable

from alekseylearn.sagemaker_states import Described, state_of
from alekseylearn.stream_reading import StreamCursor
from alekseylearn.training_service import TrainingService

LATE = 30.0
"""Seconds for which lines of an ended job may still be on their way to the log."""
_LONG_AGO = 600.0
_STEP = 1.0


class JobLog:
    """Reads logs; *clock* tells Unix time, *sleep* waits, both in seconds."""

    def __init__(self, service: TrainingService, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._service = service
        self._clock = clock
        self._sleep = sleep
        self._patience: dict[str, float] = {}

    def read(self, described: Described, last: str, reached: StreamCursor) -> tuple[list[str], StreamCursor]:
        """Return the lines of a job after *reached*, and the place behind them; *last* is what it prints at its end.

        Of a job that has ended it waits for that line, as long as it can be on its way.
        """
        lines: list[str] = []
        while True:
            told, reached = self._read(described["TrainingJobName"], last, reached)
            lines += told
            if not state_of(described).ended or reached.whole or self._is_late(described):
                return lines, reached
            self._sleep(_STEP)

    def _read(self, job: str, last: str, reached: StreamCursor) -> tuple[list[str], StreamCursor]:
        lines: list[str] = []
        places, whole = [], reached.whole
        # All of them each time: what was printed just before a restart may come after what was printed after it.
        for index, stream in enumerate(self._service.streams(job)):
            messages, place = self._service.events(stream, reached.at(index))
            places.append(place)
            whole = whole or last in messages
            lines += [message.rstrip("\r\n") for message in messages if message != last]
        return lines, StreamCursor(tuple(places), whole=whole)

    def _is_late(self, described: Described) -> bool:
        """Tell whether nothing more of the log of an ended job can be expected."""
        ended, now = described.get("TrainingEndTime"), self._clock()
        # Without machines there is no log; their clock and ours may differ by a little.
        if "TrainingStartTime" not in described or (ended and ended.timestamp() < now - _LONG_AGO):
            return True
        return now > self._patience.setdefault(described["TrainingJobName"], now + LATE)
