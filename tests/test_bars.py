"""How far a job has come: bars in a real terminal, which are gone at the end; plain lines where nobody looks."""

from __future__ import annotations

import io
import re
import signal
import sys
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from alekseylearn.cli.bars import PAUSE, CourseBars, CourseLines, draws
from alekseylearn.interruptions import hear_signals
from alekseylearn.progressing import EndedCell, Live
from tests.desk import NOTEBOOK, Bench, command
from tests.gate import Gate
from tests.small import LINE, notebook
from tests.terminal import Screen, Terminal, terminal

if TYPE_CHECKING:
    from _typeshed import TraceFunction

LIVE = Live(cell=14, place=6, cells=9, epoch=7, epochs=20, seconds_left=540.0)
BAR = re.compile("[━╸╺]{10}")


def epochs(gate: Gate) -> bytes:
    """Return a notebook that tells of two epochs, waits at *gate* and tells of the third."""
    told = "print('Epoch 1/3', flush=True)\nprint('Epoch 2/3', flush=True)"
    return notebook(
        [
            ("code", "points = [(x, 3 * x) for x in range(5)]"),
            ("code", LINE),
            ("code", f"{told}\n{gate.cell}\nprint('Epoch 3/3')\nline = Line().fit(points, 3, 0.1)"),
            ("code", "mse = line.losses[-1]\nmse"),
        ]
    )


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Interrupting:
    """Interrupts the main thread at the line number *place* of what draws bars, counted as they are run."""

    FILES = ("bars.py", "live.py", "live_render.py", "progress.py")

    def __init__(self, place: int) -> None:
        self.passed = 0
        self._place = place

    def __enter__(self) -> None:
        self._handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self._unraisable = sys.unraisablehook
        self._traced = sys.gettrace()
        hear_signals()
        sys.settrace(self._called)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._traced)
        sys.unraisablehook = self._unraisable
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _called(self, frame: FrameType, event: str, argument: object) -> TraceFunction | None:
        return self._line if Path(frame.f_code.co_filename).name in self.FILES else None

    def _line(self, frame: FrameType, event: str, argument: object) -> TraceFunction:
        if event == "line":
            if self.passed == self._place:
                signal.raise_signal(signal.SIGINT)
            self.passed += 1
        return self._line


class TestLines:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    def test_a_cell_that_took_its_time_is_told_when_it_ends(self, clock: Clock) -> None:
        ended = (EndedCell(13, 5, 9, 0.3), EndedCell(14, 6, 9, 48.0))
        assert CourseLines(clock).lines(None, ended) == ["cell 14 (6 of 9) done in 48 s"]

    def test_epochs_are_told_now_and_then(self, clock: Clock) -> None:
        lines = CourseLines(clock)
        assert lines.lines(LIVE, ()) == []
        clock.now += PAUSE
        assert lines.lines(LIVE, ()) == ["epoch 7 of 20, about 9 min left"]
        assert lines.lines(replace(LIVE, epoch=8), ()) == []
        clock.now += PAUSE
        assert lines.lines(replace(LIVE, epoch=9, seconds_left=None), ()) == ["epoch 9 of 20"]

    def test_the_same_epoch_is_told_once(self, clock: Clock) -> None:
        lines = CourseLines(clock)
        lines.lines(LIVE, ())
        told = []
        for _ in range(3):
            clock.now += PAUSE
            told += lines.lines(LIVE, ())
        assert told == ["epoch 7 of 20, about 9 min left"]

    def test_steps_alone_are_no_line(self, clock: Clock) -> None:
        lines = CourseLines(clock)
        for _ in range(3):
            clock.now += PAUSE
            assert lines.lines(replace(LIVE, epoch=None, step=512), ()) == []


