"""What a step says to the GitHub Actions runner: groups, annotations, masks, outputs and the job summary.

Sources: GitHub docs, "Workflow commands for GitHub Actions"; limits and parsing as in actions/runner
(ActionCommand.cs, FileCommandManager.cs).
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO, get_args

from alekseylearn.log_text import LogFilter, harmless
from alekseylearn.redaction import Redactor, secrets_of
from alekseylearn.text import Markdown, clean

Level = Literal["notice", "warning", "error"]
OutputName = Literal[
    "result",
    "decision",
    "comment-url",
    "report-path",
    "artifacts-dir",
    "any-trained",
    "matrix",
]
"""The step outputs that `action.yml` knows; nothing else is ever written."""

SUMMARY_BYTES = 1024 * 1024
"""Largest job summary of one step; the runner drops a larger one as a whole."""
OUTPUT_CHARACTERS = 500_000
"""Longest value of a step output: a job may have 1 MB of them in UTF-16."""
_TITLE, _MESSAGE = 120, 4000
HIDDEN = "secret.redacted: what looks like a secret is shown as *** in this log"
NEUTRALISED = "log.neutralised: what would steer the runner or a terminal in a training's output is shown as text"


@dataclass(frozen=True, slots=True)
class Runner:
    """The runner that reads *stream*, and the step's own files (None: it gives none, and nothing is written)."""

    stream: TextIO
    output: Path | None = None
    summary: Path | None = None
    redactor: Redactor = field(default_factory=Redactor)
    """Takes secrets out of all that is said, but for masks and outputs."""
    _log: list[LogFilter] = field(default_factory=list, compare=False, repr=False)
    _told: set[str] = field(default_factory=set, compare=False, repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], stream: TextIO) -> Runner:
        """Take the step's files from the runner's variables, and the secrets that nobody may be shown."""
        output, summary = (environ.get(name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"))
        hides = Redactor.of(secrets_of(environ))
        return cls(stream, Path(output) if output else None, Path(summary) if summary else None, hides)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold the log lines that are written inside under *title*."""
        self._say(command("group", clean(title, _TITLE)))
        try:
            yield
        finally:
            self._say(command("endgroup", ""))

    def annotate(self, level: Level, message: str, *, title: str = "", file: str = "", line: int | None = None) -> None:
        """Put *message* beside the code: *line* counts from 1 in *file*, a path in the repository.

        The runner keeps ten annotations of a level in a step.
        """
        places = {"title": clean(title, _TITLE), "file": file, "line": "" if line is None else str(line)}
        self._say(command(level, message[:_MESSAGE], {name: value for name, value in places.items() if value}))

    def mask(self, secret: str) -> None:
        """Have every line of *secret* shown as *** from now on."""
        for line in secret.splitlines():
            if line.strip():
                # The one thing that must be said as it is.
                stream: TextIO = getattr(self.stream, "plain", self.stream)
                _write(stream, command("add-mask", line.strip()) + "\n")

    def set_outputs(self, outputs: Mapping[OutputName, str]) -> None:
        """Write step outputs; a value cannot forge another output.

        Raises `ValueError` for a name that `action.yml` does not know, or a value that is too long.
        """
        for name, value in outputs.items():
            if name not in get_args(OutputName):
                raise ValueError(f"{name!r} is no output of the action")
            if len(value) > OUTPUT_CHARACTERS:
                raise ValueError(f"the output {name!r} has {len(value)} characters, more than {OUTPUT_CHARACTERS}")
        if self.output is not None and outputs:
            _append(self.output, "".join(_heredoc(name, value) for name, value in outputs.items()))

    def add_summary(self, text: Markdown) -> bool:
        """Append *text* to the job summary; return False when it does not fit any more (or there is no summary)."""
        if self.summary is None:
            return False
        try:
            used = self.summary.stat().st_size
        except FileNotFoundError:
            used = 0
        block = f"{self.redactor.redact(text)}\n\n"
        if used + len(block.encode("utf-8", "replace")) > SUMMARY_BYTES:
            return False
        _append(self.summary, block)
        return True

    def echo(self, lines: Iterable[str]) -> None:
        """Print *lines* from outside (a training's own output) as text: no line of it is taken for a command.

        Secrets, and what would steer the runner, are taken out; that this was needed is said once.
        """
        if not self._log:
            self._log.append(LogFilter(self.redactor))
        log, token = self._log[0], secrets.token_hex(16)
        self._say(command("stop-commands", token))
        try:
            for block in log.lines(lines):
                _write(self.stream, block)
        finally:
            self._say(f"::{token}::")
        self.remark(*([HIDDEN] if log.hidden else []), *([NEUTRALISED] if log.steering else []))

    def remark(self, *warnings: str) -> None:
        """Say each of *warnings*, `slug: words`, once in this step, as a line of the log."""
        for slug, words in (
            (slug, clean(words, _MESSAGE)) for slug, _, words in (one.partition(": ") for one in warnings)
        ):
            if slug not in self._told:
                self._told.add(slug)
                self._say(harmless(f"warning[{slug}]: {words}"))

    def _say(self, line: str) -> None:
        _write(self.stream, self.redactor.redact(line) + "\n")


def _write(stream: TextIO, text: str) -> None:
    stream.write(text.encode("utf-8", "replace").decode())
    stream.flush()


def command(name: str, value: str, properties: Mapping[str, str] | None = None) -> str:
    """Write a workflow command; *value* and *properties* may hold anything."""
    listed = ",".join(f"{key}={_escape_property(text)}" for key, text in (properties or {}).items())
    return f"::{name}{' ' if listed else ''}{listed}::{_escape(value)}"


def _escape(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(value: str) -> str:
    return _escape(value).replace(":", "%3A").replace(",", "%2C")


def _heredoc(name: str, value: str) -> str:
    candidates = (f"end-{secrets.token_hex(16)}" for _ in itertools.count())
    delimiter = next(each for each in candidates if each not in value)
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _append(path: Path, text: str) -> None:
    # One write for each call, so that a step that is killed leaves whole entries.
    with path.open("ab", buffering=0) as file:
        file.write(text.encode("utf-8", "replace"))
