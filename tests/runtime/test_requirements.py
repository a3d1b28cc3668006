"""What of the bundle's requirements is there, and what is done about the rest."""

from __future__ import annotations

import io
import re
import signal
import tarfile
import time
import venv
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from alekseylearn.runtime import requirements
from alekseylearn.runtime.preparing import VARIABLE, last_error
from alekseylearn.runtime.requirements import Comparison, Lack, compare
from tests.wheels import make_wheel

from .conftest import Job, Make

Compare = Callable[..., Comparison]


# -- what is there ----------------------------------------------------------------------------------------------------


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compare:
    """Compare requirement lines with `tea` 2.1, `milk` 1.0 and `cup` 3.0.dev1, of which the first has extras."""
    site = tmp_path / "site"
    needs = ("cup>=3.dev0", "milk>=1; extra == 'white'", "lemon; extra == 'sour'", "spoon; sys_platform == 'nowhere'")
    made = (
        make_wheel(tmp_path / "wheels", "tea", "2.1", requires=needs, extras=("white", "sour")),
        make_wheel(tmp_path / "wheels", "milk", "1.0"),
        make_wheel(tmp_path / "wheels", "cup", "3.0.dev1"),
    )
    for wheel in made:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    monkeypatch.syspath_prepend(str(site))

    def call(text: str, constraints: str = "") -> Comparison:
        (tmp_path / "requirements.txt").write_text(text)
        (tmp_path / "constraints.txt").write_text(constraints)
        return compare(tmp_path / "requirements.txt")

    return call


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n\n",
        "tea",
        "TEA >= 2, < 3  # hot",
        "tea==2.1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11",
        "tea[white]~=2.0",
        "cup>=2",
        "absent; python_version < '3'",
        "-c constraints.txt\ntea",
    ],
)
def test_what_is_there_is_not_missed(compared: Compare, text: str) -> None:
    assert compared(text) == Comparison((), ())


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("absent", ("absent",)),
        ("tea>=3\nmilk\nabsent[x]>1", ("tea>=3 (has 2.1)", "absent[x]>1")),
        ("tea[sour]", ("lemon",)),
        ("absent>=1; python_version > '3'", ("absent>=1",)),
    ],
)
def test_what_is_not_there_is_told_with_what_is(compared: Compare, text: str, lacking: tuple[str, ...]) -> None:
    assert tuple(map(str, compared(text).lacking)) == lacking


@pytest.mark.parametrize(
    ("constraints", "lacking"),
    [
        ("tea<3\nmilk<1\nabsent==1", ()),
        ("tea<2", (Lack("tea<2", "2.1"),)),
        ("Cup<3.dev0", (Lack("Cup<3.dev0", "3.0.dev1"),)),
        ("tea<2; python_version < '3'", ()),
    ],
)
def test_constraints_bound_what_is_asked_for_and_what_that_needs(
    compared: Compare, constraints: str, lacking: tuple[Lack, ...]
) -> None:
    assert compared("-c constraints.txt\ntea", constraints).lacking == lacking


@pytest.mark.parametrize(
    "line", ["-r other.txt", "-e .", "./folder", "https://example.org/a.whl", "tea @ https://example.org/tea.whl"]
)
def test_a_line_that_is_no_name_with_versions_is_left_to_pip(compared: Compare, line: str) -> None:
    found = compared(f"milk\n{line}")
    assert not found.lacking
    assert [told.replace(" ", "") for told in found.unclear] == [line.replace(" ", "")]


def test_where_nothing_can_read_a_requirement_all_is_left_to_pip(
    compared: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "READERS", ("no_such_reader.requirements",))
    assert compared("-c constraints.txt\ntea\nmilk>1") == Comparison((), ("tea", "milk>1"))


def test_the_last_error_of_pip_is_what_counts() -> None:
    said = "Collecting x\nERROR: Could not find x (from versions: none)\nERROR: No match for x\n[notice] update\n"
    assert last_error(said) == "ERROR: No match for x"
    assert last_error("python: No module named pip\n") == "python: No module named pip"
    assert last_error("\n") == ""


