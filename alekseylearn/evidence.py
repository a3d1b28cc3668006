"""What the page shows of a result beside the result itself: its log, and the notebook as it ran."""

from __future__ import annotations

import json
from collections.abc import Iterator

from alekseylearn.collected import LOG, NOTEBOOK, read_plain
from alekseylearn.comparison import Comparison
from alekseylearn.disk import inside
from alekseylearn.errors import InputError
from alekseylearn.inputs import Tree
from alekseylearn.jobs import TrainingResult
from alekseylearn.page import MAX_NOTEBOOK, Saved
from alekseylearn.redaction import Redactor
from alekseylearn.report import Outcome
from alekseylearn.workshop import Workshop

MAX_LOG = 20_000_000
"""Bytes of a log that are read; the page shows less."""


def logs(outcome: Outcome, shop: Workshop) -> dict[str, str]:
    """Read the whole log of every result, by its digest; its last lines where there is no file."""
    found = {}
    for result in _results(outcome):
        data = _read(result, shop, LOG, MAX_LOG)
        text = result.log_tail if data is None else data.decode("utf-8", "replace")
        found[result.digest] = shop.redactor.redact(text)
    return found


def notebooks(outcome: Outcome, shop: Workshop) -> dict[str, bytes]:
    """Read the executed notebook of every result that left one the page can show, by its digest."""
    read = {result.digest: _read(result, shop, NOTEBOOK, MAX_NOTEBOOK + 1) for result in _results(outcome)}
    small = ((digest, data) for digest, data in read.items() if data is not None and len(data) <= MAX_NOTEBOOK)
    return {digest: _without_secrets(data, shop.redactor) for digest, data in small}


def saved(outcome: Outcome, comparison: Comparison, redactor: Redactor) -> dict[str, Saved]:
    """Read every notebook as people saved it on both sides, by its path; secrets are taken out of it."""
    found = {}
    for notebook in outcome.notebooks:
        base = comparison.base.tree if comparison.base is not None else None
        found[notebook.path] = Saved(
            head=_file(comparison.head.tree, notebook.path, redactor),
            base=None if base is None else _file(base, notebook.diff.old_path or notebook.path, redactor),
        )
    return found


def _file(tree: Tree, path: str, redactor: Redactor) -> bytes | None:
    try:
        data = tree.read(path)
    except InputError:
        return None
    return data if len(data) > MAX_NOTEBOOK else _without_secrets(data, redactor)


def _without_secrets(data: bytes, redactor: Redactor) -> bytes:
    """Return a notebook without secrets; what is none is returned as it is, for the page refuses it."""
    try:
        return json.dumps(redactor.tree(json.loads(data))).encode()
    except (ValueError, RecursionError):
        return data


def _results(outcome: Outcome) -> Iterator[TrainingResult]:
    for notebook in outcome.notebooks:
        yield from (result for result in (notebook.head, notebook.base) if result is not None)


def _read(result: TrainingResult, shop: Workshop, path: str, most: int) -> bytes | None:
    there = any(item.path == path for item in result.artifacts)
    return read_plain(inside(shop.folder(result), path), most) if there else None
