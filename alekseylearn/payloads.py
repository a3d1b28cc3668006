"""What a webhook's payload holds, looked up piece by piece: each one has its shape, or the event is refused.

Shapes are those of GitHub's webhook payloads (docs, "Webhook events and payloads").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alekseylearn.errors import InputError


@dataclass(frozen=True, slots=True)
class Payload:
    """Looks values up in the *data* of the event *name* and says which one is missing."""

    name: str
    data: Mapping[str, Any]

    def found(self, *path: str) -> object:
        """Return what is there; None where nothing is."""
        found: object = self.data
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def value(self, *path: str) -> object:
        """Return what is there, null too; raises `InputError` `trust.event` where nothing is."""
        found: object = self.data
        for key in path:
            if not isinstance(found, Mapping) or key not in found:
                raise self.refused(f"the event has no `{'.'.join(path)}`")
            found = found[key]
        return found

    def text(self, *path: str) -> str:
        """Return a text of at least one character; raises `InputError` `trust.event`."""
        found = self.value(*path)
        if not isinstance(found, str) or not found:
            raise self.refused(f"`{'.'.join(path)}` of the event is no text")
        return found

    def number(self, *path: str) -> int:
        """Return a positive whole number; raises `InputError` `trust.event`."""
        found = self.value(*path)
        if isinstance(found, bool) or not isinstance(found, int) or found < 1:
            raise self.refused(f"`{'.'.join(path)}` of the event is no positive number")
        return found

    def matching(self, pattern: re.Pattern[str], *path: str) -> str:
        """Return a text that *pattern* matches; raises `InputError` `trust.event`."""
        found = self.text(*path)
        if not pattern.match(found):
            raise self.refused(f"`{'.'.join(path)}` of the event is not well formed")
        return found

    def expect_repository(self, repository: str) -> None:
        """Raise `InputError` `trust.event` when the event is another repository's than *repository*."""
        # A scheduled run's payload holds nothing but the schedule.
        if self.name == "schedule":
            return
        if self.text("repository", "full_name").lower() != repository.lower():
            raise self.refused("the event belongs to another repository")

    def refused(self, what: str, hint: str = "") -> InputError:
        """Return the error for an event that is refused because of *what*."""
        return InputError("trust.event", what, where=f"event {self.name}", hint=hint or "run it in GitHub Actions")
