"""Which notebooks may be touched by a change of other files: by their names alone, and rather too many than too few."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from alekseylearn.errors import InputError

if TYPE_CHECKING:
    from alekseylearn.inputs import Tree

# What these say holds for every notebook near them.
_FOR_ALL = re.compile(r"(?:.*/)?(?:requirements\.txt|pyproject\.toml|environment\.ya?ml)\Z")
# What may bring another file into a training: a module, a list of requirements.
_BRINGS = re.compile(r"(?i).*\.py\Z|(?:.*/)?[^/]*(?:require|constraint)[^/]*\Z|" + _FOR_ALL.pattern)
_WILD = re.compile(rb"(?<=['\"])[^'\"\n\\]*\*[^'\"\n\\]*(?=\\?['\"])")
MAX_NAMES = 2000
"""Where more names than this changed, every notebook is looked at."""


def touched_notebooks(changed: Iterable[str], tree: Tree, config_path: str) -> Iterator[str]:
    """Name the notebooks of *tree* that one of the *changed* files (none of them a notebook) may have a part in.

    A notebook, or a module that such a notebook may import, has to spell the file's name, that of a folder above it,
    or a pattern that matches it. Whether training really uses the file is for the slice to say.
    """
    paths = set(changed)
    if not paths:
        return
    names = None if any(path == config_path or _FOR_ALL.match(path) for path in paths) else _follow(paths, tree)
    for path in tree.list(""):
        is_notebook = path.endswith(".ipynb") and ".ipynb_checkpoints/" not in path
        if is_notebook and (names is None or names.stand_in(_read(tree, path))):
            yield path


def _follow(paths: set[str], tree: Tree) -> _Names | None:
    """Add to *paths* the modules and lists that speak of one of them, until no more do; None: all are touched."""
    waiting = {path: _read(tree, path) for path in tree.list("") if _BRINGS.match(path) and path not in paths}
    new = set(paths)
    while new:
        if len(paths) > MAX_NAMES or any(_FOR_ALL.match(path) for path in new):
            return None
        names = _Names(new)
        new = {path for path, data in waiting.items() if names.stand_in(data)}
        waiting = {path: data for path, data in waiting.items() if path not in new}
        paths |= new
    return _Names(paths)


def _read(tree: Tree, path: str) -> bytes:
    try:
        return tree.read(path)
    except InputError:
        return b""


class _Names:
    """The words by which files may be spoken of: their names, and those of the folders above them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._files = sorted({path.rpartition("/")[2] for path in paths})
        words = {word for path in paths for word in path.split("/")[:-1]}
        words |= {name.removesuffix(".py") for name in self._files} - {"__init__"}
        # A notebook is JSON, where what is not ASCII may be written in two ways.
        spelled = {form for word in words for form in (word, json.dumps(word)[1:-1])}
        told = b"|".join(re.escape(form.encode("utf-8", "surrogateescape")) for form in sorted(spelled, key=len))
        self._words = re.compile(rb"(?:" + told + rb")(?!\w)")

    def stand_in(self, data: bytes) -> bool:
        """Tell whether *data* speaks of one of the files, by name or by pattern."""
        if self._words.search(data):
            return True
        patterns = {found.decode("utf-8", "replace").rpartition("/")[2] for found in _WILD.findall(data)}
        return any(fnmatchcase(name, pattern) for pattern in patterns for name in self._files)
