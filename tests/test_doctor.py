"""`doctor` says what training needs, what is missing and what to do, quickly and whatever state the machine is in."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.beginnings import WORKFLOW, on_machine
from alekseylearn.checks import Check
from alekseylearn.cli import doctor
from alekseylearn.config import Config, parse_config
from alekseylearn.engine_checks import Host, examine, most_demanding
from alekseylearn.errors import MachineError
from alekseylearn.gpu_requests import EngineKind
from alekseylearn.repository_checks import MOST, examine_notebooks
from alekseylearn.tables import DockerTable, read_docker
from tests.desk import Bench, lone_desk
from tests.repositories import Repository
from tests.rig.docker.engine import Engine as RealEngine
from tests.small import growth, notebook

CDI = {"DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=all"}], "CDISpecDirs": ["/etc/cdi"]}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.create(tmp_path)


class TestCommand:
    def test_a_machine_that_can_train(self, bench: Bench) -> None:
        bench.desk.write("alekseylearn.yml", "models: {growth: {notebook: growth.ipynb}}\n")
        done = bench.desk.run("doctor")
        assert (done.code, done.err) == (0, "")
        lines = {line.split(maxsplit=1)[1].partition("  ")[0]: line for line in done.out.splitlines()}
        assert [*lines][:6] == ["git", "Python", "disk", "repository", "history", "alekseylearn.yml"]
        assert lines["alekseylearn.yml"].endswith("1 model")
        assert str(bench.git.root) in lines["repository"]
        assert sys.executable in lines["training Python"]

    def test_json_has_a_line_for_each_with_what_to_do(self, bench: Bench) -> None:
        bench.desk.write("alekseylearn.yml", "modles: {}\n")
        done = bench.desk.run("doctor", "--json")
        assert done.code == 6
        assert done.document["ok"] is False
        for check in done.document["checks"]:
            assert set(check) == {"name", "state", "told", "remedy"}
            assert check["remedy"] or check["state"] == "ok"
        (broken,) = [check for check in done.document["checks"] if check["state"] == "missing"]
        assert broken["name"] == "alekseylearn.yml"
        assert "modles" in broken["told"]

    def test_outside_a_repository_it_is_a_warning(self, tmp_path: Path) -> None:
        done = lone_desk(tmp_path / "alone").run("doctor")
        assert done.code == 0
        assert "warning  repository" in done.out
        assert "git init" in done.out

    def test_without_git(self, bench: Bench, tmp_path: Path) -> None:
        done = bench.desk.run("doctor", PATH=str(tmp_path))
        assert done.code == 6
        assert "install git" in done.out

    def test_an_interpreter_that_is_not_here(self, bench: Bench) -> None:
        bench.desk.write("alekseylearn.yml", "models: {growth: {notebook: growth.ipynb, python: /nowhere/python}}\n")
        done = bench.desk.run("doctor")
        assert done.code == 6
        assert "missing  python: /nowhere/python" in done.out

    def test_what_the_configuration_names_is_looked_at(self, bench: Bench, tmp_path: Path) -> None:
        bench.desk.write("alekseylearn.yml", "models: {growth: {notebook: growth.ipynb, backend: docker}}\n")
        named = bench.desk.run("doctor", "--json", DOCKER_HOST=f"unix://{tmp_path}/no.sock")
        (engine,) = [check for check in named.document["checks"] if check["name"] == "engine"]
        assert (named.code, engine["state"], bool(engine["remedy"])) == (6, "missing", True)
        asked = bench.desk.run("doctor", "--json", "--backend", "sagemaker", AWS_REGION="", AWS_DEFAULT_REGION="")
        assert (asked.code, asked.document["checks"][-1]["name"]) == (6, "region")

    def test_an_engine_that_answers(self, bench: Bench, docker_engine: RealEngine) -> None:
        done = bench.desk.run("doctor", "--json", "--backend", "docker", DOCKER_HOST=docker_engine.host)
        found = {check["name"]: check for check in done.document["checks"]}
        assert (found["engine"]["state"], found["memory"]["state"]) == ("ok", "ok")
        assert found["engine"]["told"].partition(" ")[0] in ("docker", "podman")
        assert "free for images" in found["storage"]["told"]

    def test_what_hangs_or_breaks_is_a_line_like_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor, "LIMIT", 0.05)
        (hangs,) = doctor.safely("engine", lambda: time.sleep(1.0) or ())
        assert (hangs.name, hangs.state) == ("engine", "missing")

        def broken() -> tuple[Check, ...]:
            raise ValueError("odd")

        (breaks,) = doctor.safely("engine", broken)
        assert (breaks.state, breaks.told) == ("warning", "it cannot be looked at: ValueError: odd")

    def test_nothing_is_made(self, bench: Bench) -> None:
        before = bench.desk.tree()
        bench.desk.run("doctor")
        assert bench.desk.tree() == before


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine as its answers describe it."""

    kind: EngineKind = "docker"
    version: str = "28.5.2"
    rootless: bool = False
    local: bool = True
    info: Mapping[str, Any] = field(default_factory=lambda: {"MemoryLimit": True})


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Return a machine with one GPU whose driver runs, and nothing else of NVIDIA's."""
    for name in ("dev", "cdi", "bin"):
        (tmp_path / name).mkdir()
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm"):
        (tmp_path / "dev" / name).touch()
    return Host(path=str(tmp_path / "bin"), devices=tmp_path / "dev", cdi=(tmp_path / "cdi",))


