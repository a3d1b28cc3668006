"""The fork server: runs programs inside one environment, each in a process of its own, and writes down hashes."""

from __future__ import annotations

import builtins
import hashlib
import importlib
import io
import json
import linecache
import os
import random
import resource
import signal
import sys
import time
import types
from pathlib import Path
from typing import Any

from alekseylearn.runtime import standin
from alekseylearn.runtime.cells import COROUTINE, Cell, Compiler
from alekseylearn.runtime.shell import Shell
from benchmarks.extraction.hashing import begin, fingerprint, random_state

NAME = "notebook.py"


def main() -> int:
    """Read one JSON request a line, run it, and answer with one line: the path of what was written down."""
    sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != Path.cwd()]
    for module in sys.argv[1:]:
        importlib.import_module(module)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            _become(request)
        ended = _wait(child, request["limit"])
        print(json.dumps(ended), file=answers, flush=True)
    return 0


def _wait(child: int, limit: float) -> str:
    """Wait for *child*; return how it ended."""
    deadline = time.monotonic() + limit * 3
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            _end(child)
            os.waitpid(child, 0)
            return "time-out"
        time.sleep(0.01)
    _end(child)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "time-out" if number == signal.SIGXCPU else f"ended by signal {number}"
    return "done" if not status else f"ended with {os.WEXITSTATUS(status)}"


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _become(request: dict[str, Any]) -> None:
    """Be the child: run the program and leave."""
    os.setsid()
    os.chdir(request["folder"])
    silent = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silent, number)
    resource.setrlimit(resource.RLIMIT_CPU, (int(request["limit"]), int(request["limit"]) + 5))
    with Path(request["record"]).open("w", encoding="utf-8") as record:
        try:
            _Run(request, record).run()
        except BaseException as error:  # noqa: BLE001 - ours; told, and the process ends
            _told(record, end="error", what=f"{type(error).__name__}: {error}")
    os._exit(0)


def _told(record: io.TextIOBase | Any, **what: object) -> None:
    print(json.dumps(what), file=record, flush=True)


class _Run:
    """One run of a program: a new `__main__`, cell after cell."""

    def __init__(self, request: dict[str, Any], record: Any) -> None:
        self._steps: list[dict[str, Any]] = request["steps"]
        self._record = record
        self._path = str(Path(request["folder"]).parent / NAME)
        self._compiler = Compiler(self._path)
        self._main = types.ModuleType("__main__")
        self._names: dict[str, Any] = self._main.__dict__
        self._printed = io.StringIO()
        self._loop: Any = None
        self._become_main(request["seed"])

    def _become_main(self, seed: int) -> None:
        sys.modules["__main__"] = sys.modules["__mp_main__"] = self._main
        sys.argv = [NAME]
        sys.path.insert(0, "")
        self._main.__file__ = self._path
        shell = Shell(self._names, self._compiler.text, standin.ignore, lambda: "a cell")
        vars(builtins).update(display=standin.ignore, get_ipython=lambda: shell)
        # matplotlib would ask a shell that the module has for more than the runtime's can do.
        sys.modules.update(standin.modules(standin.ignore, lambda: None))
        self._names.update(In=[""], Out={}, _="", __="", ___="")
        random.seed(seed)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(seed)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(seed)

    def run(self) -> None:
        """Run all steps; the first that raises ends it."""
        begin()
        text = "\n".join(step["code"] for step in self._steps)
        # `inspect.getsource` looks here.
        linecache.cache[self._path] = (len(text), None, text.splitlines(keepends=True), self._path)
        line, began = 1, time.perf_counter()
        for step in self._steps:
            self._printed = sys.stdout = io.StringIO()
            sys.stderr = io.StringIO()
            drawn = random_state() if step["watch"] is not None else ""
            try:
                self._step(step, line)
            except SystemExit as error:
                if error.code not in {None, 0}:
                    raise
            except BaseException as error:  # noqa: BLE001 - what a notebook raises
                seconds = time.perf_counter() - began
                what = f"{type(error).__name__}: {error}"
                _told(self._record, end="raised", step=step["number"], what=what[:300], seconds=seconds)
                return
            self._close_figures()
            if step["watch"] is not None:
                self._watch(step, drawn, began)
            line += step["code"].count("\n") + 1
        _told(self._record, end="done", seconds=time.perf_counter() - began)

    def _watch(self, step: dict[str, Any], drawn: str, began: float) -> None:
        found = {name: fingerprint(self._names[name]) for name in step["watch"] if name in self._names}
        shown = hashlib.sha256(self._printed.getvalue().encode("utf-8", "replace")).hexdigest()[:16]
        seconds = time.perf_counter() - began
        _told(self._record, step=step["number"], names=found, random=drawn, shown=shown, seconds=seconds)

    def _step(self, step: dict[str, Any], line: int) -> None:
        code = step["code"]
        cell = Cell(step["number"], line, code, code, "", None)
        compiled = self._compiler.compile(cell)
        history: list[str] = self._names["In"]
        history += [""] * (step["count"] + 1 - len(history))
        history[step["count"]] = code
        if compiled.waits:
            self._in_loop(compiled, step["count"])
            return
        eval(compiled.body, self._names)
        if compiled.last is not None:
            self._keep(eval(compiled.last, self._names), step["count"])

    def _in_loop(self, compiled: Any, count: int) -> None:
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()

        async def body() -> None:
            for code in (compiled.body, compiled.last):
                if code is not None:
                    value = eval(code, self._names)
                    value = await value if code.co_flags & COROUTINE else value
                    if code is compiled.last:
                        self._keep(value, count)

        self._loop.run_until_complete(body())

    def _keep(self, value: object, count: int) -> None:
        """Keep what a cell ends with under IPython's names for it."""
        if value is None:
            return
        names = self._names
        names["___"], names["__"], names["_"] = names.get("__"), names.get("_"), value
        names["Out"][count] = names[f"_{count}"] = value

    def _close_figures(self) -> None:
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            pyplot.close("all")


if __name__ == "__main__":
    sys.exit(main())
