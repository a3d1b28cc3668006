from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from alekseylearn.backends.base import Options
from alekseylearn.backends.process import ProcessBackend
from alekseylearn.bundle import Bundle
from alekseylearn.cores import count_cores, count_gpus
from alekseylearn.disk import holding, is_locked
from alekseylearn.errors import InputError, MachineError, UsageError
from alekseylearn.jobs import JobHandle, JobState
from alekseylearn.run_folder import Run
from tests.contract.jobs import ended, until

DIGEST = "c0ffee" + "0" * 58
# A supervisor of its own, which takes the words of `job` as what to do.
SUPERVISOR = b"""
import json, os, pathlib, signal, sys, time
data = pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"])
outside = pathlib.Path(__file__).parents[5]
with (outside / "count").open("a") as file:
    file.write("x")
job = json.loads(pathlib.Path("job").read_text())
if "print" in job:
    print(job["print"], file=sys.stderr, flush=True)
if "wait" in job:
    while not (outside / "go").exists():
        time.sleep(0.005)
if "state" in job:
    (data / "result.json.new").write_text(json.dumps({"state": job["state"]}))
    (data / "result.json.new").rename(data / "result.json")
"""


@pytest.fixture
def backend(tmp_path: Path) -> ProcessBackend:
    return connect(tmp_path)


def connect(folder: Path) -> ProcessBackend:
    return ProcessBackend.connect(Options(home=folder / "home", environ={"PATH": os.environ["PATH"]}))


def bundle(**job: str) -> Bundle:
    return Bundle({"_al/supervisor.py": SUPERVISOR, "job": json.dumps(job).encode()})


def submit(backend: ProcessBackend, digest: str = DIGEST, **job: str) -> JobHandle:
    return backend.submit(bundle(**job), name="toy", digest=digest)


def test_a_run_lies_in_a_folder_named_by_its_run_id(backend: ProcessBackend, tmp_path: Path) -> None:
    job = submit(backend, state="succeeded")
    folder = tmp_path / "home" / "runs" / "c0ffee000000"
    assert Path(job.place) == folder
    assert ended(backend, job) is JobState.SUCCEEDED
    assert (folder / "code" / "_al" / "supervisor.py").read_bytes() == SUPERVISOR
    about = json.loads((folder / "job.json").read_text())
    assert about["handle"] == job.to_json()
    assert (about["name"], about["bundle"]) == ("toy", bundle(state="succeeded").digest)
    assert (tmp_path / "home" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("state", ["succeeded", "failed", "stopped", "timed-out"])
def test_the_result_says_the_state(backend: ProcessBackend, state: str) -> None:
    job = submit(backend, state=state)
    until(lambda: not is_locked(Path(job.place) / "alive"), "the end")
    assert backend.poll(job) is JobState(state)


@pytest.mark.parametrize("state", ["running", "queued", "", "SUCCEEDED", "nonsense"])
def test_a_result_that_says_nonsense_is_a_failure(backend: ProcessBackend, state: str) -> None:
    job = submit(backend, state=state)
    until(lambda: not is_locked(Path(job.place) / "alive"), "the end")
    assert backend.poll(job) is JobState.FAILED


def test_a_process_that_ends_without_a_word_is_lost(backend: ProcessBackend) -> None:
    job = submit(backend)
    assert ended(backend, job) is JobState.LOST


def test_a_zombie_counts_as_dead(backend: ProcessBackend) -> None:
    job = submit(backend, wait="")
    run = Run(Path(job.place))
    until(lambda: run.pid is not None, "the number")
    assert run.pid is not None
    os.kill(run.pid, signal.SIGKILL)
    os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOWAIT)
    assert run.state is JobState.LOST
    assert backend.poll(job) is JobState.LOST
    with pytest.raises(ProcessLookupError):
        os.kill(run.pid, 0)


def test_a_number_that_somebody_else_has_now_is_not_taken_for_the_run(backend: ProcessBackend, tmp_path: Path) -> None:
    job = submit(backend)
    ended(backend, job)
    (Path(job.place) / "pid").write_text(f"{os.getpid()}\n")
    assert backend.poll(job) is JobState.LOST
    backend.cancel(job)


def test_a_supervisor_that_dies_of_the_request_was_stopped(backend: ProcessBackend) -> None:
    job = submit(backend, wait="")
    backend.cancel(job)
    assert ended(backend, job) is JobState.STOPPED


