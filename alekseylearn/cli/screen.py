"""What a person sees in the terminal: people's text on stderr when stdout carries JSON, colours where they help."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from alekseylearn.text import Markdown, clean

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 110
SPELLED: Mapping[str, str] = {"→": "->", "−": "-", "–": "-", "…": "...", "×": "x", "·": "-", "▸": ">"}
"""What stands for our own signs where the terminal's encoding has none for them; for all others a question mark."""


def console(*, stderr: bool = False) -> Console:
    """Open the terminal; rich knows NO_COLOR, FORCE_COLOR and whether somebody is looking."""
    from rich.console import Console

    class Terminal(Console):
        """A console that lets the command end in good order when its reader has gone away."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    _spell_out(sys.stderr if stderr else sys.stdout)
    found = Terminal(stderr=stderr, highlight=False)
    return found if found.width <= WIDTH else Terminal(stderr=stderr, highlight=False, width=WIDTH)


def _spell_out(stream: TextIO) -> None:
    """Let a terminal that cannot show a sign show another for it, instead of failing."""
    codecs.register_error("alekseylearn.spelled", _spelled)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="alekseylearn.spelled")


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(SPELLED.get(sign, "?") for sign in signs), error.end


def print_json(document: Mapping[str, Any]) -> None:
    """Print *document* as the one thing on stdout; strict JSON, never NaN."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")


def print_log(lines: Iterable[str]) -> None:
    """Print lines that a job has printed to stdout at once; what would steer the terminal is taken out of them."""
    from alekseylearn.log_text import LogFilter
    from alekseylearn.redaction import Redactor

    _spell_out(sys.stdout)
    sys.stdout.writelines(LogFilter(Redactor()).lines(lines))
    sys.stdout.flush()


def remark(text: str, where: str = "") -> None:
    """Say a warning, `slug: words`, on stderr as `warning[slug]: words`; *where* is the file that it is about."""
    slug, _, words = text.partition(": ")
    lines = [f"warning[{slug}]: {clean(words, 400)}", *([f"  where: {clean(where, 400)}"] if where else [])]
    console(stderr=True).print("\n".join(lines), markup=False, soft_wrap=True)


def print_markdown(text: Markdown, *, stderr: bool = False) -> None:
    """Draw a comment roughly as the pull request shows it: folded parts are shown by their headings."""
    from rich.markdown import Markdown as Drawn

    console(stderr=stderr).print(Drawn(_for_terminal(text), hyperlinks=False))


def _for_terminal(text: str) -> str:
    """Take out what only a browser draws: comments of ours, the chart's source, the tags of folded parts."""
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    text = re.sub(r"^```mermaid\n.*?^```\n", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"<details>\n<summary>(.*?)</summary>", r"**▸ \1**", text)
    text = text.replace("</details>", "")
    text = re.sub(r"^> \[!\w+\]\n", "", text, flags=re.MULTILINE)
    return re.sub(r"</?sub>", "", text)
