"""What a request breaks of the limits that a service states in its own API model: lengths, patterns, words, numbers.

boto3 checks types and required members only; the service refuses the rest, one round trip later. The model is
botocore's (`client.meta.service_model`), so no limit is written down here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

_JAVA = ((r"\p{Alnum}", "A-Za-z0-9"), (r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s"))
"""Classes of characters that Python writes in another way; a few more characters get through than Java lets."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A value at *path* (`ResourceConfig.InstanceType`, `Tags.0.Key`) that is *wrong* in some way, in words."""

    path: str
    wrong: str


def violations(shape: Any, value: Any, path: str = "") -> Iterator[Violation]:
    """Yield what is wrong with *value* as a member of the botocore *shape*; types are boto3's own matter."""
    match shape.type_name:
        case "structure":
            for name in shape.required_members:
                if name not in value:
                    yield Violation(_join(path, name), "it is missing")
            for name, member in value.items():
                if name in shape.members:
                    yield from violations(shape.members[name], member, _join(path, name))
        case "list":
            yield from _length(shape, value, path, "entries")
            for index, member in enumerate(value):
                yield from violations(shape.member, member, _join(path, str(index)))
        case "map":
            yield from _length(shape, value, path, "entries")
            for key, member in value.items():
                yield from violations(shape.key, key, _join(path, key))
                yield from violations(shape.value, member, _join(path, key))
        case "string":
            yield from _text(shape, value, path)
        case "integer" | "long":
            yield from _number(shape, value, path)
        case _:
            # Booleans, times and the like have no limits.
            return


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _text(shape: Any, value: str, path: str) -> Iterator[Violation]:
    yield from _length(shape, value, path, "characters")
    words = getattr(shape, "enum", None)
    if words and value not in words:
        yield Violation(path, "the service knows no such word")
    pattern = shape.metadata.get("pattern")
    if pattern and not _fits(pattern, value):
        yield Violation(path, f"it does not match {pattern}")


def _length(shape: Any, value: Any, path: str, what: str) -> Iterator[Violation]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield Violation(path, f"it has {len(value)} {what}; at most {most} are taken")
    if least is not None and len(value) < least:
        yield Violation(path, f"it has {len(value)} {what}; at least {least} are needed")


def _number(shape: Any, value: int, path: str) -> Iterator[Violation]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and value > most:
        yield Violation(path, f"it is more than {most}")
    if least is not None and value < least:
        yield Violation(path, f"it is less than {least}")


def _fits(pattern: str, value: str) -> bool:
    compiled = _compile(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    """Read a pattern of Java; None for one that Python cannot express, which is then left to the service."""
    for java, python in _JAVA:
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:
        return None
