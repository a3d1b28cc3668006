"""Every error a person can meet: a slug, what happened, where, and what to do.

    AlekseylearnError
    ├── UsageError       2  wrong usage of a command
    ├── InputError       3  a notebook, config, archive or event is refused
    ├── CodeError        4  the notebook's own code failed
    ├── GateError        5  a gate in the configuration failed
    ├── MachineError     6  no machine, credentials, network or environment
    └── LimitError       7  a limit was reached, or somebody stopped the run

Anything else that reaches the top is a defect of ours and ends with exit code 1.
"""

from __future__ import annotations

from typing import ClassVar

from alekseylearn.text import clean

WIDTH = 400
"""Longest text, in characters, that one field of an error may have."""


class AlekseylearnError(Exception):
    """An error with a remedy; `str(error)` is the text shown, at most five lines."""

    exit_code: ClassVar[int] = 1

    def __init__(self, slug: str, what: str, *, where: str = "", hint: str = "") -> None:
        self.slug = slug
        self.what = clean(what, WIDTH)
        self.where = clean(where, WIDTH)
        self.hint = clean(hint, WIDTH)
        super().__init__(slug, what)

    def __str__(self) -> str:
        lines = [f"error[{self.slug}]: {self.what}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.hint:
            lines.append(f"  fix:   {self.hint}")
        return "\n".join(lines)


class UsageError(AlekseylearnError):
    """The command line asks for something that does not exist or cannot be combined."""

    exit_code = 2


class InputError(AlekseylearnError):
    """A notebook, configuration, archive or event is refused before anything is run."""

    exit_code = 3


class CodeError(AlekseylearnError):
    """The notebook's own code failed while it was trained."""

    exit_code = 4


class GateError(AlekseylearnError):
    """A metric misses a gate that the configuration sets."""

    exit_code = 5


class MachineError(AlekseylearnError):
    """No machine, credentials, network or environment to train with."""

    exit_code = 6


class LimitError(AlekseylearnError):
    """A limit was reached, or the run was stopped."""

    exit_code = 7
