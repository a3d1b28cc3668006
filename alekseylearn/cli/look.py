"""`diff` and `slice`: what changed, and what training needs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alekseylearn.cli import completing

if TYPE_CHECKING:
    from alekseylearn.analysis import Comparison
    from alekseylearn.cli.asked import Asked
    from alekseylearn.config import Config
    from alekseylearn.inputs import Tree
    from alekseylearn.notebook import Notebook
    from alekseylearn.plan import NotebookPlan, Settings, TrainingJob
    from alekseylearn.slicing import Slice


@click.command("diff")
@click.argument("what", nargs=-1, shell_complete=completing.notebooks)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--exit-code", "by_code", is_flag=True, help="End with 1 when a notebook changed, as git does.")
@click.option("--lines", is_flag=True, help="Show the changed lines, too.")
def diff_command(what: tuple[str, ...], as_json: bool, by_code: bool, lines: bool) -> int:
    """Show which cells changed, and which changes train.

    WHAT is [BASE[...HEAD]] [NOTEBOOK or FOLDER...], or OLD.ipynb NEW.ipynb. Without it the work tree is compared with
    the place where it left the default branch.
    """
    from alekseylearn.cli.oddities import say_oddities
    from alekseylearn.cli.remarks import say_warnings
    from alekseylearn.cli.screen import console, print_json, remark

    comparison, plans = _plans(what)
    say_oddities(comparison)
    say_warnings(plan.notebook for plan in plans)
    for plan in plans:
        if plan.limit is not None:
            remark(f"{plan.limit.slug}: {plan.limit.what}; it is compared, and not trained", plan.limit.where)
    changed = [plan for plan in plans if plan.diff.status != "unchanged" or plan.refused]
    before, after = comparison.base, comparison.head
    names = (before.sha or before.name) if before else "", after.sha or after.name
    if as_json:
        from alekseylearn.documents import diff_json

        print_json(diff_json(*names, plans))
    else:
        from alekseylearn.cli.show_diff import show_diff

        if comparison.note:
            console().print(comparison.note, style="dim", markup=False)
        show_diff(console(), *names, plans, lines=lines)
    if any(plan.refused and plan.limit is None for plan in plans):
        return 3
    return 1 if by_code and changed else 0


def _plans(what: tuple[str, ...]) -> tuple[Comparison, tuple[NotebookPlan, ...]]:
    from alekseylearn.analysis import make_plans
    from alekseylearn.cli.asked import read_words
    from alekseylearn.cli.place import default_settings

    asked = read_words(what)
    files = asked.notebooks
    if len(files) == 2 and not asked.words and all(Path(name).is_file() for name in files):
        return _two_files(*files)
    comparison = _comparison(asked)
    return comparison, make_plans(comparison, default_settings(comparison.head.config), lambda _: False)


def _comparison(asked: Asked) -> Comparison:
    from alekseylearn.cli.against import comparison_here, lone_comparison
    from alekseylearn.cli.asked import check_paths
    from alekseylearn.cli.place import place_of
    from alekseylearn.errors import UsageError

    refs = asked.words
    if len(refs) > 2:
        raise UsageError(
            "usage.diff", f"{len(refs)} commits are named", hint="alekseylearn diff [BASE[...HEAD]] [NOTEBOOK...]"
        )
    base, _, head = (refs[0] if refs else "").partition("...")
    if len(refs) == 2:
        head = refs[1]
    if not head:
        # A commit is looked at as it is, whatever lies in the work tree.
        check_paths(asked)
    place = place_of(asked.start)
    if place.git is None and len(asked.notebooks) == 1 and not refs:
        return lone_comparison(Path(asked.notebooks[0]))
    named = tuple(place.relative(name) for name in asked.notebooks)
    below = tuple(f"{place.relative(name)}/".removeprefix("./") for name in asked.folders)
    return comparison_here(place, base=base or None, head=head or None, asked=named, below=below)


def _two_files(old: str, new: str) -> tuple[Comparison, tuple[NotebookPlan, ...]]:
    from alekseylearn.analysis import make_plans
    from alekseylearn.cli.against import lone_comparison
    from alekseylearn.cli.asked import check_path
    from alekseylearn.cli.place import default_settings

    for name in (old, new):
        check_path(name, "notebook")
    before, after = lone_comparison(Path(old)), lone_comparison(Path(new))
    file = replace(after.files[0], status="modified", old_path=Path(old).name)
    comparison = replace(after, base=before.head, files=(file,))
    plans = make_plans(comparison, default_settings(comparison.head.config), lambda _: False)
    sides = replace(before.head, name=old), replace(after.head, name=new)
    return replace(comparison, base=sides[0], head=sides[1]), plans


@click.command("slice")
@click.argument("notebook", shell_complete=completing.notebooks)
@click.option("--why", is_flag=True, help="Show the cells that are left out, too, and what leads to training.")
@click.option("--target", type=int, multiple=True, help="Take this cell as the one that trains (counted from 0).")
@click.option("-o", "--output", help="Write the slice as OUT.py or OUT.ipynb, or the whole bundle into the new OUT/.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def slice_command(notebook: str, why: bool, target: tuple[int, ...], output: str | None, as_json: bool) -> int:
    """Show the cells of NOTEBOOK that training needs, and why."""
    from alekseylearn.cli.remarks import say_warnings
    from alekseylearn.cli.screen import console, print_json
    from alekseylearn.cli.show_slice import show_slice
    from alekseylearn.documents import cut_json, slice_json
    from alekseylearn.errors import InputError
    from alekseylearn.plan import make_job
    from alekseylearn.text import clean
    from alekseylearn.untrained import UNREADABLE, untrained

    parsed, config, tree, settings = _read(notebook, target)
    try:
        job = make_job(parsed, config, tree, settings, targets=target)
    except InputError as error:
        if error.slug == "nb.source" and not (as_json or output):
            show_slice(console(), parsed, _cut(parsed, config, target), why=why)
        raise
    missing = untrained(parsed) if job is None else None
    if missing is not None and (output or missing.slug in UNREADABLE):
        raise missing
    say_warnings([parsed])
    if job is None and as_json:
        print_json(cut_json(_cut(parsed, config, ()), "", parsed.warnings))
        return 0
    if job is None:
        told = f"{clean(parsed.path)}: no cell of it trains a model (mark one with `#| train` as its first line)"
        console().print(told, markup=False, soft_wrap=True)
        return 0
    if output and (output.endswith("/") or Path(output).is_dir()):
        _write_bundle(job, tree, Path(output))
    elif output:
        _write(job, Path(output), Path(notebook))
    if as_json:
        print_json(slice_json(job))
        return 0
    show_slice(console(), job.notebook, job.slice, why=why, identity=job.run, more=job.inputs.warnings)
    if output:
        console(stderr=True).print(f"written to {output}", markup=False, soft_wrap=True)
    return 0


def _read(name: str, wanted: tuple[int, ...]) -> tuple[Notebook, Config, Tree, Settings]:
    """Read the notebook that a person named, and what lies around it."""
    from alekseylearn.analysis import read_config
    from alekseylearn.cli.against import lone_comparison
    from alekseylearn.cli.asked import check_paths, read_words
    from alekseylearn.cli.oddities import say_name
    from alekseylearn.cli.place import default_settings, place_of
    from alekseylearn.errors import InputError
    from alekseylearn.notebook import parse
    from alekseylearn.trees import read_beneath

    if not os.path.lexists(name):
        raise click.BadParameter(f"there is no file {name!r}", click.get_current_context(), param_hint="NOTEBOOK")
    asked = replace(read_words([name]), notebooks=(name,))
    check_paths(asked)
    path = Path(name)
    place = place_of(asked.start)
    tree: Tree
    if place.git is None:
        side = lone_comparison(path).head
        tree, config, relative, root = side.tree, side.config, path.name, path.parent
    else:
        tree = place.git.work_tree()
        config, relative, root = read_config(tree), place.relative(name), place.root
    say_name(relative)
    # Git need not know of it, so it is not asked for it.
    parsed = parse(relative, read_beneath(root, relative))
    for number in wanted:
        if not 0 <= number < len(parsed.cells) or parsed.cells[number].kind != "code":
            raise InputError(
                "nb.target", f"cell {number} is no code cell", where=relative, hint="cells are counted from 0"
            )
    return parsed, config, tree, default_settings(config)


def _cut(parsed: Notebook, config: Config, wanted: tuple[int, ...]) -> Slice:
    """Cut a notebook that cannot be trained, for the eye alone."""
    from alekseylearn.slicing import backward_slice
    from alekseylearn.targets import Target, find_targets

    rules = config.rules(config.model_for(parsed.path)[1])
    named = [
        Target(cell=cell, id=parsed.cells[cell].id, kind="train", reason="named as the cell that trains")
        for cell in wanted
    ]
    return backward_slice(parsed, tuple(named) or find_targets(parsed, rules.known), rules)


def _write(job: TrainingJob, path: Path, notebook: Path) -> None:
    from alekseylearn.bundle import slice_notebook, train_script
    from alekseylearn.errors import UsageError
    from alekseylearn.files import write_atomic

    hint = "-o OUT.py, -o OUT.ipynb or -o OUT/"
    if path.suffix not in (".py", ".ipynb"):
        raise UsageError("usage.output", f"{path.name} is neither a .py nor an .ipynb file", hint=hint)
    if path.exists() and path.samefile(notebook):
        raise UsageError("usage.output", f"{path.name} is the notebook itself", hint=f"{hint}, another file")
    text = train_script(job, standalone=True) if path.suffix == ".py" else slice_notebook(job)
    try:
        write_atomic(path, text.encode())
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}"
        raise UsageError("usage.output", what, hint="name a file in a folder that you may write to") from None


def _write_bundle(job: TrainingJob, tree: Tree, folder: Path) -> None:
    """Write what a container finds below /opt/ml into the new *folder*, in one step."""
    import tempfile

    from alekseylearn.container_orders import cargo_of
    from alekseylearn.disk import write_files
    from alekseylearn.errors import UsageError
    from alekseylearn.files import runtime_files
    from alekseylearn.training import make_bundle

    files, folders = cargo_of(make_bundle(job, tree, runtime_files()), {})
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
            made = Path(temporary) / "bundle"
            write_files(made, files, folders)
            made.replace(folder)
    except OSError as error:
        what = f"{folder} cannot be written: {error.strerror}"
        raise UsageError("usage.output", what, hint="name a new folder") from None