# -- jobs -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with pip and nothing else; tests install packages of different names."""
    folder = tmp_path_factory.mktemp("image")
    venv.create(folder, symlinks=True, with_pip=True)
    return str(folder / "bin" / "python")


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, str]:
    """The environment in which pip finds the packages of the folder `wheels` and no network."""
    (tmp_path / "wheels").mkdir()
    return {VARIABLE: "install", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}


def failure(job: Job) -> tuple[object, ...]:
    return tuple(job.result["failure"][key] for key in ("cell", "exception", "message"))


def test_what_the_image_lacks_is_installed_before_the_first_cell(
    run: Make, python: str, shop: Mapping[str, str], tmp_path: Path
) -> None:
    make_wheel(tmp_path / "wheels", "bread", "1.4", requires=["flour"])
    make_wheel(tmp_path / "wheels", "flour", "2.0")
    job = run("import bread, flour\nprint(bread.__version__)", python=python, env=shop, requirements="bread>=1\n")
    assert job.code == 0, job.out
    assert job.log.startswith("pip installs what the image lacks: bread>=1\n")
    assert "Successfully installed bread-1.4 flour-2.0" in job.out
    assert job.printed(10) == "1.4\n"
    assert job.result["environment"]["packages"] == {"bread": "1.4", "flour": "2.0"}


def test_constraints_hold_for_what_is_installed(
    run: Make, bundle: Make, python: str, shop: Mapping[str, str], tmp_path: Path
) -> None:
    make_wheel(tmp_path / "wheels", "salt", "1.0")
    make_wheel(tmp_path / "wheels", "salt", "2.0")
    job = bundle(
        "import salt\nprint(salt.__version__)", python=python, env=shop, requirements="-c constraints.txt\nsalt\n"
    )
    (tmp_path / "code" / "constraints.txt").write_text("salt<2\n")
    assert job.run().log.endswith("\n1.0\n"), job.out


@pytest.mark.parametrize("asked", ["install", "check"])
def test_an_image_that_has_everything_runs_no_pip(run: Make, tmp_path: Path, asked: str) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('pip was run')")
    env = {VARIABLE: asked, "PYTHONPATH": str(tmp_path)}
    job = run("print(1)", requirements="pytest>=1\nhypothesis\n", env=env)
    assert (job.code, job.log) == (0, "1\n")


def test_a_job_whose_environment_was_made_outside_compares_nothing(run: Make) -> None:
    assert run("1", requirements="no-such-package\n").code == 0


def test_a_package_that_pip_cannot_get_is_named(run: Make, python: str, shop: Mapping[str, str]) -> None:
    job = run("print('ran')", python=python, env=shop, requirements="no-such-package>=2\n")
    assert (job.code, job.result["state"], job.states) == (4, "failed", ["not-reached"])
    error = "ERROR: No matching distribution found for no-such-package>=2"
    assert failure(job) == (None, "Requirements", f"pip could not install no-such-package>=2: {error}")
    assert job.result["failure"]["hint"] == "log.txt has all that pip said"
    assert job.failure is not None
    assert job.failure.startswith("Requirements: pip could not install")
    assert [event["event"] for event in job.events] == ["run-start", "run-end"]
    assert job.notebook.cells[0].outputs == []
    assert error in job.log
    assert "ran" not in job.log


def test_a_job_without_a_network_is_told_how_to_get_one(run: Make, tmp_path: Path) -> None:
    said = "Failed to establish a new connection: [Errno -2] Name or service not known"
    (tmp_path / "pip.py").write_text(f"raise SystemExit({said!r})")
    job = run("1", requirements="absent-one\n", env={VARIABLE: "install", "PYTHONPATH": str(tmp_path)})
    assert failure(job) == (None, "Requirements", f"pip could not install absent-one: {said}")
    assert "docker: {network: bridge}" in job.result["failure"]["hint"]


