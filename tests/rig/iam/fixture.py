"""The fixture `iam`: a simulator of IAM; skipped without node and npm, except in continuous integration."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.rig.iam.simulator import Simulator


@pytest.fixture(scope="session")
def iam() -> Simulator:
    """Return the simulator."""
    lack = [program for program in ("node", "npm") if shutil.which(program) is None]
    if lack and not os.environ.get("CI"):
        pytest.skip(f"not on PATH: {', '.join(lack)}")
    assert lack == []
    return Simulator.installed()
