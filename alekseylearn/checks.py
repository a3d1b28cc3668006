"""What `doctor` finds: one line a thing that training needs, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ok", "warning", "missing"]
MISSING_CODE = 6
"""The exit code where something is missing: that of a machine that cannot train."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: *told* says what was found, *remedy* what to do ('' where nothing is)."""

    name: str
    state: State
    told: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """Write it down for scripts."""
        return {"name": self.name, "state": self.state, "told": self.told, "remedy": self.remedy}


def checks_json(checks: Iterable[Check]) -> dict[str, Any]:
    """Return the document of `doctor --json`."""
    listed = list(checks)
    return {"ok": checks_code(listed) == 0, "checks": [check.to_json() for check in listed]}


def checks_code(checks: Iterable[Check]) -> int:
    """Choose the exit code: 0 unless something is missing."""
    return MISSING_CODE if any(check.state == "missing" for check in checks) else 0
