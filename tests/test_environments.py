from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from alekseylearn.backends.base import Options
from alekseylearn.config import Config, Defaults
from alekseylearn.disk import holding
from alekseylearn.environments import Environment, check_imports, distribution, find_environment
from alekseylearn.errors import MachineError
from alekseylearn.plan import Settings, TrainingJob, make_job
from tests.strategies import notebook
from tests.wheels import make_wheel

THIS = Path(sys.executable)
VERSION = ".".join(map(str, sys.version_info[:3]))


class Files(dict[str, str]):
    """A repository of a few text files."""

    def exists(self, path: str) -> bool:
        return path in self

    def read(self, path: str) -> bytes:
        return self[path].encode()

    def list(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(path for path in self if path.startswith(folder)))


def job_of(*cells: str, requirements: str = "", python: str | None = None) -> TrainingJob:
    files = Files({"requirements.txt": requirements} if requirements else {})
    config = Config(defaults=Defaults(python=python))
    job = make_job(notebook(*cells, "model.fit(X, y)"), config, files, Settings())
    assert job is not None
    return job


@pytest.fixture
def options(tmp_path: Path) -> Options:
    # Where packages come from is for the machine to say: here it is a shelf, and no index.
    shelf = {f"{tool}_FIND_LINKS": str(tmp_path / "shelf") for tool in ("UV", "PIP")}
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "UV_OFFLINE": "1", "PIP_NO_INDEX": "1", **shelf}
    return Options(home=tmp_path / "home", environ=environ)


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[..., str]:
    """Put wheels on the shelf, and write requirements as a file of several lines."""
    folder = tmp_path / "shelf"
    make_wheel(folder, "alpha", "1.0", requires=["beta>=2"])
    make_wheel(folder, "alpha", "1.1", requires=["beta>=2"])
    make_wheel(folder, "beta", "2.0")

    def lines(*wanted: str) -> str:
        return "\n".join(wanted)

    return lines


def says(environment: Environment, program: str) -> str:
    done = subprocess.run([environment.python, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_without_requirements_the_current_python_trains_and_it_is_said_what_it_sees(options: Options) -> None:
    environment = find_environment(job_of("import json"), options)
    assert environment.python == THIS
    assert (
        environment.origin == f"this Python ({VERSION}) with all its packages (no requirements file near the notebook)"
    )
    assert environment.key == ""


def test_what_is_already_there_is_used_as_it_is(options: Options) -> None:
    job = job_of("import packaging, pytest", requirements="packaging>=20\npytest\ntomli; python_version < '3.0'\n")
    environment = find_environment(job, options)
    assert environment.python == THIS
    assert "already has what is required" in environment.origin
    assert not (options.home / "environments").exists()


def test_requirements_get_an_environment_of_their_own_once(options: Options, shelf: Callable[..., str]) -> None:
    job = job_of("import alpha", requirements=shelf("alpha<1.1"))
    made = find_environment(job, options)
    assert made.python == options.home / "environments" / made.key / "bin" / "python"
    assert made.origin == f"Python {VERSION} with requirements.txt"
    assert says(made, "import alpha, beta; print(alpha.__version__, beta.__version__)") == "1.0 2.0"
    check_imports(job, made)
    before = (made.python.parent.parent / "complete.json").stat().st_mtime_ns
    assert find_environment(job, options) == made
    assert (made.python.parent.parent / "complete.json").stat().st_mtime_ns == before
    other = find_environment(job_of("import alpha", requirements=shelf("alpha==1.1")), options)
    assert other.key != made.key


def test_what_is_imported_beyond_the_requirements_is_no_reason_to_take_the_current_python(
    options: Options, shelf: Callable[..., str]
) -> None:
    job = job_of("import alpha, pytest", requirements=shelf("alpha"))
    environment = find_environment(job, options)
    with pytest.raises(MachineError) as caught:
        check_imports(job, environment)
    assert caught.value.slug == "env.missing"
    assert "cell 0 imports `pytest`" in caught.value.what
    assert caught.value.hint == "add pytest to requirements.txt"


def test_constraints_give_an_environment_of_their_own(options: Options, shelf: Callable[..., str]) -> None:
    job = job_of("import alpha", requirements=shelf("alpha"))
    bound = replace(job, requirements=replace(job.requirements, constraints=("alpha<1.1",)))
    newest, older = find_environment(job, options), find_environment(bound, options)
    assert newest.key != older.key
    program = "import alpha; print(alpha.__version__)"
    assert (says(newest, program), says(older, program)) == ("1.1", "1.0")


def test_a_half_made_environment_is_made_again(options: Options, shelf: Callable[..., str]) -> None:
    job = job_of("import alpha", requirements=shelf("alpha"))
    made = find_environment(job, options)
    folder = made.python.parent.parent
    (folder / "complete.json").unlink()
    (folder / "debris").touch()
    assert find_environment(job, options) == made
    assert not (folder / "debris").exists()
    made.python.unlink()
    assert find_environment(job, options) == made
    assert says(made, "import alpha; print(alpha.__version__)") == "1.1"


def test_what_killed_makers_left_is_cleared_away_and_what_is_being_made_is_not(
    options: Options, shelf: Callable[..., str]
) -> None:
    root = options.home / "environments"
    for name in ("dead", "alive", "whole"):
        (root / name / "bin").mkdir(parents=True)
    (root / "whole" / "complete.json").write_text("{}")
    (root / "dead.lock").touch()
    with holding(root / "alive.lock"):
        find_environment(job_of("import alpha", requirements=shelf("alpha")), options)
    assert {"alive", "whole"} < {folder.name for folder in root.iterdir() if folder.is_dir()}
    assert not (root / "dead").exists()


def test_two_makers_make_one_environment(options: Options, shelf: Callable[..., str]) -> None:
    job = job_of("import alpha", requirements=shelf("alpha"))
    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda _: find_environment(job, options), range(4)))
    assert len(made) == 1
    assert says(made.pop(), "import alpha; print(alpha.__version__)") == "1.1"


