"""Files that are no notebook, each with its reason: what git left, other encodings, other shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alekseylearn.errors import InputError
from alekseylearn.notebook import parse

BOM = b"\xef\xbb\xbf"
CELL: dict[str, Any] = {"cell_type": "code", "id": "a", "metadata": {}, "source": "a = 1", "outputs": []}
WHOLE: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [CELL]}


def refusal(data: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        parse("a.ipynb", data)
    return caught.value


@pytest.mark.parametrize(
    "address", ["https://git-lfs.example/v1", "https://hawser.example/v1", "http://git-media.io/v/2"]
)
@pytest.mark.parametrize("before", [b"", BOM])
def test_pointers_of_every_age_are_told_from_notebooks(address: str, before: bytes) -> None:
    assert refusal(before + f"version {address}\r\noid sha256:12\r\n".encode()).slug == "nb.lfs"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"{\r<<<<<<< ours\r1\r=======\r2\r>>>>>>> theirs\r}", 2),
        (b"{\r\n1\r\n>>>>>>> theirs\r\n}", 3),
        (b"<<<<<<<\n1\n=======\n2\n>>>>>>>\n", 1),
        (b"{\n<<<<<<<<<<<< ours\n", 2),
        (BOM + b"<<<<<<< ours\n{}", 1),
        (b"{\n>>>>>>> theirs", 2),
    ],
)
def test_markers_of_a_conflict_are_found_however_lines_end(data: bytes, line: int) -> None:
    error = refusal(data)
    assert (error.slug, error.where) == ("nb.conflict", f"a.ipynb, line {line}")


@pytest.mark.parametrize("data", [b"{\n<<<<<< six\n", b"{\n <<<<<<< within\n", b"{\n<<<<<<<glued\n", b"{\n=======\n"])
def test_other_lines_are_no_conflict(data: bytes) -> None:
    assert refusal(data).slug == "nb.unreadable"


@pytest.mark.parametrize("data", [BOM, BOM + b" \n", b"\n\t"])
def test_a_file_with_nothing_in_it_is_empty(data: bytes) -> None:
    assert "empty" in refusal(data).what


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-16", "utf-32"])
def test_wider_encodings_are_named_as_such(encoding: str) -> None:
    error = refusal(json.dumps(WHOLE).encode(encoding))
    assert error.slug == "nb.unreadable"
    assert "not UTF-8" in error.what


@pytest.mark.parametrize("outputs", [None, {}, "text", 1, [None], ["text"], [[]]])
def test_outputs_are_a_list_of_objects(outputs: Any) -> None:
    error = refusal(json.dumps(WHOLE | {"cells": [CELL | {"outputs": outputs}]}).encode())
    assert error.slug == "nb.schema"
    assert "output" in error.what
    assert error.where == "a.ipynb, cell 0"


def test_a_text_may_have_what_looks_like_outputs_and_code_may_lack_them() -> None:
    text = CELL | {"cell_type": "markdown", "outputs": None}
    code = {key: value for key, value in CELL.items() if key != "outputs"} | {"id": "b"}
    assert len(parse("a.ipynb", json.dumps(WHOLE | {"cells": [text, code]}).encode()).cells) == 2


def test_a_version_below_zero_and_sheets_that_are_no_list_are_refused() -> None:
    assert refusal(json.dumps(WHOLE | {"nbformat_minor": -1}).encode()).slug == "nb.version"
    sheets = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": {}}
    assert refusal(json.dumps(sheets).encode()).slug == "nb.schema"
