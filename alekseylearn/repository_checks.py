"""What a repository must have before its notebooks are trained and reviewed, and how to get what it lacks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from alekseylearn.backends.base import Options
from alekseylearn.checks import Check
from alekseylearn.comparison import read_config
from alekseylearn.config import FILE_NAME, Config
from alekseylearn.environments import check_imports, distribution, find_environment
from alekseylearn.errors import AlekseylearnError, InputError
from alekseylearn.git import Git
from alekseylearn.inputs import Tree
from alekseylearn.interpreters import minor_version, run_quietly
from alekseylearn.notebook import parse
from alekseylearn.plan import Settings, TrainingJob, make_job
from alekseylearn.text import plural
from alekseylearn.workflow_reading import examine_workflow

WORKFLOWS = ".github/workflows/"
MOST = 10
"""Notebooks that get a line of their own."""
PATIENCE = 8.0
"""Seconds after which no more notebooks are read: who has hundreds of them is told of the first ones."""
_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
_LIMIT = 10.0


def examine_repository(folder: Path, environ: Mapping[str, str]) -> tuple[tuple[Check, ...], Config]:
    """Look at the repository around *folder* and its configuration; returns the latter, or the defaults."""
    try:
        git = Git.open(folder, environ=environ)
    except AlekseylearnError as error:
        remedy = "`git init` and commit the notebooks; outside a repository only `fit NOTEBOOK` works"
        return (Check(name="repository", state="warning", told=error.what, remedy=remedy),), Config()
    with git:
        found = (Check(name="repository", state="ok", told=str(git.root)), _history(git))
        try:
            tree = git.work_tree()
            config = read_config(tree)
            there = tree.exists(FILE_NAME)
        except AlekseylearnError as error:
            remedy = error.hint or "`alekseylearn config schema` describes what may stand in it"
            return (*found, Check(name=FILE_NAME, state="missing", told=error.what, remedy=remedy)), Config()
    told = plural(len(config.models), "model") if there else "there is none; the defaults hold"
    return (*found, Check(name=FILE_NAME, state="ok", told=told)), config


def examine_workflows(folder: Path, environ: Mapping[str, str]) -> tuple[Check, ...]:
    """Look at the workflows of the repository, and at how what they leave can be fetched."""
    try:
        git = Git.open(folder, environ=environ)
    except AlekseylearnError:
        return ()  # which is told already
    with git:
        read = workflows_of(git.work_tree())
        found = [_committed(git, path, check) for path, check in read if check is not None]
        if not found:
            told = f"none in {WORKFLOWS} uses the action: pull requests are not looked at"
            found = [Check(name="workflow", state="warning", told=told, remedy="`alekseylearn init` writes one")]
        return (*found, *_github(git, environ))


def examine_notebooks(
    folder: Path, config: Config, environ: Mapping[str, str], clock: Callable[[], float]
) -> tuple[Check, ...]:
    """Look at the notebooks: which of them train, and whether the packages they need are there."""
    try:
        git = Git.open(folder, environ=environ)
    except AlekseylearnError:
        return ()
    with git:
        tree = git.work_tree()
        names = notebooks_of(tree, config)
        until, checks, jobs, seen = clock() + PATIENCE, [], [], 0
        for path in names:
            if clock() > until:
                break
            seen += 1
            try:
                job = make_job(parse(path, tree.read(path)), config, tree, Settings(python=minor_version(None)))
            except InputError as error:
                checks.append(Check(name=path, state="warning", told=error.what, remedy=error.hint))
            else:
                jobs += [] if job is None else [job]
    checks += [_needs(job, git.root, environ) for job in jobs[:MOST]]
    return (_summary(names, len(jobs), seen), *checks[: 2 * MOST])


def workflows_of(tree: Tree) -> Iterator[tuple[str, Check | None]]:
    """Yield the workflows of *tree*, each with what is to be said of it; None for one that does not use the action."""
    for path in tree.list(WORKFLOWS.rstrip("/")):
        if path.endswith((".yml", ".yaml")):
            yield path, examine_workflow(path, tree.read(path))


def notebooks_of(tree: Tree, config: Config) -> tuple[str, ...]:
    """Name the notebooks of *tree* that *config* selects."""
    found = (path for path in tree.list("") if path.endswith(".ipynb") and ".ipynb_checkpoints" not in path.split("/"))
    return tuple(sorted(path for path in found if config.selects(path)))


def _summary(names: Iterable[str], training: int, seen: int) -> Check:
    count = len([*names])
    told = f"{plural(count, 'notebook')}, {training} of them train" if count else "there is none"
    told += f" (the first {seen} were read)" if seen < count else ""
    if training:
        return Check(name="notebooks", state="ok", told=told)
    remedy = (
        "mark the cell that trains with `#| train` as its first line" if count else "commit one that trains a model"
    )
    return Check(name="notebooks", state="warning", told=told, remedy=remedy)


def _needs(job: TrainingJob, root: Path, environ: Mapping[str, str]) -> Check:
    """Say which cells of a notebook train, and whether what they import is there."""
    cells = [target.cell for target in job.slice.targets if target.kind == "train"]
    told = f"cell {cells[0]} trains" if len(cells) == 1 else f"cells {', '.join(map(str, cells[:6]))} train"
    if job.backend != "process":
        return Check(name=job.notebook.path, state="ok", told=f"{told}, by {job.backend}")
    lines = job.requirements.lines
    if lines:
        named = f"{plural(len(lines), 'package')} of {job.requirements.origin or 'the notebook'}"
        return Check(name=job.notebook.path, state="ok", told=f"{told}; {named}, installed when it first trains")
    try:
        # Without requirements nothing has to be made for it.
        check_imports(job, find_environment(job, Options(home=root, environ=environ)), environ)
    except AlekseylearnError as error:
        return Check(name=job.notebook.path, state="missing", told=f"{told}; {error.what}", remedy=error.hint)
    wanted = sorted({distribution(package.name) for package in job.inputs.imports} - {"alekseylearn"})
    if wanted and job.interpreter is None:
        told += "; its packages are here, but no requirements file names them for other machines"
        remedy = f"a requirements.txt in the repository with a line for each: {', '.join(wanted)}"
        return Check(name=job.notebook.path, state="warning", told=told, remedy=remedy)
    return Check(name=job.notebook.path, state="ok", told=f"{told}; it needs no package")


def _history(git: Git) -> Check:
    try:
        git.resolve("HEAD")
    except InputError as error:
        return Check(name="history", state="warning", told=error.what, remedy=error.hint)
    if git.is_shallow():
        remedy = "`git fetch --unshallow`; in a workflow `fetch-depth: 0` for actions/checkout"
        return Check(name="history", state="warning", told="it is cut off, so a base may not be found", remedy=remedy)
    base = git.default_base()
    if base is None:
        remedy = "name one: `alekseylearn fit --base BRANCH`; or `git fetch origin`"
        told = "there is no main branch to compare with"
        return Check(name="history", state="warning", told=told, remedy=remedy)
    return Check(name="history", state="ok", told=f"whole; changes are compared with {base}")


def _committed(git: Git, path: str, check: Check) -> Check:
    """GitHub sees what was committed."""
    try:
        there = git.tree("HEAD").exists(path)
    except InputError:
        there = False
    if check.state != "ok" or there:
        return check
    remedy = f"`git add {path}`, commit and push it"
    return Check(name=check.name, state="warning", told=f"{path} is not committed yet", remedy=remedy)


def _github(git: Git, environ: Mapping[str, str]) -> Iterator[Check]:
    name = git.name_on_github()
    if name is None:
        told = "the remote `origin` is none on github.com: there are no pull requests to comment on"
        remedy = "`git remote add origin https://github.com/OWNER/NAME.git`; `alekseylearn fit` works without"
        yield Check(name="GitHub", state="warning", told=told, remedy=remedy)
        return
    yield Check(name="GitHub", state="ok", told=name)
    variable = next((each for each in _TOKENS if environ.get(each)), None)
    if variable is not None or _signed_in(environ):
        told = f"{variable} is set" if variable else "that of gh"
        yield Check(name="token", state="ok", told=f"{told}: `alekseylearn fetch pr/N` can read what workflows left")
    else:
        told = "there is none: `alekseylearn fetch pr/N` cannot read what workflows left"
        yield Check(name="token", state="warning", told=told, remedy="`gh auth login`, or set GITHUB_TOKEN")


def _signed_in(environ: Mapping[str, str]) -> bool:
    """Ask gh, which nobody needs to have; what it prints is a secret, and is dropped."""
    program = shutil.which("gh", path=environ.get("PATH", os.defpath))
    if program is None:
        return False
    done = run_quietly([program, "auth", "token"], environ, _LIMIT)
    return done is not None and done.returncode == 0 and bool(done.stdout.strip())
