"""Runs actionlint, which knows what GitHub's workflows may say: `python -m tests.rig.actionlint.linter FILE...`.

It is rhysd's actionlint 1.7, compiled to WebAssembly, as npm has it: node runs it, and no program is downloaded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.rig.npm import fetched

HERE = Path(__file__).parent
LABELS = ("gpu",)
"""Labels of people's own runners that recipes name: actionlint knows GitHub's only, and reads no configuration here."""


class LinterError(Exception):
    """The linter itself came to nothing."""


def missing() -> str:
    """Name the programs that it lacks here; '' where there are all."""
    return ", ".join(program for program in ("node", "npm") if shutil.which(program) is None)


def findings(workflows: Mapping[str, str]) -> list[str]:
    """Return what is wrong with *workflows*, texts by path: `path:line:column: what [rule]`."""
    done = subprocess.run(
        ["node", HERE / "lint.mjs", fetched(HERE / "packages.json")],
        input=json.dumps(workflows),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    if done.returncode != 0:
        raise LinterError(done.stderr)
    own = tuple(f'label "{label}" is unknown.' for label in LABELS)
    return [found for found in json.loads(done.stdout) if not any(label in found for label in own)]


def as_workflow(action: str) -> str:
    """Return the workflow that does what the composite *action* does: actionlint reads no actions.

    Its inputs become those of a workflow that others call, which is where `inputs` stands for the same.
    """
    said: dict[str, Any] = yaml.safe_load(action)
    inputs = {name: {"type": "string", "description": each["description"]} for name, each in said["inputs"].items()}
    outputs = {name.replace("-", "_"): each["value"] for name, each in said["outputs"].items()}
    job = {"runs-on": "ubuntu-latest", "outputs": outputs, "steps": said["runs"]["steps"]}
    workflow = {"name": said["name"], "on": {"workflow_call": {"inputs": inputs}}, "jobs": {"action": job}}
    return yaml.safe_dump(workflow, sort_keys=False, width=1000)


def main(paths: list[str]) -> int:
    """Look at the workflows, and the actions, of *paths*; print what is wrong with them."""
    if lack := missing():
        print(f"not on PATH: {lack}", file=sys.stderr)
        return int("CI" in os.environ)
    texts = {path: Path(path).read_text("utf-8") for path in paths}
    found = findings(
        {path: as_workflow(text) if Path(path).name == "action.yml" else text for path, text in texts.items()}
    )
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
