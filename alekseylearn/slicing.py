"""The backward slice: the cells that training needs, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from alekseylearn.notebook import Notebook
from alekseylearn.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReason:
    """Why one cell is kept or dropped."""

    cell: int
    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Cell `target` uses `name` as cell `source` left it."""

    source: int
    target: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The cells of one notebook that its targets need; `kept` and `dropped` together are all its cells."""

    notebook: str
    targets: tuple[Target, ...]
    kept: tuple[CellReason, ...]
    dropped: tuple[CellReason, ...]
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    whole_prefix: bool = False
    edges: tuple[Edge, ...] = ()


def backward_slice(notebook: Notebook, targets: tuple[Target, ...]) -> Slice:
    """Find the cells that *targets* need, by what the cells define, use and change."""
    wanted = {target.cell: target for target in targets}
    last = max(wanted, default=-1)
    kept, dropped = [], []
    for cell in notebook.cells:
        if cell.kind != "code":
            dropped.append(CellReason(cell=cell.index, id=cell.id, reason="text"))
        elif cell.index > last or "skip" in cell.marks:
            dropped.append(CellReason(cell=cell.index, id=cell.id, reason="comes after training"))
        else:
            target = wanted.get(cell.index)
            reason = target.reason if target else "comes before training"
            kept.append(CellReason(cell=cell.index, id=cell.id, reason=reason))
    return Slice(
        notebook=notebook.path, targets=targets, kept=tuple(kept), dropped=tuple(dropped), whole_prefix=bool(kept)
    )
