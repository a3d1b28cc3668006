"""The git repository around a notebook: commits, what changed between them, and their files."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from alekseylearn.errors import InputError
from alekseylearn.plumbing import NoRepositoryError, Objects, Plumbing, object_id_of
from alekseylearn.trees import CommitTree, Entry, WorkTree, inner_path

FileStatus = Literal["added", "deleted", "modified", "renamed"]

_HASH = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")
_ODD_REF = re.compile(r"[\x00-\x20\x7f:?*\[\\]|\A-|\A\Z")
_NOTEBOOKS = ":(glob)**/*.ipynb"
_STATUS: Mapping[str, FileStatus] = {"A": "added", "D": "deleted", "M": "modified", "T": "modified", "R": "renamed"}
_RENAMES = "-M70%"  # git's own 50 % pairs any two short notebooks, for their JSON is mostly alike
_GITHUB = re.compile(r"(?:https://(?:[^@/]*@)?|(?:ssh://)?git@)github\.com[/:]([^/]+/[^/]+?)(?:\.git)?/?\s*\Z")
_BASES = ("origin/HEAD", "upstream/HEAD", "origin/main", "origin/master", "main", "master")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A notebook that differs between two versions; `old_path` is set when it was renamed.

    `submodule` says that another repository stands in its place now: there is no file to read.
    """

    path: str
    old_path: str | None
    status: FileStatus
    submodule: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch, here or of a remote, by the name that a person uses, and the commit where it stands."""

    name: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """A repository with a work tree, read by plumbing only; `root` is the top of the work tree.

    Use it as a context manager, or let it be collected: one child process reads the objects of all its trees.
    """

    root: Path
    plumbing: Plumbing
    objects: Objects
    hash_name: str = "sha1"

    @classmethod
    def open(cls, folder: Path, *, environ: Mapping[str, str] | None = None) -> Git:
        """Open the repository that *folder* lies in; *environ* (else the process's) tells PATH and HOME.

        Raises `NoRepositoryError` (when there is none), `InputError` (`git.history`: a broken one; `git.unsupported`:
        no work tree, a folder of another user) and `MachineError` (`git.unsupported`: no git, one too old).
        """
        environ = os.environ if environ is None else environ
        if not folder.is_dir():
            raise NoRepositoryError("git.history", "there is no such folder", where=str(folder), hint="name a folder")
        around = _around(folder)
        try:
            plumbing = Plumbing.find(around, environ)
            told = os.fsdecode(plumbing.run("rev-parse", "--show-object-format", "--show-toplevel"))
        except NoRepositoryError:
            if _is_empty(around / ".git"):
                raise
            what = "git takes the .git that lies here for no repository"
            hint = "`git status` there says why; a new clone helps where its files are lost"
            raise InputError("git.history", what, where=str(around), hint=hint) from None
        hash_name, _, top = told.removesuffix("\n").partition("\n")
        root = Path(top)
        if not folder.resolve().is_relative_to(root.resolve()):
            raise InputError(
                "git.unsupported",
                "the repository's work tree is another folder (core.worktree)",
                where=str(folder),
                hint="git config --unset core.worktree",
            )
        inside = Plumbing(executable=plumbing.executable, folder=root, environ=environ, settings=plumbing.settings)
        return cls(root=root, plumbing=inside, objects=Objects(inside), hash_name=hash_name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child process that reads objects."""
        self.objects.close()

    def resolve(self, ref: str) -> str:
        """Find the commit that *ref* (a branch, tag, hash, `HEAD~2` ...) stands for; a branch may be origin's.

        Raises `InputError`: `git.history`.
        """
        if len(ref) > 255 or _ODD_REF.search(ref):
            raise InputError(
                "git.history", f"{ref!r} is not a name that a commit can have", hint="name a branch or hash"
            )
        for name in (ref, f"refs/remotes/origin/{ref}"):
            found = self.plumbing.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            if found is not None:
                return found.decode("ascii").strip()
        if ref == "HEAD":
            raise InputError(
                "git.history", "there is no commit yet", where=str(self.root), hint="commit the notebook first"
            )
        raise InputError("git.history", f"unknown base {ref!r}", where=str(self.root), hint=self.remedy())

    def branches(self) -> tuple[Branch, ...]:
        """Name the branches that are known here, remotes' among them, but not the one that is checked out."""
        form = "--format=%(objectname) %(refname)"
        told = os.fsdecode(self.plumbing.run("for-each-ref", form, "refs/heads", "refs/remotes"))
        current = self.plumbing.ask("symbolic-ref", "--quiet", "HEAD")
        here = None if current is None else os.fsdecode(current).removesuffix("\n")
        found = (line.partition(" ") for line in told.splitlines())
        return tuple(
            Branch(name=name.removeprefix("refs/heads/").removeprefix("refs/remotes/"), commit=commit)
            for commit, _, name in found
            if name != here and not name.endswith("/HEAD")
        )

    def steps(self, old: str, new: str) -> int | None:
        """Count the commits of *new* that *old* lacks; None unless *new* has all that *old* has."""
        if self.plumbing.ask("merge-base", "--is-ancestor", self._commit(old), self._commit(new)) is None:
            return None
        return int(self.plumbing.run("rev-list", "--count", f"{self._commit(old)}..{self._commit(new)}", "--"))

    def is_cut_off(self, commit: str) -> bool:
        """Tell whether the history ends at *commit*, since no more of it was fetched."""
        return self.is_shallow() and self.plumbing.ask("rev-parse", "--verify", "--quiet", f"{commit}^") is None

    def remedy(self) -> str:
        """Say how a commit comes here that is missing."""
        if self.is_shallow():
            return "the history is cut off: `fetch-depth: 0` in actions/checkout, or `git fetch --unshallow`"
        return "`git fetch origin`, or name a branch, tag or commit that exists here"

    def merge_base(self, a: str, b: str) -> str:
        """Find the commit where the histories of *a* and *b* part.

        Raises `InputError`: `git.history`, also for a hash that no commit here has.
        """
        found = self.plumbing.ask("merge-base", self.resolve(a), self.resolve(b))
        if found is None:
            raise InputError(
                "git.history",
                f"{a} and {b} have no merge base: not one commit in common",
                where=str(self.root),
                hint=self.remedy(),
            )
        return found.decode("ascii").split()[0]

    def default_base(self) -> str | None:
        """Guess the branch that a person's work is meant for: origin's default branch, else main or master."""
        for name in _BASES:
            if self.plumbing.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") is not None:
                return name
        return None

    def name_on_github(self) -> str | None:
        """Return what the remote origin is called there: `owner/name`; None where it lies elsewhere."""
        found = self.plumbing.ask("config", "--get", "remote.origin.url")
        match = _GITHUB.match(os.fsdecode(found or b""))
        return match and match[1]

    def changed_notebooks(self, base: str, head: str | None) -> tuple[ChangedFile, ...]:
        """Name the notebooks that differ between two commits; *head* None is the work tree. Sorted by path.

        A change of mode only, and Jupyter's checkpoints, do not count. A link or submodule in a notebook's place is
        named like any other; its tree refuses to read it.
        """
        if head is None:
            found = self._changed_here(self._commit(base))
        else:
            found = self._changed_between(self._commit(base), self._commit(head))
        kept = [file for file in found if not _is_checkpoint(file.path)]
        return tuple(sorted(kept, key=lambda file: file.path))

    def changed_files(self, base: str, head: str | None) -> tuple[str, ...]:
        """Name every file that differs between two commits, sorted; *head* None is the work tree with its new files."""
        options = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv")
        if head is None:
            told = self.plumbing.run("diff-index", "--cached", *options, self._commit(base), "--")
            told += self.plumbing.run("ls-files", "-z", "-m", "-o", "--exclude-standard")
        else:
            told = self.plumbing.run("diff-tree", "-r", *options, self._commit(base), self._commit(head), "--")
        return tuple(sorted(set(os.fsdecode(told).split("\0")) - {""}))

    def tree(self, commit: str) -> CommitTree:
        """Give the files of *commit*."""
        found = self._commit(commit)
        listing = partial(self.plumbing.run, "ls-tree", "-r", "-z", "--full-tree", found)
        return CommitTree(commit=found, objects=self.objects, listing=listing)

    def work_tree(self) -> WorkTree:
        """Give the files of the work tree: tracked, or untracked and not ignored."""
        listing = partial(self.plumbing.run, "ls-files", "-z", "-c", "-o", "--exclude-standard")
        return WorkTree(root=self.root, listing=listing)

    def notebooks(self, commit: str) -> tuple[str, ...]:
        """Name the notebooks of *commit*, sorted."""
        entries = self.tree(commit).entries
        names = [path for path, entry in entries.items() if entry.is_file and path.endswith(".ipynb")]
        return tuple(sorted(path for path in names if not _is_checkpoint(path)))

    def current_branch(self) -> str | None:
        """Name the branch that is checked out; None when HEAD is detached."""
        found = self.plumbing.ask("symbolic-ref", "--quiet", "--short", "HEAD")
        return None if found is None else os.fsdecode(found).removesuffix("\n")

    def short(self, commit: str) -> str:
        """Abbreviate a commit's hash as far as it stays unique, to 7 digits at least."""
        return self.plumbing.run("rev-parse", "--short=7", self._commit(commit)).decode("ascii").strip()

    def is_dirty(self) -> bool:
        """Tell whether a tracked file differs from HEAD, in the index or on disk."""
        head = self.resolve("HEAD")
        staged = self.plumbing.run("diff-index", "--cached", "--raw", "-z", "--ignore-submodules", head)
        return bool(staged or self.plumbing.run("ls-files", "-z", "-m"))

    def is_shallow(self) -> bool:
        """Tell whether the history was cut off when it was fetched."""
        return self.plumbing.run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def _commit(self, ref: str) -> str:
        return ref if _HASH.match(ref) else self.resolve(ref)

    def _changed_between(self, base: str, head: str) -> list[ChangedFile]:
        options = ("--raw", "-z", "-r", _RENAMES, "-l1000", "--no-abbrev", "--no-ext-diff", "--no-textconv")
        fields = iter(os.fsdecode(self.plumbing.run("diff-tree", *options, base, head, "--", _NOTEBOOKS)).split("\0"))
        found = []
        while about := next(fields):
            _, mode, old_id, new_id, letter = about.split(" ")
            status = _STATUS[letter[0]]
            path = next(fields)
            old_path, path = (path, next(fields)) if status == "renamed" else (None, path)
            inner_path(path)
            if status != "modified" or old_id != new_id:
                inner = Entry(mode, "").is_submodule
                found.append(ChangedFile(path=path, old_path=old_path, status=status, submodule=inner))
        return _moved_with_new_outputs(found)

    def _changed_here(self, base: str) -> list[ChangedFile]:
        before = {path: entry.object_id for path, entry in self.tree(base).entries.items() if path.endswith(".ipynb")}
        index = self._index()
        after = self._ids_here(index)
        inner = {path: entry.object_id for path, entry in index.items() if entry.is_submodule and path not in after}
        after |= inner
        gone = {path: before[path] for path in before.keys() - after.keys()}
        new = {path: after[path] for path in after.keys() - before.keys()}
        renamed = _renames(gone, {path: name for path, name in new.items() if path not in inner})
        found = [ChangedFile(path=path, old_path=None, status="deleted") for path in gone.keys() - renamed.values()]
        found += [_here(path, "added", inner) for path in new.keys() - renamed.keys()]
        found += [ChangedFile(path=path, old_path=old, status="renamed") for path, old in renamed.items()]
        kept = before.keys() & after.keys()
        return found + [_here(path, "modified", inner) for path in kept if before[path] != after[path]]

    def _index(self) -> dict[str, Entry]:
        """Give what the index holds in place of notebooks."""
        found = {}
        for line in os.fsdecode(self.plumbing.run("ls-files", "-z", "-s", "--", _NOTEBOOKS)).split("\0"):
            about, _, path = line.partition("\t")
            if path:
                mode, object_id, _ = about.split(" ")
                found[path] = Entry(mode, object_id)
        return found

    def _ids_here(self, index: Mapping[str, Entry]) -> dict[str, str]:
        """Give the blob ids of the notebooks in the work tree: the index's where git knows the file unchanged."""
        tree = self.work_tree()
        names = [path for path in tree.list("") if path.endswith(".ipynb")]
        touched = set(os.fsdecode(self.plumbing.run("ls-files", "-z", "-m", "--", _NOTEBOOKS)).split("\0"))
        known = {path: entry.object_id for path, entry in index.items() if path not in touched}
        return {path: known.get(path) or self._blob_id(tree, path) for path in names}

    def _blob_id(self, tree: WorkTree, path: str) -> str:
        """Compute the id that git would give the file as it is; one that cannot be read has none."""
        try:
            data = tree.read(path)
        except InputError:
            return ""
        return object_id_of(data, self.hash_name)


def _around(folder: Path) -> Path:
    """Find the folder with `.git` that *folder* lies in; itself where there is none.

    Left to itself git would take any folder with a `HEAD`, `objects` and `refs` for a bare repository, and obey the
    settings in it, though it may have come with a commit (git-config(1), safe.bareRepository, since git 2.38).
    """
    resolved = folder.resolve()
    return next((place for place in (resolved, *resolved.parents) if os.path.lexists(place / ".git")), folder)


def _is_empty(folder: Path) -> bool:
    """Tell whether there is nothing at *folder*, or an empty folder, which says nothing to git."""
    return not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir()))


