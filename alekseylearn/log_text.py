"""What a training has printed, as lines that a runner and a terminal only show.

The runner takes `::name::` at the beginning of a line and `##[name]` anywhere in one for a command (actions/runner,
ActionCommand.cs); terminals obey control sequences (ECMA-48) and operating system commands such as links (OSC 8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from alekseylearn.redaction import WINDOW, Redactor, Stream
from alekseylearn.text import visible

LONGEST_LINE = 20_000
"""As many characters of one line are shown; the log's own file has them all."""
_BATCH = 32_768
# What other readers of the log take for the end of a line; the runner looks for commands after each of them.
_LINE_END = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_COLOURS = re.compile(r"\x1b\[[0-9;:]*[mK]")
# Control sequences, and strings for the terminal itself: up to what ends them, or to the end of the line.
_STEERING = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?"
)
# What nobody prints to be read; joiners and variants belong to signs such as emojis.
_ODD = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd]")
# A file of outputs is written like this: `name<<delimiter`.
_FORGED = re.compile(r"\s{0,20}(?:[\w-]{1,100}<<[\w-]{1,100}|ghadelimiter_[\w-]{1,60})\s*\Z")


@dataclass(slots=True)
class LogFilter:
    """Makes lines to be shown of lines from outside, and remembers what it had to do.

    *hidden* is the number of secrets that were taken out, *steering* that of lines that would have steered a runner or
    a terminal, or were too long.
    """

    redactor: Redactor
    steering: int = 0
    _cut: int = 0
    """Secrets that were taken out of lines before these were cut."""
    _stream: Stream = field(init=False)

    def __post_init__(self) -> None:
        self._stream = self.redactor.stream()

    @property
    def hidden(self) -> int:
        """How many secrets were taken out by now."""
        return self._cut + self._stream.count

    def lines(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield blocks of lines, each ended by a line feed, for *texts*: each of these is one line, or several."""
        batch: list[str] = []
        size = 0
        for text in texts:
            for line in _LINE_END.split(text.removesuffix("\n").removesuffix("\r")):
                shown = self._shown(line)
                batch.append(shown)
                size += len(shown) + 1
            if size > _BATCH:
                yield self._block(batch)
                batch, size = [], 0
        if batch:
            yield self._block(batch)

    def _shown(self, line: str) -> str:
        more = len(line) - LONGEST_LINE
        # A secret that stands across the cut has to be seen as a whole.
        begin = line if more <= 0 else line[: LONGEST_LINE + WINDOW]
        if begin.isascii() and begin.isprintable():
            seen, odd = begin, False
        else:
            uncoloured = _COLOURS.sub("", begin)
            plain = _STEERING.sub("", uncoloured)
            seen, odd = visible(plain), plain != uncoloured or _ODD.search(plain) is not None
        text = harmless(seen)
        if odd or more > 0 or text != seen or seen.lstrip().startswith("::") or _FORGED.match(seen):
            self.steering += 1
        if more <= 0:
            return text
        stream = self.redactor.stream()
        text = stream.feed(text) + stream.end()
        self._cut += stream.count
        return f"{text[:LONGEST_LINE]} … ({more:,} more characters)"

    def _block(self, lines: list[str]) -> str:
        return self._stream.feed("\n".join(lines) + "\n")


def harmless(line: str) -> str:
    """Break `##[`, which the runner takes for a command anywhere in a line, by a zero-width space."""
    return line.replace("##[", "##\u200b[")


def without_steering(line: str) -> str:
    """Take out of *line* what a terminal would obey; the rest stays."""
    return visible(_STEERING.sub("", line))
