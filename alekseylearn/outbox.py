"""What a run leaves for people: report.html, the comment as Markdown, one JSON document, and each model's files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from alekseylearn import evidence, landmarks
from alekseylearn.comparison import Comparison
from alekseylearn.disk import copy_plain, inside, refusal, scratch, sha256_of
from alekseylearn.documents import outcome_json
from alekseylearn.errors import InputError
from alekseylearn.files import write_atomic
from alekseylearn.jobs import TrainingResult
from alekseylearn.pipeline import body
from alekseylearn.report import Outcome
from alekseylearn.training import Workshop

LARGEST_BASE = 1024**3
"""The base's files go along only up to this many bytes: they are in the artifact of the base's own run, too."""


def write_report(
    outcome: Outcome,
    shop: Workshop,
    folder: Path,
    *,
    folders: Mapping[str, str] = MappingProxyType({}),
    comparison: Comparison | None = None,
) -> Path:
    """Write `report.html`, `comment.md` and `outcome.json` into *folder*; return the page's path.

    *folders* says where the files of results lie in it, as `lay_out` does; *comparison* is where the notebooks stand as
    people saved them, for their figures.
    """
    from alekseylearn.page import render_page

    page = folder / "report.html"
    told = render_page(
        outcome,
        logs=evidence.logs(outcome, shop),
        notebooks=evidence.notebooks(outcome, shop),
        saved=evidence.saved(outcome, comparison, shop.redactor) if comparison is not None else None,
    )
    hide = shop.redactor.redact
    write_atomic(page, hide(told).encode("utf-8", "replace"))
    landmarks.passed("page.written")
    _, text = body(outcome)
    write_atomic(folder / "comment.md", (hide(text) + "\n").encode("utf-8", "replace"))
    document = shop.redactor.tree(outcome_json(outcome, folders))
    write_atomic(folder / "outcome.json", (json.dumps(document, indent=2, allow_nan=False) + "\n").encode())
    landmarks.passed("report.written")
    return page


def lay_out(outcome: Outcome, shop: Workshop) -> dict[str, str]:
    """Choose, by digest, the folder for the files of each result that goes along: `MODEL` for head's, `MODEL.base`.

    The base's go along where they lie on this machine and are no larger than `LARGEST_BASE`.
    """
    told = [one for one in outcome.notebooks if one.head is not None and one.decision != "skip"]
    taken = {"report.html", "comment.md", "outcome.json", *(one.name for one in told)}
    folders = {one.head.digest: one.name for one in told if one.head is not None}
    for notebook in told:
        base = notebook.base
        if base is None or base.digest in folders or _held(base, shop) is None:
            continue
        if sum(item.size for item in base.artifacts) <= LARGEST_BASE:
            name = f"{notebook.name}.base"
            while name in taken:
                name += "_"
            folders[base.digest] = name
            taken.add(name)
    return folders


def copy_artifacts(outcome: Outcome, shop: Workshop, folder: Path, folders: Mapping[str, str]) -> int:
    """Copy the files of the results in *folders*, which `lay_out` has chosen, below *folder*; return how many.

    A base whose files are damaged is left out: nobody waits for it. Raises as `copy_result` does for all others.
    """
    heads = {one.head.digest: one.head for one in outcome.notebooks if one.head is not None}
    bases = {one.base.digest: one.base for one in outcome.notebooks if one.base is not None}
    count = 0
    for digest, name in folders.items():
        if digest in heads:
            count += copy_result(heads[digest], shop.folder(heads[digest]), folder / name)
        else:
            with suppress(InputError):
                count += copy_result(bases[digest], shop.folder(bases[digest]), folder / name)
    return count


def _held(result: TrainingResult, shop: Workshop) -> Path | None:
    """Return the folder with the files of *result* where they lie on this machine; nothing is brought here."""
    place = shop.store.near(result.digest) if result.succeeded else shop.failed.folder(result.run)
    return place if place is not None and place.is_dir() else None


def copy_result(result: TrainingResult, source: Path, target: Path) -> int:
    """Copy the artifacts of *result* by the names people know them by, all of them or none; return how many.

    Raises `InputError` `archive.mismatch` when a file is not the one that training left, or is gone.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with scratch(target.parent, f".{target.name}-") as folder:
        for item in result.artifacts:
            copied = inside(folder, item.name)
            try:
                copy_plain(inside(source, item.path), copied)
                same = sha256_of(copied) == item.sha256
            except OSError as error:
                if refusal(error) is not None:
                    raise
                same = False
            if not same:
                what = f"{item.name} of run {result.run} is not the file that training left"
                hint = "train it again: `alekseylearn fit --force`"
                raise InputError("archive.mismatch", what, where=str(source / item.path), hint=hint)
        landmarks.passed("artifacts.copied")
        for item in result.artifacts:
            place = inside(target, item.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            inside(folder, item.name).replace(place)
            landmarks.passed("artifacts.placed")
    return len(result.artifacts)
