"""Check a request against botocore's own description of the service, as the service does (clients check next to nothing)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

LONGEST = 120
"""Characters of a wrong value that are told."""
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "long": (int,), "boolean": (bool,), "list": (list,), "map": (dict,), "structure": (dict,),
    "float": (int, float), "double": (int, float), "timestamp": (int, float, str),
}  # fmt: skip


class MalformedError(ValueError):
    """A value is not even of the right kind."""


@functools.cache
def model(service: str) -> ServiceModel:
    """Return botocore's description of *service*, as it is written: clients change the paths in theirs."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def complaint(service: str, action: str, request: dict[str, Any]) -> str | None:
    """Return what the service would say of *request*, or None where nothing is wrong; raise `MalformedError`."""
    shape = model(service).operation_model(action).input_shape
    found = list(violations(shape, request, ""))
    if not found:
        return None
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield what *value* does not keep to, in the service's words."""
    kinds = TYPES.get(shape.type_name, (object,))
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise MalformedError(f"{type(value).__name__} can not be converted to {shape.type_name.capitalize()}")
    if shape.type_name == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"Value null at '{inner(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, part in value.items():
            if name in shape.members and part is not None:
                yield from violations(shape.members[name], part, inner(path, name))
        return
    for limit in broken(shape, value):
        yield f"Value '{str(value)[:LONGEST]}' at '{path}' failed to satisfy constraint: Member must {limit}"
    if shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield from violations(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from violations(shape.key, key, f"{path}.key")
            yield from violations(shape.value, item, f"{path}.{key}.member")


def inner(path: str, name: str) -> str:
    """Return the path of the member *name*, as the service writes it."""
    return f"{path}{'.' if path else ''}{name[0].lower()}{name[1:]}"


def broken(shape: Shape, value: Any) -> Iterator[str]:
    """Yield the limits of one value that it breaks."""
    rules = shape.metadata
    sized = shape.type_name in ("string", "list", "map")
    size, what = (len(value), "length") if sized else (value, "value")
    if sized or shape.type_name in ("integer", "long", "float", "double"):
        if "max" in rules and size > rules["max"]:
            yield f"have {what} less than or equal to {rules['max']}"
        if "min" in rules and size < rules["min"]:
            yield f"have {what} greater than or equal to {rules['min']}"
    if shape.type_name == "string":
        if rules.get("enum") and value not in rules["enum"]:
            yield f"satisfy enum value set: [{', '.join(rules['enum'])}]"
        if (pattern := rules.get("pattern")) and not expression(pattern).fullmatch(value):
            yield f"satisfy regular expression pattern: {pattern}"


@functools.cache
def expression(pattern: str) -> re.Pattern[str]:
    r"""Return one of Java's patterns; `\p{...}` stands in character classes only, and beside `_` wherever that matters."""
    for java, python in ((r"\p{Alnum}", "A-Za-z0-9"), (r"\p{L}", r"\w"), (r"\p{Z}", r"\s"), (r"\p{N}", r"\d")):
        pattern = pattern.replace(java, python)
    return re.compile(pattern)
