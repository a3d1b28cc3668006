"""`demo`: a real repository, real notebooks, a real change: the whole story on this machine."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from alekseylearn.report import Outcome

PULL = 1


@click.command("demo")
@click.option("--to", "target", type=click.Path(file_okay=False), help="An empty folder for the repository.")
def demo_command(target: str | None) -> int:
    """See the whole story on this machine: three notebooks, a branch that changes them, and the review of it."""
    from alekseylearn.cli.screen import console, print_markdown
    from alekseylearn.demonstration import BASE, BRANCH, make_repository
    from alekseylearn.errors import UsageError
    from alekseylearn.pipeline import body

    folder = Path(target) if target else Path(tempfile.mkdtemp(prefix="alekseylearn-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("usage.folder", f"{folder} is not empty", hint="name an empty folder with --to")
    folder.mkdir(parents=True, exist_ok=True)
    out = console(stderr=True)
    repository = folder / "repository"
    repository.mkdir()
    make_repository(repository, os.environ)
    out.print(f"A repository with three notebooks: {repository}", markup=False, soft_wrap=True)
    out.print(
        f"Branch {BRANCH} changes a hyperparameter in one, prose in the second, a plot in the third.\n", markup=False
    )
    outcome = _train(folder, out)
    _, text = body(outcome)
    out.rule("the comment on the pull request")
    print_markdown(text)
    out.rule()
    _say_next(out, folder, outcome, BASE)
    return outcome.exit_code


def _train(folder: Path, out: Console) -> Outcome:
    from alekseylearn import __version__
    from alekseylearn.analysis import compare_versions
    from alekseylearn.cli.phases import Watcher
    from alekseylearn.cli.place import Place, now, settings_for, workshop
    from alekseylearn.demonstration import BASE, BRANCH
    from alekseylearn.git import Git
    from alekseylearn.outbox import copy_artifacts, lay_out, write_report
    from alekseylearn.pipeline import Order, Story, frame, run

    git = Git.open(folder / "repository")
    place = Place(root=git.root, git=git)
    comparison = compare_versions(
        git, base=git.resolve(BASE), head=git.resolve(BRANCH), base_name=BASE, head_name=BRANCH
    )
    config = comparison.head.config
    settings = settings_for(config, backend=None, parameters={}, smoke=False, timeout=None)
    shop = workshop(place.home, config, Watcher(out, quiet=True), dict(os.environ))
    order = Order(settings=settings, frame=replace(frame(comparison, version=__version__), pull=PULL))
    started = time.monotonic()
    told: list[Outcome] = []
    run(Story(comparison=comparison, shop=shop, order=order), told.append, lambda: (now(), time.monotonic() - started))
    outcome = replace(told[-1], report_path=str(folder / "report.html"))
    write_report(outcome, shop, place.home / "last", comparison=comparison)
    folders = {digest: f"artifacts/{name}" for digest, name in lay_out(outcome, shop).items()}
    write_report(outcome, shop, folder, folders=folders, comparison=comparison)
    copy_artifacts(outcome, shop, folder, folders)
    return outcome


def _say_next(out: Console, folder: Path, outcome: Outcome, base: str) -> None:
    # In a private environment, as `make demo` makes one, the bare name is not found.
    us = "alekseylearn" if shutil.which("alekseylearn") else str(Path(sys.executable).with_name("alekseylearn"))
    trained = next((notebook for notebook in outcome.notebooks if notebook.head), None)
    lines = [
        f"The whole took {outcome.seconds:.0f} s. Curves, cells, log: {folder / 'report.html'}",
        f"The trained model and the executed notebook: {folder / 'artifacts'}",
        "",
        "Next:",
        f"  cd {folder / 'repository'}",
        f"  {us} diff {base}          # which cells changed, and which of them train",
        f"  {us} slice --why notebooks/digits.ipynb",
        f"  {us} fit                # nothing is trained twice",
    ]
    if trained is not None:
        lines.append(f"  {us} fetch {trained.digest[:12]}   # bring the model into a folder")
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
