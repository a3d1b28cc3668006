"""Whatever a command prints passes here once: no secret of the environment, and none that looks like one, is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from alekseylearn.redaction import Redactor

SLUG = "secret.redacted"
TOLD = f"warning[{SLUG}]: what looks like a secret is shown as ***\n"


class Hiding:
    """What stdout and stderr of a process share: *environ* as it was when the process began."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self.hidden = False
        self.told = False

    @cached_property
    def redactor(self) -> Redactor:
        """Made when something is printed first: until then it costs nothing."""
        from alekseylearn.redaction import Redactor, secrets_of

        return Redactor.of(secrets_of(self._environ))

    def shown(self, text: str) -> str:
        """Return *text* without secrets, and remember what was found."""
        shown = self.redactor.redact(text)
        self.hidden = self.hidden or shown != text
        self.told = self.told or SLUG in shown
        return shown


class HidingStream:
    """A text stream that shows no secret; *plain* is the stream itself, which does all the rest."""

    def __init__(self, plain: TextIO, hiding: Hiding) -> None:
        self.plain = plain
        self._hiding = hiding

    def write(self, text: str) -> int:
        """Write *text* without secrets."""
        self.plain.write(self._hiding.shown(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of *lines* without secrets."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        # Bytes would go round us.
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self.plain, name)


def hide_secrets(environ: Mapping[str, str]) -> Hiding:
    """Let nothing that is printed from now on show a secret of *environ*, or what looks like one."""
    hiding = Hiding(environ)
    # What they lack of a stream's type, they take from it.
    sys.stdout = HidingStream(sys.stdout, hiding)
    sys.stderr = HidingStream(sys.stderr, hiding)
    return hiding


def tell_hidden(hiding: Hiding) -> None:
    """Say on stderr that something was hidden, unless that was said already."""
    if hiding.hidden and not hiding.told:
        sys.stderr.write(TOLD)
