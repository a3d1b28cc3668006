"""Pages of the documentation whose examples are real: `python -m tests.pages` runs their commands and writes what they print.

A page says in comments what its fences are: `<!-- notebook: PATH -->` (cells between lines `# %%`), `<!-- file: PATH -->`, and
`<!-- edit: PATH -->` (a `diff` fence of lines to replace, each time in the notebook as it was defined). A `console` fence holds
one command behind `$ ` and what it prints.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tests.desk import lone_desk
from tests.repositories import Repository
from tests.small import notebook

PAGES = (Path(__file__).parent.parent / "docs" / "how-it-decides.md",)
_FENCE = re.compile(r"(?:^<!-- (notebook|file|edit): (\S+) -->\n)?^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_IDENTITY = re.compile(r"identity [0-9a-f]{12}")


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
    """Run the commands of *page* in a repository in *folder*; give each with what it prints."""
    repository = Repository.create(folder)
    desk = replace(lone_desk(repository.root), environ={**lone_desk(repository.root).environ, "COLUMNS": "90"})
    repository.git("checkout", "--quiet", "-b", "topic")
    for block in blocks(page):
        match block.kind:
            case "notebook" | "file":
                repository.git("checkout", "--quiet", "--force", "-B", "main")
                content = notebook(cells(block.text)) if block.kind == "notebook" else block.text
                repository.commit({block.path: content})
                repository.git("checkout", "--quiet", "-B", "topic")
            case "edit":
                repository.git("checkout", "--quiet", "--force", "topic")
                place = repository.root / block.path
                place.write_bytes(edited(place.read_text("utf-8"), block))
            case "console":
                command = block.text.partition("\n")[0].removeprefix("$ ").partition("  #")[0].split()
                done = desk.run(*command[1:])
                told = "\n".join(line.rstrip() for line in (done.out + done.err).splitlines())
                yield block, f"{block.text.partition(chr(10))[0]}\n{told}\n"


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


def same(left: str, right: str) -> bool:
    """Compare what a command printed; identities differ between versions of Python."""
    return _IDENTITY.sub("identity", left) == _IDENTITY.sub("identity", right)


def main() -> None:
    """Write what the commands of all pages print into the pages."""
    for path in PAGES:
        page = path.read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder:
            for block, told in sorted(play(page, Path(folder)), key=lambda pair: -pair[0].start):
                if not same(block.text, told):
                    page = page[: block.start] + told + page[block.start + len(block.text) :]
        path.write_text(page, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
