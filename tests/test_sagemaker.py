"""The backend sagemaker in a service that really runs the jobs: started once, watched to the end, stopped, paid for."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.backends.base import Backend
from alekseylearn.backends.sagemaker import SageMakerBackend
from alekseylearn.errors import AlekseylearnError, InputError, LimitError, MachineError
from alekseylearn.jobs import JobHandle, JobState
from alekseylearn.results import read_result
from alekseylearn.training_service import TrainingService
from tests.contract.jobs import CHANNEL, TOKEN, Gate, bundle_of, ended, kill_training_job, site_in, until
from tests.fakes.sagemaker.service import SageMakerService
from tests.fakes.sagemaker.settings import Image

MODEL = "import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'weights.bin').write_bytes(b'half')"
TORCHRUN = Path(__file__).parent / "runtime" / "torchrun"
"""A stand-in for PyTorch's launcher."""
Reach = Callable[..., Backend]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / CHANNEL)


@pytest.fixture
def reach(own_sagemaker: SageMakerService, tmp_path: Path) -> Reach:
    """Connect to a service of the test's own; keywords are keys of the table."""

    def connect(**table: object) -> Backend:
        return site_in(own_sagemaker, tmp_path, **table).connect()

    return connect


def name_of(job: JobHandle) -> str:
    return job.url.rpartition("/")[2]


def refused(action: Callable[[], Any]) -> AlekseylearnError:
    with pytest.raises(AlekseylearnError) as caught:
        action()
    assert len(str(caught.value).splitlines()) <= 5
    assert caught.value.hint
    return caught.value


def created(service: SageMakerService) -> list[dict[str, Any]]:
    return [
        dict(call.parameters)
        for call in service.calls
        if call.name == "sagemaker:CreateTrainingJob" and call.status == 200
    ]


# -- one job, whoever asks for it and whatever is lost ------------------------------------------------------------


def test_twenty_who_come_one_after_the_other_make_one_job(
    reach: Reach, own_sagemaker: SageMakerService, gate: Gate, tmp_path: Path
) -> None:
    secrets = dict.fromkeys(("GITHUB_TOKEN", "MY_KEY", "ALEKSEYLEARN_PASS_HF_TOKEN", "ALEKSEYLEARN_NOTIFY"), "canary")
    bundle, digest = bundle_of(TOKEN, gate.cell)
    job = site_in(own_sagemaker, tmp_path).connect(**secrets).submit(bundle, name="toy", digest=digest)
    assert {reach().submit(bundle, name="toy", digest=digest) for _ in range(19)} == {job}
    gate.folder.mkdir(exist_ok=True)
    gate.open()
    assert ended(reach(), job) is JobState.SUCCEEDED
    (asked,) = created(own_sagemaker)
    # Whoever may describe jobs reads all of it.
    assert "canary" not in str(asked)


@pytest.mark.parametrize("action", ["sagemaker:CreateTrainingJob", "s3:PutObject"])
def test_an_answer_that_is_lost_starts_no_second_job(
    reach: Reach, own_sagemaker: SageMakerService, action: str
) -> None:
    own_sagemaker.fail(action, "lose", times=1)
    backend = reach()
    bundle, digest = bundle_of(TOKEN)
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.SUCCEEDED
    assert len(own_sagemaker.jobs) == 1


def test_throttling_is_waited_out(reach: Reach, own_sagemaker: SageMakerService) -> None:
    for action in ("sagemaker:*", "logs:*", "s3:*"):
        own_sagemaker.fail(action, "throttle", every=3)
    backend = reach()
    bundle, digest = bundle_of("print('through')")
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.SUCCEEDED
    assert backend.logs(job).lines == ("through",)