def give(host: Host, *programs: str) -> None:
    for name in programs:
        path = Path(host.path) / name
        path.touch()
        path.chmod(0o755)


def looked(engine: Engine, host: Host, **table: object) -> dict[str, Check]:
    return {check.name: check for check in examine({}, read_docker(table), lambda _: engine, host)}


def repository(bench: Bench, **environ: str) -> dict[str, tuple[str, str, str]]:
    """Return what is said of the repository: name -> state, what was found, remedy."""
    done = bench.desk.run("doctor", "--json", **{"GH_TOKEN": "", "GITHUB_TOKEN": "", **environ})
    assert done.code in (0, 6), done.err
    return {check["name"]: (check["state"], check["told"], check["remedy"]) for check in done.document["checks"]}


class TestRepository:
    def test_history_tells_what_is_compared(self, bench: Bench) -> None:
        assert repository(bench)["history"] == ("ok", "whole; changes are compared with main", "")

    def test_a_history_that_was_cut_off(self, bench: Bench, tmp_path: Path) -> None:
        bench.git.commit({"more": "1"})
        bench.git.git("clone", "--quiet", "--depth=1", f"file://{bench.git.root}", str(tmp_path / "clone"))
        found = repository(Bench(git=bench.git, desk=lone_desk(tmp_path / "clone")))
        assert found["history"][0] == "warning"
        assert "fetch-depth: 0" in found["history"][2]

    def test_without_a_main_branch(self, bench: Bench) -> None:
        bench.git.git("branch", "--quiet", "-D", "main")
        assert repository(bench)["history"][0] == "warning"
        assert "--base BRANCH" in repository(bench)["history"][2]

    def test_without_a_commit(self, tmp_path: Path) -> None:
        git = Repository.create(tmp_path)
        found = repository(Bench(git=git, desk=lone_desk(git.root)))
        assert found["history"] == ("warning", "there is no commit yet", "commit the notebook first")
        assert found["notebooks"] == ("warning", "there is none", "commit one that trains a model")
        assert found["workflow"][2] == "`alekseylearn init` writes one"

    def test_each_notebook_that_trains_has_its_line(self, bench: Bench) -> None:
        bench.desk.write("other.ipynb", notebook([("code", "1")]))
        found = repository(bench)
        assert found["notebooks"] == ("ok", "2 notebooks, 1 of them train", "")
        assert found["growth.ipynb"] == ("ok", "cell 6 trains; it needs no package", "")
        assert "other.ipynb" not in found

    def test_a_package_that_is_not_here_is_named(self, bench: Bench) -> None:
        bench.desk.write("growth.ipynb", growth(before="import nowhere_at_all"))
        state, told, remedy = repository(bench)["growth.ipynb"]
        assert state == "missing"
        assert "cell 6 imports `nowhere_at_all`" in told
        assert remedy == "add nowhere_at_all to requirements.txt"

    def test_packages_that_only_this_machine_has_are_asked_for_in_writing(self, bench: Bench) -> None:
        bench.desk.write("growth.ipynb", growth(before="import yaml, alekseylearn"))
        state, told, remedy = repository(bench)["growth.ipynb"]
        assert (state, "no requirements file" in told) == ("warning", True)
        assert remedy.endswith(": pyyaml")
        bench.desk.write("requirements.txt", "PyYAML>=6\n")
        told = "cell 6 trains; 1 package of requirements.txt, installed when it first trains"
        assert repository(bench)["growth.ipynb"] == ("ok", told, "")

    def test_elsewhere_the_packages_are_the_images(self, bench: Bench, tmp_path: Path) -> None:
        bench.desk.write("growth.ipynb", growth(before="import nowhere_at_all"))
        bench.desk.write("alekseylearn.yml", "defaults: {backend: docker}\n")
        found = repository(bench, DOCKER_HOST=f"unix://{tmp_path}/no.sock")
        assert found["growth.ipynb"] == ("ok", "cell 6 trains, by docker", "")

    def test_a_notebook_that_cannot_be_read_is_a_line(self, bench: Bench) -> None:
        bench.desk.write("broken.ipynb", "{")
        state, told, remedy = repository(bench)["broken.ipynb"]
        assert (state, "not valid JSON" in told, bool(remedy)) == ("warning", True, True)

    def test_who_has_hundreds_is_told_of_the_first(self, bench: Bench) -> None:
        for number in range(40):
            bench.desk.write(f"n{number:02}.ipynb", growth())
        checks = examine_notebooks(bench.git.root, Config(), {}, count().__next__)
        assert checks[0].told == "41 notebooks, 8 of them train (the first 8 were read)"
        assert len(checks) <= 1 + 2 * MOST

    def test_a_workflow_that_lacks_something_is_told(self, bench: Bench) -> None:
        bench.git.git("remote", "add", "origin", "https://github.com/acme/churn")
        bench.desk.write(".github/workflows/lint.yml", "on: push\njobs: {}\n")
        bench.desk.write(
            ".github/workflows/train.yaml", on_machine("process").files[WORKFLOW].replace("depth: 0", "depth: 1")
        )
        found = repository(bench)
        assert found["workflow"][0] == "missing"
        assert "fetch-depth: 0" in found["workflow"][2]
        assert found["GitHub"] == ("ok", "acme/churn", "")

    def test_a_token_is_never_printed(self, bench: Bench, tmp_path: Path) -> None:
        bench.git.git("remote", "add", "origin", "https://github.com/acme/churn")
        assert repository(bench, PATH=f"{tmp_path}/nothing:/usr/bin:/bin")["token"][0] == "warning"
        assert repository(bench, GH_TOKEN="ghp_secret")["token"][1].startswith("GH_TOKEN is set")
        gh = tmp_path / "bin" / "gh"
        gh.parent.mkdir()
        gh.write_text("#!/bin/sh\necho ghp_secret\n")
        gh.chmod(0o755)
        done = bench.desk.run("doctor", GH_TOKEN="", GITHUB_TOKEN="", PATH=f"{gh.parent}:/usr/bin:/bin")
        assert "that of gh" in done.out
        assert "ghp_secret" not in done.out + done.err


