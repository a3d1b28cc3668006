"""Training by several processes on one machine and on two, started by a stand-in for torchrun (see torchrun/)."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from alekseylearn.runtime.ranks import Rank, rank_of

from .conftest import Job, Make
from .opt_ml import LAST, Machine, machine

STAND_IN = Path(__file__).parent / "torchrun"
HOSTS = ("algo-1", "algo-2")
RANK = "import os, signal, sys, time\nrank = int(os.environ['RANK'])\n"
MEET = """
import pathlib, tempfile
def until(there):
    while not there(): time.sleep(0.02)
def meet(name, others):
    (pathlib.Path(os.environ["MEETING"]) / f"{name}-{rank}").touch()
    until(lambda: all((pathlib.Path(os.environ["MEETING"]) / f"{name}-{other}").exists() for other in others))
"""


def several(
    job: Job, folder: Path, *, processes: int = 2, hosts: tuple[str, ...] = ("algo-1",), host: str = "algo-1",
    env: Mapping[str, str] | None = None,
) -> Machine:  # fmt: skip
    """A machine with as many GPUs as *processes*, whose image has the stand-in."""
    tools = folder.parent / f"{folder.name}-bin"
    tools.mkdir()
    (tools / "nvidia-smi").write_text("#!/bin/sh\n" + "".join(f"echo 'GPU {n}: A10G'\n" for n in range(processes)))
    (tools / "nvidia-smi").chmod(0o755)
    (folder.parent / "meeting").mkdir(exist_ok=True)
    (folder.parent / "temporary").mkdir(exist_ok=True)
    return machine(job, folder, hosts=hosts, host=host, env={
        "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(STAND_IN), "MEETING": str(folder.parent / "meeting"),
        "TMPDIR": str(folder.parent / "temporary"),
        **({"ALEKSEYLEARN_LAUNCH": "torchrun"} if len(hosts) == 1 else {}), **(env or {}),
    })  # fmt: skip


def test_all_gpus_of_one_machine_train_and_the_first_process_leaves_the_result(bundle: Make, tmp_path: Path) -> None:
    names = "'RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'"
    made = bundle(
        f"{RANK}\nprint('this is', *map(os.environ.get, ({names})), flush=True)",
        "open(os.path.join(os.environ['SM_MODEL_DIR'], f'weights-{rank}'), 'w').write('1')\n"
        "import alekseylearn\nalekseylearn.log_metric('rank', rank)",
    )
    job = several(made, tmp_path / "ml", processes=3)
    job.run()
    assert job.code == 0, job.out
    lines = job.out.splitlines()
    assert lines[0] == "alekseylearn: torchrun starts 3 processes on machine 1 of 1"
    assert sorted(lines[1:-1]) == [f"this is {rank} {rank} 3 127.0.0.1 7777" for rank in range(3)]
    assert lines[-1] == LAST
    assert [path.name for path in job.model.iterdir()] == ["weights-0"]
    assert (job.values, job.log) == ({"rank": 0}, "this is 0 0 3 127.0.0.1 7777\n")
    assert json.loads((job.mirror / "result.json").read_text()) == job.result
    assert list((tmp_path / "temporary").iterdir()) == []


def test_two_machines_train_one_model(bundle: Make, tmp_path: Path) -> None:
    made = bundle(
        f"{RANK}{MEET}\nmeet('start', range(4))\nprint(rank, os.environ['MASTER_ADDR'], os.environ['GLOO_SOCKET_IFNAME'])"
    )
    jobs = [several(made, tmp_path / host, hosts=HOSTS, host=host) for host in HOSTS]
    for job in jobs:
        job.start()
    first, second = (job.end() for job in jobs)
    assert (first.code, second.code) == (0, 0), first.out + second.out
    assert sorted(first.out.splitlines()[1:-1]) == ["0 algo-1 eth0", "1 algo-1 eth0"]
    assert sorted(second.out.splitlines()[1:]) == ["2 algo-1 eth0", "3 algo-1 eth0"]
    assert first.out.endswith(f"\n{LAST}\n")
    assert first.result["state"] == "succeeded"
    assert list(second.data.iterdir()) == list(second.model.iterdir()) == []
    assert not second.mirror.exists()


def test_a_stop_reaches_every_process_and_the_first_saves_its_model(bundle: Make, tmp_path: Path) -> None:
    made = bundle(
        f"{RANK}{MEET}\nmodel = os.environ['SM_MODEL_DIR'] + '/weights'\ntry:\n    meet('start', range(2))\n"
        "    print('training', flush=True)\n    time.sleep(60)\nexcept KeyboardInterrupt:\n"
        "    open(model, 'w').write(str(rank))\n    print(f'stopped {rank}')"
    )
    job = several(made, tmp_path / "ml")
    job.start()
    job.wait_for("training")
    assert job.process is not None
    job.process.terminate()
    job.end()
    assert (job.code, job.result["state"]) == (7, "stopped"), job.out
    assert {"stopped 0", "stopped 1", LAST} <= set(job.out.splitlines())
    assert [path.read_text() for path in job.model.iterdir()] == ["0"]
    assert job.failure is None
    assert job.out.splitlines()[-1] == LAST


@pytest.mark.parametrize("host", HOSTS)
def test_a_stop_before_anything_runs_is_a_stop(bundle: Make, tmp_path: Path, host: str) -> None:
    job = several(bundle("print('ran')"), tmp_path / "ml", hosts=HOSTS, host=host, env={"STAND_IN_LATE": "60"})
    job.start()
    job.wait_for("torchrun starts")
    assert job.process is not None
    job.process.terminate()
    job.end()
    assert job.code == 7, job.out
    leads = host == "algo-1"
    assert (job.out.splitlines()[-1] == LAST) is leads
    assert [path.name for path in job.data.iterdir() if path.name == "result.json"] == ["result.json"] * leads
    if leads:
        assert (job.result["state"], job.states) == ("stopped", ["not-reached"])


def test_a_stop_while_the_job_boots_is_a_stop_here_too(bundle: Make, tmp_path: Path) -> None:
    job = several(bundle("print('ran')"), tmp_path / "ml")
    text = job.boot.read_text()
    job.boot.write_text(
        text.replace("        python = sys", "        os.kill(os.getpid(), signal.SIGTERM)\n        python = sys")
    )
    job.run()
    assert (job.code, job.result["state"], job.out) == (7, "stopped", f"{LAST}\n")


def test_the_failure_of_another_process_is_the_failure_of_the_run(bundle: Make, tmp_path: Path) -> None:
    made = bundle(
        "1", f"{RANK}{MEET}\nmeet('start', range(2))\nif rank == 1:\n    raise ValueError('bad shard')\ntime.sleep(60)"
    )
    job = several(made, tmp_path / "ml")
    job.run()
    assert (job.code, job.result["state"], job.states) == (4, "failed", ["done", "interrupted"]), job.out
    failure = job.result["failure"]
    assert (failure["cell"], failure["exception"], failure["message"]) == (11, "ValueError", "bad shard (rank 1)")
    assert job.failure is not None
    assert job.failure.startswith("cell 11, line 13: ValueError: bad shard (rank 1)\n")
    assert "ChildFailedError" not in job.out
    assert job.out.splitlines()[-1] == LAST


def test_what_failed_first_is_told_where_one_failure_brings_about_another(bundle: Make, tmp_path: Path) -> None:
    made = bundle(
        f"{RANK}{MEET}\nmeet('start', range(2))\nif rank == 1:\n    raise ValueError('bad shard')\n"
        "temporary = pathlib.Path(os.environ['ALEKSEYLEARN_RANKS'])\n"
        "events = temporary / '1' / 'output' / 'data' / 'events.jsonl'\n"
        "until(lambda: '\"failed\"' in events.read_text())\nraise ConnectionError('peer closed')"
    )
    job = several(made, tmp_path / "ml")
    job.run()
    assert job.result["failure"]["message"] == "bad shard (rank 1)", job.out


def test_a_failure_of_the_first_is_its_own_where_others_go_on(bundle: Make, tmp_path: Path) -> None:
    made = bundle(f"{RANK}{MEET}\nmeet('start', range(2))\nif rank == 0:\n    raise ValueError('mine')\ntime.sleep(60)")
    job = several(made, tmp_path / "ml")
    job.run()
    assert (job.code, job.result["failure"]["message"]) == (4, "mine")


def test_the_run_is_over_when_all_have_ended(bundle: Make, tmp_path: Path) -> None:
    made = bundle(
        f"{RANK}{MEET}\nmeet('start', range(2))\nif rank == 1:\n    ahead = pathlib.Path(os.environ['MEETING'], 'ahead')\n"
        "    until(ahead.exists)\n    raise ValueError('late')",
        "(pathlib.Path(os.environ['MEETING'], 'ahead')).touch()",
    )
    job = several(made, tmp_path / "ml")
    job.run()
    assert (job.code, job.result["state"], job.states) == (4, "failed", ["done", "done"]), job.out
    assert job.result["failure"]["message"] == "late (rank 1)"


def test_a_failure_on_a_machine_without_a_result_is_told_to_sagemaker(bundle: Make, tmp_path: Path) -> None:
    job = several(
        bundle(f"{RANK}\nif rank == 3:\n    1 / 0\ntime.sleep(60)"), tmp_path / "ml", hosts=HOSTS, host="algo-2"
    )
    job.run()
    assert job.code == 4, job.out
    assert job.failure is not None
    assert job.failure.startswith("cell 10, line 5: ZeroDivisionError: division by zero\n")


KILLED = "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)"


def test_a_supervisor_that_was_killed_is_told_of_by_the_first(bundle: Make, tmp_path: Path) -> None:
    made = bundle(f"{RANK}{MEET}\nmeet('start', range(2))\nif rank == 1:\n    {KILLED}\ntime.sleep(60)")
    job = several(made, tmp_path / "ml")
    job.run()
    assert (job.code, job.result["state"]) == (4, "failed"), job.out
    assert "supervisor of rank 1 was ended from outside" in job.result["failure"]["message"]


def test_a_first_supervisor_that_was_killed_is_told_of_by_whoever_started_it(bundle: Make, tmp_path: Path) -> None:
    made = bundle(f"{RANK}{MEET}\nmeet('start', range(2))\nif rank == 0:\n    {KILLED}\ntime.sleep(60)")
    job = several(made, tmp_path / "ml")
    job.run()
    assert job.code == 1
    assert job.failure is not None
    assert "rank 0 was ended from outside" in job.failure
    assert "ChildFailedError" in job.out
    assert job.out.splitlines()[-1] == LAST


def test_a_torchrun_that_fails_is_quoted(bundle: Make, tmp_path: Path) -> None:
    words = "W: a warning\nRuntimeError: EADDRINUSE: port 7777"
    job = several(bundle("1"), tmp_path / "ml", env={"STAND_IN_BROKEN": words})
    job.run()
    assert job.code == 1
    assert job.failure == (
        "alekseylearn: torchrun ended with exit status 1 before the training began: RuntimeError: EADDRINUSE: port 7777\n"
    )
    assert words in job.out
    assert job.out.splitlines()[-1] == LAST


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells who started a process")
def test_torchrun_may_be_killed(bundle: Make, tmp_path: Path) -> None:
    made = bundle(
        f"{RANK}{MEET}\nmeet('start', range(2))\nif rank == 0:\n"
        "    status = pathlib.Path(f'/proc/{os.getppid()}/status').read_text()\n"
        "    os.kill(int(status.partition('PPid:')[2].split()[0]), signal.SIGKILL)\ntime.sleep(60)"
    )
    job = several(made, tmp_path / "ml")
    job.run()
    assert (job.code, job.result["state"]) == (4, "failed"), job.out
    assert job.result["failure"]["message"].startswith("torchrun ended the processes of this machine")


def test_a_stopped_machine_does_not_wait_for_others(bundle: Make, tmp_path: Path) -> None:
    job = several(bundle("print('ran', flush=True)"), tmp_path / "ml", env={"STAND_IN_WAITS": "100"})
    job.start()
    while not (job.data / "result.json").exists():
        time.sleep(0.05)
    assert job.process is not None
    job.process.send_signal(signal.SIGTERM)
    job.end()
    assert (job.code, job.result["state"]) == (0, "succeeded"), job.out


@pytest.mark.parametrize(
    ("hosts", "who"), [(("algo-1",), "ALEKSEYLEARN_LAUNCH=torchrun needs"), (HOSTS, "several machines need")]
)
def test_an_image_without_torch_is_named(bundle: Make, tmp_path: Path, hosts: tuple[str, ...], who: str) -> None:
    job = several(bundle("1"), tmp_path / "ml", hosts=hosts, env={"PYTHONPATH": str(tmp_path)})
    job.run()
    assert job.code == 1
    assert job.failure == f"alekseylearn: {who} PyTorch's torchrun in the image, and it has no torch\n"
    assert job.out == f"{job.failure}{LAST}\n"


def test_packages_are_installed_by_one_process_at_a_time(bundle: Make, tmp_path: Path) -> None:
    made = bundle(f"{RANK}", requirements="no-such-package-of-anybody==1\n")
    log = tmp_path / "pip-calls"
    pip = tmp_path / "stub"
    pip.mkdir()
    (pip / "pip.py").write_text(
        "import os, time\n"
        f"log = open({str(log)!r}, 'a')\nprint('begin', os.environ['RANK'], file=log, flush=True)\ntime.sleep(0.5)\n"
        "print('end', os.environ['RANK'], file=log, flush=True)\n"
    )
    job = several(
        made, tmp_path / "ml", env={"ALEKSEYLEARN_REQUIREMENTS": "install", "PYTHONPATH": f"{pip}:{STAND_IN}"}
    )
    job.run()
    assert job.code == 0, job.out
    words = [line.split() for line in log.read_text().splitlines()]
    assert [word for word, _ in words] == ["begin", "end"] * 2
    assert words[0][1] == words[1][1] != words[2][1] == words[3][1]


def test_a_rank_is_read_from_the_variables_of_torchrun(tmp_path: Path) -> None:
    variables = {"RANK": "5", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "ALEKSEYLEARN_MIRROR": "/m", "OTHER": "1"}
    assert rank_of(variables) is None
    rank = rank_of({**variables, "ALEKSEYLEARN_RANKS": str(tmp_path)})
    assert rank == Rank(tmp_path, 5, 1, 4)
    environ = rank.environment(variables)
    assert environ["SM_OUTPUT_DATA_DIR"] == str(tmp_path / "1" / "output" / "data")
    assert "ALEKSEYLEARN_MIRROR" not in environ
    assert [rank.place(local).number for local in range(4)] == [4, 5, 6, 7]
    with pytest.raises(KeyError):
        rank_of({"ALEKSEYLEARN_RANKS": str(tmp_path)})
