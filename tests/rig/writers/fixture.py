"""The fixture `writers`: the Python of an environment with real libraries that write metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.writers.environment import installed


@pytest.fixture(scope="session")
def writers() -> Path:
    """Return the Python."""
    return installed()
