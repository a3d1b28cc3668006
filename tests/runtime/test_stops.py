"""A whole run that somebody or something ends early."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from .conftest import Make, train

NET = """
class Net:
    def __init__(self): self.steps = 0
    def fit(self): return self
    def predict(self): ...
model = Net()
"""
LOOP = (
    "model.fit()\nprint('training', flush=True)\nimport time\nwhile True:\n    model.steps += 1\n    time.sleep(0.01)"
)


def test_the_time_limit_interrupts_the_cell_and_keeps_the_model(run: Make) -> None:
    job = run(NET, train(LOOP), "1", timeout=3)
    assert job.code == 7
    result = job.result
    assert result["state"] == "timed-out"
    assert job.states == ["done", "interrupted", "not-reached"]
    failure = result["failure"]
    assert (failure["cell"], failure["exception"]) == (11, "TimeLimit")
    assert failure["message"] == "the time limit of 3 s was reached"
    assert 5 <= failure["line"] <= 6
    assert [file["path"] for file in result["model"]] == ["model.pkl"]
    assert job.failure is not None
    assert job.failure.startswith("cell 11, line ")
    assert job.printed(11) == "training\n"


def test_a_cell_has_a_time_limit_of_its_own(run: Make) -> None:
    job = run("1", "import time\ntime.sleep(30)", cell_timeout=1)
    assert (job.code, job.result["state"]) == (7, "timed-out")
    assert "a cell was reached" in job.result["failure"]["message"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_run_and_partial_results_leave(bundle: Make, number: signal.Signals) -> None:
    job = bundle(NET, train(f"import alekseylearn\nalekseylearn.log_metric('loss', 1.0, 0)\n{LOOP}"), "1").start()
    job.wait_for("training")
    assert job.process is not None
    job.process.send_signal(number)
    job.process.send_signal(number)
    assert job.end().code == 7
    assert job.result["state"] == "stopped"
    assert job.result["failure"] is None
    assert job.failure is None
    assert job.states == ["done", "interrupted", "not-reached"]
    assert job.values == {"loss": 1.0}
    assert [file["how"] for file in job.result["model"]] == ["pickle"]
    assert job.events[-1]["state"] == "stopped"


def test_code_that_swallows_the_interrupt_is_not_followed_by_another_cell(bundle: Make) -> None:
    text = ("import time\ntry:\n    print('training', flush=True)\n    time.sleep(30)\n"
            "except KeyboardInterrupt:\n    print('early')")  # fmt: skip
    job = bundle(text, "print('next')").start()
    job.wait_for("training")
    assert job.process is not None
    job.process.terminate()
    assert job.end().code == 7
    assert (job.result["state"], job.states) == ("stopped", ["done", "not-reached"])
    assert job.log == "training\nearly\n"


def test_an_interrupt_that_python_loses_comes_again(bundle: Make) -> None:
    """What is raised where the garbage collector calls goes no further."""
    text = """
    import signal, time, weakref
    class Thing: ...
    def lose(_):
        print("training", flush=True)
        time.sleep(30)
    thing = Thing()
    kept = weakref.ref(thing, lose)
    del thing
    print("went on", flush=True)
    time.sleep(30)
    """
    job = bundle(textwrap.dedent(text)).start()
    job.wait_for("training")
    assert job.process is not None
    job.process.terminate()
    assert job.end().code == 7
    assert (job.result["state"], job.states) == ("stopped", ["interrupted"])
    assert job.log == "training\nwent on\n"


def test_code_that_will_not_stop_is_killed_after_the_grace(bundle: Make) -> None:
    text = ("import time\nasked = 0\nwhile True:\n    try:\n        if not asked: print('training', flush=True)\n"
            "        time.sleep(30)\n    except BaseException: asked += 1")  # fmt: skip
    job = bundle(text, grace=0.4).start()
    job.wait_for("training")
    assert job.process is not None
    job.process.terminate()
    assert job.end().code == 7
    assert (job.result["state"], job.states) == ("stopped", ["interrupted"])


def test_an_interrupt_that_becomes_another_exception_is_still_a_stop(bundle: Make) -> None:
    text = ("import time\ntry:\n    print('training', flush=True)\n    time.sleep(30)\n"
            "except KeyboardInterrupt:\n    raise RuntimeError('worker died')")  # fmt: skip
    job = bundle(text).start()
    job.wait_for("training")
    assert job.process is not None
    job.process.terminate()
    assert job.end().result["state"] == "stopped"


def test_an_estimator_that_was_interrupted_while_it_fitted_is_not_kept(bundle: Make) -> None:
    text = """
    from sklearn.base import BaseEstimator, ClassifierMixin
    import time
    class Slow(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            print("training", flush=True)
            time.sleep(30)
    model = Slow()
    model.fit([[0]], [0])
    """
    job = bundle(train(text)).start()
    job.wait_for("training")
    assert job.process is not None
    job.process.terminate()
    assert job.end().result["model"] == []


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[BinaryIO]:
    """A named pipe `alive`: reading it ends when the last process that opened it for writing has gone."""
    os.mkfifo(tmp_path / "alive")
    with os.fdopen(os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK), "rb") as pipe:
        os.set_blocking(pipe.fileno(), True)
        yield pipe


def test_nothing_outlives_the_run(bundle: Make, tmp_path: Path, alive: BinaryIO) -> None:
    job = bundle(
        f"import subprocess, threading, time\npipe = open({str(tmp_path / 'alive')!r}, 'w')\n"
        "subprocess.Popen(['sh', '-c', 'echo started; exec sleep 60'], stdout=pipe)\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()"
    ).run()
    assert job.code == 0
    assert job.result["seconds"] < 20
    assert alive.read() in {b"started\n", b""}


def test_neither_the_child_nor_what_it_started_outlives_a_killed_supervisor(
    bundle: Make, tmp_path: Path, alive: BinaryIO
) -> None:
    job = bundle(
        f"import subprocess, time\npipe = open({str(tmp_path / 'alive')!r}, 'w')\n"
        "subprocess.Popen(['sleep', '60'], stdout=pipe)\n"
        "print('training', file=pipe, flush=True)\nprint('training', flush=True)\ntime.sleep(60)"
    ).start()
    job.wait_for("training")
    assert job.process is not None
    job.process.kill()
    assert alive.read() == b"training\n"