class TestEngine:
    def test_one_that_does_not_answer_is_all_there_is_to_say(self, host: Host) -> None:
        def silent(_: Mapping[str, str]) -> Engine:
            raise MachineError("docker.engine", "no container engine answers", hint="start it")

        (check,) = examine({}, DockerTable(), silent, host)
        assert (check.state, check.told, check.remedy) == ("missing", "no container engine answers", "start it")

    @pytest.mark.parametrize(
        ("kind", "version", "state"),
        [
            *[("docker", "20.10.24+dfsg1", "ok"), ("docker", "19.03.15", "missing"), ("docker", "29.0.0-rc.1", "ok")],
            *[("podman", "4.3.1", "ok"), ("podman", "4.2.0", "missing"), ("podman", "unknown", "warning")],
        ],
    )
    def test_its_version(self, host: Host, kind: EngineKind, version: str, state: str) -> None:
        check = looked(Engine(kind=kind, version=version), host)["engine"]
        assert check.state == state
        assert version in check.told

    def test_limits_on_memory_that_are_ignored(self, host: Host) -> None:
        check = looked(Engine(rootless=True, info={"MemoryLimit": False}), host, memory="8g")["memory"]
        assert check.state == "warning"
        assert "`memory: 8.6 GB`" in check.told
        assert "cgroup v2" in check.remedy

    def test_who_may_use_an_engine_of_root_is_root(self, host: Host) -> None:
        assert "root" in looked(Engine(), host)["rights"].told
        assert looked(Engine(rootless=True), host)["rights"].told.startswith("rootless")

    def test_the_disk_where_images_lie(self, host: Host, tmp_path: Path) -> None:
        info = {"DockerRootDir": str(tmp_path / "not" / "yet")}
        assert str(tmp_path) in looked(Engine(info=info), host)["storage"].told
        assert looked(Engine(info=info, local=False), host)["storage"].told.startswith("not looked at")

    @pytest.mark.parametrize("info", [{}, {"DockerRootDir": 3, "DiscoveredDevices": None, "Runtimes": None}])
    def test_one_that_says_little(self, host: Host, info: Mapping[str, Any]) -> None:
        assert looked(Engine(info=info), host)["engine"].state == "ok"