def test_an_installer_that_is_killed_is_told(run: Make, tmp_path: Path) -> None:
    (tmp_path / "pip.py").write_text("import os\nos.kill(os.getpid(), 9)")
    job = run("1", requirements="absent-one\n", env={VARIABLE: "install", "PYTHONPATH": str(tmp_path)})
    assert job.code == 4
    assert job.result["failure"]["message"].endswith("it was killed by signal 9")


def test_an_image_that_may_not_be_changed_must_have_everything(run: Make) -> None:
    job = run("print('ran')", "2", requirements="pytest<1\nabsent-one[x]>=2\nhypothesis\n", env={VARIABLE: "check"})
    assert (job.code, job.states) == (4, ["not-reached", "not-reached"])
    has = re.escape(pytest.__version__)
    assert re.fullmatch(
        rf"the image lacks pytest<1 \(has {has}\), absent-one\[x\]>=2", job.result["failure"]["message"]
    )
    assert job.result["failure"]["exception"] == "Requirements"
    assert job.result["failure"]["hint"] == (
        "use an image that has them, or allow the network: `docker: {network: bridge}`"
    )
    assert "ran" not in job.log


def test_what_only_pip_can_judge_is_a_warning_where_pip_may_not_run(run: Make) -> None:
    job = run("1", requirements="pytest @ https://example.org/pytest.whl\n", env={VARIABLE: "check"})
    assert job.code == 0
    assert [warning.partition("`")[0] for warning in job.result["warnings"]] == ["whether the image has "]


def test_another_word_is_a_mistake_of_whoever_set_it(run: Make) -> None:
    job = run("1", env={VARIABLE: "maybe"})
    assert job.code == 1
    assert "ALEKSEYLEARN_REQUIREMENTS is check or install, and not 'maybe'" in job.out


def test_a_python_of_the_distribution_takes_packages_in_a_container(run: Make, tmp_path: Path) -> None:
    (tmp_path / "pip.py").write_text("import os\nprint(os.environ['PIP_BREAK_SYSTEM_PACKAGES'])")
    job = run(
        "import os\nprint(os.environ.get('PIP_BREAK_SYSTEM_PACKAGES'))",
        requirements="absent-one\n",
        env={VARIABLE: "install", "PYTHONPATH": str(tmp_path)},
    )
    assert job.log.splitlines()[1:] == ["1", "None"]


# -- ends -------------------------------------------------------------------------------------------------------------

BACKEND = """
import pathlib, time
def build_wheel(*args, **options):
    pathlib.Path({begun!r}).touch()
    time.sleep(60)
"""
PROJECT = "[build-system]\nrequires = []\nbuild-backend = 'slow'\nbackend-path = ['.']\n"


def slow_package(folder: Path, begun: Path) -> None:
    """Write the source of `slow` 1.0, which takes long to build and makes the file *begun* first."""
    files = {
        "pyproject.toml": PROJECT,
        "slow.py": BACKEND.format(begun=str(begun)),
        "PKG-INFO": "Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n",
    }
    with tarfile.open(folder / "slow-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"slow-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_pip_builds_ends_the_job(
    bundle: Make, python: str, shop: Mapping[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    slow_package(tmp_path / "wheels", tmp_path / "begun")
    job = bundle("print('ran')", python=python, env=shop, requirements="slow\n").start()
    while not (tmp_path / "begun").exists():
        assert job.process is not None
        assert job.process.poll() is None, job.end().out
        time.sleep(0.02)
    asked = time.monotonic()
    job.process.send_signal(number)
    assert job.end().code == 7
    assert time.monotonic() - asked < 15
    assert (job.result["state"], job.result["failure"], job.states) == ("stopped", None, ["not-reached"])
    assert job.failure is None
    assert "ran" not in job.log


def test_the_time_limit_counts_while_pip_runs(run: Make, python: str, shop: Mapping[str, str], tmp_path: Path) -> None:
    slow_package(tmp_path / "wheels", tmp_path / "begun")
    job = run("print('ran')", python=python, env=shop, requirements="slow\n", timeout=2)
    assert (job.code, job.result["state"], job.states) == (7, "timed-out", ["not-reached"])
    assert failure(job) == (None, "TimeLimit", "the time limit of 2 s was reached")
    assert "ran" not in job.log
