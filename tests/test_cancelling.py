"""A step that the runner cancels: jobs are asked to stop, the step ends, and nothing of it is left.

A few moments here; all of them, with figures, in `benchmarks/bench_cancel.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from alekseylearn.disk import is_locked
from tests.contract.jobs import until
from tests.desk import LONGER
from tests.e2e.stories import only_comment
from tests.gate import Gate
from tests.rig.act.process import CANCELLING
from tests.rig.cancelling.runner import Step
from tests.small import growth
from tests.test_cli_ci import Runner, Start, start
from tests.wheels import make_wheel

__all__ = ["start"]

Begin = Callable[..., Step]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Step]]:
    """Start steps on a runner that clears away what is left of them."""
    with ExitStack() as stack:

        def begun(runner: Runner, *, entry: str = "exec", **more: str) -> Step:
            desk = runner.desk(**more)
            step = Step.start(desk.folder, tmp_path / "printed", desk.environ, "ci", "run", entry=entry)
            stack.callback(step.end)
            return step

        yield begun


def gone(step: Step) -> bool:
    return step.left() == []


def runs(runner: Runner) -> list[Path]:
    return sorted(runner.folder.glob("tools/alekseylearn/state/*/runs/*/alive"))


def test_while_the_notebook_runs(start: Start, begin: Begin, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    runner = start(growth(LONGER, before=gate.cell))
    step = begin(runner)
    gate.wait()
    cancelled = step.cancel()
    assert (cancelled.code, len(cancelled.asked)) == (130, 1)
    until(lambda: gone(step), "the supervisor's end")
    assert runner.outputs["result"] == "cancelled"
    assert "topped" in only_comment(runner.consumer).splitlines()[1]


def test_while_the_environment_is_made(start: Start, begin: Begin, tmp_path: Path) -> None:
    """What installs is ended with all that it has started."""
    wheels = tmp_path / "wheels"
    make_wheel(wheels, "toolbox", "1.5")
    # An installer that starts a program of its own and waits for it.
    slow = tmp_path / "bin" / "uv"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path}/reached\nsleep 60 & wait\n")
    slow.chmod(0o755)
    runner = start(growth(LONGER))
    (runner.consumer.work / "requirements.txt").write_text("toolbox==1.5\n")
    runner.pull.push({"requirements.txt": "toolbox==1.5\n"})
    desk = runner.desk()
    step = begin(runner, PATH=f"{slow.parent}:{desk.environ['PATH']}")
    until((tmp_path / "reached").exists, "the installer")
    cancelled = step.cancel()
    assert (cancelled.code, cancelled.asked) == (130, [])
    until(lambda: gone(step), "the end of the installer's own program")
    assert runs(runner) == []


def test_while_the_supervisor_is_started_by_a_runner_that_was_started_in_the_background(
    start: Start, begin: Begin
) -> None:
    runner = start(growth(LONGER, before="import time; time.sleep(60)"))
    step = begin(runner, entry="deaf")
    assert step.wait_for("supervisor.started")
    cancelled = step.cancel()
    assert (cancelled.code, len(cancelled.asked)) == (130, 1)
    # It was the first signal that did it.
    assert cancelled.asked[0] < CANCELLING[0][1]
    until(lambda: gone(step), "the supervisor's end")
    assert [is_locked(alive) for alive in runs(runner)] in ([], [False])


def test_a_script_that_did_not_become_the_step_leaves_nothing_behind(
    start: Start, begin: Begin, tmp_path: Path
) -> None:
    """The shell never hands the signal on and dies of the second one: its child notices, and stops what it started."""
    gate = Gate(tmp_path)
    runner = start(growth(LONGER, before=gate.cell))
    step = begin(runner, entry="bash")
    gate.wait()
    # The runner's 7.5 s between the two signals change nothing: the shell waits for its child.
    step.entry.terminate()
    assert step.entry.wait() != 0
    done = runner.step("finish", ALEKSEYLEARN_OUTCOME="cancelled")
    assert done.code == 0, done.out + done.err
    until(lambda: gone(step), "the end of what the shell had started")
    assert "topped" in only_comment(runner.consumer).splitlines()[1]
    assert [is_locked(alive) for alive in runs(runner)] in ([], [False])
