"""`runs`, `fetch`, `compare`, `report`, `config` and `demo`: what is here, and bringing it home."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import nbformat
import pytest

from alekseylearn.config import Config, parse_config
from tests.desk import LONGER, NOTEBOOK, Bench, lone_desk
from tests.small import growth
from tests.test_cli_errors import refuse

CONFIG = """\
models:
  growth:
    notebook: growth.ipynb
    metrics: {mse: max}
    gates: {mse: "< 0.9"}
    parameters: {epochs: 20}
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return a repository with two results: of a longer training, and of its base."""
    made = Bench.create(tmp_path)
    made.desk.write(NOTEBOOK, growth(LONGER))
    assert made.desk.run("fit", "-q").code == 0
    return made


@pytest.fixture
def told(bench: Bench) -> dict[str, Any]:
    """Return what the last `fit` told."""
    (told,) = json.loads((bench.desk.folder / ".alekseylearn/last/outcome.json").read_text())["runs"]
    assert isinstance(told, dict)
    return told


def test_runs_lists_the_newest_first(bench: Bench, told: dict[str, Any]) -> None:
    rows = bench.desk.run("runs", "--json").document["runs"]
    assert [row["digest"] for row in rows] == [told["base"]["digest"], told["digest"]]
    head = rows[1]
    assert (head["id"], head["name"], head["state"], head["commit"]) == (told["id"], "growth", "succeeded", "")
    assert head["metrics"] == told["metrics"]
    shown = bench.desk.run("runs").out.splitlines()
    assert [line.split()[:2] for line in shown[1:]] == [[row["id"], "growth"] for row in rows]
    assert "mse 0.4702" in shown[2]


def test_no_runs_yet(tmp_path: Path) -> None:
    desk = lone_desk(tmp_path / "alone")
    assert desk.run("runs").out.startswith("No results here yet")
    assert desk.run("runs", "--json").document == {"runs": []}


class TestFetch:
    def test_all_files_come_home_by_their_names(self, bench: Bench, told: dict[str, Any], tmp_path: Path) -> None:
        done = bench.desk.run("fetch", told["id"][:6], "--to", tmp_path / "fetched" / "model")
        assert (done.code, done.out) == (0, "")
        here = {path.name: path for path in (tmp_path / "fetched" / "model").iterdir()}
        assert set(here) == {item["name"] for item in told["artifacts"]}
        for item in told["artifacts"]:
            assert hashlib.sha256(here[item["name"]].read_bytes()).hexdigest() == item["sha256"]
        nbformat.validate(nbformat.reads(here["growth.executed.ipynb"].read_text(), as_version=4))

    def test_the_folder_is_named_by_the_run(self, bench: Bench, told: dict[str, Any]) -> None:
        bench.desk.run("fetch", told["id"])
        assert (bench.desk.folder / "runs" / told["id"] / "model.pkl").is_file()

    def test_a_folder_in_use_is_left_alone(self, bench: Bench, told: dict[str, Any]) -> None:
        bench.desk.write("models/mine.txt", "mine")
        refuse(bench.desk, "usage.folder", "fetch", told["id"], "--to", "models", code=2)

    def test_a_damaged_file_brings_nothing_home(self, bench: Bench, told: dict[str, Any], tmp_path: Path) -> None:
        (model,) = (bench.desk.folder / ".alekseylearn/results").glob(f"*/{told['digest']}/files/model/model.pkl")
        model.write_bytes(bytes(reversed(model.read_bytes())))
        refuse(bench.desk, "archive.mismatch", "fetch", told["id"], "--to", tmp_path / "fetched")
        assert not (tmp_path / "fetched").exists()


class TestCompare:
    def test_head_is_measured_against_base(self, bench: Bench, told: dict[str, Any]) -> None:
        document = bench.desk.run("compare", told["base"]["digest"][:8], told["id"], "--json").document
        assert document["deltas"] == told["deltas"]
        shown = bench.desk.run("compare", told["base"]["digest"][:8], told["id"]).out
        assert "better by 0.4249" in shown

    def test_the_configuration_says_what_is_better(self, bench: Bench, told: dict[str, Any]) -> None:
        bench.desk.write("alekseylearn.yml", CONFIG)
        (delta,) = bench.desk.run("compare", told["base"]["digest"], told["digest"], "--json").document["deltas"]
        assert delta["verdict"] == "worse"


class TestReport:
    def test_the_last_one_is_shown_again(self, bench: Bench) -> None:
        assert "✅ Trained growth.ipynb: mse 0.4702" in bench.desk.run("report").out
        assert bench.desk.run("report", "--format", "html").out.startswith("<!DOCTYPE html>")
        assert bench.desk.run("report", "--format", "json").document["runs"][0]["name"] == "growth"

    def test_two_runs_may_be_named(self, bench: Bench, told: dict[str, Any]) -> None:
        done = bench.desk.run("report", told["id"], told["base"]["digest"][:12], "--format", "json")
        assert done.code == 0
        (run,) = done.document["runs"]
        assert (run["digest"], run["deltas"]) == (told["digest"], told["deltas"])
        refuse(bench.desk, "usage.report", "report", told["id"], told["id"], told["id"], code=2)


class TestConfig:
    def test_check_tells_what_is_right(self, bench: Bench) -> None:
        assert "the defaults hold" in bench.desk.run("config", "check").out
        path = bench.desk.write("alekseylearn.yml", CONFIG)
        assert bench.desk.run("config", "check").out == f"{path}: ok, 1 model\n"
        bench.desk.write("other.yml", "models: 3\n")
        refuse(bench.desk, "cfg.type", "config", "check", "other.yml")

    def test_show_is_a_configuration_that_means_the_same(self, bench: Bench) -> None:
        assert parse_config(bench.desk.run("config", "show").out.encode()) == Config()
        bench.desk.write("alekseylearn.yml", CONFIG)
        assert parse_config(bench.desk.run("config", "show").out.encode()) == parse_config(CONFIG.encode())

    def test_the_schema_accepts_what_holds(self, bench: Bench) -> None:
        import yaml

        schema = bench.desk.run("config", "schema").document
        jsonschema.validate(yaml.safe_load(CONFIG), schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"modles": {}}, schema)


class TestDemo:
    def test_the_whole_story_on_this_machine(self, tmp_path: Path) -> None:
        desk = lone_desk(tmp_path / "desk")
        folder = tmp_path / "demo"
        done = desk.run("demo", "--to", folder)
        assert done.code == 0, done.err
        assert "the comment on the pull request" in done.out + done.err
        outcome = json.loads((folder / "outcome.json").read_text())
        assert sorted(run["decision"] for run in outcome["runs"]) == ["skip", "skip", "train"]
        (trained,) = [run for run in outcome["runs"] if run["decision"] == "train"]
        assert (trained["state"], trained["base"] is not None) == ("succeeded", True)
        assert (folder / "report.html").is_file()
        for item in trained["artifacts"]:
            assert (folder / "artifacts" / trained["name"] / item["name"]).stat().st_size == item["size"]
        there = lone_desk(folder / "repository")
        git = ["git", "status", "--porcelain"]
        assert subprocess.run(git, cwd=there.folder, check=True, capture_output=True, text=True).stdout == ""
        lines = done.err.partition("Next:")[2].splitlines()
        commands = [line.split("#")[0].split() for line in lines if "alekseylearn " in line]
        assert len(commands) == 4
        for words in commands:
            assert there.run(*words[1:]).code == 0, words

    def test_a_folder_in_use_is_left_alone(self, tmp_path: Path) -> None:
        desk = lone_desk(tmp_path)
        desk.write("demo/mine.txt", "mine")
        refuse(desk, "usage.folder", "demo", "--to", "demo", code=2)
