"""The backend sagemaker as a person meets it: `fit` at a laptop, runs that go on without it, results for everybody."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from alekseylearn.sagemaker_requests import labels_of
from tests.contract.jobs import until
from tests.desk import LONGER, NOTEBOOK, Bench
from tests.fakes.sagemaker.service import SageMakerService
from tests.small import EPOCHS, TRAINS, growth

SLOW = "line = Line()\nline.fit(points, epochs, rate)\nimport time\nprint('here', flush=True)\ntime.sleep(60)"


@pytest.fixture
def bench(tmp_path: Path, sagemaker_service: SageMakerService, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a repository whose notebook trains on SageMaker, under an identity and a prefix of its own."""
    for name, value in sagemaker_service.environ.items():
        monkeypatch.setenv(name, value)
    made = Bench.create(tmp_path, growth(before=f"folder = {str(tmp_path)!r}"))
    made.desk.write("alekseylearn.yml", config(sagemaker_service, tmp_path))
    return made


def config(service: SageMakerService, folder: Path, more: str = "") -> str:
    table = f"role: {service.role}\n    bucket: {service.bucket}\n    prefix: p{folder.name.replace('_', '-')}\n    instances: ml.m5.large"
    return f"defaults:\n  backend: sagemaker\n  {more}\n  sagemaker:\n    {table}\n"


def changed(bench: Bench, tmp_path: Path, cells: dict[int, str]) -> None:
    bench.desk.write(NOTEBOOK, growth(cells, before=f"folder = {str(tmp_path)!r}"))


def test_fit_trains_both_sides_there_and_says_what_it_cost(
    bench: Bench, sagemaker_service: SageMakerService, tmp_path: Path
) -> None:
    bench.git.git("remote", "add", "origin", "git@github.com:acme/growth.git")
    changed(bench, tmp_path, LONGER)
    before = len(sagemaker_service.jobs)
    done = bench.desk.run("fit", "--json")
    assert done.code == 0, done.err
    (told,) = done.document["runs"]
    assert (told["backend"], told["state"], told["deltas"][0]["verdict"]) == ("sagemaker", "succeeded", "better")
    assert told["metrics"]["mse"] == pytest.approx(0.47024975)
    assert 0 < told["cost"] < 0.01
    jobs = list(sagemaker_service.jobs.values())[before:]
    assert len(jobs) == 2
    assert {labels_of(job.request)["repository"] for job in jobs} == {"acme/growth"}
    report = (bench.desk.folder / ".alekseylearn" / "last" / "report.html").read_text()
    assert "ml.m5.large" in report
    comment = (bench.desk.folder / ".alekseylearn" / "last" / "comment.md").read_text()
    assert "console.aws.amazon.com/sagemaker" in comment
    assert "X-Amz-Signature" not in report + comment
    assert bench.desk.run("runs", "--json").document["runs"][0]["collected"]


def test_a_result_is_there_for_whoever_comes_with_an_empty_folder(
    bench: Bench, sagemaker_service: SageMakerService, tmp_path: Path
) -> None:
    changed(bench, tmp_path, LONGER)
    assert bench.desk.run("fit").code == 0
    jobs = len(sagemaker_service.jobs)
    shutil.rmtree(bench.desk.folder / ".alekseylearn")
    again = bench.desk.run("fit", "--json")
    (told,) = again.document["runs"]
    assert (told["decision"], told["state"]) == ("reuse", "succeeded")
    assert len(sagemaker_service.jobs) == jobs
    fetched = bench.desk.run("fetch", told["id"], "--to", "model")
    assert fetched.code == 0, fetched.err
    assert (bench.desk.folder / "model" / "growth.executed.ipynb").is_file()


def test_a_run_goes_on_without_its_client_and_is_followed_stopped_and_brought_home(
    bench: Bench, tmp_path: Path
) -> None:
    settings = f"epochs = 20\nrate = 0.05\nfolder = {str(tmp_path)!r}"
    bench.desk.write(NOTEBOOK, growth({TRAINS: f"print('Epoch 7/20', flush=True)\n{SLOW}", EPOCHS: settings}))
    begun = bench.desk.run("fit", "--detach", "--json")
    assert begun.code == 0, begun.err
    run = begun.document["runs"][0]["id"]
    until(lambda: "here" in bench.desk.run("logs", run).out, "the training")
    assert bench.desk.run("status", run, "--json").document["runs"][0]["state"] == "running"
    until(lambda: "epoch 7 of 20" in bench.desk.run("status", run).out, "the epoch")
    assert run in bench.desk.run("runs").out
    with bench.desk.start("logs", "-f", run) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "Epoch 7/20\n"
        stopped = bench.desk.run("stop", run)
        _, err = follower.communicate(timeout=60)
    assert stopped.code in (0, 7), stopped.err
    assert (follower.returncode, err) == (7, f"run {run}: stopped\n")
    assert bench.desk.run("status", run, "--json").document["runs"][0]["state"] == "stopped"


def test_who_may_not_spend_so_much_starts_nothing(
    bench: Bench, sagemaker_service: SageMakerService, tmp_path: Path
) -> None:
    bench.desk.write("alekseylearn.yml", config(sagemaker_service, tmp_path, more="max_cost: 0.01"))
    changed(bench, tmp_path, LONGER)
    jobs = len(sagemaker_service.jobs)
    done = bench.desk.run("fit")
    assert done.code == 7
    assert "error[cost.limit]: ml.m5.large for up to 2 h 5 min could cost $0.24, more than `max_cost` $0.01" in done.err
    assert len(sagemaker_service.jobs) == jobs


def test_without_credentials_there_is_one_error_with_what_to_do(bench: Bench, tmp_path: Path) -> None:
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    changed(bench, tmp_path, LONGER)
    done = bench.desk.run("fit", **none)
    assert done.code == 6
    assert "error[aws.credentials]" in done.err
    assert "Traceback" not in done.err
    # What is here can be looked at all the same.
    assert bench.desk.run("runs", **none).code == 0
