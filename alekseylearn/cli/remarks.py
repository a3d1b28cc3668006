"""What is odd about the notebooks that a command looks at: said in warnings, whatever else it shows."""

from __future__ import annotations

from collections.abc import Iterable

from alekseylearn.cli.screen import remark
from alekseylearn.contents import warnings_about
from alekseylearn.notebook import Notebook

MOST = 20
"""Warnings that are said each; more are counted."""


def say_warnings(notebooks: Iterable[Notebook | None]) -> None:
    """Warn of what is odd in *notebooks*."""
    found = [(warning, one.path) for one in notebooks if one is not None for warning in warnings_about(one)]
    for warning, path in found[:MOST]:
        remark(warning, path)
    if len(found) > MOST:
        slugs = sorted({warning.partition(":")[0] for warning, _ in found[MOST:]})
        remark(f"{slugs[0]}: {len(found) - MOST} more warnings about notebooks ({', '.join(slugs)})")
