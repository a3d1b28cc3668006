"""A notebook as a value: its cells, in order, that never change."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from alekseylearn import kernels
from alekseylearn.cell_text import (
    MAX_SHOWN,
    halves_in,
    hidden_in,
    is_plain,
    lookalikes_in,
    read_source,
    which_cells,
    writable,
)
from alekseylearn.errors import InputError
from alekseylearn.notebook_files import kind_of, no_notebook, read_document
from alekseylearn.oddities import Oddity, output_holds
from alekseylearn.skimming import read_cut
from alekseylearn.text import clean, plural

CellKind = Literal["code", "markdown", "raw"]
Mark = Literal["train", "keep", "skip", "metrics", "parameters"]

_KINDS: tuple[CellKind, ...] = ("code", "markdown", "raw")
_CELL_ID = re.compile(r"[a-zA-Z0-9-_]{1,64}\Z")
_MARK_LINE = re.compile(r"#\s*\|\s*(train|keep|skip|metrics|parameters)\s*\Z")
_MARK_OF_TAG: Mapping[str, Mark] = {
    "train": "train",
    "keep": "keep",
    "skip": "skip",
    "skip-execution": "skip",
    "metrics": "metrics",
    "parameters": "parameters",
}
_LARGEST_COUNT = 2**53
_LONG = 4096
_NO_TAGS: frozenset[str] = frozenset()
PYTHON = kernels.PYTHON
"""The language that is trained."""
MAX_CELLS = 10_000
"""A notebook with more cells than this is refused (`nb.limit`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell; `index` counts from 0 over all cells, Markdown included.

    `outputs` and `metadata` (with a text's attachments) are sha256 hex digests ('' when there is nothing): what
    training means never depends on them, but a reader wants to know that they changed.
    """

    index: int
    id: str
    kind: CellKind
    source: str
    tags: frozenset[str] = frozenset()
    execution_count: int | None = None
    outputs: str = ""
    metadata: str = ""

    @property
    def marks(self) -> frozenset[Mark]:
        """The marks of this cell: its first line `#| train` and its tags of the same words."""
        found: set[Mark] = {_MARK_OF_TAG[tag] for tag in self.tags if tag in _MARK_OF_TAG}
        for line in self.source.splitlines():
            match = _MARK_LINE.match(line.strip())
            if match is None:
                break
            found.add(_MARK_OF_TAG[match[1]])
        return frozenset(found)

    @property
    def headline(self) -> str:
        """The first line that says something, for tables: at most 60 characters."""
        return clean(self.first_line, 60)

    @property
    def first_line(self) -> str:
        """The first line that says something, whole."""
        lines = [line.strip() for line in self.source.splitlines()]
        told = [line for line in lines if line and not line.startswith(("#", "%%", '"""'))]
        return (told or lines or [""])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """The cells of one notebook file at one commit (or on disk); `path` is repository-relative, with slashes.

    `warnings` are sentences about what is odd but does not stop us, each with its slug in front; `contained` are such
    sentences about what outputs hold and nobody is shown.
    """

    path: str
    cells: tuple[Cell, ...]
    language: str = "python"
    kernel: str = "python3"
    display_name: str = "Python 3"
    warnings: tuple[str, ...] = ()
    contained: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """The language as people call it."""
        return PYTHON if self.language == PYTHON else self.display_name

    @property
    def folder(self) -> str:
        """The repository-relative folder of the notebook, '' for the root."""
        return self.path.rpartition("/")[0]

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells, in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")


def parse(path: str, data: bytes) -> Notebook:
    """Read the bytes of an `.ipynb` file; *path* is its repository-relative name.

    One in another language than Python is read, too, for it can be compared. Raises `InputError`: `nb.lfs nb.conflict
    nb.unreadable nb.ambiguous nb.limit nb.schema nb.version nb.source`.
    """
    document = read_document(path, data)
    content = document.content
    kernel = kernels.read_kernel(path, content)
    raw_cells = content.get("cells")
    if not isinstance(raw_cells, list):
        what = f"cells is {kind_of(raw_cells)}, not a list" if "cells" in content else "there is no `cells` list"
        raise no_notebook(path, what)
    if len(raw_cells) > MAX_CELLS:
        what = f"{len(raw_cells)} cells; at most {MAX_CELLS} are read"
        raise InputError("nb.limit", what, where=path, hint="split the notebook")
    reader = _Reader(path=path, ids=_Ids(raw_cells), looks=document.looks)
    cells = tuple([reader.cell(index, raw) for index, raw in enumerate(raw_cells)])
    warnings = [
        *_identity_warnings(reader.ids.made, content),
        *_constant_warnings(document.constants),
        *reader.warnings(),
    ]
    if kernel.language != PYTHON:
        warnings.insert(0, f"nb.language: it is written in {kernel.named}, and only Python is trained")
    return Notebook(
        path=path,
        cells=cells,
        language=kernel.language,
        kernel=kernel.name,
        display_name=kernel.named,
        warnings=tuple(warnings),
        contained=tuple(reader.contained()),
    )


class _Ids:
    """The ids of one notebook's cells: a cell's own if that is valid and unique, else one made from its content.

    nbformat makes up random ids at each read, so ours come from the text and its number among equals.
    """

    def __init__(self, raw_cells: Iterable[object]) -> None:
        own = (raw.get("id") for raw in raw_cells if isinstance(raw, dict))
        self._times = Counter([cell_id for cell_id in own if isinstance(cell_id, str)])
        self._seen: Counter[str] = Counter()
        self.made = 0

    def give(self, own: object, kind: CellKind, source: str) -> str:
        """Give the next cell its id."""
        if isinstance(own, str) and self._times[own] == 1 and _CELL_ID.match(own):
            return own
        self.made += 1
        name = "al-" + hashlib.sha256(f"{kind}\n{source}".encode()).hexdigest()[:8]
        self._seen[name] += 1
        while self._times[f"{name}-{self._seen[name]}"]:
            self._seen[name] += 1
        return f"{name}-{self._seen[name]}"


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one cell after the other, and remembers what is odd about them."""

    path: str
    ids: _Ids
    looks: tuple[frozenset[Oddity], ...]
    halves: dict[int, list[str]] = field(default_factory=dict)
    hidden: dict[int, list[str]] = field(default_factory=dict)
    alike: dict[int, list[str]] = field(default_factory=dict)
    held: dict[Oddity, list[int]] = field(default_factory=dict)
    """What outputs hold, by cell."""

    def cell(self, index: int, raw: object) -> Cell:
        """Read the cell *raw*; raises `InputError`: `nb.schema nb.source`."""
        where = f"{self.path}, cell {index}"
        if not isinstance(raw, dict):
            raise no_notebook(where, f"the cell is {kind_of(raw)}, not an object")
        kind = raw.get("cell_type")
        if kind not in _KINDS:
            what = f"cell_type {clean(repr(kind), 40)} is not one of {', '.join(_KINDS)}"
            raise no_notebook(where, what)
        metadata = raw.get("metadata", {})
        if not isinstance(metadata, dict):
            raise no_notebook(where, f"metadata is {kind_of(metadata)}, not an object")
        if kind == "code":
            _check_outputs(where, raw.get("outputs", []))
        source = self._source(index, read_source(where, raw.get("source")))
        count, outputs, attachments = raw.get("execution_count"), raw.get("outputs"), raw.get("attachments")
        return Cell(
            index=index,
            id=self.ids.give(raw.get("id"), kind, source),
            kind=kind,
            source=source,
            tags=_tags(metadata["tags"]) if "tags" in metadata else _NO_TAGS,
            execution_count=count if type(count) is int and abs(count) <= _LARGEST_COUNT else None,
            outputs=self._outputs(index, outputs) if outputs else "",
            metadata=_metadata(metadata, attachments) if metadata or attachments else "",
        )

    def _source(self, index: int, source: str) -> str:
        if is_plain(source):
            return source
        for found, names in (
            (self.halves, halves_in(source)),
            (self.hidden, hidden_in(source)),
            (self.alike, lookalikes_in(source)),
        ):
            if names:
                found[index] = names
        return writable(source) if index in self.halves else source

    def _outputs(self, index: int, raw: object) -> str:
        cut = read_cut(raw)
        if cut is not None:
            digest, number = cut
            holds = self.looks[number] if number < len(self.looks) else frozenset()
        else:
            digest, holds = _outputs(raw)
        for oddity in holds:
            self.held.setdefault(oddity, []).append(index)
        return digest

    def warnings(self) -> Iterator[str]:
        """Tell of characters in the cells that show another code than there is."""
        for found, what in (
            (self.halves, "halves of characters, read as escapes"),
            (self.hidden, "characters that cannot be seen"),
            (self.alike, "letters that look like Latin and are not"),
        ):
            if found:
                names = sorted({name for names in found.values() for name in names})
                verb = "holds" if len(found) == 1 else "hold"
                yield f"nb.source: {which_cells([*found])} {verb} {what} ({', '.join(names[:MAX_SHOWN])})"

    def contained(self) -> Iterator[str]:
        """Tell of outputs that must not be shown as they stand."""
        if "secret" in self.held:
            cells = which_cells(self.held["secret"])
            yield f"secret.redacted: outputs of {cells} hold what looks like a secret; they are neither shown nor sent"
        if "markup" in self.held:
            cells = which_cells(self.held["markup"])
            yield f"text.neutralised: outputs of {cells} hold scripts or what steers a terminal; none of it is shown"


def _check_outputs(where: str, raw: object) -> None:
    if read_cut(raw) is not None:
        return
    if not isinstance(raw, list):
        raise no_notebook(where, f"outputs is {kind_of(raw)}, not a list")
    for output in raw:
        if not isinstance(output, dict):
            raise no_notebook(where, f"an output is {kind_of(output)}, not an object")


def _tags(raw: object) -> frozenset[str]:
    return frozenset(writable(tag) for tag in raw if isinstance(tag, str)) if isinstance(raw, list) else _NO_TAGS


def _outputs(raw: object) -> tuple[str, frozenset[Oddity]]:
    """Hash a cell's outputs, pictures by their own bytes: to write one as JSON costs more than it did to read it.

    Takes the pictures out of *raw*; returns what texts hold, too.
    """
    taken = []
    holds: frozenset[Oddity] = frozenset()
    for number, output in enumerate(raw if isinstance(raw, list) else ()):
        data = output.get("data") if isinstance(output, dict) else None
        if not isinstance(data, dict):
            continue
        long = sorted(mime for mime, value in data.items() if isinstance(value, str) and len(value) > _LONG)
        holds = holds.union(*(output_holds(data[mime]) for mime in long if mime.startswith("text/")))
        taken += [(number, mime, data.pop(mime).encode("utf-8", "surrogatepass")) for mime in long]
    # The rest tells how many bytes of which picture follow it, so that no two lists of outputs are written alike.
    places = [(number, mime, len(text)) for number, mime, text in taken]
    written = _written([raw, places] if taken else raw)
    return _digest(written, *(text for _, _, text in taken)), holds | output_holds(written)


def _metadata(metadata: Mapping[str, Any], attachments: object) -> str:
    rest = {key: value for key, value in metadata.items() if key != "tags"}
    value = [rest, attachments] if attachments else rest
    return _digest(_written(value)) if value else ""


def _identity_warnings(made: int, document: Mapping[str, Any]) -> tuple[str, ...]:
    """Warn about ids that the format asks for (from 4.5 on) and the notebook lacks."""
    if not made or document.get("nbformat_minor", 0) < 5:
        return ()
    return (f"nb.identity: {plural(made, 'cell')} without an id of its own; an id was made from the text",)


def _constant_warnings(constants: Sequence[str]) -> Iterator[str]:
    if constants:
        names = ", ".join(sorted(set(constants)))
        yield f"nb.schema: it holds {names}, which is no JSON, so that other readers refuse the notebook"


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _digest(written: str, *more: bytes) -> str:
    hasher = hashlib.sha256(written.encode())
    for data in more:
        hasher.update(data)
    return hasher.hexdigest()