def test_who_died_before_the_service_heard_of_the_job_is_followed_by_another(
    reach: Reach, own_sagemaker: SageMakerService
) -> None:
    bundle, digest = bundle_of(TOKEN)
    own_sagemaker.fail("sagemaker:CreateTrainingJob", "error", times=1, code="SomethingElse", status=400)
    backend = reach()
    assert isinstance(backend, SageMakerBackend)
    with pytest.raises(MachineError, match=r"aws\.failed"):
        backend.submit(bundle, name="toy", digest=digest)
    # As if the process had died at that moment: what was written down stays.
    record = {"digest": digest, "name": "toy", "number": 1, "bundle": "", "submitted": 1.0}
    own_sagemaker.client("s3").put_object(
        Bucket=own_sagemaker.bucket,
        Key=f"{backend._bucket.prefix}jobs/alekseylearn-{digest[:12]}-1.json",
        Body=json.dumps(
            {**record, "request": {"TrainingJobName": f"alekseylearn-{digest[:12]}-1"}, "left": [], "notes": []}
        ),
    )
    assert reach().find(digest) is None
    assert reach().jobs() == ()
    job = reach().submit(bundle, name="toy", digest=digest)
    assert ended(reach(), job) is JobState.SUCCEEDED
    assert list(own_sagemaker.jobs) == [f"alekseylearn-{digest[:12]}-1"]


def test_what_was_brought_home_is_trained_again_under_another_name(
    reach: Reach, own_sagemaker: SageMakerService
) -> None:
    bundle, digest = bundle_of(TOKEN)
    tokens = []
    for _ in range(3):
        backend = reach()
        job = backend.submit(bundle, name="toy", digest=digest)
        assert ended(backend, job) is JobState.SUCCEEDED
        tokens += backend.logs(job).lines
        backend.discard(job)
        assert reach().find(digest) is None
    assert len(set(tokens)) == 3
    assert sorted(own_sagemaker.jobs) == [f"alekseylearn-{digest[:12]}-{number}" for number in (1, 2, 3)]


def test_a_run_id_that_another_identity_has_is_taken(reach: Reach) -> None:
    bundle, digest = bundle_of("x = 1")
    reach().submit(bundle, name="toy", digest=digest)
    other = digest[:12] + "f" * 52
    assert refused(lambda: reach().submit(bundle, name="toy", digest=other)).slug == "backend.taken"
    assert reach().find(other) is None
    assert reach().poll(JobHandle.of("sagemaker", other, place="")) is JobState.LOST


# -- machines -----------------------------------------------------------------------------------------------------


def test_the_service_takes_the_next_type_where_the_first_is_not_to_be_had(
    reach: Reach, own_sagemaker: SageMakerService
) -> None:
    own_sagemaker.settings.no_capacity = {"ml.m5.xlarge"}
    backend = reach(instances=["ml.m5.xlarge", "ml.m6i.xlarge"])
    bundle, digest = bundle_of("print(1)")
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.SUCCEEDED
    assert own_sagemaker.jobs[name_of(job)].describe()["ResourceConfig"]["SelectedInstanceType"] == "ml.m6i.xlarge"
    assert len(created(own_sagemaker)) == 1


def test_without_such_a_service_our_own_next_attempt_takes_the_next_type(
    reach: Reach, own_sagemaker: SageMakerService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingService, "takes_preferences", False)
    own_sagemaker.settings.no_capacity = {"ml.m5.xlarge", "ml.c5.xlarge"}
    types = ["ml.m5.xlarge", "ml.c5.xlarge", "ml.m6i.xlarge"]
    bundle, digest = bundle_of("print(1)")
    job = reach(instances=types).submit(bundle, name="toy", digest=digest)
    # Whoever comes later goes on with what is left: the table that it has says nothing of it.
    assert ended(reach(), job) is JobState.SUCCEEDED
    assert [one["ResourceConfig"]["InstanceType"] for one in created(own_sagemaker)] == types
    last = reach()
    again = last.find(digest)
    assert again is not None
    assert name_of(again) == f"alekseylearn-{digest[:12]}-3"
    result = read_result(last.collect(again, tmp_path / "into"), again, backend="sagemaker", state=last.poll(again))
    assert result.environment["instance"] == "ml.m6i.xlarge"
    assert [note.partition(" ")[0] for note in result.warnings[:2]] == ["ml.m5.xlarge", "ml.c5.xlarge"]


