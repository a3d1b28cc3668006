"""`report`: look again at a report, or at one of results that are here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alekseylearn.cli import completing

if TYPE_CHECKING:
    from alekseylearn.finding import Sources
    from alekseylearn.jobs import TrainingResult
    from alekseylearn.metrics import Judgement
    from alekseylearn.report import Outcome


@click.command("report")
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=completing.runs)
@click.option("--format", "form", type=click.Choice(["md", "html", "json"]), default="md", show_default=True)
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
def report_command(runs: tuple[str, ...], form: str, open_it: bool) -> int:
    """Show the last report, or one of the RUNs named (the first against the second)."""
    from alekseylearn.cli.fetch import sources_here
    from alekseylearn.cli.screen import console, print_markdown
    from alekseylearn.errors import UsageError
    from alekseylearn.outbox import write_report
    from alekseylearn.text import Markdown

    sources = sources_here()
    shop = sources.shop
    folder = shop.home / "last"
    if runs:
        outcome = _outcome(sources, runs)
        folder = shop.home / "reports" / "-".join(one for one in (outcome.head.name, outcome.base.name) if one)
        write_report(outcome, shop, folder)
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


def _outcome(sources: Sources, runs: tuple[str, ...]) -> Outcome:
    """Make an outcome of stored results: the first run against the second, if one is named."""
    from alekseylearn.cli.compare import judgement_of
    from alekseylearn.errors import UsageError
    from alekseylearn.finding import find_result

    if len(runs) > 2:
        raise UsageError("usage.report", f"{len(runs)} runs are named", hint="name one run, or two to compare")
    head, *others = (find_result(run, sources) for run in runs)
    return outcome_of(head, others[0] if others else None, judgement_of(head, sources.config))


def outcome_of(head: TrainingResult, base: TrainingResult | None, judgement: Judgement) -> Outcome:
    """Make the outcome that tells of *head* alone, or of *head* against *base*."""
    from alekseylearn import __version__
    from alekseylearn.cli.place import now
    from alekseylearn.diff import NotebookDiff
    from alekseylearn.differences import find_differences
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
        differences=find_differences(None, None, base, head) if base is not None else (),
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
