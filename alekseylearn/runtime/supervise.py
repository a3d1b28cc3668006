"""The supervisor: prepare, start the child, write down all it does, and say how it ended."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import compat, preparing, programs, seeds
from .journal import Journal
from .layout import Layout, Manifest, layout_of, read_manifest
from .limits import Limits, Stop
from .programs import Ended, Program, Watch
from .record import Record
from .verdict import DEFECT

STOPS = (signal.SIGTERM, signal.SIGINT)


def main(code: Path, arguments: Sequence[str]) -> int:  # noqa: ARG001 - the supervisor takes none
    """Run the bundle in *code* and return the exit code of docs/runtime.md."""
    layout = layout_of(code, os.environ)
    try:
        layout.make()
        for stale in (layout.data / "result.json", layout.output / "failure"):
            stale.unlink(missing_ok=True)
        manifest = read_manifest(code / "manifest.json")
        return Supervisor(layout, manifest).run()
    except Exception as error:
        _report_defect(layout, error)
        return DEFECT


def _report_defect(layout: Layout, error: Exception) -> None:
    what = f"alekseylearn: the runtime could not do its work: {type(error).__name__}: {error}"
    print(what, file=sys.stderr)
    try:
        (layout.output / "failure").write_text(f"{what[:1024]}\n\n{traceback.format_exc()}", encoding="utf-8")
    except OSError:
        # The folder itself may be what is wrong; stderr has said it.
        return


class Supervisor:
    """Watch over one run."""

    def __init__(self, layout: Layout, manifest: Manifest) -> None:
        self._manifest = manifest
        self._layout = layout
        self._record = Record(layout, manifest, Journal(layout.data, sys.stdout.buffer))
        self._limits = Limits(time.monotonic(), manifest.timeout, manifest.cell_timeout, manifest.grace)
        self._wakeup = self._take_signals()

    def run(self) -> int:
        """Prepare, run the child to its end, and return the exit code."""
        programs.adopt_orphans()
        programs.raise_limits()
        failure = preparing.prepare(self._layout.code, os.environ, self._record, self._install)
        # What fails because it was asked to stop is no failure.
        if self._limits.stop is None and failure is not None:
            self._record.handle({"event": "failure", "failure": failure, "interrupted": False})
        elif self._limits.stop is None:
            return self._train()
        return self._record.close(0, self._limits.stop)

    def _take_signals(self) -> int:
        """Handle signals from now on, first those that came since the process began (see supervisor.py)."""
        wakeup, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in STOPS:
            signal.signal(number, self._asked_to_stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return wakeup

    def _asked_to_stop(self, number: int, frame: Any) -> None:  # noqa: ARG002 - a handler's signature
        self._limits.begin_stop(Stop("stopped", f"stopped by {signal.Signals(number).name}"), time.monotonic())

    def _install(self, command: Sequence[str], environ: Mapping[str, str]) -> int:
        """Run *command* to its end, what it prints in the log; return its status as from wait(2)."""
        return self._watch(programs.start(command, environ, wired=False)).status

    def _train(self) -> int:
        command = [sys.executable, str(Path(__file__).with_name("supervisor.py"))]
        environ = child_environment(os.environ, self._layout, self._manifest)
        ended = self._watch(programs.start(command, environ, wired=True))
        self._record.peak_memory = ended.peak_memory
        return self._record.close(ended.status, self._limits.stop)

    def _watch(self, program: Program) -> Ended:
        watch = Watch(
            program, self._limits, self._wakeup, self._record.printed, lambda event: self._handle(event, watch)
        )
        return watch.until_it_ends()

    def _handle(self, event: dict[str, Any], watch: Watch) -> None:
        sync, answer = event.pop("sync"), event.pop("answer")
        if sync:
            watch.drain()
        kind = event["event"]
        if kind == "cell-start":
            self._limits.cell_started(time.monotonic())
        elif kind == "cell-end":
            self._limits.cell_ended()
        elif kind == "finished":
            self._limits.finished(time.monotonic())
        elif kind == "failure":
            event["interrupted"] = self._limits.stop is not None
        self._record.handle(event)
        if answer:
            watch.answer()


def child_environment(environ: Mapping[str, str], layout: Layout, manifest: Manifest) -> dict[str, str]:
    """Make the child's environment: the folders, quiet progress bars, figures without a screen, the seed, CUDA."""
    defaults = {"MPLBACKEND": "Agg", "TQDM_MININTERVAL": "30", "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
    seeded = {} if manifest.seed is None else seeds.environment(manifest.seed)
    return {**defaults, **environ, **layout.variables, **seeded, **compat.variables(environ)}
