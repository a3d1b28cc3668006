"""The magics in a real kernel, as an editor drives it: messages with cells' ids, interruptions, a kernel that ends."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from alekseylearn import live_fits
from alekseylearn.cli.place import HOME_NAME
from alekseylearn.ipython import HOME_NAME as LIVE_HOME_NAME
from tests.contract.jobs import until
from tests.desk import LONGER, NOTEBOOK, Bench, lone_desk
from tests.gate import Gate
from tests.small import CELLS, EPOCHS, LINE, TRAINS, growth, notebook

PATIENCE = 120


@dataclass(slots=True)
class Answer:
    """What a cell has brought: how it ended, what it printed, what it showed."""

    status: str
    out: str = ""
    err: str = ""
    shown: Mapping[str, str] = field(default_factory=dict)
    tracebacks: int = 0

    @property
    def text(self) -> str:
        return self.shown.get("text/plain", "")


@dataclass(slots=True)
class Live:
    """A kernel, and a notebook in a repository that is open in it."""

    manager: KernelManager
    client: BlockingKernelClient
    bench: Bench

    @property
    def home(self) -> Path:
        return self.bench.desk.folder / HOME_NAME

    def run(self, code: str, **metadata: object) -> Answer:
        """Run one cell; *metadata* is what an editor tells of it."""
        client = self.client
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
            "stop_on_error": True,
        }  # fmt: skip
        message = client.session.msg("execute_request", content, metadata=metadata)
        client.shell_channel.send(message)
        answer, asked = Answer("unknown"), message["header"]["msg_id"]
        while True:
            told = client.get_iopub_msg(timeout=PATIENCE)
            if told["parent_header"].get("msg_id") != asked:
                continue
            if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                break
            self._take(answer, told["msg_type"], told["content"])
        while True:
            reply = client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == asked:
                answer.status = reply["content"]["status"]
                return answer

    def _take(self, answer: Answer, kind: str, content: Mapping[str, Any]) -> None:
        if kind == "stream":
            answer.out += content["text"] if content["name"] == "stdout" else ""
            answer.err += content["text"] if content["name"] == "stderr" else ""
        elif kind in ("execute_result", "display_data"):
            answer.shown = content["data"]
        elif kind == "error":
            answer.tracebacks += 1

    def good(self, code: str, **metadata: object) -> Answer:
        answer = self.run(code, **metadata)
        assert answer.status == "ok", answer
        return answer

    def open(self, bench: Bench) -> Live:
        """Open the notebook of *bench*, as a server does; nothing of another one is left."""
        self.bench = bench
        folder = bench.desk.folder
        self.good(f"%reset -f\nimport os\nos.chdir({str(folder)!r})\n__session__ = {str(folder / NOTEBOOK)!r}")
        self.good("%reload_ext alekseylearn")
        return self

    def ended(self, run: str) -> None:
        """Wait until the background fit of *run* has ended."""
        fit = live_fits.find(self.home, run)
        assert fit is not None
        until(lambda: not fit.alive, "the fit's end")


def begin(bench: Bench) -> Live:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(bench.desk.folder))
    return Live(manager, client, bench)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    live = begin(Bench.create(tmp_path_factory.mktemp("first")))
    yield live
    live.client.stop_channels()
    live.manager.shutdown_kernel(now=True)


@pytest.fixture
def live(kernel: Live, tmp_path: Path) -> Live:
    """Return the kernel with a notebook of its own, which differs from its base."""
    bench = Bench.create(tmp_path)
    bench.desk.write(NOTEBOOK, growth(LONGER))
    return kernel.open(bench)


def run_of(answer: Answer) -> str:
    match = re.search(r"run ([0-9a-f]{12})", answer.text)
    assert match is not None, answer
    return match[1]


class TestLooking:
    def test_the_slice_of_the_own_notebook_is_shown(self, live: Live) -> None:
        told = live.good("%slice").out
        assert "growth.ipynb: 6 of 8 code cells are needed" in told
        assert "left out" not in told
        assert "left out: only shows something" in live.good("%slice --why").out
        assert live.good("%slice growth.ipynb").out == told

    def test_nothing_of_ours_is_loaded_that_a_notebook_does_not_need(self, live: Live) -> None:
        live.good("%runs")
        live.good("import sys")
        found = live.good(
            "sorted({'boto3', 'botocore', 'docker', 'nbdime', 'pydantic', 'click', 'rich'} & {*sys.modules})"
        )
        assert found.text == "[]"

    def test_help_is_there_as_for_any_magic(self, live: Live) -> None:
        told = live.good("get_ipython().find_line_magic('fit').__doc__").text
        assert "--backend" in told

    def test_no_runs_are_told_as_such(self, live: Live) -> None:
        assert live.good("%runs").text == "No runs here yet: %fit makes the first."


class TestTraining:
    def test_fit_returns_while_the_training_goes_on_and_what_came_of_it_is_told_later(
        self, live: Live, tmp_path: Path
    ) -> None:
        gate = Gate(tmp_path)
        live.bench.desk.write(NOTEBOOK, growth(LONGER, before=gate.cell))
        begun = live.good("%fit")
        run = run_of(begun)
        assert "training growth in the background" in begun.text
        gate.wait()
        assert "running" in live.good("%status").text
        assert run in live.good("%runs").text
        again = live.run("%fit")
        assert (again.status, "error[run.running]" in again.err) == ("error", True)
        gate.open()
        live.ended(run)
        told = live.good(f"%status {run[:5]}")
        assert told.text.splitlines()[:3] == [
            f"growth, run {run}: succeeded",
            "Metric  Base    This version  Change",
            "mse     0.8951  0.4702        better by 0.4249",
        ]
        assert "<td" in told.shown["text/html"]
        assert "has a result already" in live.good("%fit").text
        assert f"{run}  growth  succeeded" in live.good("%runs").text

    def test_parameters_and_the_base_reach_the_training(self, live: Live) -> None:
        live.good("n = 3")
        run = run_of(live.good("%fit growth.ipynb -p epochs {n} --base HEAD --backend process"))
        live.ended(run)
        fit = live_fits.find(live.home, run)
        assert fit is not None
        assert fit.outcome["base"]["name"] == "HEAD"
        assert float(fit.outcome["runs"][0]["metrics"]["mse"]) > 1

    def test_a_model_of_the_configuration_is_named_by_its_name(self, live: Live) -> None:
        live.bench.desk.write("alekseylearn.yml", "models: {slow: {notebook: growth.ipynb}}\n")
        begun = live.good("%fit slow")
        live.ended(run_of(begun))
        assert "training slow in the background" in begun.text

    def test_stop_keeps_what_the_training_has(self, live: Live, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        live.bench.desk.write(NOTEBOOK, growth(LONGER, before=gate.cell))
        run = run_of(live.good("%fit"))
        gate.wait()
        assert live.good("%stop").out == f"run {run} is stopped\n"
        assert "stopped" in live.good(f"%status {run}").text.splitlines()[0]

    def test_a_training_that_fails_is_told_with_its_cell(self, live: Live) -> None:
        live.bench.desk.write(NOTEBOOK, growth({TRAINS: "line = Line()\nline.fit(points, 'many', rate)"}))
        run = run_of(live.good("%fit"))
        live.ended(run)
        told = live.good("%status").text
        assert f"run {run}: failed" in told
        assert "cell 6: TypeError: " in told

    def test_what_kept_it_from_training_is_told(self, live: Live) -> None:
        live.bench.desk.write(NOTEBOOK, growth(LONGER | {1: "import math\nimport no_such_package"}))
        run = run_of(live.good("%fit"))
        live.ended(run)
        told = live.run(f"%status {run}")
        assert "no_such_package" in told.text + told.err

    def test_a_fit_that_was_killed_is_told_by_what_its_job_left(self, live: Live, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        live.bench.desk.write(NOTEBOOK, growth(LONGER, before=gate.cell))
        run = run_of(live.good("%fit"))
        gate.wait()
        fit = live_fits.find(live.home, run)
        assert fit is not None
        os.kill(json.loads((fit.folder / "fit.json").read_bytes())["pid"], signal.SIGKILL)
        live.ended(run)
        assert f"{run} growth" in live.good("%status").text
        gate.open()
        until(lambda: "succeeded" in live.good("%status").text, "the job's end")

    def test_a_fit_that_was_killed_before_its_job_began_is_gone(self, live: Live) -> None:
        folder = live.home / "fits" / ("ab" * 6)
        folder.mkdir(parents=True)
        told = live.run("%status abababababab")
        assert "error[run.gone]: run abababababab was cut off" in told.err
        (folder / "log.txt").write_text("warning: x\nerror[cfg.syntax]: not that\n  where: here\n")
        assert "error[cfg.syntax]: not that" in live.run("%status abab").err

    def test_a_notebook_outside_a_repository_is_trained_alone(self, live: Live, tmp_path: Path) -> None:
        alone = lone_desk(tmp_path / "alone")
        live.open(Bench(git=live.bench.git, desk=alone))
        alone.write(NOTEBOOK, growth())
        run = run_of(live.good("%fit"))
        live.ended(run)
        assert f"run {run}: succeeded" in live.good("%status").text
        assert "has a result already" in live.good("%fit").text
        assert live.good("%fetch growth").text.startswith(f"growth, run {run}")

    def test_the_training_outlives_its_kernel(self, tmp_path: Path) -> None:
        gate = Gate(tmp_path)
        bench = Bench.create(tmp_path)
        bench.desk.write(NOTEBOOK, growth(LONGER, before=gate.cell))
        live = begin(bench)
        try:
            live.good("%load_ext alekseylearn")
            run = run_of(live.good(f"%fit {NOTEBOOK}"))
            gate.wait()
        finally:
            live.client.stop_channels()
            live.manager.shutdown_kernel()
        gate.open()
        live.ended(run)
        fit = live_fits.find(live.home, run)
        assert fit is not None
        assert fit.outcome["runs"][0]["deltas"][0]["verdict"] == "better"


class TestUnsavedCells:
    def test_a_cell_that_ran_as_something_else_is_saved_first(self, live: Live) -> None:
        live.good("epochs = 9999\nrate = 0.05", cellId=f"c{EPOCHS}")
        told = live.run("%fit", cellId="new")
        assert told.status == "error"
        assert told.err.splitlines() == [
            "UsageError: error[nb.unsaved]: a cell ran here that growth.ipynb does not have on disk: the file is what trains",
            "  where: epochs = 9999",
            "  fix:   save the notebook first, or add --saved to train the file as it is",
        ]
        live.good("epochs = 200\nrate = 0.05", cellId=f"c{EPOCHS}")
        live.ended(run_of(live.good("%fit", cellId="new")))

    def test_a_new_cell_that_was_deleted_again_does_not_matter(self, live: Live) -> None:
        live.good("1 + 1", cellId="scratch")
        assert live.run("%fit", cellId="new").status == "error"
        live.ended(run_of(live.good("%fit", cellId="new", deletedCells=["scratch"])))

    def test_whoever_says_so_trains_the_file_as_it_is(self, live: Live) -> None:
        live.good("epochs = 9999", cellId=f"c{EPOCHS}")
        live.ended(run_of(live.good("%fit --saved")))


class TestFetching:
    @pytest.fixture
    def run(self, live: Live) -> str:
        run = run_of(live.good("%fit"))
        live.ended(run)
        return run

    def test_head_and_base_are_put_into_variables_and_loaded_on_demand(self, live: Live, run: str) -> None:
        shown = live.good(f"%fetch {run} --base")
        assert shown.text.splitlines()[:3] == [f"growth, run {run}", "Metric  Value", "mse     0.4702"]
        live.good(LINE)
        loaded = live.good("[round(one.load().slope, 3) for one in (model_base, model)]")
        assert "UnsafeFormatWarning: model.unsafe-format: model.pkl is a pickle" in loaded.err
        assert len(set(eval(loaded.text))) == 2
        assert live.good("dict(model.metrics), model.run, model.path.name").text.startswith("({'mse': 0.470")
        # The second time nothing is brought, and nothing is in the way.
        live.good(f"%fetch {run} --into model")

    def test_a_model_is_known_by_its_name(self, live: Live, run: str) -> None:
        # What was trained last is the base, which nobody means.
        assert live.good("%fetch growth").text.startswith(f"growth, run {run}")

    def test_a_class_of_the_notebook_that_is_missing_is_named(self, live: Live, run: str) -> None:
        live.good(f"%fetch {run}")
        told = live.run("try:\n    model.load()\nexcept Exception as error:\n    print(error)")
        assert told.out.startswith("error[model.class]: model.pkl is made of `Line`")

    def test_a_file_that_changed_since_is_not_loaded(self, live: Live, run: str) -> None:
        live.good(f"%fetch {run} --into fetched")
        live.good("fetched.path.write_bytes(b'other')")
        told = live.good("try:\n    fetched.load()\nexcept Exception as error:\n    print(error)")
        assert told.out.startswith("error[archive.mismatch]: model.pkl has changed since it was fetched")

    def test_a_variable_of_the_notebook_is_not_taken(self, live: Live, run: str) -> None:
        live.good("model = 'mine'")
        told = live.run(f"%fetch {run}")
        assert (told.status, "error[usage.variable]" in told.err) == ("error", True)
        assert live.good("model").text == "'mine'"
        assert live.run(f"%fetch {run} --into not-a-name").status == "error"


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "slug"),
        [
            ("%slice nosuch.ipynb", "usage.notebook"),
            ("%fit nosuch", "usage.notebook"),
            ("%status 0123456789ab", "usage.run"),
            ("%stop 0123456789ab", "usage.run"),
            ("%status", "usage.run"),
            ("%fetch 0123456789ab", "usage.run"),
            ("__session__ = None\n%fit", "usage.notebook"),
        ],
    )
    def test_they_end_the_cell_in_a_few_lines_without_a_traceback(self, live: Live, code: str, slug: str) -> None:
        told = live.run(code + "\nprint('went on')")
        assert (told.status, told.tracebacks, told.out) == ("error", 0, "")
        assert told.err.startswith(f"UsageError: error[{slug}]: ")
        assert len(told.err.splitlines()) <= 5

    def test_wrong_options_are_told_as_ipython_does(self, live: Live) -> None:
        told = live.run("%fit --nonsense")
        assert (told.status, told.tracebacks) == ("error", 0)
        assert "unrecognized arguments: --nonsense" in told.err

    def test_an_interruption_ends_the_command_and_leaves_the_kernel(self, live: Live, tmp_path: Path) -> None:
        live.good(
            "import threading, os, signal\nthreading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()"
        )
        told = live.run("%slice\nimport time\ntime.sleep(30)")
        assert told.status == "error"
        assert live.good("1 + 1").text == "2"


def test_what_a_notebook_logs_is_kept_and_harms_nobody(live: Live) -> None:
    live.good(
        "import alekseylearn\nfor step in range(3):\n    alekseylearn.log_metric('loss', 1 / (step + 1), step=step)"
    )
    quiet = live.good(
        "from alekseylearn import log_metric, log_params\nlog_metric('loss', 1)\nlog_params({'rate': 0.1})"
    )
    assert (quiet.out, quiet.err, dict(quiet.shown)) == ("", "", {})
    found = live.good("from alekseylearn.live_values import logged, noted\nlogged()['loss'][-2:], noted()").text
    assert found == "([(2, 0.3333333333333333), (None, 1.0)], {'rate': 0.1})"
    assert live.run("log_metric('loss', 'low')").status == "error"


def test_a_notebook_with_our_magics_in_it_trains_as_the_one_without(tmp_path: Path) -> None:
    cells = [*CELLS, ("code", "%fetch growth --base --into old\nold.load().predict(1), old_base.load().predict(1)")]
    cells[TRAINS] = ("code", f"%runs\n{cells[TRAINS][1]}\n%status")
    cells.insert(0, ("code", "%load_ext alekseylearn\n%slice --why\n%fit -p epochs 3"))
    bench = Bench.create(tmp_path)
    bench.desk.write(NOTEBOOK, notebook(cells))
    (trained,) = bench.desk.run("fit", NOTEBOOK, "--json").document["runs"]
    assert (trained["state"], list(trained["metrics"])) == ("succeeded", ["mse"])
    bench.desk.write(NOTEBOOK, growth())
    (plain,) = bench.desk.run("fit", NOTEBOOK, "--dry-run", "--json").document["runs"]
    assert (plain["decision"], plain["id"]) == ("reuse", trained["id"])


def test_our_folder_has_one_name() -> None:
    assert LIVE_HOME_NAME == HOME_NAME
