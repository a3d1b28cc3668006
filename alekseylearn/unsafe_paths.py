"""Paths and patterns that lead out of the repository, or to where no data set lies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from alekseylearn.mistakes import Mistake, dotted, shown

_DRIVE = re.compile(r"[A-Za-z]:")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://|/|$)|[A-Za-z][A-Za-z0-9+.-]+::")
_EXPANDED = re.compile(r"\$[\w{(]|%\w+%|`")
_SYSTEM = re.compile(r"/(?:$|(?:proc|sys|dev|etc|run|boot|var/run|var/lib|usr/lib|bin|sbin)(?:/|$))")
_SAME = re.compile(r"/(?:\.?/)+|/\.\Z")
"""What a path may have in the place of one slash."""
_HIDDEN = re.compile(r"/\.[^/]")
"""A folder of a person's own settings: `.aws`, `.ssh`, `.docker`, `.config`."""


def why_unsafe(path: str) -> str:
    """Tell why a relative *path*, or a pattern, leads elsewhere; '' if it does not."""
    if "\\" in path or _DRIVE.match(path):
        return "is no path with plain slashes"
    if _SCHEME.match(path):
        return "is an address"
    if path.startswith("~") or _EXPANDED.search(path):
        return "names a folder outside the repository"
    if ".." in path.split("/"):
        return "leads out of the repository"
    if ".git" in path.lower().split("/"):
        return "is git's own"
    return ""


def unsafe_paths(table: Mapping[Any, Any]) -> Iterator[Mistake]:
    """Find paths in the raw file *table* that lead elsewhere: patterns, notebooks, models' files, data sets."""
    for key in ("notebooks", "artifacts"):
        for number, pattern in enumerate(_texts(table.get(key))):
            wrong = _of_pattern(pattern, anchored=key == "notebooks")
            if wrong:
                yield _mistake((key, number), pattern, wrong)
    models = table.get("models")
    for name, model in models.items() if isinstance(models, dict) else ():
        if isinstance(model, dict):
            yield from _of_model(("models", name), model)


def _of_pattern(pattern: str, *, anchored: bool) -> str:
    """Look at a pattern; an *anchored* one may begin with a slash, as in `.gitignore`, where nothing else does it."""
    body = pattern.removeprefix("!")
    if body.startswith("/") and not (anchored and "/" not in body.strip("/")):
        return "begins with a slash: leave it out, the repository's root is meant anyway"
    return why_unsafe(body)


def _of_model(place: tuple[object, ...], model: Mapping[Any, Any]) -> Iterator[Mistake]:
    for key in ("notebook", "model"):
        path = model.get(key)
        wrong = why_unsafe(path) if isinstance(path, str) else ""
        if not wrong and key == "notebook" and isinstance(path, str) and path.startswith("/"):
            wrong = "is no path from the repository's root"
        if wrong:
            yield _mistake((*place, key), path, wrong)
    data = model.get("data")
    for name, address in data.items() if isinstance(data, dict) else ():
        if not isinstance(address, str) or address.startswith("s3://"):
            continue
        wrong = why_unsafe(address)
        plain = _SAME.sub("/", address)
        if not wrong and (_SYSTEM.match(plain) or _HIDDEN.search(f"/{plain}")):
            wrong = "is a folder of the system, or of a person's own settings"
        if wrong:
            yield _mistake((*place, "data", name), address, wrong)


def _texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, str)]


def _mistake(place: tuple[object, ...], path: object, wrong: str) -> Mistake:
    return Mistake("unsafe", f"`{dotted(place)}` is {shown(path)}, which {wrong}")
