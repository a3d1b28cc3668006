"""Run every surface of the corpus, each on its own, for some fresh seeds: `python -m tests.corpus [SEED...]`."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.corpus.extras import check_extras

SEEDS = 3
HERE = Path(__file__).parent
OWN = f"{sys.executable} -I {HERE / 'surfaces.py'}"
SURFACES = {
    "diff": "alekseylearn diff {path}",
    "extract": "alekseylearn slice {path}",
    "run": "alekseylearn fit {path} --dry-run",
    "config": "alekseylearn config check {path}",
    "fetch": "alekseylearn fetch {path} --to {out}",
    "git": f"{OWN} git {{path}}",
    "event": f"{OWN} event {{path}}",
    "metrics": f"{OWN} metrics {{path}} MANIFEST",
    "log": f"{OWN} log {{path}} MANIFEST",
    "comment": f"{OWN} comment {{path}} MANIFEST",
}
NO_COMMAND = {("run", "events")}
"""What lists a surface whose command does not take it: an event is nothing to `fit`, and is tried with `ci`."""


def main(arguments: list[str]) -> int:
    """Make the corpus of each seed, run it, and say what passed."""
    home = os.environ.get("ALEKSEYLEARN_CORPUS", "")
    if not (Path(home) / "run_corpus.py").is_file():
        print("ALEKSEYLEARN_CORPUS names no folder with make_corpus.py and run_corpus.py")
        return 2
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    seeds = [int(word) for word in arguments] or [secrets.randbelow(10**9) for _ in range(SEEDS)]
    results = [one(Path(home), seed) for seed in seeds]
    passed, failed = (sum(column) for column in zip(*results, strict=True))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def one(home: Path, seed: int) -> tuple[int, int]:
    """Make the corpus of *seed* and run all surfaces over it; return how many cases passed and failed."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        corpus = Path(folder) / "corpus"
        make = [sys.executable, home / "make_corpus.py", corpus, "--seed", str(seed)]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        found = [*surfaces(home, corpus), *check_extras(corpus)]
    for name, problems in found:
        if problems:
            print(f"FAIL {name:34} {'; '.join(problems)}")
    failed = sum(1 for _, problems in found if problems)
    print(f"seed {seed}: {len(found) - failed} passed, {failed} failed, {time.monotonic() - started:.0f} s", flush=True)
    return len(found) - failed, failed


def surfaces(home: Path, corpus: Path) -> list[tuple[str, list[str]]]:
    """Run each surface over all cases that list it."""
    manifest, report = corpus / "manifest.json", corpus / "report.json"
    kinds = {case["id"]: case["cat"] for case in json.loads(manifest.read_text())["cases"]}
    found = []
    for surface, command in SURFACES.items():
        asked = ["--cmd", f"{surface}={command.replace('MANIFEST', str(manifest))}"]
        run = [sys.executable, home / "run_corpus.py", corpus, *asked, "--report", report, "-j", "2"]
        subprocess.run(run, check=False, stdout=subprocess.DEVNULL)
        asked_for = (told for told in json.loads(report.read_text()) if (surface, kinds[told["id"]]) not in NO_COMMAND)
        found += [(f"{surface} {told['id']}", told["problems"]) for told in asked_for]
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
