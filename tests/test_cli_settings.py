"""`config check` and `config show` as people run them: what is no configuration is refused, and nothing beside it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from alekseylearn.config import LIMITS, parse_config
from tests.desk import Desk, lone_desk
from tests.test_cli_errors import assert_refused, refuse

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return lone_desk(tmp_path / "desk")


def test_a_file_that_holds_is_told_with_what_others_read_in_it(desk: Desk) -> None:
    desk.write("my.yml", "hyperparameters: {country: no}\nmodels: {a: {notebook: a.ipynb}}\n")
    done = desk.run("config", "check", "my.yml")
    assert (done.code, done.out) == (0, "my.yml: ok, 1 model\n")
    assert "warning[cfg.type]: my.yml, line 1: 'no' is the text 'no' here, and false to other readers" in done.err


def test_what_is_shown_is_a_configuration_again(desk: Desk) -> None:
    desk.write("alekseylearn.yml", "backend: local\nhyperparameters: {n: 010}\nsagemaker: {instance_count: 2}\n")
    done = desk.run("config", "show")
    assert done.code == 0
    assert yaml.safe_load(done.out)["defaults"]["sagemaker"] == {"count": 2}
    assert parse_config(done.out.encode()) == parse_config((desk.folder / "alekseylearn.yml").read_bytes())


def test_what_is_no_plain_file_is_refused(desk: Desk) -> None:
    desk.write("real.yml", "version: 1\n")
    (desk.folder / "link.yml").symlink_to("real.yml")
    (desk.folder / "shadow.yml").symlink_to("/etc/shadow")
    (desk.folder / "folder.yml").mkdir()
    os.mkfifo(desk.folder / "pipe.yml")
    for name in ("link.yml", "shadow.yml", "folder.yml", "pipe.yml", "/dev/zero"):
        done = refuse(desk, "path.unsafe", "config", "check", name)
        assert name in done.err
    refuse(desk, "usage.path", "config", "check", "none.yml", code=2)


def test_a_large_file_is_not_read(desk: Desk) -> None:
    with (desk.folder / "large.yml").open("wb") as file:
        file.truncate(20 * 2**30)
    done = desk.run("config", "check", "large.yml")
    assert_refused(done, "cfg.limit", 3)
    assert "21.5 GB large" in done.err
    (desk.folder / "large.yml").unlink()
    desk.write("most.yml", "#" * LIMITS.max_bytes)
    assert desk.run("config", "check", "most.yml").code == 0


def test_a_secret_is_shown_nowhere(desk: Desk) -> None:
    token = "hf_" + "a1B2c3D4e5" * 3
    desk.write("alekseylearn.yml", f"hyperparameters: {{x: {token}}}\nseed: {token}\n{token}: 1\n")
    for words in (["config", "check"], ["config", "show"], ["config", "check", "--debug"]):
        done = desk.run(*words)
        assert token not in done.out + done.err
    refuse(desk, "cfg.forbidden", "config", "check")


@pytest.mark.parametrize(
    "command", [[str(Path(sysconfig.get_path("scripts")) / "alekseylearn")], [sys.executable, "-m", "alekseylearn"]]
)
def test_files_beside_the_configuration_run_nothing(tmp_path: Path, command: list[str]) -> None:
    if not shutil.which(command[0]):
        pytest.fail("alekseylearn is not installed as a command")
    for name in (
        "yaml",
        "click",
        "pydantic",
        "nbformat",
        "signal",
        "re",
        "json",
        "rich",
        "sitecustomize",
        "usercustomize",
        "conftest",
        "typing",
    ):
        (tmp_path / f"{name}.py").write_text("open('it-ran', 'w')\nraise SystemExit(9)\n")
    (tmp_path / ".env").write_text("AWS_ENDPOINT_URL=http://127.0.0.1:9\n")
    (tmp_path / "alekseylearn.yml").write_text("version: 1\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "COVERAGE"))}
    done = subprocess.run(
        [*command, "config", "check", "alekseylearn.yml"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "alekseylearn.yml: ok, 0 models\n"), done.stderr
    assert not (tmp_path / "it-ran").exists()
