"""`action.yml` hands every input over, puts no value into a shell, and lets signals reach the program."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from alekseylearn.actions import OutputName
from alekseylearn.settings import Inputs

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "action.yml").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in ACTION["runs"]["steps"]}
RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")


def variable(name: str) -> str:
    return "INPUT_" + name.upper().replace("-", "_")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below *heading* in the recipes, without code marks."""
    section = RECIPES.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip().replace("`", "") for cell in line.strip("| ").split(" | ")] for line in lines]


def test_inputs_are_the_fields_of_the_settings() -> None:
    assert [name.replace("-", "_") for name in ACTION["inputs"]] == [each.name for each in dataclasses.fields(Inputs)]


@pytest.mark.parametrize("step", ["run", "finish"])
def test_every_input_reaches_the_program(step: str) -> None:
    given = {name: value for name, value in STEPS[step]["env"].items() if name.startswith("INPUT_")}
    assert given == {variable(name): f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}


def test_defaults_are_those_of_the_settings() -> None:
    environ = {variable(name): str(entry["default"]) for name, entry in ACTION["inputs"].items()}
    token = environ.pop("INPUT_GITHUB_TOKEN")
    assert token == "${{ github.token }}"
    assert Inputs.from_environ(environ) == Inputs()


def test_the_documentation_lists_the_inputs_with_their_variables_and_defaults() -> None:
    table = rows("Inputs")
    assert [row[:2] for row in table] == [[name, variable(name)] for name in ACTION["inputs"]]
    for name, _, default, _ in table:
        fixed = ACTION["inputs"][name]["default"]
        assert default == fixed or fixed in ("", "${{ github.token }}")


def test_the_documentation_lists_the_outputs() -> None:
    assert [row[0] for row in rows("Outputs")] == list(ACTION["outputs"])


def test_outputs_come_from_steps_that_set_them() -> None:
    for name, entry in ACTION["outputs"].items():
        sources = re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", entry["value"])
        assert sources
        for step, output in sources:
            assert output == name
            assert step == "upload" or output in get_args(OutputName)
    assert "artifacts-dir" in get_args(OutputName)


@pytest.mark.parametrize("step", [step for step in STEPS if "run" in STEPS[step]])
def test_a_shell_sees_no_expression_and_ends_as_the_program(step: str) -> None:
    script = STEPS[step]["run"].rstrip()
    assert "${{" not in script
    assert script.splitlines()[-1].startswith('exec "$')
    assert STEPS[step]["shell"] == "bash"
    assert '" -I ' in script.splitlines()[-1]


def test_other_actions_are_named_by_their_commit() -> None:
    used = re.findall(r"uses: (\S+)(.*)", TEXT)
    assert used
    for name, comment in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", name)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


class TestSetup:
    """The first step, run by bash as the runner runs it."""

    def run(self, tmp_path: Path, path: str, python: str = "") -> subprocess.CompletedProcess[str]:
        (tmp_path / "here" / "action").mkdir(parents=True)
        (tmp_path / "here" / "action" / "bootstrap.py").write_text(
            "import sys; print(sys.executable, sys.flags.isolated)"
        )
        script = tmp_path / "step.sh"
        script.write_text(STEPS["setup"]["run"])
        bash = shutil.which("bash")
        assert bash is not None
        return subprocess.run(
            [bash, "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            env={"PATH": path, "AL_PYTHON": python, "AL_HERE": str(tmp_path / "here")},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def fake(self, folder: Path, name: str, script: str) -> None:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    def test_the_first_python_that_is_new_enough_is_taken(self, tmp_path: Path) -> None:
        self.fake(tmp_path / "bin", "python3", "exit 1")
        self.fake(tmp_path / "bin", "python3.13", 'echo "taken $*"')
        done = self.run(tmp_path, str(tmp_path / "bin"))
        assert done.stdout.splitlines()[-1] == f"taken -I {tmp_path}/here/action/bootstrap.py"
        assert (done.returncode, done.stderr) == (0, "")

    def test_the_named_python_comes_first(self, tmp_path: Path) -> None:
        self.fake(tmp_path / "bin", "python3", 'echo "other $*"')
        self.fake(tmp_path, "my python", 'echo "mine $*"')
        assert self.run(tmp_path, str(tmp_path / "bin"), str(tmp_path / "my python")).stdout.startswith("mine")

    def test_a_real_one_runs_isolated(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, os.environ["PATH"])
        assert done.stdout.split()[-1] == "1"

    def test_without_one_it_says_so(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, str(tmp_path / "empty"))
        assert done.returncode == 6
        assert re.fullmatch(r"::error title=alekseylearn::no Python >= 3\.11: .*\n", done.stdout)
        assert done.stderr == ""
