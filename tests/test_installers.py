from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alekseylearn.errors import MachineError
from alekseylearn.installers import install, telling_line
from alekseylearn.interpreters import find_uv
from tests.wheels import make_wheel

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.fixture(params=["uv", "pip"])
def uv(request: pytest.FixtureRequest) -> Path | None:
    if request.param == "pip":
        return None
    found = find_uv(ENVIRON)
    assert found is not None, "the tests' own requirements bring uv"
    return found


def test_packages_are_installed_and_nothing_of_ours_is_seen(tmp_path: Path, uv: Path | None) -> None:
    make_wheel(tmp_path / "shelf", "alpha", "1.0")
    lines = ["--no-index", f"--find-links {tmp_path / 'shelf'}", "alpha"]
    install(tmp_path / "env", lines, Path(sys.executable), ENVIRON, uv=uv)
    program = """if True:
        import importlib.util, alpha
        print(alpha.__version__, importlib.util.find_spec("pytest"))
    """
    python = tmp_path / "env" / "bin" / "python"
    assert subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout == "1.0 None\n"


def test_constraints_bound_what_is_needed_by_others(tmp_path: Path, uv: Path | None) -> None:
    make_wheel(tmp_path / "shelf", "alpha", "1.0", requires=["beta"])
    for version in ("2.0", "3.0"):
        make_wheel(tmp_path / "shelf", "beta", version)
    lines = ["--no-index", f"--find-links {tmp_path / 'shelf'}", "alpha"]
    install(tmp_path / "env", lines, Path(sys.executable), ENVIRON, uv=uv, constraints=("beta<3", "unused==1"))
    python = tmp_path / "env" / "bin" / "python"
    program = "import beta; print(beta.__version__)"
    told = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "2.0\n"


def test_a_failure_is_told_in_the_words_of_the_installer(tmp_path: Path, uv: Path | None) -> None:
    lines = ["--no-index", "no-such-thing==3"]
    with pytest.raises(MachineError) as caught:
        install(tmp_path / "env", lines, Path(sys.executable), ENVIRON, uv=uv)
    assert caught.value.slug == "env.install"
    assert "no-such-thing" in caught.value.what
    assert not (tmp_path / "env").exists()


def test_an_installer_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"env\.install"):
        install(tmp_path / "env", ["alpha"], Path(sys.executable), ENVIRON, uv=tmp_path / "no-uv")
    assert not (tmp_path / "env").exists()


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("", "the installer said nothing"),
        ("Resolving\nERROR: No matching distribution found for x\n", "ERROR: No matching distribution found for x"),
        (
            "  × No solution found:\n  ╰─▶ Because x was not found in a package\n      registry, we\n      give up.\n",
            "Because x was not found in a package registry, we give up.",
        ),
        ("error: Failed to fetch\n  Caused by: no network\n", "error: Failed to fetch Caused by: no network"),
        ("something odd\nhappened\n", "something odd happened"),
    ],
)
def test_the_line_that_says_why_is_chosen(output: str, line: str) -> None:
    assert telling_line(output) == line
