"""Workflows and documented recipes are valid, ask for little, and pass the linters without the network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SHOWN = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8"), re.DOTALL)
RECIPES = [text for text in SHOWN if "uses:" in text]
WHOLE = [text for text in RECIPES if text.startswith("name:")]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def check(*command: str | Path) -> None:
    """Run a linter of this environment and show what it says when it is not content."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the recipes of the documentation into a repository of their own."""
    folder = tmp_path_factory.mktemp("recipes") / ".github" / "workflows"
    folder.mkdir(parents=True)
    for number, text in enumerate(WHOLE):
        (folder / f"recipe-{number}.yml").write_text(text)
    return folder


def test_the_action_follows_the_schema() -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")


def test_workflows_and_recipes_follow_the_schema(recipes: Path) -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS, *sorted(recipes.iterdir()))
    check("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")


def test_zizmor_finds_nothing_even_as_an_auditor() -> None:
    check("zizmor", "--offline", "--no-progress", "--persona", "auditor", "action.yml", ".github")


def test_zizmor_finds_nothing_in_the_recipes(recipes: Path) -> None:
    check("zizmor", "--offline", "--no-progress", "--config", ".github/zizmor.yml", recipes)


def jobs(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load(text)["jobs"].values())


def test_there_are_recipes() -> None:
    assert len(WHOLE) >= 3


@pytest.mark.parametrize("text", [*WHOLE, *(path.read_text(encoding="utf-8") for path in WORKFLOWS)])
def test_no_shell_sees_an_expression(text: str) -> None:
    for job in jobs(text):
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("text", WHOLE)
def test_a_recipe_checks_out_the_branch_with_its_history_and_keeps_no_token(text: str) -> None:
    # Who looks after all pull requests has the history of all branches, and no head of its own.
    about_one = yaml.safe_load(text)["name"] != "collect"
    head = {"ref": "${{ github.event.pull_request.head.sha }}"} if about_one else {}
    for job in jobs(text):
        checkout, *_ = job["steps"]
        assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False, **head}


@pytest.mark.parametrize("text", WHOLE)
def test_a_recipe_asks_for_no_more_than_it_says(text: str) -> None:
    workflow = yaml.safe_load(text)
    most = {"contents": "read", "pull-requests": "write"}
    assert {**most, **workflow["permissions"]} == most
    for job in jobs(text):
        # Only who takes a role says which workflow it is.
        role = any("aws-role" in step.get("with", {}) for step in job["steps"])
        allowed = {**most, "id-token": "write"} if role else most
        assert {**allowed, **job.get("permissions", {})} == allowed
    on = workflow[True]  # YAML 1.1 reads `on` so
    assert set(on if isinstance(on, dict) else [on]) in ({"pull_request"}, {"schedule", "workflow_dispatch"})


@pytest.mark.parametrize("text", WHOLE)
def test_a_role_is_taken_for_the_repositorys_own_branches_alone(text: str) -> None:
    if "pull_request" in yaml.safe_load(text)[True]:
        for job in jobs(text):
            if "id-token" in job.get("permissions", {}):
                assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]


@pytest.mark.parametrize("text", WHOLE)
def test_a_forks_pull_request_never_reaches_a_machine_of_ones_own(text: str) -> None:
    for name, job in yaml.safe_load(text)["jobs"].items():
        if "gpu" in job["runs-on"]:
            assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"], name


@pytest.mark.parametrize("text", RECIPES)
def test_a_recipe_gives_only_inputs_that_there_are(text: str) -> None:
    known = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    loaded = yaml.safe_load(text)
    steps = loaded if isinstance(loaded, list) else [step for job in loaded["jobs"].values() for step in job["steps"]]
    for step in steps:
        if step["uses"].startswith("alekseylearn/action@"):
            assert set(step.get("with", {})) <= set(known)