def test_what_the_supervisor_complains_of_is_collected(backend: ProcessBackend, tmp_path: Path) -> None:
    job = submit(backend, print="no room", state="failed")
    ended(backend, job)
    into = backend.collect(job, tmp_path / "into")
    assert (into / "machine.txt").read_text() == "no room\n"


def test_a_python_that_does_not_start_is_told_in_the_same_place(tmp_path: Path) -> None:
    backend = ProcessBackend(tmp_path, tmp_path / "no-python", {"PATH": "/usr/bin:/bin"})
    job = submit(backend, state="succeeded")
    assert ended(backend, job) is JobState.LOST
    assert "no-python" in (backend.collect(job, tmp_path / "into") / "machine.txt").read_text()


def test_the_files_of_an_unsuccessful_run_are_kept_for_one_more(backend: ProcessBackend, tmp_path: Path) -> None:
    for state in ("failed", "stopped", "succeeded"):
        job = submit(backend, state=state)
        ended(backend, job)
    previous = tmp_path / "home" / "runs" / "c0ffee000000.previous"
    assert json.loads((previous / "output" / "data" / "result.json").read_text()) == {"state": "stopped"}
    assert (tmp_path / "count").read_text() == "xxx"
    backend.discard(job)
    assert not previous.exists()


def test_a_run_id_that_belongs_to_another_training_is_refused(backend: ProcessBackend) -> None:
    ended(backend, submit(backend, state="succeeded"))
    other = DIGEST[:12] + "1" * 52
    with pytest.raises(MachineError, match=r"backend\.taken"):
        submit(backend, digest=other, state="succeeded")
    assert backend.find(other) is None


@pytest.mark.parametrize("path", ["../escape", "/etc/escape", "a/../../escape", "a//b"])
def test_a_bundle_that_leads_out_of_its_folder_is_refused(backend: ProcessBackend, tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match=r"path\.unsafe"):
        backend.submit(Bundle({path: b"x"}), name="toy", digest=DIGEST)
    assert not list(tmp_path.rglob("escape"))
    assert backend.find(DIGEST) is None
    assert ended(backend, submit(backend, state="succeeded")) is JobState.SUCCEEDED


@pytest.mark.parametrize("digest", ["", "../../etc", "C0FFEE" + "0" * 58, "0" * 63])
def test_what_is_no_identity_is_refused(backend: ProcessBackend, digest: str) -> None:
    with pytest.raises(UsageError, match=r"run\.unknown"):
        submit(backend, digest=digest)
    with pytest.raises(UsageError, match=r"run\.unknown"):
        backend.poll(JobHandle(backend="process", id="x", digest=digest))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(MachineError, match=r"backend\.home"):
        connect(tmp_path)


def test_a_folder_named_from_here_holds_for_the_job_too(tmp_path: Path) -> None:
    backend = connect(Path(os.path.relpath(tmp_path)))
    job = submit(backend, state="succeeded")
    assert Path(job.place).is_absolute()
    assert ended(backend, job) is JobState.SUCCEEDED


def test_a_place_that_cannot_be_copied_to_is_told(backend: ProcessBackend, tmp_path: Path) -> None:
    job = submit(backend, state="succeeded")
    ended(backend, job)
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match=r"collect\.failed"):
        backend.collect(job, tmp_path / "file" / "into")
    assert backend.collect(job, tmp_path / "into").is_dir()


def test_a_disk_that_refuses_is_told(backend: ProcessBackend, tmp_path: Path) -> None:
    runs = tmp_path / "home" / "runs"
    runs.rmdir()
    runs.write_text("a file in the way")
    assert backend.find(DIGEST) is None
    with pytest.raises(MachineError, match=r"backend\.failed"):
        submit(backend, state="succeeded")


def test_a_log_that_started_anew_is_read_from_its_beginning(backend: ProcessBackend) -> None:
    job = submit(backend, state="failed")
    ended(backend, job)
    log = Path(job.place) / "output" / "data" / "log.txt"
    log.write_text("a long first line\nand another\n")
    cursor = backend.logs(job).cursor
    log.write_text("short\r\n")
    assert backend.logs(job, cursor).lines == ("short",)


