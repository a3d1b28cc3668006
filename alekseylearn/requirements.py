"""Which packages a notebook's training asks for: the requirements file nearest to it, and its own `%pip install` lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass

from alekseylearn.errors import InputError
from alekseylearn.inputs import Tree
from alekseylearn.magics import translate
from alekseylearn.notebook import Notebook
from alekseylearn.slicing import Slice
from alekseylearn.strict import Limits, load_yaml

_LIMITS = Limits(family="cfg", max_bytes=256 * 1024, max_depth=30)
_NAMES = ("requirements.txt", "pyproject.toml", "environment.yml", "environment.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """Requirement lines as pip reads them; *origin* is the file they come from, '' for none."""

    lines: tuple[str, ...] = ()
    origin: str = ""

    @property
    def text(self) -> str:
        """The contents of a requirements file."""
        return "".join(f"{line}\n" for line in self.lines)


def find_requirements(tree: Tree, notebook: Notebook, cut: Slice) -> Requirements:
    """Find what *notebook* asks for, from its own folder up to the repository's root.

    In each folder `requirements.txt` comes before `pyproject.toml` (`[project] dependencies`) and `environment.yml`
    (its pip part). A file that asks for nothing is passed over.
    """
    own = tuple(line for kept in cut.kept for line in translate(notebook.cells[kept.cell].source).requirements)
    for folder in _upwards(notebook.folder):
        for name in _NAMES:
            path = f"{folder}/{name}" if folder else name
            if tree.exists(path):
                lines = _read(path, tree)
                if lines:
                    return Requirements(lines=tuple(dict.fromkeys((*lines, *own))), origin=path)
    return Requirements(lines=tuple(dict.fromkeys(own)))


def _upwards(folder: str) -> Iterable[str]:
    parts = folder.split("/") if folder else []
    for count in range(len(parts), -1, -1):
        yield "/".join(parts[:count])


def _read(path: str, tree: Tree) -> tuple[str, ...]:
    if path.endswith(".toml"):
        return _from_pyproject(path, tree.read(path))
    if path.endswith(".txt"):
        return _from_requirements(path, tree, ())
    return _from_conda(path, tree.read(path))


def _from_requirements(path: str, tree: Tree, above: tuple[str, ...]) -> tuple[str, ...]:
    """Read a requirements file; `-r other.txt` inside the repository is followed, comments and blank lines are dropped."""
    lines: list[str] = []
    text = tree.read(path).decode("utf-8", "replace")
    for line in re.sub(r"\\\r?\n\s*", " ", text).splitlines():
        told = re.sub(r"(^|\s)#.*$", "", line).strip()
        other = re.match(r"(?:-r|--requirement)[\s=]+(\S+)", told)
        if other is None:
            lines += [told] if told else []
            continue
        folder = path.rpartition("/")[0]
        nested = f"{folder}/{other[1]}" if folder else other[1]
        if not tree.exists(nested) or nested in above:
            raise InputError("cfg.type", f"`{told}` names no file of this repository", where=path, hint="commit the file, or write its lines out")
        lines += _from_requirements(nested, tree, (*above, path))
    return tuple(lines)


def _from_pyproject(path: str, data: bytes) -> tuple[str, ...]:
    try:
        table = tomllib.loads(data.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError as error:
        raise InputError("cfg.syntax", f"not valid TOML: {error}", where=path, hint="repair the file") from None
    project = table.get("project", {})
    found = project.get("dependencies", []) if isinstance(project, dict) else []
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()


def _from_conda(path: str, data: bytes) -> tuple[str, ...]:
    table = load_yaml(data, path, _LIMITS)
    found = table.get("dependencies", []) if isinstance(table, dict) else []
    groups = [item["pip"] for item in found if isinstance(item, dict) and isinstance(item.get("pip"), list)] if isinstance(found, list) else []
    return tuple(line for group in groups for line in group if isinstance(line, str))
