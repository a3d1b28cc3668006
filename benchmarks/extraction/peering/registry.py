"""The tools that are compared: each slices a notebook's cells back from one target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from alekseylearn.magics import translate
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.pruning import prune
from alekseylearn.targets import Target
from benchmarks.extraction.peering.environment import Worker, gather, python_tools
from benchmarks.extraction.peering.tools import TOOLS

OURS = "alekseylearn"

Kept = Callable[[Sequence[str], int], frozenset[int] | None]


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool that slices: `kept(cells, target)` are the cells that it keeps, the target among them; None: it refused.

    Cells are the sources of code cells, magics and all; `''` stands for a cell that is no code.
    """

    name: str
    kept: Kept


@contextmanager
def peers() -> Iterator[tuple[Peer, ...]]:
    """Yield ours, the others that can run here, and the whole prefix; the others are installed the first time."""
    python = Worker(python_tools())
    command = gather()
    node = Worker(command) if command else None
    try:
        yield (
            Peer(OURS, ours),
            *(Peer(tool, partial(_asked, python, tool)) for tool in TOOLS),
            *([Peer("gather", partial(_asked, node, "gather"))] if node else []),
            Peer("the whole prefix", whole_prefix),
        )
    finally:
        for worker in (python, node):
            if worker:
                worker.close()


def ours(cells: Sequence[str], target: int) -> frozenset[int]:
    """Slice with alekseylearn, for one target."""
    made = tuple(Cell(index=index, id=f"cell-{index}", kind="code", source=cell) for index, cell in enumerate(cells))
    wanted = Target(cell=target, id=f"cell-{target}", kind="train", reason="asked for")
    _, cut = prune(Notebook(path="n.ipynb", cells=made), (wanted,))
    return frozenset(cell.cell for cell in cut.kept)


def whole_prefix(cells: Sequence[str], target: int) -> frozenset[int]:
    """Keep every cell that is not empty."""
    return frozenset(index for index in range(target + 1) if cells[index].strip())


def _asked(worker: Worker, tool: str, cells: Sequence[str], target: int) -> frozenset[int] | None:
    return worker.ask(tool, [translate(cell).code for cell in cells[: target + 1]], target)


def sources(notebook: Notebook) -> list[str]:
    """Return the cells of *notebook* as peers read them."""
    return [cell.source if cell.kind == "code" else "" for cell in notebook.cells]
