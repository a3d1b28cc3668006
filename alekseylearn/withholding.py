"""An outcome without secrets: whatever tells of one tells of this, so no section, page or message can forget it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeVar

from alekseylearn.redaction import Redactor

T = TypeVar("T")


def without_secrets(value: T, redactor: Redactor) -> T:
    """Return *value*, frozen dataclasses within each other, with every text in it redacted; itself where none was."""
    made: T = _Hider(redactor).of(value)
    return made


class _Hider:
    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._known: dict[str, str] = {}

    def of(self, value: Any) -> Any:
        """Return *value* without secrets, itself where it has none."""
        match value:
            case Enum():
                return value
            case str():
                return self._text(value)
            case tuple() | frozenset():
                made = type(value)(self.of(one) for one in value)
                return value if made == value else made
            case Mapping():
                pairs = {self.of(key): self.of(one) for key, one in value.items()}
                return value if pairs == value else MappingProxyType(pairs)
            case _ if is_dataclass(value) and not isinstance(value, type):
                return self._fields(value)
            case _:
                return value

    def _text(self, text: str) -> str:
        # The same cells, paths and names come again and again.
        if text not in self._known:
            self._known[text] = self._redactor.redact(text)
        return self._known[text]

    def _fields(self, value: Any) -> Any:
        names = {field.name for field in fields(value)}
        # By its path a file that was kept is found again; where that is shown, the text is redacted itself.
        held = ((name, getattr(value, name)) for name in names - ({"path"} if "sha256" in names else set()))
        new = {name: made for name, one in held if (made := self.of(one)) is not one}
        return replace(value, **new) if new else value
