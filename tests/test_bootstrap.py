"""The environment is made once from what is locked, by uv or by pip, and nothing half made is ever used."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alekseylearn.interpreters import find_uv
from tests.wheels import make_wheel

ROOT = Path(__file__).parent.parent
PYTHON = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
BACKEND = """\
import base64, pathlib, zipfile

def wheel(folder, files):
    about = "alekseylearn-9.0.dist-info/"
    files[about + "METADATA"] = "Metadata-Version: 2.1\\nName: alekseylearn\\nVersion: 9.0\\n"
    files[about + "WHEEL"] = "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[about + "RECORD"] = "".join(f"{name},,\\n" for name in [*files, about + "RECORD"])
    name = "alekseylearn-9.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name

def build_wheel(folder, settings=None, metadata=None):
    return wheel(folder, {"alekseylearn/__init__.py": pathlib.Path("alekseylearn/__init__.py").read_text()})

def build_editable(folder, settings=None, metadata=None):
    return wheel(folder, {"alekseylearn.pth": str(pathlib.Path.cwd()) + "\\n"})
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "alekseylearn"\nversion = "9.0"\n'  # fmt: skip


def real_uv() -> Path:
    found = find_uv(os.environ)
    assert found is not None, "the tests' own requirements bring uv"
    return found


