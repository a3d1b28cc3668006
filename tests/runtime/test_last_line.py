"""The line by which whoever follows a log knows that it has seen all of it."""

from __future__ import annotations

import pytest

from .conftest import Job, Make, train

LAST = "== 9c9c that was all =="
TOLD = {"ALEKSEYLEARN_LAST_LINE": LAST}


def printed_last(job: Job) -> str:
    """What stands before the last line, which is printed once and is kept in no file."""
    before, line, after = job.out.partition(LAST)
    assert (line, after) == (LAST, "\n"), job.out
    assert not [path for path in job.folder.rglob("*") if path.is_file() and LAST in path.read_text(errors="replace")]
    return before


@pytest.mark.parametrize(
    ("text", "log", "before"),
    [
        ("print('ran')", "ran\n", "ran\n"),
        ("print('ran', end='')", "ran", "ran\n"),
        ("print('ran\\n\\n', end='')", "ran\n\n", "ran\n\n"),
        ("x = 1", "", ""),
    ],
)
def test_the_last_line_stands_alone(run: Make, text: str, log: str, before: str) -> None:
    job = run(text, env=TOLD)
    assert (job.code, job.log, printed_last(job)) == (0, log, before)


def test_it_comes_after_the_traceback_of_a_failure(run: Make) -> None:
    job = run("print('ran', end='')\n1 / 0", env=TOLD)
    assert job.code == 4
    assert printed_last(job).startswith("rancell 10, line 2: ZeroDivisionError")


def test_it_comes_when_the_time_is_over(run: Make) -> None:
    job = run("import time\nprint('training', end='', flush=True)\ntime.sleep(60)", timeout=1, env=TOLD)
    assert job.code == 7
    assert "TimeLimit" in printed_last(job)


def test_it_comes_when_the_run_was_stopped(bundle: Make) -> None:
    job = bundle(train("import time\nprint('training', flush=True)\ntime.sleep(60)"), env=TOLD).start()
    job.wait_for("training")
    assert job.process is not None
    job.process.terminate()
    assert (job.end().code, printed_last(job)) == (7, "training\n")


def test_it_comes_when_the_process_died(run: Make) -> None:
    job = run("import os, signal\nprint('ran', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)", env=TOLD)
    assert job.code == 4
    assert printed_last(job).startswith("ran\ncell 10: Killed")


def test_it_comes_when_the_runtime_itself_cannot_work(bundle: Make) -> None:
    job = bundle("1", env=TOLD)
    (job.folder / "code" / "manifest.json").write_text("{")
    job.run()
    assert job.code == 1
    assert "could not do its work" in printed_last(job)


def test_the_notebook_does_not_know_it(run: Make) -> None:
    job = run("import os\nprint(sorted(name for name in os.environ if name.startswith('ALEK')))", env=TOLD)
    assert printed_last(job) == "[]\n"


def test_without_the_variable_nothing_more_is_printed(run: Make) -> None:
    assert run("print('ran', end='')", env={"ALEKSEYLEARN_LAST_LINE": ""}).out == "ran"
