"""How far a job has come: bars for its cells and epochs on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from alekseylearn.interruptions import shielded
from alekseylearn.progressing import (
    EndedCell,
    Live,
    cell_words,
    ended_words,
    round_words,
    time_left,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

PAUSE = 10.0
"""Seconds between two lines about the epochs of one job, at least."""
SHORT = 1.0
"""Seconds within which a cell is done that is not worth a line."""


def draws(out: Console) -> bool:
    """Tell whether somebody looks at *out* who sees a bar move, whatever was said about colours."""
    return out.file.isatty() and not out.is_dumb_terminal


class CourseLines:
    """Says in lines how far one job has come: each cell that took its time, and the epoch every ten seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said = ""
        self._due: float | None = None

    def lines(self, live: Live | None, ended: tuple[EndedCell, ...]) -> list[str]:
        """Return what is new."""
        told = [ended_words(cell) for cell in ended if cell.seconds >= SHORT]
        words = "" if live is None else round_words(live)
        now = self._clock()
        if live is None or live.epoch is None:
            return told
        # What the job has printed may have told of its first epoch; of a short job nothing need be said.
        self._due = now + PAUSE if self._due is None else self._due
        if words == self._said or now < self._due:
            return told
        self._said, self._due = words, now + PAUSE
        left = time_left(live)
        return [*told, f"{words}, {left}" if left else words]


class CourseBars:
    """Draws one bar for the cells and one for the epochs on the terminal *out*; gone when they are closed."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._drawn: tuple[Progress, TaskID, TaskID] | None = None
        self._began: float | None = None

    def __call__(self, live: Live | None) -> None:
        """Show where the job is; before it begins, and after its end, there is nothing to show."""
        if live is None:
            self.close()
            return
        # Half drawn, or half taken away, the bars would stay where they are.
        with shielded():
            self._draw(live)

    def _draw(self, live: Live) -> None:
        self._drawn = self._drawn or self._make()
        progress, cells, epochs = self._drawn
        done = live.place - (live.cell is not None)
        progress.update(cells, completed=done, total=live.cells or None, description=cell_words(live) or "beginning")
        known = round_words(live)
        total = None if live.epoch is None else live.epochs
        progress.update(
            epochs,
            completed=live.epoch or 0,
            total=total,
            description=", ".join(part for part in (known, time_left(live)) if part),
            visible=bool(known),
        )
        progress.start()

    def above(self, print_lines: Callable[[Iterable[str]], None]) -> Callable[[Iterable[str]], None]:
        """Print lines as *print_lines* does, on the same terminal: the bars make room for them."""

        def printed(lines: Iterable[str]) -> None:
            whole = tuple(lines)
            if whole:
                self._erase()
            print_lines(whole)

        return printed

    def close(self) -> None:
        """Take the bars away."""
        self._erase()
        self._began = None

    def _erase(self) -> None:
        """Take the bars away for now; drawn again, the same ones would rub out what is printed in their place."""
        with shielded():
            if self._drawn is not None:
                self._drawn[0].stop()
            self._drawn = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make(self) -> tuple[Progress, TaskID, TaskID]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(bar_width=24), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        # What the job has printed goes where it belongs: nothing else that is printed is caught.
        progress = Progress(
            *columns,
            console=self._out,
            transient=True,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        tasks = progress.add_task("", total=None), progress.add_task("", total=None)
        self._began = progress.get_time() if self._began is None else self._began
        for task in progress.tasks:
            task.start_time = self._began
        return progress, *tasks
