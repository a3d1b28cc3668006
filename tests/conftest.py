"""What holds for every test: nobody's home is touched, and made-up examples are the same each time."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import botocore.session
import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.fakes.aws.fixture",
    "tests.fakes.sagemaker.fixture",
    "tests.rig.act.fixture",
    "tests.rig.docker.fixture",
    "tests.rig.iam.fixture",
]

# Each session of botocore reads its descriptions of AWS anew, some hundred milliseconds long; a program has one, tests many.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")
# Packages that this machine has already need not be loaded again.
PACKAGES = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a home of its own, and nothing of the machine's settings for git."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name, place in (
        ("CACHE", ".cache"),
        ("CONFIG", ".config"),
        ("DATA", ".local/share"),
        ("STATE", ".local/state"),
    ):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / place))
    monkeypatch.setenv("UV_CACHE_DIR", PACKAGES)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return folder
