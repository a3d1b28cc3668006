"""`runs`, `status`, `logs` and `stop`: look after runs, from any later process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from alekseylearn.cli import completing

if TYPE_CHECKING:
    from pathlib import Path

    from alekseylearn.backends.base import Backend
    from alekseylearn.config import BackendName
    from alekseylearn.jobs import TrainingResult
    from alekseylearn.progressing import Live
    from alekseylearn.watching import Ending, Found, Held, Lookout

_AnyCommand = Callable[..., Any]
_backend: Callable[[_AnyCommand], _AnyCommand] = click.option(
    "--backend", type=click.Choice(["process", "docker", "sagemaker"]), help="Look there, and nowhere else."
)
_json: Callable[[_AnyCommand], _AnyCommand] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)


@click.command("runs")
@_backend
@_json
def runs_command(backend: BackendName | None, as_json: bool) -> int:
    """List the jobs that run or wait to be brought home, and the results here; the newest first."""
    from alekseylearn.cli.screen import console, print_json

    lookout = lookout_here(backend)
    held = lookout.held()
    results = [result for result in lookout.shop.store.list() if backend in (None, result.backend)]
    rows = [*map(_job_row, held), *map(_result_row, results)]
    if as_json:
        print_json({"runs": rows})
    elif rows:
        console().print(_table(rows))
    else:
        console().print("No results here yet: `alekseylearn fit` makes the first.")
    return 0


@click.command("status")
@click.argument("run", shell_complete=completing.runs)
@_backend
@_json
def status_command(run: str, backend: BackendName | None, as_json: bool) -> int:
    """Say where RUN (its id, or the beginning of it) stands; one that has ended is brought home."""
    lookout = lookout_here(backend)
    found = lookout.find(run)
    _tell(_settled(found, lookout), lookout, as_json=as_json)
    return 0


@click.command("logs")
@click.argument("run", shell_complete=completing.runs)
@click.option("-f", "--follow", "follows", is_flag=True, help="Go on until the run ends; Ctrl-C leaves it running.")
@_backend
def logs_command(run: str, follows: bool, backend: BackendName | None) -> int:
    """Print what RUN (its id, or the beginning of it) has printed.

    With -f the exit code is that of the run: 0 succeeded, 4 its code failed, 6 its machine went away, 7 stopped.
    """
    from alekseylearn.cli.screen import console, print_log
    from alekseylearn.jobs import TrainingResult
    from alekseylearn.judging import exit_code_of
    from alekseylearn.watching import Ending, kept_log

    lookout = lookout_here(backend)
    found = lookout.find(run)
    if isinstance(found, TrainingResult):
        print_log(kept_log(found, lookout.shop))
        ending = Ending.of(found)
    elif follows:
        try:
            ending = _follow(found, lookout)
        except KeyboardInterrupt:
            name = found.job.handle.id
            click.echo(f"run {name} goes on: `alekseylearn stop {name}` stops it", err=True)
            return 130
    else:
        print_log(found.backend.logs(found.job.handle).lines)
        return 0
    if not follows:
        return 0
    console(stderr=True).print(f"run {found.digest[:12]}: {ending.state}", markup=False)
    return exit_code_of(ending.state, ending.exception)


def _follow(held: Held, lookout: Lookout) -> Ending:
    """Print the log to its end; where somebody looks at all that is printed, under it how far the job has come."""
    from alekseylearn.cli.bars import CourseBars, draws
    from alekseylearn.cli.screen import console, print_log
    from alekseylearn.watching import follow

    out = console(stderr=True)
    if not (draws(out) and sys.stdout.isatty()):
        return follow(held, lookout, print_log)
    with CourseBars(out) as bars:
        return follow(held, lookout, bars.above(print_log), bars)


@click.command("stop")
@click.argument("run", shell_complete=completing.runs)
@_backend
@_json
def stop_command(run: str, backend: BackendName | None, as_json: bool) -> int:
    """Ask RUN (its id, or the beginning of it) to stop, and keep what it has: finished cells, model, metrics.

    Ctrl-C while it saves leaves it to that.
    """
    from alekseylearn.cli.screen import console
    from alekseylearn.errors import LimitError
    from alekseylearn.jobs import TrainingResult
    from alekseylearn.text import duration
    from alekseylearn.watching import PATIENCE, stop_run

    lookout = lookout_here(backend)
    found = lookout.find(run)
    out = console(stderr=True)
    name = found.digest[:12]
    if isinstance(found, TrainingResult) or found.state.ended:
        out.print(f"run {name} has ended already: {found.state}", markup=False)
        _tell(_settled(found, lookout), lookout, as_json=as_json)
        return 0
    out.print(f"run {name} is asked to stop; it has {duration(PATIENCE)} to save what it has", markup=False)
    result = stop_run(found, lookout)
    if result is None:
        raise LimitError(
            "run.stopping",
            f"run {name} was asked to stop and has not ended yet",
            where=found.job.handle.place,
            hint=f"its machine ends it soon; `alekseylearn status {name}` tells, and brings home what it left",
        )
    _tell(result, lookout, as_json=as_json)
    return 0


def lookout_here(backend: BackendName | None = None, folder: Path | None = None) -> Lookout:
    """Choose where to look from *folder*: on this machine, in an engine where one is configured, else there at last."""
    from alekseylearn.backends import connect
    from alekseylearn.backends.base import Options
    from alekseylearn.cli.place import config_of, find_place, workshop
    from alekseylearn.cli.stores import sagemaker_table, shared_in
    from alekseylearn.tables import SageMakerTable
    from alekseylearn.watching import Lookout

    place = find_place(folder)
    config = config_of(place)
    environ = dict(os.environ)
    table = sagemaker_table(config, backend)
    options = Options(home=place.home, environ=environ, sagemaker=table or SageMakerTable())

    def reach(name: BackendName) -> Backend:
        return connect(name, options)

    shop = workshop(place.home, config, lambda _: None, environ, shared=shared_in(config, backend))
    if backend is not None:
        return Lookout(shop=shop, connect=reach, asked=(backend,))
    # Where nothing was ever trained, looking for runs makes no folder.
    here: tuple[BackendName, ...] = ("process",) if (place.home / "runs").is_dir() else ()
    named = {config.defaults.backend, *(model.backend for model in config.models.values())}
    away: tuple[BackendName, ...] = ("docker", "sagemaker")
    elsewhere = tuple(name for name in away if name in named)
    last: tuple[BackendName, ...] = () if "docker" in named else ("docker",)
    return Lookout(shop=shop, connect=reach, likely=(*here, *elsewhere), last=last)


def _settled(found: Found, lookout: Lookout) -> TrainingResult:
    """Return what became of a run, brought home if need be; for one under way, where it stands."""
    from alekseylearn.jobs import TrainingResult
    from alekseylearn.training import UnderWay
    from alekseylearn.watching import settle
    from alekseylearn.workshop import looked_at

    if isinstance(found, TrainingResult):
        return found
    if found.state.ended:
        return settle(found, lookout)
    job = UnderWay(backend=found.backend, handle=found.job.handle, name=found.job.name)
    return looked_at(job, found.state, lookout.shop.now(), seconds=_elapsed(found))


def _elapsed(held: Held) -> float:
    return 0.0 if held.state.ended else max(0.0, time.time() - held.job.submitted)


def _tell(result: TrainingResult, lookout: Lookout, *, as_json: bool) -> None:
    """Print what is known of one run."""
    from rich.markup import escape

    from alekseylearn.cli.results import outcome_of
    from alekseylearn.cli.screen import console, print_json
    from alekseylearn.documents import outcome_json
    from alekseylearn.metrics import Judgement
    from alekseylearn.text import clean, duration, number, size

    if as_json:
        print_json(outcome_json(outcome_of(result, None, Judgement())))
        return
    spent = f" for {duration(result.seconds)}" if not result.state.ended else f" after {duration(result.seconds)}"
    lines = {"run": f"{result.run} {result.name}", "state": f"{result.state}{spent}"}
    lines["backend"] = f"{result.backend}: {result.machine}" if result.machine else result.backend
    lines["phase"] = result.phase
    lines["at"] = "" if result.live is None else _at(result.live)
    lines["page"] = result.url
    lines["metrics"] = ", ".join(f"{metric.name} {number(metric.value)}" for metric in result.metrics)
    if result.failure is not None:
        failure = result.failure
        place = "" if failure.cell is None else f"cell {failure.cell}: "
        lines["failure"] = f"{place}{failure.exception}: {failure.message}"
        lines["fix"] = failure.hint
    lines["kept"] = ", ".join(f"{item.name} ({size(item.size)})" for item in result.artifacts)
    if result.state.ended:
        lines["in"] = str(lookout.shop.folder(result))
    out = console()
    for name, told in lines.items():
        if told:
            out.print(f"[dim]{name:8}[/] {escape(clean(told, 1000))}", soft_wrap=True)


def _at(live: Live) -> str:
    """Say where a job is: `cell 14 (6 of 9), epoch 7 of 20, about 9 min left`."""
    from alekseylearn.progressing import time_left, whereabouts

    return ", ".join(part for part in (whereabouts(live), time_left(live)) if part)


def _job_row(held: Held) -> dict[str, Any]:
    handle = held.job.handle
    about = {"id": handle.digest[:12], "name": held.job.name, "digest": handle.digest, "backend": handle.backend}
    return {
        **about,
        "state": str(held.state),
        "since": held.job.submitted,
        "collected": False,
        "commit": "",
        "metrics": {},
        "seconds": _elapsed(held),
    }


def _result_row(result: TrainingResult) -> dict[str, Any]:
    from alekseylearn.documents import metrics_json

    about = {"id": result.run, "name": result.name, "digest": result.digest, "backend": result.backend}
    return {
        **about,
        "state": str(result.state),
        "since": result.finished,
        "collected": True,
        "commit": result.commit,
        "metrics": metrics_json(result),
        "seconds": result.seconds,
    }


def _table(rows: list[dict[str, Any]]) -> Any:
    """Draw the rows of `runs`; times are those of the start for what runs, of the end for what has ended."""
    from rich.markup import escape
    from rich.table import Table

    from alekseylearn.text import duration, number

    elsewhere = any(row["backend"] != "process" for row in rows)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("Run", "Model", "State", "Since (UTC)", *(["Backend"] if elsewhere else []), "Commit", "Time"):
        # An id that is cut short helps nobody; a narrow terminal folds names and metrics.
        table.add_column(name, no_wrap=name != "Model", overflow="fold")
    table.add_column("Metrics", overflow="fold")
    for row in rows:
        since = datetime.fromtimestamp(row["since"], UTC).strftime("%Y-%m-%d %H:%M")
        metrics = ", ".join(f"{name} {number(float(value))}" for name, value in list(row["metrics"].items())[:4])
        spent = duration(row["seconds"]) if row["seconds"] else ""
        commit = row["commit"][:7] or ("work tree" if row["collected"] else "")
        where = [row["backend"]] if elsewhere else []
        cells = (row["id"], row["name"], row["state"], since, *where, commit, spent, metrics)
        table.add_row(*(escape(cell) for cell in cells))
    return table
