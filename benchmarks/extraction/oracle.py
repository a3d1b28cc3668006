"""The executed check: a slice alone must leave behind what the whole notebook before its target leaves behind."""

from __future__ import annotations

import argparse
import statistics
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from alekseylearn.bundle import RESEED
from alekseylearn.knowledge import Rules
from alekseylearn.magics import translate
from alekseylearn.notebook import Notebook
from alekseylearn.pruning import prune
from alekseylearn.targets import Target, find_targets
from benchmarks.extraction.cases import CORPUS, FRAGMENTS, read_cases
from benchmarks.extraction.environments import BUILD, GALLERY, Environment, environment_for
from benchmarks.extraction.gallery import EXAMPLES, by_statement, read_gallery
from benchmarks.extraction.running import LIMIT, Outcome, Runner, Seen, Step

RESULTS = Path(__file__).parent / "results"

Verdict = Literal[
    "identical",
    "nondeterministic",
    "prefix fails",
    "time-out",
    "missing name",
    "slice fails",
    "random order",
    "differs",
]
UNCHECKED: tuple[Verdict, ...] = ("nondeterministic", "prefix fails", "time-out")
"""What says nothing about the slice: the notebook itself does not run, or not twice the same."""

Program = Mapping[int, Step]
"""What runs, by the number of the cell."""
Slicer = Callable[[Notebook, Target], Program | None]
"""Returns what to run for one target, the target's own cell with it; None when it cannot tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A notebook to be checked; `name` tells it from all others."""

    name: str
    notebook: Notebook
    environment: Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came out for one target; `before` and `kept` count the code cells before it."""

    notebook: str
    cell: int
    kind: str
    verdict: Verdict
    before: int
    kept: int
    whole_seconds: float
    slice_seconds: float
    detail: str = ""

    @property
    def ratio(self) -> float | None:
        """The share of the preceding code cells that is kept; None when there are none."""
        return self.kept / self.before if self.before else None


def own_slicer(notebook: Notebook, target: Target) -> Program:
    """Cut with alekseylearn: the kept cells as they would be trained."""
    pruned, cut = prune(notebook, (target,))
    steps, kept = steps_of(pruned), {reason.cell for reason in cut.kept}
    return {cell: step for cell, step in steps.items() if cell in kept}


def reseeding_slicer(notebook: Notebook, target: Target) -> Program:
    """Cut with alekseylearn as `random: reseed` does: every generator is seeded anew before each kept cell."""
    pruned, cut = prune(notebook, (target,), Rules(random="reseed"))
    steps, kept = steps_of(pruned), {reason.cell for reason in cut.kept}
    return {cell: _seeded(step) for cell, step in steps.items() if cell in kept}


def _seeded(step: Step) -> Step:
    if "__future__" in step.code:
        return step
    # Among names of its own, which are no business of the comparison.
    seeds = RESEED.format(seed=zlib.crc32(step.code.encode()))
    return replace(step, code=f"exec({seeds!r}, {{}})\n{step.code}")


SLICERS: Mapping[str, Slicer] = {"strict": own_slicer, "reseed": reseeding_slicer}


class Oracle:
    """Checks subjects in one environment; the whole and the slice see sets in different orders."""

    def __init__(self, environment: Environment, *, limit: float = LIMIT, folder: Path = BUILD) -> None:
        self._first = Runner(environment, hash_seed=0, limit=limit, folder=folder)
        self._second = Runner(environment, hash_seed=1, limit=limit, folder=folder)

    def close(self) -> None:
        """End the servers."""
        self._first.close()
        self._second.close()

    @property
    def runs(self) -> int:
        """How many programs were really run."""
        return self._first.runs + self._second.runs

    def check(self, subject: Subject, targets: Sequence[Target], slicer: Slicer = own_slicer) -> Iterator[Row]:
        """Run the notebook of *subject* whole, then what *slicer* keeps for each of *targets*, and compare."""
        steps = steps_of(subject.notebook)
        wanted = [target for target in targets if target.cell in steps]
        if not wanted:
            return
        cuts: dict[int, Program] = {}
        for target in wanted:
            cut = slicer(subject.notebook, target)
            if cut is not None and target.cell in cut:
                cuts[target.cell] = {cell: step for cell, step in cut.items() if cell <= target.cell}
        last = max(target.cell for target in wanted)
        before = {cell: step for cell, step in steps.items() if cell <= last}
        program = _watched(before, {target.cell for target in wanted})
        whole = self._first.run(subject.name, program)
        slices = self._slices(subject, {cell: cut for cell, cut in cuts.items() if cell in whole.seen})
        for target in wanted:
            if target.cell in cuts:
                one = _Comparison(self, subject, program, target, slicer, whole, slices.get(target.cell))
                yield one.row(before=sum(cell < target.cell for cell in steps), kept=len(cuts[target.cell]) - 1)

    def again(self, subject: Subject, program: tuple[Step, ...], *, seed: int = 0, turn: int = 0) -> Outcome:
        """Run *program* once more, with another order of sets."""
        return self._second.run(subject.name, program, seed=seed, turn=turn)

    def _slices(self, subject: Subject, cuts: Mapping[int, Program]) -> dict[int, Outcome]:
        """Run each slice; one that is the beginning of another is seen on the way."""
        found: dict[int, Outcome] = {}
        for cell in sorted(cuts, reverse=True):
            if cell in found:
                continue
            cut = cuts[cell]
            watched = {c for c in cuts if cuts[c] == {kept: step for kept, step in cut.items() if kept <= c}}
            outcome = self._second.run(subject.name, _watched(cut, watched))
            found |= dict.fromkeys((c for c in watched if c not in found), outcome)
        return found


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The whole and the slice for one target."""

    oracle: Oracle
    subject: Subject
    program: tuple[Step, ...]
    target: Target
    slicer: Slicer
    whole: Outcome
    cut: Outcome | None

    def row(self, *, before: int, kept: int) -> Row:
        """Compare; what is different is looked into with another run of the whole."""
        verdict, detail = self._verdict()
        seen = self.cut.seen.get(self.target.cell) if self.cut is not None else None
        whole = self.whole.seen.get(self.target.cell)
        return Row(
            notebook=self.subject.name,
            cell=self.target.cell,
            kind=self.target.kind,
            verdict=verdict,
            before=before,
            kept=kept,
            whole_seconds=whole.seconds if whole else self.whole.seconds,
            slice_seconds=seen.seconds if seen else 0.0,
            detail=detail,
        )

    def _verdict(self) -> tuple[Verdict, str]:
        first = self.whole.seen.get(self.target.cell)
        if first is None or self.cut is None:
            return ("time-out" if self.whole.ended == "time-out" else "prefix fails"), _told(self.whole)
        found = self.cut.seen.get(self.target.cell)
        if found is not None and not differing(first, found):
            return "identical", ""
        again = self.oracle.again(self.subject, self.program).seen.get(self.target.cell)
        if again is None:
            return "nondeterministic", "the second run of the whole ended before"
        if found is not None:
            return self._differs(first, again, found)
        if self.cut.ended == "time-out":
            return "time-out", "the slice alone"
        missing = self.cut.what.startswith(("NameError", "UnboundLocalError"))
        return ("missing name" if missing else "slice fails"), _told(self.cut)

    def _differs(self, first: Seen, again: Seen, found: Seen) -> tuple[Verdict, str]:
        """Tell what the slice changes from what changes from run to run."""
        if not differing(again, found):
            return "identical", "depends on the order of sets"
        unsteady = sorted({*differing(first, again), *self._unsteady(again, found)})
        changed = [name for name in differing(again, found) if name not in unsteady]
        if not changed:
            clocks = all(again.names.get(name, "float:").startswith(("float:", "int:")) for name in unsteady)
            names = " ".join(unsteady)
            return ("identical", f"but for the clock in {names}") if clocks else ("nondeterministic", names)
        if again.random != found.random:
            other = self.oracle.again(self.subject, self.program, seed=1).seen.get(self.target.cell)
            own = other is not None and not differing(again, other)
            return "random order", f"{'seeded by the notebook' if own else 'seeded by nobody'}: {' '.join(changed)}"
        return "differs", " ".join(changed)

    def _unsteady(self, again: Seen, found: Seen) -> set[str]:
        """Name what a program does not leave the same although nothing is other: sums depend on where arrays lie."""
        cut = _watched(self.slicer(self.subject.notebook, self.target) or {}, {self.target.cell})
        names: set[str] = set()
        for program, seen in ((self.program, again), (cut, found)):
            for turn in (1, 2):
                other = self.oracle.again(self.subject, program, turn=turn).seen.get(self.target.cell)
                names.update(differing(seen, other) if other is not None else ())
        return names


