"""`fit`: the main job, here: train what changed, compare it with the base, say what came of it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alekseylearn.cli import completing

if TYPE_CHECKING:
    from alekseylearn.analysis import Comparison
    from alekseylearn.cli.asked import Asked
    from alekseylearn.cli.place import Place
    from alekseylearn.config import BackendName, Scalar
    from alekseylearn.errors import AlekseylearnError
    from alekseylearn.pipeline import Story
    from alekseylearn.report import NotebookOutcome, Outcome


@click.command("fit")
@click.argument("what", nargs=-1, metavar="[NOTEBOOK, FOLDER or MODEL]...", shell_complete=completing.trainable)
@click.option("--base", metavar="REF", help="Compare with this commit; else with where the default branch was left.")
@click.option("--backend", type=click.Choice(["process", "docker", "sagemaker"]), help="Where to train.")
@click.option("-p", "parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a variable of the notebook.")
@click.option("--timeout", metavar="TIME", help="Stop after this time: 90s, 30m, 2h.")
@click.option("--smoke", is_flag=True, help="Use the cheap parameters under `smoke:`.")
@click.option("--dry-run", is_flag=True, help="Only say what would be trained.")
@click.option("--detach", is_flag=True, help="Start what is to be trained and return; call `fit` again to compare.")
@click.option("--force", is_flag=True, help="Train although there is a result.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; everything else goes to stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Do not show what the training prints.")
def fit_command(
    what: tuple[str, ...],
    base: str | None,
    backend: BackendName | None,
    parameters: tuple[tuple[str, str], ...],
    timeout: str | None,
    smoke: bool,
    dry_run: bool,
    detach: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train what changed, here, and compare it with the base.

    Without arguments every notebook that changed since the default branch was left is looked at, with a folder those
    below it; a notebook or model that is named is trained even if nothing changed, unless it has a result. A
    configuration file stands for the repository that it lies in.
    """
    from alekseylearn import __version__
    from alekseylearn.cli.asked import check_paths, read_words
    from alekseylearn.cli.phases import Watcher
    from alekseylearn.cli.place import place_of, settings_for, workshop
    from alekseylearn.cli.remarks import say_warnings
    from alekseylearn.cli.screen import console
    from alekseylearn.cli.stores import shared_in
    from alekseylearn.cli.transfers import TransferBar
    from alekseylearn.errors import UsageError
    from alekseylearn.pipeline import Order, Story, frame
    from alekseylearn.transfers import unwatched

    if detach and force:
        # A later call would take the old result for this one.
        raise UsageError("usage.detach", "--force has to wait for its result", hint="leave --detach out")
    check_paths(asked := read_words(what, configurations=True))
    place = place_of(asked.start)
    comparison = _said(_comparison(place, asked, base))
    config = comparison.head.config
    out = console(stderr=True)
    values = _parameters(parameters)
    settings = settings_for(config, backend=backend, parameters=values, smoke=smoke, timeout=_seconds(timeout))
    bar, watch = TransferBar(out), Watcher(out, quiet=quiet)
    shop = workshop(
        place.home,
        config,
        watch,
        dict(os.environ),
        about=_labels(place, comparison),
        shared=shared_in(config, backend),
        transfers=unwatched if quiet else bar,
    )
    told = frame(comparison, version=__version__)
    order = Order(settings=settings, frame=told, train=not dry_run, detach=detach, force=force)
    story = Story(comparison=comparison, shop=shop, order=order)
    with bar, watch:
        outcome, error = _work(story)
    if dry_run:
        say_warnings(plan.notebook for plan in story.plans)
    return _end(outcome, error, story, place, as_json=as_json)


def _labels(place: Place, comparison: Comparison) -> dict[str, str]:
    """Label what is trained, as a workflow would: policies on AWS may ask for the repository."""
    name = None if place.git is None else place.git.name_on_github()
    return {key: value for key, value in (("repository", name), ("commit", comparison.head.sha)) if value}


def _end(outcome: Outcome, error: AlekseylearnError | None, story: Story, place: Place, *, as_json: bool) -> int:
    """Tell what came of it, and return the exit code."""
    from alekseylearn.cli.notifying import notify_from_here
    from alekseylearn.cli.screen import print_json
    from alekseylearn.documents import outcome_json
    from alekseylearn.training import StoppedError

    if any(_under_way(notebook) for notebook in outcome.notebooks):
        _say_what_runs(outcome, stderr=as_json)
    # Where a single notebook could not be run, the error alone says all there is.
    elif error is None or isinstance(error, StoppedError) or len(outcome.notebooks) > 1:
        _finish(outcome, story, place, as_json=as_json)
    if as_json:
        print_json(outcome_json(outcome))
    if not isinstance(error, StoppedError):
        notify_from_here(outcome, story.comparison.head.config, os.environ)
    if error is None:
        return outcome.exit_code
    click.echo(str(error), err=True)
    return 130 if isinstance(error, StoppedError) else error.exit_code


