"""A whole run: what a bundle leaves when its cells fail, one way or another."""

from __future__ import annotations

import pytest

from .conftest import Make, train


def test_a_failing_cell_is_named_with_its_line(run: Make) -> None:
    job = run(
        "def half(x):\n    return 1 / x",
        "print('before')\n\nvalue = half(0)",
        "print('never')",
    )
    assert job.code == 4
    assert job.states == ["done", "failed", "not-reached"]
    failure = job.result["failure"]
    assert [failure[key] for key in ("cell", "line", "exception", "message", "hint")] == [
        11, 3, "ZeroDivisionError", "division by zero", None,
    ]  # fmt: skip
    assert failure["traceback"].splitlines() == [
        "Traceback (most recent call last):",
        "  cell 11, line 3, in <module>",
        "    value = half(0)",
        "  cell 10, line 2, in half",
        "    return 1 / x",
        "ZeroDivisionError: division by zero",
    ]
    assert job.failure is not None
    assert job.failure.splitlines()[0] == "cell 11, line 3: ZeroDivisionError: division by zero"
    assert "  cell 10, line 2, in half" in job.failure
    assert "division by zero" in job.log
    error = job.outputs(11)[-1]
    assert (error.output_type, error.ename, error.evalue) == ("error", "ZeroDivisionError", "division by zero")
    assert job.printed(11) == "before\n"
    assert job.notebook.cells[2].outputs == []


def test_chained_exceptions_and_foreign_files_are_shown(run: Make) -> None:
    job = run(
        "import tool\ntry:\n    tool.go()\nexcept KeyError as error:\n"
        "    raise tool.Wrong('\\x1b[31mred\\x1b[0m') from error",
        files={"notebooks/tool.py": "class Wrong(Exception): ...\ndef go():\n    {}['x']\n"},
    )
    failure = job.result["failure"]
    assert (failure["exception"], failure["message"], failure["line"]) == ("tool.Wrong", "red", 5)
    assert 'tool.py", line 3, in go' in failure["traceback"]
    assert "KeyError: 'x'\n\nThe above exception was the direct cause of:\n" in failure["traceback"]
    assert "_al" not in failure["traceback"]


def test_endless_recursion_is_shortened(run: Make) -> None:
    failure = run("def f(): f()\nf()").result["failure"]
    assert failure["exception"] == "RecursionError"
    assert "more frames" in failure["traceback"]
    assert len(failure["traceback"].splitlines()) < 120


@pytest.mark.parametrize(
    ("text", "exception", "message"),
    [
        ("raise SystemExit(3)", "SystemExit", "3"),
        ("import sys\nsys.exit('no data')", "SystemExit", "no data"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "E", "cannot be shown: ValueError"),
        ("input('name?')", "EOFError", "EOF when reading a line"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("undefined_name", "NameError", "name 'undefined_name' is not defined"),
        ("import os\nos._exit(3)", "ProcessExit", "ended by itself with exit status 3"),
        ("import os\nos._exit(0)", "ProcessExit", "ended by itself with exit status 0"),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
            "Killed",
            "signal 9, most likely out of memory (peak",
        ),
        ("import ctypes\nctypes.string_at(0)", "Killed", "killed by signal 11 (SIGSEGV)"),
        ("await 1", "TypeError", "await"),
    ],
)
def test_every_end_is_told_with_its_cell(run: Make, text: str, exception: str, message: str) -> None:
    job = run("print('fine')", f"print('here')\n{text}", "1")
    assert job.code == 4, job.out
    assert job.states == ["done", "failed", "not-reached"]
    failure = job.result["failure"]
    assert (failure["cell"], failure["exception"]) == (11, exception)
    assert message in failure["message"]
    assert job.failure is not None
    assert job.failure.startswith("cell 11")
    assert job.printed(10) == "fine\n"
    assert job.printed(11).startswith("here\n")
    assert job.events[-1]["state"] == "failed"


def test_a_crash_shows_where_python_was(run: Make) -> None:
    job = run("import ctypes\nctypes.string_at(0)")
    assert "Fatal Python error: Segmentation fault" in job.log
    assert "train.py" in job.log


def test_hints_say_what_to_do(run: Make) -> None:
    failure = run("x = 1", "open('data.csv')").result["failure"]
    assert failure["exception"] == "FileNotFoundError"
    assert "commit the file" in failure["hint"]


def test_sys_exit_without_a_status_ends_only_its_cell(run: Make) -> None:
    job = run("import sys\nprint('a')\nsys.exit()\nprint('b')", "sys.exit(0)", "print('c')")
    assert job.code == 0
    assert job.log == "a\nc\n"
    assert job.states == ["done", "done", "done"]


def test_a_missing_package_fails_before_anything_runs(run: Make) -> None:
    job = run("print('ran')", "import os\n\nimport no_such_package.sub as x", "from sklearn_missing import y")
    assert job.code == 4
    failure = job.result["failure"]
    assert [failure[key] for key in ("cell", "line", "exception", "message", "hint")] == [
        11, 3, "ModuleNotFoundError", "No module named 'no_such_package'", "add no_such_package to requirements.txt",
    ]  # fmt: skip
    assert job.states == ["not-reached", "failed", "not-reached"]
    assert "ran" not in job.log
    assert job.failure is not None
    assert job.failure.startswith("cell 11, line 3: ModuleNotFoundError")
    assert "import no_such_package.sub as x" in job.failure


def test_imports_that_the_code_can_do_without_are_not_counted(run: Make) -> None:
    job = run(
        "try:\n    import no_such_package\nexcept ImportError:\n    no_such_package = None\n"
        "if False:\n    import nothing_either\ndef f():\n    import nor_this",
        "open('written.py', 'w').write('X = 1');",
        "import written\nimport alekseylearn\nimport sys; sys.path.append('../lib')",
        "import later",
        files={"lib/later.py": ""},
    )
    assert job.code == 0, job.out


def test_code_that_this_python_cannot_read_fails_before_anything_runs(run: Make) -> None:
    job = run("print('ran')", "a = 1\nb = (")
    failure = job.result["failure"]
    assert (failure["cell"], failure["line"], failure["exception"]) == (11, 2, "SyntaxError")
    assert "cell 11, line 2" in failure["traceback"]
    assert "ran" not in job.log


def test_a_failure_after_training_keeps_the_model(run: Make) -> None:
    text = (
        "class Net:\n    def fit(self):\n        return self\n    def predict(self): ...\nmodel = Net()\nmodel.fit();"
    )
    job = run(train(text), "1 / 0")
    assert job.code == 4
    assert [file["path"] for file in job.result["model"]] == ["model.pkl"]


def test_failing_parameters_have_no_cell_number(run: Make) -> None:
    job = run("1", parameters_cell="1 / 0")
    assert job.result["failure"]["cell"] is None
    assert "parameters, line 1, in <module>" in job.result["failure"]["traceback"]
    assert job.states == ["not-reached"]


def test_a_broken_bundle_is_a_defect_of_ours(bundle: Make) -> None:
    job = bundle("1")
    (job.folder / "code" / "manifest.json").write_text("{")
    assert job.run().code == 1
    assert job.failure is not None
    assert job.failure.startswith("alekseylearn: the runtime could not do its work: JSONDecodeError")
    assert not (job.data / "result.json").exists()


def test_a_mistake_in_the_child_is_a_defect_of_ours(bundle: Make) -> None:
    job = bundle("1")
    job.train.write_text("raise ValueError('preamble')\n" + job.train.read_text())
    assert job.run().code == 1
    assert job.result["state"] == "failed"
    assert "defect of alekseylearn" in job.result["failure"]["message"]
