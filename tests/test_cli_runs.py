"""`fit --detach`, `runs`, `status`, `logs` and `stop`: runs are looked after by any later process."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.contract.jobs import until
from tests.desk import LONGER, NOTEBOOK, Bench, Done
from tests.gate import Gate
from tests.small import LINE, TRAINS, count, counting, growth, notebook
from tests.test_cli_errors import refuse
from tests.test_cli_fit import RUN_KEYS

CELL = "line = Line()\nline.fit(points, epochs, rate)"
LINES = ["one", "together", "two"]
FAILS = "open('/nowhere/at/all')"


def talking(gate: Gate, *, then: str = "pass", before: str = "pass") -> bytes:
    """Return a notebook that says something, waits at *gate* in its training and says something more."""
    said = "print('one\\nto', end='')\nprint('gether')"
    return notebook(
        [
            ("code", "points = [(x, 3 * x) for x in range(5)]"),
            ("code", LINE),
            ("code", f"{before}\n{said}\n{gate.cell}\nprint('two')\n{then}\nline = Line().fit(points, 3, 0.1)"),
            ("code", "mse = line.losses[-1]\nmse"),
        ]
    )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.create(tmp_path)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def detach(bench: Bench, content: bytes, gate: Gate) -> str:
    """Start the training of *content*, which waits at *gate*, and return the run's id."""
    bench.desk.write(NOTEBOOK, content)
    done = bench.desk.run("fit", NOTEBOOK, "--detach", "--json")
    assert done.code == 0, done.err
    (told,) = done.document["runs"]
    assert told["state"] == "running"
    gate.wait()
    return str(told["id"])


def rows(bench: Bench) -> list[dict[str, Any]]:
    found = bench.desk.run("runs", "--json").document["runs"]
    assert isinstance(found, list)
    return found


def wait_for_end(bench: Bench, run: str) -> None:
    until(lambda: all(row["state"] != "running" for row in rows(bench) if row["id"] == run), "the end of the run")


class TestDetach:
    def test_it_returns_while_the_job_runs_and_a_later_fit_brings_it_home(
        self, bench: Bench, gate: Gate, tmp_path: Path
    ) -> None:
        bench.desk.write(NOTEBOOK, talking(gate, before=counting(tmp_path / "count")))
        done = bench.desk.run("fit", NOTEBOOK, "--detach")
        assert done.code == 0, done.err
        run = done.out.split()[0]
        assert f"alekseylearn logs -f {run}" in done.out
        gate.wait()
        with bench.desk.start("fit", NOTEBOOK, "--json") as later:
            gate.open()
            out, err = later.communicate(timeout=60)
        assert later.returncode == 0, err
        (told,) = json.loads(out)["runs"]
        assert (told["id"], told["state"], count(tmp_path / "count")) == (run, "succeeded", 1)

    def test_only_this_side_is_started_the_base_comes_with_the_next_call(self, bench: Bench, tmp_path: Path) -> None:
        bench.git.commit({NOTEBOOK: growth(before=counting(tmp_path / "count"))})
        bench.git.git("branch", "--force", "main")
        bench.desk.write(NOTEBOOK, growth(LONGER, before=counting(tmp_path / "count")))
        (told,) = bench.desk.run("fit", "--detach", "--json").document["runs"]
        assert set(told) == RUN_KEYS
        assert (told["state"], told["backend"], told["deltas"], told["metrics"]) == ("running", "process", [], {})
        assert told["base"] is None
        wait_for_end(bench, told["id"])
        assert count(tmp_path / "count") == 1
        (compared,) = bench.desk.run("fit", "--json").document["runs"]
        assert (compared["deltas"][0]["verdict"], count(tmp_path / "count")) == ("better", 2)

    def test_one_that_runs_is_not_started_twice_and_one_that_has_ended_is_brought_home(
        self, bench: Bench, gate: Gate, tmp_path: Path
    ) -> None:
        run = detach(bench, talking(gate, before=counting(tmp_path / "count")), gate)
        (again,) = bench.desk.run("fit", NOTEBOOK, "--detach", "--json").document["runs"]
        assert (again["id"], again["state"]) == (run, "running")
        gate.open()
        wait_for_end(bench, run)
        (ended,) = bench.desk.run("fit", NOTEBOOK, "--detach", "--json").document["runs"]
        assert (ended["state"], count(tmp_path / "count")) == ("succeeded", 1)
        assert "mse" in ended["metrics"]

    def test_what_has_a_result_is_told_as_ever(self, bench: Bench) -> None:
        assert bench.desk.run("fit", NOTEBOOK).code == 0
        done = bench.desk.run("fit", NOTEBOOK, "--detach")
        assert (done.code, "logs -f" in done.out) == (0, False)
        assert "growth.ipynb" in done.out

    def test_training_again_on_purpose_waits_for_its_result(self, bench: Bench) -> None:
        refuse(bench.desk, "usage.detach", "fit", "--detach", "--force", code=2)


