"""`fetch`, `compare` and `report`: look at results that are here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from alekseylearn.jobs import TrainingResult
    from alekseylearn.metrics import Judgement
    from alekseylearn.report import Outcome
    from alekseylearn.training import Workshop


def _shop() -> Workshop:
    from alekseylearn.cli.place import config_of, find_place, workshop
    from alekseylearn.cli.stores import shared_in

    place = find_place()
    config = config_of(place)
    return workshop(place.home, config, lambda _: None, dict(os.environ), shared=shared_in(config, None))


def _find(shop: Workshop, run: str) -> TrainingResult:
    from alekseylearn.errors import UsageError

    found = shop.store.find(run)
    if found is None:
        found = next((result for result in shop.failed.list() if result.run.startswith(run)), None)
    if found is None:
        raise UsageError("usage.run", f"no result of a run {run!r} is here", hint="`alekseylearn runs` lists them")
    return found


def _judgement(result: TrainingResult) -> Judgement:
    """Return how the configuration judges the metrics of the model that *result* is of."""
    from alekseylearn.analysis import read_config
    from alekseylearn.cli.place import find_place
    from alekseylearn.config import Config, Model

    git = find_place().git
    config = Config() if git is None else read_config(git.work_tree())
    return config.judgement(config.models.get(result.name) or Model(notebook=result.name))


@click.command("fetch")
@click.argument("run")
@click.option("--to", "target", type=click.Path(file_okay=False), help="The folder to fill; runs/RUN when left out.")
def fetch_command(run: str, target: str | None) -> int:
    """Bring the files of RUN (its id, or the beginning of it) into a folder: model, metrics, executed notebook."""
    from alekseylearn.cli.screen import console
    from alekseylearn.errors import UsageError
    from alekseylearn.outbox import copy_result
    from alekseylearn.text import plural, size

    shop = _shop()
    result = _find(shop, run)
    folder = Path(target or f"runs/{result.run}")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("usage.folder", f"{folder} is not empty", hint="name another folder with --to")
    count = copy_result(result, shop.folder(result), folder)
    out = console(stderr=True)
    for item in result.artifacts:
        out.print(f"  {folder / item.name}  {size(item.size)}", markup=False)
    out.print(f"{plural(count, 'file')} of run {result.run}", markup=False)
    return 0


@click.command("compare")
@click.argument("base")
@click.argument("head")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def compare_command(base: str, head: str, as_json: bool) -> int:
    """Compare the metrics of two runs: BASE is what HEAD is measured against."""
    from rich.markup import escape
    from rich.table import Table

    from alekseylearn.cli.screen import console, print_json
    from alekseylearn.documents import delta_json
    from alekseylearn.metrics import compare
    from alekseylearn.text import number

    shop = _shop()
    before, after = _find(shop, base), _find(shop, head)
    deltas = compare(before.metrics, after.metrics, _judgement(after))
    if as_json:
        print_json({"base": before.digest, "head": after.digest, "deltas": [delta_json(delta) for delta in deltas]})
        return 0
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for name in ("Metric", before.run, after.run, "Change"):
        table.add_column(name)
    for delta in deltas:
        values = ["none" if value is None else number(value) for value in (delta.base, delta.head)]
        change = "" if delta.change is None or delta.verdict == "same" else f" by {number(abs(delta.change))}"
        table.add_row(escape(delta.name), *values, f"{delta.verdict}{change}")
    console().print(table)
    return 0


@click.command("report")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--format", "form", type=click.Choice(["md", "html", "json"]), default="md", show_default=True)
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
def report_command(runs: tuple[str, ...], form: str, open_it: bool) -> int:
    """Show the last report, or one of the RUNs named (the first against the second)."""
    from alekseylearn.cli.screen import console, print_markdown
    from alekseylearn.errors import UsageError
    from alekseylearn.outbox import write_report
    from alekseylearn.text import Markdown

    shop = _shop()
    folder = shop.home / "last"
    if runs:
        folder = shop.home / "reports" / "-".join(runs)[:60]
        write_report(_outcome(shop, runs), shop, folder)
    name = {"md": "comment.md", "html": "report.html", "json": "outcome.json"}[form]
    if not (folder / name).is_file():
        raise UsageError("usage.report", "there is no report yet", hint="`alekseylearn fit` makes one")
    text = (folder / name).read_text("utf-8")
    if form == "md":
        print_markdown(Markdown(text))
    else:
        click.echo(text, nl=False)
    if open_it:
        click.launch((folder / "report.html").absolute().as_uri())
        console(stderr=True).print(f"opened {folder / 'report.html'}", markup=False)
    return 0


def _outcome(shop: Workshop, runs: tuple[str, ...]) -> Outcome:
    """Make an outcome of stored results: the first run against the second, if one is named."""
    from alekseylearn.errors import UsageError

    if len(runs) > 2:
        raise UsageError("usage.report", f"{len(runs)} runs are named", hint="name one run, or two to compare")
    head = _find(shop, runs[0])
    base = _find(shop, runs[1]) if len(runs) == 2 else None
    return outcome_of(head, base, _judgement(head))


def outcome_of(head: TrainingResult, base: TrainingResult | None, judgement: Judgement) -> Outcome:
    """Make the outcome that tells of *head* alone, or of *head* against *base*."""
    from alekseylearn import __version__
    from alekseylearn.cli.place import now
    from alekseylearn.diff import NotebookDiff
    from alekseylearn.metrics import compare, primary_metric
    from alekseylearn.report import Commit, NotebookOutcome, Outcome

    notebook = NotebookOutcome(
        path=head.name or head.run,
        name=head.name or head.run,
        decision="reuse" if head.state.ended else "train",
        reason="a run that has ended" if head.state.ended else "a run that is under way",
        diff=NotebookDiff(path=head.run, old_path=None, status="unchanged", changes=(), coarse=False),
        digest=head.digest,
        head=head,
        base=base,
        reused=head.state.ended,
        deltas=compare(base.metrics if base else (), head.metrics, judgement) if head.state.ended else (),
        primary=primary_metric(head.metrics, judgement),
        tolerance=judgement.tolerance,
    )
    return Outcome(
        base=Commit(name=base.run if base else "", sha=base.commit if base else ""),
        head=Commit(name=head.run, sha=head.commit),
        notebooks=(notebook,),
        when=now(),
        version=__version__,
        run=head.run,
        seconds=head.seconds,
        backend=head.backend,
    )