def test_requirements_that_cannot_be_met_say_why_and_leave_nothing(options: Options, shelf: Callable[..., str]) -> None:
    with pytest.raises(MachineError) as caught:
        find_environment(job_of("import gamma", requirements=shelf("gamma==9")), options)
    assert caught.value.slug == "env.install"
    assert "gamma" in caught.value.what
    assert len(str(caught.value).splitlines()) <= 5
    assert [path.suffix for path in (options.home / "environments").iterdir()] == [".lock"]


def test_a_python_named_by_its_path_is_taken_as_it_is(options: Options, tmp_path: Path) -> None:
    (tmp_path / "my-python").symlink_to(THIS)
    environment = find_environment(job_of(requirements="gamma", python=str(tmp_path / "my-python")), options)
    assert environment.python == tmp_path / "my-python"
    assert environment.key == ""


def test_a_python_named_by_its_version_is_found(options: Options) -> None:
    environment = find_environment(job_of(python=VERSION), options)
    assert environment.python == THIS


def test_another_python_without_requirements_is_said_to_have_all_its_packages(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "python3.99"
    fake.symlink_to(THIS)
    options = Options(home=tmp_path, environ={"PATH": str(tmp_path / "bin")})
    environment = find_environment(job_of(python="3.99"), options)
    assert environment == Environment(python=fake, origin="Python 3.99 with all its packages")


def test_a_python_that_is_not_there_is_an_error(options: Options) -> None:
    for python in ("3.98", "/no/such/python"):
        with pytest.raises(MachineError, match=r"env\.python"):
            find_environment(job_of(python=python), options)


def test_missing_packages_are_named_with_their_cell_and_what_to_add(options: Options) -> None:
    job = job_of("import json, packaging", "import cv2_nowhere", "import bs4_nowhere as soup")
    with pytest.raises(MachineError) as caught:
        check_imports(job, find_environment(job, options))
    assert (
        caught.value.what
        == "cell 1 imports `cv2_nowhere`, which the training environment lacks, as it does `bs4_nowhere`"
    )
    assert caught.value.hint == "add cv2_nowhere bs4_nowhere to requirements.txt"


def test_our_own_package_is_not_asked_for(options: Options, shelf: Callable[..., str]) -> None:
    job = job_of("import alekseylearn, beta", requirements=shelf("beta"))
    check_imports(job, find_environment(job, options))


def test_import_names_are_translated_to_what_pip_installs() -> None:
    assert distribution("sklearn") == "scikit-learn"
    assert distribution("cv2").startswith("opencv-python")
    assert distribution("numpy") == "numpy"


def test_the_marker_tells_what_is_inside(options: Options, shelf: Callable[..., str]) -> None:
    made = find_environment(job_of("import beta", requirements=shelf("beta")), options)
    told = json.loads((options.home / "environments" / made.key / "complete.json").read_text())
    assert told["python"] == VERSION
    assert told["requirements"][-1] == "beta"