class TestRuns:
    def test_jobs_that_run_stand_before_the_results(self, bench: Bench, gate: Gate) -> None:
        assert bench.desk.run("fit", NOTEBOOK).code == 0
        run = detach(bench, talking(gate), gate)
        first, second = rows(bench)
        assert (first["id"], first["name"], first["state"]) == (run, "growth", "running")
        assert (first["backend"], first["collected"]) == ("process", False)
        assert first["since"] > second["since"] > 0
        assert first["seconds"] > 0
        assert (second["state"], second["collected"]) == ("succeeded", True)
        shown = bench.desk.run("ps").out.splitlines()
        assert shown[0].split()[:4] == ["Run", "Model", "State", "Since"]
        assert shown[1].split()[:3] == [run, "growth", "running"]
        bench.desk.run("stop", run)

    def test_one_that_ended_while_nobody_looked_is_listed_until_it_is_brought_home(
        self, bench: Bench, gate: Gate
    ) -> None:
        run = detach(bench, talking(gate), gate)
        gate.open()
        wait_for_end(bench, run)
        (row,) = rows(bench)
        assert (row["state"], row["collected"]) == ("succeeded", False)
        assert bench.desk.run("status", run).code == 0
        (row,) = rows(bench)
        assert (row["state"], row["collected"]) == ("succeeded", True)

    def test_an_id_is_whole_in_a_narrow_terminal_too(self, bench: Bench) -> None:
        (told,) = bench.desk.run("fit", NOTEBOOK, "--json").document["runs"]
        assert told["id"] in bench.desk.run("runs", COLUMNS="60").out.split()

    def test_looking_makes_no_folder(self, bench: Bench) -> None:
        bench.desk.run("runs")
        refuse(bench.desk, "usage.run", "status", "abcd", code=2)
        assert not (bench.desk.folder / ".alekseylearn").exists()

    def test_a_backend_that_was_asked_for_must_be_there(self, bench: Bench) -> None:
        refuse(bench.desk, "sm.role", "runs", "--backend", "sagemaker", code=6)
        assert bench.desk.run("runs", "--backend", "process").code == 0


