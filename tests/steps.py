"""A step of the action as its runner tells of it, and an event that may do everything."""

from __future__ import annotations

from pathlib import Path

from alekseylearn.settings import CiSettings, Inputs
from alekseylearn.trust import Event

REPOSITORY = "octo/consumer"
EVENT = Event(name="push", repository=REPOSITORY, trusted=True, reason="")


def settings_of(inputs: Inputs, *, api_url: str = "https://api.github.com") -> CiSettings:
    """Return the settings of a step with these *inputs*."""
    return CiSettings(
        inputs=inputs,
        event_name="pull_request",
        event_path=Path("event.json"),
        repository=REPOSITORY,
        workspace=Path(),
        api_url=api_url,
        server_url="https://github.com",
        run_id=812,
        run_number=1,
        run_attempt=1,
        temp=Path(),
    )
