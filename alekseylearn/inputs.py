"""What a slice needs from the repository beside the notebook: local modules that it imports, data that it names."""

from __future__ import annotations

import ast
import hashlib
import posixpath
import sys
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

from alekseylearn.magics import parse_python, translate
from alekseylearn.notebook import Notebook
from alekseylearn.slicing import Slice
from alekseylearn.text import size

_LONGEST_PATH = 300
_MOST_FOLDERS = 50
_OUTWARDS = ("..", "../..", "../../..")


class Tree(Protocol):
    """The files of a repository at one commit, or in a work tree; paths are repository-relative, with slashes."""

    def exists(self, path: str) -> bool:
        """Tell whether *path* is a file."""
        ...

    def read(self, path: str) -> bytes:
        """Return the bytes of the file *path*."""
        ...

    def list(self, folder: str) -> tuple[str, ...]:
        """Return all files below *folder*; '' is the root."""
        ...


@dataclass(frozen=True, slots=True)
class Package:
    """A top-level package that is neither local nor Python's own, and the cell that first imports it."""

    name: str
    cell: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The files that a slice needs: sha256 hex digests by repository-relative path."""

    modules: Mapping[str, str]
    data: Mapping[str, str]
    imports: tuple[Package, ...] = ()
    warnings: tuple[str, ...] = ()


def find_inputs(notebook: Notebook, slice_: Slice, tree: Tree, *, limit: int = 50_000_000) -> Inputs:
    """Find the local modules and the data files that the kept cells of *slice_* need in *tree*.

    Modules are looked for beside the notebook, then at the root of the repository, then in folders that a kept cell
    puts on `sys.path`. A data file, a folder of them or a pattern counts when a kept cell, or a local module, spells
    its path. Files of more than *limit* bytes are left out, with a warning.
    """
    search = _Search(notebook.folder, tree, limit)
    codes = [(kept.cell, translate(notebook.cells[kept.cell].source)) for kept in slice_.kept]
    parsed = [(cell, code, parse_python(code.code)) for cell, code in codes]
    trees = [(cell, module) for cell, _, module in parsed if module is not None]
    search.add_roots(module for _, module in trees)
    for cell, code, module in parsed:
        for path in code.runs:
            search.program(path, cell)
        if module is not None:
            search.imports_of(module, cell, package="")
    search.name_data([module for _, module in trees] + search.parsed)
    return Inputs(
        modules=MappingProxyType(dict(sorted(search.modules.items()))),
        data=MappingProxyType({path: sha for path, sha in sorted(search.data.items()) if path not in search.modules}),
        imports=tuple(Package(name, cell) for name, cell in search.packages.items()),
        warnings=tuple(dict.fromkeys(search.warnings)),
    )


@dataclass(slots=True)
class _Search:
    """Collects files; every local module is read once."""

    folder: str
    tree: Tree
    limit: int
    roots: list[str] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    packages: dict[str, int] = field(default_factory=dict)
    parsed: list[ast.Module] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    waiting: list[tuple[str, str, int]] = field(default_factory=list)

    # -- modules ------------------------------------------------------------------------------------------------

    def add_roots(self, trees: Iterable[ast.Module]) -> None:
        """Set the folders in which modules are looked for."""
        self.roots = [self.folder, ""]
        for tree in trees:
            if any(isinstance(node, ast.Attribute) and _dotted(node) == "sys.path" for node in ast.walk(tree)):
                places = [self.place(text) for text in _strings(tree)]
                self.roots += [place for place in places if place is not None and self.tree.list(place)]
        self.roots = list(dict.fromkeys(self.roots))

    def program(self, path: str, cell: int) -> None:
        """Take in a file that `%run` runs."""
        place = self.place(path)
        if place is None or not self.tree.exists(place):
            self.warnings.append(f"cell {cell} runs `{path}`, which is not in the repository")
            return
        self.take(place, "", cell)

    def imports_of(self, module: ast.Module, cell: int, *, package: str) -> None:
        """Follow the imports of *module*, and those of what it imports; *package* is the folder of its package."""
        self.follow(module, cell, package)
        while self.waiting:
            path, inside, first = self.waiting.pop()
            code = parse_python(self.tree.read(path).decode("utf-8", "replace"))
            if code is None:
                self.warnings.append(f"`{path}`, which cell {first} imports, is not Python; what it needs is not known")
                continue
            self.parsed.append(code)
            self.follow(code, first, inside)

    def follow(self, module: ast.Module, cell: int, package: str) -> None:
        for node in ast.walk(module):
            match node:
                case ast.Import(names=names):
                    for alias in names:
                        self.absolute(alias.name, cell)
                case ast.ImportFrom(module=name, names=names, level=0):
                    for alias in names:
                        self.absolute(f"{name}.{alias.name}", cell)
                case ast.ImportFrom(module=name, names=names, level=level):
                    base = package
                    for _ in range(level - 1):
                        base = posixpath.dirname(base)
                    for alias in names:
                        self.local(f"{name}.{alias.name}" if name else alias.name, base, cell)
                case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                    if _dotted(function).rpartition(".")[2] in ("import_module", "__import__"):
                        self.absolute(name, cell)
                case _:
                    pass

    def absolute(self, dotted: str, cell: int) -> None:
        if not any(self.local(dotted, root, cell) for root in self.roots):
            top = dotted.partition(".")[0]
            if top not in sys.stdlib_module_names:
                self.packages.setdefault(top, cell)

    def local(self, dotted: str, root: str, cell: int) -> bool:
        """Take in the module *dotted* below *root*, with the packages that it stands in; tell whether there is one."""
        place, found = root, False
        for part in dotted.split("."):
            inside, place = place, posixpath.join(place, part)
            if self.tree.exists(f"{place}.py"):
                self.take(f"{place}.py", inside, cell)
                return True
            if self.tree.exists(f"{place}/__init__.py"):
                self.take(f"{place}/__init__.py", place, cell)
                found = True
            elif part == "*" or not self.tree.list(place):
                return found
        return found

    def take(self, path: str, package: str, cell: int) -> None:
        if path not in self.modules:
            self.modules[path] = hashlib.sha256(self.tree.read(path)).hexdigest()
            self.waiting.append((path, package, cell))

    # -- data ---------------------------------------------------------------------------------------------------

    def name_data(self, trees: Iterable[ast.Module]) -> None:
        """Take in the files, folders and patterns whose paths the strings in *trees* spell, whole or part by part."""
        texts = list(dict.fromkeys(text for tree in trees for text in _data_strings(tree)))
        files = self.tree.list("")
        above = self.bases(texts, _folders(files))
        used: set[str] = set()
        for text in texts:
            for base in above:
                place = _join(base, text.lstrip("/"))
                if place is None:
                    continue
                if self.tree.exists(place):
                    self.hold(place)
                    used.add(base)
                elif "*" in place:
                    for path in files:
                        if fnmatchcase(path, place.replace("**/", "*")):
                            self.hold(path)
                            used.add(base)
        used |= {outer for base in used for outer in _chain(base, above)}
        for folder in above:
            if folder and folder not in used and folder not in _above(f"{self.folder}/x") and folder not in self.roots:
                for path in self.tree.list(folder):
                    self.hold(path)

    def bases(self, texts: Iterable[str], folders: AbstractSet[str]) -> Mapping[str, str]:
        """Find the folders that *texts* spell, as in `Path("..") / "data" / "raw"`, each with the one it was found in.

        The notebook's own folder comes first, and stands in itself.
        """
        above = {self.folder: self.folder}
        parts = [part for text in texts if (part := text.strip("/"))]
        waiting = [self.folder]
        while waiting and len(above) < _MOST_FOLDERS:
            base = waiting.pop(0)
            for part in parts:
                place = _join(base, part)
                if place is not None and place not in above and (place in folders or part in _OUTWARDS):
                    above[place] = base
                    waiting.append(place)
        return above

    def place(self, text: str) -> str | None:
        """Return the repository-relative path that *text* means to the notebook; None when it leaves the repository."""
        return _join(self.folder, text)

    def hold(self, path: str) -> None:
        if path in self.data or path.endswith(".ipynb"):
            return
        content = self.tree.read(path)
        if len(content) > self.limit:
            self.warnings.append(f"`{path}` is {size(len(content))} large and does not travel with the run")
            return
        self.data[path] = hashlib.sha256(content).hexdigest()


def _join(folder: str, text: str) -> str | None:
    if not text or len(text) > _LONGEST_PATH or text.startswith("/") or "\n" in text or "\0" in text:
        return None
    path = posixpath.normpath(posixpath.join(folder, text))
    return None if path.startswith("..") else ("" if path == "." else path)


def _chain(base: str, above: Mapping[str, str]) -> Iterator[str]:
    """Name the folders by which *base* was found."""
    while above[base] != base:
        base = above[base]
        yield base


@lru_cache(maxsize=4)
def _folders(files: tuple[str, ...]) -> AbstractSet[str]:
    """Name all folders that *files* stand in; two versions of a large repository are asked for many times."""
    return {folder for path in files for folder in _above(path)}


def _above(path: str) -> Iterator[str]:
    """Name the folders that *path* stands in, the root not counted."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _data_strings(tree: ast.AST) -> Iterator[str]:
    """Name the strings of *tree* but those that say where modules are."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and _dotted(node.func).startswith("sys.path."):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        waiting += ast.iter_child_nodes(node)


def _dotted(node: ast.AST) -> str:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return ".".join((node.id, *names)) if isinstance(node, ast.Name) else ""
