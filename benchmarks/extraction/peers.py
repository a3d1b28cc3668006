"""The slices that other tools' analysis would give, beside ours: on the fragments, the corpus and the gallery."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from alekseylearn.magics import translate
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.slicing import backward_slice
from alekseylearn.targets import Target
from benchmarks.extraction.cases import CORPUS, FRAGMENTS, Case, read_cases
from benchmarks.extraction.peering.environment import Worker, gather, python_tools
from benchmarks.extraction.peering.tools import TOOLS

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
            Peer("alekseylearn", ours),
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
    return frozenset(cell.cell for cell in backward_slice(Notebook(path="n.ipynb", cells=made), (wanted,)).kept)


def whole_prefix(cells: Sequence[str], target: int) -> frozenset[int]:
    """Keep every cell that is not empty."""
    return frozenset(index for index in range(target + 1) if cells[index].strip())


def _asked(worker: Worker, tool: str, cells: Sequence[str], target: int) -> frozenset[int] | None:
    return worker.ask(tool, [translate(cell).code for cell in cells[: target + 1]], target)


def sources(notebook: Notebook) -> list[str]:
    """Return the cells of *notebook* as peers read them."""
    return [cell.source if cell.kind == "code" else "" for cell in notebook.cells]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a slice of a fragment is worth: nothing needed is lost; and nothing is kept that should go."""

    sound: bool
    exact: bool


def labelled_targets(case: Case) -> list[int]:
    """Return the cells of *case* that a person marked as targets."""
    marked = {"train", "metrics"}
    return [
        number
        for number, cell in enumerate(case.cells)
        if cell.label in marked or marked & set((cell.word("tags") or "").split(","))
    ]


def on_fragment(peer: Peer, case: Case) -> Verdict:
    """Judge the slice of *peer* for all targets of a fragment together; who refuses is not sound."""
    cells = sources(case.notebook)
    parts = [peer.kept(cells, target) for target in labelled_targets(case)]
    answers = [part for part in parts if part is not None]
    kept = frozenset[int]().union(*answers)
    keep = {number for number, cell in enumerate(case.cells) if "keep" in cell.words}
    drop = {number for number, cell in enumerate(case.cells) if "drop" in cell.words}
    sound = len(answers) == len(parts) and keep <= kept
    return Verdict(sound=sound, exact=sound and not drop & kept)


def share(cells: Sequence[str], target: int, kept: Iterable[int]) -> float | None:
    """Return the share of the code cells before *target* that is kept; None when there is none."""
    before = whole_prefix(cells, target) - {target}
    return len(before & frozenset(kept)) / len(before) if before else None


def mean_share(peer: Peer, questions: Iterable[tuple[Sequence[str], int]]) -> tuple[float, int]:
    """Return the mean share of the cells before a target that *peer* keeps, and how many targets it refused."""
    shares: list[float] = []
    refused = 0
    for cells, target in questions:
        kept = peer.kept(cells, target)
        if kept is None:
            refused += 1
        elif (kept_share := share(cells, target, kept)) is not None:
            shares.append(kept_share)
    return (statistics.fmean(shares) if shares else 1.0), refused


def main(arguments: list[str]) -> int:
    """Print one line for each tool."""
    parser = argparse.ArgumentParser(prog="peers", description=__doc__)
    parser.parse_args(arguments)
    fragments = list(read_cases(FRAGMENTS))
    corpus = [(sources(case.notebook), target) for case in read_cases(CORPUS) for target in labelled_targets(case)]
    print(f"{len(fragments)} fragments; {len(corpus)} targets of the corpus")
    print(f"{'':<24} {'sound':>5} {'exact':>5}  {'corpus: kept':>12} {'refused':>7}")
    with peers() as found:
        for peer in found:
            verdicts = [on_fragment(peer, case) for case in fragments]
            kept, refused = mean_share(peer, corpus)
            print(
                f"{peer.name:<24} {sum(v.sound for v in verdicts):>5} {sum(v.exact for v in verdicts):>5}  "
                f"{kept:>12.3f} {refused:>7}"
            )
    return 0
