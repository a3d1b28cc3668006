"""How far an image has come is drawn in a terminal, said now and then elsewhere, and in neither place for ever."""

from __future__ import annotations

import io
import itertools

import pytest
from rich.console import Console

from alekseylearn.cli.transfers import TransferBar, TransferLines
from alekseylearn.transfers import Transfer

GB = 10**9


def pulled(done: float, total: float = 4 * GB, name: str = "pytorch:2.13") -> Transfer:
    return Transfer(name=name, done=int(done), total=int(total))


class TestLines:
    def test_one_at_once_and_then_one_every_ten_seconds(self) -> None:
        said: list[str] = []
        seconds = itertools.count()
        lines = TransferLines(said.append, clock=lambda: float(next(seconds)))
        for done in range(21):
            lines(pulled(done * 0.1 * GB))
        assert said == [
            "pulling pytorch:2.13 … 0 B of 4.0 GB",
            "pulling pytorch:2.13 … 1.0 of 4.0 GB",
            "pulling pytorch:2.13 … 2.0 of 4.0 GB",
        ]

    def test_another_image_is_told_at_once(self) -> None:
        said: list[str] = []
        lines = TransferLines(said.append, clock=lambda: 0.0)
        for name in ("one", "one", "two"):
            lines(pulled(5, 0, name))
        assert said == ["pulling one … 5 B", "pulling two … 5 B"]


def terminal(text: io.StringIO) -> Console:
    return Console(file=text, force_terminal=True, width=100, color_system=None, legacy_windows=False)


class TestBar:
    def test_where_nobody_looks_it_is_lines(self) -> None:
        text = io.StringIO()
        with TransferBar(Console(file=text, width=40), clock=lambda: 0.0) as bar:
            bar(pulled(1.2 * GB, name="registry.example/very/long/name/of/an/image:latest"))
            bar(pulled(2 * GB, name="registry.example/very/long/name/of/an/image:latest"))
        assert text.getvalue() == "pulling registry.example/very/long/name/of/an/image:latest … 1.2 of 4.0 GB\n"

    @pytest.mark.parametrize("ends", [4 * GB, 2 * GB])
    def test_it_is_gone_when_the_transfer_is_done_or_given_up(self, ends: int) -> None:
        text = io.StringIO()
        with TransferBar(terminal(text)) as bar:
            bar(pulled(GB, 0))
            bar(pulled(GB))
            bar(pulled(ends))
        shown = text.getvalue()
        assert "pulling pytorch:2.13" in shown
        assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1
        assert shown.endswith("\x1b[2K")

    def test_the_next_image_has_a_bar_of_its_own(self) -> None:
        text = io.StringIO()
        with TransferBar(terminal(text)) as bar:
            bar(pulled(GB, name="one"))
            bar(pulled(GB, name="[bold]two"))
        assert "pulling one" in text.getvalue()
        assert "pulling [bold]two" in text.getvalue()
