"""What a person sees in the terminal: people's text on stderr when stdout carries JSON, colours where they help."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from alekseylearn.text import Markdown

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 110


def console(*, stderr: bool = False) -> Console:
    """Open the terminal; rich knows NO_COLOR, FORCE_COLOR and whether somebody is looking."""
    from rich.console import Console

    class Terminal(Console):
        """A console that lets the command end in good order when its reader has gone away."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    found = Terminal(stderr=stderr, highlight=False)
    return found if found.width <= WIDTH else Terminal(stderr=stderr, highlight=False, width=WIDTH)


def print_json(document: Mapping[str, Any]) -> None:
    """Print *document* as the one thing on stdout; strict JSON, never NaN."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")


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
