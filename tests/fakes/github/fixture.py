"""The fixture `github`: a stand-in for GitHub that nobody may treat wrongly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.github.server import FakeGitHub


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """Yield a GitHub of one's own; at the end, nothing must have broken its description."""
    with FakeGitHub() as server:
        yield server
    assert server.violations == []
