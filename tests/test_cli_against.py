"""What a person's work is compared with where nobody names a base."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.desk import LONGER, NOTEBOOK, Bench, Desk, Done, lone_desk
from tests.poison import poison
from tests.repositories import Repository
from tests.small import DRAWING, EPOCHS, PROSE, growth

LONGEST = {EPOCHS: "epochs = 300\nrate = 0.05"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository.create(tmp_path)
    made.commit({NOTEBOOK: growth()})
    return made


@pytest.fixture
def desk(repository: Repository) -> Desk:
    return lone_desk(repository.root)


def changed(done: Done) -> list[str]:
    return [found["path"] for found in done.document["notebooks"]]


def clone(repository: Repository, place: Path, *options: str) -> Desk:
    command = ["git", "clone", "--quiet", *options, repository.root.as_uri(), str(place)]
    subprocess.run(command, check=True, env=repository.environ)
    return lone_desk(place)


class TestOnTheDefaultBranch:
    def test_all_committed_is_compared_with_the_nearest_branch_behind(self, repository: Repository, desk: Desk) -> None:
        repository.git("branch", "older")
        repository.commit({"other.ipynb": growth()})
        near = repository.git("rev-parse", "HEAD")
        repository.git("branch", "near")
        repository.commit({NOTEBOOK: growth(LONGER)})
        done = desk.run("diff", "--json")
        assert (done.document["base"], changed(done), done.err) == (near, [NOTEBOOK], "")
        first = f"All is committed: main is compared with near ({near[:7]}), the nearest branch behind it."
        assert desk.run("diff").out.splitlines()[0] == first
        fit = desk.run("fit", "--dry-run", "--json")
        assert fit.document["base"] == {"name": "near", "sha": near}
        assert first in fit.err

    def test_what_is_not_committed_comes_first(self, repository: Repository, desk: Desk) -> None:
        plain = {DRAWING: "print()"}  # spells no pattern that another file could match
        repository.commit({NOTEBOOK: growth(plain)})
        repository.git("branch", "older")
        repository.commit({"other.ipynb": growth(plain)})
        desk.write(NOTEBOOK, growth(LONGER))
        assert changed(desk.run("diff", "--json")) == [NOTEBOOK]
        desk.write(NOTEBOOK, growth(plain))
        desk.write("note.txt", "no notebook")
        assert changed(desk.run("diff", "--json")) == ["other.ipynb"]

    def test_a_named_notebook_is_compared_with_what_is_committed(self, repository: Repository, desk: Desk) -> None:
        repository.git("branch", "older")
        head = repository.commit({NOTEBOOK: growth(LONGER)})
        assert desk.run("fit", NOTEBOOK, "--dry-run", "--json").document["base"]["sha"] == head

    def test_without_another_branch_there_is_nothing_to_compare_with(self, repository: Repository, desk: Desk) -> None:
        repository.commit({NOTEBOOK: growth(LONGER)})
        for words in (["diff"], ["fit"], ["fit", "--dry-run"], ["diff", "."]):
            done = desk.run(*words)
            assert (done.code, done.out) == (3, "")
            assert done.err.startswith("error[git.history]: there is nothing to compare with")
            assert "--base HEAD~1" in done.err
        assert changed(desk.run("diff", "HEAD~1", "--json")) == [NOTEBOOK]
        assert desk.run("fit", NOTEBOOK, "--dry-run").code == 0
        desk.write("note.txt", "no notebook, but something")
        assert desk.run("diff").out.startswith("No notebook changed")

    def test_a_branch_that_went_on_from_here_is_nothing_to_compare_with(
        self, repository: Repository, desk: Desk
    ) -> None:
        repository.git("checkout", "--quiet", "-b", "ahead")
        repository.commit({NOTEBOOK: growth(LONGER)})
        repository.git("checkout", "--quiet", "main")
        done = desk.run("diff")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("No notebook changed")

    def test_a_branch_of_another_name_counts_too(self, repository: Repository, desk: Desk) -> None:
        repository.git("branch", "--move", "trunk")
        repository.git("branch", "before")
        repository.commit({NOTEBOOK: growth(LONGER)})
        assert changed(desk.run("diff", "--json")) == [NOTEBOOK]
        repository.git("checkout", "--quiet", "--detach")
        repository.git("branch", "--delete", "--force", "before", "trunk")
        assert desk.run("diff").err.startswith("error[git.history]")

    def test_a_copy_elsewhere_says_what_is_new(self, repository: Repository, tmp_path: Path) -> None:
        repository.git("branch", "older")
        repository.commit({NOTEBOOK: growth(LONGER)})
        here = clone(repository, tmp_path / "clone")
        for branch in ("main", "older"):
            subprocess.run(["git", "checkout", "--quiet", branch], cwd=here.folder, check=True, env=repository.environ)
        subprocess.run(["git", "checkout", "--quiet", "main"], cwd=here.folder, check=True, env=repository.environ)
        assert here.run("diff").out.startswith("No notebook changed")


class TestCutOffHistory:
    @pytest.mark.parametrize("options", [["--depth=1"], ["--depth=1", "--branch=topic"]])
    def test_one_commit_has_nothing_to_be_compared_with(
        self, repository: Repository, tmp_path: Path, options: list[str]
    ) -> None:
        repository.git("checkout", "--quiet", "-b", "topic")
        repository.commit({NOTEBOOK: growth(LONGER)})
        repository.git("checkout", "--quiet", "main")
        repository.commit({"note.txt": "1"})
        here = clone(repository, tmp_path / "clone", *options)
        for words in (["diff"], ["fit"], ["fit", "--dry-run"]):
            done = here.run(*words)
            assert (done.code, done.out) == (3, "")
            assert done.err.startswith("error[git.history]")
            assert "fetch-depth" in done.err
        here.write(NOTEBOOK, growth(LONGEST))
        assert changed(here.run("diff", "--json")) == [NOTEBOOK]

    def test_two_commits_are_enough_for_what_is_new_here(self, repository: Repository, tmp_path: Path) -> None:
        repository.commit({NOTEBOOK: growth(LONGER)})
        assert clone(repository, tmp_path / "clone", "--depth=2").run("diff").code == 0


def test_histories_without_a_common_commit_are_told_by_their_names(repository: Repository, desk: Desk) -> None:
    repository.git("checkout", "--quiet", "--orphan", "topic")
    repository.commit({NOTEBOOK: growth(LONGER)})
    for words in (["diff"], ["fit", "--dry-run"], ["diff", "main...HEAD"]):
        done = desk.run(*words)
        assert done.code == 3
        assert done.err.startswith("error[git.history]: main and HEAD have no merge base")


class TestWhatIsPassedOver:
    def test_a_submodule_and_a_name_that_is_not_utf_8_stop_nobody(self, repository: Repository, desk: Desk) -> None:
        repository.git("checkout", "--quiet", "-b", "topic")
        repository.commit({NOTEBOOK: growth(LONGER), os.fsdecode(b"nb/\xfe.ipynb"): growth()})
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},inner.ipynb")
        repository.git("commit", "--quiet", "--message", "Inner")
        for words in (["diff"], ["diff", "main...HEAD"], ["fit", "--dry-run"]):
            done = desk.run(*words, "--json")
            assert done.code == 0
            assert "warning[git.unsupported]: a submodule" in done.err
            assert "warning[path.unsafe]: the notebook's name is not UTF-8" in done.err
            assert r"nb/\xfe.ipynb" in done.err
            rows = done.document["notebooks" if words[0] == "diff" else "runs"]
            paths = [row["path" if words[0] == "diff" else "notebook"] for row in rows]
            assert paths == [NOTEBOOK, "inner.ipynb", r"nb/\xfe.ipynb"]

    def test_a_bad_name_that_was_mended_is_compared(self, repository: Repository, desk: Desk) -> None:
        repository.commit({os.fsdecode(b"\xfe.ipynb"): growth()})
        repository.git("checkout", "--quiet", "-b", "topic")
        repository.commit({os.fsdecode(b"\xfe.ipynb"): None, "good.ipynb": growth({PROSE: "# Other"})})
        done = desk.run("diff", "main...HEAD", "--json")
        (found,) = done.document["notebooks"]
        assert (found["path"], found["old_path"], found["refused"]) == ("good.ipynb", r"\xfe.ipynb", "")

    def test_a_link_in_a_notebooks_place_is_refused_and_not_followed(self, repository: Repository, desk: Desk) -> None:
        repository.git("checkout", "--quiet", "-b", "topic")
        repository.write({NOTEBOOK: None})
        (repository.root / NOTEBOOK).symlink_to("/etc/passwd")
        repository.commit({"good.ipynb": growth()})
        for words in (["diff"], ["diff", "main...HEAD"], ["fit", "--dry-run"]):
            done = desk.run(*words)
            assert done.code == 3
            assert "path.unsafe" in done.out + done.err
            assert "symbolic link" in done.out + done.err
            assert "root:" not in done.out + done.err


class TestHostileRepositories:
    def test_no_command_runs_what_a_repository_names(self, tmp_path: Path) -> None:
        bench = Bench.create(tmp_path)
        bench.git.commit({NOTEBOOK: growth(LONGER)})
        canary = tmp_path / "canary"
        poison(bench.git, canary)
        bench.desk.write(NOTEBOOK, growth(LONGEST))
        commands = (
            ["diff"],
            ["diff", "main...HEAD"],
            ["slice", NOTEBOOK],
            ["fit"],
            ["runs"],
            ["doctor", "--backend", "process"],
            ["config", "check"],
            ["init"],
        )
        for words in commands:
            bench.desk.run(*words)
            assert not canary.exists(), words
        assert [found["path"] for found in bench.desk.run("diff", "--json").document["notebooks"]] == [NOTEBOOK]

    def test_a_bare_repository_among_the_files_is_not_obeyed(self, tmp_path: Path) -> None:
        bench = Bench.create(tmp_path)
        bench.git.commit({"docs/note.txt": "1", NOTEBOOK: growth(LONGER)})
        bench.git.git("init", "--quiet", "--bare", "docs")
        (bench.desk.folder / "docs/config").write_text("[core]\n\tbare = false\n\tworktree = ..\n")
        assert changed(lone_desk(bench.desk.folder / "docs").run("diff", "--json")) == [NOTEBOOK]

    def test_a_notebook_that_moved_is_the_same_training(self, tmp_path: Path) -> None:
        bench = Bench.create(tmp_path)
        (before,) = bench.desk.run("fit", NOTEBOOK, "--dry-run", "--json").document["runs"]
        bench.git.commit({NOTEBOOK: None, "new name.ipynb": growth()})
        (after,) = bench.desk.run("fit", "--dry-run", "--json").document["runs"]
        assert (after["digest"], after["decision"]) == (before["digest"], "skip")

    def test_names_that_differ_by_case_are_two_notebooks(self, tmp_path: Path) -> None:
        bench = Bench.create(tmp_path)
        bench.git.commit({NOTEBOOK: growth(LONGER), NOTEBOOK.upper().replace("IPYNB", "ipynb"): growth(LONGEST)})
        runs = bench.desk.run("fit", "--dry-run", "--json").document["runs"]
        assert len({run["digest"] for run in runs}) == len({run["id"] for run in runs}) == 2
