"""The docker backend as a person meets it: `fit`, and the runs that it leaves behind."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.contract.jobs import until
from tests.desk import LONGER, NOTEBOOK, Bench
from tests.rig.docker.engine import Engine
from tests.rig.docker.image import BASE
from tests.small import EPOCHS, TRAINS, growth

CONFIG = f"""\
defaults:
  backend: docker
  docker: {{image: "{BASE}", pull: never}}
"""
SLOW = "line = Line()\nline.fit(points, epochs, rate)\nimport time\nprint('here', flush=True)\ntime.sleep(60)"


@pytest.fixture
def bench(tmp_path: Path, docker_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a repository whose notebook trains in a container, under an identity of its own."""
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    made = Bench.create(tmp_path, growth(before=f"folder = {str(tmp_path)!r}"))
    made.desk.write("alekseylearn.yml", CONFIG)
    return made


def is_there(engine: Engine, run: str) -> bool:
    """Tell whether the engine has a container of *run*."""
    with contextlib.closing(engine.client()) as client:
        return client.containers.list(all=True, filters={"name": f"alekseylearn-{run[:12]}"}) != []


def changed(bench: Bench, tmp_path: Path, cells: dict[int, str]) -> None:
    bench.desk.write(NOTEBOOK, growth(cells, before=f"folder = {str(tmp_path)!r}"))


def test_fit_trains_both_sides_in_containers_and_leaves_none_behind(
    bench: Bench, docker_engine: Engine, tmp_path: Path
) -> None:
    changed(bench, tmp_path, LONGER)
    done = bench.desk.run("fit", "--json")
    assert done.code == 0, done.err
    (told,) = done.document["runs"]
    assert (told["backend"], told["state"], told["deltas"][0]["verdict"]) == ("docker", "succeeded", "better")
    assert told["metrics"]["mse"] == pytest.approx(0.47024975)
    comment = (bench.desk.folder / ".alekseylearn" / "last" / "comment.md").read_text()
    assert "the work tree against `main`" in comment
    assert " · a container · " in comment
    assert not is_there(docker_engine, told["id"])
    assert not is_there(docker_engine, told["base"]["digest"])
    report = (bench.desk.folder / ".alekseylearn" / "last" / "report.html").read_text()
    assert BASE in report
    again = bench.desk.run("fit", "--json").document["runs"][0]
    assert again["decision"] == "reuse"


def test_the_image_is_part_of_what_was_trained(bench: Bench, tmp_path: Path) -> None:
    changed(bench, tmp_path, LONGER)
    first = bench.desk.run("fit", "--dry-run", "--json").document["runs"][0]["digest"]
    bench.desk.write("alekseylearn.yml", CONFIG.replace(BASE, "some/other:1"))
    assert bench.desk.run("fit", "--dry-run", "--json").document["runs"][0]["digest"] != first


def test_a_run_that_goes_on_without_its_client_is_followed_stopped_and_brought_home(
    bench: Bench, docker_engine: Engine, tmp_path: Path
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
    assert is_there(docker_engine, run)
    with bench.desk.start("logs", "-f", run) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "Epoch 7/20\n"
        stopped = bench.desk.run("stop", run)
        _, err = follower.communicate(timeout=60)
    assert stopped.code in (0, 7), stopped.err
    assert (follower.returncode, err) == (7, f"run {run}: stopped\n")
    assert bench.desk.run("status", run, "--json").document["runs"][0]["state"] == "stopped"
    assert not is_there(docker_engine, run)


def test_an_engine_that_is_not_there_is_one_error_with_what_to_do(bench: Bench, tmp_path: Path) -> None:
    changed(bench, tmp_path, LONGER)
    done = bench.desk.run("fit", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.code == 6
    assert "error[docker.engine]: no container engine answers" in done.err
    assert "install docker or podman and start it, or set DOCKER_HOST" in done.err
    assert "Traceback" not in done.err
