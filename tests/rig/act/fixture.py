"""The fixture `act_rig`: a runner of one's own, with the action as it stands in this checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.github.server import FakeGitHub
from tests.rig.act.act_rig import CHECKOUT, ActRig, export

pytest_plugins = ["tests.fakes.github.fixture"]


@pytest.fixture(scope="session")
def action_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the action as it stands in this checkout, without what git ignores."""
    return export(CHECKOUT, tmp_path_factory.mktemp("action"))


@pytest.fixture(scope="session")
def tool_cache(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Return the runner's tool cache, which all workers of a test session share."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if hasattr(request.config, "workerinput") else base
    folder = shared / "tool-cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def act_rig(tmp_path: Path, github: FakeGitHub, action_folder: Path, tool_cache: Path) -> ActRig:
    """Return a runner whose workflows talk to `github`."""
    folder = tmp_path / "rig"
    folder.mkdir()
    return ActRig(folder=folder, github=github, action=action_folder, tool_cache=tool_cache)
