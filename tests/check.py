"""All checks of the repository, one after another: `make test` (everything) and `make lint` (`--quick`)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

QUICK = (
    ["ruff", "check"],
    ["ruff", "format", "--check"],
    ["mypy"],
    ["lint-imports"],
    ["zizmor", "--offline", "--no-progress", "--quiet", "action.yml", ".github"],
    ["check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"],
    ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *sorted(map(str, Path(".github/workflows").glob("*.yml")))],
)
# Floors that touch nothing outside: every branch of theirs is tested.
PURE = (
    "errors text strict notebook metrics config mistakes magics knowledge names calls effects events expressions loops memory objects statements "
    "world dataflow diff alignment lines targets slicing inputs requirements plan bundle jobs report verdict judging "
    "documents comment_state drawing"
).split()


def main(arguments: list[str]) -> int:
    """Run the checks; the first that fails ends it."""
    os.chdir(ROOT)
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
    """Ask for every branch of the pure floors; name the rest without judging it."""
    files = [f"alekseylearn/{name}.py" for name in PURE if (ROOT / f"alekseylearn/{name}.py").is_file()]
    files += ["alekseylearn/sections/*"]
    run(["coverage", "report", "--format=total", "--skip-empty"])
    return run(["coverage", "report", f"--include={','.join(files)}", "--fail-under=100"])


def run(command: list[str]) -> int:
    """Run one command, and say which one it is."""
    print(f"$ {' '.join(command)}", flush=True)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
