"""How far an image or another large thing has come: a bar in the terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from alekseylearn.interruptions import shielded
from alekseylearn.text import clean, size
from alekseylearn.transfers import Transfer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

PAUSE = 10.0
"""Seconds between two lines about the same transfer."""


class TransferLines:
    """Says every ten seconds how far a transfer has come: `pulling pytorch:2.13 … 1.2 of 4.0 GB`.

    *doing* is the first word.
    """

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic, doing: str = "pulling"
    ) -> None:
        self._say = say
        self._doing = doing
        self._clock = clock
        self._name = ""
        self._said = 0.0

    def __call__(self, transfer: Transfer) -> None:
        """Hear of a transfer."""
        now = self._clock()
        if transfer.name == self._name and now - self._said < PAUSE:
            return
        self._name, self._said = transfer.name, now
        self._say(f"{self._doing} {clean(transfer.name)} … {_amount(transfer)}")


class TransferBar:
    """Draws a bar on the terminal *out*, which is gone when the transfer is done; lines where *out* is none."""

    def __init__(self, out: Console, clock: Callable[[], float] = time.monotonic, doing: str = "pulling") -> None:
        self._out = out
        self._doing = doing
        self._lines = TransferLines(lambda line: out.print(line, markup=False, soft_wrap=True), clock, doing)
        self._name = ""
        self._drawn: tuple[Progress, TaskID] | None = None

    def __call__(self, transfer: Transfer) -> None:
        """Hear of a transfer."""
        if not self._out.is_terminal:
            self._lines(transfer)
            return
        if transfer.name != self._name:
            self.close()
        progress, task = self._drawn or self._draw(transfer)
        progress.update(task, completed=transfer.done, total=transfer.total or None)
        if 0 < transfer.total <= transfer.done:
            self.close()

    def close(self) -> None:
        """Take the bar away, whatever became of the transfer."""
        with shielded():
            if self._drawn is not None:
                self._drawn[0].stop()
            self._drawn, self._name = None, ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _draw(self, transfer: Transfer) -> tuple[Progress, TaskID]:
        from rich.markup import escape
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        progress = Progress(*columns, console=self._out, transient=True)
        task = progress.add_task(f"{self._doing} {escape(clean(transfer.name, 60))}", total=None)
        with shielded():
            progress.start()
            self._name, self._drawn = transfer.name, (progress, task)
        return progress, task


def _amount(transfer: Transfer) -> str:
    done, total = size(transfer.done), size(transfer.total)
    if not transfer.total:
        return done
    amount, _, unit = done.partition(" ")
    return f"{amount if total.endswith(f' {unit}') else done} of {total}"
