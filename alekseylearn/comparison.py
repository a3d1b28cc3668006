"""Two versions of a repository side by side: their files and settings, and the notebooks worth a look.

A step that finds nothing to look at loads this and no more: what reads code is imported by those who do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alekseylearn.config import FILE_NAME, Config, parse_config
from alekseylearn.errors import InputError
from alekseylearn.git import ChangedFile, Git
from alekseylearn.touched import touched_notebooks

if TYPE_CHECKING:
    from alekseylearn.inputs import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One version of the repository; `sha` is '' for a person's work tree."""

    name: str
    sha: str
    tree: Tree
    config: Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Base and head, and the notebooks that are looked at.

    *asked* are those that a person named; *touched* are the same on both sides, but another file changed that they may
    use. *note* says what is compared where nobody asked for it.
    """

    base: Side | None
    head: Side
    files: tuple[ChangedFile, ...]
    asked: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()
    note: str = ""


def read_config(tree: Tree, path: str = FILE_NAME) -> Config:
    """Read the configuration of one version of the repository; a repository without one has the defaults."""
    return parse_config(tree.read(path), path) if tree.exists(path) else Config()


def compare_versions(
    git: Git,
    *,
    base: str,
    head: str | None,
    base_name: str,
    head_name: str,
    config_path: str = FILE_NAME,
    config_of_base: bool = False,
    asked: tuple[str, ...] = (),
    below: tuple[str, ...] = (),
) -> Comparison:
    """Set two versions side by side; *base* and *head* are commits (head None: the work tree).

    *config_of_base* reads the base's configuration for both sides: a fork's own may not widen anything. Without *asked*
    and *below* every notebook counts that the configuration selects; else the *asked* ones, and those whose paths begin
    with one of *below* ('' is every path).
    """
    before = git.tree(base)
    after = git.work_tree() if head is None else git.tree(head)
    base_config = _lenient_config(before, config_path)
    head_config = base_config if config_of_base else read_config(after, config_path)
    base_side = Side(name=base_name, sha=base, tree=before, config=base_config)
    head_side = Side(name=head_name, sha=head or "", tree=after, config=head_config)
    found = {file.path: file for file in git.changed_notebooks(base, head)}
    others = [path for path in git.changed_files(base, head) if not path.endswith(".ipynb")]
    touched = frozenset(touched_notebooks(others, after, config_path)) - set(found) - set(asked)
    for path in (*touched, *asked):
        found.setdefault(path, ChangedFile(path=path, old_path=None, status="modified"))
    everywhere = below or ("" if not asked else ())
    files = [
        file
        for path, file in sorted(found.items())
        if path in asked or (head_config.selects(path) and path.startswith(everywhere))
    ]
    return Comparison(base=base_side, head=head_side, files=tuple(files), asked=frozenset(asked), touched=touched)


def _lenient_config(tree: Tree, path: str) -> Config:
    try:
        return read_config(tree, path)
    except InputError:
        return Config()