def _here(path: str, status: FileStatus, inner: Mapping[str, str]) -> ChangedFile:
    return ChangedFile(path=path, old_path=None, status=status, submodule=path in inner)


def _is_checkpoint(path: str) -> bool:
    return ".ipynb_checkpoints" in path.split("/")


def _moved_with_new_outputs(found: list[ChangedFile]) -> list[ChangedFile]:
    """Pair what git takes for other files, since their outputs are most of them: the only ones of the same name."""
    gone = {file.path: file.path.rpartition("/")[2] for file in found if file.status == "deleted"}
    new = {file.path: file.path.rpartition("/")[2] for file in found if file.status == "added"}
    pairs = _only_pairs(gone, new)
    renamed = [ChangedFile(path=path, old_path=old_path, status="renamed") for path, old_path in pairs.items()]
    return [file for file in found if file.path not in pairs and file.path not in pairs.values()] + renamed


def _renames(gone: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Pair new paths with the ones they were renamed from: the same content, else the only file of the same name."""
    same_content = _only_pairs(gone, new)
    left = {path: path.rpartition("/")[2] for path in gone if path not in same_content.values()}
    right = {path: path.rpartition("/")[2] for path in new if path not in same_content}
    return same_content | _only_pairs(left, right)


def _only_pairs(left: Mapping[str, str], right: Mapping[str, str]) -> dict[str, str]:
    """Map keys of *right* to keys of *left* whose value is the same and occurs once on either side."""
    times, other_times = Counter(left.values()), Counter(right.values())
    by_value = {value: key for key, value in left.items() if times[value] == 1}
    return {key: by_value[value] for key, value in right.items() if other_times[value] == 1 and value in by_value}
