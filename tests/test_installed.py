from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alekseylearn.installed import importable, satisfied
from tests.wheels import make_wheel


@pytest.mark.parametrize(
    "line",
    [
        "packaging",
        "Packaging >= 20",
        "packaging!=1.0,>=20",
        "pytest ; python_version > '3'",
        "no-such-thing; python_version < '3'",
        "hypothesis[no-such-extra]",
    ],
)
def test_a_line_that_holds(line: str) -> None:
    assert satisfied([line])


@pytest.mark.parametrize(
    "line",
    [
        "no-such-thing",
        "packaging<1",
        "packaging==0.0.1",
        "packaging @ https://example.org/packaging.zip",
        "./folder",
        "-e .",
        "--index-url https://example.org",
        "git+https://example.org/x",
        "packaging==24.0 --hash=sha256:00",
    ],
)
def test_a_line_that_does_not_hold(line: str) -> None:
    assert not satisfied(["packaging", line])


def test_an_extra_holds_when_what_it_adds_is_there(tmp_path: Path) -> None:
    wheels = [
        make_wheel(
            tmp_path,
            "alpha",
            "1.0",
            extras=["full", "all"],
            requires=[
                "beta>=2; extra == 'full'",
                "alpha[full]; extra == 'all'",
                "gone; extra == 'none'",
                "not-installed",
            ],
        ),
    ]
    program = "import sys; from alekseylearn.installed import satisfied; print(satisfied(sys.argv[1:]))"
    environ = {"PYTHONPATH": ":".join(map(str, [*wheels, Path(__file__).parents[1]]))}

    def holds(line: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-c", program, line], capture_output=True, text=True, check=True, env=environ
        )
        return done.stdout == "True\n"

    assert holds("alpha")
    assert not holds("alpha[full]")
    assert not holds("alpha[all]")
    environ["PYTHONPATH"] += f":{make_wheel(tmp_path, 'beta', '2.1')}"
    assert holds("alpha[full]")
    assert holds("alpha[all]")


def test_modules_are_looked_for_and_never_imported(tmp_path: Path) -> None:
    assert importable(["json", "packaging"])
    assert not importable(["json", "no_such_module"])
    assert not importable(["__main__.x"])
    assert "this" not in sys.modules
    assert importable(["this"])
    assert "this" not in sys.modules