def test_a_quota_that_is_used_up_leads_to_the_next_type(reach: Reach, own_sagemaker: SageMakerService) -> None:
    own_sagemaker.settings.quotas = {"ml.g5.xlarge": 0}
    backend = reach(instances=["ml.g5.xlarge", "ml.m5.xlarge"], spot=True)
    bundle, digest = bundle_of("print(1)")
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.SUCCEEDED
    assert name_of(job) == f"alekseylearn-{digest[:12]}-1"
    assert [one["ResourceConfig"]["InstanceType"] for one in created(own_sagemaker)] == ["ml.m5.xlarge"]


def test_no_machine_at_all_is_nobodys_code(reach: Reach, own_sagemaker: SageMakerService, tmp_path: Path) -> None:
    own_sagemaker.settings.no_capacity = {"ml.m5.xlarge"}
    backend = reach()
    bundle, digest = bundle_of("print(1)")
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.LOST
    assert backend.logs(job).lines == ()
    result = read_result(backend.collect(job, tmp_path / "into"), job, backend="sagemaker", state=JobState.LOST)
    assert result.failure is not None
    assert result.failure.exception == "NoCapacity"
    assert "instances" in result.failure.hint


def test_two_machines_train_together_and_the_first_one_tells(
    reach: Reach, own_sagemaker: SageMakerService, tmp_path: Path
) -> None:
    images = own_sagemaker.settings.images
    images.update({pattern: Image.here(PYTHONPATH=str(TORCHRUN)) for pattern in images})
    backend = reach(count=2)
    bundle, digest = bundle_of("import os\nprint(os.environ['RANK'], 'of', os.environ['WORLD_SIZE'])", MODEL)
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.SUCCEEDED
    assert backend.logs(job).lines[-1] == "0 of 2"
    into = backend.collect(job, tmp_path / "into")
    result = read_result(into, job, backend="sagemaker", state=JobState.SUCCEEDED)
    assert result.environment["instance"] == "2 × ml.m5.xlarge"
    assert [path.name for path in (into / "model").iterdir()] == ["weights.bin"]


# -- what is refused before anything is paid ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "slug", "what"),
    [
        ({"role": "arn:aws:iam::111122223333:role/nobody"}, "sm.role", "execution role"),
        ({"bucket": "nobodys-bucket-0815"}, "s3.bucket", "no such bucket"),
        ({"image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:1"}, "sm.image", "lies in eu-west-1"),
        ({"image": "pytorch:0.1"}, "sm.image", "no prebuilt image"),
        ({"instances": ["ml.nope.xlarge"]}, "sm.request", "`instances` is refused"),
        ({"tags": {"who": "#5"}}, "sm.request", "`tags` is refused"),
        ({"keep_alive": "10h"}, "sm.request", "`keep_alive` is refused"),
        ({"region": "xx-nowhere-9"}, "sm.image", "no prebuilt images in xx-nowhere-9"),
    ],
)
def test_what_is_wrong_with_the_table_is_named(
    reach: Reach, own_sagemaker: SageMakerService, table: dict[str, Any], slug: str, what: str
) -> None:
    bundle, digest = bundle_of("print(1)")
    error = refused(lambda: reach(**table).submit(bundle, name="toy", digest=digest))
    assert error.slug == slug
    assert what in error.what
    assert not own_sagemaker.jobs
    assert (
        not [call for call in own_sagemaker.calls if "jobs/" in call.resource and call.name == "s3:PutObject"]
        or slug == "sm.role"
    )


