"""A notebook as a value: its cells, in order, that never change.

Format: nbformat 4.0 to 4.5 (and 3, which nbformat converts), see "The Notebook file format" in its documentation.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from alekseylearn.errors import InputError
from alekseylearn.strict import Limits, load_json
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
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
_LIMITS = Limits(family="nb", max_bytes=100_000_000, max_depth=100)
_LONG = 4096
_NO_TAGS: frozenset[str] = frozenset()
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
        lines = [line.strip() for line in self.source.splitlines()]
        told = [line for line in lines if line and not line.startswith(("#", "%%", '"""'))]
        return clean((told or lines or [""])[0], 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """The cells of one notebook file at one commit (or on disk); `path` is repository-relative, with slashes.

    `warnings` are sentences about what is odd but does not stop us, each with its slug in front.
    """

    path: str
    cells: tuple[Cell, ...]
    language: str = "python"
    kernel: str = "python3"
    display_name: str = "Python 3"
    warnings: tuple[str, ...] = ()

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

    Raises `InputError`: `nb.lfs nb.conflict nb.unreadable nb.ambiguous nb.limit nb.schema nb.version nb.language
    nb.source`.
    """
    document = _load(path, data)
    if not isinstance(document, dict):
        raise _schema(path, f"the root is {_kind(document)}, not an object")
    document = _to_version_4(path, document)
    spec, language = _kernel(path, document)
    raw_cells = document.get("cells")
    if not isinstance(raw_cells, list):
        what = f"cells is {_kind(raw_cells)}, not a list" if "cells" in document else "there is no `cells` list"
        raise _schema(path, what)
    if len(raw_cells) > MAX_CELLS:
        what = f"{len(raw_cells)} cells; at most {MAX_CELLS} are read"
        raise InputError("nb.limit", what, where=path, hint="split the notebook")
    ids = _Ids(raw_cells)
    cells = tuple([_cell(path, index, raw, ids) for index, raw in enumerate(raw_cells)])
    return Notebook(
        path=path,
        cells=cells,
        language=language,
        kernel=str(spec.get("name") or "python3"),
        display_name=str(spec.get("display_name") or "Python 3"),
        warnings=(*_identity_warnings(ids.made, document), *_source_warnings(cells)),
    )


def spare_grammars() -> None:
    """Call before the first import of nbformat or nbdime: keeps jsonschema from building unused grammars for 1.1 s.

    jsonschema treats the missing package as a format that is not checked (an IRI, which no notebook holds).
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def _load(path: str, data: bytes) -> Any:
    try:
        return load_json(data, path, _LIMITS)
    except InputError:
        # Neither a pointer nor a conflict is valid JSON, so what can be read need not be searched for them.
        _refuse_what_git_left(path, data)
        raise


def _refuse_what_git_left(path: str, data: bytes) -> None:
    if data.startswith(b"version https://git-lfs."):
        raise InputError(
            "nb.lfs",
            "this is a Git LFS pointer, not the notebook itself",
            where=path,
            hint="run `git lfs pull`, or `lfs: true` in actions/checkout",
        )
    lines = [_line_of(data, marker) for marker in (b"<<<<<<< ", b">>>>>>> ")]
    if any(lines):
        raise InputError(
            "nb.conflict",
            "the notebook holds unresolved merge conflict markers",
            where=f"{path}, line {min(line for line in lines if line)}",
            hint="resolve the conflict (`nbdime` merges notebooks cell by cell), then commit again",
        )


def _line_of(data: bytes, start: bytes) -> int:
    """Find the first line that begins with *start*, counted from 1; 0 when there is none."""
    if data.startswith(start):
        return 1
    place = data.find(b"\n" + start)
    return data.count(b"\n", 0, place) + 2 if place >= 0 else 0


def _to_version_4(path: str, document: dict[str, Any]) -> dict[str, Any]:
    major, minor = document.get("nbformat"), document.get("nbformat_minor", 0)
    if type(major) is not int or type(minor) is not int or major not in (3, 4):
        raise InputError(
            "nb.version",
            f"nbformat {clean(repr(major), 20)}.{clean(repr(minor), 20)} is not read; only 3 and 4 are",
            where=path,
            hint="open it in a current Jupyter and save it again",
        )
    if major == 4:
        return document
    spare_grammars()
    nbformat: Any = importlib.import_module("nbformat")
    try:
        converted = json.loads(json.dumps(nbformat.convert(nbformat.v3.reads_json(json.dumps(document)), 4)))
    except Exception as error:  # noqa: BLE001 - its converters raise whatever a broken document makes them raise
        raise _schema(path, f"nbformat cannot convert it from version 3: {type(error).__name__}") from None
    # nbformat makes up random ids; without them the cells get ids from their text.
    cells = [{key: value for key, value in cell.items() if key != "id"} for cell in converted["cells"]]
    return {**converted, "nbformat_minor": 4, "cells": cells}


def _kernel(path: str, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Read the kernel's specification and the language, which must be Python."""
    metadata = document.get("metadata", {})
    if not isinstance(metadata, dict):
        raise _schema(path, f"metadata is {_kind(metadata)}, not an object")
    spec = metadata.get("kernelspec", {})
    info = metadata.get("language_info", {})
    if not isinstance(spec, dict) or not isinstance(info, dict):
        raise _schema(path, "kernelspec or language_info is not an object")
    language = str(info.get("name") or spec.get("language") or "python").lower()
    if language not in ("python", "ipython"):
        shown = spec.get("display_name") or language
        raise InputError(
            "nb.language",
            f"the notebook is written in {shown}; only Python is trained",
            where=path,
            hint="leave it out with `notebooks:` in alekseylearn.yml",
        )
    return spec, language


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


def _cell(path: str, index: int, raw: object, ids: _Ids) -> Cell:
    if not isinstance(raw, dict):
        raise _schema(f"{path}, cell {index}", f"the cell is {_kind(raw)}, not an object")
    kind = raw.get("cell_type")
    if kind not in _KINDS:
        what = f"cell_type {clean(repr(kind), 40)} is not one of {', '.join(_KINDS)}"
        raise _schema(f"{path}, cell {index}", what)
    metadata = raw.get("metadata", {})
    if not isinstance(metadata, dict):
        raise _schema(f"{path}, cell {index}", f"metadata is {_kind(metadata)}, not an object")
    source = _source(path, index, raw.get("source"))
    count, outputs, attachments = raw.get("execution_count"), raw.get("outputs"), raw.get("attachments")
    return Cell(
        index=index,
        id=ids.give(raw.get("id"), kind, source),
        kind=kind,
        source=source,
        tags=_tags(metadata["tags"]) if "tags" in metadata else _NO_TAGS,
        execution_count=count if type(count) is int else None,
        outputs=_outputs(outputs) if outputs else "",
        metadata=_metadata(metadata, attachments) if metadata or attachments else "",
    )


def _source(path: str, index: int, raw: object) -> str:
    try:
        source = "".join(raw) if isinstance(raw, list) else raw
    except TypeError:
        source = None
    if not isinstance(source, str):
        raise _schema(f"{path}, cell {index}", "source is not text")
    if "\r" in source:
        source = source.replace("\r\n", "\n").replace("\r", "\n")
    if ("\0" in source or not source.isascii()) and (broken := _UNWRITABLE.search(source)):
        what = f"the cell holds U+{ord(broken[0]):04X}, which no source file can"
        raise InputError("nb.source", what, where=f"{path}, cell {index}", hint="retype the line in Jupyter")
    return source


def _tags(raw: object) -> frozenset[str]:
    return frozenset(tag for tag in raw if isinstance(tag, str)) if isinstance(raw, list) else _NO_TAGS


def _outputs(raw: object) -> str:
    """Hash a cell's outputs, pictures by their own bytes: to write one as JSON costs more than it did to read it.

    Takes the pictures out of *raw*.
    """
    taken = []
    for number, output in enumerate(raw if isinstance(raw, list) else ()):
        data = output.get("data") if isinstance(output, dict) else None
        if not isinstance(data, dict):
            continue
        long = sorted(mime for mime, value in data.items() if isinstance(value, str) and len(value) > _LONG)
        taken += [(number, mime, data.pop(mime).encode("utf-8", "surrogatepass")) for mime in long]
    if not taken:
        return _digest(raw)
    # The rest tells how many bytes of which picture follow it, so that no two lists of outputs are written alike.
    places = [(number, mime, len(text)) for number, mime, text in taken]
    return _digest([raw, places], *(text for _, _, text in taken))


def _metadata(metadata: Mapping[str, Any], attachments: object) -> str:
    rest = {key: value for key, value in metadata.items() if key != "tags"}
    return _digest([rest, attachments] if attachments else rest)


def _identity_warnings(made: int, document: Mapping[str, Any]) -> tuple[str, ...]:
    """Warn about ids that the format asks for (from 4.5 on) and the notebook lacks."""
    if not made or document.get("nbformat_minor", 0) < 5:
        return ()
    return (f"nb.identity: {plural(made, 'cell')} without an id of its own; an id was made from the text",)


def _source_warnings(cells: Iterable[Cell]) -> tuple[str, ...]:
    found = []
    for cell in cells:
        if cell.source.isascii():
            continue
        hidden = sorted({f"U+{ord(character):04X}" for character in _HIDDEN.findall(cell.source)})
        if hidden:
            found.append(f"nb.source: cell {cell.index} holds characters that cannot be seen ({', '.join(hidden[:5])})")
    return tuple(found)


def _digest(value: object, *more: bytes) -> str:
    if not value:
        return ""
    hasher = hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
    for data in more:
        hasher.update(data)
    return hasher.hexdigest()


def _schema(where: str, what: str) -> InputError:
    return InputError("nb.schema", what, where=where, hint="save it again in Jupyter, or restore it from git history")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", type(None): "null", bool: "a boolean"}
    return names.get(type(value), "a number")
