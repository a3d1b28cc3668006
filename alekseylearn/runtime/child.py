"""The child: run the cells of train.py one by one in a real `__main__`, and tell the supervisor what happens."""

from __future__ import annotations

import ast
import builtins
import os
import sys
import threading
import time
import traceback
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import keeping, machine, seeds, standin, workers
from .cells import COROUTINE, Cell, Compiled, Compiler, parse, split
from .imports import AfterImport, Hook, imported, missing
from .interrupts import Interrupts
from .layout import Layout, Manifest, layout_of, read_manifest, written_to
from .measuring import Measuring
from .outputs import Display
from .shell import Shell
from .tracebacks import Failures
from .wire import Wire, flush

DEFECT = 70
"""Exit status of a child that failed through a mistake of ours."""
LAST_VALUES = ("_", "__", "___")
"""What IPython calls the last three values that cells ended with."""
PATIENCE = 3.0
"""Seconds that exit handlers of libraries get."""


def main(code: Path, arguments: Sequence[str]) -> int:
    """Run the bundle in *code*; *arguments* are the numbers of the pipes. Ends the process itself."""
    interrupts = Interrupts()
    interrupts.install()
    wire = Wire(int(arguments[0]), int(arguments[1]), int(arguments[2]), interrupts)
    try:
        layout = layout_of(code, os.environ)
        manifest = read_manifest(code / "manifest.json")
        Session(layout, manifest, wire, interrupts).run()
        status = 0
    except BaseException as error:
        # Whatever the notebook raises is caught around its cells; this is ours.
        wire.send("defect", message=f"{type(error).__name__}: {error}", traceback=traceback.format_exc())
        status = DEFECT
    flush()
    # Threads that the notebook left behind would keep the process, and the paid machine, alive.
    os._exit(status)


