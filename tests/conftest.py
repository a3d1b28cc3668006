"""What holds for every test: nobody's home is touched, and made-up examples are the same each time."""

from __future__ import annotations

import functools
import itertools
import os
import random
from pathlib import Path

import botocore.retries.standard
import botocore.session
import pytest
import s3transfer.utils
from hypothesis import settings

pytest_plugins = [
    "tests.fakes.aws.fixture",
    "tests.fakes.sagemaker.fixture",
    "tests.rig.act.fixture",
    "tests.rig.docker.fixture",
    "tests.rig.iam.fixture",
    "tests.rig.writers.fixture",
]

# Each session of botocore reads its descriptions of AWS anew, for some hundred milliseconds; a program has one session,
# tests have many.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)
# Threads of theirs go on beside other tests, and hypothesis watches who draws from the one generator of all.
OWN = random.Random(0)
s3transfer.utils.random = OWN
botocore.retries.standard.ExponentialBackoff.__init__.__defaults__ = (20, OWN.random, None, None)

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
# pytest --hypothesis-profile thorough
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("ci" if os.environ.get("CI") else "here")
if "PYTEST_XDIST_WORKER" in os.environ:
    # What a test starts, it starts for what comes of it: the lines are measured by those tests that call them.
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
HOMES = itertools.count()
# Packages that this machine has already need not be loaded again.
PACKAGES = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a home of its own, and nothing of the machine's settings for git."""
    # Not by `mktemp`, which reads all names that there are, to find the next.
    folder = tmp_path_factory.getbasetemp() / f"home-{next(HOMES)}"
    folder.mkdir()
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