def differing(one: Seen, other: Seen) -> list[str]:
    """Name what the two do not agree on; figures and modules are no matter."""
    names = sorted({*one.names, *other.names})
    return [
        name
        for name in names
        if one.names.get(name) != other.names.get(name)
        and not {one.names.get(name, ""), other.names.get(name, "")} & {"shown:", "module:"}
    ]


def steps_of(notebook: Notebook) -> dict[int, Step]:
    """Return the code cells of *notebook* that are not skipped, as plain Python, by number."""
    counts = {cell.index: count for count, cell in enumerate(notebook.code_cells, 1)}
    return {
        cell.index: Step(
            number=cell.index, code=translate(cell.source).code, count=cell.execution_count or counts[cell.index]
        )
        for cell in notebook.code_cells
        if "skip" not in cell.marks
    }


def _watched(program: Program, watched: AbstractSet[int]) -> tuple[Step, ...]:
    return tuple(replace(step, watch=cell in watched) for cell, step in sorted(program.items()))


def _told(outcome: Outcome) -> str:
    where = f"cell {outcome.step}: " if outcome.step is not None else ""
    return f"{where}{outcome.what or outcome.ended}".replace("\n", " ").replace("\t", " ")[:160]


# -- what is checked ------------------------------------------------------------------------------------------------


