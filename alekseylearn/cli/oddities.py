"""What is odd about the files that a command looks at: said in warnings, whatever else it shows."""

from __future__ import annotations

from collections.abc import Iterator

from alekseylearn.analysis import passed_over
from alekseylearn.cli.screen import remark
from alekseylearn.comparison import Comparison
from alekseylearn.file_names import neutralised, shown_name

_MOST = 20
"""Warnings that are said each; more are counted."""


def say_oddities(comparison: Comparison) -> None:
    """Warn of what is passed over, of names that hold more than a name, and of values that others read differently."""
    for warning in comparison.head.config.warnings:
        remark(warning)
    found = list(_oddities(comparison))
    for warning, path in found[:_MOST]:
        remark(warning, shown_name(path))
    if len(found) > _MOST:
        slugs = sorted({warning.partition(":")[0] for warning, _ in found[_MOST:]})
        remark(f"{slugs[0]}: {len(found) - _MOST} more files are odd ({', '.join(slugs)})")


def say_name(path: str) -> None:
    """Warn of one name that holds more than a name."""
    if warning := neutralised(path):
        remark(warning, path)


def _oddities(comparison: Comparison) -> Iterator[tuple[str, str]]:
    for file in comparison.files:
        for warning in (passed_over(file), neutralised(file.path) if not passed_over(file) else ""):
            if warning:
                yield warning, file.path
