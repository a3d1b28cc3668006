"""git: what changed, from where, and that a repository's own settings never run anything."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from alekseylearn.errors import AlekseylearnError, InputError
from alekseylearn.git import ChangedFile, Git
from alekseylearn.plumbing import NoRepositoryError, Plumbing
from tests.poison import poison
from tests.repositories import GIT, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path)


def opened(repository: Repository) -> Git:
    return Git.open(repository.root, environ=repository.environ)


def notebook(*sources: str) -> str:
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}, indent=1)


def changes(*told: tuple[str, str] | tuple[str, str, str]) -> tuple[ChangedFile, ...]:
    """Changes as (status, path) or (status, path, old path)."""
    return tuple(ChangedFile(path=one[1], old_path=one[2] if len(one) == 3 else None, status=one[0]) for one in told)  # type: ignore[arg-type]


LONG = notebook(*(f"step_{number}()" for number in range(20)))


@pytest.fixture
def history(repository: Repository) -> tuple[Repository, str, str]:
    """A repository with a base and a head commit, one of each change between them."""
    base = repository.commit(
        {
            "same.ipynb": notebook("a"),
            "sub/edited.ipynb": notebook("b"),
            "gone.ipynb": notebook(*(f"gone_{number} = read({number!r})" for number in "abcdefgh")),
            "old name.ipynb": LONG,
            "mode.ipynb": notebook("d"),
            "notes.txt": "1",
            "sub/.ipynb_checkpoints/x.ipynb": notebook("e"),
        }
    )
    (repository.root / "mode.ipynb").chmod(0o755)
    head = repository.commit(
        {
            "sub/edited.ipynb": notebook("b2"),
            "gone.ipynb": None,
            "old name.ipynb": None,
            "new/old name.ipynb": LONG.replace("step_3", "leap_3"),
            "new.ipynb": notebook("import entirely\n\ndifferent = entirely.different(42)\n" * 9),
            "notes.txt": "2",
            "sub/.ipynb_checkpoints/x.ipynb": notebook("e2"),
        }
    )
    return repository, base, head


EXPECTED = changes(
    ("deleted", "gone.ipynb"),
    ("added", "new.ipynb"),
    ("renamed", "new/old name.ipynb", "old name.ipynb"),
    ("modified", "sub/edited.ipynb"),
)


def test_changes_between_commits_are_named(history: tuple[Repository, str, str]) -> None:
    repository, base, head = history
    git = opened(repository)
    assert git.changed_notebooks(base, head) == EXPECTED
    assert git.changed_notebooks("HEAD~1", "main") == EXPECTED
    assert git.changed_notebooks(head, head) == ()


def test_changes_in_the_work_tree_are_named_alike(history: tuple[Repository, str, str]) -> None:
    repository, base, head = history
    assert opened(repository).changed_notebooks(base, None) == EXPECTED
    assert opened(repository).changed_notebooks(head, None) == ()
    repository.git("reset", "--quiet", base)
    assert opened(repository).changed_notebooks(base, None) == EXPECTED


def test_uncommitted_edits_new_and_deleted_files_count(repository: Repository) -> None:
    repository.commit({"a.ipynb": notebook("a"), "b.ipynb": notebook("b"), "c.ipynb": notebook("c")})
    repository.write({"a.ipynb": notebook("a2"), "b.ipynb": None, "new.ipynb": notebook("n", "m")})
    git = opened(repository)
    assert git.changed_notebooks("HEAD", None) == changes(
        ("modified", "a.ipynb"), ("deleted", "b.ipynb"), ("added", "new.ipynb")
    )


def test_a_file_that_was_only_touched_is_no_change(repository: Repository) -> None:
    repository.commit({"a.ipynb": notebook("a")})
    os.utime(repository.root / "a.ipynb", (1, 1))
    assert opened(repository).changed_notebooks("HEAD", None) == ()
    assert not opened(repository).is_dirty()


def test_a_renamed_file_is_found_by_its_content_or_its_name(repository: Repository) -> None:
    same, edited = notebook("same"), notebook("before")
    repository.commit({"a.ipynb": same, "x/b.ipynb": edited, "twin1.ipynb": "{}", "twin2.ipynb": "{}"})
    repository.write({"a.ipynb": None, "A.ipynb": same, "x/b.ipynb": None, "y/b.ipynb": notebook("after")})
    repository.write({"twin1.ipynb": None, "twin2.ipynb": None, "twin3.ipynb": "{}"})
    assert opened(repository).changed_notebooks("HEAD", None) == changes(
        ("renamed", "A.ipynb", "a.ipynb"),
        ("deleted", "twin1.ipynb"),
        ("deleted", "twin2.ipynb"),
        ("added", "twin3.ipynb"),
        ("renamed", "y/b.ipynb", "x/b.ipynb"),
    )


def test_a_notebook_moved_and_run_again_is_renamed_though_its_outputs_are_most_of_it(repository: Repository) -> None:
    def lines(word: str) -> str:
        return "".join(f"{word} {number}\n" for number in range(500))

    base = repository.commit({f"{name}.ipynb": lines(name) for name in ("draft/a", "draft/b", "c/b")})
    moved = {f"{name}.ipynb": lines(name) for name in ("final/a", "final/b")}
    head = repository.commit({"draft/a.ipynb": None, "draft/b.ipynb": None, "c/b.ipynb": None, **moved})
    expected = changes(
        ("deleted", "c/b.ipynb"),
        ("deleted", "draft/b.ipynb"),
        ("renamed", "final/a.ipynb", "draft/a.ipynb"),
        ("added", "final/b.ipynb"),
    )
    assert opened(repository).changed_notebooks(base, head) == expected
    assert opened(repository).changed_notebooks(base, None) == expected


def test_a_notebook_that_turns_into_a_link_is_a_change_that_cannot_be_read(repository: Repository) -> None:
    base = repository.commit({"a.ipynb": notebook("a")})
    repository.write({"a.ipynb": None})
    (repository.root / "a.ipynb").symlink_to("/etc/passwd")
    assert opened(repository).changed_notebooks("HEAD", None) == changes(("modified", "a.ipynb"))
    head = repository.commit({})
    git = opened(repository)
    assert git.changed_notebooks(base, head) == changes(("modified", "a.ipynb"))
    with pytest.raises(InputError) as caught:
        git.tree(head).read("a.ipynb")
    assert caught.value.slug == "path.unsafe"


def test_repositories_with_sha256_names_are_read(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path, "--object-format=sha256")
    base = repository.commit({"a.ipynb": notebook("a")})
    repository.write({"a.ipynb": notebook("b")})
    with opened(repository) as git:
        assert len(base) == 64
        assert git.changed_notebooks(base, None) == changes(("modified", "a.ipynb"))
        assert git.tree(base).read("a.ipynb") == notebook("a").encode()
        repository.write({"a.ipynb": notebook("a")})
        assert git.changed_notebooks(base, None) == ()


def test_every_changed_file_is_named_with_its_odd_name(repository: Repository) -> None:
    base = repository.commit({"same.py": "1", "touched.py": "1", "staged.py": "1", "gone.py": "1", ":odd\n.py": "1"})
    repository.write({"staged.py": "2", "gone.py": None, ":odd\n.py": "2", "new.py": "1"})
    repository.git("add", "staged.py")
    os.utime(repository.root / "touched.py", (1, 1))
    expected = (":odd\n.py", "gone.py", "new.py", "staged.py")
    assert opened(repository).changed_files(base, None) == expected
    head = repository.commit({})
    assert opened(repository).changed_files(base, head) == expected


def test_one_change_among_500_costs_one_comparison_and_two_reads(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({f"n{number}.ipynb": notebook(f"x = {number}") for number in range(500)})
    head = repository.commit({"n7.ipynb": notebook("x = -7")})
    log = tmp_path / "log"
    spy = tmp_path / "spy"
    spy.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {GIT} "$@"\n')
    spy.chmod(0o755)
    git = opened(repository)
    plumbing = Plumbing(executable=str(spy), folder=repository.root, environ=repository.environ)
    with Git(root=git.root, plumbing=plumbing, objects=git.objects) as watched:
        [changed] = watched.changed_notebooks(base, head)
    assert changed == changes(("modified", "n7.ipynb"))[0]
    [command] = log.read_text().splitlines()
    assert "diff-tree" in command


def test_references_are_resolved_to_commits(repository: Repository) -> None:
    commit = repository.commit({"a": "1"})
    repository.git("tag", "--annotate", "--message", "A tag", "v1")
    repository.git("update-ref", "refs/remotes/origin/topic/x", commit)
    git = opened(repository)
    for ref in ("HEAD", "main", "v1", "topic/x", "origin/topic/x", commit, commit[:10], "HEAD^{commit}", "main@{0}"):
        assert git.resolve(ref) == commit
    assert commit.startswith(git.short("main"))
    assert len(git.short("main")) == 7


@pytest.mark.parametrize(
    "ref", ["", "-x", "--output=/tmp/x", "a b", "a\nb", "a\x00b", ":/message", "HEAD:a", "x" * 300]
)
def test_what_cannot_name_a_commit_never_reaches_git(repository: Repository, ref: str) -> None:
    repository.commit({"a": "1"})
    with pytest.raises(InputError, match="not a name") as caught:
        opened(repository).resolve(ref)
    assert caught.value.slug == "git.history"


def test_an_unknown_base_names_the_remedy(repository: Repository) -> None:
    repository.commit({"a": "1"})
    with pytest.raises(InputError, match="unknown base 'nope'") as caught:
        opened(repository).resolve("nope")
    assert (caught.value.slug, caught.value.exit_code) == ("git.history", 3)
    assert "git fetch" in caught.value.hint


def test_a_repository_without_a_commit_says_so(repository: Repository) -> None:
    git = opened(repository)
    with pytest.raises(InputError, match="no commit yet"):
        git.resolve("HEAD")
    assert git.default_base() is None
    assert git.current_branch() == "main"


def test_a_shallow_clone_without_merge_base_says_how_to_fetch_it(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a": "1"})
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.commit({"b": "1"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"c": "1"})
    clone = Repository(root=tmp_path / "clone", home=repository.home)
    repository.git("clone", "--quiet", "--depth=1", "--no-single-branch", repository.root.as_uri(), str(clone.root))
    git = opened(clone)
    assert git.is_shallow()
    with pytest.raises(InputError, match="have no merge base") as caught:
        git.merge_base("main", "topic")
    assert "fetch-depth: 0" in caught.value.hint
    with pytest.raises(InputError, match="unknown base") as caught:
        git.resolve("other")
    assert "fetch-depth: 0" in caught.value.hint


def test_the_merge_base_is_where_histories_part(repository: Repository) -> None:
    base = repository.commit({"a": "1"})
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.commit({"b": "1"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"c": "1"})
    git = opened(repository)
    assert git.merge_base("main", "topic") == base
    repository.git("checkout", "--quiet", "--orphan", "alone")
    repository.commit({"d": "1"})
    with pytest.raises(InputError, match="have no merge base") as caught:
        git.merge_base("main", "alone")
    assert caught.value.slug == "git.history"
    with pytest.raises(InputError, match="unknown base") as caught:
        git.merge_base("e" * 40, "main")
    assert caught.value.slug == "git.history"


def test_a_persons_base_is_the_branch_their_work_is_for(repository: Repository) -> None:
    commit = repository.commit({"a": "1"})
    repository.git("checkout", "--quiet", "-b", "topic")
    git = opened(repository)
    assert git.default_base() == "main"
    repository.git("update-ref", "refs/remotes/origin/main", commit)
    assert git.default_base() == "origin/main"
    repository.git("update-ref", "refs/remotes/origin/trunk", commit)
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert git.default_base() == "origin/HEAD"


def test_the_branch_and_its_uncommitted_changes_are_told(repository: Repository) -> None:
    repository.commit({"a": "1"})
    git = opened(repository)
    assert (git.current_branch(), git.is_dirty()) == ("main", False)
    repository.write({"new": "untracked"})
    assert not git.is_dirty()
    repository.write({"a": "2"})
    assert git.is_dirty()
    repository.git("add", "a")
    assert git.is_dirty()
    repository.git("checkout", "--quiet", "--force", "--detach")
    assert (git.current_branch(), git.is_dirty()) == (None, False)


def test_a_folder_inside_the_repository_finds_its_top(repository: Repository) -> None:
    repository.commit({"deep/er/a": "1"})
    git = Git.open(repository.root / "deep/er", environ=repository.environ)
    assert git.root == repository.root
    assert git.work_tree().list("") == ("deep/er/a",)


def test_the_environment_is_the_processes_own_unless_given(repository: Repository) -> None:
    with Git.open(repository.root) as git:
        assert git.plumbing.environ is os.environ


def test_no_repository_no_folder_no_work_tree_each_say_so(tmp_path: Path, repository: Repository) -> None:
    cases: list[tuple[Path, type[AlekseylearnError], str]] = []
    (tmp_path / "empty").mkdir()
    cases.append((tmp_path / "empty", InputError, "git.history"))
    cases.append((tmp_path / "missing", InputError, "git.history"))
    repository.git("init", "--quiet", "--bare", str(tmp_path / "bare.git"))
    cases.append((tmp_path / "bare.git", InputError, "git.unsupported"))
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost/.git").write_text("gitdir: /nowhere\n", encoding="utf-8")
    cases.append((tmp_path / "lost", InputError, "git.history"))
    for folder, kind, slug in cases:
        with pytest.raises(kind) as caught:
            Git.open(folder, environ=repository.environ)
        assert caught.value.slug == slug


def test_a_work_tree_elsewhere_is_refused(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "elsewhere").mkdir()
    repository.git("config", "core.worktree", str(tmp_path / "elsewhere"))
    with pytest.raises(InputError, match=r"core\.worktree") as caught:
        opened(repository)
    assert caught.value.slug == "git.unsupported"


def test_a_repository_of_another_user_names_safe_directory(repository: Repository) -> None:
    """git's own switch for its tests makes it believe that the folder is somebody else's."""
    git = opened(repository)
    spy = repository.home / "git"
    spy.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {GIT} "$@"\n')
    spy.chmod(0o755)
    foreign = Plumbing(executable=str(spy), folder=git.root, environ=repository.environ)
    with pytest.raises(InputError) as caught:
        foreign.run("rev-parse", "HEAD")
    assert caught.value.slug == "git.unsupported"
    assert "safe.directory" in caught.value.hint


def use_everything(git: Git, base: str, head: str) -> None:
    git.changed_notebooks(base, head)
    git.changed_notebooks(base, None)
    git.changed_files(base, head)
    git.changed_files(base, None)
    git.is_dirty()
    git.merge_base(base, head)
    git.branches()
    git.steps(base, head)
    git.is_cut_off(head)
    git.resolve("HEAD")
    git.default_base()
    git.current_branch()
    git.is_shallow()
    git.short(head)
    for tree in (git.tree(head), git.work_tree()):
        for path in tree.list(""):
            tree.read(path)
    with pytest.raises(InputError):
        git.objects.read("1" * 40, "a blob that only the remote has")


def test_a_poisoned_repository_runs_nothing(repository: Repository, tmp_path: Path) -> None:
    files = {f"{name}.ipynb": notebook(name) for name in "abc"} | {"tool.py": "1", "note.txt": "1"}
    base = repository.commit(files)
    head = repository.commit({"a.ipynb": notebook("a2")})
    canary = tmp_path / "canary"
    poison(repository, canary)
    repository.write({"a.ipynb": notebook("a3"), "b.ipynb": notebook("b3"), "tool.py": "2", "note.txt": "2"})
    for name in ("b.ipynb", "c.ipynb"):
        os.utime(repository.root / name, (1, 1))
    with opened(repository) as git:
        use_everything(git, base, head)
    assert not canary.exists()


def test_a_bare_repository_among_the_files_is_not_the_one_that_is_read(repository: Repository) -> None:
    """What a commit can bring: a folder that git takes for a repository, with settings of its own."""
    head = repository.commit({"docs/note.txt": "1"})
    repository.git("init", "--quiet", "--bare", "docs")
    (repository.root / "docs/config").write_text("[core]\n\tbare = false\n\tworktree = ..\n")
    for folder in ("docs", "docs/objects/info"):
        git = Git.open(repository.root / folder, environ=repository.environ)
        assert (git.root, git.resolve("HEAD")) == (repository.root, head)


def test_history_is_what_was_committed_whatever_stands_in_for_it(repository: Repository) -> None:
    base = repository.commit({"a.ipynb": notebook("a")})
    head = repository.commit({"a.ipynb": notebook("a2")})
    repository.git("replace", base, head)
    (repository.root / ".git/info").mkdir(exist_ok=True)
    (repository.root / ".git/info/grafts").write_text(f"{head}\n")
    with opened(repository) as git:
        assert git.merge_base(base, head) == base
        assert git.changed_notebooks(base, head) == changes(("modified", "a.ipynb"))
        assert git.steps(base, head) == 1


def test_variables_of_the_environment_steer_nothing(repository: Repository, tmp_path: Path) -> None:
    head = repository.commit({"a.ipynb": notebook("a")})
    (tmp_path / "other").mkdir()
    other = Repository.create(tmp_path / "other")
    other.commit({"b.ipynb": notebook("b")})
    steering = {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_WORK_TREE": str(other.root),
        "GIT_INDEX_FILE": str(other.root / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other.root / ".git/objects"),
        "GIT_NAMESPACE": "x",
        "GIT_CEILING_DIRECTORIES": str(repository.root),
        "GIT_CONFIG_PARAMETERS": "'core.bare=true'",
        "GIT_EXTERNAL_DIFF": str(tmp_path / "trap"),
        "GIT_TRACE": str(tmp_path / "trace"),
    }
    with Git.open(repository.root, environ=repository.environ | steering) as git:
        assert (git.root, git.resolve("HEAD"), git.notebooks(head)) == (repository.root, head, ("a.ipynb",))
    assert not (tmp_path / "trace").exists()


class TestSubmodules:
    def test_one_in_a_notebooks_place_is_told_apart(self, repository: Repository) -> None:
        base = repository.commit({"a.ipynb": notebook("a"), "b.ipynb": notebook("b")})
        repository.git("rm", "--quiet", "a.ipynb")
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},a.ipynb")
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{'2' * 40},new.ipynb")
        repository.git("commit", "--quiet", "--message", "Inner")
        expected = [("a.ipynb", "modified", True), ("new.ipynb", "added", True)]
        for head in ("HEAD", None):
            found = opened(repository).changed_notebooks(base, head)
            assert [(file.path, file.status, file.submodule) for file in found] == expected
        assert opened(repository).changed_notebooks("HEAD", None) == ()

    def test_a_file_that_takes_its_place_is_a_notebook_again(self, repository: Repository) -> None:
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},a.ipynb")
        repository.git("commit", "--quiet", "--message", "Inner")
        repository.write({"a.ipynb": notebook("a")})
        (found,) = opened(repository).changed_notebooks("HEAD", None)
        assert (found.status, found.submodule) == ("modified", False)


class TestBranches:
    def test_all_but_ours_are_named(self, repository: Repository) -> None:
        first = repository.commit({"a": "1"})
        repository.git("branch", "old")
        repository.git("update-ref", "refs/remotes/origin/main", first)
        repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
        second = repository.commit({"a": "2"})
        git = opened(repository)
        assert [(one.name, one.commit) for one in git.branches()] == [("old", first), ("origin/main", first)]
        repository.git("checkout", "--quiet", "--detach")
        assert ("main", second) in [(one.name, one.commit) for one in git.branches()]

    def test_steps_are_counted_forwards_only(self, repository: Repository) -> None:
        first = repository.commit({"a": "1"})
        repository.commit({"a": "2"})
        repository.commit({"a": "3"})
        git = opened(repository)
        assert (git.steps(first, "main"), git.steps("main", "main"), git.steps("main", first)) == (2, 0, None)


def test_the_canary_of_the_test_above_does_sing(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.ipynb": notebook("a")})
    poison(repository, tmp_path / "canary")
    repository.write({"a.ipynb": notebook("a3")})
    subprocess.run([GIT, "status"], cwd=repository.root, env=repository.environ, capture_output=True, check=False)
    assert (tmp_path / "canary").exists()


def test_a_folder_without_a_repository_is_told_from_one_whose_repository_is_broken(tmp_path: Path) -> None:
    for name, made in (("none", False), ("empty", True)):
        folder = tmp_path / name
        (folder / ".git" if made else folder).mkdir(parents=True)
        with pytest.raises(NoRepositoryError):
            Git.open(folder)
    (tmp_path / "empty/.git/HEAD").write_text("no reference", encoding="utf-8")
    with pytest.raises(InputError, match="no repository") as caught:
        Git.open(tmp_path / "empty")
    assert not isinstance(caught.value, NoRepositoryError)
