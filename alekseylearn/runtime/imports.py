"""Imports of the notebook: which are missing before anything runs, and what to do once one has happened."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, NamedTuple

from .cells import Cell
from .hints import hint_for

Hook = Callable[[ModuleType], None]


class AfterImport(MetaPathFinder):
    """Call a hook as soon as the module it belongs to has been imported."""

    def __init__(self, hooks: Mapping[str, Hook]) -> None:
        self._hooks: dict[str, Hook] = dict(hooks)

    def install(self) -> None:
        """Watch imports from now on; modules that are there already get their hook at once."""
        for name in [name for name in self._hooks if name in sys.modules]:
            self._hooks.pop(name)(sys.modules[name])
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find *fullname* as the other finders do, and prepare its hook; None for modules without one."""
        if fullname not in self._hooks:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(fullname, path, target) if finder is not self else None
            if spec is not None and spec.loader is not None:
                self._call_after(spec)
                return spec
        return None

    def _call_after(self, spec: ModuleSpec) -> None:
        # Set on the module's own loader: a wrapper would hide what packages ask their loader for.
        # The hook stays until the module runs, because a spec may be looked up without an import.
        loader: Any = spec.loader
        original = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            original(module)
            hook = self._hooks.pop(spec.name, None)
            if hook is not None:
                hook(module)

        loader.exec_module = exec_module


class Missing(NamedTuple):
    """An import that this environment cannot satisfy."""

    cell: Cell
    line: int
    module: str

    def failure(self) -> dict[str, object]:
        """Describe it as the `failure` of result.json."""
        message = f"No module named '{self.module}'"
        line = self.cell.line(self.line)
        source = self.cell.text.split("\n")[line - 1].strip()
        return {
            "cell": self.cell.number,
            "line": line,
            "exception": "ModuleNotFoundError",
            "message": message,
            "traceback": f"cell {self.cell.number}, line {line}\n    {source}\nModuleNotFoundError: {message}",
            "hint": hint_for("ModuleNotFoundError", message),
        }


def missing(parsed: Sequence[tuple[Cell, ast.Module]], files: Path) -> Missing | None:
    """Find the first import at the top level of a cell that nothing here satisfies.

    A module that the bundle carries anywhere, or that a cell writes, may become importable while the notebook runs.
    """
    texts = [cell.text for cell, _ in parsed]
    for cell, tree in parsed:
        for line, module in imported(tree):
            if available(module) or any(f"{module}.py" in text for text in texts):
                continue
            if not any(files.rglob(f"{module}.py")) and not any(path.is_dir() for path in files.rglob(module)):
                return Missing(cell, line, module)
    return None


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, top-level module) of the imports that a cell makes in any case: not those inside `try` or `if`."""
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            yield from ((statement.lineno, alias.name.partition(".")[0]) for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.lineno, statement.module.partition(".")[0]


def available(module: str) -> bool:
    """Tell whether *module* can be imported here, without importing it."""
    if module in sys.modules:
        return True
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
