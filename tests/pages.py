"""Pages of the documentation whose examples are real: `python -m tests.pages` runs their commands and writes what they print.

A page says in comments what its fences are: `<!-- notebook: PATH -->` (cells between lines `# %%`), `<!-- file: PATH -->`, and
`<!-- edit: PATH -->` (a `diff` fence of lines to replace, each time in the notebook as it was defined). A `console` fence holds
commands behind `$ `, each with what it prints; a line `...` stands for lines that are left out. A page with
`<!-- one story -->` goes on from step to step, on the branch that it is on: an edit changes what the last one left.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tests.desk import Desk, lone_desk
from tests.repositories import Repository
from tests.small import notebook

DOCS = Path(__file__).parent.parent / "docs"
PAGES = (DOCS / "how-it-decides.md", DOCS / "tutorial.md")
_FENCE = re.compile(r"(?:^<!-- (notebook|file|edit): (\S+) -->\n)?^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_STORY = "<!-- one story -->"
_LEFT_OUT = "..."
# Identities differ between versions of Python, times and sizes from run to run, and columns are as wide as these.
_VARIES = (
    (re.compile(r"\b[0-9a-f]{12}\b"), "RUN"),
    (re.compile(r"\b[0-9a-f]{7}\b"), "COMMIT"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b"), "DATE"),
    (re.compile(r"\b\d+(?:\.\d)? (?:s|min|B|kB|MB|GB)\b"), "SO MUCH"),
    (re.compile(r" {2,}|─+"), " "),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fence of a page that means something: a definition, an edit or a command; `start` is its place in the text."""

    kind: Literal["notebook", "file", "edit", "console"]
    path: str
    text: str
    start: int


def blocks(page: str) -> Iterator[Block]:
    """Find the fences that mean something, in order."""
    for found in _FENCE.finditer(page):
        kind, path, language, text = found.groups()
        if language == "console":
            yield Block(kind="console", path="", text=text, start=found.start(4))
        elif kind is not None:
            yield Block(kind=kind, path=path, text=text, start=found.start(4))


def play(page: str, folder: Path) -> Iterator[tuple[Block, str]]:
    """Run the commands of *page* in a repository in *folder*; give each fence with what they print."""
    repository = Repository.create(folder)
    desk = replace(lone_desk(repository.root), environ={**lone_desk(repository.root).environ, "COLUMNS": "90"})
    story = _STORY in page
    if not story:
        repository.git("checkout", "--quiet", "-b", "topic")
    for block in blocks(page):
        match block.kind:
            case "notebook" | "file":
                content = notebook(cells(block.text)) if block.kind == "notebook" else block.text
                if story:
                    repository.write({block.path: content})
                    continue
                repository.git("checkout", "--quiet", "--force", "-B", "main")
                repository.commit({block.path: content})
                repository.git("checkout", "--quiet", "-B", "topic")
            case "edit":
                if not story:
                    repository.git("checkout", "--quiet", "--force", "topic")
                place = repository.root / block.path
                place.write_bytes(edited(place.read_text("utf-8"), block))
            case "console":
                yield block, "".join(run(line, desk, repository) for line, _ in commands(block.text))


def commands(text: str) -> list[tuple[str, str]]:
    """Take a console fence apart: each command, and what is shown of its output."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    if parts[0] or len(parts) == 1:
        raise AssertionError(f"no command stands in front of {text!r}")
    return list(zip(parts[1::2], parts[2::2], strict=True))


def run(line: str, desk: Desk, repository: Repository) -> str:
    """Run one line of a console: our own program, git, or cat; give it with what it prints."""
    program, *arguments = shlex.split(line.partition("  #")[0])
    match program:
        case "alekseylearn":
            done = desk.run(*arguments)
            told = done.out + done.err
        case "git":
            called = [program, *arguments]
            child = subprocess.run(
                called, cwd=repository.root, env=repository.environ, capture_output=True, text=True, check=True
            )
            told = child.stdout + child.stderr
        case "cat":
            told = (repository.root / arguments[0]).read_text("utf-8")
        case _:
            raise AssertionError(f"{program} is not run by pages")
    # A person's folder is called by the repository's name.
    told = told.replace(str(repository.root), "~/wine")
    lines = "".join(f"{each.rstrip()}\n" for each in told.splitlines())
    return f"$ {line}\n{lines}"


def cells(text: str) -> list[tuple[str, str]]:
    """Read a notebook in percent format."""
    parts = re.split(r"^# %%(.*)\n", text, flags=re.MULTILINE)[1:]
    return [
        ("markdown" if "[markdown]" in head else "code", source.strip("\n"))
        for head, source in zip(parts[::2], parts[1::2], strict=True)
    ]


def edited(text: str, block: Block) -> bytes:
    """Replace the lines behind `- ` by those behind `+ ` in a file; in a notebook, within a cell's source."""
    old, new = (
        "\n".join(line[2:] for line in block.text.splitlines() if line.startswith(sign)) for sign in ("- ", "+ ")
    )
    if block.path.endswith(".ipynb"):
        old, new = (part.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for part in (old, new))
    if text.count(old) != 1:
        raise AssertionError(f"{old!r} stands {text.count(old)} times in {block.path}")
    return text.replace(old, new).encode()


def same(shown: str, told: str) -> bool:
    """Compare what a page shows with what its commands printed, but for what differs from run to run."""
    pairs = zip(commands(shown), commands(told), strict=True)
    return all(left == right and _fits(_plain(part), _plain(whole)) for (left, part), (right, whole) in pairs)


def _plain(text: str) -> list[str]:
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _fits(shown: list[str], told: list[str]) -> bool:
    """Tell whether *shown* is *told*, where `...` stands for any lines."""
    if _LEFT_OUT not in shown:
        return shown == told
    place = shown.index(_LEFT_OUT)
    head, rest = shown[:place], shown[place + 1 :]
    if told[:place] != head:
        return False
    return any(_fits(rest, told[start:]) for start in range(place, len(told) + 1))


def main() -> None:
    """Write what the commands of all pages print into the pages."""
    for path in PAGES:
        page = path.read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder:
            for block, told in sorted(play(page, Path(folder)), key=lambda pair: -pair[0].start):
                if same(block.text, told):
                    continue
                if f"\n{_LEFT_OUT}\n" in block.text:
                    sys.exit(f"{path.name} leaves lines out; write it anew from\n{told}")
                page = page[: block.start] + told + page[block.start + len(block.text) :]
        path.write_text(page, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
