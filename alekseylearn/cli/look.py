"""`diff` and `slice`: what changed, and what training needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alekseylearn.cli import completing

if TYPE_CHECKING:
    from alekseylearn.analysis import Comparison
    from alekseylearn.cli.place import Place
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
    from alekseylearn.cli.screen import console, print_json

    base, head, plans = _plans(what)
    changed = [plan for plan in plans if plan.diff.status != "unchanged" or plan.refused]
    if as_json:
        from alekseylearn.documents import diff_json

        print_json(diff_json(base, head, plans))
    else:
        from alekseylearn.cli.show_diff import show_diff

        show_diff(console(), base, head, plans, lines=lines)
    if any(plan.refused for plan in plans):
        return 3
    return 1 if by_code and changed else 0


def _plans(what: tuple[str, ...]) -> tuple[str, str, tuple[NotebookPlan, ...]]:
    from alekseylearn.analysis import make_plans
    from alekseylearn.cli.place import default_settings, find_place

    files = [word for word in what if word.endswith(".ipynb")]
    folders = [word for word in what if word not in files and Path(word).is_dir()]
    refs = [word for word in what if word not in files and word not in folders]
    if len(files) == 2 and not refs and all(Path(name).is_file() for name in files):
        return files[0], files[1], (_two_files(*map(Path, files)),)
    place = find_place(Path(folders[0]) if folders else None)
    comparison = _comparison(place, refs, files)
    if folders:
        below = tuple(f"{place.relative(name)}/".removeprefix("./") for name in folders)
        comparison = replace(comparison, files=tuple(file for file in comparison.files if file.path.startswith(below)))
    plans = make_plans(comparison, default_settings(comparison.head.config), lambda _: False)
    before = comparison.base
    return (before.sha or before.name) if before else "", comparison.head.sha or comparison.head.name, plans


def _comparison(place: Place, refs: list[str], files: list[str]) -> Comparison:
    from alekseylearn.cli.place import comparison_here, lone_comparison
    from alekseylearn.errors import UsageError

    if place.git is None and len(files) == 1 and not refs:
        return lone_comparison(Path(files[0]))
    if len(refs) > 2:
        raise UsageError(
            "usage.diff", f"{len(refs)} commits are named", hint="alekseylearn diff [BASE[...HEAD]] [NOTEBOOK...]"
        )
    base, _, head = (refs[0] if refs else "").partition("...")
    if len(refs) == 2:
        head = refs[1]
    asked = tuple(place.relative(name) for name in files)
    return comparison_here(place, base=base or None, head=head or None, asked=asked)


def _two_files(old: Path, new: Path) -> NotebookPlan:
    from alekseylearn.analysis import make_plans
    from alekseylearn.cli.place import default_settings, lone_comparison

    head = lone_comparison(new)
    file = replace(head.files[0], status="modified", old_path=old.name)
    comparison = replace(head, base=lone_comparison(old).head, files=(file,))
    (plan,) = make_plans(comparison, default_settings(comparison.head.config), lambda _: False)
    return plan


@click.command("slice")
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False), shell_complete=completing.notebooks)
@click.option("--why", is_flag=True, help="Show the cells that are left out, too, and what leads to training.")
@click.option("--target", type=int, multiple=True, help="Take this cell as the one that trains (counted from 0).")
@click.option("-o", "--output", help="Write the slice as OUT.py or OUT.ipynb, or the whole bundle into the new OUT/.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def slice_command(notebook: str, why: bool, target: tuple[int, ...], output: str | None, as_json: bool) -> int:
    """Show the cells of NOTEBOOK that training needs, and why."""
    from alekseylearn.analysis import without_training
    from alekseylearn.cli.screen import console, print_json
    from alekseylearn.cli.show_slice import show_slice
    from alekseylearn.documents import slice_json
    from alekseylearn.errors import InputError
    from alekseylearn.plan import make_job

    parsed, config, tree, settings = _read(notebook, target)
    try:
        job = make_job(parsed, config, tree, settings, targets=target)
    except InputError as error:
        if error.slug == "nb.source" and not (as_json or output):
            show_slice(console(), parsed, _cut(parsed, config, target), why=why)
        raise
    if job is None:
        raise without_training(parsed.path)
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
    from alekseylearn.cli.place import default_settings, find_place, lone_comparison
    from alekseylearn.errors import InputError
    from alekseylearn.notebook import parse

    path = Path(name)
    place = find_place(path.parent)
    tree: Tree
    if place.git is None:
        side = lone_comparison(path).head
        tree, config, relative = side.tree, side.config, path.name
    else:
        tree = place.git.work_tree()
        config, relative = read_config(tree), place.relative(name)
    parsed = parse(relative, path.read_bytes())
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
