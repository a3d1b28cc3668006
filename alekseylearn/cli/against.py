"""What a person's work is compared with: the base that they name, or the one that they would expect."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from alekseylearn.cli.place import Place
from alekseylearn.comparison import Comparison, Side, compare_versions, read_config
from alekseylearn.config import FILE_NAME
from alekseylearn.errors import InputError
from alekseylearn.git import Branch, ChangedFile, Git
from alekseylearn.text import clean
from alekseylearn.trees import WorkTree

_MOST_BRANCHES = 50
"""Branches among which the nearest is looked for."""
_MOST_FILES = 20_000
"""Files that are looked at in a folder outside any repository."""
_FOLDER = "this folder"


def comparison_here(
    place: Place,
    *,
    base: str | None,
    head: str | None = None,
    asked: tuple[str, ...] = (),
    below: tuple[str, ...] = (),
    config_path: str = FILE_NAME,
) -> Comparison:
    """Compare a person's work tree (or the commit *head*) with *base*, else with where it left the default branch.

    Who stands on the default branch itself, at the very commit that a remote has, compares what is not committed yet;
    where nobody has another copy of that branch and nothing is uncommitted, the nearest branch that it has left behind
    is the base. *asked* and *below* are as in `compare_versions`. Raises `InputError` `git.history` where there is no
    repository, or nothing to compare with.
    """
    git = place.git
    if git is None:
        raise InputError(
            "git.history", "this is no git repository", where=str(place.root), hint="`git init`, or name one notebook"
        )
    tip = git.resolve(head or "HEAD")

    def against(commit: str, name: str) -> Comparison:
        return compare_versions(
            git,
            base=commit,
            head=None if head is None else tip,
            base_name=name.removeprefix("origin/"),
            head_name=head or git.current_branch() or "work tree",
            asked=asked,
            below=below,
            config_path=config_path,
        )

    name = base or git.default_base()
    left = tip if name is None else git.merge_base(name, head or "HEAD")
    found = against(left, name or "HEAD")
    if base is not None or left != tip or found.files:
        return found
    other = _behind(git, name, tip, uncommitted=head is None and bool(git.changed_files(tip, None)))
    if other is None:
        return found
    here = clean(git.current_branch() or "this commit", 60)
    told = f"{clean(other.name, 60)} ({other.commit[:7]})"
    note = f"All is committed: {here} is compared with {told}, the nearest branch behind it."
    return replace(against(other.commit, other.name), note=note)


def _behind(git: Git, default: str | None, tip: str, *, uncommitted: bool) -> Branch | None:
    """Find the branch to compare *tip* with, at which *default* stands, too; None where *default* says it all.

    Raises `InputError` `git.history` where there is none but the one that we stand on, and all is committed.
    """
    if git.is_cut_off(tip) and not uncommitted:
        what = "there is nothing to compare with: of the history only this commit is here"
        raise InputError("git.history", what, where=str(git.root), hint=git.remedy())
    current = git.current_branch()
    if default is not None and ("/" in default or current not in (None, default)):
        return None
    others = [branch for branch in git.branches() if current is not None or branch.commit != tip]
    steps = {branch: git.steps(branch.commit, tip) for branch in others[:_MOST_BRANCHES] if branch.commit != tip}
    behind = [(count, branch) for branch, count in steps.items() if count is not None]
    if behind:
        return min(behind, key=lambda one: one[0])[1]
    if others or uncommitted:
        return None
    raise InputError(
        "git.history",
        "there is nothing to compare with: all is committed, and there is no other branch",
        where=str(git.root),
        hint="name a base: `alekseylearn diff HEAD~1`, `alekseylearn fit --base HEAD~1`",
    )


def lone_comparison(path: Path) -> Comparison:
    """Compare a notebook outside any repository with nothing: all of it is new."""
    root = path.parent.absolute()
    tree = WorkTree(root=root, listing=_files_in(root))
    side = Side(name=_FOLDER, sha="", tree=tree, config=read_config(tree))
    file = ChangedFile(path=path.name, old_path=None, status="added")
    return Comparison(base=None, head=side, files=(file,), asked=frozenset([path.name]))


def folder_comparison(configuration: Path) -> Comparison:
    """Compare the notebooks that a *configuration* outside any repository selects with nothing: all are new."""
    root = configuration.parent.absolute()
    tree = WorkTree(root=root, listing=_files_below(root))
    config = read_config(tree, configuration.name)
    names = [path for path in tree.list("") if path.endswith(".ipynb") and config.selects(path)]
    files = tuple(ChangedFile(path=path, old_path=None, status="added") for path in names)
    return Comparison(base=None, head=Side(name=_FOLDER, sha="", tree=tree, config=config), files=files)


def _files_in(root: Path) -> Callable[[], bytes]:
    def names() -> bytes:
        return b"\0".join(os.fsencode(path.name) for path in sorted(root.iterdir()) if not path.is_dir())

    return names


def _files_below(root: Path) -> Callable[[], bytes]:
    def names() -> bytes:
        found: list[bytes] = []
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inside = Path(folder).relative_to(root)
            found += [os.fsencode((inside / name).as_posix()) for name in sorted(files)]
            if len(found) > _MOST_FILES:
                break
        return b"\0".join(found[:_MOST_FILES])

    return names
