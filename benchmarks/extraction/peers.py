"""The slices that other tools' analysis would give, beside ours: on the fragments, the corpus and the gallery."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from alekseylearn.magics import translate
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.pruning import prune
from alekseylearn.targets import Target, find_targets
from benchmarks.extraction.cases import CORPUS, FRAGMENTS, read_cases
from benchmarks.extraction.peering.environment import Worker, gather, python_tools
from benchmarks.extraction.peering.tools import TOOLS

if TYPE_CHECKING:
    from benchmarks.extraction.compared import Tally
    from benchmarks.extraction.oracle import Subject

    Question = tuple[Subject, Sequence[Target]]

OURS = "alekseylearn"
RESULT = Path(__file__).parent / "results" / "peers.tsv"

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


def main(arguments: list[str]) -> int:
    """Print one line for each tool, and write every executed verdict."""
    from benchmarks.extraction import compared

    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction peers", description=__doc__)
    parser.add_argument("--execute", action="store_true", help="run the slices too (long; what ran before is known)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of the gallery take every Nth example only")
    parser.add_argument("--only", default="", metavar="NAME", help="notebooks with NAME in their name")
    asked = parser.parse_args(arguments)
    written: list[str] = []
    with peers() as found:
        fragments = [case for case in read_cases(FRAGMENTS) if asked.only in case.name]
        print(f"{len(fragments)} fragments{'':<18} {'sound':>6} {'exact':>6}")
        for peer in found:
            verdicts = [compared.on_fragment(peer, case) for case in fragments]
            print(f"{peer.name:<30} {sum(v.sound for v in verdicts):>6} {sum(v.exact for v in verdicts):>6}")
        for name, questions in _collections(asked.only, asked.every):
            tallies = {peer.name: compared.Tally() for peer in found}
            for subject, targets in questions:
                for peer in found:
                    compared.measure(peer, subject, targets, tallies[peer.name])
                if asked.execute and targets and subject.environment.exists:
                    compared.execute(found, subject, targets, tallies)
            show(name, tallies)
            written += compared.rows(name, tallies)
    if asked.execute and not asked.only:
        RESULT.write_text("\n".join(["collection\ttool\tnotebook\tcell\tverdict", *written]) + "\n", encoding="utf-8")
    return 0


def _collections(only: str, every: int) -> Iterator[tuple[str, list[Question]]]:
    """Return the corpus with the targets that people marked, and the gallery's statements with those that are found."""
    from benchmarks.extraction.compared import labelled_targets
    from benchmarks.extraction.oracle import subjects

    labels = {case.name: labelled_targets(case) for case in read_cases(CORPUS)}
    yield "the corpus", [(subject, labels[subject.name]) for subject in subjects("corpus", only)]
    statements = list(subjects("statements", only))[::every]
    yield "the gallery by statement", [(subject, find_targets(subject.notebook)) for subject in statements]


def show(name: str, tallies: Mapping[str, Tally]) -> None:
    """Print one line for each tool: how much it keeps and, of the deterministic targets executed, how many agree."""
    from benchmarks.extraction.compared import deterministic

    judged = deterministic(tallies.values())
    print(f"\n{name:<30} {'kept':>6} {'refused':>8} {f'identical of {len(judged)}':>18}")
    for tool, tally in tallies.items():
        same = sum(tally.verdicts.get(target) == "identical" for target in judged)
        told = f"{same} ({same / len(judged):.1%})" if judged else "not executed"
        print(f"{tool:<30} {tally.share:>6.3f} {len(tally.refused):>8} {told:>18}")
