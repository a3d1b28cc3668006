"""What a run leaves for people: report.html, the comment as Markdown, one JSON document, and each model's files."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from alekseylearn.disk import copy_plain, inside
from alekseylearn.documents import outcome_json
from alekseylearn.errors import InputError
from alekseylearn.files import write_atomic
from alekseylearn.jobs import TrainingResult
from alekseylearn.pipeline import body
from alekseylearn.report import Outcome
from alekseylearn.training import Workshop


def write_report(outcome: Outcome, shop: Workshop, folder: Path) -> Path:
    """Write `report.html`, `comment.md` and `outcome.json` into *folder*; return the page's path."""
    from alekseylearn.page import render_page

    logs = {}
    for notebook in outcome.notebooks:
        for result in (notebook.head, notebook.base):
            if result is not None:
                logs[result.digest] = _log(result, shop)
    page = folder / "report.html"
    write_atomic(page, render_page(outcome, logs=logs).encode("utf-8", "replace"))
    _, text = body(outcome)
    write_atomic(folder / "comment.md", (text + "\n").encode("utf-8", "replace"))
    write_atomic(
        folder / "outcome.json", (json.dumps(outcome_json(outcome), indent=2, allow_nan=False) + "\n").encode()
    )
    return page


def copy_artifacts(outcome: Outcome, shop: Workshop, folder: Path) -> int:
    """Copy the files of every head result into `<folder>/<model>/`; return how many there are."""
    count = 0
    for notebook in outcome.notebooks:
        if notebook.head is not None and notebook.decision != "skip":
            count += copy_result(notebook.head, shop.folder(notebook.head), folder / notebook.name)
    return count


def copy_result(result: TrainingResult, source: Path, target: Path) -> int:
    """Copy the artifacts of *result* by the names people know them by, all of them or none; return how many.

    Raises `InputError` `archive.mismatch` when a file is not the one that training left, or is gone.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
        for item in result.artifacts:
            copied = inside(Path(folder), item.name)
            try:
                copy_plain(inside(source, item.path), copied)
                same = _sha256(copied) == item.sha256
            except OSError:
                same = False
            if not same:
                what = f"{item.name} of run {result.run} is not the file that training left"
                hint = "train it again: `alekseylearn fit --force`"
                raise InputError("archive.mismatch", what, where=str(source / item.path), hint=hint)
        for item in result.artifacts:
            place = inside(target, item.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            inside(Path(folder), item.name).replace(place)
    return len(result.artifacts)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _log(result: TrainingResult, shop: Workshop) -> str:
    item = next((item for item in result.artifacts if item.name == "log.txt"), None)
    if item is None:
        return result.log_tail
    path = shop.folder(result) / item.path
    return path.read_text("utf-8", "replace") if path.is_file() else result.log_tail
