"""From two versions of a repository to plans: which notebooks matter, their diff, and the decision about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from alekseylearn.config import FILE_NAME, Config, parse_config
from alekseylearn.diff import NotebookDiff, diff_notebooks
from alekseylearn.errors import InputError
from alekseylearn.git import ChangedFile, Git
from alekseylearn.inputs import Tree
from alekseylearn.notebook import Notebook, parse
from alekseylearn.plan import NotebookPlan, Settings, TrainingJob, decide, make_job
from alekseylearn.touched import touched_notebooks


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
    use.
    """

    base: Side | None
    head: Side
    files: tuple[ChangedFile, ...]
    asked: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()


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
) -> Comparison:
    """Set two versions side by side; *base* and *head* are commits (head None: the work tree).

    *config_of_base* reads the base's configuration for both sides: a fork's own may not widen anything.
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
    files = [file for path, file in sorted(found.items()) if (path in asked if asked else head_config.selects(path))]
    return Comparison(base=base_side, head=head_side, files=tuple(files), asked=frozenset(asked), touched=touched)


def make_plans(
    comparison: Comparison,
    settings: Settings,
    is_known: Callable[[str], bool],
    *,
    force: bool = False,
) -> tuple[NotebookPlan, ...]:
    """Decide about every notebook; one that is refused keeps its error, unless a person named it: then it is raised.

    A notebook that is the same on both sides is left out where the other changes did not reach its training.
    """
    plans = (_plan(comparison, file, settings, is_known, force=force) for file in comparison.files)
    return tuple(plan for plan in plans if plan is not None)


def without_training(path: str) -> InputError:
    """Say that a notebook that a person named has nothing to train."""
    hint = "mark the cell that trains with `#| train` as its first line"
    return InputError("nb.no-training", "no cell of it trains a model", where=path, hint=hint)


def _plan(
    comparison: Comparison, file: ChangedFile, settings: Settings, is_known: Callable[[str], bool], *, force: bool
) -> NotebookPlan | None:
    """Decide about one notebook; None where nothing that changed reaches it."""
    name, _ = comparison.head.config.model_for(file.path)
    base = head = base_job = None
    try:
        head = _read(comparison.head, file.path)
        base = _read_base(comparison.base, file)
        if head is None and base is None:
            return _gone(file, name)
        diff = diff_notebooks(base, head)
        base_job = _base_job(comparison.base, base, settings)
        head_job = _job(comparison.head, head, settings)
    except InputError as error:
        if file.path in comparison.asked:
            raise
        if file.path in comparison.touched and base_job is None:
            return None  # it was refused before
        diff = NotebookDiff(path=file.path, old_path=file.old_path, status=file.status, changes=(), coarse=False)
        return NotebookPlan(
            path=file.path,
            name=name,
            decision="skip",
            reason=error.what,
            diff=diff,
            notebook=head,
            refused=str(error),
        )
    known = frozenset(job.digest for job in (head_job, base_job) if job is not None and is_known(job.digest))
    asked = file.path in comparison.asked
    decision, reason = decide(diff, base_job, head_job, known, force=force, asked=asked)
    if file.path in comparison.touched and decision == "skip":
        return None
    return NotebookPlan(
        path=file.path,
        name=name,
        decision=decision,
        reason=reason,
        diff=diff,
        slice=head_job.slice if head_job else None,
        head=head_job,
        base=base_job,
        notebook=head or base,
    )


def _gone(file: ChangedFile, name: str) -> NotebookPlan:
    """Decide about a notebook that neither side has, or base has in a form that cannot be read."""
    if file.status != "deleted":
        what = "there is no such notebook, neither here nor on the base"
        raise InputError("path.missing", what, where=file.path, hint="mend its name, or commit it")
    diff = NotebookDiff(path=file.path, old_path=None, status="deleted", changes=(), coarse=False)
    return NotebookPlan(path=file.path, name=name, decision="skip", reason="the notebook was deleted", diff=diff)


def _read(side: Side, path: str) -> Notebook | None:
    return parse(path, side.tree.read(path)) if side.tree.exists(path) else None


def _read_base(side: Side | None, file: ChangedFile) -> Notebook | None:
    """Read base's version; one that cannot be read counts as not there, for it can only have been repaired since."""
    if side is None:
        return None
    try:
        return _read(side, file.old_path or file.path)
    except InputError:
        return None


def _job(side: Side, notebook: Notebook | None, settings: Settings) -> TrainingJob | None:
    return None if notebook is None else make_job(notebook, side.config, side.tree, settings)


def _base_job(side: Side | None, notebook: Notebook | None, settings: Settings) -> TrainingJob | None:
    if side is None:
        return None
    try:
        # What was asked for on the command line is about head; base is what it was.
        return _job(side, notebook, replace(settings, parameters={}))
    except InputError:
        return None


def _lenient_config(tree: Tree, path: str) -> Config:
    try:
        return read_config(tree, path)
    except InputError:
        return Config()
