"""Run cells of a notebook in a fresh interpreter, without a kernel, and tell what chosen ones leave behind."""

import ast
import json
import os
import subprocess
import sys
import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Namespace = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Left:
    """What one cell left: its last expression as text ('' for none), and a fingerprint of each value that it names."""

    shown: str
    values: Mapping[str, str]


def execute(folder: Path, runs: Sequence[Mapping[int, str]], watch: Collection[int]) -> list[dict[int, Left]]:
    """Run each of *runs* (cell index -> source, in this order) in an empty namespace; tell what the cells *watch* left.

    All runs share one new process with *folder* as working folder. The first one is alone in it: what a later run
    leaves in libraries cannot help it.
    """
    done = subprocess.run(
        [sys.executable, "-B", __file__],
        input=json.dumps({"runs": [list(run.items()) for run in runs], "watch": sorted(watch)}),
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"a cell failed in {folder}\n{done.stderr[-4000:]}")
    return [{cell: Left(**left) for cell, left in run} for run in json.loads(done.stdout)]


def _inside() -> None:
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what cells print must not mix with the answer
    sys.path[0] = str(Path.cwd())  # as in a kernel that was started beside the notebook
    asked = json.load(sys.stdin)
    answer.write(json.dumps([_run(cells, frozenset(asked["watch"])) for cells in asked["runs"]]))
    answer.close()


def _run(cells: list[tuple[int, str]], watch: frozenset[int]) -> list[tuple[int, dict[str, Any]]]:
    namespace: Namespace = {"__name__": "__main__"}
    told = []
    for index, source in cells:
        tree = ast.parse(source, f"<cell {index}>")
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        shown = _run_cell(tree, namespace)
        if index in watch:
            told.append((index, {"shown": shown, "values": _fingerprints(namespace, named)}))
    return told


def _run_cell(tree: ast.Module, namespace: Namespace) -> str:
    last = tree.body[-1] if tree.body else None
    statements = ast.Module(tree.body[:-1] if isinstance(last, ast.Expr) else tree.body, tree.type_ignores)
    exec(compile(statements, "<cell>", "exec"), namespace)
    if not isinstance(last, ast.Expr):
        return ""
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    return "" if value is None else repr(value)


def _fingerprints(namespace: Namespace, names: Collection[str]) -> dict[str, str]:
    """Hash values by their content: arrays and frames by their data, models by their state; code has no content."""
    import joblib

    code = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
    values = {name: namespace[name] for name in sorted(namespace.keys() & names)}
    return {name: joblib.hash(value) for name, value in values.items() if not isinstance(value, code)}


if __name__ == "__main__":
    _inside()
