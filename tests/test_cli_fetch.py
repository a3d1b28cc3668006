"""`fetch` and `compare`, from the workflow that trained to the folder at home."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import signal
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.jobs import until
from tests.desk import LONGER, NOTEBOOK, Bench, Desk, lone_desk
from tests.fakes.github.faults import BlobFault
from tests.fakes.github.server import FakeGitHub
from tests.fakes.github.state import Artifact
from tests.gate import Gate
from tests.small import growth
from tests.test_cli_ci import Runner, start
from tests.test_cli_detached import SCHEDULE, ended, submitted, waits_for
from tests.test_cli_errors import refuse
from tests.uploads import model, upload

__all__ = ["start", "submitted"]

pytest_plugins = ["tests.fakes.github.fixture"]
pytestmark = pytest.mark.usefixtures("home")


class Loader(pickle.Unpickler):
    """Loads a model whose class the notebook has made itself."""

    def find_class(self, module: str, name: str) -> Any:
        return type(name, (), {}) if module == "__main__" else super().find_class(module, name)


@pytest.fixture
def desk(tmp_path: Path, github: FakeGitHub) -> Desk:
    """Return a person's folder, elsewhere, with a token of theirs."""
    found = lone_desk(tmp_path / "desk")
    environ = {**found.environ, "GITHUB_API_URL": github.url, "GITHUB_TOKEN": "ghp_mona"}
    return Desk(folder=found.folder, environ=environ)


@pytest.fixture
def uploaded(github: FakeGitHub) -> Artifact:
    """Return an artifact of a pull request with a large model."""
    repository = github.add_repository("octo/consumer")
    repository.add_pull(7)
    files = {"model.bin": os.urandom(3_000_000)}
    return repository.add_artifact("alekseylearn-train-1", model("growth", files), run=repository.add_run())


def test_a_pull_requests_models_come_home_as_they_were_trained(
    start: Callable[..., Runner], desk: Desk, github: FakeGitHub
) -> None:
    runner = start(growth(LONGER))
    assert runner.step("run").code == 0
    left = Path(runner.outputs["artifacts-dir"])
    (told,) = json.loads((left / "outcome.json").read_text())["runs"]
    repository = runner.consumer.repository
    pull = repository.pulls[7]
    artifact = upload(repository, left, repository.add_run(4711, head_sha=pull.head_sha, head_branch=pull.head_ref))

    done = desk.run("fetch", "pr/7", "--base", "--repository", "octo/consumer")
    assert (done.code, done.out) == (0, ""), done.err
    for digest, artifacts in ((told["digest"], told["artifacts"]), (told["base"]["digest"], told["base"]["artifacts"])):
        folder = desk.folder / "runs" / digest[:12]
        assert {path.name for path in folder.iterdir()} == {item["name"] for item in artifacts}
        for item in artifacts:
            data = (folder / item["name"]).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (item["size"], item["sha256"])
            assert data == (left / item["path"]).read_bytes()
        assert Loader(io.BytesIO((folder / "model.pkl").read_bytes())).load().slope
    assert f"run {told['id']} of growth, from its artifact on GitHub: mse 0.4702" in done.err
    assert f"pickle.load(open('runs/{told['id']}/model.pkl', \"rb\"))" in done.err
    assert "warning[model.unsafe-format]" in done.err

    again = desk.run("fetch", "pr/7", "--base", "--repository", "octo/consumer", "--json")
    assert (again.code, again.err) == (0, "")
    assert again.document["run"] == told["id"]
    assert again.document["base"]["digest"] == told["base"]["digest"]
    assert again.document["more"] == []
    assert again.document["metrics"] == told["metrics"]

    compared = desk.run("compare", "pr/7", "--repository", "octo/consumer", "--json").document
    assert (compared["base"], compared["head"]) == (told["base"]["digest"], told["digest"])
    assert [delta["name"] for delta in compared["deltas"]] == ["mse"]
    shown = desk.run("compare", "pr/7", "--repository", "octo/consumer").out
    assert "better by 0.4249 (guessed: less is better)" in shown

    (desk.folder / "artifact.zip").write_bytes(artifact.content)
    unpacked = desk.run("fetch", "artifact.zip", "--to", "whole", "--json").document
    assert unpacked["digest"] == told["digest"]
    assert (desk.folder / "whole" / "report.html").read_bytes() == (left / "report.html").read_bytes()


def test_a_training_that_was_left_to_itself_comes_home_once_it_was_collected(
    submitted: tuple[Runner, Gate], desk: Desk
) -> None:
    runner, gate = submitted
    repository = runner.consumer.repository
    pull = repository.pulls[7]
    run = repository.add_run(4711, head_sha=pull.head_sha, head_branch=pull.head_ref)
    upload(repository, Path(runner.outputs["artifacts-dir"]), run, "alekseylearn-submit-1")
    waiting = desk.run("fetch", "pr/7", "--repository", "octo/consumer")
    assert (waiting.code, waiting.err.split(":")[0]) == (6, "error[run.unfinished]")
    gate.open()
    ended(runner, waits_for(runner)[0])
    assert runner.step("collect", "schedule", SCHEDULE, GITHUB_RUN_NUMBER="1", INPUT_MODE="collect").code == 0
    run = repository.add_run(4712, head_sha="b" * 40, head_branch="main", event="schedule")
    upload(repository, Path(runner.outputs["artifacts-dir"]), run, "alekseylearn-collect-1")
    found = desk.run("fetch", "pr/7", "--base", "--repository", "octo/consumer", "--json").document
    assert round(found["metrics"]["mse"], 4) == 0.4702
    assert {Path(file["path"]).name for file in found["files"]} >= {"model.pkl", "metrics.jsonl"}
    assert found["base"]["metrics"].keys() == {"mse"}


