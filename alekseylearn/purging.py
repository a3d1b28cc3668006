"""The files that tell of a job are rid of secrets when they come home, before they are read, hashed or kept."""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alekseylearn.collected import EVENTS, LOG, METRICS, NOTEBOOK
from alekseylearn.disk import open_plain
from alekseylearn.redaction import Redactor

DOCUMENTS = (NOTEBOOK, "output/data/result.json", "backend.json", "job.json")
TEXTS = (LOG, METRICS, EVENTS, "output/failure", "machine.txt")
LARGEST_DOCUMENT = 64 * 1024 * 1024
"""A larger document is read line by line, as text."""
_CHUNK = 1024 * 1024


def purge(folder: Path, redactor: Redactor) -> int:
    """Take secrets out of what the job in *folder* has said of itself; return how many.

    Its models, and files that its code has written for people, stay as they are.
    """
    return sum(_document(folder / path, redactor) for path in DOCUMENTS) + sum(
        _text(folder / path, redactor) for path in TEXTS
    )


def warning_of(count: int) -> tuple[str, ...]:
    """Say that *count* secrets were taken out; nothing where there were none."""
    if not count:
        return ()
    return ("secret.redacted: the training printed what looks like a secret; it is kept and shown as ***",)


def _document(path: Path, redactor: Redactor) -> int:
    try:
        with open_plain(path) as file:
            if os.fstat(file.fileno()).st_size > LARGEST_DOCUMENT:
                return _text(path, redactor)
            document: Any = json.loads(file.read())
    except OSError:
        return 0
    except (ValueError, RecursionError):
        return _text(path, redactor)
    try:
        clean = redactor.tree(document)
    except RecursionError:
        return _text(path, redactor)
    # Numbers that JSON has no word for stay as Python writes them: who reads the file judges them.
    shown, as_it_was = (json.dumps(one, indent=1, ensure_ascii=False) for one in (clean, document))
    if shown == as_it_was:
        return 0
    _put(path, iter([shown + "\n"]))
    return 1


def _text(path: Path, redactor: Redactor) -> int:
    stream = redactor.stream()
    try:
        for piece in _pieces(path):
            stream.feed(piece)
        stream.end()
    except OSError:
        return 0
    if stream.count:
        _put(path, _redacted(path, redactor))
    return stream.count


def _redacted(path: Path, redactor: Redactor) -> Iterator[str]:
    stream = redactor.stream()
    for piece in _pieces(path):
        yield stream.feed(piece)
    yield stream.end()


def _pieces(path: Path) -> Iterator[str]:
    """Read a text in pieces; bytes that are no text come through as they are."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with open_plain(path) as file:
        while data := file.read(_CHUNK):
            yield decoder.decode(data)
        yield decoder.decode(b"", final=True)


def _put(path: Path, pieces: Iterator[str]) -> None:
    new = path.with_name(f".{path.name}.new")
    with new.open("xb") as file:
        for piece in pieces:
            file.write(piece.encode("utf-8", "surrogateescape"))
    new.replace(path)
