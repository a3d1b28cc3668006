"""The supervisor as the first process of a container, and as the only child of one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Job, Make

STOPPED_WHILE_IT_LOADS = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n"
OWN_NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")


def has_namespaces() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*OWN_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def behind(folder: Path, *command: str) -> str:
    """Write a program that runs Python by way of *command*."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec {" ".join(command)} {sys.executable} "$@"\n')
    program.chmod(0o755)
    return str(program)


def stopped_while_it_loads(job: Job) -> Job:
    module = job.folder / "code" / "_al" / "supervise.py"
    module.write_text(module.read_text().replace("import os\n", STOPPED_WHILE_IT_LOADS, 1))
    return job.run()


def test_a_stop_while_the_supervisor_loads_is_a_stop(bundle: Make) -> None:
    job = stopped_while_it_loads(bundle("print('ran')"))
    assert job.code == 7, job.out
    assert (job.result["state"], job.states, job.log) == ("stopped", ["not-reached"], "")
    assert [event["event"] for event in job.events] == ["run-start", "run-end"]


@pytest.mark.skipif(not has_namespaces(), reason="no namespace of its own can be made here")
def test_the_first_process_of_a_container_loses_no_signal(bundle: Make, tmp_path: Path) -> None:
    job = stopped_while_it_loads(bundle("print('ran')", python=behind(tmp_path, *OWN_NAMESPACE)))
    assert (job.code, job.result["state"], job.log) == (7, "stopped", "")


@pytest.mark.skipif(not has_namespaces(), reason="no namespace of its own can be made here")
def test_the_first_process_of_a_container_ends_as_documented(run: Make, tmp_path: Path) -> None:
    job = run("import os\nprint(os.getppid())", python=behind(tmp_path, *OWN_NAMESPACE))
    assert (job.code, job.log) == (0, "1\n"), job.out


def test_a_stop_through_the_program_timeout_reaches_the_cell(bundle: Make, tmp_path: Path) -> None:
    python = behind(tmp_path, "timeout", "--signal=TERM", "--kill-after=20", "60")
    job = bundle("import time\nprint('training', flush=True)\ntime.sleep(60)", python=python).start()
    job.wait_for("training")
    assert job.process is not None
    job.process.terminate()
    assert job.end().code == 7
    assert (job.result["state"], job.states) == ("stopped", ["interrupted"])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux hands orphans to another process")
def test_orphans_of_the_notebook_are_reaped(run: Make) -> None:
    job = run(
        "import os, pathlib, subprocess, time\n"
        "made = subprocess.run(['sh', '-c', 'sleep 0.1 >/dev/null & echo $!'], capture_output=True, text=True).stdout\n"
        "orphan = pathlib.Path('/proc', made.strip(), 'stat')\n"
        "while orphan.exists(): time.sleep(0.02)\n"
        "print('gone')",
        timeout=20,
    )
    assert (job.code, job.log) == (0, "gone\n"), job.out


@pytest.mark.parametrize(("hard", "given"), [("2000", "2000"), ("$(ulimit -Hn)", None)])
def test_a_job_may_open_as_many_files_as_it_may_be_let(run: Make, tmp_path: Path, hard: str, given: str | None) -> None:
    program = tmp_path / "python"
    limits = f'ulimit -Sn 256 && ulimit -Hn {hard} && exec {sys.executable} "$@"'
    program.write_text(f"#!/bin/sh\n{limits}\n")
    program.chmod(0o755)
    job = run("import resource\nprint(*resource.getrlimit(resource.RLIMIT_NOFILE))", python=str(program))
    soft, most = job.log.split()
    assert int(soft) == min(65_536, int(most)) > 256
    assert given in (most, None)
