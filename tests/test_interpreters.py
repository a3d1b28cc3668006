from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alekseylearn.disk import holding, is_locked
from alekseylearn.errors import MachineError
from alekseylearn.interpreters import find_python, find_uv, minor_version, missing_imports, run_quietly, version_of
from tests.contract.jobs import until

THIS = Path(sys.executable)
VERSION = ".".join(map(str, sys.version_info[:3]))
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_minor_version_of_what_will_train() -> None:
    assert minor_version(None) == MINOR
    assert minor_version("3.9") == "3.9"
    assert minor_version("3.12.4") == "3.12"
    assert minor_version(str(THIS)) == MINOR


def test_a_version_is_this_python_or_one_on_the_path(tmp_path: Path) -> None:
    assert find_python(MINOR, {}) == THIS
    assert find_python(VERSION, {}) == THIS
    other = program(tmp_path / "bin" / "python3.77", "echo 3.77.5")
    environ = {"PATH": str(tmp_path / "bin")}
    assert find_python("3.77", environ) == other
    assert find_python("3.77.5", environ) == other


def test_a_version_is_asked_of_uv_when_it_is_not_on_the_path(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "python3.77", "echo 3.77.5")
    program(tmp_path / "bin" / "uv", 'test "$*" = "python find --no-project 3.77.6" && echo /opt/python3.77')
    environ = {"PATH": str(tmp_path / "bin")}
    assert find_python("3.77.6", environ) == Path("/opt/python3.77")
    with pytest.raises(MachineError, match=r"env\.python"):
        find_python("3.77.9", environ)


def test_a_path_is_taken_when_it_is_a_program(tmp_path: Path) -> None:
    assert find_python(str(THIS), {}) == THIS
    (tmp_path / "text").write_text("no program")
    for asked in (str(tmp_path / "text"), str(tmp_path), "no/such/python", "4.0"):
        with pytest.raises(MachineError, match=r"env\.python"):
            find_python(asked, {})


def test_uv_is_found_on_the_path_or_as_a_package(tmp_path: Path) -> None:
    mine = program(tmp_path / "bin" / "uv", "true")
    assert find_uv({"PATH": str(tmp_path / "bin")}) == mine
    packaged = find_uv({"PATH": ""})
    assert packaged is not None
    assert packaged.name == "uv"


def test_missing_modules_are_named_in_the_order_asked() -> None:
    assert missing_imports(THIS, ["zebra_x", "json", "numpy_x", "packaging"]) == ("zebra_x", "numpy_x")
    assert missing_imports(THIS, []) == ()


def test_local_modules_count_and_the_working_folder_does_not(tmp_path: Path) -> None:
    (tmp_path / "mine_own.py").write_text("raise SystemExit('never imported')")
    assert missing_imports(THIS, ["mine_own"], [tmp_path]) == ()
    assert missing_imports(THIS, ["mine_own"]) == ("mine_own",)


def test_a_module_that_breaks_the_search_is_missing(tmp_path: Path) -> None:
    assert missing_imports(THIS, ["json.tool.x", ""]) == ("json.tool.x", "")


def test_a_python_that_gives_no_answer_is_an_error(tmp_path: Path) -> None:
    for python in (program(tmp_path / "bin" / "fails", "exit 3"), tmp_path / "nothing"):
        with pytest.raises(MachineError, match=r"env\.python"):
            missing_imports(python, ["json"])
        with pytest.raises(MachineError, match=r"env\.python"):
            version_of(python, {})


def test_a_program_that_takes_too_long_gives_no_answer(tmp_path: Path) -> None:
    slow = program(tmp_path / "bin" / "slow", "exec sleep 60")
    assert run_quietly([str(slow)], {"PATH": os.environ["PATH"]}, 0.05) is None


def test_what_it_has_started_does_not_outlive_a_program_that_is_given_up(tmp_path: Path) -> None:
    """The lock that it inherited is free only when all of it has ended."""
    slow = program(tmp_path / "bin" / "slow", "sleep 60 & sleep 60")
    lock = tmp_path / "lock"
    with holding(lock) as held:
        assert run_quietly([str(slow)], {"PATH": os.environ["PATH"]}, 0.2, held=(held,)) is None
    until(lambda: not is_locked(lock), "the end of what it had started")


def test_a_lock_outlives_us_with_the_program_that_inherited_it(tmp_path: Path) -> None:
    waits = f"touch {tmp_path}/reached; while [ ! -e {tmp_path}/open ]; do sleep 0.01; done"
    slow = program(tmp_path / "bin" / "slow", waits)
    lock = tmp_path / "lock"
    killed = """if True:
        import sys
        from pathlib import Path
        from alekseylearn.disk import holding
        from alekseylearn.interpreters import run_quietly
        with holding(Path(sys.argv[2])) as held:
            run_quietly([sys.argv[1]], {"PATH": "/usr/bin:/bin"}, 60, held=(held,))
    """
    maker = subprocess.Popen([str(THIS), "-c", killed, str(slow), str(lock)], cwd=Path(__file__).parents[1])
    until((tmp_path / "reached").exists, "the program")
    maker.kill()
    maker.wait()
    assert is_locked(lock)
    (tmp_path / "open").touch()
    until(lambda: not is_locked(lock), "the program's end")
