"""A plugin of pytest for mutation tests: nothing that one test had computed is remembered in the next."""

from __future__ import annotations

import sys


def pytest_runtest_setup() -> None:
    """Empty every cache of the package: what is remembered was computed by code that is another one now."""
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "alekseylearn"]:
        for value in list(vars(module).values()):
            if hasattr(value, "cache_clear"):
                value.cache_clear()