def test_a_submitter_that_dies_at_any_step_leads_to_one_launch(tmp_path: Path) -> None:
    program = """if True:
        import os, sys
        from pathlib import Path
        from alekseylearn.backends.base import Options
        from alekseylearn.backends.process import ProcessBackend
        from tests.test_process import DIGEST, bundle

        def submit(home, left):
            def count(event, arguments):
                nonlocal left
                writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
                if writes or event in ("os.rename", "os.mkdir", "os.posix_spawn", "fcntl.flock", "fcntl.fcntl"):
                    left -= 1
                    if left < 0:
                        os._exit(9)
            backend = ProcessBackend.connect(Options(home=home, environ=dict(os.environ)))
            sys.addaudithook(count)
            backend.submit(bundle(state="succeeded"), name="toy", digest=DIGEST)
            os._exit(0)

        for left in range(200):
            child = os.fork()
            if child == 0:
                submit(Path(sys.argv[1]) / str(left) / "home", left)
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
                print(left)
                break
    """
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    steps = int(done.stdout)
    assert steps > 10
    for killed in range(steps + 1):
        folder = tmp_path / str(killed)
        backend = connect(folder)
        assert ended(backend, submit(backend, state="succeeded")) is JobState.SUCCEEDED
        assert (folder / "count").read_text() == "x"


def test_what_dead_submitters_and_forgotten_runs_left_is_cleared_away_in_time(tmp_path: Path) -> None:
    runs, clock = tmp_path / "home" / "runs", [time.time()]
    runs.mkdir(parents=True)
    backend = ProcessBackend(runs, Path(sys.executable), {"PATH": os.environ["PATH"]}, clock=lambda: clock[0])
    digests = {word: word.encode().hex().ljust(64, "0") for word in ("failed", "good", "lost", "alive")}
    (tmp_path / "go").touch()
    for word, state in (("failed", "failed"), ("failed", "failed"), ("good", "succeeded"), ("lost", "")):
        ended(backend, submit(backend, digests[word], **({"state": state} if state else {})))
    (tmp_path / "go").unlink()
    submit(backend, digests["alive"], wait="")
    for name in ("0" * 12, "1" * 12):
        (runs / f"{name}.new" / "code").mkdir(parents=True)
    (runs / "somebody else's").mkdir()
    always = {"somebody else's", *(digests[word][:12] for word in ("good", "alive"))}
    forgotten = {digests["failed"][:12], f"{digests['failed'][:12]}.previous", digests["lost"][:12]}

    def left(after: float) -> set[str]:
        clock[0] += after
        backend._reap()
        return {path.name for path in runs.iterdir() if path.is_dir()}

    with holding(runs / f"{'1' * 12}.lock"):
        assert left(3600) == always | forgotten | {f"{'1' * 12}.new"}
    assert left(0) == always | forgotten
    assert left(8 * 24 * 3600) == always
    (tmp_path / "go").touch()


def test_jobs_started_side_by_side_do_not_keep_each_other_alive(backend: ProcessBackend, tmp_path: Path) -> None:
    digests = [f"{number:064x}"[::-1] for number in range(1, 9)]
    jobs: list[JobHandle] = []

    def start(digest: str, word: str) -> None:
        jobs.append(submit(backend, digest=digest, **{word: ""}))

    words = ["wait" if number % 2 else "nothing" for number in range(8)]
    threads = [threading.Thread(target=start, args=pair) for pair in zip(digests, words, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ending = [job for job in jobs if words[digests.index(job.digest)] == "nothing"]
    assert [ended(backend, job) for job in ending] == [JobState.LOST] * 4
    (tmp_path / "go").touch()
    assert {ended(backend, job) for job in jobs} == {JobState.LOST}


def test_a_lock_is_seen_by_others_only_while_it_is_held(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not is_locked(lock)
    with holding(lock):
        assert is_locked(lock)
    assert not is_locked(lock)


def test_gpus_are_counted_as_the_job_will_see_them(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert count_gpus({}, tmp_path) == 3
    assert count_gpus({"CUDA_VISIBLE_DEVICES": "1"}, tmp_path) == 1
    assert count_gpus({"CUDA_VISIBLE_DEVICES": "0,2"}, tmp_path) == 2
    assert count_gpus({"CUDA_VISIBLE_DEVICES": "0,-1,1"}, tmp_path) == 1
    assert count_gpus({"CUDA_VISIBLE_DEVICES": ""}, tmp_path) == 0
    assert count_gpus({"CUDA_VISIBLE_DEVICES": "GPU-8932f937,GPU-1,GPU-2,GPU-3"}, tmp_path) == 3
    assert count_gpus({}, tmp_path / "nowhere") == 0
    (tmp_path / "wsl").mkdir()
    (tmp_path / "wsl" / "dxg").touch()
    assert count_gpus({}, tmp_path / "wsl") == 1


def test_the_machine_is_told_with_its_cores(backend: ProcessBackend) -> None:
    assert backend.machine.startswith(f"this machine ({count_cores()} core")
