"""A real repository to try things on: the examples on a base branch, and a branch that changes three of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

BASE = "main"
BRANCH = "deeper-trees"
_NOT_PART = ("changes.json", "README.md")
# Commits of the demonstration always have the same author and date, so that their hashes can be talked about.
_WHO = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-01-05T09:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-05T09:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def make_repository(folder: Path, environ: Mapping[str, str]) -> None:
    """Fill the empty *folder* with a repository of two branches; `deeper-trees` is checked out, `main` its base."""
    env = {name: value for name, value in environ.items() if not name.startswith("GIT_")} | _WHO
    source = examples()

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder, env=env, check=True, capture_output=True, timeout=60)

    git("init", "--quiet", f"--initial-branch={BASE}")
    for name, data in _walk(source, ""):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    git("add", "--all")
    git("commit", "--quiet", "--message=Three notebooks that train")
    git("checkout", "--quiet", "-b", BRANCH)
    changes = json.loads((source / "changes.json").read_text("utf-8"))
    for message in dict.fromkeys(change["message"] for change in changes):
        for change in changes:
            if change["message"] == message:
                path = folder / change["notebook"]
                document = apply_change(json.loads(path.read_text("utf-8")), change)
                path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
        git("commit", "--quiet", "--all", f"--message={message}")


def examples() -> Traversable:
    """Return the folder of the examples: inside the installed package, or beside it in a checkout."""
    inside = files("alekseylearn") / "examples"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "examples"


def apply_change(document: dict[str, Any], change: Mapping[str, str]) -> dict[str, Any]:
    """Make one change to a notebook's JSON *document*: a text in the source, or in the printed output, of one cell.

    Raises `ValueError` when the text to find does not stand there exactly once.
    """
    (cell,) = (cell for cell in document["cells"] if cell["id"] == change["cell"])
    texts = [cell] if change["part"] == "source" else [out for out in cell["outputs"] if "text" in out]
    key = "source" if change["part"] == "source" else "text"
    found = 0
    for holder in texts:
        old = "".join(holder[key])
        found += old.count(change["find"])
        holder[key] = old.replace(change["find"], change["replace"]).splitlines(keepends=True)
    if found != 1:
        raise ValueError(f"{change['find']!r} stands {found} times in cell {change['cell']}")
    return document


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.name.startswith((".", "__")) or (not prefix and item.name in _NOT_PART):
            continue
        if item.is_dir():
            found += _walk(item, f"{prefix}{item.name}/")
        else:
            found.append((prefix + item.name, item.read_bytes()))
    return found
