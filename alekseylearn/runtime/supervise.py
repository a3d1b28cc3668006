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

from . import compat, preparing, programs, ranks, seeds
from .journal import Journal, Printer
from .layout import Layout, Manifest, layout_of, read_manifest, written_to
from .limits import Limits, Stop
from .mirror import mirror_of
from .previews import Previews
from .programs import Ended, Program, Watch
from .ranks import Rank
from .record import Record
from .verdict import DEFECT

STOPS = (signal.SIGTERM, signal.SIGINT)
LAST_LINE = "ALEKSEYLEARN_LAST_LINE"
"""What to print when all is over: whoever follows a log that arrives late knows by it that nothing more will come."""


def main(code: Path, arguments: Sequence[str]) -> int:  # noqa: ARG001 - the supervisor takes none
    """Run the bundle in *code* and return the exit code of docs/runtime.md."""
    printer = Printer(sys.stdout.buffer)
    environ = dict(os.environ)
    last = environ.pop(LAST_LINE, "")
    try:
        return _main(code, environ, printer)
    finally:
        printer.last_line(last)


def _main(code: Path, environ: dict[str, str], printer: Printer) -> int:
    rank = ranks.rank_of(environ)
    environ = environ if rank is None else rank.environment(environ)
    layout = layout_of(code, environ)
    try:
        layout.make()
        for stale in (layout.data / "result.json", layout.output / "failure"):
            stale.unlink(missing_ok=True)
        if rank is not None:
            rank.announce()
        manifest = read_manifest(code / "manifest.json")
        return Supervisor(layout, manifest, environ, printer, rank).run()
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

    def __init__(
        self, layout: Layout, manifest: Manifest, environ: Mapping[str, str], printer: Printer, rank: Rank | None
    ) -> None:
        self._manifest = manifest
        self._layout = layout
        self._environ = environ
        self._printer = printer
        self._rank = rank
        self._record = Record(layout, manifest, Journal(layout.data, printer))
        self._mirror = mirror_of(environ, layout.data, self._warn)
        self._previews = Previews(written_to(layout, manifest))
        grace = manifest.grace if rank is None else min(manifest.grace, ranks.GRACE)
        self._limits = Limits(time.monotonic(), manifest.timeout, manifest.cell_timeout, grace)
        self._stop_seen = False
        self._wakeup = self._take_signals()

    def run(self) -> int:
        """Prepare, run the child to its end, and return the exit code."""
        programs.adopt_orphans()
        programs.raise_limits()
        self._mirror.begin()
        failure = preparing.prepare(self._layout.code, self._environ, self._record, self._install)
        status = 0
        # What fails because it was asked to stop is no failure.
        if self._limits.stop is None and failure is not None:
            self._fail(failure)
        elif self._limits.stop is None:
            status = self._train()
        return self._close(status)

    def _fail(self, failure: dict[str, Any]) -> None:
        self._record.handle({"event": "failure", "failure": failure, "interrupted": False})

    def _warn(self, message: str) -> None:
        self._record.handle({"event": "warning", "message": message})

    def _close(self, status: int) -> int:
        if self._rank is not None and self._rank.leads:
            self._hear_others(self._rank)
        code = self._record.close(status, self._limits.stop)
        self._mirror.finish()
        if self._rank is not None:
            # Others write to the same stdout.
            self._printer.end_line()
        return code

    def _hear_others(self, rank: Rank) -> None:
        """Take the failure of another rank of this machine for the run's, if it came before one of ours."""
        well = self._record.well or self._limits.stop is not None
        # A process that died could not say when.
        ours = self._record.failed_at if well else min(self._record.failed_at, time.time())
        most = float("inf") if well else ranks.PATIENCE
        told = ranks.hear(rank, self._environ, lambda waited: self._limits.stop is None and waited < most)
        if told is not None and told.time <= ours:
            self._fail(told.failure)
        elif self._stopped_by_nobody(rank):
            self._fail(ranks.lost_others())

    def _stopped_by_nobody(self, rank: Rank) -> bool:
        stop = self._limits.stop
        return (
            stop is not None and stop.state == "stopped" and not self._record.well and not rank.asked_to_stop.exists()
        )

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
        environ = child_environment(self._environ, self._layout, self._manifest)
        if self._rank is None or self._rank.leads:
            self._previews.begin()
        ended = self._watch(programs.start(command, environ, wired=True))
        self._previews.end(self._record.handle, self._record.cell)
        self._record.peak_memory = ended.peak_memory
        return ended.status

    def _watch(self, program: Program) -> Ended:
        def told(event: dict[str, Any]) -> None:
            self._handle(event, watch)

        watch = Watch(program, self._limits, self._wakeup, self._record.printed, told, self._tend)
        return watch.until_it_ends()

    def _tend(self) -> float | None:
        """Keep the mirror and tell of previews; return after how many seconds it is to be looked after again."""
        if self._limits.stop is not None and not self._stop_seen:
            # There may not be another occasion.
            self._stop_seen = True
            self._mirror.sync()
        waits = [self._previews.tell(self._record.handle, self._record.cell), self._mirror.tick()]
        return min((wait for wait in waits if wait is not None), default=None)

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
