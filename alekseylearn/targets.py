"""Which cells train: marks first, else what the code itself shows."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from alekseylearn.notebook import Cell, Notebook

TargetKind = Literal["train", "metrics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cell whose result is wanted: it trains, or it measures what was trained."""

    cell: int
    id: str
    kind: TargetKind
    reason: str


def find_targets(notebook: Notebook) -> tuple[Target, ...]:
    """Find the cells of *notebook* that train and those that measure what was trained, in order."""
    return tuple(
        Target(cell=cell.index, id=cell.id, kind="train", reason="trains: calls `.fit`")
        for cell in notebook.code_cells
        if "skip" not in cell.marks and _fits(cell)
    )


def _fits(cell: Cell) -> bool:
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return ".fit(" in cell.source
    return any(isinstance(node, ast.Attribute) and node.attr == "fit" for node in ast.walk(tree))
