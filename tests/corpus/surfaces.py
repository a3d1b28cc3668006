"""One case on a surface that is no command of ours: `surfaces.py SURFACE PATH [MANIFEST]` prints what people would see.

An event and a repository are handed to the real command; a log, metrics and a name go the way that a run's own go, into
the step's log, the result and the comment.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from alekseylearn.actions import Runner
from alekseylearn.collected import METRICS, read_logged_metrics
from alekseylearn.errors import AlekseylearnError
from alekseylearn.jobs import Failure
from alekseylearn.metric_lines import Measured
from alekseylearn.metrics import Judgement, compare
from alekseylearn.notebook import parse
from alekseylearn.redaction import Redactor
from alekseylearn.report import Outcome, render
from alekseylearn.sections import SECTIONS
from tests.outcomes import failed, outcome, result, told


def main(surface: str, path: str, *manifest: str) -> int:
    """Show the case at *path* on *surface*."""
    file = Path(path)
    if surface == "git":
        os.chdir(file)
        os.execvp("alekseylearn", ["alekseylearn", "diff"])
    if surface == "event":
        environ = {**os.environ, **json.loads((file.parent / "env.json").read_bytes()), "GITHUB_EVENT_PATH": path}
        os.execvpe("alekseylearn", ["alekseylearn", "ci", "plan"], environ)
    secrets = json.loads(Path(manifest[0]).read_bytes())["secrets"]
    try:
        {"log": show_log, "metrics": show_metrics, "comment": show_comment}[surface](file, secrets)
    except AlekseylearnError as error:
        print(error)
        return error.exit_code
    return 0


def show_log(file: Path, secrets: Mapping[str, str]) -> None:
    """Print a training's log as a step does."""
    runner = Runner(sys.stdout, redactor=Redactor.of(secrets.values()))
    with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        runner.echo(lines)


def measured_in(file: Path) -> Measured:
    """Read a file of metrics as one that a run has left."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / METRICS
        place.parent.mkdir(parents=True)
        shutil.copy(file, place)
        return read_logged_metrics(Path(folder))


def show_metrics(file: Path, secrets: Mapping[str, str]) -> None:
    """Say what of a file of metrics counts."""
    measured = measured_in(file)
    for metric in measured.metrics:
        print(json.dumps({"name": metric.name, "value": repr(metric.value), "points": len(metric.series)}))
    for warning in measured.warnings:
        print(f"warning[{warning.replace(': ', ']: ', 1)}")


def show_comment(file: Path, secrets: Mapping[str, str]) -> None:
    """Print the comment on a run with this log, these metrics, or a notebook of this name."""
    if file.name == "comments.json":
        from tests.corpus.thread import settle

        print(settle(file))
        return
    print(body(file, secrets))


def body(file: Path, secrets: Mapping[str, str]) -> str:
    """Write the comment on a run that has brought *file*."""
    return Redactor.of(secrets.values()).redact(render(about(file), SECTIONS))


def about(file: Path) -> Outcome:
    """Make the outcome of a run that has brought *file*."""
    if file.name == "train.log":
        seen = failed(Failure(exception="ValueError", message="no loss", cell=8))
        tail = file.read_bytes().decode("utf-8", "replace")
        return outcome(replace(seen, head=replace(seen.head, log_tail=tail)))
    if file.name == "metrics.jsonl":
        metrics = measured_in(file).metrics
        return outcome(told(head=result(metrics=metrics), deltas=compare((), metrics, Judgement())))
    notebook = parse(file.name, file.read_bytes())
    return outcome(told(path=notebook.path))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
