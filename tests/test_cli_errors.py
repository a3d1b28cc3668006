"""Bad input: one short error with its slug and a remedy, the right exit code, and nothing half written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.desk import LONGER, NOTEBOOK, Bench, Desk, Done, lone_desk
from tests.small import TRAINS, growth, notebook

OURS, THEIRS = "<<<<<<<" + " HEAD", ">>>>>>>" + " feature"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
NOTEBOOKS: dict[str, tuple[str, bytes]] = {
    "not a notebook": ("nb.unreadable", b"import math\nprint(math.pi)\n"),
    "nothing": ("nb.unreadable", b""),
    "conflict": (
        "nb.conflict",
        growth().replace(b' "cells"', f"{OURS}\n=======\n{THEIRS}\n".encode() + b' "cells"', 1),
    ),
    "lfs pointer": ("nb.lfs", POINTER.encode()),
    "another language": ("nb.language", notebook([("code", "fit <- lm(y ~ x)")], language="R")),
    "syntax error": ("nb.source", growth({TRAINS: "line = Line()\nline.fit(points, epochs, rate"})),
    "no training": ("nb.no-training", notebook([("code", "a = 1"), ("code", "a + 1")])),
}
CONFIGS = {
    "unknown key": ("cfg.unknown", "modles: {}\n"),
    "wrong type": ("cfg.type", "defaults: {timeout: [1]}\n"),
    "tab": ("cfg.syntax", "defaults:\n\ttimeout: 1h\n"),
    "two documents": ("cfg.syntax", "defaults: {}\n---\nmodels: {}\n"),
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.create(tmp_path)


def assert_refused(done: Done, slug: str, code: int = 3) -> None:
    """Check that *done* is one short error with a remedy and nothing else."""
    assert (done.code, done.out) == (code, "")
    lines = done.err.splitlines()
    assert lines[0].startswith(f"error[{slug}]: ")
    assert lines[-1].startswith("  fix:   ")
    assert len(lines) <= 5
    assert done.err.count("error[") == 1
    assert "Traceback" not in done.err


def refuse(desk: Desk, slug: str, *arguments: str | Path, code: int = 3) -> Done:
    """Run a command that must be refused and leave every file as it was."""
    before = desk.tree()
    done = desk.run(*arguments)
    assert_refused(done, slug, code)
    assert desk.tree() == before
    return done


@pytest.mark.parametrize("what", NOTEBOOKS)
def test_a_named_notebook_that_cannot_be_trained(bench: Bench, what: str) -> None:
    slug, content = NOTEBOOKS[what]
    bench.desk.write(NOTEBOOK, content)
    refuse(bench.desk, slug, "fit", NOTEBOOK)
    done = refuse(bench.desk, slug, "slice", NOTEBOOK, "-o", "train.py")
    assert NOTEBOOK in done.err


@pytest.mark.parametrize(
    "what", [what for what in NOTEBOOKS if what not in ("no training", "nothing", "another language")]
)
def test_one_of_several_that_is_refused_does_not_stop_the_others(bench: Bench, what: str) -> None:
    slug, content = NOTEBOOKS[what]
    bench.desk.write("bad.ipynb", content)
    bench.desk.write(NOTEBOOK, growth(LONGER))
    done = bench.desk.run("fit", "--json")
    assert done.code == 3
    bad, good = done.document["runs"]
    assert (bad["notebook"], bad["decision"]) == ("bad.ipynb", "skip")
    assert bad["refused"].startswith(f"error[{slug}]")
    assert (good["state"], good["deltas"][0]["verdict"]) == ("succeeded", "better")
    assert "Traceback" not in done.err


def test_a_notebook_in_another_language_is_compared_and_not_trained(bench: Bench) -> None:
    bench.desk.write("bad.ipynb", NOTEBOOKS["another language"][1])
    bench.desk.write(NOTEBOOK, growth(LONGER))
    done = bench.desk.run("fit", "--json")
    assert done.code == 0
    other, good = done.document["runs"]
    assert (other["decision"], other["reason"]) == ("skip", "is written in R; only Python is trained")
    assert good["state"] == "succeeded"


@pytest.mark.parametrize("what", CONFIGS)
@pytest.mark.parametrize("words", [["fit"], ["diff"], ["slice", NOTEBOOK], ["config", "check"], ["config", "show"]])
def test_a_configuration_that_does_not_hold(bench: Bench, what: str, words: list[str]) -> None:
    slug, text = CONFIGS[what]
    bench.desk.write("alekseylearn.yml", text)
    refuse(bench.desk, slug, *words)


class TestGit:
    @pytest.mark.parametrize("words", [["fit", "--base", "nowhere"], ["diff", "nowhere"], ["diff", "main...nowhere"]])
    def test_an_unknown_base(self, bench: Bench, words: list[str]) -> None:
        refuse(bench.desk, "git.history", *words)

    def test_a_base_that_looks_like_an_option(self, bench: Bench) -> None:
        refuse(bench.desk, "git.history", "fit", "--base", "--output=x")

    def test_a_shallow_clone_without_the_place_where_it_left(self, bench: Bench, tmp_path: Path) -> None:
        bench.git.commit({NOTEBOOK: growth(LONGER)})
        bench.git.git("checkout", "--quiet", "main")
        bench.git.commit({"note.txt": "later"})
        clone = tmp_path / "clone"
        # Both tips, and nothing before them.
        command = ["git", "clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{bench.git.root}", str(clone)]
        subprocess.run(command, check=True, env=bench.git.environ)
        subprocess.run(["git", "checkout", "--quiet", "feature"], check=True, cwd=clone, env=bench.git.environ)
        desk = lone_desk(clone)
        for words in (["fit"], ["diff"], ["fit", "--base", "origin/main"]):
            done = refuse(desk, "git.history", *words)
            assert "--unshallow" in done.err or "fetch-depth: 0" in done.err

    def test_outside_a_repository(self, tmp_path: Path) -> None:
        desk = lone_desk(tmp_path / "alone")
        refuse(desk, "git.history", "fit")
        refuse(desk, "git.history", "diff")

    def test_a_repository_without_a_commit(self, tmp_path: Path) -> None:
        desk = lone_desk(tmp_path / "new")
        subprocess.run(["git", "init", "--quiet"], check=True, cwd=desk.folder)
        desk.write(NOTEBOOK, growth())
        refuse(desk, "git.history", "fit", NOTEBOOK)


class TestResults:
    @pytest.mark.parametrize("words", [["fetch", "abc"], ["compare", "abc", "def"], ["report", "abc"]])
    def test_what_is_neither_a_run_nor_a_model(self, bench: Bench, words: list[str]) -> None:
        refuse(bench.desk, "usage.run", *words, code=2)

    @pytest.mark.parametrize("words", [["fetch", "abcd"], ["compare", "abcd", "def0"], ["report", "abcd"]])
    def test_a_run_that_is_not_here(self, bench: Bench, words: list[str]) -> None:
        refuse(bench.desk, "usage.run", *words, code=2)

    def test_no_report_yet(self, bench: Bench) -> None:
        refuse(bench.desk, "usage.report", "report", code=2)


class TestUsage:
    @pytest.mark.parametrize(
        "words",
        [["no-such"], ["diff", "--no-such"], ["slice"], ["slice", "missing.ipynb"], ["fit", "--backend", "moon"]],
    )
    def test_wrong_words_are_told_with_where_to_read_on(self, bench: Bench, words: list[str]) -> None:
        before = bench.desk.tree()
        done = bench.desk.run(*words)
        assert (done.code, done.out) == (2, "")
        assert "--help" in done.err
        assert "Traceback" not in done.err
        assert bench.desk.tree() == before

    def test_paths_of_two_places(self, bench: Bench, tmp_path: Path) -> None:
        (tmp_path / "outside.ipynb").write_bytes(growth())
        refuse(bench.desk, "usage.path", "fit", NOTEBOOK, tmp_path / "outside.ipynb", code=2)

    def test_too_many_commits(self, bench: Bench) -> None:
        refuse(bench.desk, "usage.diff", "diff", "main", "HEAD", "feature", code=2)

    @pytest.mark.parametrize(
        "name",
        [
            *("diff", "slice", "fit", "runs", "status", "logs", "stop", "fetch", "compare", "report"),
            *("config", "doctor", "demo", "ci"),
        ],
    )
    def test_every_command_explains_itself(self, bench: Bench, name: str) -> None:
        done = bench.desk.run(name, "--help")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"Usage: alekseylearn {name}")

    @pytest.mark.parametrize(("other", "name"), [("ps", "runs"), ("cancel", "stop")])
    def test_a_second_name_of_a_command(self, bench: Bench, other: str, name: str) -> None:
        assert (
            bench.desk.run(other, "--help").out.splitlines()[1:] == bench.desk.run(name, "--help").out.splitlines()[1:]
        )

    def test_the_table_of_commands_and_exit_codes(self, bench: Bench) -> None:
        done = bench.desk.run("--help")
        assert done.code == 0
        for word in ("diff", "slice", "fit", "fetch", "Exit codes", "130"):
            assert word in done.out
        assert bench.desk.run("--version").out.startswith("alekseylearn, version ")


class TestDefects:
    def test_a_defect_of_ours_is_told_without_a_traceback(self, bench: Bench) -> None:
        # A folder of ours that is a file: nothing that a person does by accident, and nothing we foresee.
        bench.desk.write(".alekseylearn", "a file")
        bench.desk.write(NOTEBOOK, growth(LONGER))
        done = bench.desk.run("fit")
        assert done.code in (1, 6)
        assert done.err[done.err.index("error[") :].count("\n") <= 5
        assert "Traceback" not in done.err

    def test_debug_shows_the_traceback(self, bench: Bench) -> None:
        done = bench.desk.run("--debug", "diff", "nowhere")
        assert done.code == 1
        assert "Traceback" in done.err
