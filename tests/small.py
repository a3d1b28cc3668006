"""Small notebooks in plain Python, which train in no time and need no package."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LINE = """\
class Line:
    def fit(self, points, epochs, rate):
        self.slope = self.offset = 0.0
        self.losses = []
        for _ in range(epochs):
            wrong = [self.slope * x + self.offset - y for x, y in points]
            self.slope -= rate * sum(w * x for w, (x, _) in zip(wrong, points)) / len(points)
            self.offset -= rate * sum(wrong) / len(points)
            self.losses.append(sum(w * w for w in wrong) / len(points))
        return self

    def predict(self, x):
        return self.slope * x + self.offset"""
CELLS: tuple[tuple[str, str], ...] = (
    ("markdown", "# Growth\n\nHow fast does it grow?"),
    ("code", "import math"),
    ("code", "points = [(x / 10, 3 * x / 10 + math.sin(x)) for x in range(20)]"),
    ("code", "sorted(points)[:3]"),
    ("code", "epochs = 20\nrate = 0.05"),
    ("code", LINE),
    ("code", "line = Line()\nline.fit(points, epochs, rate)"),
    ("code", "mse = sum((line.predict(x) - y) ** 2 for x, y in points) / len(points)\nmse"),
    ("code", "for x, _ in points[:3]:\n    print('*' * int(line.predict(x)))"),
)
"""A data scientist's notebook: cells 1, 2, 4, 5 and 6 train, 7 measures, 3 explores and 8 draws."""
TRAINING, MEASURING = [1, 2, 4, 5, 6], [7]
EPOCHS, PROSE, EXPLORING, TRAINS, DRAWING = 4, 0, 3, 6, 8


def growth(changes: Mapping[int, str] | None = None, *, before: str = "", **more: Any) -> bytes:
    """Return the notebook of `CELLS` with other sources in some cells; *before* is put in front of the training."""
    cells = [(kind, (changes or {}).get(index, source)) for index, (kind, source) in enumerate(CELLS)]
    if before:
        cells[TRAINS] = ("code", f"{before}\n{cells[TRAINS][1]}")
    return notebook(cells, **more)


def notebook(
    cells: Sequence[tuple[str, str]], *, language: str = "python", printed: Mapping[int, str] | None = None
) -> bytes:
    """Return a notebook of *cells*, each a kind and a source; *printed* is what cells printed when they last ran."""
    document = {
        "cells": [_cell(index, kind, source, (printed or {}).get(index)) for index, (kind, source) in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": language, "language": language, "name": language},
            "language_info": {"name": language},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def counting(path: Path) -> str:
    """Return a line of code that adds a line to the file at *path*: it tells how often a cell was run."""
    return f"print('run', file=open({str(path)!r}, 'a'))"


def count(path: Path) -> int:
    """Return how often a cell that counts was run."""
    return len(path.read_text().splitlines()) if path.exists() else 0


def _cell(index: int, kind: str, source: str, printed: str | None) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"c{index}", "metadata": {}, "source": source}
    if kind == "code":
        shown = [] if printed is None else [{"output_type": "stream", "name": "stdout", "text": printed}]
        cell |= {"execution_count": None, "outputs": shown}
    return cell
