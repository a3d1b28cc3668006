"""Mutation tests: break the modules that decide, one place at a time, and see that a test notices (`make mutants`).

Works on a copy of the last commit in `build/mutants`, with the tests that mirror these modules. Laws of hypothesis do
not count: what only a random example finds is found by luck.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutants"
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.toml"
MUTMUT = "mutmut==3.8.1"
DECIDE = ("names", "slicing", "targets", "diff")
BESIDES = ("pruning", "deep_code")
"""Tests that look at the same modules from elsewhere."""
SETTINGS = """
[tool.mutmut]
source_paths = ["alekseylearn"]
only_mutate = [{modules}]
also_copy = ["action", "action.yml", "benchmarks", "docs", "examples", "requirements", "README.md", ".github"]
pytest_add_cli_args = ["-n", "0", "-p", "no:cacheprovider", "-p", "tests.forgetful", "-m", "not hypothesis"]
pytest_add_cli_args_test_selection = [{tests}]
"""


def main(arguments: list[str]) -> int:
    """Make the copy, break it, and tell what no test noticed; fails unless each such place is a known equivalent."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("modules", nargs="*", default=DECIDE, help="names of modules (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    mutmut = environment() / "bin" / "mutmut"
    snapshot(tuple(options.modules))
    run = [str(mutmut), "run", "--max-children", str(options.processes)]
    subprocess.run(run, cwd=WORK / "tree", check=True, env=os.environ | {"CI": "1"}, stdout=subprocess.DEVNULL)
    return tell(mutmut)


def environment() -> Path:
    """Make a throw-away environment of the locked packages of the tests, and mutmut."""
    folder = WORK / "env"
    if not (folder / "bin" / "mutmut").exists():
        setup = [sys.executable, str(ROOT / "action" / "bootstrap.py"), "--into", str(folder), "--lock", "test"]
        subprocess.run(setup, check=True, stdout=subprocess.DEVNULL)
        uv = shutil.which("uv") or folder / "bin" / "uv"
        subprocess.run([uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", MUTMUT], check=True)
    return folder


def snapshot(modules: tuple[str, ...]) -> None:
    """Write the last commit's files, and what mutmut has to know."""
    shutil.rmtree(WORK / "tree", ignore_errors=True)
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tree:
        tree.extractall(WORK / "tree", filter="data")
    settings = SETTINGS.format(
        modules=", ".join(f'"alekseylearn/{name}.py"' for name in modules),
        tests=", ".join(f'"tests/test_{name}.py"' for name in (*modules, *BESIDES)),
    )
    with (WORK / "tree" / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(settings)


def tell(mutmut: Path) -> int:
    """Print the figures of each module and every place that no test noticed."""
    with EQUIVALENT.open("rb") as file:
        known = {(mutant["file"], mutant["change"].strip()) for mutant in tomllib.load(file)["mutant"]}
    figures: dict[str, Counter[str]] = {}
    survivors = 0
    for name, status in re.findall(r"^ +(\S+): (.+)$", ask(mutmut, "results", "--all", "true"), re.MULTILINE):
        module, told = name.split(".")[1], status
        if status not in ("killed", "timeout"):
            lines = re.findall(r"^([-+])(?![-+])[ ]*(.*)$", ask(mutmut, "show", name), re.MULTILINE)
            change = "\n".join(f"{sign} {text}" for sign, text in lines)
            told = "equivalent" if (module, change) in known else status
            if told != "equivalent":
                survivors += 1
                print(f"{name} ({status})", change, "", sep="\n")
        figures.setdefault(module, Counter())[told] += 1
    for module, found in figures.items():
        print(f"{module}: {found.total()} mutants,", ", ".join(f"{count} {told}" for told, count in found.items()))
    return 1 if survivors else 0


def ask(mutmut: Path, *words: str) -> str:
    """Have mutmut tell something of what it found out."""
    return subprocess.run([mutmut, *words], cwd=WORK / "tree", check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
