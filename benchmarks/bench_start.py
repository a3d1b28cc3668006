"""How much CPU a person waits for: `--help`, and `diff` of a pull request that changes one notebook of 500."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import cpu_seconds, show

EXAMPLES = Path(__file__).parents[1] / "examples" / "notebooks"
NOTEBOOKS = 500


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nothing = cpu_seconds([sys.executable, "-c", "pass"], folder=folder, runs=15)
        help_ = cpu_seconds([sys.executable, "-m", "alekseylearn", "--help"], folder=folder, runs=15)
        show("python -c pass", nothing)
        show("alekseylearn --help, over python -c pass", help_ - nothing, beside="limit 0.060")
        make_repository(folder)
        ours = cpu_seconds([sys.executable, "-m", "alekseylearn", "diff", "main...change", "--json"], folder=folder)
        show(f"alekseylearn diff, 1 of {NOTEBOOKS} notebooks changed", ours, beside="limit 0.500")
        theirs = cpu_seconds(["nbdiff", "--no-color", "main", "change"], folder=folder, runs=3)
        show("nbdiff main change (nbdime)", theirs, beside=f"{theirs / ours:.1f} x ours")


def make_repository(folder: Path) -> None:
    """Fill *folder* with 500 notebooks on `main`, one of which is another on `change`."""

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", *arguments],
            cwd=folder,
            check=True,
            capture_output=True,
        )

    notebook = json.loads((EXAMPLES / "digits.ipynb").read_text("utf-8"))
    git("init", "-q", "-b", "main")
    for number in range(NOTEBOOKS):
        notebook["cells"][0]["source"] = [f"# Notebook {number}"]
        path = folder / f"notebooks/{number % 20}/n{number}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook), "utf-8")
    git("add", "--all")
    git("commit", "-qm", "notebooks")
    git("checkout", "-qb", "change")
    path = folder / "notebooks/7/n7.ipynb"
    path.write_text(path.read_text("utf-8").replace("max_depth = 4", "max_depth = 10"), "utf-8")
    git("commit", "-qam", "deeper trees")


if __name__ == "__main__":
    main()
