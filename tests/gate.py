"""A cell on this machine that a test can wait for, and hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.contract.jobs import PATIENCE, until


@dataclass(frozen=True, slots=True)
class Gate:
    """A cell that says that it is there and waits until it may go on; both in files of *folder*."""

    folder: Path

    @property
    def cell(self) -> str:
        return (
            "import pathlib, time\n"
            f"here = pathlib.Path({str(self.folder)!r})\n"
            "(here / 'reached').touch()\n"
            # What a test has left behind does not wait for ever.
            f"end = time.monotonic() + {2 * PATIENCE}\n"
            "while not (here / 'open').exists() and time.monotonic() < end:\n"
            "    time.sleep(0.01)"
        )

    def wait(self) -> None:
        until((self.folder / "reached").exists, "the cell")

    def open(self) -> None:
        (self.folder / "open").touch()