def _work(story: Story) -> tuple[Outcome, AlekseylearnError | None]:
    """Run *story*; return what came of it, and the error that something could not be run for."""
    from alekseylearn.cli.place import now
    from alekseylearn.errors import AlekseylearnError
    from alekseylearn.pipeline import look, run

    started = time.monotonic()
    told: list[Outcome] = []

    def clock() -> tuple[str, float]:
        return now(), time.monotonic() - started

    try:
        told.append(run(story, told.append, clock) if story.order.train else look(story, clock))
    except AlekseylearnError as problem:
        if not told:
            raise
        return told[-1], problem
    return told[-1], None


def _say_what_runs(outcome: Outcome, *, stderr: bool) -> None:
    """Name the runs that were started, or run already, and how to follow them."""
    for notebook in outcome.notebooks:
        for result in (notebook.head, *notebook.more_head):
            if result is not None and not result.state.ended:
                where = f"\n  {result.url}" if result.url else ""
                told = (
                    f"{result.run} {notebook.name} runs ({result.backend}){where}\n  alekseylearn logs -f {result.run}"
                )
                click.echo(told, err=stderr)
    click.echo("Call `alekseylearn fit` again when they have ended: it compares them with the base.", err=True)


def _under_way(notebook: NotebookOutcome) -> bool:
    """Whether the training of *notebook* was started and left alone."""
    return any(result is not None and not result.state.ended for result in (notebook.head, *notebook.more_head))


def _comparison(place: Place, asked: Asked, base: str | None) -> Comparison:
    from alekseylearn.cli.against import comparison_here, folder_comparison, lone_comparison
    from alekseylearn.cli.place import notebooks_named
    from alekseylearn.comparison import read_config
    from alekseylearn.config import FILE_NAME
    from alekseylearn.errors import UsageError

    files = (*asked.notebooks, *asked.configurations)
    if len(asked.configurations) > 1:
        raise UsageError(
            "usage.config", f"{len(asked.configurations)} configurations are named", hint="name one of them"
        )
    if place.git is None and len(files) == 1 and Path(files[0]).is_file() and not asked.words and base is None:
        return (folder_comparison if asked.configurations else lone_comparison)(Path(files[0]))
    config_path = place.relative(asked.configurations[0]) if asked.configurations else FILE_NAME
    named: tuple[str, ...] = ()
    if place.git is not None and (asked.words or asked.notebooks):
        config = read_config(place.git.work_tree(), config_path)
        named = notebooks_named(config, place, (*asked.words, *asked.notebooks))
    below = tuple(f"{place.relative(name)}/".removeprefix("./") for name in asked.folders)
    return comparison_here(place, base=base, asked=named, below=below, config_path=config_path)


def _said(comparison: Comparison) -> Comparison:
    """Say what a person would not expect of *comparison*: odd names, and a base that was found for them."""
    from alekseylearn.cli.oddities import say_oddities

    say_oddities(comparison)
    if comparison.note:
        click.echo(comparison.note, err=True)
    return comparison


def _parameters(pairs: tuple[tuple[str, str], ...]) -> dict[str, Scalar]:
    from alekseylearn.config import parse_parameter
    from alekseylearn.errors import UsageError

    for name, _ in pairs:
        if not name.isidentifier():
            raise UsageError("usage.parameter", f"-p {name!r} is no variable of a notebook", hint="-p epochs 5")
    return {name: parse_parameter(value) for name, value in pairs}


def _seconds(text: str | None) -> int | None:
    from alekseylearn.errors import UsageError
    from alekseylearn.tables.values import parse_duration

    if text is None:
        return None
    seconds = parse_duration(int(text) if text.isdecimal() else text)
    if seconds is None:
        raise UsageError("usage.timeout", f"{text!r} is no time", hint="write 90s, 30m or 2h")
    return seconds


def _finish(outcome: Outcome, story: Story, place: Place, *, as_json: bool) -> None:
    """Write the report and draw the comment; a dry run draws it alone, and leaves nothing behind."""
    from alekseylearn.cli.screen import console, print_markdown
    from alekseylearn.outbox import write_report
    from alekseylearn.pipeline import body

    if not story.order.train:
        print_markdown(body(outcome)[1], stderr=as_json)
        return
    folder = place.home / "last"
    page = write_report(outcome, story.shop, folder, comparison=story.comparison)
    _, text = body(replace(outcome, report_path=str(page)))
    print_markdown(text, stderr=as_json)
    console(stderr=True).print(f"Report: {page}", soft_wrap=True, markup=False)
