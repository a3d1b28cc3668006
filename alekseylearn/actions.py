"""What a step says to the GitHub Actions runner: groups, annotations, masks, outputs and the job summary.

Sources: GitHub docs, "Workflow commands for GitHub Actions"; limits and parsing as in actions/runner
(ActionCommand.cs, FileCommandManager.cs).
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO, get_args

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
# What other readers of the log take for the end of a line; the runner looks for commands after each of them.
_LINE_END = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Runner:
    """The runner that reads *stream*, and the step's own files (None: it gives none, and nothing is written)."""

    stream: TextIO
    output: Path | None = None
    summary: Path | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], stream: TextIO) -> Runner:
        """Take the step's files from the runner's variables."""
        output, summary = (environ.get(name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"))
        return cls(stream, Path(output) if output else None, Path(summary) if summary else None)

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
                self._say(command("add-mask", line.strip()))

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
        block = f"{text}\n\n"
        if used + len(block.encode("utf-8", "replace")) > SUMMARY_BYTES:
            return False
        _append(self.summary, block)
        return True

    def echo(self, lines: Iterable[str]) -> None:
        """Print *lines* from outside (a training's own output) as text: no line of it is taken for a command."""
        token = secrets.token_hex(16)
        self._say(command("stop-commands", token))
        try:
            for text in lines:
                for line in _LINE_END.split(text.removesuffix("\n")):
                    self._say(harmless(line))
        finally:
            self._say(f"::{token}::")

    def _say(self, line: str) -> None:
        self.stream.write(line.encode("utf-8", "replace").decode() + "\n")
        self.stream.flush()


def command(name: str, value: str, properties: Mapping[str, str] | None = None) -> str:
    """Write a workflow command; *value* and *properties* may hold anything."""
    listed = ",".join(f"{key}={_escape_property(text)}" for key, text in (properties or {}).items())
    return f"::{name}{' ' if listed else ''}{listed}::{_escape(value)}"


def harmless(line: str) -> str:
    """Break `##[`, which the runner takes for a command anywhere in a line, by a zero-width space."""
    return line.replace("##[", "##\u200b[")


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
