"""What a tool's slices are worth: expectations of the fragments, the share of cells kept, and the executed check."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from alekseylearn.notebook import Notebook
from alekseylearn.targets import Target, TargetKind
from benchmarks.extraction.cases import Case
from benchmarks.extraction.oracle import UNCHECKED, Oracle, Program, Slicer, Subject, own_slicer, steps_of
from benchmarks.extraction.peering.registry import OURS, Peer, sources, whole_prefix


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a slice of a fragment is worth: nothing needed is lost; and nothing is kept that should go."""

    sound: bool
    exact: bool


def labelled_targets(case: Case) -> tuple[Target, ...]:
    """Return the cells of *case* that a person marked as targets."""
    found = []
    for number, cell in enumerate(case.cells):
        marks = {cell.label, *(cell.word("tags") or "").split(",")}
        if marks & {"train", "metrics"}:
            kind: TargetKind = "train" if "train" in marks else "metrics"
            found.append(Target(cell=number, id=f"cell-{number}", kind=kind, reason="labelled"))
    return tuple(found)


def on_fragment(peer: Peer, case: Case) -> Verdict:
    """Judge the slice of *peer* for all targets of a fragment together; who refuses is not sound."""
    cells = sources(case.notebook)
    parts = [peer.kept(cells, target.cell) for target in labelled_targets(case)]
    answers = [part for part in parts if part is not None]
    kept = frozenset[int]().union(*answers)
    keep = {number for number, cell in enumerate(case.cells) if "keep" in cell.words}
    drop = {number for number, cell in enumerate(case.cells) if "drop" in cell.words}
    sound = len(answers) == len(parts) and keep <= kept
    return Verdict(sound=sound, exact=sound and not drop & kept)


@dataclass(slots=True)
class Tally:
    """What one tool did on the targets of a collection; a target is named by its notebook and its cell."""

    shares: list[float] = field(default_factory=list)
    refused: set[tuple[str, int]] = field(default_factory=set)
    verdicts: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The mean share of the code cells before a target that is kept, where the tool answered."""
        return statistics.fmean(self.shares) if self.shares else 1.0


def share(cells: Sequence[str], target: int, kept: Iterable[int]) -> float | None:
    """Return the share of the code cells before *target* that is kept; None when there is none."""
    before = whole_prefix(cells, target) - {target}
    return len(before & frozenset(kept)) / len(before) if before else None


def measure(peer: Peer, subject: Subject, targets: Iterable[Target], tally: Tally) -> None:
    """Add to *tally* how much of *subject* is kept for each target."""
    cells = sources(subject.notebook)
    for target in targets:
        kept = peer.kept(cells, target.cell)
        if kept is None:
            tally.refused.add((subject.name, target.cell))
        elif (part := share(cells, target.cell, kept)) is not None:
            tally.shares.append(part)


def run_slices(found: Sequence[Peer], subject: Subject, targets: Sequence[Target], tallies: dict[str, Tally]) -> None:
    """Run the slices of every tool beside the whole of *subject*, and note what came out."""
    oracle = Oracle(subject.environment)
    try:
        for peer in found:
            for row in oracle.check(subject, targets, slicer_of(peer)):
                tallies[peer.name].verdicts[subject.name, row.cell] = row.verdict
    finally:
        oracle.close()
    print(f"  {subject.name}: {len(targets)} targets executed", file=sys.stderr, flush=True)


def slicer_of(peer: Peer) -> Slicer:
    """Return what the oracle runs for *peer*; ours is what would be trained."""
    if peer.name == OURS:
        return own_slicer

    def cut(notebook: Notebook, target: Target) -> Program | None:
        kept = peer.kept(sources(notebook), target.cell)
        return None if kept is None else {cell: step for cell, step in steps_of(notebook).items() if cell in kept}

    return cut


def deterministic(tallies: Iterable[Tally]) -> set[tuple[str, int]]:
    """Return the executed targets about which no tool's run says that they cannot be judged."""
    verdicts = [(target, verdict) for tally in tallies for target, verdict in tally.verdicts.items()]
    return {target for target, _ in verdicts} - {target for target, verdict in verdicts if verdict in UNCHECKED}