def test_a_run_that_has_ended_is_brought_home_and_compared(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    bench = Bench.create(tmp_path)
    bench.desk.write(NOTEBOOK, growth(LONGER, before=gate.cell))
    (told,) = bench.desk.run("fit", "--detach", "--json").document["runs"]
    assert "has not ended" in bench.desk.run("fetch", told["id"]).err
    gate.open()
    until((bench.desk.folder / f".alekseylearn/runs/{told['id']}/output/data/result.json").exists, "the end of the run")
    until(
        lambda: bench.desk.run("status", told["id"], "--json").document["runs"][0]["state"] == "succeeded", "its result"
    )
    assert bench.desk.run("fetch", "growth", "--to", "home").code == 0
    assert (bench.desk.folder / "home" / "model.pkl").is_file()
    alone = bench.desk.run("compare", told["id"], "growth", "--json").document
    assert alone["base"] == alone["head"] == told["digest"]
    assert [delta["verdict"] for delta in alone["deltas"]] == ["same"]


def test_the_repository_is_the_remotes(uploaded: Artifact, desk: Desk) -> None:
    refuse(desk, "usage.repository", "fetch", "pr/7", code=2)
    for arguments in (("init", "--quiet"), ("remote", "add", "origin", "git@github.com:octo/consumer.git")):
        subprocess.run(["git", *arguments], cwd=desk.folder, check=True)
    assert desk.run("fetch", "pr/7").code == 0
    refuse(desk, "usage.repository", "fetch", "pr/7", "--repository", "../octo", code=2)


@pytest.mark.parametrize("kind", ["none", "fails", "tells"])
def test_a_token_is_asked_of_gh_where_the_environment_has_none(
    uploaded: Artifact, desk: Desk, tmp_path: Path, kind: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    if kind != "none":
        (tools / "gh").write_text(
            '#!/bin/sh\n[ "$1 $2" = "auth token" ] && %s\n' % ("echo ghp_mona" if kind == "tells" else "exit 1")
        )
        (tools / "gh").chmod(0o755)
    environ = {name: value for name, value in desk.environ.items() if name not in ("GITHUB_TOKEN", "GH_TOKEN")}
    alone = Desk(folder=desk.folder, environ={**environ, "PATH": f"{tools}:/usr/bin:/bin"})
    if kind == "tells":
        assert alone.run("fetch", "pr/7", "--repository", "octo/consumer").code == 0
    else:
        refuse(alone, "github.token", "fetch", "pr/7", "--repository", "octo/consumer", code=6)


def test_a_fetch_that_is_killed_goes_on(uploaded: Artifact, desk: Desk, github: FakeGitHub) -> None:
    # Each piece breaks off, so that the process is at work for a while wherever it is killed.
    github.blob_faults += [BlobFault(cut=400_000)] * 40
    command = ("fetch", "pr/7", "--repository", "octo/consumer", "--to", "home")
    with desk.start(*command) as child:
        part = desk.folder / ".alekseylearn" / "downloads" / f"artifact-{uploaded.id}.zip.part"
        while not part.exists() or not part.stat().st_size:
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait(60)
    assert not (desk.folder / "home").exists()
    before = part.stat().st_size
    github.blob_faults.clear()
    github.downloads.clear()
    assert desk.run(*command).code == 0
    assert github.downloads == [f"bytes={before}-"]
    (name,) = [path.name for path in (desk.folder / "home").iterdir()]
    assert name == "model.bin"
    assert not part.exists()


def test_ctrl_c_ends_it_in_good_order(uploaded: Artifact, desk: Desk, github: FakeGitHub) -> None:
    github.blob_faults += [BlobFault(cut=200_000)] * 40
    with desk.start("fetch", "pr/7", "--repository", "octo/consumer", "--to", "home") as child:
        part = desk.folder / ".alekseylearn" / "downloads" / f"artifact-{uploaded.id}.zip.part"
        while not part.exists():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert (child.returncode, "Traceback" in err) == (130, False)
    assert not (desk.folder / "home").exists()


def test_an_archive_of_sagemaker_is_unpacked(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(b"model")
    with tarfile.open(desk.folder / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "model.joblib", "model.joblib")
    done = desk.run("fetch", "model.tar.gz")
    assert done.code == 0
    assert "joblib.load('runs/model/model.joblib')" in done.err
    assert (desk.folder / "runs" / "model" / "model.joblib").read_bytes() == b"model"
    refuse(desk, "usage.folder", "fetch", "model.tar.gz", code=2)
    refuse(desk, "usage.path", "fetch", "other.zip", code=2)
    refuse(desk, "usage.file", "fetch", "model.tar.gz", "--base", code=2)


def test_files_get_what_the_umask_leaves(uploaded: Artifact, desk: Desk) -> None:
    desk.run("fetch", "pr/7", "--repository", "octo/consumer", "--to", "home")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((desk.folder / "home" / "model.bin").stat().st_mode) == 0o666 & ~mask


def test_what_a_name_holds_does_not_steer_the_terminal(desk: Desk, github: FakeGitHub) -> None:
    repository = github.add_repository("octo/consumer")
    repository.add_pull(7)
    held: dict[str, Any] = model("[red]growth\x1b[31m", {"model.pkl": b"1"})
    repository.add_artifact(
        "alekseylearn-train-1",
        {name.replace("[red]growth\x1b[31m", "growth"): content for name, content in held.items()},
        run=repository.add_run(),
    )
    done = desk.run("fetch", "pr/7", "--repository", "octo/consumer", "--to", "home")
    assert "\x1b" not in done.out + done.err