def test_a_quota_of_nothing_is_named_with_the_way_to_more(reach: Reach, own_sagemaker: SageMakerService) -> None:
    own_sagemaker.settings.quotas = {"ml.m5.xlarge": 0}
    bundle, digest = bundle_of("print(1)")
    error = refused(lambda: reach().submit(bundle, name="toy", digest=digest))
    assert (error.slug, error.exit_code) == ("sm.quota", 6)
    assert "Service Quotas" in error.hint
    assert reach().find(digest) is None
    assert reach().jobs() == ()


def test_a_data_set_of_a_machine_is_refused_with_the_way_to_s3(own_sagemaker: SageMakerService, tmp_path: Path) -> None:
    backend = site_in(own_sagemaker, tmp_path).connect()
    assert isinstance(backend, SageMakerBackend)
    backend._options = replace(backend._options, data={"train": "/srv/churn"})
    bundle, digest = bundle_of("print(1)")
    error = refused(lambda: backend.submit(bundle, name="toy", digest=digest))
    assert error.slug == "sm.data"
    assert "aws s3 sync /srv/churn s3://" in error.hint


def test_more_than_a_training_may_cost_is_not_started(own_sagemaker: SageMakerService, tmp_path: Path) -> None:
    own_sagemaker.settings.prices = {("us-east-1", "ml.m5.large"): 1.408}
    backend = site_in(own_sagemaker, tmp_path, instances=["ml.m5.large"]).connect()
    assert isinstance(backend, SageMakerBackend)
    backend._options = replace(backend._options, max_cost=0.1)
    bundle, digest = bundle_of("print(1)", timeout=3600)
    error = refused(lambda: backend.submit(bundle, name="toy", digest=digest))
    assert isinstance(error, LimitError)
    assert error.what == "ml.m5.large for up to 1 h 5 min could cost $1.53, more than `max_cost` $0.10"
    assert not own_sagemaker.jobs
    backend._options = replace(backend._options, max_cost=2.0)
    assert ended(backend, backend.submit(bundle, name="toy", digest=digest)) is JobState.SUCCEEDED


@pytest.mark.parametrize("lacks", ["role", "bucket"])
def test_a_table_that_is_not_whole_leads_to_init(own_sagemaker: SageMakerService, tmp_path: Path, lacks: str) -> None:
    site = site_in(own_sagemaker, tmp_path)
    table = {key: value for key, value in site.sagemaker.items() if key != lacks}
    error = refused(replace(site, sagemaker=table).connect)
    assert error.slug == f"sm.{lacks}"
    assert "init --backend sagemaker" in error.hint


# -- watching -----------------------------------------------------------------------------------------------------


def test_no_line_is_lost_to_late_logs_and_a_spot_restart(
    reach: Reach, own_sagemaker: SageMakerService, gate: Gate
) -> None:
    own_sagemaker.settings.ingestion_delay = 3.0
    backend = reach(spot=True)
    bundle, digest = bundle_of(
        "for i in range(200): print('before', i, flush=True)", gate.cell, "for i in range(200): print('after', i)"
    )
    job = backend.submit(bundle, name="toy", digest=digest)
    own_sagemaker.see(name_of(job), "reached")
    own_sagemaker.interrupt(name_of(job))
    until(lambda: len(own_sagemaker.jobs[name_of(job)].streams) == 2, "the restart")
    gate.open()
    lines, cursor, state = [], "", backend.poll(job)
    while True:
        chunk = backend.logs(job, cursor)
        lines, cursor = [*lines, *chunk.lines], chunk.cursor
        if state.ended:
            break
        state = backend.poll(job)
        time.sleep(0.05)
    assert state is JobState.SUCCEEDED
    once = [f"before {number}" for number in range(200)] + ["reached"]
    assert sorted(lines) == sorted([*once, *once, *(f"after {number}" for number in range(200))])
    assert lines[-1] == "after 199"
    assert tuple(lines) == backend.logs(job).lines


