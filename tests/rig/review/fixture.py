"""The fixture `files`: what GitHub shows a comment with; skipped without npm, except in continuous integration."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.rig.npm import fetched


@pytest.fixture(scope="session")
def files() -> Path:
    """Return the folder with mermaid and the style sheets."""
    lack = [program for program in ("npm", "chromium") if shutil.which(program) is None]
    if lack and not os.environ.get("CI"):
        pytest.skip(f"not on PATH: {', '.join(lack)}")
    assert lack == []
    return fetched(Path(__file__).with_name("packages.json"))
