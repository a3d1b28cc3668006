"""How well cells that train, and cells that measure, are found: precision and recall against labels made by hand."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alekseylearn.targets import find_targets
from benchmarks.extraction.cases import CORPUS, Case, read_cases

Label = Literal["train", "metrics", "neither"]

LABELS: tuple[Label, ...] = ("train", "metrics", "neither")
GOALS: Mapping[Label, tuple[float, float]] = {"train": (0.95, 0.98), "metrics": (0.95, 0.98)}
"""What the project promises itself: precision and recall."""

# What nearly every notebook imports says nothing about how it trains.
_EVERYWHERE = frozenset({"numpy", "pandas", "matplotlib", "seaborn", "scipy", "joblib", "tqdm", "pillow"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One code cell: what a person saw in it, what was found, and the reason that was given ('' for neither)."""

    case: str
    cell: int
    label: Label
    found: Label
    reason: str
    headline: str
    libraries: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How often one label was found: rightly, wrongly, and not at all."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """The share of the cells found that a person would name so too; 1 when none was found."""
        found = self.right + self.wrong
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        """The share of the cells that a person names so which were found; 1 when there are none."""
        there = self.right + self.missed
        return self.right / there if there else 1.0


def judge(case: Case) -> Iterator[Judged]:
    """Compare every code cell of *case* with its label."""
    targets = {target.cell: target for target in find_targets(case.notebook)}
    for cell in case.notebook.code_cells:
        target = targets.get(cell.index)
        yield Judged(
            case=case.name,
            cell=cell.index,
            label=_label(case.cells[cell.index].label),
            found=target.kind if target else "neither",
            reason=target.reason if target else "",
            headline=cell.headline,
            libraries=tuple(sorted(set(map(str.lower, case.needs)) - _EVERYWHERE)) or ("(none)",),
        )


def _label(word: str) -> Label:
    return next(label for label in LABELS if label == word)


def score(cells: Iterable[Judged], label: Label) -> Score:
    """Count how often *label* was found in *cells*."""
    pairs = [(cell.label == label, cell.found == label) for cell in cells]
    return Score(right=pairs.count((True, True)), wrong=pairs.count((False, True)), missed=pairs.count((True, False)))


def by_library(cells: Iterable[Judged]) -> dict[str, list[Judged]]:
    """Sort *cells* by the libraries that their notebooks need; a notebook of two libraries counts for both."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for cell in cells:
        for library in cell.libraries:
            found[library].append(cell)
    return dict(sorted(found.items()))


def show(cells: Sequence[Judged]) -> None:
    """Print the table: overall first, then each library."""
    heads = f"{'precision':>9} {'recall':>6}"
    print(f"{'':<24} {'cells':>5}  {'train':>5} {heads}  {'metrics':>7} {heads}")
    for name, group in {"all": cells, **by_library(cells)}.items():
        train, metrics = score(group, "train"), score(group, "metrics")
        print(
            f"{name:<24} {len(group):>5}  {train.right + train.missed:>5} {_figures(train)}  "
            f"{metrics.right + metrics.missed:>7} {_figures(metrics)}"
        )


def _figures(found: Score) -> str:
    return f"{found.precision:>9.3f} {found.recall:>6.3f}"


def show_misses(cells: Sequence[Judged]) -> None:
    """Print every cell that was taken for something else, with the reason given."""
    for cell in cells:
        if cell.label != cell.found:
            reason = f" ({cell.reason})" if cell.reason else ""
            print(f"{cell.case} [{cell.cell}] is {cell.label}, found {cell.found}{reason}: {cell.headline}")


def main(arguments: list[str]) -> int:
    """Print precision and recall; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="labels", description=__doc__)
    parser.add_argument("--misses", action="store_true", help="list every cell that was taken for something else")
    parser.add_argument("--folder", type=Path, default=CORPUS, help="where the labelled notebooks are")
    chosen = parser.parse_args(arguments)
    cases = list(read_cases(chosen.folder))
    cells = [cell for case in cases for cell in judge(case)]
    print(f"{len(cases)} notebooks, {len(cells)} code cells labelled by hand")
    show(cells)
    if chosen.misses:
        print()
        show_misses(cells)
    print()
    failed = False
    for label, (precision, recall) in GOALS.items():
        found = score(cells, label)
        failed = failed or found.precision < precision or found.recall < recall
        print(
            f"{label:<8} precision {found.precision:.3f} (goal {precision}, {found.wrong} wrong), "
            f"recall {found.recall:.3f} (goal {recall}, {found.missed} missed)"
        )
    return 1 if failed else 0
