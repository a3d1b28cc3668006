"""executed.ipynb: the cells with what they printed and showed, valid after every cell."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .cells import Cell
from .journal import write_whole
from .layout import Manifest

ROOM = 1_000_000
"""Bytes of output stored for one cell."""
CUT = "[output cut here: a cell stores 1 MB; log.txt has what was printed]\n"


class Executed:
    """The notebook that grows at *path* while its cells run."""

    def __init__(self, path: Path, manifest: Manifest, cells: Sequence[Cell]) -> None:
        self._path = path
        self._cells = [_cell(index, cell) for index, cell in enumerate(cells)]
        self._metadata = {
            "kernelspec": dict(manifest.kernel),
            "language_info": {"name": "python", "version": ".".join(map(str, sys.version_info[:3]))},
            "alekseylearn": {"run": manifest.run, "digest": manifest.digest, "notebook": manifest.notebook},
        }
        self._at: int | None = None
        self._room = ROOM

    def begin(self, index: int) -> None:
        """Send what comes to the cell at *index* from now on."""
        self._at, self._room = index, ROOM
        self._cells[index]["execution_count"] = index + 1

    def stream(self, name: str, text: str) -> None:
        """Add printed *text*; what is printed before the first cell is in the log only."""
        if not text or self._at is None or self._room < 0:
            return
        text = self._fitting(text)
        outputs = self._outputs
        if outputs and outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == name:
            outputs[-1]["text"] += text
        else:
            outputs.append({"output_type": "stream", "name": name, "text": text})

    def show(self, output: dict[str, Any]) -> None:
        """Add a displayed value or a figure."""
        if self._at is None or self._room < 0:
            return
        size = len(json.dumps(output["data"]))
        if size > self._room:
            output, size = {**output, "data": {"text/plain": CUT}, "metadata": {}}, self._room + 1
        self._room -= size
        self._outputs.append(output)

    def error(self, failure: dict[str, Any]) -> None:
        """Add how the cell failed."""
        if self._at is not None:
            lines = (failure["traceback"] or failure["message"]).split("\n")
            self._outputs.append(
                {
                    "output_type": "error",
                    "ename": failure["exception"],
                    "evalue": failure["message"],
                    "traceback": lines,
                }
            )

    def end(self, seconds: float) -> None:
        """Close the cell that ran and write the notebook."""
        if self._at is not None:
            self._cells[self._at]["metadata"]["alekseylearn"]["seconds"] = seconds
        self._at = None
        self.write()

    def write(self) -> None:
        """Write the notebook in nbformat 4.5, atomically."""
        notebook = {"cells": self._cells, "metadata": self._metadata, "nbformat": 4, "nbformat_minor": 5}
        write_whole(self._path, json.dumps(notebook, indent=1, ensure_ascii=False, allow_nan=True) + "\n")

    @property
    def _outputs(self) -> list[dict[str, Any]]:
        outputs: list[dict[str, Any]] = self._cells[self._at or 0]["outputs"]
        return outputs

    def _fitting(self, text: str) -> str:
        data = text.encode("utf-8", "backslashreplace")
        if len(data) <= self._room:
            self._room -= len(data)
            return text
        fits = data[: self._room].decode("utf-8", "ignore")
        self._room = -1
        return f"{fits}\n{CUT}"


def _cell(index: int, cell: Cell) -> dict[str, Any]:
    metadata: dict[str, Any] = {"alekseylearn": {"cell": cell.number}}
    if cell.headline == "parameters" and cell.number is None:
        metadata["tags"] = ["injected-parameters"]
    name = f"{cell.headline}-{index}" if cell.number is None else f"cell-{cell.number}"
    return {
        "cell_type": "code",
        "id": name,
        "metadata": metadata,
        "source": cell.source,
        "outputs": [],
        "execution_count": None,
    }
