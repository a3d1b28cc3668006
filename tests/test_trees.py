"""Trees: the files of a commit or of a work tree, and nothing that is not a plain file."""

import os
import subprocess
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn import trees
from alekseylearn.errors import InputError
from alekseylearn.git import Git
from alekseylearn.plumbing import Objects
from tests.repositories import GIT, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path)


def opened(repository: Repository) -> Git:
    return Git.open(repository.root, environ=repository.environ)


def slug_of(error: pytest.ExceptionInfo[InputError]) -> str:
    return error.value.slug


def test_a_commit_holds_what_was_committed(repository: Repository) -> None:
    commit = repository.commit({"a.py": "1", "data/x.csv": "2", "data/deep/y.csv": "3", "database.txt": "4"})
    repository.write({"a.py": "changed", "b.py": "new"})
    with opened(repository) as git:
        tree = git.tree(commit)
        assert tree.read("a.py") == b"1"
        assert tree.list("data") == tree.list("data/") == ("data/deep/y.csv", "data/x.csv")
        assert tree.list("") == ("a.py", "data/deep/y.csv", "data/x.csv", "database.txt")
        assert tree.exists("a.py")
        assert not tree.exists("b.py")
        assert not tree.exists("data")
        with pytest.raises(InputError) as caught:
            tree.read("b.py")
        assert slug_of(caught) == "path.missing"


def test_a_commits_links_and_submodules_are_refused(repository: Repository) -> None:
    (repository.root / "link.ipynb").symlink_to("/etc/passwd")
    repository.commit({})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    repository.git("commit", "--quiet", "--message", "A submodule")
    with opened(repository) as git:
        tree = git.tree("HEAD")
        assert git.notebooks("HEAD") == ()
        for path, what in (("link.ipynb", "symbolic link"), ("module", "submodule")):
            assert tree.exists(path)
            with pytest.raises(InputError, match=what) as caught:
                tree.read(path)
            assert slug_of(caught) == "path.unsafe"


def test_a_work_tree_holds_tracked_and_new_files_but_no_ignored_ones(repository: Repository) -> None:
    repository.commit({"a.py": "1", "gone.py": "2", ".gitignore": "*.log\n"})
    repository.write({"a.py": "changed", "b.py": "new", "x.log": "ignored", "gone.py": None})
    (repository.root / "nested").mkdir()
    repository.git("init", "--quiet", "nested")
    tree = opened(repository).work_tree()
    assert tree.list("") == (".gitignore", "a.py", "b.py")
    assert tree.read("a.py") == b"changed"
    assert tree.read("b.py") == b"new"
    for path in ("gone.py", "x.log", "../home", "/etc/passwd", "nested/"):
        assert not tree.exists(path)
        with pytest.raises(InputError) as caught:
            tree.read(path)
        assert slug_of(caught) == "path.missing"


def test_a_work_tree_follows_no_link(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key.txt").write_text("secret")
    repository.commit({"data/key.txt": "1", "data/plain.txt": "2"})
    (repository.root / "link.txt").symlink_to(tmp_path / "secret/key.txt")
    tree = opened(repository).work_tree()
    assert tree.exists("link.txt")
    assert tree.exists("data/key.txt")
    (repository.root / "data").rename(tmp_path / "moved")
    (repository.root / "data").symlink_to(tmp_path / "secret")
    for path in ("link.txt", "data/key.txt"):
        with pytest.raises(InputError, match="link") as caught:
            tree.read(path)
        assert slug_of(caught) == "path.unsafe"


def test_a_pipe_is_refused_at_once(repository: Repository) -> None:
    repository.commit({"a.txt": "1"})
    tree = opened(repository).work_tree()
    assert tree.exists("a.txt")
    (repository.root / "a.txt").unlink()
    os.mkfifo(repository.root / "a.txt")
    with pytest.raises(InputError, match="plain file") as caught:
        tree.read("a.txt")
    assert slug_of(caught) == "path.unsafe"


def test_a_huge_file_is_refused_before_it_is_read(repository: Repository) -> None:
    repository.commit({"a.txt": "1"})
    os.truncate(repository.root / "a.txt", trees.MAX_BLOB + 1)
    with pytest.raises(InputError, match="at most") as caught:
        opened(repository).work_tree().read("a.txt")
    assert slug_of(caught) == "git.limit"


ODD = [
    "line\nfeed.ipynb",
    'quote".ipynb',
    "-rf.ipynb",
    "--output=x.ipynb",
    "\udcff\udcfe.ipynb",
    "ü 木.ipynb",
    ":(top)x.ipynb",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_come_through(repository: Repository, name: str) -> None:
    base = repository.commit({"a.txt": ""})
    head = repository.commit({f"sub/{name}": "{}"})
    with opened(repository) as git:
        assert git.notebooks(head) == (f"sub/{name}",)
        assert [file.path for file in git.changed_notebooks(base, head)] == [f"sub/{name}"]
        assert [file.path for file in git.changed_notebooks(base, None)] == [f"sub/{name}"]
        assert git.tree(head).read(f"sub/{name}") == git.work_tree().read(f"sub/{name}") == b"{}"


def made(repository: Repository, kind: str, content: bytes) -> str:
    """Write an object as it is, which git itself would refuse to make."""
    command = [GIT, "hash-object", "-t", kind, "-w", "--literally", "--stdin"]
    where = {"cwd": repository.root, "env": repository.environ}
    return subprocess.run(command, input=content, capture_output=True, check=True, **where).stdout.decode().strip()


@pytest.mark.parametrize("part", ["..", ".", ".git", ".GIT"])
def test_a_commit_with_a_path_out_of_its_folder_is_refused(repository: Repository, part: str) -> None:
    base = repository.commit({"a.txt": "1"})
    blob = made(repository, "blob", b"{}")
    inner = made(repository, "tree", b"100644 x.ipynb\0" + bytes.fromhex(blob))
    outer = made(repository, "tree", f"40000 {part}\0".encode() + bytes.fromhex(inner))
    commit = f"tree {outer}\nparent {base}\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\n\nx\n"
    head = made(repository, "commit", commit.encode())
    with opened(repository) as git:
        for use in (lambda: git.changed_notebooks(base, head), lambda: git.tree(head).list("")):
            with pytest.raises(InputError) as caught:
                use()
            assert slug_of(caught) == "path.unsafe"


@given(
    st.lists(st.from_regex(r"[ab.0~木-]{2,3}a(/[ab0\udcff-]{1,3}){0,3}", fullmatch=True), unique=True),
    st.text(st.sampled_from("ab.0-~木/"), max_size=4),
)
def test_a_folder_lists_exactly_what_lies_below_it(paths: list[str], folder: str) -> None:
    listing = b"\0".join(b"100644 blob 1\t" + os.fsencode(path) for path in paths)
    tree = trees.CommitTree(commit="1" * 40, objects=cast("Objects", None), listing=lambda: listing)
    inside = f"{folder.rstrip('/')}/" if folder.strip("/") else ""
    assert tree.list(folder) == tuple(sorted(path for path in paths if path.startswith(inside)))
