"""A real shell completes our commands: what it offers, and that a file's name never becomes a command."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alekseylearn.cli import COMMANDS
from tests.desk import NOTEBOOK, Bench, Done
from tests.terminal import terminal

RUN, OTHER, FAILED = "ab" * 32, "cd" * 32, "ef" * 6


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the command that shells call, as an installation does."""
    folder = tmp_path_factory.mktemp("programs")
    program = folder / "alekseylearn"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m alekseylearn "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return a repository that knows three runs and a model."""
    bench = Bench.create(tmp_path)
    home = ".alekseylearn"
    bench.desk.write(f"{home}/results/ab/{RUN}/result.json", '{"name": "growth", "state": "succeeded"}')
    bench.desk.write(f"{home}/results/cd/{OTHER}/result.json", "no json")
    bench.desk.write(f"{home}/failed/{FAILED}/result.json", '{"name": "gr\\nowth", "state": "failed"}')
    bench.desk.write(f"{home}/runs/{RUN[:12]}/job.json", '{"name": "growth"}')
    bench.desk.write(f"{home}/runs/{'0' * 12}.lock", "")
    bench.desk.write("alekseylearn.yml", "models:\n  churn: {notebook: growth.ipynb}\n")
    for place, time in (
        (f"runs/{RUN[:12]}", 1),
        (f"results/cd/{OTHER}", 2),
        (f"failed/{FAILED}", 3),
        (f"results/ab/{RUN}", 4),
    ):
        os.utime(bench.desk.folder / home / place, (time, time))
    return bench


def complete(bench: Bench, programs: Path, *words: str, folder: Path | None = None) -> list[str]:
    """Ask bash what it would offer for the last of *words*."""
    line = shlex.join(["alekseylearn", *words])
    script = (
        'eval "$(alekseylearn completion bash)"\n'
        f"COMP_WORDS=({line})\nCOMP_CWORD={len(words)}\n"
        'COMPREPLY=()\n_alekseylearn_completion alekseylearn\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=folder or bench.desk.folder,
        env={**bench.desk.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


class TestBash:
    def test_commands_and_options(self, bench: Bench, programs: Path) -> None:
        assert complete(bench, programs, "") == list(COMMANDS)
        assert complete(bench, programs, "st") == ["status", "stop"]
        assert complete(bench, programs, "fit", "--b") == ["--base", "--backend"]
        assert complete(bench, programs, "fit", "--backend", "") == ["process", "docker", "sagemaker"]
        assert complete(bench, programs, "ci", "co") == ["collect", "comment"]
        assert complete(bench, programs, "completion", "") == ["bash", "zsh", "fish"]

    def test_runs_the_newest_first_and_each_once(self, bench: Bench, programs: Path) -> None:
        runs = [RUN[:12], FAILED, OTHER[:12]]
        for command in ("status", "logs", "stop", "cancel", "report"):
            assert complete(bench, programs, command, "") == runs
        assert complete(bench, programs, "status", "e") == [FAILED]
        assert complete(bench, programs, "fetch", "") == ["churn", *runs]
        assert complete(bench, programs, "compare", RUN[:12], "") == ["churn", *runs]

    def test_what_can_be_trained(self, bench: Bench, programs: Path) -> None:
        for name in ("deep/er/one.ipynb", ".hidden/two.ipynb", "node_modules/three.ipynb", "four.txt"):
            bench.desk.write(name, "")
        assert complete(bench, programs, "fit", "") == ["churn", NOTEBOOK, "deep/er/one.ipynb"]
        assert complete(bench, programs, "slice", "de") == ["deep/er/one.ipynb"]
        deep = bench.desk.folder / "deep"
        assert complete(bench, programs, "fit", "", folder=deep) == ["churn", "er/one.ipynb"]
        assert complete(bench, programs, "status", "e", folder=deep) == [FAILED]

    @pytest.mark.parametrize(
        "name",
        ["$(touch there).ipynb", "`touch there`.ipynb", "a b.ipynb", "a;touch there.ipynb", "-q.ipynb", "a\nb.ipynb"],
    )
    def test_a_name_that_a_shell_would_read_otherwise_is_not_offered(
        self, bench: Bench, programs: Path, name: str
    ) -> None:
        bench.desk.write(name, "")
        assert complete(bench, programs, "fit", "") == ["churn", NOTEBOOK]
        assert not (bench.desk.folder / "there").exists()

    @pytest.mark.parametrize("text", ["models: [", "- 1\n", "models: 7\n", "{}", "models:\n  a: &x 1\n", ""])
    def test_a_configuration_that_does_not_hold_has_no_models(self, bench: Bench, programs: Path, text: str) -> None:
        bench.desk.write("alekseylearn.yml", text)
        assert complete(bench, programs, "fit", "") == [NOTEBOOK]

    def test_where_nothing_is_known_nothing_is_offered(self, bench: Bench, programs: Path, tmp_path: Path) -> None:
        empty = tmp_path / "empty"
        empty.mkdir()
        assert complete(bench, programs, "status", "", folder=empty) == []
        assert list(empty.iterdir()) == []

    def test_the_tabulator_is_pressed(self, bench: Bench, programs: Path) -> None:
        environ = {**bench.desk.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PS1": "> ", "HISTFILE": ""}
        with terminal(["bash", "--norc", "--noprofile", "-i"], bench.desk.folder, environ) as shown:
            shown.type('eval "$(alekseylearn completion bash)"; echo re""ady\n')
            shown.until(lambda it: it.showed("ready"), "the shell")
            shown.type("alekseylearn stat\tef\t")
            shown.until(lambda it: it.showed(f"alekseylearn status {FAILED}"), "the completed line")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
class TestOthers:
    def ask(self, bench: Bench, shell: str, words: str, last: str) -> Done:
        before = len(words.split())
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(before) if shell == "zsh" else last}
        return bench.desk.run(_ALEKSEYLEARN_COMPLETE=f"{shell}_complete", **asked)

    def test_they_hear_what_a_run_was(self, bench: Bench, shell: str) -> None:
        told = self.ask(bench, shell, "alekseylearn status ", "").out
        assert FAILED in told
        assert "gr owth failed" in told or shell == "fish"
        assert self.ask(bench, shell, "alekseylearn ", "").out.count("\n") >= len(COMMANDS)

    def test_the_script_is_theirs(self, bench: Bench, shell: str) -> None:
        done = bench.desk.run("completion", shell)
        assert (done.code, done.err) == (0, "")
        assert {"zsh": "#compdef alekseylearn", "fish": "complete --no-files --command alekseylearn"}[shell] in done.out
        program = shutil.which(shell)
        if program is not None:
            subprocess.run([program, "-n"], input=done.out, text=True, check=True)


def test_another_shell_is_wrong_usage(bench: Bench) -> None:
    done = bench.desk.run("completion", "tcsh")
    assert (done.code, done.out) == (2, "")
