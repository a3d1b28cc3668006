"""The promises that every backend keeps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

import pytest

from alekseylearn.backends import connect
from alekseylearn.backends.base import Backend, Options
from alekseylearn.config import BackendName
from alekseylearn.errors import MachineError, UsageError
from alekseylearn.jobs import JobHandle, JobState
from tests.contract.jobs import Gate, bundle_of, ended, kill_process, until

STANDING: Mapping[BackendName, Callable[[JobHandle], None]] = {"process": kill_process}
"""The backends of this release, and how a job of theirs is killed from outside."""

Connect = Callable[..., Backend]


@pytest.fixture(params=STANDING)
def name(request: pytest.FixtureRequest) -> BackendName:
    chosen: BackendName = request.param
    return chosen


@pytest.fixture
def reach(name: BackendName, tmp_path: Path) -> Connect:
    def connected(**environ: str) -> Backend:
        told = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environ}
        return connect(name, Options(home=tmp_path / "home", environ=told))

    return connected


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    folder = tmp_path / "gate"
    folder.mkdir()
    return Gate(folder)


def test_a_backend_that_does_not_stand_says_so(tmp_path: Path) -> None:
    for name in set(get_args(BackendName)) - set(STANDING):
        with pytest.raises(MachineError, match=r"backend\.missing"):
            connect(name, Options(home=tmp_path, environ={}))


def test_submit_returns_before_the_job_has_ended(reach: Connect, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of(gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    assert (job.digest, job.id) == (digest, digest[:12])
    gate.wait()
    assert backend.poll(job) is JobState.RUNNING
    gate.open()
    assert ended(backend, job) is JobState.SUCCEEDED


def test_a_handle_is_enough_for_another_process(reach: Connect, name: BackendName, tmp_path: Path) -> None:
    bundle, digest = bundle_of("print('hello')")
    job = reach().submit(bundle, name="toy", digest=digest)
    program = """if True:
        import json, sys, time
        from pathlib import Path
        from alekseylearn.backends import connect
        from alekseylearn.backends.base import Options
        from alekseylearn.jobs import JobHandle
        name, home, into, job = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])
        backend, job = connect(name, Options(home=home, environ={})), JobHandle.from_json(job)
        while not backend.poll(job).ended:
            time.sleep(0.01)
        backend.collect(job, into)
        print(backend.poll(job).value, *backend.logs(job).lines)
    """
    told = json.dumps(job.to_json())
    command = [sys.executable, "-c", program, name, str(tmp_path / "home"), str(tmp_path / "there"), told]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("succeeded hello\n", "")
    assert (tmp_path / "there" / "output" / "data" / "result.json").is_file()


def test_a_job_that_runs_or_has_succeeded_is_adopted(reach: Connect, gate: Gate, tmp_path: Path) -> None:
    bundle, digest = bundle_of(f"open({str(tmp_path / 'count')!r}, 'a').write('x')", gate.cell)
    first = reach().submit(bundle, name="toy", digest=digest)
    gate.wait()
    assert reach().submit(bundle, name="toy", digest=digest) == first
    gate.open()
    assert ended(reach(), first) is JobState.SUCCEEDED
    assert reach().submit(bundle, name="toy", digest=digest) == first
    assert reach().find(digest) == first
    assert (tmp_path / "count").read_text() == "x"


def test_nothing_is_found_of_an_identity_that_nobody_submitted(reach: Connect) -> None:
    backend = reach()
    assert backend.find("ab" * 32) is None
    unknown = JobHandle(backend="process", id="ab" * 6, digest="ab" * 32)
    assert backend.poll(unknown) is JobState.LOST
    assert backend.logs(unknown).lines == ()
    backend.cancel(unknown)
    backend.discard(unknown)


def test_two_who_submit_at_the_same_time_start_one_job(reach: Connect, name: BackendName, tmp_path: Path) -> None:
    program = """if True:
        import json, os, sys, time
        from pathlib import Path
        from alekseylearn.backends import connect
        from alekseylearn.backends.base import Options
        from tests.contract.jobs import bundle_of
        name, home, start, cell = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
        backend = connect(name, Options(home=home, environ=dict(os.environ)))
        bundle, digest = bundle_of(cell)
        print("ready", flush=True)
        while not start.exists():
            time.sleep(0.0005)
        print(json.dumps(backend.submit(bundle, name="toy", digest=digest).to_json()))
    """
    cell = f"open({str(tmp_path / 'count')!r}, 'a').write('x')"
    command = [sys.executable, "-c", program, name, str(tmp_path / "home"), str(tmp_path / "start"), cell]
    root = Path(__file__).parents[2]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(4)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    (tmp_path / "start").touch()
    told = {racer.communicate()[0] for racer in racers}
    assert len(told) == 1
    job = JobHandle.from_json(json.loads(told.pop()))
    assert ended(reach(), job) is JobState.SUCCEEDED
    assert (tmp_path / "count").read_text() == "x"


def test_logs_go_on_from_the_cursor_without_loss_or_repetition(reach: Connect, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of(
        "print('one\\ntwo\\u2028half\\nthr', end='', flush=True)", gate.cell, "print('ee\\nlast', end='')"
    )
    job = backend.submit(bundle, name="toy", digest=digest)
    gate.wait()
    until(lambda: len(backend.logs(job).lines) == 2, "two lines")
    first = backend.logs(job)
    assert first.lines == ("one", "two\u2028half")
    again = backend.logs(job, first.cursor)
    assert (again.lines, again.cursor) == ((), first.cursor)
    gate.open()
    ended(backend, job)
    rest = reach().logs(job, first.cursor)
    assert rest.lines == ("three", "last")
    assert backend.logs(job, rest.cursor).lines == ()
    assert backend.logs(job).lines == (*first.lines, *rest.lines)


def test_what_is_no_cursor_is_refused(reach: Connect) -> None:
    with pytest.raises(UsageError, match=r"log\.cursor"):
        reach().logs(JobHandle(backend="process", id="a", digest="ab" * 32), "x-1")


def test_collect_brings_all_that_the_job_left(reach: Connect, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of(
        """
        import os, pathlib
        model, data = pathlib.Path(os.environ["SM_MODEL_DIR"]), pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"])
        (model / "deep").mkdir()
        (model / "deep" / "weights.bin").write_bytes(bytes(1_000_000))
        (model / "leak").symlink_to("/etc/passwd")
        (model / "folder").symlink_to("/etc")
        os.mkfifo(data / "pipe")
        (data / "table.csv").write_text("a,b")
        """
    )
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.SUCCEEDED
    into = backend.collect(job, tmp_path / "new" / "place")
    assert into == tmp_path / "new" / "place"
    assert (into / "model" / "deep" / "weights.bin").read_bytes() == bytes(1_000_000)
    data = {path.name for path in (into / "output" / "data").iterdir()}
    assert data == {"events.jsonl", "executed.ipynb", "log.txt", "metrics.jsonl", "result.json", "table.csv"}
    assert {path.name for path in (into / "model").iterdir()} == {"deep"}
    left = json.loads((into / "left-behind.json").read_text())
    assert left == ["model/folder", "model/leak", "output/data/pipe"]
    assert [path.name for path in into.parent.iterdir()] == ["place"]


def test_collect_never_writes_over_what_is_there(reach: Connect, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of("x = 1")
    job = backend.submit(bundle, name="toy", digest=digest)
    ended(backend, job)
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(UsageError, match=r"path\.exists"):
        backend.collect(job, tmp_path)
    assert (tmp_path / "mine").read_text() == "precious"


def test_collect_waits_for_nobody(reach: Connect, gate: Gate, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of(gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    with pytest.raises(MachineError, match=r"run\.unfinished"):
        backend.collect(job, tmp_path / "into")
    assert not (tmp_path / "into").exists()
    gate.open()
    ended(backend, job)
    backend.discard(job)
    with pytest.raises(MachineError, match=r"run\.gone"):
        backend.collect(job, tmp_path / "into")


def test_a_cancelled_job_keeps_what_it_has(reach: Connect, gate: Gate, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of("print('so far')", gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    gate.wait()
    reach().cancel(job)
    assert ended(backend, job) is JobState.STOPPED
    into = backend.collect(job, tmp_path / "into")
    assert "so far" in (into / "output" / "data" / "log.txt").read_text()
    states = [cell["state"] for cell in json.loads((into / "output" / "data" / "result.json").read_text())["cells"]]
    assert states == ["done", "interrupted"]


def test_a_job_cancelled_before_it_began_was_stopped(reach: Connect, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of(gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    backend.cancel(job)
    assert ended(backend, job) is JobState.STOPPED
    backend.cancel(job)


def test_a_failing_cell_fails_the_job_and_says_why(reach: Connect, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of("x = 1", "1 / 0")
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.FAILED
    into = backend.collect(job, tmp_path / "into")
    failure = json.loads((into / "output" / "data" / "result.json").read_text())["failure"]
    assert (failure["cell"], failure["exception"]) == (1, "ZeroDivisionError")


def test_a_killed_job_is_lost_and_starts_anew(reach: Connect, name: BackendName, gate: Gate, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of(gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    gate.wait()
    STANDING[name](job)
    assert backend.poll(job) is JobState.LOST
    assert backend.collect(job, tmp_path / "into").is_dir()
    gate.open()
    again = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, again) is JobState.SUCCEEDED


def test_a_failed_job_is_trained_again(reach: Connect, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of(
        f"open({str(tmp_path / 'count')!r}, 'a').write('x')", f"open({str(tmp_path / 'data')!r})"
    )
    first = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, first) is JobState.FAILED
    (tmp_path / "data").touch()
    second = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, second) is JobState.SUCCEEDED
    assert (tmp_path / "count").read_text() == "xx"


def test_a_discarded_job_leaves_nothing_to_find(reach: Connect, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of(gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    backend.discard(job)
    assert backend.find(digest) == job
    gate.open()
    ended(backend, job)
    backend.discard(job)
    assert backend.find(digest) is None


def test_no_secret_of_ours_is_seen_inside_the_job(reach: Connect) -> None:
    secrets = {
        "GITHUB_TOKEN": "canary",
        "GITHUB_SHA": "canary",
        "ACTIONS_RUNTIME_URL": "canary",
        "AWS_PROFILE": "canary",
        "INPUT_ROLE": "canary",
        "MY_KEY": "canary",
        "CLIENT_SECRET": "canary",
        "PGPASSWORD": "canary",
        "PYTHONPATH": "canary",
        "LD_PRELOAD": "canary",
        "WHATEVER": "canary",
        "ALEKSEYLEARN_NOTIFY": "canary",
        "ALEKSEYLEARN_PASS_HF_TOKEN": "canary",
        "ALEKSEYLEARN_PASS_": "canary",
    }
    backend = reach(**secrets, LC_NUMERIC="C", ALEKSEYLEARN_PASS_CITY="Kazan")
    bundle, digest = bundle_of("import json, os; print(json.dumps(dict(os.environ)))")
    job = backend.submit(bundle, name="toy", digest=digest)
    ended(backend, job)
    inside = json.loads(backend.logs(job).lines[0])
    assert "canary" not in inside.values()
    assert (inside["LC_NUMERIC"], inside["CITY"]) == ("C", "Kazan")
    assert json.loads(inside["SM_HPS"]) == {"epochs": 2}
    assert inside["SM_CURRENT_HOST"] == "algo-1"
    assert Path(inside["SM_MODEL_DIR"]).is_absolute()


def test_the_machine_is_named(reach: Connect) -> None:
    assert reach().machine
