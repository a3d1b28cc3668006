"""One browser for all the tests of a worker: `from tests.rig.browser.fixture import browser`."""

from collections.abc import Iterator

import pytest

from tests.rig.browser.chromium import Chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """Give an open browser; each page is in a context of its own."""
    with Chromium() as opened:
        yield opened