@dataclass
class Checkout:
    """A small checkout of its own with the real bootstrap script, and wheels instead of a package index."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("action", "alekseylearn", "requirements", "tools", "shelf"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(ROOT / "action" / "bootstrap.py", self.root / "action")
        (self.root / "pyproject.toml").write_text(PROJECT)
        (self.root / "backend.py").write_text(BACKEND)
        self.write_source("one")
        self.lock("run", "alpha")
        self.lock("notify", "alpha", "beta")
        self.lock("demo", "alpha", "beta")
        self.lock("uv", "uv", script=f'#!/bin/sh\nexec "{real_uv()}" "$@"\n')
        (self.root / "tools" / "uv").symlink_to(real_uv())
        self.environ |= {"PATH": str(self.root / "tools"), "UV_CACHE_DIR": str(self.root / "uv-cache")}

    def write_source(self, text: str) -> None:
        (self.root / "alekseylearn" / "__init__.py").write_text(f"said = {text!r}\n")

    def lock(self, name: str, *packages: str, script: str = "", wrong: bool = False) -> None:
        """Write a lock of *packages*; with *script*, each of them brings a program of its name."""
        lines = ["--no-index", f"--find-links {(self.root / 'shelf').as_uri()}"]
        for package in packages:
            wheel = self.root / "shelf" / f"{package}-1.0-py3-none-any.whl"
            if not wheel.exists():
                make_wheel(self.root / "shelf", package, "1.0")
                if script:
                    with zipfile.ZipFile(wheel, "a") as archive:
                        entry = zipfile.ZipInfo(f"{package}-1.0.data/scripts/{package}")
                        entry.external_attr = 0o100755 << 16
                        archive.writestr(entry, script)
            digest = hashlib.sha256(b"" if wrong else wheel.read_bytes()).hexdigest()
            lines.append(f"{package}==1.0 --hash=sha256:{digest}")
        (self.root / "requirements" / f"{name}.txt").write_text("\n".join(lines) + "\n")

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        command = [PYTHON, "-I", self.root / "action" / "bootstrap.py", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env={**self.environ, **environ}, **pipes)  # type: ignore[call-overload,no-any-return]

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **environ) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess([], process.returncode, out, err)

    def make(self, *arguments: str, **environ: str) -> Path:
        """Run the script, which must succeed, and return the interpreter that it names."""
        done = self.run(*arguments, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return Path(done.stdout.strip())


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "check out")


def ask(python: Path, program: str, environ: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [python, "-c", program], capture_output=True, text=True, check=True, env=environ or {}, cwd="/", timeout=60
    )
    return done.stdout.strip()


def marks(checkout: Checkout, folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob(".complete-*")}


@pytest.mark.parametrize("with_uv", [True, False], ids=["uv", "pip"])
def test_what_is_locked_and_the_package_are_there_and_nothing_else(checkout: Checkout, with_uv: bool) -> None:
    if not with_uv:
        (checkout.root / "tools" / "uv").unlink()
    output = checkout.root / "output"
    python = checkout.make("--cache", str(checkout.root / "cache"), GITHUB_OUTPUT=str(output))
    assert output.read_text() == f"python={python}\n"
    assert python.parent.parent.parent == checkout.root / "cache"
    assert ask(python, "import alpha, alekseylearn as a; print(alpha.__version__, a.said)") == "1.0 one"
    assert ask(python, "import importlib.util as u; print(u.find_spec('beta'), u.find_spec('pytest'))") == "None None"


@pytest.mark.parametrize(("addresses", "found"), [("json://127.0.0.1:9/token", "True"), (" \n", "False")])
def test_whoever_wants_to_be_told_gets_what_tells(checkout: Checkout, addresses: str, found: str) -> None:
    python = checkout.make("--cache", str(checkout.root / "cache"), ALEKSEYLEARN_NOTIFY=addresses)
    assert ask(python, "import importlib.util as u; print(u.find_spec('beta') is not None)") == found


def test_the_second_time_nothing_is_done(checkout: Checkout) -> None:
    python = checkout.make("--cache", str(checkout.root / "cache"))
    before = marks(checkout, python.parents[1])
    assert list(before) == [".complete-run"]
    shutil.rmtree(checkout.root / "shelf")
    assert checkout.make("--cache", str(checkout.root / "cache")) == python
    assert marks(checkout, python.parents[1]) == before


def test_other_sources_or_another_lock_make_another_environment(checkout: Checkout) -> None:
    first = checkout.make("--cache", str(checkout.root / "cache"))
    checkout.write_source("two")
    second = checkout.make("--cache", str(checkout.root / "cache"))
    checkout.lock("run", "alpha", "beta")
    third = checkout.make("--cache", str(checkout.root / "cache"))
    assert len({first, second, third}) == 3
    assert [ask(python, "import alekseylearn; print(alekseylearn.said)") for python in (first, second, third)] == [
        "one", "two", "two",
    ]  # fmt: skip


def test_sources_in_place_are_seen_as_they_change(checkout: Checkout) -> None:
    arguments = ("--into", str(checkout.root / ".venv"), "--editable")
    python = checkout.make(*arguments)
    before = marks(checkout, python.parents[1])
    checkout.write_source("two")
    assert checkout.make(*arguments) == python
    assert ask(python, "import alekseylearn; print(alekseylearn.said)") == "two"
    assert marks(checkout, python.parents[1]) == before


def test_locks_share_a_folder(checkout: Checkout) -> None:
    into = ("--into", str(checkout.root / ".venv"))
    python = checkout.make(*into)
    assert checkout.make("--lock", "demo", *into) == python
    assert set(marks(checkout, python.parents[1])) == {".complete-run", ".complete-demo"}
    assert ask(python, "import alpha, beta; print('both')") == "both"


def test_a_wrong_hash_is_refused_in_one_line(checkout: Checkout) -> None:
    good = (checkout.root / "requirements" / "run.txt").read_text()
    checkout.lock("run", "alpha", wrong=True)
    into = ("--into", str(checkout.root / ".venv"))
    done = checkout.run(*into, GITHUB_ACTIONS="true")
    assert done.returncode == 6
    assert re.fullmatch(r"::error title=alekseylearn::cannot set up alekseylearn: .+\n", done.stdout)
    assert "alpha" in done.stderr
    assert marks(checkout, checkout.root / ".venv") == {}
    (checkout.root / "requirements" / "run.txt").write_text(good)
    assert ask(checkout.make(*into), "import alpha; print('there')") == "there"


def test_outside_actions_the_error_goes_to_stderr(checkout: Checkout) -> None:
    (checkout.root / "requirements" / "run.txt").write_text("--no-index\nnothing==1 --hash=sha256:" + "0" * 64 + "\n")
    done = checkout.run("--into", str(checkout.root / ".venv"))
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.splitlines()[-1].startswith("error[setup.install]: cannot set up alekseylearn: ")


def test_an_unfinished_environment_is_completed_and_a_broken_one_made_anew(checkout: Checkout) -> None:
    into = ("--into", str(checkout.root / ".venv"))
    python = checkout.make(*into)
    (checkout.root / ".venv" / ".complete-run").unlink()
    shutil.rmtree(next((checkout.root / ".venv" / "lib").glob("*/site-packages")) / "alekseylearn")
    assert ask(checkout.make(*into), "import alekseylearn; print('there')") == "there"
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert ask(checkout.make(*into), "import alpha, alekseylearn; print('again')") == "again"


def test_two_at_once_make_one(checkout: Checkout) -> None:
    arguments = ("--cache", str(checkout.root / "cache"))
    both = [checkout.start(*arguments) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert told[0][0] == told[1][0]
    assert ask(Path(told[0][0].strip()), "import alpha; print('there')") == "there"


def test_what_the_job_sets_for_its_own_python_does_not_matter(checkout: Checkout) -> None:
    elsewhere = checkout.root / "elsewhere"
    python = checkout.make(
        "--into", str(checkout.root / ".venv"),
        PYTHONPATH=str(elsewhere), PYTHONHOME=str(elsewhere), PIP_TARGET=str(elsewhere), VIRTUAL_ENV=str(elsewhere),
        UV_PYTHON="3.9",
    )  # fmt: skip
    assert not elsewhere.exists()
    assert ask(python, "import alpha; print('there')") == "there"


def test_a_folder_that_cannot_be_written_is_an_error_of_one_line(checkout: Checkout) -> None:
    (checkout.root / "file").write_text("")
    done = checkout.run("--into", str(checkout.root / "file" / "env"))
    assert done.returncode == 6
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_is_told_before_anything_else(checkout: Checkout) -> None:
    script = str(checkout.root / "action" / "bootstrap.py")
    program = f"import runpy, sys; sys.version_info = (3, 9); runpy.run_path({script!r}, run_name='__main__')"
    done = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, env={}, timeout=60, check=False)
    assert done.returncode == 6
    assert done.stderr.startswith("error[setup.install]: Python 3.11 or newer is needed; this is ")


class TestLocks:
    """The real lock files."""

    NAMES = ("run", "notify", "demo", "test", "bench", "uv")

    def versions(self, name: str) -> dict[str, str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        return dict(re.findall(r"^([\w.-]+)==([\w.+!-]+)", text, re.MULTILINE))

    def test_a_larger_lock_holds_the_smaller_ones(self) -> None:
        run, notify, demo, test, bench, uv = (self.versions(name) for name in self.NAMES)
        assert run.items() <= demo.items() <= test.items() <= bench.items()
        assert run.items() < notify.items() <= test.items()
        assert uv.items() <= demo.items()

    def test_the_action_installs_nothing_that_serves_pages_or_runs_git(self) -> None:
        assert not self.versions("run").keys() & {
            "jupyter-server",
            "tornado",
            "gitpython",
            "rfc3987-syntax",
            "notebook",
        }
