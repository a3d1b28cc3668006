"""What goes on around a job that is waited for: where it runs, each phase as it begins, how far it has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from alekseylearn.cli.bars import CourseBars, CourseLines, draws
from alekseylearn.interruptions import shielded
from alekseylearn.text import clean_block
from alekseylearn.training import Progress

if TYPE_CHECKING:
    from rich.console import Console


class Phases:
    """Remembers what was said of each job; *clock* is monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, str] = {}
        self._begun: set[str] = set()
        self._courses: dict[str, CourseLines] = {}

    def begins(self, progress: Progress) -> bool:
        """Tell whether this is the first that is heard of the job; only once."""
        new = progress.job.digest not in self._begun
        self._begun.add(progress.job.digest)
        return new

    def lines(self, progress: Progress) -> list[str]:
        """Say what is new: the job's page when it is first heard of, and a phase that it was not in before."""
        digest = progress.job.digest
        # How long it has lasted grows with each look.
        phase = progress.phase.partition(",")[0]
        before = self._known.get(digest)
        self._known[digest] = phase
        told = [progress.handle.url] if before is None and progress.handle.url else []
        return [*told, phase] if phase and phase != before else told

    def steps(self, progress: Progress) -> list[str]:
        """Say how far the job has come: cells that have ended, and its epoch now and then."""
        course = self._courses.setdefault(progress.job.digest, CourseLines(self._clock))
        return course.lines(progress.live, progress.ended)


class Watcher:
    """Shows a job's log as it comes, what goes on around it and how far it is, under a line that says which job it is.

    On a terminal the rest of the way is drawn as bars, which are gone at the end. *quiet* leaves all but phases out.
    """

    def __init__(self, out: Console, *, quiet: bool) -> None:
        self._out = out
        self._quiet = quiet
        self._phases = Phases()
        self._bars = CourseBars(out) if draws(out) and not quiet else None

    def __call__(self, progress: Progress) -> None:
        """Hear of a job."""
        job, out = progress.job, self._out
        if self._phases.begins(progress):
            # Those of a job that could not be waited for to its end.
            self._close()
            seed = f", seed {job.seed}" if job.repeats > 1 else ""
            out.print(f"[bold]training[/] {job.name} (run {job.run}, {job.backend}{seed})")
        for line in self._phases.lines(progress):
            out.print(f"  {line}", markup=False, soft_wrap=True)
        if not self._quiet:
            self._show(progress)

    def _show(self, progress: Progress) -> None:
        from rich.text import Text

        for line in progress.lines:
            # A style of the whole output would be that of the bars, too.
            with shielded():
                # Above the bars, which it moves: cut in two, it would lose count of the lines that they take.
                self._out.print(Text(f"  {clean_block(line)}", style="dim"), soft_wrap=True)
        if self._bars is not None:
            self._bars(None if progress.state.ended else progress.live)
            return
        for line in self._phases.steps(progress):
            self._out.print(f"  {line}", markup=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._bars is not None:
            self._bars.close()
