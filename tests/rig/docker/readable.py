"""A pytest plugin for engines that are not root's: such an engine has to read the folders of tests that are.

`make test-engines` loads it where it is needed; pytest's folders are for nobody but their owner otherwise.
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Open the folders that the test's fixtures have made."""
    factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
    base = factory.getbasetemp()
    for folder in (base.parent, base, *base.iterdir()):
        if folder.is_dir() and folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o755)
