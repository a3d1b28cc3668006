"""Notebooks with labels, written as text: a cell begins with `# %%` and words that say what a person sees in it.

    # needs: numpy scikit-learn
    # %% [markdown]
    # %% train count=7 tags=keep,slow id=abc

The words are `[markdown]`, a label (`train`, `metrics`), what a fragment expects (`keep`, `drop`), an execution count,
tags and an id. Labels never reach the notebook that is analysed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alekseylearn.notebook import Notebook, parse

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
FRAGMENTS = HERE / "fragments"

_HEAD = re.compile(r"# %%(?P<words>(?: .*)?)\Z")
_NEEDS = re.compile(r"^# needs:(?P<names>.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCell:
    """One cell; `words` are those of its head."""

    source: str
    words: tuple[str, ...] = ()

    @property
    def is_code(self) -> bool:
        """Whether the cell holds code."""
        return "[markdown]" not in self.words

    @property
    def label(self) -> str:
        """What a person sees in the cell: `train`, `metrics` or `neither`."""
        return next((word for word in self.words if word in ("train", "metrics")), "neither")

    def word(self, key: str) -> str | None:
        """Return what stands behind `key=`."""
        return next((word.removeprefix(f"{key}=") for word in self.words if word.startswith(f"{key}=")), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A labelled notebook; `needs` are the distributions that it imports."""

    name: str
    cells: tuple[CaseCell, ...]
    needs: tuple[str, ...] = ()

    @property
    def notebook(self) -> Notebook:
        """The notebook as alekseylearn reads it, without labels."""
        return parse(f"{self.name}.ipynb", self.bytes)

    @property
    def bytes(self) -> bytes:
        """The notebook as a file."""
        cells = [_written(number, cell) for number, cell in enumerate(self.cells)]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}).encode()


def _written(number: int, cell: CaseCell) -> dict[str, Any]:
    tags = cell.word("tags")
    made: dict[str, Any] = {
        "id": cell.word("id") or f"cell-{number}",
        "cell_type": "code" if cell.is_code else "markdown",
        "metadata": {"tags": tags.split(",")} if tags else {},
        "source": cell.source,
    }
    if cell.is_code:
        count = cell.word("count")
        made |= {"execution_count": int(count) if count else None, "outputs": []}
    return made


def read_case(text: str, name: str) -> Case:
    """Read the notebook *name* from *text*; lines before the first head are about the case."""
    lines = text.split("\n")
    heads = [number for number, line in enumerate(lines) if _HEAD.match(line)]
    top = "\n".join(lines[: heads[0]] if heads else lines)
    cells = []
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        words = tuple(lines[start].removeprefix("# %%").split())
        body = "\n".join(lines[start + 1 : end]).strip("\n")
        if "[markdown]" in words:
            body = "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.split("\n"))
        cells.append(CaseCell(source=body, words=words))
    needs = tuple(word for match in _NEEDS.finditer(top) for word in match["names"].split())
    return Case(name=name, cells=tuple(cells), needs=needs)


def read_cases(folder: Path) -> Iterator[Case]:
    """Read every case of *folder*, by name."""
    for path in sorted(folder.glob("*.py")):
        yield read_case(path.read_text(encoding="utf-8"), path.stem)
