"""How far the log of a job was read, over several streams: SageMaker begins a new one after each restart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from alekseylearn.errors import UsageError

_PLACE = re.compile(r"(\d{1,12}):([!-+.-~-]*)")
_WHOLE = ",whole"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in one stream: after the *count*-th event; *token* leads there again, for a day, '' to its beginning.

    Source: API reference of CloudWatch Logs, `GetLogEvents` (`nextForwardToken`).
    """

    count: int = 0
    token: str = ""


@dataclass(frozen=True, slots=True)
class StreamCursor:
    """Places in the first streams of a job, by their order; *whole* once the job's last line was among them."""

    places: tuple[Place, ...] = ()
    whole: bool = False

    @classmethod
    def parse(cls, text: str) -> StreamCursor:
        """Read a cursor, '' for the beginning; raises `UsageError` `log.cursor` for what was never one."""
        if not text:
            return cls()
        told = text.removesuffix(_WHOLE)
        matches = [_PLACE.fullmatch(part) for part in told.split(",")] if told else []
        found = [Place(int(match[1]), match[2]) for match in matches if match is not None]
        if len(found) != len(matches):
            raise UsageError("log.cursor", f"{text[:80]!r} is no position in a log", hint="start with an empty cursor")
        return cls(tuple(found), whole=told != text)

    def __str__(self) -> str:
        return ",".join(f"{place.count}:{place.token}" for place in self.places) + (_WHOLE if self.whole else "")

    def at(self, index: int) -> Place:
        """Return the place in the stream number *index*."""
        return self.places[index] if index < len(self.places) else Place()


def streams_of(job: str, names: Iterable[str], host: str) -> tuple[str, ...]:
    """Pick the streams of *job* on *host* among *names*, in the order in which they began."""
    pattern = re.compile(rf"{re.escape(job)}/{re.escape(host)}-(\d+)")
    found = [(int(match[1]), name) for name in names if (match := pattern.fullmatch(name))]
    return tuple(name for _, name in sorted(found))