class TestStatus:
    def test_of_a_run_under_way(self, bench: Bench, gate: Gate) -> None:
        run = detach(bench, talking(gate), gate)
        (told,) = bench.desk.run("status", run[:5], "--json").document["runs"]
        assert set(told) == RUN_KEYS
        assert (told["id"], told["name"], told["state"], told["decision"]) == (run, "growth", "running", "train")
        assert told["seconds"] > 0
        shown = bench.desk.run("status", run).out
        assert "running for" in shown
        assert "process: this machine" in shown
        bench.desk.run("stop", run)

    def test_where_it_is(self, bench: Bench, gate: Gate) -> None:
        run = detach(bench, talking(gate, before="print('Epoch 7/20', flush=True)"), gate)

        def live() -> Any:
            return bench.desk.run("status", run, "--json").document["runs"][0]["live"]

        until(lambda: (live() or {}).get("epoch") == 7, "the epoch")
        about = {"cell": 2, "place": 3, "cells": 4, "epoch": 7, "epochs": 20, "step": None, "seconds_left": None}
        assert live() == about
        assert "cell 2 (3 of 4), epoch 7 of 20" in bench.desk.run("status", run).out
        gate.open()
        wait_for_end(bench, run)
        assert live() is None

    def test_of_one_that_ended_says_how_and_keeps_what_it_left(self, bench: Bench, gate: Gate) -> None:
        run = detach(bench, talking(gate), gate)
        gate.open()
        wait_for_end(bench, run)
        (told,) = bench.desk.run("status", run, "--json").document["runs"]
        assert (told["state"], told["decision"]) == ("succeeded", "reuse")
        assert "mse" in told["metrics"]
        (again,) = bench.desk.run("status", run, "--json").document["runs"]
        assert again == told
        assert bench.desk.run("fetch", run, "--to", "home").code == 0
        assert (bench.desk.folder / "home" / "model.pkl").is_file()

    def test_of_one_that_failed_tells_where_before_and_after_it_was_brought_home(
        self, bench: Bench, gate: Gate
    ) -> None:
        run = detach(bench, talking(gate, then=FAILS), gate)
        gate.open()
        wait_for_end(bench, run)
        for _ in range(2):
            (told,) = bench.desk.run("status", run, "--json").document["runs"]
            assert (told["state"], told["failure"]["cell"]) == ("failed", 2)
            assert told["failure"]["exception"] == "FileNotFoundError"
        shown = bench.desk.run("status", run).out
        assert "cell 2: FileNotFoundError: " in shown
        assert str(Path(".alekseylearn") / "failed" / run) in shown
        assert bench.desk.run("fetch", run, "--to", "home").code == 0
        assert (bench.desk.folder / "home" / "growth.executed.ipynb").is_file()

    def test_a_configuration_that_does_not_hold_is_no_hindrance(self, bench: Bench, gate: Gate) -> None:
        run = detach(bench, talking(gate), gate)
        bench.desk.write("alekseylearn.yml", "modles: {}\n")
        assert bench.desk.run("status", run).code == 0
        assert bench.desk.run("stop", run).code == 0

    def test_a_beginning_that_several_share_names_them(self, bench: Bench) -> None:
        results = bench.desk.folder / ".alekseylearn" / "results"
        assert bench.desk.run("fit", NOTEBOOK).code == 0
        (row,) = rows(bench)
        other = row["digest"][:4] + ("0" if row["digest"][4] != "0" else "1") * 60
        source = results / row["digest"][:2] / row["digest"]
        target = source.with_name(other)
        for path in sorted(source.rglob("*")):
            if path.is_file():
                copy = target / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes().replace(row["digest"].encode(), other.encode()))
        done = refuse(bench.desk, "run.ambiguous", "status", row["digest"][:4])
        assert row["id"] in done.err
        assert other[:12] in done.err
        assert bench.desk.run("status", row["digest"][:5]).code == 0

    @pytest.mark.parametrize("command", ["status", "logs", "stop", "cancel"])
    def test_what_is_no_run(self, bench: Bench, command: str) -> None:
        refuse(bench.desk, "run.unknown", command, "abc", code=2)
        refuse(bench.desk, "run.unknown", command, "../../etc", code=2)
        refuse(bench.desk, "usage.run", command, "abcd", code=2)