class TestBars:
    def drawn(self, *lives: Live | None) -> str:
        file = io.StringIO()
        with CourseBars(Console(file=file, force_terminal=True, width=100, color_system=None)) as bars:
            for live in lives:
                bars(live)
        return file.getvalue()

    def test_cells_and_epochs_have_a_bar_each(self) -> None:
        drawn = self.drawn(LIVE)
        assert "cell 14 (6 of 9)" in drawn
        assert "epoch 7 of 20, about 9 min left" in drawn

    @pytest.mark.parametrize(
        ("live", "words"),
        [
            (replace(LIVE, cell=None, place=0, epoch=None), "beginning"),
            (replace(LIVE, cell=None, epoch=None), "6 of 9 cells done"),
            (replace(LIVE, epoch=None, epochs=None, seconds_left=None, step=512), "step 512"),
            (replace(LIVE, cells=0, place=0), "cell 14 (0 of 0)"),
        ],
    )
    def test_what_is_not_known_is_left_out(self, live: Live, words: str) -> None:
        assert words in self.drawn(live)

    def test_nothing_is_drawn_before_it_begins(self) -> None:
        assert self.drawn(None) == ""

    def test_what_is_printed_between_two_looks_stays(self) -> None:
        file = io.StringIO()
        with CourseBars(Console(file=file, force_terminal=True, width=100, color_system=None)) as bars:
            print_lines = bars.above(lambda lines: file.writelines(f"{line}\n" for line in lines))
            for epoch in (1, 2, 3):
                print_lines([f"Epoch {epoch}/3"])
                bars(replace(LIVE, epoch=epoch, epochs=3))
        screen = Screen()
        screen.write(file.getvalue())
        assert screen.text.split() == ["Epoch", "1/3", "Epoch", "2/3", "Epoch", "3/3"]

    def test_an_interruption_at_any_line_of_the_drawing_leaves_no_bar_behind(self) -> None:
        counted = Interrupting(-1)
        assert BAR.search(self.drawn_until(counted)) is None
        assert counted.passed > 300
        for place in range(0, counted.passed, counted.passed // 60):
            assert BAR.search(self.drawn_until(Interrupting(place))) is None, place

    def drawn_until(self, interrupting: Interrupting) -> str:
        """Return what stands on the screen in the end."""
        file = io.StringIO()
        console = Console(file=file, force_terminal=True, width=100, color_system=None)
        with suppress(KeyboardInterrupt), interrupting, CourseBars(console) as bars:
            print_lines = bars.above(lambda lines: file.writelines(f"{line}\n" for line in lines))
            for epoch in (1, 2, 3):
                bars(replace(LIVE, epoch=epoch, epochs=3))
                print_lines([f"Epoch {epoch}/3"])
        screen = Screen()
        screen.write(file.getvalue())
        return screen.text

    def test_a_file_is_no_terminal_whatever_is_said_about_colours(self, tmp_path: Path) -> None:
        with (tmp_path / "out").open("w") as file:
            assert not draws(Console(file=file, force_terminal=True))


class TestInATerminal:
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return Bench.create(tmp_path)

    @pytest.fixture
    def gate(self, tmp_path: Path) -> Gate:
        return Gate(tmp_path)

    def start(self, bench: Bench, *words: str, **environ: str) -> AbstractContextManager[Terminal]:
        plain = {key: value for key, value in bench.desk.environ.items() if key not in ("NO_COLOR", "TERM", "COLUMNS")}
        return terminal(command(words), bench.desk.folder, plain | environ)

    def follow(self, shown: Terminal, gate: Gate) -> None:
        shown.until(lambda it: it.showed("epoch 2 of 3") and it.showed("cell 2 (3 of 4)"), "the bars")
        assert any(BAR.search(line) for line in shown.seen)
        gate.open()

    def test_fit_draws_bars_that_are_gone_at_the_end(self, bench: Bench, gate: Gate) -> None:
        bench.desk.write(NOTEBOOK, epochs(gate))
        with self.start(bench, "fit", NOTEBOOK) as shown:
            self.follow(shown, gate)
            assert shown.end() == 0
        text = shown.screen.text
        assert BAR.search(text.partition("Trained")[0]) is None
        assert re.findall(r"^  (Epoch \d/3)$", text, re.MULTILINE) == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]
        # The cursor that was hidden is there again.
        assert shown.raw.rfind(b"\x1b[?25h") > shown.raw.rfind(b"\x1b[?25l")

    def test_ctrl_c_leaves_no_bar_behind(self, bench: Bench, gate: Gate) -> None:
        bench.desk.write(NOTEBOOK, epochs(gate))
        with self.start(bench, "fit", NOTEBOOK) as shown:
            shown.until(lambda it: it.showed("epoch 2 of 3"), "the bars")
            shown.type("\x03")
            assert shown.end() == 130
        assert BAR.search(shown.screen.text.partition("Stopped")[0]) is None
        assert shown.raw.rfind(b"\x1b[?25h") > shown.raw.rfind(b"\x1b[?25l")

    def test_without_colours_there_are_bars_all_the_same(self, bench: Bench, gate: Gate) -> None:
        bench.desk.write(NOTEBOOK, epochs(gate))
        with self.start(bench, "fit", NOTEBOOK, NO_COLOR="1") as shown:
            self.follow(shown, gate)
            assert shown.end() == 0
        assert b"\x1b[38;" not in shown.raw.partition(b"Trained")[0]

    def test_quiet_is_quiet(self, bench: Bench, gate: Gate) -> None:
        bench.desk.write(NOTEBOOK, epochs(gate))
        gate.open()
        with self.start(bench, "fit", NOTEBOOK, "-q") as shown:
            assert shown.end() == 0
        assert not shown.showed("epoch 2 of 3")

    def test_logs_are_followed_above_the_bars(self, bench: Bench, gate: Gate) -> None:
        bench.desk.write(NOTEBOOK, epochs(gate))
        (told,) = bench.desk.run("fit", NOTEBOOK, "--detach", "--json").document["runs"]
        with self.start(bench, "logs", "-f", told["id"]) as shown:
            self.follow(shown, gate)
            assert shown.end() == 0
        lines = [line for line in shown.screen.text.splitlines() if line]
        assert lines[:3] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]
        assert BAR.search(shown.screen.text) is None
        assert lines[-1] == f"run {told['id']}: succeeded"

    def test_where_nobody_looks_there_are_lines_only(self, bench: Bench, gate: Gate) -> None:
        bench.desk.write(NOTEBOOK, epochs(gate))
        with bench.desk.start("fit", NOTEBOOK) as child:
            gate.wait()
            gate.open()
            _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
        assert BAR.search(err) is None
        assert "\x1b[" not in err
        assert "\r" not in err
        assert "  Epoch 3/3\n" in err


def test_the_screen_of_these_tests_is_one(tmp_path: Path) -> None:
    program = "import sys; sys.stdout.write('one\\ntwo\\r\\x1b[2K\\x1b[1A\\x1b[2Kthree\\b!'); sys.stdout.flush()"
    with terminal([sys.executable, "-c", program], tmp_path, {}) as shown:
        assert shown.end() == 0
    assert shown.screen.text.rstrip() == "thre!"
