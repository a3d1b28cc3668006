"""Strict loaders for JSON and YAML: bytes in, plain values out, or one error that says what is wrong and where.

The size is checked before a parser sees the text, the depth before anything is done with it. Keys that occur twice
are refused, since two readers of the same file would see two different documents (RFC 8259, section 4).
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

from alekseylearn.errors import InputError
from alekseylearn.text import size

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
    max_values: int = 200_000
    """Values that a YAML document may hold: each takes its parser about 20 µs."""


def decode(data: bytes, where: str, limits: Limits) -> str:
    """Read *data* as UTF-8 text.

    Raises `InputError` with the slug `<family>.unreadable` or `<family>.limit`.
    """
    if len(data) > limits.max_bytes:
        raise too_large(data, where, limits)
    unreadable = f"{limits.family}.unreadable" if limits.family == "nb" else f"{limits.family}.syntax"
    if not data.removeprefix(codecs.BOM_UTF8).strip():
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


def too_large(data: bytes, where: str, limits: Limits) -> InputError:
    """Say that *data* is larger than *limits* allow."""
    return InputError(
        f"{limits.family}.limit",
        f"the file is {size(len(data))} large; at most {size(limits.max_bytes)} are read",
        where=where,
        hint="clear large outputs, or keep data in files of its own",
    )


def load_json(data: bytes, where: str, limits: Limits, constants: list[str] | None = None) -> Any:
    """Parse the JSON document in *data*; NaN and Infinity, which are no JSON, go into *constants* or are refused.

    Raises `InputError`: `.unreadable` (not JSON), `.ambiguous` (a key twice), `.limit` (too large or too deep).
    """
    text = decode(data, where, limits)

    def constant(name: str) -> float:
        if constants is None:
            raise _ConstantError(name)
        constants.append(name)
        return float(name)

    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=constant)
    except RecursionError:
        raise _too_deep(where, limits) from None
    except _ConstantError as error:
        what = f"not valid JSON: {error} is no number"
        raise InputError(f"{limits.family}.unreadable", what, where=where, hint="write null for it") from None
    except _DuplicateKeyError as error:
        raise InputError(
            f"{limits.family}.ambiguous",
            f"duplicate key {error.key!r}: two readers would see two different documents",
            where=where,
            hint="open the file in its editor and save it again",
        ) from None
    except json.JSONDecodeError as error:
        if "\0" in text:
            what = "the file is not UTF-8 text: it holds null bytes, as UTF-16 and UTF-32 do"
            raise InputError(f"{limits.family}.unreadable", what, where=where, hint="save it again as UTF-8") from None
        raise InputError(
            f"{limits.family}.unreadable",
            f"not valid JSON: {error.msg}",
            where=f"{where}, line {error.lineno}, column {error.colno}",
            hint="restore the file from git history, or repair it in a text editor",
        ) from None
    except ValueError:  # Python refuses to convert them, since that takes quadratic time
        what = f"a number has more than {sys.get_int_max_str_digits()} digits"
        raise InputError(f"{limits.family}.limit", what, where=where, hint="remove it") from None
    if not _within(document, limits.max_depth):
        raise _too_deep(where, limits)
    return document


def load_yaml(data: bytes, where: str, limits: Limits) -> Any:
    """Parse the one YAML document in *data*; anchors, aliases and tags are refused before anything is built.

    Raises `InputError`: `.syntax` (not YAML, a tag, a key twice, several documents), `.limit` (too large, too deep,
    anchors).
    """
    import yaml

    text = decode(data, where, limits)
    try:
        _check_yaml_events(text, where, limits)
        return yaml.load(text, Loader=_unique_key_loader())  # noqa: S506  # nosec B506 # a SafeLoader, stricter
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark
        place = f"{where}, line {mark.line + 1}, column {mark.column + 1}"
        raise _syntax(limits, error.problem or "not valid YAML", place) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _syntax(limits, f"not valid YAML: {error}", where) from None


def _syntax(limits: Limits, what: str, where: str) -> InputError:
    hint = 'write plain YAML, with quotes around values such as ">= 0.92"'
    return InputError(f"{limits.family}.syntax", what, where=where, hint=hint)


def _within(document: Any, max_depth: int) -> bool:
    """Tell whether values are nested at most *max_depth* deep, one level after the other: no recursion."""
    level = [document] if type(document) in (dict, list) else []
    for _ in range(max_depth):
        if not level:
            return True
        rows = (value.values() if type(value) is dict else value for value in level)
        # What json makes has exactly these types; asking for them so is several times as fast as isinstance.
        level = [value for row in rows for value in row if type(value) is dict or type(value) is list]
    return not level


def _too_deep(where: str, limits: Limits) -> InputError:
    return InputError(
        f"{limits.family}.limit",
        f"values are nested more than {limits.max_depth} levels deep",
        where=where,
        hint="clear the outputs of the notebook" if limits.family == "nb" else "flatten the document",
    )


def _check_yaml_events(text: str, where: str, limits: Limits) -> None:
    import yaml

    depth = documents = values = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark: Any = event.start_mark
        place = f"{where}, line {mark.line + 1}"
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
        values += isinstance(event, yaml.NodeEvent)
        if values > limits.max_values:
            raise InputError(
                f"{limits.family}.limit",
                f"the document holds more than {limits.max_values} values",
                where=place,
                hint="keep data in files of its own",
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > limits.max_depth:
            raise _too_deep(place, limits)


class _ConstantError(ValueError):
    """NaN or an infinity stands in a document."""


class _DuplicateKeyError(ValueError):
    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(key for key, _ in pairs)
        raise _DuplicateKeyError(max(times, key=lambda key: times[key]))
    return found


def _unique_key_loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """SafeLoader that refuses a key that occurs twice in one mapping and reads scalars as YAML 1.2 does.

        YAML 1.1 takes `on` and `no` for booleans, `010` for eight and `1:30` for ninety; here they are the text they
        look like.
        """

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
            seen: set[Any] = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if not isinstance(key, str | int | float | bool | None) or key in seen:
                    problem = f"duplicate key {key!r}" if isinstance(key, str) else f"{key!r} cannot be a key"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key)
            return super().construct_mapping(node, deep)

    Loader.yaml_implicit_resolvers = {}
    for tag, pattern, first in _CORE_SCALARS:
        starts = [*first, ""] if tag == "null" else list(first)
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), starts)
    return Loader
