"""Strict loaders for JSON and YAML: bytes in, plain values out, or one error that says what is wrong and where.

Limits are checked before a parser sees the text: size, nesting, encoding. Keys that occur twice are refused, since
two readers of the same file would see two different documents (RFC 8259, section 4).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from alekseylearn.errors import InputError
from alekseylearn.text import size

_BRACKET_OR_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_INTEGER_DIGITS = 300
# The core schema of YAML 1.2.2, section 10.3.2: tag, pattern, possible first characters.
_CORE_SCALARS = (
    ("null", r"(?:~|null|Null|NULL|)\Z", "~nN"),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,299})\Z", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", "-+.0123456789"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a document may be; `family` is the first half of the slugs, as in `nb.limit`."""

    family: str
    max_bytes: int
    max_depth: int


def decode(data: bytes, where: str, limits: Limits) -> str:
    """Read *data* as UTF-8 text.

    Raises `InputError` with the slug `<family>.unreadable` or `<family>.limit`.
    """
    if len(data) > limits.max_bytes:
        raise InputError(
            f"{limits.family}.limit",
            f"the file is {size(len(data))} large; at most {size(limits.max_bytes)} are read",
            where=where,
            hint="clear large outputs, or keep data in files of its own",
        )
    unreadable = f"{limits.family}.unreadable" if limits.family == "nb" else f"{limits.family}.syntax"
    if not data.strip():
        raise InputError(unreadable, "the file is empty", where=where, hint="restore it from git history")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            unreadable,
            f"the file is not UTF-8 text (byte {error.start})",
            where=where,
            hint="save it again as UTF-8",
        ) from None


def load_json(data: bytes, where: str, limits: Limits) -> Any:
    """Parse the JSON document in *data*.

    Raises `InputError`: `.unreadable` (not JSON), `.ambiguous` (a key twice), `.limit` (too large or too deep).
    """
    text = decode(data, where, limits)
    _check_depth(data, where, limits)
    unreadable = f"{limits.family}.unreadable"
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_int=_bounded_int)
    except _DuplicateKeyError as error:
        raise InputError(
            f"{limits.family}.ambiguous",
            f"duplicate key {error.key!r}: two readers would see two different documents",
            where=where,
            hint="open the file in its editor and save it again",
        ) from None
    except _HugeIntegerError:
        raise InputError(
            f"{limits.family}.limit", f"a number has more than {_INTEGER_DIGITS} digits", where=where, hint="remove it"
        ) from None
    except json.JSONDecodeError as error:
        raise InputError(
            unreadable,
            f"not valid JSON: {error.msg}",
            where=f"{where}, line {error.lineno}, column {error.colno}",
            hint="restore the file from git history, or repair it in a text editor",
        ) from None


def load_yaml(data: bytes, where: str, limits: Limits) -> Any:
    """Parse the one YAML document in *data*; anchors, aliases and tags are refused before anything is built.

    Raises `InputError`: `.syntax` (not YAML, a tag, a key twice, several documents), `.limit` (too large, too deep, anchors).
    """
    import yaml

    text = decode(data, where, limits)
    try:
        _check_yaml_events(text, where, limits)
        return yaml.load(text, Loader=_unique_key_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where
        raise _syntax(limits, error.problem or "not valid YAML", place) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _syntax(limits, f"not valid YAML: {error}", where) from None


def _syntax(limits: Limits, what: str, where: str) -> InputError:
    return InputError(
        f"{limits.family}.syntax", what, where=where, hint="write plain YAML; `config check` shows the line"
    )


def _check_depth(data: bytes, where: str, limits: Limits) -> None:
    depth = 0
    for match in _BRACKET_OR_STRING.finditer(data):
        first = match[0][:1]
        if first in b"[{":
            depth += 1
            if depth > limits.max_depth:
                raise InputError(
                    f"{limits.family}.limit",
                    f"values are nested more than {limits.max_depth} levels deep",
                    where=where,
                    hint="clear the outputs of the notebook" if limits.family == "nb" else "flatten the document",
                )
        elif first in b"]}":
            depth -= 1


def _check_yaml_events(text: str, where: str, limits: Limits) -> None:
    import yaml

    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        place = f"{where}, line {event.start_mark.line + 1}"
        if getattr(event, "anchor", None) is not None:
            raise InputError(
                f"{limits.family}.limit", "anchors and aliases are not allowed", where=place, hint="write the value out"
            )
        if getattr(event, "tag", None) is not None:
            raise InputError(
                f"{limits.family}.syntax", "tags such as `!!x` are not allowed", where=place, hint="remove the tag"
            )
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise InputError(f"{limits.family}.syntax", "more than one YAML document", where=place, hint="keep one")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > limits.max_depth:
            what = f"values are nested more than {limits.max_depth} levels deep"
            raise InputError(f"{limits.family}.limit", what, where=place, hint="flatten the document")


class _DuplicateKeyError(ValueError):
    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


class _HugeIntegerError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(key)
            seen.add(key)
    return found


def _bounded_int(digits: str) -> int:
    if len(digits) > _INTEGER_DIGITS:
        raise _HugeIntegerError
    return int(digits)


def _unique_key_loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """SafeLoader that refuses a key that occurs twice in one mapping and reads scalars as YAML 1.2 does.

        YAML 1.1 takes `on`, `no` for booleans, `010` for eight and `1:30` for ninety; here they are the text they look like.
        """

        yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: set[Any] = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if not isinstance(key, str | int | float | bool | None) or key in seen:
                    problem = f"duplicate key {key!r}" if isinstance(key, str) else f"{key!r} cannot be a key"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key)
            return super().construct_mapping(node, deep)

    for tag, pattern, first in _CORE_SCALARS:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), [*first, *([""] if tag == "null" else [])])
    return Loader