def test_the_wait_for_a_machine_is_told_as_it_lasts(reach: Reach, own_sagemaker: SageMakerService) -> None:
    own_sagemaker.settings.phases = {"Pending": 0.5, "Downloading": 0.5, "Uploading": 0.5}
    backend = reach()
    bundle, digest = bundle_of("print(1)")
    job = backend.submit(bundle, name="toy", digest=digest)
    assert backend.phase(job) == ""
    told = []
    while not backend.poll(job).ended:
        told.append(backend.phase(job).partition(",")[0])
    assert {"waiting for a machine", "loading code and data", "saving the model"} <= set(told)
    assert backend.phase(job) == ""


def test_metrics_are_known_while_the_job_runs(reach: Reach, gate: Gate) -> None:
    backend = reach()
    bundle, digest = bundle_of("import alekseylearn\nalekseylearn.log_metric('loss', 0.5, step=1)", gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    until(lambda: bool(backend.metrics(job)), "the metric")
    assert [(metric.name, metric.value) for metric in backend.metrics(job)] == [("loss", 0.5)]
    gate.open()
    ended(backend, job)
    assert backend.metrics(JobHandle.of("sagemaker", "ab" * 32, place="")) == ()


def test_a_job_outlives_the_keys_it_was_started_with(
    own_sagemaker: SageMakerService, tmp_path: Path, gate: Gate
) -> None:
    own_sagemaker.settings.token_seconds = 2
    site = site_in(own_sagemaker, tmp_path)
    backend = replace(site, environ={"PATH": "", "HOME": str(tmp_path), **own_sagemaker.oidc_environ}).connect()
    bundle, digest = bundle_of("print('started')", gate.cell, "print('ended')")
    job = backend.submit(bundle, name="toy", digest=digest)
    until(lambda: "reached" in backend.logs(job).lines, "the cell")
    own_sagemaker.expire_tokens()
    assert backend.poll(job) is JobState.RUNNING
    threading.Timer(2.5, gate.open).start()
    assert ended(backend, job) is JobState.SUCCEEDED
    assert backend.logs(job).lines == ("started", "reached", "ended")
    backend.collect(job, tmp_path / "into")
    assert own_sagemaker.identities.oidc_requests >= 3


def test_looks_become_rarer_and_never_rarer_than_ten_seconds(reach: Reach) -> None:
    backend = reach()
    assert backend.pause(0.0) <= 1.0
    assert backend.pause(3600.0) == 10.0
    assert not backend.leaves
    assert reach(on_cancel="leave").leaves


# -- the end ------------------------------------------------------------------------------------------------------


def test_a_stopped_job_keeps_its_half_made_model(reach: Reach, gate: Gate, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of(MODEL, gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    gate.wait(backend, job)
    backend.cancel(job)
    assert ended(backend, job) is JobState.STOPPED
    into = backend.collect(job, tmp_path / "into")
    assert (into / "model" / "weights.bin").read_bytes() == b"half"
    assert read_result(into, job, backend="sagemaker", state=JobState.STOPPED).state is JobState.STOPPED
    backend.cancel(job)


def test_a_cell_that_fails_is_told_with_its_cell_and_costs_what_it_did(reach: Reach, tmp_path: Path) -> None:
    backend = reach(instances=["ml.m5.large"], image="pytorch")
    bundle, digest = bundle_of("x = 1", "raise ValueError('no')")
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.FAILED
    result = read_result(backend.collect(job, tmp_path / "into"), job, backend="sagemaker", state=JobState.FAILED)
    assert result.failure is not None
    assert (result.failure.exception, result.failure.cell) == ("ValueError", 1)
    assert result.cost is not None
    assert 0 < result.cost < 0.1
    assert result.environment["instance"] == "ml.m5.large"
    assert result.environment["billed"]
    assert result.environment["image"].startswith("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:")


def test_our_own_time_limit_ends_a_job_in_order(reach: Reach, gate: Gate, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of(MODEL, gate.cell, timeout=2)
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.TIMED_OUT
    into = backend.collect(job, tmp_path / "into")
    result = read_result(into, job, backend="sagemaker", state=JobState.TIMED_OUT)
    assert result.failure is not None
    assert result.failure.exception == "TimeLimit"
    assert (into / "model" / "weights.bin").is_file()


def test_of_a_killed_job_what_was_saved_meanwhile_comes_home(reach: Reach, gate: Gate, tmp_path: Path) -> None:
    backend = reach()
    bundle, digest = bundle_of("import alekseylearn\nalekseylearn.log_metric('loss', 0.5, step=1)", gate.cell)
    job = backend.submit(bundle, name="toy", digest=digest)
    gate.wait(backend, job)
    until(lambda: bool(backend.metrics(job)), "the metric")
    kill_training_job(job)
    assert ended(backend, job) is JobState.LOST
    into = backend.collect(job, tmp_path / "into")
    result = read_result(into, job, backend="sagemaker", state=JobState.LOST)
    assert result.failure is not None
    assert result.failure.exception == "OutOfMemory"
    assert [metric.name for metric in result.metrics] == ["loss"]
    assert (into / "output" / "data" / "executed.ipynb").is_file()


def test_an_image_that_cannot_be_pulled_is_named(reach: Reach, tmp_path: Path) -> None:
    backend = reach(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/gone:1")
    bundle, digest = bundle_of("x = 1")
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.LOST
    result = read_result(backend.collect(job, tmp_path / "into"), job, backend="sagemaker", state=JobState.LOST)
    assert result.failure is not None
    assert result.failure.exception == "BadImage"


def test_a_bundle_that_will_expire_soon_is_written_again(own_sagemaker: SageMakerService, tmp_path: Path) -> None:
    def writes() -> int:
        return sum(call.name == "s3:PutObject" and "/code/" in call.resource for call in own_sagemaker.calls)

    backend = site_in(own_sagemaker, tmp_path).connect()
    assert isinstance(backend, SageMakerBackend)
    bundle, digest = bundle_of("print(1)")
    backend.submit(bundle, name="toy", digest=digest)
    assert writes() == 2
    backend.submit(bundle, name="toy", digest="ab" * 32)
    assert writes() == 4  # both are there already, which is all that the answers say
    backend._clock = lambda: time.time() + 8 * 24 * 3600
    backend.submit(bundle, name="toy", digest="cd" * 32)
    assert writes() == 8


def test_what_others_wrote_among_our_jobs_is_passed_over(reach: Reach, own_sagemaker: SageMakerService) -> None:
    backend = reach()
    assert isinstance(backend, SageMakerBackend)
    s3, prefix = own_sagemaker.client("s3"), backend._bucket.prefix
    for key, body in (
        ("alekseylearn-ab-1.json", b"{}"),
        (f"alekseylearn-{'ab' * 6}-1.json", b"[1]"),
        ("notes.txt", b"hi"),
    ):
        s3.put_object(Bucket=own_sagemaker.bucket, Key=f"{prefix}jobs/{key}", Body=body)
    assert backend.jobs() == ()
    assert backend.find("ab" * 32) is None
    assert backend.find("no digest") is None


def test_the_service_is_told_nothing_that_it_would_refuse(reach: Reach) -> None:
    long = {"text": "x" * 3000}
    bundle, digest = bundle_of("print(1)")
    manifest = json.loads(bundle.files["manifest.json"]) | {"parameters": {**long, "epochs": 2}}
    files = {**bundle.files, "manifest.json": json.dumps(manifest).encode()}
    backend = reach()
    job = backend.submit(type(bundle)(files), name="toy", digest=digest)
    assert ended(backend, job) is JobState.SUCCEEDED
    with pytest.raises(InputError, match=r"sm\.request"):
        backend.submit(type(bundle)(files), name="a#b" * 100, digest="ab" * 32)
