"""Plumbing: a child of git obeys nobody but us, and every failure has a remedy."""

import gc
import os
import stat
import subprocess
import threading
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from alekseylearn.errors import AlekseylearnError, InputError, MachineError
from alekseylearn.plumbing import Objects, Plumbing
from tests.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path)


def plumbing(repository: Repository) -> Plumbing:
    return Plumbing.find(repository.root, repository.environ)


def program(folder: Path, body: str, name: str = "git") -> dict[str, str]:
    """An environment whose PATH holds only this shell program."""
    folder.mkdir()
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return {"PATH": str(folder)}


def test_only_named_variables_reach_the_child(repository: Repository) -> None:
    environ = repository.environ | {"GIT_DIR": "/elsewhere", "LD_PRELOAD": "x.so", "AWS_SECRET_ACCESS_KEY": "s"}
    child = Plumbing.find(repository.root, environ).child_environ
    assert child["HOME"] == str(repository.home)
    assert {"GIT_DIR", "LD_PRELOAD", "AWS_SECRET_ACCESS_KEY", "GIT_AUTHOR_NAME"}.isdisjoint(child)
    assert child["GIT_TERMINAL_PROMPT"] == "0"


def test_every_filter_of_the_repository_is_emptied(repository: Repository) -> None:
    for key in ("filter.a=b.c.clean", "filter.lfs.process", "filter.lfs.required"):
        repository.git("config", key, "true")
    settings = dict(plumbing(repository).settings)
    assert settings["filter.a=b.c.clean"] == ""
    assert settings["filter.lfs.process"] == ""
    assert settings["filter.lfs.required"] == "false"


def test_no_git_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="not installed") as caught:
        Plumbing.find(tmp_path, {"PATH": str(tmp_path)})
    assert caught.value.slug == "git.unsupported"


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ("git version 2.17.1", "git 2.17.1 is too old"),
        ("git version 1.99", "git 1.99 is too old"),
        ("git version", "does not tell its version"),
        ("git version two.three", "does not tell its version"),
        ("git version 2", "does not tell its version"),
    ],
)
def test_an_old_or_odd_git_is_refused(tmp_path: Path, told: str, what: str) -> None:
    environ = program(tmp_path / "bin", f"echo '{told}'")
    with pytest.raises(MachineError, match=what) as caught:
        Plumbing.find(tmp_path, environ)
    assert caught.value.slug == "git.unsupported"


def test_a_git_that_hangs_is_given_up(tmp_path: Path) -> None:
    environ = program(tmp_path / "bin", "exec sleep 60") | {"HOME": str(tmp_path)}
    environ["PATH"] += ":/bin:/usr/bin"
    hanging = Plumbing(executable=str(tmp_path / "bin/git"), folder=tmp_path, environ=environ, timeout=0.2)
    with pytest.raises(MachineError) as caught:
        hanging.run("version")
    assert caught.value.slug == "git.timeout"


def test_a_git_that_cannot_start_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        Plumbing(executable=str(tmp_path / "none"), folder=tmp_path, environ={}).run("version")
    assert caught.value.slug == "git.unsupported"


@pytest.mark.parametrize(
    ("stderr", "kind", "slug", "hint"),
    [
        ("fatal: detected dubious ownership in repository at '/x'", InputError, "git.unsupported", "safe.directory"),
        ("fatal: not a git repository (or any parent)", InputError, "git.history", "OLD.ipynb"),
        ("fatal: this operation must be run in a work tree", InputError, "git.unsupported", "clone"),
        ("fatal: Expected git repo version <= 1, found 7", InputError, "git.unsupported", "config"),
        ("fatal: unknown repository extension found:\n\tx", InputError, "git.unsupported", "newer git"),
        ("fatal: bad config line 3 in file .git/config", InputError, "git.unsupported", "config"),
        ("fatal: invalid gitfile format: /x/.git", InputError, "git.unsupported", "status"),
        ("warning: x\nfatal: bad object 1234", InputError, "git.history", "fsck"),
        ("error: inflate: data stream error\nfatal: loose object 12 is corrupt", InputError, "git.history", "fsck"),
        ("fatal: .git/index: index file smaller than expected", InputError, "git.history", "fsck"),
        ("fatal: Not a valid commit name 1234", InputError, "git.history", "fetch"),
        ("fatal: bad shallow line: x", InputError, "git.history", "clone"),
        ("fatal: out of memory", MachineError, "git.failed", "fsck"),
        ("", MachineError, "git.failed", "fsck"),
    ],
)
def test_each_failure_has_its_remedy(
    tmp_path: Path, stderr: str, kind: type[AlekseylearnError], slug: str, hint: str
) -> None:
    program(tmp_path / "bin", f'echo "{stderr}" >&2\nexit 128')
    failing = Plumbing(executable=str(tmp_path / "bin/git"), folder=tmp_path, environ={})
    with pytest.raises(kind) as caught:
        failing.run("rev-parse")
    assert caught.value.slug == slug
    assert hint in caught.value.hint
    assert len(str(caught.value).splitlines()) <= 5


