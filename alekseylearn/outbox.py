"""What a run leaves for people: report.html, the comment as Markdown, one JSON document, and each model's files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from alekseylearn.documents import outcome_json
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
    """Copy the artifacts of *result* by the names people know them by; return how many."""
    for item in result.artifacts:
        place = target / item.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / item.path, place, follow_symlinks=False)
    return len(result.artifacts)


def _log(result: TrainingResult, shop: Workshop) -> str:
    item = next((item for item in result.artifacts if item.name == "log.txt"), None)
    if item is None:
        return result.log_tail
    path = shop.folder(result) / item.path
    return path.read_text("utf-8", "replace") if path.is_file() else result.log_tail
