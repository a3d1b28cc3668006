"""What the package is made of: everything is locked by its sha256, and built again it is the same, byte by byte."""

from __future__ import annotations

import re
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from requirements.release import WORLDS, build, checksums

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
# What a lock leaves out is named in files of the same kind.
LOCKS = [path for path in LOCKS if not path.stem.startswith(("overrides", "writers-without"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RELEASE: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
SOURCES = [*(ROOT / "alekseylearn").rglob("*.py"), *(ROOT / "action").rglob("*.py")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_of_a_lock_has_one_version_and_its_hashes(lock: Path) -> None:
    lines = [line for line in lock.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    packages = [line for line in lines if not line.startswith(" ")]
    assert packages
    for number, line in enumerate(lines):
        if line in packages:
            assert re.fullmatch(r"[a-z0-9][\w.-]*==[\w.+!]+( ; [^;]+)? \\", line), line
            assert lines[number + 1].startswith("    --hash=sha256:")
        else:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


def test_the_action_installs_wheels_with_their_hashes_and_nothing_else() -> None:
    source = (ROOT / "action" / "bootstrap.py").read_text("utf-8")
    installs = re.findall(r"run\(\[\*install, (.*?)\], folder\)", source)
    assert len(installs) == 3
    for words in installs:
        locked = '"--require-hashes", "--only-binary", ":all:", "-r"' in words
        own = '"--no-index", "--no-build-isolation"' in words
        assert locked != own
        assert '"--no-deps"' in words


def test_what_is_needed_directly_is_little_and_each_has_its_reason() -> None:
    needed = {re.match(r"[\w-]+", each)[0] for each in PROJECT["project"]["dependencies"]}  # type: ignore[index]
    page = (ROOT / "docs" / "security.md").read_text("utf-8").split("\n## What it is made of\n")[1].split("\n## ")[0]
    told = re.findall(r"^\| `([\w-]+)` \| \w", page, re.MULTILINE)
    assert sorted(told) == sorted(needed)
    assert len(needed) <= 15


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Build the package in two worlds."""
    place = tmp_path_factory.mktemp("worlds")
    return [build(place / name, umask, more) for name, umask, more in WORLDS]


def test_wheel_and_sdist_are_the_same_wherever_they_are_built(built: list[Path]) -> None:
    one, other = map(checksums, built)
    assert sorted(name.rpartition(".")[2] for name in one) == ["gz", "whl"]
    assert one == other


def test_the_wheel_holds_the_package_and_nothing_else(built: list[Path]) -> None:
    (wheel,) = built[0].glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"alekseylearn"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_the_sdist_can_be_tested_and_is_nobodys(built: list[Path]) -> None:
    (sdist,) = built[0].glob("*.tar.gz")
    with tarfile.open(sdist) as opened:
        members = opened.getmembers()
    assert {(member.uid, member.gid, member.uname) for member in members} == {(0, 0, "")}
    tops = {member.name.split("/")[1] for member in members}
    assert {"alekseylearn", "action", "action.yml", "fuzz", "requirements", "tests", "SECURITY.md", "LICENSE"} <= tops


class TestRelease:
    JOBS = RELEASE["jobs"]

    def steps(self, job: str) -> list[dict[str, Any]]:
        return list(self.JOBS[job]["steps"])

    def test_rights_are_given_job_by_job_and_are_few(self) -> None:
        assert RELEASE["permissions"] == {}
        assert {name: job["permissions"] for name, job in self.JOBS.items()} == {
            "build": {"contents": "read"},
            "attest": {"id-token": "write", "attestations": "write"},
            "publish": {"id-token": "write"},
        }

    def test_what_is_published_was_built_attested_and_allowed_by_a_person(self) -> None:
        assert (self.JOBS["attest"]["needs"], self.JOBS["publish"]["needs"]) == ("build", "attest")
        assert self.JOBS["publish"]["environment"] == "pypi"
        assert RELEASE[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads `on` so
        assert RELEASE["concurrency"] == {"group": "release"}

    def test_no_code_runs_where_there_is_a_right(self) -> None:
        for job in ("attest", "publish"):
            assert all("run" not in step for step in self.steps(job))
            assert not any("checkout" in step["uses"] for step in self.steps(job))

    def test_there_is_no_secret_and_no_cache(self) -> None:
        text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
        assert "secrets." not in text
        assert not re.search(r"\bcache:|actions/cache|password", text)

    def test_both_are_attested_where_they_were_built_and_what_they_need(self) -> None:
        signed = [step["with"] for step in self.steps("attest") if "attest@" in step["uses"]]
        assert signed == [
            {"subject-path": "dist/packages/*"},
            {"subject-path": "dist/packages/*", "sbom-path": "dist/sbom.cdx.json"},
        ]


@pytest.mark.parametrize("word", ["# nosec", "# zizmor: ignore"])
def test_what_a_scanner_is_told_to_pass_over_has_a_reason(word: str) -> None:
    texts = [*SOURCES, ROOT / "action.yml", *(ROOT / ".github").rglob("*.yml")]
    lines = [line for path in texts for line in path.read_text("utf-8").splitlines() if word in line]
    reason = {"# nosec": r"# nosec B\d{3} # \w.{8,}", "# zizmor: ignore": r"# zizmor: ignore\[[\w-]+\] \w.{8,}"}[word]
    assert lines
    assert [line for line in lines if not re.search(reason, line)] == []
