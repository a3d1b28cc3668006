"""How small could a slice be? Kept cells are left out one after the other: who is not missed was kept for nothing."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alekseylearn.notebook import Notebook
from alekseylearn.pruning import prune
from alekseylearn.targets import Target, find_targets
from benchmarks.extraction.environments import Environment
from benchmarks.extraction.oracle import Program, Subject, differing, own_slicer, steps_of, subjects
from benchmarks.extraction.running import Runner, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """The slice for one target, and what is left of it: `before` counts the code cells, `cells` all cells before it.

    `needless` are the kept cells that nobody missed, with the reason why they were kept.
    """

    notebook: str
    target: int
    cells: int
    before: int
    kept: int
    needless: Mapping[int, str]


def minimum(subject: Subject, target: Target, runner: Runner) -> Minimum | None:
    """Leave out what the slice for *target* can do without; None where the slice alone does not run."""
    program = dict(own_slicer(subject.notebook, target))
    wanted = _seen(subject, program, target, runner)
    if wanted is None:
        return None
    kept, needless = len(program) - 1, list[int]()
    for cell in sorted(program.keys() - {target.cell}, reverse=True):
        without = {number: step for number, step in program.items() if number != cell}
        found = _seen(subject, without, target, runner)
        if found is not None and not differing(wanted, found):
            program = without
            needless.append(cell)
    reasons = {reason.cell: reason.reason for reason in prune(subject.notebook, (target,))[1].kept}
    return Minimum(
        notebook=subject.name,
        target=target.cell,
        cells=target.cell,
        before=sum(cell < target.cell for cell in steps_of(subject.notebook)),
        kept=kept,
        needless={cell: reasons[cell] for cell in sorted(needless)},
    )


def _seen(subject: Subject, program: Program, target: Target, runner: Runner) -> Seen | None:
    steps = tuple(
        replace(step, watch=number == target.cell) for number, step in sorted(program.items()) if number <= target.cell
    )
    return runner.run(subject.name, steps).seen.get(target.cell)


def main(arguments: list[str]) -> int:
    """Print what is left of the slice of the last training cell of each notebook."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction minimal", description=__doc__)
    parser.add_argument("collection", nargs="?", choices=("corpus", "gallery", "statements"), default="corpus")
    parser.add_argument("--only", default="", metavar="NAME", help="notebooks with NAME in their name")
    asked = parser.parse_args(arguments)
    runners: dict[str, Runner] = {}
    found: list[Minimum] = []
    for subject in subjects(asked.collection, asked.only):
        target = _last(subject.notebook)
        if target is None:
            continue
        made = minimum(subject, target, _runner(runners, subject.environment))
        if made is not None:
            found.append(made)
            print(_line(made), flush=True)
    for runner in runners.values():
        runner.close()
    print(_summary(found))
    return 0


def _last(notebook: Notebook) -> Target | None:
    return next((target for target in reversed(find_targets(notebook)) if target.kind == "train"), None)


def _runner(runners: dict[str, Runner], environment: Environment) -> Runner:
    if environment.name not in runners:
        runners[environment.name] = Runner(environment, hash_seed=1)
    return runners[environment.name]


def _line(found: Minimum) -> str:
    least = found.kept - len(found.needless)
    told = "; ".join(f"{cell} {reason}" for cell, reason in found.needless.items())
    return f"{found.notebook} {found.target}: {found.before} before, {found.kept} kept, {least} needed  {told}"


def _summary(found: Sequence[Minimum]) -> str:
    cut = [one for one in found if one.before]
    if not cut:
        return "nothing could be checked"
    kept = statistics.mean(one.kept / one.before for one in cut)
    least = statistics.mean((one.kept - len(one.needless)) / one.before for one in cut)
    every = statistics.mean(one.kept / one.cells for one in cut)
    return (
        f"{len(cut)} targets: {kept:.3f} of the code cells before are kept ({every:.3f} of all cells), "
        f"{least:.3f} would do"
    )
