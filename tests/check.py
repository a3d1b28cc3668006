"""All checks of the repository, one after another: `make test` (everything) and `make lint` (`--quick`)."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

WORKFLOWS = sorted(str(path) for path in (ROOT / ".github" / "workflows").glob("*.yml"))
QUICK = (
    ["ruff", "check"],
    ["ruff", "format", "--check"],
    ["mypy"],
    ["lint-imports"],
    ["bandit", "--quiet", "-ll", "--recursive", "alekseylearn", "action"],
    ["zizmor", "--offline", "--no-progress", "--quiet", "--persona", "auditor", "action.yml", ".github"],
    ["python", "-m", "tests.rig.actionlint.linter", "action.yml", *WORKFLOWS],
    ["check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"],
    ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS],
    ["mkdocs", "build", "--strict", "--quiet"],
)


def main(arguments: list[str]) -> int:
    """Run the checks; the first that fails ends it."""
    os.chdir(ROOT)
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # a newer program of its authors is recommended
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    for command in QUICK:
        if run(command):
            return 1
    if "--quick" in arguments:
        return 0
    for old in ROOT.glob(".coverage*"):
        old.unlink()
    failed = run(["coverage", "run", "-m", "pytest"])
    return failed or run(["coverage", "combine", "--quiet"]) or covered()


def covered() -> int:
    """Ask for every branch of the pure floors (import-linter's list of them); say the total without judging it."""
    files = [
        "alekseylearn/sections/*",
        "alekseylearn/knowledge/*",
        *(f"{name.replace('.', '/')}.py" for name in pure()),
    ]
    run(["coverage", "report", "--format=total", "--skip-empty"])
    return run(["coverage", "report", f"--include={','.join(files)}", "--fail-under=100"])


def pure() -> list[str]:
    """Name the modules that the contract "The pure floors touch nothing" is about."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (contract,) = (contract for contract in contracts if contract["id"] == "pure")
    return [str(name) for name in contract["source_modules"]]


def run(command: list[str]) -> int:
    """Run one command, and say which one it is."""
    print(f"$ {' '.join(command)}", flush=True)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
