from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alekseylearn.jobs import CellRun, Failure, JobHandle, JobState, TrainingResult, result_from_json, result_to_json
from alekseylearn.metrics import Metric
from alekseylearn.results import read_result
from tests.contract.jobs import bundle_of, ended

DIGEST = "c0ffee" + "0" * 58
JOB = JobHandle(backend="process", id=DIGEST[:12], digest=DIGEST)
MODEL = b"a model"
TOLD: Mapping[str, Any] = {
    "version": 1,
    "run": DIGEST[:12],
    "digest": DIGEST,
    "state": "succeeded",
    "started": 1000.0,
    "finished": 1041.5,
    "seconds": 41.5,
    "cells": [{"cell": 2, "state": "done", "seconds": 0.5}, {"cell": 14, "state": "done", "seconds": 41}],
    "failure": None,
    "peak_memory": 512_000_000,
    "gpu": {"name": "H100"},
    "model": [
        {"path": "model.joblib", "size": 7, "sha256": hashlib.sha256(MODEL).hexdigest(), "how": "saved by the notebook"}
    ],
    "warnings": ["mind the gap"],
    "environment": {"python": "3.11.7", "platform": "Linux", "packages": {"numpy": "2.1.0", "odd": None}},
}
FAILURE = {
    "cell": 14,
    "line": 6,
    "exception": "ValueError",
    "message": "bad shape",
    "traceback": "cell 14, line 6",
    "hint": None,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "output" / "data"
    data.mkdir(parents=True)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.joblib").write_bytes(MODEL)
    (data / "metrics.jsonl").write_text(
        '{"name": "loss", "value": 0.5, "step": 1, "time": 1, "cell": 14, "source": "history"}\n'
        '{"name": "loss", "value": 0.25, "step": 2, "time": 2, "cell": 14, "source": "history"}\n'
    )
    (data / "executed.ipynb").write_text("{}")
    (data / "events.jsonl").write_text("")
    (data / "log.txt").write_text("".join(f"line {number}\n" for number in range(50)))
    (data / "table.csv").write_text("a,b")
    (tmp_path / "job.json").write_text(json.dumps({"name": "churn", "bundle": "b" * 64, "submitted": 1.5}))
    return tmp_path


Read = Callable[..., TrainingResult]


@pytest.fixture
def read(folder: Path) -> Read:
    def told(seen: JobState = JobState.SUCCEEDED, /, **changes: Any) -> TrainingResult:
        (folder / "output" / "data" / "result.json").write_text(json.dumps({**TOLD, **changes}))
        return read_result(folder, JOB, backend="process", state=seen, machine="this machine", commit="abc")

    return told


def test_a_finished_job_becomes_a_result(read: Read) -> None:
    result = read()
    assert (result.run, result.digest, result.state) == (DIGEST[:12], DIGEST, JobState.SUCCEEDED)
    assert (result.name, result.backend, result.machine) == ("churn", "process", "this machine")
    assert (result.commit, result.bundle) == ("abc", "b" * 64)
    assert result.metrics == (Metric(name="loss", value=0.25, source="history", cell=14, series=((1, 0.5), (2, 0.25))),)
    assert result.cells == (CellRun(cell=2, state="done", seconds=0.5), CellRun(cell=14, state="done", seconds=41.0))
    assert (result.seconds, result.finished, result.peak_memory) == (41.5, 1041.5, 512_000_000)
    assert result.warnings == ("mind the gap",)
    assert result.environment == {
        "machine": "this machine",
        "gpu": "H100",
        "python": "3.11.7",
        "platform": "Linux",
        "numpy": "2.1.0",
    }
    assert result.log_tail.split("\n") == [f"line {number}" for number in range(30, 50)]
    assert result_from_json(json.loads(json.dumps(result_to_json(result)))) == result


def test_what_was_used_of_gpus_is_told_for_people(read: Read) -> None:
    gpu = {"name": "H100", "count": 2, "memory": 85_520_809_984, "peak_memory": 12_000_000_000}
    told = read(gpu=gpu, seconds_per_epoch=41.25).environment
    assert (told["gpu"], told["GPU memory"], told["time per epoch"]) == ("2 × H100", "12.0 GB of 85.5 GB", "41 s")
    told = read(gpu={"name": "H100", "count": 1, "memory": None, "peak_memory": 0}, seconds_per_epoch=None).environment
    assert (told["gpu"], told["GPU memory"], "time per epoch" in told) == ("H100", "0 B", False)
    told = read(gpu={"name": "H100", "memory": "much", "peak_memory": True}, seconds_per_epoch="long").environment
    assert "GPU memory" not in told


def test_artifacts_are_named_for_people_and_hashed(read: Read) -> None:
    named = {item.name: item for item in read().artifacts}
    assert set(named) == {"model.joblib", "churn.executed.ipynb", "metrics.jsonl", "log.txt", "table.csv"}
    assert named["churn.executed.ipynb"].path == "output/data/executed.ipynb"
    assert named["model.joblib"].path == "model/model.joblib"
    assert named["model.joblib"].size == len(MODEL)
    assert named["model.joblib"].sha256 == hashlib.sha256(MODEL).hexdigest()


def test_a_notebook_without_a_name_is_called_by_its_run(read: Read, folder: Path) -> None:
    (folder / "job.json").unlink()
    assert "c0ffee000000.executed.ipynb" in {item.name for item in read().artifacts}


def test_a_failure_is_told_as_the_job_tells_it(read: Read) -> None:
    result = read(JobState.FAILED, state="failed", failure=FAILURE)
    assert result.state is JobState.FAILED
    assert result.failure == Failure(
        exception="ValueError", message="bad shape", cell=14, line=6, traceback="cell 14, line 6"
    )


@pytest.mark.parametrize(
    ("exception", "message", "hint"),
    [
        ("ModuleNotFoundError", "No module named 'sklearn'", "scikit-learn"),
        ("builtins.FileNotFoundError", "[Errno 2] No such file: 'data/x.csv'", "tracked"),
        ("torch.OutOfMemoryError", "CUDA out of memory. Tried to allocate", "batches"),
        ("numpy._core._exceptions._ArrayMemoryError", "Unable to allocate", "memory"),
        ("ValueError", "Input contains NaN.", "NaN"),
        ("ValueError", "Input X contains NaN", "NaN"),
        ("ValueError", "a banana", ""),
    ],
)
def test_a_hint_is_found_where_the_job_has_none(read: Read, exception: str, message: str, hint: str) -> None:
    failure = read(JobState.FAILED, failure={**FAILURE, "exception": exception, "message": message}).failure
    assert failure is not None
    assert hint in failure.hint
    assert bool(hint) == bool(failure.hint)


def test_the_hint_of_the_job_itself_comes_first(read: Read) -> None:
    failure = read(JobState.FAILED, failure={**FAILURE, "hint": "do this", "message": "NaN"}).failure
    assert failure is not None
    assert failure.hint == "do this"


def test_what_was_left_behind_is_told(read: Read, folder: Path) -> None:
    (folder / "left-behind.json").write_text('["model/link"]')
    assert any(text.startswith("model/link was left behind") for text in read().warnings)


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"digest": "d" * 64}, "result.mismatch"),
        ({"state": "running"}, "result.unreadable"),
        ({"state": ["succeeded"]}, "result.unreadable"),
        ({"seconds": "fast"}, "result.unreadable"),
        ({"seconds": float("nan")}, "result.unreadable"),
        ({"finished": True}, "result.unreadable"),
        ({"cells": [{"cell": 1, "state": "odd", "seconds": 1}]}, "result.unreadable"),
        ({"cells": [7]}, "result.unreadable"),
        ({"failure": "yes"}, "result.unreadable"),
        ({"environment": None}, "result.unreadable"),
        ({"peak_memory": None}, "result.unreadable"),
        ({"model": [{"path": "model.joblib", "sha256": "0" * 64}]}, "archive.mismatch"),
        ({"model": [{"path": "gone.pt", "sha256": "0" * 64}]}, "archive.mismatch"),
    ],
)
def test_a_result_that_cannot_be_trusted_is_a_failure(read: Read, changes: Mapping[str, Any], slug: str) -> None:
    result = read(**changes)
    assert result.state is JobState.FAILED
    assert result.failure is not None
    assert result.failure.exception == slug
    assert result.failure.message


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"digest": 1, "digest": 2}', "[" * 5000, "\ud800"])
def test_a_result_that_is_no_json_object_is_a_failure(folder: Path, text: str) -> None:
    (folder / "output" / "data" / "result.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    result = read_result(folder, JOB, backend="process", state=JobState.SUCCEEDED)
    assert result.state is JobState.FAILED
    assert result.failure is not None
    assert result.failure.exception.startswith("result.")


def test_metrics_that_cannot_be_read_are_told_and_the_rest_counts(read: Read, folder: Path) -> None:
    lines = '{"name": "loss", "value": "high"}\n{"name": "acc", "value": 0.5}\n{"name": "loss", "val'
    (folder / "output" / "data" / "metrics.jsonl").write_text(lines)
    result = read()
    assert result.state is JobState.SUCCEEDED
    assert [(metric.name, metric.value) for metric in result.metrics] == [("acc", 0.5)]
    (warning,) = [warning for warning in result.warnings if warning.startswith("metric.invalid: ")]
    assert "the value of 'loss' is not a number, and 1 more line" in warning
    (folder / "output" / "data" / "result.json").unlink()
    assert warning in read_result(folder, JOB, backend="process", state=JobState.LOST).warnings


def test_a_metric_line_without_end_is_told(read: Read, folder: Path) -> None:
    (folder / "output" / "data" / "metrics.jsonl").write_text(f'{{"name": "loss", "value": 1{" " * 100_000}}}\n')
    assert any(warning.startswith("metric.invalid: ") for warning in read().warnings)


@pytest.mark.parametrize(
    ("names", "told"), [(("loss",), "some points of loss are"), (("a", "b", "c"), "of a and 2 more metrics are")]
)
def test_a_curve_that_was_thinned_is_told_with_where_all_of_it_is(
    read: Read, folder: Path, names: tuple[str, ...], told: str
) -> None:
    lines = (f'{{"name": "{name}", "value": {step}, "step": {step}}}\n' for step in range(3000) for name in names)
    (folder / "output" / "data" / "metrics.jsonl").write_text("".join(lines))
    (warning,) = [warning for warning in read().warnings if "metrics.jsonl" in warning]
    assert told in warning
    (folder / "output" / "data" / "result.json").unlink()
    assert warning in read_result(folder, JOB, backend="process", state=JobState.LOST).warnings


def test_endless_metrics_are_a_failure(read: Read, folder: Path) -> None:
    with (folder / "output" / "data" / "metrics.jsonl").open("ab") as file:
        file.truncate(256 * 1024 * 1024 + 1)
    failure = read().failure
    assert failure is not None
    assert failure.exception == "metric.invalid"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    key=st.sampled_from(sorted(set(TOLD) - {"digest"})),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_no_word_of_the_job_breaks_the_reader(read: Read, key: str, value: object) -> None:
    result = read(**{key: value})
    assert result.digest == DIGEST
    json.dumps(result_to_json(result), allow_nan=False)


def test_a_lost_job_names_the_last_cell(folder: Path) -> None:
    (folder / "output" / "data" / "events.jsonl").write_text(
        '{"event": "run-start", "time": 100.0}\n'
        '{"event": "cell-start", "time": 100.5, "cell": 2}\n'
        '{"event": "cell-end", "time": 101.0, "cell": 2}\n'
        '[1]\n{"event": "odd", "time": Infinity}\n'
        '{"event": "cell-start", "time": 102.5, "cell": 14}\n'
        '{"event": "metric", "ti'
    )
    (folder / "machine.txt").write_text("the last words of the supervisor")
    result = read_result(folder, JOB, backend="process", state=JobState.LOST, machine="this machine")
    assert result.state is JobState.LOST
    assert result.failure is not None
    assert result.failure.message == "the machine or process went away in cell 14"
    assert (result.failure.cell, result.failure.traceback) == (14, "the last words of the supervisor")
    assert (result.seconds, result.finished) == (2.5, 102.5)
    assert result.metric("loss") == 0.25
    assert result.environment == {"machine": "this machine"}


def test_a_job_that_left_nothing_at_all_is_lost(tmp_path: Path) -> None:
    result = read_result(tmp_path, JOB, backend="process", state=JobState.SUCCEEDED)
    assert result.state is JobState.LOST
    assert result.failure is not None
    assert result.failure.message == "the machine or process went away before the first cell"
    assert (result.artifacts, result.metrics, result.log_tail) == ((), (), "")


def test_a_job_stopped_without_a_word_was_stopped(folder: Path) -> None:
    (folder / "output" / "data" / "metrics.jsonl").write_text("torn")
    result = read_result(folder, JOB, backend="process", state=JobState.STOPPED)
    assert result.state is JobState.STOPPED
    assert result.failure is not None
    assert result.failure.exception == "Stopped"
    assert result.metrics == ()
    assert result.warnings == ("metric.invalid: passed over: line 1 of output/data/metrics.jsonl, which is not JSON",)


ENGINE = {"image": "python@sha256:f00", "engine": "docker 29.1.0"}
MEMORY = {"exception": "OutOfMemory", "message": "the memory limit was reached", "hint": "raise `memory`"}
KILLED = {**FAILURE, "exception": "Killed", "message": "the process was killed", "hint": "more memory"}


def say(folder: Path, **word: object) -> None:
    """Let the backend say something of the job."""
    (folder / "backend.json").write_text(json.dumps(word))


def test_what_the_backend_knows_stands_beside_what_the_job_says(read: Read, folder: Path) -> None:
    say(folder, environment={**ENGINE, "python": "the image's"}, warnings=["no memory limit"])
    result = read()
    assert result.environment["engine"] == "docker 29.1.0"
    assert result.environment["image"] == "python@sha256:f00"
    # Of what both speak of, the backend is believed: the notebook can write the job's words.
    assert result.environment["python"] == "the image's"
    assert result.environment["machine"] == "this machine"
    assert result.warnings == ("no memory limit", "mind the gap")
    assert result.failure is None


def test_the_backend_says_why_a_job_left_no_result(folder: Path) -> None:
    (folder / "output" / "data" / "events.jsonl").write_text('{"event": "cell-start", "time": 1.5, "cell": 14}\n')
    say(folder, environment=ENGINE, warnings=["no memory limit"], failure=MEMORY, if_killed=MEMORY)
    result = read_result(folder, JOB, backend="docker", state=JobState.LOST)
    assert result.state is JobState.LOST
    assert result.failure is not None
    assert result.failure.exception == "OutOfMemory"
    assert result.failure.message == "the memory limit was reached in cell 14"
    assert (result.failure.hint, result.failure.cell) == ("raise `memory`", 14)
    assert result.environment == ENGINE
    assert result.warnings == ("no memory limit",)


def test_a_job_that_somebody_stopped_was_stopped_whatever_its_end_looked_like(folder: Path) -> None:
    say(folder, failure=MEMORY)
    failure = read_result(folder, JOB, backend="docker", state=JobState.STOPPED).failure
    assert failure is not None
    assert (failure.exception, failure.hint) == ("Stopped", "")


def test_the_backend_says_why_a_job_was_killed_and_the_job_where(read: Read, folder: Path) -> None:
    say(folder, if_killed=MEMORY)
    failure = read(JobState.FAILED, state="failed", failure=KILLED).failure
    assert failure == Failure(
        exception="OutOfMemory",
        message="the memory limit was reached",
        hint="raise `memory`",
        cell=14,
        line=6,
        traceback="cell 14, line 6",
    )


def test_a_job_that_says_it_was_stopped_failed_where_the_backend_saw_that(read: Read, folder: Path) -> None:
    say(folder, if_stopped=MEMORY)
    result = read(JobState.FAILED, state="stopped")
    assert result.state is JobState.FAILED
    assert result.failure == Failure(
        exception="OutOfMemory", message="the memory limit was reached", hint="raise `memory`"
    )
    assert read(JobState.STOPPED, state="stopped").state is JobState.STOPPED
    assert read(JobState.FAILED, state="succeeded").state is JobState.SUCCEEDED


def test_a_failure_that_was_no_kill_is_the_jobs_own_to_tell(read: Read, folder: Path) -> None:
    say(folder, if_killed=MEMORY, failure=MEMORY)
    failure = read(JobState.FAILED, state="failed", failure=FAILURE).failure
    assert failure is not None
    assert failure.exception == "ValueError"
    assert read().failure is None


def test_a_kill_that_the_backend_knows_nothing_of_stays_one(read: Read, folder: Path) -> None:
    say(folder)
    failure = read(JobState.FAILED, state="failed", failure=KILLED).failure
    assert failure is not None
    assert (failure.exception, failure.hint) == ("Killed", "more memory")


def test_a_result_that_cannot_be_trusted_still_says_where_it_ran(read: Read, folder: Path) -> None:
    say(folder, environment=ENGINE, if_killed=MEMORY)
    result = read(digest="d" * 64)
    assert result.failure is not None
    assert result.failure.exception == "result.mismatch"
    assert result.environment == {**ENGINE, "machine": "this machine"}


def test_a_link_is_never_read(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(TOLD))
    (folder / "output" / "data" / "result.json").symlink_to(outside)
    assert read_result(folder, JOB, backend="process", state=JobState.SUCCEEDED).state is JobState.LOST


def test_a_real_job_is_read_whole(tmp_path: Path) -> None:
    from alekseylearn.backends import connect
    from alekseylearn.backends.base import Options

    backend = connect("process", Options(home=tmp_path / "home", environ={}))
    bundle, digest = bundle_of("import alekseylearn", "print('hi'); alekseylearn.log_metric('loss', 0.5)", "1 / 0")
    job = backend.submit(bundle, name="toy", digest=digest)
    folder = backend.collect(job, tmp_path / "into") if ended(backend, job).ended else tmp_path
    result = read_result(folder, job, backend="process", state=backend.poll(job), machine=backend.machine)
    assert result.state is JobState.FAILED
    assert result.failure is not None
    assert (result.failure.exception, result.failure.cell, result.failure.line) == ("ZeroDivisionError", 2, 1)
    assert result.metric("loss") == 0.5
    assert [run.state for run in result.cells] == ["done", "done", "failed"]
    assert result.log_tail.startswith("hi")
    assert result.bundle == bundle.digest
