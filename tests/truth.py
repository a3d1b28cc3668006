"""Runs small programs, each in a process of its own, and tells what they left behind.

As a program it reads runs from standard input, a JSON list of `{"cells": [code], "tell": {cell: [name]}}`, and writes
for each what the names stand for when that cell has ended, or `{"failed": ...}`.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import json
import os
import sys
import tempfile
import types
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from alekseylearn.runtime.shell import Shell

Run = dict[str, Any]


def told(value: Any, seen: tuple[int, ...] = ()) -> Any:
    """Describe *value* so that equal descriptions mean equal values, in every process."""
    if id(value) in seen:
        return "again"
    seen = (*seen, id(value))
    kind = type(value).__name__
    match value:
        case None | bool() | int() | str() | bytes():
            return repr(value)
        case float() | complex():
            return repr(value)
        case list() | tuple():
            return [kind, *(told(item, seen) for item in value)]
        case set() | frozenset():
            return [kind, *sorted(json.dumps(told(item, seen)) for item in value)]
        case dict():
            return [kind, *([told(key, seen), told(item, seen)] for key, item in value.items())]
        case type() | types.FunctionType() | types.BuiltinFunctionType() | types.ModuleType() | types.MethodType():
            return [kind, getattr(value, "__name__", "")]
    for method in ("tolist", "to_dict", "get_state", "getstate"):
        found = getattr(type(value), method, None)
        if callable(found):
            with contextlib.suppress(Exception):
                return [kind, told(found(value), seen)]
    state = vars(type(value)).get("bit_generator") and value.bit_generator
    inside = state.state if state is not None else getattr(value, "__dict__", {})
    return [kind, told(inside, seen)]


def execute(run: Run) -> dict[str, Any]:
    """Run the cells of *run* in this process; return what the names stand for that it asks for."""
    names: dict[str, Any] = {"__name__": "__main__", "Out": {}, "_": ""}
    main = types.ModuleType("__main__")
    main.__dict__.update(names)
    names = main.__dict__
    sys.modules["__main__"] = main
    shell = Shell(names, lambda text, name: compile(text, name, "exec"), print, lambda: "a cell")
    names.update(get_ipython=lambda: shell, display=print)
    answer: dict[str, Any] = {}
    for index, (number, code) in enumerate(run["cells"]):
        tree = ast.parse(code)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"cell {index}", "exec"), names)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), f"cell {index}", "eval"), names)
            if shown is not None:
                names["Out"][number] = names["_"] = shown
        wanted = run["tell"].get(str(number), ())
        answer |= {f"{number}:{name}": told(names[name]) for name in wanted if name in names}
    return answer


def answered(run: Run) -> dict[str, Any]:
    """Execute *run*; a failure is an answer too."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return execute(run)
        except BaseException as error:  # noqa: BLE001 - whatever the program does
            return {"failed": f"{type(error).__name__}: {error}"}


def apart(run: Run) -> dict[str, Any]:
    """Execute *run* in a fork of this process, in an empty folder."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with tempfile.TemporaryDirectory() as folder, os.fdopen(writing, "w") as pipe:
            os.chdir(folder)
            sys.path.insert(0, folder)
            pipe.write(json.dumps(answered(run)))
            pipe.flush()
            os.chdir("/")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"failed": "the process ended"}


def preload(modules: Iterable[str]) -> None:
    """Import *modules* that are there, so that each run need not."""
    for module in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def main(arguments: Sequence[str]) -> None:
    """Answer the runs that stand in standard input."""
    preload(arguments)
    json.dump([apart(run) for run in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
