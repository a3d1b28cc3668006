"""From two versions of a repository to plans: the diff of every notebook that matters, and the decision about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from alekseylearn.comparison import Comparison, Side, compare_versions, read_config
from alekseylearn.diff import NotebookDiff, diff_notebooks
from alekseylearn.errors import InputError
from alekseylearn.file_names import is_text, shown_name
from alekseylearn.git import ChangedFile
from alekseylearn.notebook import PYTHON, Notebook, parse
from alekseylearn.plan import NotebookPlan, Settings, TrainingJob, decide, make_job, reseeded
from alekseylearn.reach import mark_shown

__all__ = ["Comparison", "Side", "compare_versions", "make_plans", "passed_over", "read_config"]


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


def passed_over(file: ChangedFile) -> str:
    """Warn of a change that is no notebook to look at, `slug: words`; '' for all others."""
    if file.submodule:
        return "git.unsupported: a submodule stands in the notebook's place; it is passed over"
    if not is_text(file.path):
        return "path.unsafe: the notebook's name is not UTF-8; it is passed over"
    return ""


def _plan(
    comparison: Comparison, file: ChangedFile, settings: Settings, is_known: Callable[[str], bool], *, force: bool
) -> NotebookPlan | None:
    """Decide about one notebook; None where nothing that changed reaches it."""
    if warning := passed_over(file):
        return _left(file, warning.partition(": ")[2])
    name, _ = comparison.head.config.model_for(file.path)
    base = head = base_job = diff = None
    try:
        head = _read(comparison.head, file.path)
        base, unread = _read_base(comparison.base, file)
        if head is None and base is None:
            return _gone(file, name)
        if head is not None and unread:
            head = replace(head, warnings=(*head.warnings, unread))
        diff = diff_notebooks(base, head)
        base_job = _base_job(comparison.base, base, settings)
        head_job = _job(comparison.head, head, settings)
        if base_job is not None and head_job is not None:
            base_job = _as_head_says(base_job, head_job, comparison.base, base, settings)
    except InputError as error:
        limit = error if error.slug == "nb.limit" and diff is not None else None
        if file.path in comparison.asked and limit is None:
            raise
        if file.path in comparison.touched and base_job is None:
            return None  # it was refused before
        nothing = NotebookDiff(path=file.path, old_path=file.old_path, status=file.status, changes=(), coarse=False)
        return NotebookPlan(
            path=file.path,
            name=name,
            decision="skip",
            reason=error.what,
            diff=nothing if limit is None or diff is None else diff,
            notebook=head,
            refused=str(error),
            limit=limit,
        )
    diff = mark_shown(diff, base_job, head_job)
    more_head, more_base = ((() if job is None else reseeded(job)) for job in (head_job, base_job))
    jobs = (head_job, base_job, *more_head)
    known = frozenset(job.digest for job in jobs if job is not None and is_known(job.digest))
    asked = file.path in comparison.asked
    decision, reason = decide(diff, base_job, head_job, known, force=force, asked=asked)
    if head is not None and head.language != PYTHON:
        reason = f"is written in {head.named}; only Python is trained"
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
        more_head=more_head if decision != "skip" else (),
        more_base=more_base if decision != "skip" else (),
        notebook=head or base,
    )


def _left(file: ChangedFile, why: str) -> NotebookPlan:
    """Leave a notebook alone; its name is written so that every document and terminal takes it."""
    path = shown_name(file.path)
    diff = NotebookDiff(path=path, old_path=None, status=file.status, changes=(), coarse=False)
    return NotebookPlan(path=path, name=path, decision="skip", reason=f"not trained: {why}", diff=diff)


def _gone(file: ChangedFile, name: str) -> NotebookPlan:
    """Decide about a notebook that neither side has, or base has in a form that cannot be read."""
    if file.status != "deleted":
        what = "there is no such notebook, neither here nor on the base"
        raise InputError("path.missing", what, where=file.path, hint="mend its name, or commit it")
    diff = NotebookDiff(path=file.path, old_path=None, status="deleted", changes=(), coarse=False)
    return NotebookPlan(path=file.path, name=name, decision="skip", reason="the notebook was deleted", diff=diff)


def _read(side: Side, path: str) -> Notebook | None:
    return parse(shown_name(path), side.tree.read(path)) if side.tree.exists(path) else None


def _read_base(side: Side | None, file: ChangedFile) -> tuple[Notebook | None, str]:
    """Read base's version; one that cannot be read counts as not there, for it can only have been repaired since.

    Returns a warning about that, too, with its slug in front, '' where it was read. Raises `InputError` `git.history`
    where git does not hold it here, or holds something else: it was never looked at.
    """
    if side is None:
        return None, ""
    try:
        return _read(side, file.old_path or file.path), ""
    except InputError as error:
        if error.slug == "git.history":
            raise
        return None, f"{error.slug}: base's version is not read ({error.what}); all of the notebook counts as new"


def _job(side: Side, notebook: Notebook | None, settings: Settings) -> TrainingJob | None:
    return None if notebook is None else make_job(notebook, side.config, side.tree, settings)


def _as_head_says(
    job: TrainingJob, head: TrainingJob, side: Side | None, notebook: Notebook | None, settings: Settings
) -> TrainingJob | None:
    """Return base's *job* as it is to be compared with head's."""
    found: TrainingJob | None = job
    if job.repeats != head.repeats:
        # Head says how often both are trained, and that decides whether there is a seed at all.
        found = _base_job(side, notebook, settings, repeats=head.repeats)
    # Where it runs is no part of what it is: both sides are best compared on the same machines.
    return None if found is None else replace(found, backend=head.backend)


def _base_job(
    side: Side | None, notebook: Notebook | None, settings: Settings, *, repeats: int | None = None
) -> TrainingJob | None:
    if side is None or notebook is None:
        return None
    try:
        # What was asked for on the command line is about head; base is what it was.
        return make_job(notebook, side.config, side.tree, replace(settings, parameters={}), repeats=repeats)
    except InputError:
        return None
