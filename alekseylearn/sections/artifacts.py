"""The files that training left behind, and how to get them."""

from __future__ import annotations

from alekseylearn.jobs import ARCHIVE_FACT, Artifact
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.text import Align, Markdown, code, fence, join, link, plural, size, table
from alekseylearn.verdict import active

SHOWN = 6
_OURS = ("output/data/log.txt", "output/data/metrics.jsonl")
IN_S3 = "sagemaker"
"""The backend whose results lie where everybody who may train sees them."""


def artifacts(outcome: Outcome) -> Markdown | None:
    """Write the table of files and the command that fetches them; None where no file came back."""
    trained = [one for one in active(outcome) if one.head is not None and one.head.succeeded and one.head.artifacts]
    found = [(one, item) for one in trained for item in _files(one, models_only=len(trained) > 1)]
    if not found:
        return None
    rows = [[code(f"{one.name}/{item.name}", 60), size(item.size), _link(item)] for one, item in found[:SHOWN]]
    if not any(row[2] for row in rows):
        rows = [row[:2] for row in rows]
    align: tuple[Align, ...] = ("left", "right", "left")
    shown = table(("File", "Size", "Get it")[: len(rows[0])], rows, align[: len(rows[0])])
    rest = f"And {plural(len(found) - SHOWN, 'more file')}." if len(found) > SHOWN else ""
    download = link("one download", outcome.artifact_url)
    together = f"All of them are in {download}, with the logs and `report.html`." if download != "one download" else ""
    return join([shown, join([rest, together, *_archive(trained)], " "), _fetch(outcome, trained)])


def _archive(trained: list[NotebookOutcome]) -> list[str]:
    """Name the archive of the one model that there is, for those who may read it there; an address, and no link."""
    heads = [one.head for one in trained if one.head is not None]
    address = heads[0].environment.get(ARCHIVE_FACT, "") if len(heads) == 1 else ""
    return [f"The model as the job left it: {code(address, 300)}."] if address.startswith("s3://") else []


def _link(item: Artifact) -> str:
    linked = link("download", item.url)
    return linked if linked != "download" else ""


def _files(notebook: NotebookOutcome, *, models_only: bool) -> list[Artifact]:
    """List the files of one notebook, its model first; what we read ourselves is nobody's result."""
    every = notebook.head.artifacts if notebook.head is not None else ()
    found = [item for item in every if item.path not in _OURS]
    models = [item for item in found if item.path.startswith("model/")]
    return models if models_only else [*models, *(item for item in found if item not in models)]


def _fetch(outcome: Outcome, trained: list[NotebookOutcome]) -> str:
    """Give the command that brings files home, where they can be had from.

    Those of a pull request are in what the workflow uploaded; where it uploads nothing, only those in S3 are to be had,
    which all may read who may train.
    """
    heads = [one.head for one in trained if one.head is not None]
    if outcome.pull is not None and outcome.artifact_url:
        both = any(one.base is not None and one.base.succeeded for one in trained)
        words = [f"fetch pr/{outcome.pull}", *([f"fetch pr/{outcome.pull} --base"] if both else [])]
        told = ["model, metrics and executed notebook", "the same, and those of the base"]
    else:
        here = outcome.pull is None and len(heads) == 1
        runs = [naming.run_id(head.run) for head in heads[:SHOWN] if here or (outcome.pull and head.backend == IN_S3)]
        words = [f"fetch {run}" for run in runs if run]
        told = ["model, metrics and executed notebook"] * len(words)
    width = max(map(len, words), default=0) + 3
    commands = [f"alekseylearn {word:{width}}# {what}" for word, what in zip(words, told, strict=False)]
    return fence("\n".join(commands), "sh") if commands else ""
