"""What the current Python has: whether it meets requirement lines, whether it can import modules."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable


def satisfied(lines: Iterable[str]) -> bool:
    """Tell whether every requirement line holds here; an address or an option of pip never does."""
    return all(_holds(line, frozenset()) for line in lines)


def importable(names: Iterable[str]) -> bool:
    """Tell whether every top-level module in *names* is there; nothing is imported."""
    return all(_found(name) for name in names)


def _holds(line: str, above: frozenset[tuple[str, str]], extra: str = "") -> bool:
    from importlib.metadata import PackageNotFoundError, distribution

    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import InvalidVersion

    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return False
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
        return True
    if wanted.url is not None:
        return False
    try:
        there = distribution(wanted.name)
        if not wanted.specifier.contains(there.version, prereleases=True):
            return False
    except (PackageNotFoundError, InvalidVersion):
        return False
    # What a package needs anyway was installed with it; only what its extras add is looked at.
    asked = frozenset((wanted.name, name) for name in wanted.extras) - above
    needed = [needed for needed in there.requires or () if "extra" in needed]
    return all(_holds(one, above | asked, name) for _, name in sorted(asked) for one in needed)


def _found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, AttributeError, ValueError):
        return False
