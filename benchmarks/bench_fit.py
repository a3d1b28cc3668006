"""What `fit` costs beside the training itself, and beside papermill and nbconvert, which run the whole notebook."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import cpu_seconds, show

from alekseylearn.demonstration import BRANCH, make_repository

NOTEBOOK = "notebooks/breast_cancer.ipynb"


def main() -> None:
    os.environ["MPLBACKEND"] = "Agg"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_repository(folder, os.environ)
        ours = [sys.executable, "-m", "alekseylearn"]
        # Beside the notebook, so that its local modules are found.
        script = "notebooks/slice.py"
        subprocess.run([*ours, "slice", NOTEBOOK, "-o", script], cwd=folder, check=True, capture_output=True)
        plain = cpu_seconds([sys.executable, "slice.py"], folder=folder / "notebooks")
        show("the slice's cells in plain Python", plain)

        def forget() -> None:
            shutil.rmtree(folder / ".alekseylearn", ignore_errors=True)

        # --base is the branch itself: one training, no second one for the comparison.
        command = [*ours, "fit", NOTEBOOK, "--base", BRANCH, "--quiet"]
        fit = cpu_seconds(command, folder=folder, before=forget)
        show("alekseylearn fit", fit, beside=f"{fit - plain:.2f} s over plain Python, limit 1.00")
        again = cpu_seconds(command, folder=folder)
        show("alekseylearn fit, once more (reused)", again)
        peers = {
            "papermill": ["papermill", "--log-level", "ERROR", "breast_cancer.ipynb", "out.ipynb", "--no-progress-bar"],
            "jupyter nbconvert --execute": [
                *("jupyter", "nbconvert", "--execute", "--to", "notebook"),
                *("--output", "out.ipynb", "breast_cancer.ipynb"),
            ],
        }
        for peer, command in peers.items():
            spent = cpu_seconds(command, folder=folder / "notebooks", runs=3)
            show(f"{peer} (the whole notebook)", spent, beside=f"{spent / fit:.1f} x ours")


if __name__ == "__main__":
    main()