def subjects(which: str, only: str = "", examples: Path = EXAMPLES) -> Iterator[Subject]:
    """Return the notebooks of one collection: `gallery` and `statements` (the gallery's), `corpus` or `fragments`."""
    if which in ("gallery", "statements"):
        for case in read_gallery(examples):
            if only in case.name:
                view = by_statement(case) if which == "statements" else case
                yield Subject(name=case.name, notebook=view.notebook, environment=GALLERY)
        return
    for case in read_cases(CORPUS if which == "corpus" else FRAGMENTS):
        if only in case.name:
            yield Subject(name=case.name, notebook=case.notebook, environment=environment_for(case.needs))


def check_all(
    found: Iterable[Subject], *, jobs: int = 1, limit: float = LIMIT, slicer: Slicer = own_slicer
) -> list[Row]:
    """Check all targets of *found*, *jobs* notebooks at once; say on the way which is done."""
    groups: dict[str, list[Subject]] = {}
    for subject in found:
        groups.setdefault(subject.environment.name, []).append(subject)
    rows: list[Row] = []
    for group in groups.values():
        parts = [group[number::jobs] for number in range(jobs)]
        with ThreadPoolExecutor(jobs) as pool:
            for part in pool.map(lambda part: _check(part, limit, slicer), parts):
                rows += part
    return sorted(rows, key=lambda row: (row.notebook, row.cell))


