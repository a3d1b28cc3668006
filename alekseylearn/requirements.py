"""Which packages a notebook's training asks for: the nearest requirements file, and its own `%pip install` lines."""

from __future__ import annotations

import codecs
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from alekseylearn.errors import InputError
from alekseylearn.inputs import Tree
from alekseylearn.magics import translate
from alekseylearn.notebook import Notebook
from alekseylearn.slicing import Slice
from alekseylearn.strict import Limits, decode, load_yaml

CONSTRAINTS = "constraints.txt"
"""The file, beside the requirements file, that constraints are written to."""
_LIMITS = Limits(family="cfg", max_bytes=256 * 1024, max_depth=30)
_LIST_LIMITS = Limits(family="cfg", max_bytes=4 * 1024 * 1024, max_depth=1)
_NAMES = ("requirements.txt", "pyproject.toml", "environment.yml", "environment.yaml")
_OTHER_FILE = re.compile(r"(?:-(?P<short>[rc])\s*=?\s*|--(?P<long>requirement|constraint)[\s=]\s*)(?P<path>\S+)\Z")
_OPTION = re.compile(r"(?:^|\s)(-[A-Za-z]|--[a-z][a-z-]*)")
_PATH = re.compile(r"[.~/\\]|file:|[A-Za-z]:\\|[^\s:@;]*(?:/|\.(?:whl|zip|tar\.gz))|[^\s;@]+\s*@\s*(?:file:|[./])")
_PASSWORD = re.compile(r"://[^/\s@]*:[^/\s@]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """Requirement lines as pip reads them; *origin* is the file they come from, '' for none.

    *constraints* bound the versions of packages that may be needed, and ask for none (`-c` of pip).
    """

    lines: tuple[str, ...] = ()
    origin: str = ""
    constraints: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The contents of a requirements file, which stands beside that of the constraints where there are any."""
        first = f"-c {CONSTRAINTS}\n" if self.constraints else ""
        return first + "".join(f"{line}\n" for line in self.lines)

    @property
    def constraints_text(self) -> str:
        """The contents of the file of constraints."""
        return "".join(f"{line}\n" for line in self.constraints)


def find_requirements(tree: Tree, notebook: Notebook, cut: Slice) -> Requirements:
    """Find what *notebook* asks for, from its own folder up to the repository's root.

    In each folder `requirements.txt` comes before `pyproject.toml` (`[project] dependencies`) and `environment.yml`
    (its pip part). A file that asks for nothing is passed over. Raises `InputError`: `cfg.forbidden` (an option, a
    path or a password: only names, versions and hashes are taken), `cfg.type`, `cfg.syntax`, `cfg.limit`.
    """
    found = _Lines(tree)
    origin = next((path for path in _candidates(notebook.folder) if tree.exists(path) and found.read(path)), "")
    for kept in cut.kept:
        where = f"{notebook.path}, cell {kept.cell}"
        for line in translate(notebook.cells[kept.cell].source).requirements:
            found.take(line, notebook.folder, where)
    return Requirements(
        lines=tuple(dict.fromkeys(found.lines)), origin=origin, constraints=tuple(dict.fromkeys(found.constraints))
    )


def _candidates(folder: str) -> Iterator[str]:
    parts = folder.split("/") if folder else []
    for count in range(len(parts), -1, -1):
        for name in _NAMES:
            yield "/".join((*parts[:count], name))


@dataclass(slots=True)
class _Lines:
    """Collects requirement lines, and those of the files that they name."""

    tree: Tree
    lines: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    done: set[tuple[str, bool]] = field(default_factory=set)

    def read(self, path: str) -> bool:
        """Take in one of the files that tools know by name; tell whether it asks for anything."""
        if path.endswith(".txt"):
            self.follow(path, (), constrains=False)
        else:
            data = self.tree.read(path)
            for line in _from_pyproject(path, data) if path.endswith(".toml") else _from_conda(path, data):
                self.take(line, posixpath.dirname(path), path)
        return bool(self.lines)

    def follow(self, path: str, above: tuple[str, ...], *, constrains: bool) -> None:
        """Take in a requirements file, once; *above* are the files that lead to it."""
        if path in above:
            raise InputError("cfg.type", "requirements files name each other in a circle", where=path, hint="cut it")
        if (path, constrains) in self.done:
            return
        self.done.add((path, constrains))
        for line in _from_list(path, self.tree.read(path)):
            self.take(line, posixpath.dirname(path), path, (*above, path), constrains=constrains)

    def take(
        self, line: str, folder: str, where: str, above: tuple[str, ...] = (), *, constrains: bool = False
    ) -> None:
        """Take in one line, and the file that it names relative to *folder*."""
        other = _OTHER_FILE.match(line)
        if other is None:
            (self.constraints if constrains else self.lines).append(_checked(line, where))
            return
        path = posixpath.normpath(posixpath.join(folder, other["path"]))
        if not self.tree.exists(path):
            hint = "commit the file, or write its lines out"
            raise InputError("cfg.type", f"`{line}` names no file of this repository", where=where, hint=hint)
        constrains = constrains or (other["short"] or other["long"][0]) == "c"
        self.follow(path, above, constrains=constrains)


def _checked(line: str, where: str) -> str:
    """Return *line* if it is a package by its name, with hashes or an address of its own at most."""
    # Whoever changes these files could else say where all packages come from, or read what lies on the machine.
    options = [option for option in _OPTION.findall(line) if option != "--hash"]
    if options:
        what = f"the option `{options[0]}` is not taken from a repository"
        hint = "leave it out; an index is set on the machine that trains (UV_INDEX_URL, PIP_INDEX_URL)"
    elif _PATH.match(line):
        what = f"`{line}` is a path; only packages by their names are installed"
        hint = "leave it out: modules of this repository travel with the run by themselves"
    elif "${" in line or _PASSWORD.search(line):
        what, hint = "a requirement holds a password or an environment variable", "leave it out, and renew the password"
    elif not line[:1].isalnum():
        raise InputError("cfg.type", f"`{line}` is no requirement", where=where, hint="write for example `numpy>=2`")
    else:
        return line
    raise InputError("cfg.forbidden", what, where=where, hint=hint)


def _from_list(path: str, data: bytes) -> Iterable[str]:
    """Read a requirements file; comments and blank lines are dropped, continued lines joined."""
    if not data.strip():
        return []
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # what PowerShell makes of `pip freeze >`
        data = data.decode("utf-16", "replace").encode()
    text = re.sub(r"\\\r?\n[ \t]*", " ", decode(data, path, _LIST_LIMITS))
    return [line for told in text.splitlines() if (line := " ".join(re.sub(r"(^|\s)#.*$", "", told).split()))]


def _from_pyproject(path: str, data: bytes) -> Iterable[str]:
    if not data.strip():
        return []
    import tomllib

    try:
        project = tomllib.loads(decode(data, path, _LIMITS)).get("project", {})
    except (ValueError, RecursionError) as error:
        raise InputError("cfg.syntax", f"not valid TOML: {error}", where=path, hint="repair the file") from None
    return _texts(project.get("dependencies")) if isinstance(project, dict) else []


def _from_conda(path: str, data: bytes) -> Iterable[str]:
    table = load_yaml(data, path, _LIMITS) if data.strip() else None
    found = table.get("dependencies") if isinstance(table, dict) else None
    groups = [item.get("pip") for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [line for group in groups for line in _texts(group)]


def _texts(value: Any) -> list[str]:
    return [" ".join(item.split()) for item in value if isinstance(item, str)] if isinstance(value, list) else []