class TestLogs:
    def test_what_it_has_printed_by_now(self, bench: Bench, gate: Gate) -> None:
        run = detach(bench, talking(gate), gate)
        until(lambda: bench.desk.run("logs", run).out.splitlines() == LINES[:2], "the lines")
        assert bench.desk.run("logs", run).code == 0
        bench.desk.run("stop", run)

    @pytest.mark.parametrize(("then", "code", "state"), [("pass", 0, "succeeded"), (FAILS, 4, "failed")])
    def test_followed_to_the_end_every_line_comes_once_and_the_exit_code_is_the_runs(
        self, bench: Bench, gate: Gate, then: str, code: int, state: str
    ) -> None:
        run = detach(bench, talking(gate, then=then), gate)
        with bench.desk.start("logs", "-f", run) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            assert child.stdout.readline() == "one\n"
            gate.open()
            out, err = child.stdout.read(), child.stderr.read()
            child.wait(timeout=60)
        assert (child.returncode, out.splitlines()[:2]) == (code, LINES[1:])
        assert err == f"run {run}: {state}\n"
        assert bench.desk.run("logs", "-f", run).code == code
        assert bench.desk.run("status", run).code == 0
        kept = bench.desk.run("logs", "-f", run)
        assert (kept.code, kept.out.splitlines()) == (code, ["one", *out.splitlines()])
        assert bench.desk.run("logs", run).code == 0

    def test_one_that_another_process_brings_home_meanwhile_is_told_to_the_end(self, bench: Bench, gate: Gate) -> None:
        run = detach(bench, talking(gate), gate)
        with bench.desk.start("logs", "-f", run) as child, bench.desk.start("fit", NOTEBOOK) as other:
            gate.open()
            other.communicate(timeout=60)
            out, err = child.communicate(timeout=60)
        assert (child.returncode, out.splitlines()[:3]) == (0, LINES), err
        assert len(out.splitlines()) == len(set(out.splitlines()))

    def test_ctrl_c_stops_following_and_not_the_job(self, bench: Bench, gate: Gate) -> None:
        run = detach(bench, talking(gate), gate)
        with bench.desk.start("logs", "-f", run) as child:
            assert child.stdout is not None
            child.stdout.readline()
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=60)
        assert child.returncode == 130
        assert err == f"run {run} goes on: `alekseylearn stop {run}` stops it\n"
        assert rows(bench)[0]["state"] == "running"
        bench.desk.run("stop", run)

    def test_what_would_steer_the_terminal_is_taken_out(self, bench: Bench) -> None:
        bench.desk.write(NOTEBOOK, growth({TRAINS: r"print('\x1b[31mred\x1b[0m \x1b]0;title\x07')" + f"\n{CELL}"}))
        (told,) = bench.desk.run("fit", NOTEBOOK, "--json").document["runs"]
        assert bench.desk.run("logs", told["id"]).out.splitlines()[0] == "red "


class TestStop:
    @pytest.mark.parametrize("word", ["stop", "cancel"])
    def test_it_keeps_what_the_run_had_and_says_so(self, bench: Bench, gate: Gate, word: str) -> None:
        run = detach(bench, talking(gate), gate)
        done = bench.desk.run(word, run)
        assert done.code == 0, done.err
        assert f"run {run} is asked to stop" in done.err
        assert "stopped after" in done.out
        assert "growth.executed.ipynb" in done.out
        assert rows(bench) == []
        assert bench.desk.run("logs", "-f", run).code == 7

    def test_one_that_has_ended_is_left_as_it_is(self, bench: Bench, gate: Gate) -> None:
        run = detach(bench, talking(gate), gate)
        gate.open()
        wait_for_end(bench, run)
        for _ in range(2):
            done: Done = bench.desk.run("stop", run, "--json")
            assert (done.code, done.err) == (0, f"run {run} has ended already: succeeded\n")
            assert done.document["runs"][0]["state"] == "succeeded"

    def test_ctrl_c_while_it_saves_leaves_it_to_that(self, bench: Bench, gate: Gate, tmp_path: Path) -> None:
        hold = "import os\nopen(here / 'pid', 'w').write(str(os.getpid()))"
        slow = (
            f"import pathlib, time\nhere = pathlib.Path({str(tmp_path)!r})\n{hold}\n(here / 'reached').touch()\n"
            "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    (here / 'saving').touch()\n    time.sleep(3)"
        )
        run = detach(bench, growth({TRAINS: f"{slow}\n{CELL}"}), gate)
        with bench.desk.start("stop", run) as child:
            until((tmp_path / "saving").exists, "the cell that saves")
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        assert (child.returncode, out) == (130, "")
        assert "Traceback" not in err
        wait_for_end(bench, run)
        (row,) = rows(bench)
        assert row["state"] == "stopped"
        assert not is_alive(int((tmp_path / "pid").read_text()))


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
