"""Dependence analysis of other Python tools as backward slices over cells; runs where those tools are installed.

Reads one request a line, `{"tool": ..., "cells": [...], "target": ...}`, and answers one list of cells a line (null:
the tool refused). Each tool is used as its authors use it; what it lacks to slice a notebook (which earlier cell a
name comes from) is added in its favour: the last earlier cell that defines the name.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import logging
import symtable
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

Names = tuple[frozenset[str], frozenset[str]]
"""What one cell defines and what it uses of others."""


def by_names(cells: Sequence[str], target: int, names: Callable[[str], Names]) -> list[int]:
    """Follow each used name to the last earlier cell that defines it, again and again."""
    found = [names(source) for source in cells[: target + 1]]
    wanted: set[int] = set()
    waiting = [target]
    while waiting:
        cell = waiting.pop()
        if cell in wanted:
            continue
        wanted.add(cell)
        for name in found[cell][1]:
            waiting += next(([earlier] for earlier in range(cell - 1, -1, -1) if name in found[earlier][0]), [])
    return sorted(wanted)


@lru_cache(maxsize=4096)
def symtable_names(source: str) -> Names:
    """Python's own symbol table; functions use their free names when they are defined."""
    defines: set[str] = set()
    uses: set[str] = set()
    for table in _tables(symtable.symtable(source, "cell", "exec")):
        for symbol in table.get_symbols():
            top = table.get_type() == "module"
            binds = symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
            if binds and (top or symbol.is_declared_global()):
                defines.add(symbol.get_name())
            if symbol.is_referenced() and (top or symbol.is_global()):
                uses.add(symbol.get_name())
    return frozenset(defines), frozenset(uses)


def _installed(module: str) -> Any:
    """Import what only the tools' own environment has."""
    return importlib.import_module(module)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


@lru_cache(maxsize=4096)
def pyflakes_names(source: str) -> Names:
    """Kale's way: what pyflakes calls undefined in a step comes from the steps before it."""
    checker, messages = _installed("pyflakes.checker"), _installed("pyflakes.messages")
    found = checker.Checker(ast.parse(source), builtins={"get_ipython", "display"})
    uses = {str(told.message_args[0]) for told in found.messages if isinstance(told, messages.UndefinedName)}
    modules = [scope for scope in found.deadScopes if isinstance(scope, checker.ModuleScope)]
    defines = {name for scope in modules for name, binding in scope.items() if not isinstance(binding, checker.Builtin)}
    return frozenset(defines), frozenset(uses)


@lru_cache(maxsize=4096)
def marimo_names(source: str) -> Names:
    """Marimo's visitor: what it takes for a cell's definitions and references."""
    cell = _installed("marimo._ast.compiler").compile_cell(source, cell_id="0")
    return frozenset(cell.defs), frozenset(cell.refs)


def beniget_kept(cells: Sequence[str], target: int) -> list[int]:
    """Follow beniget's def-use chains of the whole program, backwards from the target's statements."""
    trees, owners = _one_module(cells[: target + 1])
    chains = _quiet_chains()
    chains.visit(trees)
    sources: dict[int, set[int]] = {}
    for node, definition in chains.chains.items():
        for user in definition.users():
            if id(node) in owners and id(user.node) in owners:
                sources.setdefault(owners[id(user.node)], set()).add(owners[id(node)])
    wanted: set[int] = set()
    waiting = [target]
    while waiting:
        cell = waiting.pop()
        if cell not in wanted:
            wanted.add(cell)
            waiting += sources.get(cell, ())
    return sorted(wanted)


def _one_module(cells: Sequence[str]) -> tuple[Any, dict[int, int]]:
    """Join the cells to one gast module; tell which cell each node stands in."""
    gast = _installed("gast")
    body: list[Any] = []
    owners: dict[int, int] = {}
    for number, source in enumerate(cells):
        for statement in gast.parse(source).body:
            body.append(statement)
            owners.update((id(node), number) for node in gast.walk(statement))
    return gast.Module(body=body, type_ignores=[]), owners


def _quiet_chains() -> Any:
    chains: Any = _installed("beniget").DefUseChains

    class Quiet(chains):  # type: ignore[misc]
        def warn(self, msg: str, node: Any) -> None:
            """Say nothing: names of an earlier life of the notebook are no news here."""

        def unbound_identifier(self, name: str, node: Any) -> None:
            """Say nothing either."""

    return Quiet()


TOOLS: dict[str, Callable[[Sequence[str], int], list[int]]] = {
    "beniget": beniget_kept,
    "symtable": lambda cells, target: by_names(cells, target, symtable_names),
    "pyflakes (Kale's way)": lambda cells, target: by_names(cells, target, pyflakes_names),
    "marimo's visitor": lambda cells, target: by_names(cells, target, marimo_names),
}


def answer(request: dict[str, Any]) -> list[int] | None:
    """Return the cells that one tool would keep; None when it cannot say."""
    try:
        return TOOLS[request["tool"]](request["cells"], request["target"])
    except Exception as error:  # noqa: BLE001 - whatever a tool raises on a notebook, it has refused it
        print(f"{request['tool']}: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def main() -> None:
    """Answer requests until there are no more; tools may print what they like."""
    logging.disable()
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