def _check(part: Sequence[Subject], limit: float, slicer: Slicer) -> list[Row]:
    rows: list[Row] = []
    if not part:
        return rows
    oracle = Oracle(part[0].environment, limit=limit)
    try:
        for subject in part:
            made = list(oracle.check(subject, find_targets(subject.notebook), slicer))
            rows += made
            words = ", ".join(f"{row.cell} {row.verdict}" for row in made)
            print(f"  {subject.name}: {words or 'no target'}", file=sys.stderr, flush=True)
    finally:
        oracle.close()
    return rows


# -- telling --------------------------------------------------------------------------------------------------------

_HEAD = ["notebook", "cell", "kind", "verdict", "before", "kept", "ratio", "whole_seconds", "slice_seconds", "detail"]


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write *rows* as a table with tabs."""
    lines = ["\t".join(_HEAD)]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
        seconds = (f"{row.whole_seconds:.2f}", f"{row.slice_seconds:.2f}")
        cells = (row.notebook, str(row.cell), row.kind, row.verdict, str(row.before), str(row.kept), ratio, *seconds)
        lines.append("\t".join((*cells, row.detail)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def summary(rows: Sequence[Row]) -> str:
    """Say how many targets came out the same, how small the slices are and how much faster they run."""
    checked = [row for row in rows if row.verdict not in UNCHECKED]
    same = [row for row in checked if row.verdict == "identical"]
    ratios = [row.ratio for row in rows if row.ratio is not None]
    share = f"{len(same) / len(checked):.1%}" if checked else "-"
    ratio = f"{statistics.mean(ratios):.3f}" if ratios else "-"
    whole = sum(row.whole_seconds for row in same)
    spent = f"{sum(row.slice_seconds for row in same) / whole:.2f}" if whole else "-"
    return (
        f"{len(rows)} targets in {len({row.notebook for row in rows})} notebooks, {len(checked)} deterministic, "
        f"{len(same)} identical ({share}), mean slice {ratio} of the preceding cells, run time {spent}"
    )


def misses(rows: Sequence[Row]) -> list[str]:
    """Name every target that did not come out the same, those that say nothing about the slice last."""
    lost = sorted((row for row in rows if row.verdict != "identical"), key=lambda row: row.verdict in UNCHECKED)
    return [f"  {row.verdict:<17} {row.notebook} cell {row.cell} ({row.kind}): {row.detail}" for row in lost]


def main(arguments: list[str]) -> int:
    """Check the collections asked for (all, without one) and write their results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction oracle", description=__doc__)
    for word in ("gallery", "corpus", "fragments"):
        parser.add_argument(f"--{word}", action="store_true")
    parser.add_argument(
        "--only", default="", metavar="NAME", help="notebooks with NAME in their name; writes no results"
    )
    parser.add_argument("--examples", type=Path, default=EXAMPLES, metavar="FOLDER", help="where the gallery lies")
    parser.add_argument(
        "--random",
        choices=tuple(SLICERS),
        default="strict",
        help="how slices treat draws; only `strict` writes results",
    )
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--limit", type=float, default=LIMIT, metavar="SECONDS", help="CPU seconds of one run")
    asked = parser.parse_args(arguments)
    chosen = [word for word in ("gallery", "corpus", "fragments") if getattr(asked, word)] or None
    views = [view for word in chosen or ("gallery", "corpus", "fragments") for view in _views(word)]
    failed = False
    for view in views:
        found = subjects(view, asked.only, asked.examples)
        rows = check_all(found, jobs=asked.jobs, limit=asked.limit, slicer=SLICERS[asked.random])
        if not asked.only and asked.random == "strict" and rows:
            write_rows(RESULTS / f"{view}.tsv", rows)
        print(f"{view}: {summary(rows)}")
        print("\n".join(misses(rows)))
        failed |= any(row.verdict not in ("identical", *UNCHECKED) for row in rows)
    return int(failed)


def _views(word: str) -> tuple[str, ...]:
    return ("statements", "gallery") if word == "gallery" else (word,)