class TestGpus:
    def test_a_machine_without_one_trains_on_its_cpu_unless_one_is_asked_for(self, host: Host) -> None:
        for path in host.devices.iterdir():
            path.unlink()
        auto = looked(Engine(), host)
        assert (auto["gpu"].state, "CPU" in auto["gpu"].told, "gpu in containers" in auto) == ("ok", True, False)
        must = looked(Engine(), host, gpus="all")["gpu"]
        assert (must.state, "nvidia-smi" in must.remedy) == ("missing", True)
        assert looked(Engine(), host, gpus="none")["gpu"].state == "ok"

    def test_more_than_there_are(self, host: Host) -> None:
        check = looked(Engine(), host, gpus=2)["gpu"]
        assert (check.state, check.told) == ("missing", "2 GPUs asked for, 1 on this machine")

    def test_without_the_toolkit_the_exact_commands_are_told(self, host: Host) -> None:
        found = looked(Engine(), host)
        assert (found["gpu"].state, found["toolkit"].state) == ("ok", "warning")
        check = found["gpu in containers"]
        assert check.state == "missing"
        assert "nvidia-container-toolkit" in check.remedy
        assert "`nvidia-ctk runtime configure --runtime=docker` and `systemctl restart docker`" in check.remedy
        assert "`nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`" in check.remedy

    def test_podman_gives_them_by_cdi_alone(self, host: Host) -> None:
        give(host, "nvidia-ctk", "nvidia-container-runtime-hook")
        check = looked(Engine(kind="podman", version="5.8.6"), host)["gpu in containers"]
        assert check.state == "missing"
        assert "cdi generate" in check.remedy
        assert "systemctl" not in check.remedy
        (host.cdi[0] / "nvidia.yaml").touch()
        check = looked(Engine(kind="podman", version="5.8.6"), host)["gpu in containers"]
        assert (check.state, "nvidia.yaml" in check.told) == ("ok", True)

    @pytest.mark.parametrize(
        ("info", "programs", "told"),
        [
            (CDI, (), "CDI devices: nvidia.com/gpu=all"),
            ({}, ("nvidia-container-runtime-hook",), "by `--gpus`"),
            ({"Runtimes": {"nvidia": {}}}, (), "by the runtime `nvidia`"),
        ],
    )
    def test_the_way_in_which_a_container_gets_them(
        self, host: Host, info: Mapping[str, Any], programs: tuple[str, ...], told: str
    ) -> None:
        give(host, *programs)
        check = looked(Engine(info=info), host)["gpu in containers"]
        assert (check.state, told in check.told) == ("ok", True)

    def test_another_machine_is_judged_by_what_its_engine_says(self, host: Host) -> None:
        far = looked(Engine(local=False), host)
        assert "gpu" not in far
        assert far["gpu in containers"].state == "warning"
        assert "nvidia-smi" in far["gpu in containers"].remedy
        assert looked(Engine(local=False, info=CDI), host)["gpu in containers"].state == "ok"

    def test_wsl_shows_one_device_for_all(self, host: Host) -> None:
        for path in host.devices.iterdir():
            path.unlink()
        (host.devices / "dxg").touch()
        assert host.gpus == 1

    def test_the_model_that_asks_for_the_most_decides(self) -> None:
        config = parse_config(
            b"models:\n  a: {notebook: a.ipynb, docker: {gpus: none}}\n  b: {notebook: b.ipynb, docker: {gpus: 2}}\n"
            b"  c: {notebook: c.ipynb, docker: {gpus: auto}}\n"
        )
        found = most_demanding(config).gpus
        assert found is not None
        assert found.count == 2
        assert most_demanding(parse_config(b"")) == DockerTable()
