"""Plain words of YAML that one reader takes for a number or a flag, and another for text.

YAML 1.1 (2005, "Language-Independent Types") reads `no` as false, `010` as eight and `1:30` as ninety; YAML 1.2
(core schema, section 10.3) reads the first and the last as text, and `010` as ten. What this program reads is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_FLAG = re.compile(r"(?i)(?:y|yes|on|n|no|off)\Z")
_NUMBER = re.compile(
    r"[-+]?(?:0[0-9_]+(?:\.[0-9_]*)?|0[xX][0-9a-fA-F_]+|0o[0-7]+|0b[01_]+|[1-9][0-9]*_[0-9_]*(?:\.[0-9_]*)?|[0-9]+_[0-9_.]+"
    r"|\+?\.?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\.(?:inf|Inf|INF))\Z|\.(?:nan|NaN|NAN)\Z"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?\Z")
_TRUE = frozenset({"y", "yes", "on"})


def other_readings(word: str) -> str:
    """Tell what else than text the plain *word* is to other readers of YAML; '' where all read the same."""
    if _FLAG.match(word):
        return "true" if word.lower() in _TRUE else "false"
    if _NUMBER.match(word):
        return "a number"
    return "a date" if _DATE.match(word) else ""


def odd_words(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each plain value of the YAML document *text* that others read differently: its line, itself, their reading.

    Keys are passed over: `on:` is a key here as it is in workflows. *text* is one that `strict.load_yaml` has read.
    """
    import yaml

    stack: list[list[bool]] = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        is_key = bool(stack) and stack[-1][0] and stack[-1][1]
        if isinstance(event, yaml.ScalarEvent) and not is_key and event.style is None and event.implicit[0]:
            other = other_readings(event.value)
            if other:
                mark: Any = event.start_mark
                yield mark.line + 1, event.value, other
        if stack and isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            stack[-1][1] = not stack[-1][1]
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append([isinstance(event, yaml.MappingStartEvent), True])
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
