"""Every slug that the source can raise or warn with, found by reading it: what `docs/errors.md` must explain.

An error's slug is the first argument of one of the classes of `errors.py`. It stands there as a text, or comes from a table
of texts elsewhere (what an engine said, what AWS said), so every text that looks like a slug of a known family counts.
The strict readers make theirs of a family (`Limits(family="nb", ...)`) and a word.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

from alekseylearn import errors
from alekseylearn.mistakes import Kind

SOURCE = Path(errors.__file__).parent
CODES = {
    name: kind.exit_code
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.AlekseylearnError)
}
_SLUG = re.compile(r"([a-z0-9]{2,8})\.([a-z]+(?:-[a-z]+)*)(?::? |\Z)")
_FILES = {"json", "jsonl", "txt", "md", "py", "yml", "html", "ipynb", "zip", "tar", "part", "db"}
"""What stands behind the dot of a file's name: `result.json` is no error of the family `result`."""
_UNSEEN = {"state"}
"""Families whose errors reach nobody: a remembered state that cannot be read is ignored."""
_READ = {"load_json": ("ambiguous", "limit", "unreadable"), "load_yaml": ("limit", "syntax")}


@cache
def slugs(source: Path = SOURCE) -> dict[str, set[int]]:
    """Return each slug with the exit codes that it is raised with, as far as they stand beside it."""
    trees = [ast.parse(path.read_text("utf-8")) for path in sorted(source.rglob("*.py"))]
    found: dict[str, set[int]] = {f"cfg.{kind}": {errors.InputError.exit_code} for kind in get_args(Kind)}
    for tree in trees:
        for slug, code in _raised(tree):
            found.setdefault(slug, set()).add(code)
        for slug in _strict(tree):
            found.setdefault(slug, set()).add(errors.InputError.exit_code)
    families = {slug.partition(".")[0] for slug in found} | {"gpu", "model"}
    for tree in trees:
        for slug in _told(tree):
            family, _, word = slug.partition(".")
            if family in families and word not in _FILES:
                found.setdefault(slug, set())
    return found


def _raised(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODES and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, CODES[node.func.id]


def _strict(tree: ast.Module) -> Iterator[str]:
    """Yield what the strict readers raise for the documents of one module."""
    readers = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Limits"):
            continue
        for keyword in node.keywords:
            if keyword.arg == "family" and isinstance(keyword.value, ast.Constant):
                family = str(keyword.value.value)
                words = {word for reader, said in _READ.items() if reader in readers for word in said}
                # `decode` says of a notebook that it is unreadable, and of all else that its syntax is wrong.
                words |= set() if family == "nb" or not words else {"syntax"}
                yield from (f"{family}.{word}" for word in words if family not in _UNSEEN)


def _told(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (match := _SLUG.match(node.value)):
            yield f"{match[1]}.{match[2]}"


@cache
def endings(source: Path = SOURCE) -> set[str]:
    """Return the words that stand in place of an exception where a training failed without one."""
    found = set()
    for path in source.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        named = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                given = [keyword.value for keyword in node.keywords if keyword.arg == "exception"]
                if isinstance(node.func, ast.Name) and node.func.id in ("_failure", "failure_before_the_cells"):
                    given += node.args[:2]
                for value in given:
                    word = named.get(value.id) if isinstance(value, ast.Name) else getattr(value, "value", None)
                    if isinstance(word, str) and re.fullmatch(r"[A-Z][A-Za-z]+", word):
                        found.add(word)
    return found
