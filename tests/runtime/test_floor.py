"""What the runtime may build on: Python 3.9, its standard library, and nothing else that may be missing in a job."""

from __future__ import annotations

import ast
import sys
import venv
from pathlib import Path

import pytest

from .conftest import RUNTIME, Make, train

MODULES = sorted(RUNTIME.rglob("*.py"))
WHERE_THE_NOTEBOOK_HAS_THEM = {
    "saving.py": {"torch", "numpy", "joblib"},
    "metrics_yaml.py": {"yaml"},
    "tensorboard.py": {"tensorboard"},
}


def imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(RUNTIME).as_posix())
def test_a_module_of_the_runtime_is_python_3_9_with_the_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    assert imports(tree) - sys.stdlib_module_names == WHERE_THE_NOTEBOOK_HAS_THEM.get(path.name, set())


def test_a_job_needs_no_package_at_all(run: Make, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    job = run(
        "import json\nfrom IPython.display import HTML, clear_output, display\nclear_output(wait=True)",
        "display(HTML('<i>x</i>'))\nprint(__import__('IPython').get_ipython() is get_ipython())",
        train("class Net:\n    def fit(self): return self\nmodel = Net().fit()"),
        python=str(tmp_path / "bare" / "bin" / "python"),
    )
    assert job.code == 0, job.out
    assert job.outputs(11)[0].data == {"text/html": "<i>x</i>", "text/plain": "<HTML>"}
    assert job.log == "True\n"
    assert job.result["environment"]["packages"] == {}


def test_a_package_of_another_name_is_named_in_the_hint(run: Make, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    job = run("from sklearn.svm import SVC", python=str(tmp_path / "bare" / "bin" / "python"))
    assert job.result["failure"]["hint"] == "add scikit-learn to requirements.txt"
