"""`compare`: the metrics of two results, wherever they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from alekseylearn.cli import completing

if TYPE_CHECKING:
    from rich.table import Table

    from alekseylearn.config import Config
    from alekseylearn.jobs import TrainingResult
    from alekseylearn.metrics import Judgement, MetricDelta


@click.command("compare")
@click.argument("base", shell_complete=completing.models)
@click.argument("head", required=False, shell_complete=completing.models)
@click.option("--repository", metavar="OWNER/NAME", help="Where pr/N is; the remote origin when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def compare_command(base: str, head: str | None, repository: str | None, as_json: bool) -> int:
    """Compare the metrics of two results: BASE is what HEAD is measured against.

    Each is a run (its id, or the beginning of it), a model (its newest result), or pr/N; `pr/N:base` is what the pull
    request was measured against, and pr/N alone compares both.
    """
    from alekseylearn.cli.fetch import sources_here, watching_transfers
    from alekseylearn.cli.screen import console, print_json
    from alekseylearn.documents import delta_json
    from alekseylearn.finding import find_result
    from alekseylearn.metrics import compare

    sources = sources_here(repository=repository)
    words = (f"{base.removesuffix(':base')}:base", base) if head is None else (base, head)
    with watching_transfers(console(stderr=True)) as tell:
        before, after = (find_result(word, sources, tell) for word in words)
    deltas = compare(before.metrics, after.metrics, judgement_of(after, sources.config))
    if as_json:
        print_json({"base": before.digest, "head": after.digest, "deltas": [delta_json(delta) for delta in deltas]})
        return 0
    console().print(_table(before, after, deltas))
    return 0


def judgement_of(result: TrainingResult, config: Config) -> Judgement:
    """Return how *config* judges the metrics of the model that *result* is of."""
    from alekseylearn.config import Model

    return config.judgement(config.models.get(result.name) or Model(notebook=result.name))


def _table(before: TrainingResult, after: TrainingResult, deltas: Sequence[MetricDelta]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    from alekseylearn.text import number

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("Metric")
    for result in (before, after):
        table.add_column(result.run, justify="right")
    table.add_column("Change")
    for delta in deltas:
        values = ["none" if value is None else number(value) for value in (delta.base, delta.head)]
        table.add_row(escape(delta.name), *values, _change(delta))
    return table


def _change(delta: MetricDelta) -> str:
    from alekseylearn.text import number

    if delta.change is None or delta.verdict == "same":
        return str(delta.verdict)
    guessed = f" (guessed: {'less' if delta.goal == 'min' else 'more'} is better)" if delta.guessed else ""
    return f"{delta.verdict} by {number(abs(delta.change))}{guessed}"
