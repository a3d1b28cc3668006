"""The promises that every backend keeps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from alekseylearn.backends.base import Backend
from alekseylearn.config import BackendName
from alekseylearn.errors import MachineError, UsageError
from alekseylearn.jobs import JobHandle, JobState
from alekseylearn.progressing import TAIL, Course, Live, read_course
from tests.contract.jobs import CHANNEL, TOKEN, Gate, Site, bundle_of, ended, site_in, until
from tests.rig.docker.image import BASE

ROOT = Path(__file__).parents[2]

Connect = Callable[..., Backend]


@pytest.fixture(params=get_args(BackendName))
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    if request.param == "sagemaker":
        return site_in(request.getfixturevalue("sagemaker_service"), tmp_path)
    if request.param == "docker":
        environ["DOCKER_HOST"] = request.getfixturevalue("docker_engine").host
    return Site(name=request.param, folder=str(tmp_path), environ=environ, docker={"image": BASE, "pull": "never"})


@pytest.fixture
def reach(site: Site) -> Connect:
    return site.connect


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / CHANNEL)


def test_submit_returns_before_the_job_has_ended(reach: Connect, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of(gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    assert (job.digest, job.id) == (digest, digest[:12])
    gate.wait(backend, job)
    assert backend.poll(job) is JobState.RUNNING
    gate.open()
    assert ended(backend, job) is JobState.SUCCEEDED


def test_a_handle_is_enough_for_another_process(reach: Connect, site: Site, tmp_path: Path) -> None:
    bundle, digest = bundle_of("print('hello')")
    job = reach().submit(bundle, name="toy", digest=digest)
    program = """if True:
        import json, sys, time
        from pathlib import Path
        from alekseylearn.jobs import JobHandle
        from tests.contract.jobs import Site
        backend, job = Site.from_json(sys.argv[1]).connect(), JobHandle.from_json(json.loads(sys.argv[2]))
        while not backend.poll(job).ended:
            time.sleep(0.01)
        backend.collect(job, Path(sys.argv[3]))
        print(backend.poll(job).value, *backend.logs(job).lines)
    """
    command = [sys.executable, "-c", program, site.to_json(), json.dumps(job.to_json()), str(tmp_path / "there")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("succeeded hello\n", "")
    assert (tmp_path / "there" / "output" / "data" / "result.json").is_file()


def test_a_job_that_runs_or_has_succeeded_is_adopted(reach: Connect, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of(TOKEN, gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    gate.wait(backend, job)
    lines = backend.logs(job).lines
    assert reach().submit(bundle, name="toy", digest=digest) == job
    gate.open()
    assert ended(reach(), job) is JobState.SUCCEEDED
    assert reach().submit(bundle, name="toy", digest=digest) == job
    assert reach().find(digest) == job
    assert backend.logs(job).lines == lines


def test_the_jobs_that_a_backend_holds_are_listed(reach: Connect, gate: Gate) -> None:
    backend = reach()
    (first, one), (second, two) = bundle_of(gate.cell), bundle_of("x = 1", gate.cell)
    jobs = [backend.submit(first, name="one", digest=one), backend.submit(second, name="two", digest=two)]
    told = [job for job in reach().jobs() if job.handle in jobs]
    assert [(job.handle, job.name) for job in told] == [(jobs[1], "two"), (jobs[0], "one")]
    assert 0 < told[1].submitted <= told[0].submitted
    gate.open()
    for job in jobs:
        ended(backend, job)
        backend.discard(job)
    assert not [job for job in reach().jobs() if job.handle in jobs]


def test_nothing_is_found_of_an_identity_that_nobody_submitted(reach: Connect, site: Site) -> None:
    backend = reach()
    assert backend.find("ab" * 32) is None
    unknown = JobHandle(backend=site.name, id="ab" * 6, digest="ab" * 32)
    assert backend.poll(unknown) is JobState.LOST
    assert backend.logs(unknown).lines == ()
    assert backend.progress(unknown) is None
    backend.cancel(unknown)
    backend.discard(unknown)


def test_two_who_submit_at_the_same_time_start_one_job(reach: Connect, site: Site, tmp_path: Path) -> None:
    program = """if True:
        import json, sys, time
        from pathlib import Path
        from tests.contract.jobs import TOKEN, Site, bundle_of
        backend, start = Site.from_json(sys.argv[1]).connect(), Path(sys.argv[2])
        bundle, digest = bundle_of("'raced'", TOKEN)
        print("ready", flush=True)
        while not start.exists():
            time.sleep(0.0005)
        print(json.dumps(backend.submit(bundle, name="toy", digest=digest).to_json()))
    """
    command = [sys.executable, "-c", program, site.to_json(), str(tmp_path / "start")]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    (tmp_path / "start").touch()
    told = {racer.communicate()[0] for racer in racers}
    assert len(told) == 1
    job = JobHandle.from_json(json.loads(told.pop()))
    assert ended(reach(), job) is JobState.SUCCEEDED
    assert len(reach().logs(job).lines) == 1
    assert [each.handle for each in reach().jobs()].count(job) == 1


def test_logs_go_on_from_the_cursor_without_loss_or_repetition(reach: Connect, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of(
        "print('one\\ntwo\\u2028half\\nthr', end='', flush=True)", gate.silent, "print('ee\\nlast', end='')"
    )
    job = backend.submit(bundle, name="toy", digest=digest)
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


def test_what_is_no_cursor_is_refused(reach: Connect, site: Site) -> None:
    with pytest.raises(UsageError, match=r"log\.cursor"):
        reach().logs(JobHandle(backend=site.name, id="a", digest="ab" * 32), "x-1")


def test_how_far_a_job_has_come_is_told_while_it_runs(reach: Connect, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of("x = 1", f"print('Epoch 1/3', flush=True)\n{gate.silent}")
    job = backend.submit(bundle, name="toy", digest=digest)
    course = Course()

    def arrived() -> bool:
        nonlocal course
        course = read_course(reach().progress(job), 0.0)
        return course.live is not None and course.live.epoch is not None

    until(arrived, "the epoch")
    assert course.live == Live(cell=1, place=2, cells=2, epoch=1, epochs=3, seconds_left=None)
    assert [(cell.cell, cell.place, cell.cells) for cell in course.ended] == [(0, 1, 2)]
    gate.open()
    ended(backend, job)
    course = read_course(backend.progress(job), 0.0)
    assert (course.live, course.failure, [cell.cell for cell in course.ended]) == (None, "", [0, 1])


def test_only_the_end_of_what_it_told_is_read_and_where_it_is_stands_there(reach: Connect, gate: Gate) -> None:
    backend = reach()
    log = "for step in range(1000):\n    alekseylearn.log_metric('a' * 100, 1.0, step=step)"
    bundle, digest = bundle_of("x = 1", f"import alekseylearn\nprint('Epoch 1/3', flush=True)\n{log}\n{gate.silent}")
    job = backend.submit(bundle, name="toy", digest=digest)

    def live() -> Live | None:
        return read_course(backend.progress(job), 0.0).live

    until(lambda: (told := live()) is not None and told.step == 999, "the last step")
    assert live() == Live(cell=1, place=2, cells=2, epoch=1, epochs=3, seconds_left=None, step=999)
    assert len(backend.progress(job) or b"") == TAIL
    gate.open()
    ended(backend, job)


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
    gate.wait(backend, job)
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


def test_a_killed_job_is_lost_and_starts_anew(reach: Connect, site: Site, gate: Gate, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of(gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    gate.wait(backend, job)
    site.kill(job)
    assert ended(backend, job) is JobState.LOST
    assert backend.collect(job, tmp_path / "into").is_dir()
    gate.open()
    again = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, again) is JobState.SUCCEEDED


def test_a_failed_job_is_trained_again(reach: Connect, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of(TOKEN, f"import os; open({gate.place} + '/open')")
    first = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, first) is JobState.FAILED
    token = backend.logs(first).lines[0]
    gate.open()
    second = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, second) is JobState.SUCCEEDED
    assert backend.logs(second).lines[0] != token


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
        "AWS_WHATEVER": "canary",
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
    assert set(secrets) & set(inside) <= {"PYTHONPATH"}
    assert "canary" not in inside.values()
    assert (inside["LC_NUMERIC"], inside["CITY"]) == ("C", "Kazan")
    assert json.loads(inside["SM_HPS"]) == {"epochs": 2}
    assert inside["SM_CURRENT_HOST"] == "algo-1"
    assert Path(inside["SM_MODEL_DIR"]).is_absolute()


def test_the_machine_is_named(reach: Connect) -> None:
    assert reach().machine