class Session:
    """One run of the notebook in this process."""

    def __init__(self, layout: Layout, manifest: Manifest, wire: Wire, interrupts: Interrupts) -> None:
        self._layout = layout
        self._manifest = manifest
        self._wire = wire
        self._interrupts = interrupts
        self._train = str(layout.train)
        self._program = split(layout.train.read_text(encoding="utf-8"), manifest.cells)
        self._workdir = layout.files / manifest.workdir
        self._compiler = Compiler(self._train)
        self._failures = Failures(self._program, self._train)
        self._display = Display(lambda output: wire.send("output", sync=True, output=output))
        self._measuring = Measuring(self._program.cells, written_to(layout, manifest), wire.send)
        self._bundled = keeping.stamps(layout, manifest)
        self._main = types.ModuleType("__main__")
        self._shell = Shell(self._names, self._compiler.text, self._display.display, self._place)
        self._cell: Cell | None = None
        self._count = 0
        self._loop: Any = None
        self._trees: list[ast.Module] = []
        self._last: list[Any] = [""] * len(LAST_VALUES)
        self._names.update(zip(LAST_VALUES, self._last))  # noqa: B905 - Python 3.9
        self._whole = True
        self._complete = False
        self._modules: list[str] = []

    @property
    def _names(self) -> dict[str, Any]:
        return self._main.__dict__

    def _place(self) -> str:
        if self._cell is None or self._cell.number is None:
            return f"the {self._cell.headline if self._cell is not None else 'parameters'}"
        return f"cell {self._cell.number}"

    def run(self) -> None:
        """Run everything, from the first cell to the saved model."""
        self._become_main()
        if self._prepared():
            self._run_cells()
        self._finish()

    def _become_main(self) -> None:
        self._main.__file__ = self._train
        # `multiprocessing` keeps an alias of the main module, made when it is imported: maybe before we came.
        sys.modules["__main__"] = sys.modules["__mp_main__"] = self._main
        sys.argv = [self._train]
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
        vars(builtins).update(display=self._display.display, get_ipython=lambda: self._shell)
        sys.modules["alekseylearn"] = self._measuring.calls.module()
        sys.modules.update(standin.modules(self._display.display, lambda: self._shell))
        AfterImport(self._hooks()).install()
        self._workdir.mkdir(parents=True, exist_ok=True)
        os.chdir(self._workdir)
        folders = dict.fromkeys([str(self._workdir.resolve()), str(self._layout.files.resolve())])
        sys.path[:0] = [folder for folder in folders if folder not in sys.path]

    def _hooks(self) -> dict[str, Hook]:
        hooks: dict[str, Hook] = {
            "matplotlib.pyplot": self._display.take_over,
            "multiprocessing.spawn": workers.hook(self._layout.train),
            **standin.hooks(self._display.display, lambda: self._shell),
        }
        return hooks if self._manifest.seed is None else {**hooks, **seeds.hooks(self._manifest.seed)}

    def _prepared(self) -> bool:
        """Run the preamble and look at all imports, before the first cell costs anything."""
        preamble = Cell(None, 1, self._program.preamble, "", "", None)
        exec(self._compiler.compile(preamble).body, self._names)  # nosec B102 # the job's own preamble
        parsed: list[tuple[Cell, ast.Module]] = []
        for cell in self._program.cells:
            try:
                parsed.append((cell, parse(cell, self._train)))
            except SyntaxError as error:
                self._fail(self._failures.describe(error, cell))
                return False
        self._modules = [module for _, tree in parsed for _, module in imported(tree)]
        gap = missing(parsed, self._layout.files)
        if gap is not None:
            self._fail(gap.failure())
        return gap is None

    def _fail(self, failure: dict[str, Any]) -> None:
        self._wire.send("failure", failure=failure)
        self._whole = False

    def _run_cells(self) -> None:
        for index, cell in enumerate(self._program.cells):
            if self._interrupts.stopped:
                self._whole = False
                return
            self._cell = cell
            which = {"cell": cell.number, "index": index, "of": len(self._program.cells), "headline": cell.headline}
            self._wire.send("cell-start", sync=True, **which)
            started = time.perf_counter()
            state = self._run_cell(cell)
            seconds = round(time.perf_counter() - started, 3)
            self._wire.send("cell-end", sync=True, cell=cell.number, index=index, state=state, seconds=seconds)
            if state != "done":
                return
        # A cell that swallowed its interruption was cut short all the same.
        self._complete = not self._interrupts.stopped

    def _run_cell(self, cell: Cell) -> str:
        self._count += 1
        self._measuring.begin(cell)
        trees = self._trees
        try:
            compiled = self._compiler.compile(cell)
            trees = [*trees, compiled.tree] if cell.trains else trees
            value = self._execute(compiled)
            last = None if compiled.expression is None else (compiled.expression, value)
            self._measuring.after_cell(cell, compiled.tree, dict(self._names), last)
        except BaseException as error:
            if isinstance(error, SystemExit) and error.code in {None, 0}:
                # `sys.exit()` ends a cell that has nothing more to do.
                self._trees = trees
                return "done"
            interrupted = self._interrupts.stopped
            self._trees = trees if interrupted else self._trees
            self._fail(self._failures.describe(error, cell))
            return "interrupted" if interrupted else "failed"
        self._trees = trees
        return "done"

    def _execute(self, compiled: Compiled) -> Any:
        value = None
        with self._interrupts.cell():
            try:
                if compiled.waits:
                    value = self._in_loop(compiled)
                else:
                    eval(compiled.body, self._names)  # nosec B307 # the notebook's own code
                    last = compiled.last
                    value = None if last is None else eval(last, self._names)  # nosec B307 # the notebook's own code
                self._remember(value)
                self._display.result(value, self._count)
            finally:
                self._display.figures()
        return value

    def _remember(self, value: Any) -> None:
        """Keep the last values under the names that IPython gives them, as long as the notebook leaves these alone."""
        theirs = any(self._names.get(name) is not last for name, last in zip(LAST_VALUES, self._last))  # noqa: B905
        if value is None or theirs:
            return
        self._last = [value, *self._last[:-1]]
        self._names.update(zip(LAST_VALUES, self._last))  # noqa: B905 - Python 3.9

    def _in_loop(self, compiled: Compiled) -> Any:
        import asyncio

        if self._loop is None:
            # One loop for all cells: a task made in one goes on in the next.
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)

        async def cell() -> Any:
            value = None
            for code in filter(None, (compiled.body, compiled.last)):
                value = eval(code, self._names)  # nosec B307 # the notebook's own code
                if code.co_flags & COROUTINE:
                    value = await value
            return value if compiled.last is not None else None

        return self._loop.run_until_complete(cell())

    def _finish(self) -> None:
        self._measuring.at_end(self._names)
        named = {name: value for name, value in self._names.items() if name not in LAST_VALUES}
        trained = keeping.Trained(named, self._trees, self._whole, self._bundled)
        for file in keeping.keep(self._layout, self._manifest, trained, self._warn):
            self._wire.send("model", **file)
        self._wire.send("machine", packages=machine.packages(self._modules), gpu=machine.gpu_of_torch())
        self._exit_handlers()
        self._wire.send("finished", sync=True, complete=self._complete)

    def _warn(self, text: str) -> None:
        self._wire.send("warning", message=text)

    def _exit_handlers(self) -> None:
        """Let libraries end what they began, as at the end of any program, but not for ever."""
        handlers = threading.Thread(target=run_exit_handlers, daemon=True)
        handlers.start()
        handlers.join(PATIENCE)


def run_exit_handlers() -> None:
    """Do what the interpreter does at its end: first the pools of threads and processes, then `atexit`."""
    import atexit

    # Neither has a public way in; without the first, joblib's workers would be waited for by the second.
    for handler in reversed(getattr(threading, "_threading_atexits", [])):
        handler()
    atexit._run_exitfuncs()  # noqa: SLF001
