"""Every slug that the source can raise or warn with, found by reading it: what `docs/errors.md` must explain.

An error's slug is the first argument of one of the classes of `errors.py`. It stands there as a text, or comes from a table
of texts elsewhere (what an engine said, what AWS said), so every text that looks like a slug of a known family counts.
The strict readers make theirs of a family (`Limits(family="nb", ...)`) and a word.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from alekseylearn import errors
from alekseylearn.mistakes import Kind, slug_of

SOURCE = Path(errors.__file__).parent
CODES = {
    name: kind.exit_code
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.AlekseylearnError)
}
_SLUG = re.compile(r"([a-z0-9]{2,9})\.([a-z]+(?:-[a-z]+)*)(?::? |\Z)")
LANDMARKS = "landmarks.py"
"""Its names look like slugs, and are shown to nobody."""
_FILES = {"json", "jsonl", "txt", "md", "py", "yml", "html", "ipynb", "zip", "tar", "part", "db"}
"""What stands behind the dot of a file's name: `result.json` is no error of the family `result`."""
_UNSEEN = {"artifact", "config", "event", "state"}
"""Families whose errors reach nobody by that name: of a remembered state, of an event (all `trust.event`), of a
fork's artifact (all `trust.artifact`), of a configuration
that a shell asks for names."""
_WARNS = {"notify"}
"""Families of errors that are told beside a run and never end it: they have no exit code."""
_READ = {"load_json": ("ambiguous", "limit", "unreadable"), "load_yaml": ("limit", "syntax")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What of one module says how things fail: its calls, its texts, what it imports, and its names for texts."""

    calls: list[ast.Call]
    texts: list[str]
    imports: set[str]
    named: dict[str, object]


@cache
def sources() -> tuple[Source, ...]:
    """Read every module once."""
    paths = (path for path in sorted(SOURCE.rglob("*.py")) if path.name != LANDMARKS)
    return tuple(_read(ast.parse(path.read_text("utf-8"))) for path in paths)


@cache
def slugs() -> dict[str, set[int]]:
    """Return each slug with the exit codes that it is raised with, as far as they stand beside it."""
    found: dict[str, set[int]] = {slug_of(kind): {errors.InputError.exit_code} for kind in get_args(Kind)}
    for source in sources():
        for slug, code in _raised(source):
            found.setdefault(slug, set()).update(set() if slug.partition(".")[0] in _WARNS else {code})
        for slug in _called(source):
            found.setdefault(slug, set())
        for slug in _strict(source):
            found.setdefault(slug, set()).add(errors.InputError.exit_code)
    families = {slug.partition(".")[0] for slug in found} | {"comment", "gpu", "model", "secret", "text"}
    for text in (text for source in sources() for text in source.texts):
        match = _SLUG.match(text)
        if match and match[1] in families and match[2] not in _FILES:
            found.setdefault(f"{match[1]}.{match[2]}", set())
    return found


@cache
def endings() -> set[str]:
    """Return the words that stand in place of an exception where a training failed without one."""
    found = set()
    for source in sources():
        for call in source.calls:
            given = [keyword.value for keyword in call.keywords if keyword.arg == "exception"]
            if isinstance(call.func, ast.Name) and call.func.id in ("_failure", "failure_before_the_cells"):
                given += call.args[:2]
            for value in given:
                word = source.named.get(value.id) if isinstance(value, ast.Name) else getattr(value, "value", None)
                if isinstance(word, str) and re.fullmatch(r"[A-Z][A-Za-z]+", word):
                    found.add(word)
    return found


def _read(tree: ast.Module) -> Source:
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    passed = {
        id(word)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "passed"
        for word in call.args
    }
    constants = (node for node in nodes if isinstance(node, ast.Constant) and id(node) not in passed)
    return Source(
        calls=calls,
        texts=[node.value for node in constants if isinstance(node.value, str)],
        imports={alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names},
        named={
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        },
    )


def _raised(source: Source) -> Iterator[tuple[str, int]]:
    for call in source.calls:
        if isinstance(call.func, ast.Name) and call.func.id in CODES and call.args:
            first = call.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, CODES[call.func.id]


def _called(source: Source) -> Iterator[str]:
    """Yield what is handed to a function that makes the error: it stands in front of a remedy."""
    for call in source.calls:
        first = call.args[0] if call.args else None
        if any(keyword.arg == "hint" for keyword in call.keywords) and isinstance(first, ast.Constant):
            match = _SLUG.fullmatch(str(first.value))
            if match:
                yield f"{match[1]}.{match[2]}"


def _strict(source: Source) -> Iterator[str]:
    """Yield what the strict readers raise for the documents of one module."""
    for call in source.calls:
        if not (isinstance(call.func, ast.Name) and call.func.id == "Limits"):
            continue
        for keyword in call.keywords:
            if keyword.arg == "family" and isinstance(keyword.value, ast.Constant):
                family = str(keyword.value.value)
                words = {word for reader, said in _READ.items() if reader in source.imports for word in said}
                # `decode` says of a notebook that it is unreadable, and of all else that its syntax is wrong.
                words |= set() if family == "nb" or not words else {"syntax"}
                yield from (f"{family}.{word}" for word in words if family not in _UNSEEN)