def test_an_exit_status_can_be_an_answer(repository: Repository) -> None:
    assert plumbing(repository).ask("rev-parse", "--verify", "--quiet", "HEAD") is None


def test_one_child_reads_many_objects(repository: Repository) -> None:
    repository.commit({"a": b"\x00\xff\n", "b": b""})
    objects = Objects(plumbing(repository))
    assert objects.read(repository.git("rev-parse", "HEAD:a"), "a") == b"\x00\xff\n"
    first = objects._process
    assert objects.read(repository.git("rev-parse", "HEAD:b"), "b") == b""
    assert objects._process is first
    objects.close()
    objects.close()


def test_an_object_that_is_not_what_its_name_says_is_refused(repository: Repository) -> None:
    repository.commit({"a": b"one", "b": b"two"})
    name = repository.git("rev-parse", "HEAD:a")
    file = repository.root / ".git/objects" / name[:2] / name[2:]
    file.chmod(0o644)
    file.write_bytes(zlib.compress(b"blob 4\0evil"))
    objects = Objects(plumbing(repository))
    with pytest.raises(InputError, match="damaged") as caught:
        objects.read(name, "a at 1234567")
    assert caught.value.slug == "git.history"
    assert objects.read(repository.git("rev-parse", "HEAD:b"), "b") == b"two"
    objects.close()


def test_ctrl_c_in_a_terminal_does_not_reach_the_child(repository: Repository) -> None:
    repository.commit({"a": b"one"})
    objects = Objects(plumbing(repository))
    objects.read(repository.git("rev-parse", "HEAD:a"), "a")
    assert objects._process is not None
    assert os.getpgid(objects._process.pid) != os.getpgrp()
    objects.close()


@pytest.mark.parametrize("started", [False, True])
def test_after_an_interruption_the_next_object_is_read_whole_and_nobody_is_waited_for(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, *, started: bool
) -> None:
    objects = Objects(plumbing(repository))
    repository.commit({"a": b"one", "b": b"two"})
    names = [repository.git("rev-parse", f"HEAD:{name}") for name in ("a", "b")]
    start = threading.Timer.start
    left: list[threading.Timer] = []

    def interrupted(watchdog: threading.Timer) -> None:
        left.append(watchdog)
        start(watchdog)
        raise KeyboardInterrupt

    if started:
        # Half an answer: it was asked for and not read.
        process = objects._started()
        assert process.stdin is not None
        process.stdin.write(f"{names[0]}\n".encode())
    monkeypatch.setattr(threading.Timer, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        objects.read(names[0], "a")
    monkeypatch.undo()
    assert objects.read(names[1], "b") == b"two"
    assert [watchdog.daemon for watchdog in left] == [True]
    objects.close()


def test_a_missing_object_names_the_partial_clone(repository: Repository) -> None:
    objects = Objects(plumbing(repository))
    with pytest.raises(InputError, match="does not hold") as caught:
        objects.read("1" * 40, "a.ipynb at 1234567")
    assert caught.value.slug == "git.history"


def test_a_large_object_is_refused_and_reading_goes_on(repository: Repository) -> None:
    repository.commit({"large": b"x" * 100_000, "small": b"y"})
    objects = Objects(plumbing(repository))
    with pytest.raises(InputError, match=r"100 kB large; at most 10 B") as caught:
        objects.read(repository.git("rev-parse", "HEAD:large"), "large", limit=10)
    assert caught.value.slug == "git.limit"
    assert objects.read(repository.git("rev-parse", "HEAD:small"), "small") == b"y"
    objects.close()


@pytest.mark.parametrize("body", ["exit 0", "read line; echo garbage", "read line; echo $line blob 100; echo short"])
def test_a_child_that_breaks_off_is_an_error_not_a_short_file(tmp_path: Path, body: str) -> None:
    program(tmp_path / "bin", body)
    objects = Objects(Plumbing(executable=str(tmp_path / "bin/git"), folder=tmp_path, environ={}))
    with pytest.raises(MachineError, match="stopped") as caught:
        objects.read("1" * 40, "a.ipynb")
    assert caught.value.slug == "git.failed"


def test_a_child_that_hangs_is_ended(tmp_path: Path) -> None:
    program(tmp_path / "bin", "exec /bin/sleep 60")
    plain = Plumbing(executable=str(tmp_path / "bin/git"), folder=tmp_path, environ={})
    objects = Objects(replace(plain, timeout=0.2))
    with pytest.raises(MachineError, match="stopped"):
        objects.read("1" * 40, "a.ipynb")


def test_a_forgotten_reader_leaves_no_child(repository: Repository) -> None:
    repository.commit({"a": b"x"})
    objects = Objects(plumbing(repository))
    objects.read(repository.git("rev-parse", "HEAD:a"), "a")
    child = objects._process
    assert isinstance(child, subprocess.Popen)
    del objects
    gc.collect()
    assert child.returncode is not None
