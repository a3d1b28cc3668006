"""The bytes of an `.ipynb` file as a document of format 4, or one error that says what is wrong with the file.

Format: nbformat 4.0 to 4.5 (and 3, which nbformat converts), see "The Notebook file format" in its documentation.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from dataclasses import dataclass
from typing import Any

from alekseylearn.errors import InputError
from alekseylearn.oddities import Oddity
from alekseylearn.skimming import Skimmed, skim
from alekseylearn.strict import Limits, load_json, too_large
from alekseylearn.text import clean

# What a repository that LFS or one of its forerunners tracks holds in a file's place (git-lfs, docs/spec.md).
_POINTER = re.compile(rb"version https?://(?:git-lfs|hawser|git-media)\.")
# Seven signs at least (gitattributes(5), conflict-marker-size), alone or with the name of a side behind them.
_CONFLICT = re.compile(rb"(?<![^\r\n])(?:<{7,64}|>{7,64})(?![^ \r\n])")
_MARK = b"\xef\xbb\xbf"
_LIMITS = Limits(family="nb", max_bytes=128 * 1024 * 1024, max_depth=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file holds; `looks` tell what its large outputs hold, `constants` the NaN and Infinity in it."""

    content: dict[str, Any]
    looks: tuple[frozenset[Oddity], ...] = ()
    constants: tuple[str, ...] = ()


def spare_grammars() -> None:
    """Call before the first import of nbformat or nbdime: keeps jsonschema from building unused grammars for 1.1 s.

    jsonschema treats the missing package as a format that is not checked (an IRI, which no notebook holds).
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def read_document(path: str, data: bytes) -> Document:
    """Read *data*, the file *path*, as a notebook of format 4; large outputs are told by their digests alone.

    Raises `InputError`: `nb.lfs nb.conflict nb.unreadable nb.ambiguous nb.limit nb.schema nb.version`.
    """
    constants: list[str] = []
    skimmed, content = _load(path, data, constants)
    if not isinstance(content, dict):
        raise no_notebook(path, f"the root is {kind_of(content)}, not an object")
    return Document(content=_to_version_4(path, content), looks=skimmed.looks, constants=tuple(constants))


def _load(path: str, data: bytes, constants: list[str]) -> tuple[Skimmed, Any]:
    if len(data) > _LIMITS.max_bytes:
        raise too_large(data, path, _LIMITS)
    try:
        skimmed = skim(data, path, _LIMITS.max_depth)
        return skimmed, load_json(skimmed.data, path, _LIMITS, constants)
    except InputError:
        # Neither a pointer nor a conflict is valid JSON, so what can be read need not be searched for them.
        _refuse_what_git_left(path, data)
        raise


def _refuse_what_git_left(path: str, data: bytes) -> None:
    data = data.removeprefix(_MARK)
    if _POINTER.match(data):
        raise InputError(
            "nb.lfs",
            "this is a Git LFS pointer, not the notebook itself",
            where=path,
            hint="run `git lfs pull`, or `lfs: true` in actions/checkout",
        )
    marker = _CONFLICT.search(data)
    if marker is not None:
        line = len(data[: marker.start()].splitlines()) + 1
        raise conflict(f"{path}, line {line}", "the notebook holds unresolved merge conflict markers")


def conflict(where: str, what: str) -> InputError:
    """Say that two sides of a merge still stand side by side."""
    hint = "resolve the conflict (`nbdime` merges notebooks cell by cell), then commit again"
    return InputError("nb.conflict", what, where=where, hint=hint)


def _to_version_4(path: str, document: dict[str, Any]) -> dict[str, Any]:
    major, minor = document.get("nbformat"), document.get("nbformat_minor", 0)
    if type(major) is not int or type(minor) is not int or major not in (3, 4) or minor < 0:
        raise InputError(
            "nb.version",
            f"nbformat {clean(repr(major), 20)}.{clean(repr(minor), 20)} is not read; only 3 and 4 are",
            where=path,
            hint="open it in a current Jupyter and save it again",
        )
    if major == 4:
        return document
    if not isinstance(document.get("worksheets", []), list):
        raise no_notebook(path, f"worksheets is {kind_of(document['worksheets'])}, not a list")
    spare_grammars()
    nbformat: Any = importlib.import_module("nbformat")
    try:
        converted = json.loads(json.dumps(nbformat.convert(nbformat.v3.reads_json(json.dumps(document)), 4)))
    except Exception as error:  # noqa: BLE001 - its converters raise whatever a broken document makes them raise
        raise no_notebook(path, f"nbformat cannot convert it from version 3: {type(error).__name__}") from None
    # nbformat makes up random ids; without them the cells get ids from their text.
    cells = [{key: value for key, value in cell.items() if key != "id"} for cell in converted["cells"]]
    return {**converted, "nbformat_minor": 4, "cells": cells}


def no_notebook(where: str, what: str) -> InputError:
    """Say that a file does not have the shape of a notebook."""
    return InputError("nb.schema", what, where=where, hint="save it again in Jupyter, or restore it from git history")


def kind_of(value: object) -> str:
    """Name what a value of JSON is, with its article."""
    names = {dict: "an object", list: "a list", str: "a string", type(None): "null", bool: "a boolean"}
    return names.get(type(value), "a number")
