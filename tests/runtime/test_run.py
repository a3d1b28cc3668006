"""A whole run: what a bundle leaves when its cells go well."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from .conftest import Make, train


def test_a_run_leaves_all_that_the_contract_names(run: Make) -> None:
    job = run(
        "x = 2\nprint('hello')",
        train("class Net:\n    def fit(self, X):\n        self.w = sum(X)\n        return self\n"
              "model = Net().fit([1, 2])\nmodel"),
        "accuracy = 0.75\naccuracy",
    )  # fmt: skip
    assert job.code == 0, job.out
    result = job.result
    assert [result[key] for key in ("version", "run", "digest", "state", "failure", "gpu", "warnings", "params")] == [
        1, "9c1d77a05b20", "9c" * 32, "succeeded", None, None, [], {},
    ]  # fmt: skip
    assert result["started"] < result["finished"]
    assert 0 < result["seconds"] < 60
    assert [(cell["cell"], cell["state"]) for cell in result["cells"]] == [(10, "done"), (11, "done"), (12, "done")]
    assert 5_000_000 < result["peak_memory"] < 500_000_000
    assert result["environment"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert result["environment"]["platform"].startswith(("Linux", "Darwin"))
    (model,) = result["model"]
    written = (job.model / "model.pkl").read_bytes()
    assert model == {"path": "model.pkl", "size": len(written), "sha256": hashlib.sha256(written).hexdigest(),
                     "how": "pickle"}  # fmt: skip
    assert job.log == "hello\n"
    assert job.out == "hello\n"
    assert job.failure is None
    (metric,) = job.metrics
    assert {**metric, "time": 0} == {"name": "accuracy", "value": 0.75, "step": None, "time": 0, "cell": 12,
                                     "source": "last_expression"}  # fmt: skip
    assert sorted(path.name for path in job.data.iterdir()) == [
        "events.jsonl", "executed.ipynb", "log.txt", "metrics.jsonl", "result.json",
    ]  # fmt: skip


def test_events_tell_the_run_in_order(run: Make) -> None:
    job = run(
        "1", train("print('Epoch 1/2')\nprint('Epoch 2/2')\nimport alekseylearn\nalekseylearn.log_metric('a', 1)")
    )
    told = [(event["event"], event.get("cell")) for event in job.events]
    assert told[:4] == [("run-start", None), ("cell-start", 10), ("cell-end", 10), ("cell-start", 11)]
    assert sorted(told[4:7]) == [("epoch", 11), ("epoch", 11), ("metric", 11)]
    assert told[7:] == [("cell-end", 11), ("run-end", None)]
    start = job.events[1]
    expected = {"event": "cell-start", "cell": 10, "index": 0, "of": 2, "headline": "1", "place": 1, "cells": 2}
    assert {**start, "time": 0} == {**expected, "time": 0}
    assert [(e["epoch"], e["of"]) for e in job.events if e["event"] == "epoch"] == [(1, 2), (2, 2)]
    assert job.events[-1]["state"] == "succeeded"


def test_the_executed_notebook_has_sources_outputs_and_times(run: Make) -> None:
    job = run(
        "print('out')\nimport sys\nprint('err', file=sys.stderr)",
        "[1, 2]",
        "'kept back';",
        parameters_cell="epochs = 3",
    )
    notebook = job.notebook
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.display_name == "Python 3"
    assert [cell.metadata["alekseylearn"]["cell"] for cell in notebook.cells] == [None, 10, 11, 12]
    assert notebook.cells[0].source == "epochs = 3"
    assert notebook.cells[0].metadata.tags == ["injected-parameters"]
    assert notebook.cells[1].metadata["alekseylearn"]["seconds"] >= 0
    assert sorted((output.name, output.text) for output in job.outputs(10)) == [
        ("stderr", "err\n"),
        ("stdout", "out\n"),
    ]
    (value,) = job.outputs(11)
    assert (value.output_type, value.data["text/plain"]) == ("execute_result", "[1, 2]")
    assert value.execution_count == notebook.cells[2].execution_count
    assert job.outputs(12) == []


def test_the_notebook_shows_the_source_that_the_author_wrote(run: Make) -> None:
    from .conftest import Cell

    job = run(Cell(text='get_ipython().run_line_magic("matplotlib", "inline")', source="%matplotlib inline"))
    assert job.notebook.cells[0].source == "%matplotlib inline"


def test_text_and_shown_values_keep_their_order(run: Make) -> None:
    job = run(
        """
        import os, subprocess
        print("one", end="")
        display("two")
        os.write(1, b"three")
        subprocess.run(["echo", "four"])
        display(5)
        print("six")
        7
        """
    )
    told = [o.text if o.output_type == "stream" else o.data["text/plain"] for o in job.outputs(10)]
    assert told == ["one", "'two'", "threefour\n", "5", "six\n", "7"]


def test_rich_values_are_stored_as_jupyter_would(run: Make) -> None:
    job = run(
        """
        class Rich:
            def _repr_html_(self): return "<b>x</b>"
            def _repr_png_(self): return b"png"
            def _repr_latex_(self): raise ValueError
            def __repr__(self): return "Rich"
        Rich()
        """,
        """
        class Bundle:
            def _repr_mimebundle_(self, include=None, exclude=None):
                return {"text/markdown": "**x**"}, {"text/markdown": {"a": 1}}
        class Broken:
            def __repr__(self): raise ValueError
        display(Bundle(), Broken(), Rich)
        display({"text/plain": "raw"}, raw=True)
        {name: "x" * 20 for name in "abcdef"}
        """,
    )
    assert job.outputs(10)[0].data == {"text/html": "<b>x</b>", "image/png": "cG5n", "text/plain": "Rich"}
    shown = job.outputs(11)
    assert shown[0].data["text/markdown"] == "**x**"
    assert shown[0].metadata == {"text/markdown": {"a": 1}}
    assert "its repr raised ValueError" in shown[1].data["text/plain"]
    assert shown[2].data["text/plain"] == "<class '__main__.Rich'>"
    assert shown[3].data["text/plain"] == "raw"
    assert shown[4].data["text/plain"].count("\n") > 2


def test_ipython_display_can_be_imported_with_and_without_ipython(run: Make) -> None:
    job = run(
        "from IPython.display import display, clear_output, HTML\nfrom IPython import get_ipython as shell\n"
        "clear_output()\ndisplay(HTML('<i>x</i>'))\nassert shell() is get_ipython()"
    )
    assert job.code == 0, job.out
    assert job.outputs(10)[0].data["text/html"] == "<i>x</i>"
    assert job.log == ""


def test_the_stand_in_for_ipython_shows_what_it_is_given(tmp_path: Path) -> None:
    from alekseylearn.runtime.outputs import bundle_of
    from alekseylearn.runtime.standin import _rich

    (tmp_path / "x.png").write_bytes(b"png")
    assert bundle_of(_rich("HTML", "text/html")("<i>"))[0] == {"text/html": "<i>", "text/plain": "<HTML>"}
    assert bundle_of(_rich("Image", "image/png")(filename=str(tmp_path / "x.png")))[0]["image/png"] == "cG5n"


def test_a_cell_may_await(run: Make) -> None:
    job = run(
        "import asyncio\nasync def double(x):\n    await asyncio.sleep(0)\n    return 2 * x\ntask = None",
        "y = await double(4)\nasync with asyncio.Lock():\n    print(y)\nawait double(y)",
        "asyncio.run(double(1))",
    )
    assert job.code == 0, job.out
    assert job.printed(11) == "8\n"
    assert job.outputs(11)[1].data["text/plain"] == "16"


def test_the_program_is_a_real_main_module(run: Make) -> None:
    job = run(
        """
        import inspect, pickle, sys
        class Net:
            def forward(self, x):
                return 2 * x
        def work(i): return Net().forward(i)
        """,
        """
        assert __name__ == "__main__" and sys.modules["__main__"].work is work
        assert __file__.endswith("train.py") and sys.argv == [__file__]
        print(inspect.getsource(Net.forward).strip().splitlines()[0], inspect.getsource(work).strip())
        print(inspect.getsource(Net).splitlines()[0])
        print(pickle.loads(pickle.dumps(Net())).forward(2), Net.__module__)
        """,
    )
    assert job.code == 0, job.out
    assert job.printed(11).splitlines() == [
        "def forward(self, x): def work(i): return Net().forward(i)", "class Net:", "4 __main__",
    ]  # fmt: skip


def test_notebook_imports_never_meet_our_modules(run: Make) -> None:
    job = run(
        "import sys\nprint([p for p in sys.path if '_al' in p])\n"
        "import cells, outputs, supervise\nprint(cells.MINE, outputs.MINE, supervise.MINE)",
        files={f"notebooks/{name}.py": "MINE = 1" for name in ("cells", "outputs", "supervise")},
    )
    assert job.printed(10) == "[]\n1 1 1\n"


def test_the_notebook_runs_in_its_own_folder(run: Make) -> None:
    job = run(
        "import os, shared.tool, features\nprint(os.path.basename(os.getcwd()), open('data.csv').read())\n"
        "print(features.X, shared.tool.Y, os.environ['SM_MODEL_DIR'] == '%s')",
        files={"notebooks/data.csv": "1,2", "notebooks/features.py": "X = 1", "shared/tool.py": "Y = 2"},
    )
    assert job.code == 0, job.out
    assert job.printed(10).startswith("notebooks 1,2\n1 2 ")


def test_the_child_has_the_folders_and_quiet_defaults(run: Make) -> None:
    names = ["SM_MODEL_DIR", "SM_OUTPUT_DIR", "SM_OUTPUT_DATA_DIR", "MPLBACKEND", "TQDM_MININTERVAL"]
    job = run(f"import os\nfor name in {names}: print(os.environ[name])", env={"TQDM_MININTERVAL": "5"})
    assert job.log.splitlines() == [str(job.model), str(job.folder / "output"), str(job.data), "Agg", "5"]


def test_train_py_runs_by_itself_too(bundle: Make) -> None:
    job = bundle("x = 1", "print(x, __name__)")
    done = subprocess.run([sys.executable, str(job.train)], capture_output=True, text=True, check=True)
    assert done.stdout == "1 __main__\n"


def test_a_seed_makes_random_numbers_the_same(bundle: Make) -> None:
    text = "import random\nimport numpy as np\nprint(random.random(), np.random.rand(), hash('x'))"
    first = bundle(text, seed=2**33 + 5)
    logs = {first.run().log, first.run().log}
    assert len(logs) == 1
    (first.folder / "code" / "manifest.json").write_text(
        (first.folder / "code" / "manifest.json").read_text().replace(str(2**33 + 5), "6")
    )
    assert first.run().log not in logs


def test_a_later_run_in_the_same_folder_leaves_nothing_of_the_first(bundle: Make) -> None:
    job = bundle("import os\nif not os.path.exists('again'):\n    open('again', 'w').close()\n    raise ValueError")
    assert job.run().code == 4
    assert job.run().code == 0
    assert job.failure is None
    assert job.result["state"] == "succeeded"
    assert len(job.events) == 4


def test_progress_bars_are_folded(run: Make) -> None:
    job = run("import sys\nfor i in range(100):\n    sys.stderr.write(f'\\r{i}%')\nsys.stderr.write('\\n')")
    assert job.log == "99%\n"
    assert job.printed(10) == "99%\n"


def test_bytes_that_are_no_text_are_replaced(run: Make) -> None:
    job = run("import os\nos.write(1, b'caf\\xe9\\n')\nprint('\\ud800')")
    assert job.code == 0, job.out
    assert job.log == "caf�\n\\ud800\n"


def test_huge_output_is_cut_with_a_note(run: Make) -> None:
    job = run("for i in range(30):\n    print('x' * 99_999)\ndisplay('y' * 150_000)\nprint('end')", "1")
    assert job.code == 0
    (output,) = job.outputs(10)
    assert 1_000_000 <= len(output.text) < 1_000_200
    assert output.text.endswith("log.txt has what was printed]\n")
    assert len(job.log) == 3_000_004
    assert len(job.outputs(11)) == 1


def test_packages_that_were_imported_are_named_with_their_version(run: Make) -> None:
    import numpy as np

    job = run("import numpy as np\nimport json")
    assert job.result["environment"]["packages"] == {"numpy": np.__version__}


def test_result_json_is_written_last_and_whole(bundle: Make) -> None:
    job = bundle("print('now')\nimport sys, os\nwhile not os.path.exists('go'): pass").start()
    job.wait_for("now")
    assert not (job.data / "result.json").exists()
    assert json.loads((job.data / "events.jsonl").read_text().splitlines()[-1])["event"] == "cell-start"
    assert job.notebook.cells[0].outputs == []
    (job.workdir / "go").touch()
    assert job.end().result["state"] == "succeeded"


def test_the_last_values_have_the_names_that_ipython_gives_them(run: Make) -> None:
    job = run("40 + 2", "x = _ + 1\nx", "print(_, __, repr(___))", "_ = 7", "'not kept'", "print(_)")
    assert (job.code, job.log) == (0, "43 42 ''\n7\n"), job.out


def test_the_time_of_an_epoch_is_in_the_result(run: Make) -> None:
    loop = "import time\nfor epoch in range(1, 6):\n    time.sleep(0.1)\n    print(f'Epoch {epoch}/5', flush=True)"
    assert 0.05 < run(train(loop)).result["seconds_per_epoch"] < 1
