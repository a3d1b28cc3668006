"""`fit` on real repositories: what is trained, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.contract.jobs import until
from tests.desk import LONGER, NOTEBOOK, Bench, lone_desk
from tests.gate import Gate
from tests.small import EPOCHS, LINE, PROSE, TRAINS, count, counting, growth, notebook

RUN_KEYS = {
    *("id", "name", "notebook", "digest", "backend", "decision", "reason", "state", "metrics", "base", "deltas"),
    *("gates", "artifacts", "seconds", "cost", "failure", "refused", "phase", "url", "live", "repeats"),
    "differences",
}


@pytest.fixture
def counted(tmp_path: Path) -> Path:
    return tmp_path / "count"


@pytest.fixture
def bench(tmp_path: Path, counted: Path) -> Bench:
    """Return a repository whose notebook tells how often it was trained."""
    return Bench.create(tmp_path, growth(before=counting(counted)))


@pytest.fixture
def change(bench: Bench, counted: Path) -> None:
    bench.desk.write(NOTEBOOK, growth(LONGER, before=counting(counted)))


@pytest.mark.usefixtures("change")
class TestWhatIsTrained:
    def test_a_change_is_trained_on_both_sides_and_compared(self, bench: Bench, counted: Path) -> None:
        done = bench.desk.run("fit")
        assert done.code == 0, done.err
        assert count(counted) == 2
        assert "✅ Trained growth.ipynb: mse 0.4702, better by 0.4249 than main" in done.out
        assert "training growth (run" in done.err
        report = bench.desk.folder / ".alekseylearn" / "last" / "report.html"
        assert f"Report: {report}" in done.err
        assert report.is_file()
        assert bench.git.git("status", "--porcelain") == f" M {NOTEBOOK}"

    def test_json_is_one_document_in_the_shape_that_scripts_rely_on(self, bench: Bench) -> None:
        done = bench.desk.run("fit", "--json")
        document = done.document
        assert set(document) == {"base", "head", "runs"}
        assert document["base"] == {"name": "main", "sha": bench.git.git("rev-parse", "main")}
        (told,) = document["runs"]
        assert set(told) == RUN_KEYS
        assert told["id"] == told["digest"][:12]
        assert (told["name"], told["notebook"], told["backend"]) == ("growth", NOTEBOOK, "process")
        assert (told["decision"], told["state"], told["failure"]) == ("train", "succeeded", None)
        assert told["metrics"]["mse"] == pytest.approx(0.47024975)
        assert set(told["base"]) == {"digest", "state", "backend", "metrics", "artifacts"}
        (delta,) = told["deltas"]
        assert delta == {
            "name": "mse",
            "base": told["base"]["metrics"]["mse"],
            "head": told["metrics"]["mse"],
            "verdict": "better",
            "guessed": True,
            "noise": None,
        }
        assert {item["name"] for item in told["artifacts"]} >= {"model.pkl", "growth.executed.ipynb", "metrics.jsonl"}
        for item in told["artifacts"]:
            assert set(item) == {"name", "path", "url", "size", "sha256"}
        assert "✅ Trained growth.ipynb" in done.err

    def test_a_result_is_never_trained_again(self, bench: Bench, counted: Path) -> None:
        first = bench.desk.run("fit", "--json").document["runs"][0]
        second = bench.desk.run("fit", "--json").document["runs"][0]
        assert count(counted) == 2
        assert (first["decision"], second["decision"]) == ("train", "reuse")
        assert second["metrics"] == first["metrics"]
        assert second["base"] == first["base"]

    def test_force_trains_head_again_and_keeps_the_base(self, bench: Bench, counted: Path) -> None:
        bench.desk.run("fit")
        forced = bench.desk.run("fit", "--force", "--json").document["runs"][0]
        assert count(counted) == 3
        assert (forced["decision"], forced["reason"]) == ("train", "asked for with --force")

    def test_a_dry_run_starts_nothing_and_stores_nothing(self, bench: Bench, counted: Path) -> None:
        told = bench.desk.run("fit", "--dry-run", "--json").document["runs"][0]
        assert (told["decision"], told["state"], told["metrics"]) == ("train", "none", {})
        assert count(counted) == 0
        assert bench.desk.run("runs", "--json").document == {"runs": []}

    def test_parameters_are_set_for_head_and_make_another_run(self, bench: Bench) -> None:
        plain = bench.desk.run("fit", "--json").document["runs"][0]
        set_ = bench.desk.run("fit", "-p", "epochs", "3", "--json").document["runs"][0]
        assert set_["digest"] != plain["digest"]
        assert set_["metrics"]["mse"] > plain["metrics"]["mse"]
        assert set_["base"] == plain["base"]

    def test_another_base_may_be_named(self, bench: Bench, counted: Path) -> None:
        between = bench.git.commit({NOTEBOOK: growth({EPOCHS: "epochs = 100\nrate = 0.05"}, before=counting(counted))})
        bench.desk.write(NOTEBOOK, growth(LONGER, before=counting(counted)))
        document = bench.desk.run("fit", "--base", "HEAD", "--json").document
        assert document["base"] == {"name": "HEAD", "sha": between}
        assert document["runs"][0]["base"]["metrics"]["mse"] == pytest.approx(0.53, abs=0.2)


class TestNamedNotebooks:
    def test_prose_starts_nothing(self, bench: Bench, counted: Path) -> None:
        bench.desk.write(NOTEBOOK, growth({PROSE: "# Other"}, before=counting(counted)))
        done = bench.desk.run("fit")
        assert (done.code, count(counted)) == (0, 0)
        assert "Nothing to train" in done.out

    def test_a_named_notebook_is_trained_although_nothing_changed_but_once(self, bench: Bench, counted: Path) -> None:
        first, second = (bench.desk.run("fit", NOTEBOOK, "--json").document["runs"][0] for _ in range(2))
        assert (first["decision"], second["decision"]) == ("train", "reuse")
        assert count(counted) == 1
        assert first["deltas"][0]["verdict"] == "same"

    def test_a_model_of_the_configuration_may_be_named(self, bench: Bench) -> None:
        bench.desk.write("alekseylearn.yml", "models: {slow: {notebook: growth.ipynb}}\n")
        told = bench.desk.run("fit", "slow", "--json").document["runs"][0]
        assert (told["name"], told["notebook"]) == ("slow", NOTEBOOK)

    def test_what_is_neither_is_named_with_what_there_is(self, bench: Bench) -> None:
        bench.desk.write("alekseylearn.yml", "models: {slow: {notebook: growth.ipynb}}\n")
        done = bench.desk.run("fit", "fast")
        assert (done.code, done.out) == (2, "")
        assert done.err.splitlines() == [
            "error[usage.notebook]: 'fast' is neither a notebook nor a model of alekseylearn.yml",
            "  fix:   models: slow",
        ]

    def test_a_notebook_outside_a_repository_is_trained_alone(self, tmp_path: Path) -> None:
        alone = lone_desk(tmp_path / "alone")
        alone.write(NOTEBOOK, growth())
        document = alone.run("fit", NOTEBOOK, "--json").document
        assert document["runs"][0]["state"] == "succeeded"
        assert document["runs"][0]["base"] is None


class TestHowItEnds:
    def test_a_failing_cell_is_told_and_nothing_is_stored(self, bench: Bench) -> None:
        bench.desk.write(NOTEBOOK, growth({TRAINS: "line = Line()\nline.fit(points, 'many', rate)"}))
        done = bench.desk.run("fit", "--json")
        assert done.code == 4
        failure = done.document["runs"][0]["failure"]
        assert (failure["cell"], failure["exception"]) == (TRAINS, "TypeError")
        assert "'many'" not in failure["message"]
        assert "line.fit(points, 'many', rate)" in failure["traceback"]
        assert f"cell {TRAINS}" in done.err
        assert bench.desk.run("runs", "--json").document == {"runs": []}
        assert bench.desk.run("fit").code == 4, "a failure is no result"

    def test_a_missed_gate_keeps_the_result_and_fails(self, bench: Bench) -> None:
        bench.desk.write("alekseylearn.yml", "models: {g: {notebook: growth.ipynb, gates: {mse: '< 0.125'}}}\n")
        done = bench.desk.run("fit", NOTEBOOK, "--json")
        assert done.code == 5
        told = done.document["runs"][0]
        assert (told["state"], told["gates"]) == ("succeeded", [{"gate": "mse < 0.125", "passed": False}])
        assert len(bench.desk.run("runs", "--json").document["runs"]) == 1

    def test_a_missing_package_is_named_before_anything_is_trained(self, bench: Bench, counted: Path) -> None:
        bench.desk.write(NOTEBOOK, growth({1: "import math\nimport no_such_package"}, before=counting(counted)))
        done = bench.desk.run("fit", NOTEBOOK)
        assert (done.code, count(counted)) == (6, 0)
        last = done.err[done.err.index("error[") :].splitlines()
        assert last[0].startswith("error[env.missing]: cell 1 imports `no_such_package`")
        assert len(last) <= 5

    def test_the_time_limit_ends_it(self, bench: Bench) -> None:
        bench.desk.write(NOTEBOOK, growth({TRAINS: "line = Line()\nwhile True: line.fit(points, epochs, rate)"}))
        done = bench.desk.run("fit", "--timeout", "1s", "--json")
        assert done.code == 7
        assert done.document["runs"][0]["state"] == "timed-out"
        assert bench.desk.run("runs", "--json").document == {"runs": []}

    @pytest.mark.parametrize(
        "words", [["-p", "a b", "1"], ["--timeout", "soon"], ["--backend", "cloud"], ["--no-such"], ["-p", "epochs"]]
    )
    def test_wrong_usage_is_told_in_one_error(self, bench: Bench, words: list[str]) -> None:
        done = bench.desk.run("fit", *words)
        assert (done.code, done.out) == (2, "")
        assert "Traceback" not in done.err


class TestInterruptions:
    def test_ctrl_c_stops_the_job_too(self, bench: Bench, tmp_path: Path) -> None:
        bench.desk.write(NOTEBOOK, waiting(gate := Gate(tmp_path), tmp_path))
        with bench.desk.start("fit", NOTEBOOK) as child:
            gate.wait()
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        assert child.returncode == 130
        assert "error[run.stopped]" in err
        assert "Traceback" not in out + err
        job = int((tmp_path / "pid").read_text())
        until(lambda: not is_alive(job), "the end of the job")
        assert bench.desk.run("runs", "--json").document == {"runs": []}

    def test_being_asked_to_end_is_the_same(self, bench: Bench, tmp_path: Path) -> None:
        bench.desk.write(NOTEBOOK, waiting(gate := Gate(tmp_path), tmp_path))
        with bench.desk.start("fit", NOTEBOOK, "--json") as child:
            gate.wait()
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=60)
        assert child.returncode == 130
        job = int((tmp_path / "pid").read_text())
        until(lambda: not is_alive(job), "the end of the job")

    def test_a_job_whose_client_was_killed_is_picked_up_and_trained_once(self, bench: Bench, tmp_path: Path) -> None:
        bench.desk.write(NOTEBOOK, waiting(gate := Gate(tmp_path), tmp_path))
        with bench.desk.start("fit", NOTEBOOK) as child:
            gate.wait()
            child.kill()
            child.communicate(timeout=60)
        with bench.desk.start("fit", NOTEBOOK, "--json") as second:
            assert second.stderr is not None
            assert second.stderr.readline().startswith("training growth (run ")
            gate.open()
            out, err = second.communicate(timeout=60)
        assert second.returncode == 0, err
        assert count(tmp_path / "reached-by") == 1
        assert json.loads(out)["runs"][0]["state"] == "succeeded"

    def test_a_job_that_ended_while_nobody_looked_is_brought_home(self, bench: Bench, tmp_path: Path) -> None:
        bench.desk.write(NOTEBOOK, waiting(gate := Gate(tmp_path), tmp_path))
        with bench.desk.start("fit", NOTEBOOK) as child:
            gate.wait()
            child.kill()
            child.communicate(timeout=60)
        gate.open()
        job = int((tmp_path / "pid").read_text())
        until(lambda: not is_alive(job), "the end of the job")
        done = bench.desk.run("fit", NOTEBOOK, "--json")
        assert done.code == 0, done.err
        assert count(tmp_path / "reached-by") == 1


def waiting(gate: Gate, folder: Path) -> bytes:
    """Return a notebook whose training waits at *gate*, and leaves its process's number and a count in *folder*."""
    tell = f"import os\nopen({str(folder / 'pid')!r}, 'w').write(str(os.getpid()))\n{counting(folder / 'reached-by')}"
    return notebook(
        [
            ("code", "points = [(x, 3 * x) for x in range(5)]"),
            ("code", f"{LINE}\n"),
            ("code", f"{tell}\n{gate.cell}\nline = Line().fit(points, 3, 0.1)"),
            ("code", "mse = line.losses[-1]\nmse"),
        ]
    )


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
