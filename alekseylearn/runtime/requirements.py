"""Which of the bundle's requirements this Python satisfies already, found out without running pip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

READERS = ("packaging.requirements", "pip._vendor.packaging.requirements")
"""Who can read a requirement line, the first that is there."""
CONSTRAINTS = re.compile(r"(?:-c|--constraint)[\s=]*(\S+)")
HASH = re.compile(r"\s--hash[=\s]\S+")
COMMENT = re.compile(r"(^|\s)#.*$")
CONTINUED = re.compile(r"\\\r?\n")


class Lack(NamedTuple):
    """A requirement that is not satisfied, and the version that is there instead, if any."""

    wanted: str
    installed: str | None

    def __str__(self) -> str:
        return self.wanted if self.installed is None else f"{self.wanted} (has {self.installed})"


class Comparison(NamedTuple):
    """What is not there, and the lines that only pip can judge."""

    lacking: tuple[Lack, ...]
    unclear: tuple[str, ...]


def compare(path: Path) -> Comparison:
    """Compare the requirements file *path*, and the constraints that it names, with what is installed."""
    lines = list(read_lines(path))
    reader = _reader()
    if reader is None:
        return Comparison((), tuple(line for line in lines if not CONSTRAINTS.fullmatch(line)))
    asked: list[Any] = []
    bounds: list[Any] = []
    unclear: list[str] = []
    for line in lines:
        other = CONSTRAINTS.fullmatch(line)
        if other is None:
            _read([line], reader, asked, unclear)
        else:
            _read(read_lines(path.parent / other[1]), reader, bounds, unclear)
    return _compared(asked, _bounds(bounds), reader, unclear)


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a requirements file as pip reads them: comments gone, continued lines joined."""
    for line in CONTINUED.sub(" ", path.read_text(encoding="utf-8")).splitlines():
        told = COMMENT.sub("", line).strip()
        if told:
            yield told


def _reader() -> Any:
    for name in READERS:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


def _read(lines: Iterable[str], reader: Any, into: list[Any], unclear: list[str]) -> None:
    for line in lines:
        try:
            # A hash says which file to download; of what is installed, pip asks for the version alone.
            into.append(reader.Requirement(HASH.sub("", line)))
        except reader.InvalidRequirement:
            unclear.append(line)


def _bounds(constraints: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for constraint in constraints:
        if applies(constraint, ()):
            found.setdefault(_canonical(constraint.name), []).append(constraint)
    return found


def _compared(asked: list[Any], bounds: Mapping[str, list[Any]], reader: Any, unclear: list[str]) -> Comparison:
    """Compare requirements; what a package needs in turn counts where an extra or a constraint may speak of it."""
    lacking: dict[str, Lack] = {}
    waiting = [requirement for requirement in asked if applies(requirement, ())]
    known = set(map(str, waiting))
    while waiting:
        requirement = waiting.pop(0)
        installed = _installed(requirement.name)
        lack = _lack(requirement, bounds.get(_canonical(requirement.name), []), installed)
        if lack is not None:
            lacking.setdefault(lack.wanted, lack)
        if lack is not None or installed is None:
            continue
        if requirement.url:
            unclear.append(str(requirement))
        for needed in _needed(installed, requirement, reader, everything=bool(bounds)):
            if str(needed) not in known:
                known.add(str(needed))
                waiting.append(needed)
    return Comparison(tuple(lacking.values()), tuple(unclear))


def _installed(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _lack(requirement: Any, bounds: Iterable[Any], installed: metadata.Distribution | None) -> Lack | None:
    if installed is None:
        return Lack(_plain(requirement), None)
    for wanted in (requirement, *bounds):
        if not _holds(wanted.specifier, installed.version):
            return Lack(_plain(wanted), installed.version)
    return None


def _holds(specifier: Any, version: str) -> bool:
    try:
        # A development version that is there was put there on purpose; pip accepts it too.
        return bool(specifier.contains(version, prereleases=True))
    except (TypeError, ValueError):
        return False


def _needed(installed: metadata.Distribution, requirement: Any, reader: Any, *, everything: bool) -> Iterator[Any]:
    """Yield what an installed package needs: *everything*, or what the asked-for extras bring."""
    if not everything and not requirement.extras:
        return
    for line in installed.requires or ():
        try:
            needed = reader.Requirement(line)
        except reader.InvalidRequirement:
            continue
        plain = applies(needed, ())
        if (plain and everything) or (not plain and applies(needed, requirement.extras)):
            yield needed


def applies(requirement: Any, extras: Iterable[str]) -> bool:
    """Tell whether the marker of *requirement* holds here, without an extra or with one of *extras*."""
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in (*extras, ""))


def _plain(requirement: Any) -> str:
    """Say a requirement without its marker."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
