"""Seeded edits of corpus notebooks: whatever changes the trained result must change the identity."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from alekseylearn.config import Config
from alekseylearn.notebook import Notebook
from alekseylearn.plan import Settings, TrainingJob, make_job
from alekseylearn.pruning import LEFT_OUT, prune
from alekseylearn.targets import Target, find_targets
from benchmarks.extraction.cases import CORPUS, Case, read_cases
from benchmarks.extraction.changes import Edit, random_edit
from benchmarks.extraction.environments import Environment, environment_for
from benchmarks.extraction.oracle import RESULTS, differing, steps_of
from benchmarks.extraction.running import LIMIT, Outcome, Runner, Step

Found = Literal["rightly skipped", "FALSE SKIP", "trained for a reason", "trained needlessly", "breaks elsewhere"]

_SLOWEST = 15.0
"""Seconds; notebooks that run longer are not edited."""
_TRIES = 50
"""Edits that come to nothing, or were made before, for each that is wanted."""


class NoFiles:
    """A repository that holds nothing beside the notebook."""

    def exists(self, path: str) -> bool:  # noqa: ARG002 - a tree's
        """Tell that there is no such file."""
        return False

    def read(self, path: str) -> bytes:
        """Raise, for there is nothing to read."""
        raise FileNotFoundError(path)

    def list(self, folder: str) -> tuple[str, ...]:  # noqa: ARG002 - a tree's
        """Return no files."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one edit did: to the identity, and to what the run leaves behind."""

    number: int
    notebook: str
    edit: Edit
    found: Found
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A notebook before its edits, as it was run; `unsteady` are names, by target, that no run leaves the same."""

    case: Case
    job: TrainingJob
    targets: tuple[Target, ...]
    outcome: Outcome
    unsteady: Mapping[int, frozenset[str]]

    @property
    def dropped(self) -> frozenset[int]:
        """The cells that training does not need."""
        return frozenset(range(len(self.case.cells))) - {kept.cell for kept in self.job.slice.kept}


def job_of(notebook: Notebook) -> TrainingJob | None:
    """Cut the job out of *notebook*, alone in its repository."""
    return make_job(notebook, Config(), NoFiles(), Settings(python="3.12"))


class Editor:
    """Edits the notebooks of one environment and runs them whole."""

    def __init__(self, environment: Environment, *, limit: float = LIMIT) -> None:
        self._first = Runner(environment, hash_seed=0, limit=limit)
        self._second = Runner(environment, hash_seed=1, limit=limit)

    def close(self) -> None:
        """End the servers."""
        self._first.close()
        self._second.close()

    def base(self, case: Case) -> Base | None:
        """Run *case* twice; None when nothing trains in it, or it does not run, or takes too long."""
        notebook = case.notebook
        job, targets = job_of(notebook), find_targets(notebook)
        if job is None:
            return None
        outcome = self._first.run(case.name, _whole(notebook, targets))
        if outcome.ended != "done" or outcome.seconds > _SLOWEST:
            return None
        again = self._second.run(case.name, _whole(notebook, targets))
        unsteady = {
            cell: frozenset(differing(outcome.seen[cell], again.seen[cell])) if cell in again.seen else frozenset()
            for cell in outcome.seen
        }
        return Base(case=case, job=job, targets=targets, outcome=outcome, unsteady=unsteady)

    def judge(self, base: Base, edit: Edit) -> tuple[Found, str]:
        """Tell what *edit* of *base* does to the identity and to the result."""
        notebook = edit.case.notebook
        job, targets = job_of(notebook), find_targets(notebook)
        program = _whole(notebook, targets)
        outcome = self._first.run(base.case.name, program)
        changed = _changed(base, targets, outcome)
        if job is None or job.digest != base.job.digest:
            return ("trained for a reason", changed) if changed else ("trained needlessly", "")
        if changed:
            # Sums depend on where arrays lie: what a program does not leave the same every time is no change.
            changed = _changed(self._repeated(base), targets, outcome)
        if changed:
            changed = min((_changed(base, targets, other) for other in self._turns(base, program)), key=len)
        if not changed:
            return "rightly skipped", ""
        kept = {reason.cell for reason in job.slice.kept}
        if outcome.step is not None and (
            outcome.step not in kept or _only_shows(base, notebook, targets, outcome.step)
        ):
            return "breaks elsewhere", changed
        return "FALSE SKIP", changed

    def _repeated(self, base: Base) -> Base:
        """Run *base* again and again, and leave out what changes."""
        unsteady = {cell: set(names) for cell, names in base.unsteady.items()}
        for other in self._turns(base, _whole(base.case.notebook, base.targets)):
            for cell, seen in other.seen.items():
                unsteady.setdefault(cell, set()).update(differing(base.outcome.seen[cell], seen))
        return replace(base, unsteady={cell: frozenset(names) for cell, names in unsteady.items()})

    def _turns(self, base: Base, program: tuple[Step, ...]) -> list[Outcome]:
        return [self._first.run(base.case.name, program, turn=turn) for turn in (1, 2)]


def _whole(notebook: Notebook, targets: Sequence[Target]) -> tuple[Step, ...]:
    """Return the program of all cells up to the last target, each target watched."""
    wanted = {target.cell for target in targets}
    return tuple(
        Step(number=step.number, code=step.code, count=step.count, watch=step.number in wanted)
        for step in steps_of(notebook).values()
        if step.number <= max(wanted, default=-1)
    )


def _only_shows(base: Base, notebook: Notebook, targets: tuple[Target, ...], cell: int) -> bool:
    """Tell whether a kept *cell* was edited only in lines that show something, and that training leaves out."""
    before = base.case.notebook.cells[cell].source.split("\n")
    trained = prune(notebook, targets)[0].cells[cell].source.split("\n")
    lines = zip(notebook.cells[cell].source.split("\n"), trained, strict=True)
    changed = [left for line, left in lines if line not in before]
    return bool(changed) and all(LEFT_OUT in left for left in changed)


def _changed(base: Base, targets: Sequence[Target], outcome: Outcome) -> str:
    """Say what is other than in *base*; '' when all targets leave the same behind. Targets are paired in order."""
    if len(targets) != len(base.targets):
        return f"{len(targets)} targets instead of {len(base.targets)}"
    for old, new in zip(base.targets, targets, strict=True):
        was, now = base.outcome.seen.get(old.cell), outcome.seen.get(new.cell)
        if was is None:
            continue
        if now is None:
            where = "" if outcome.step is None else f"cell {outcome.step}: "
            return f"{where}{outcome.what or outcome.ended}".replace("\n", " ").replace("\t", " ")[:120]
        names = [name for name in differing(was, now) if name not in base.unsteady.get(old.cell, frozenset())]
        if names:
            return f"cell {new.cell}: {' '.join(names[:6])}"
    return ""


def edited(bases: Sequence[Base], count: int, seed: int) -> Iterator[tuple[Base, Edit]]:
    """Make *count* different edits of *bases*, fewer where there are no more; the same for the same *seed*."""
    random = Random(seed)
    made: set[tuple[str, object]] = set()
    for _ in range(count * _TRIES):
        if len(made) == count:
            return
        base = random.choice(bases)
        edit = random_edit(random, base.case, base.dropped)
        if edit is not None and (base.case.name, edit.case.cells) not in made:
            made.add((base.case.name, edit.case.cells))
            yield base, edit


def main(arguments: list[str]) -> int:
    """Edit, cut, run, compare; fail when a changed result has an unchanged identity."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction edits", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument(
        "--only", default="", metavar="NAME", help="notebooks with NAME in their name; writes no results"
    )
    asked = parser.parse_args(arguments)
    editors: dict[str, Editor] = {}
    rows: list[Row] = []
    try:
        bases = list(_bases(editors, asked.only))
        for number, (base, edit) in enumerate(edited(bases, asked.count, asked.seed), 1):
            found, detail = editors[environment_for(base.case.needs).name].judge(base, edit)
            rows.append(Row(number=number, notebook=base.case.name, edit=edit, found=found, detail=detail))
            print(f"  {number} {_told(rows[-1])}", file=sys.stderr, flush=True)
    finally:
        for editor in editors.values():
            editor.close()
    if not asked.only:
        _write(rows, asked.seed)
    print(summary(rows))
    return int(any(row.found == "FALSE SKIP" for row in rows))


def _bases(editors: dict[str, Editor], only: str) -> Iterator[Base]:
    for case in read_cases(CORPUS):
        if only in case.name:
            environment = environment_for(case.needs)
            editor = editors.setdefault(environment.name, Editor(environment))
            base = editor.base(case)
            if base is not None:
                yield base


def _told(row: Row) -> str:
    return f"{row.found}: {row.notebook} cell {row.edit.cell}, {row.edit.kind}: {row.edit.what} [{row.detail}]"


def summary(rows: Sequence[Row]) -> str:
    """Count what the edits did, and name every false skip."""
    counts = Counter(row.found for row in rows)
    same = counts["rightly skipped"] + counts["trained needlessly"]
    needless = f"{counts['trained needlessly'] / same:.0%}" if same else "-"
    told = (
        f"{len(rows)} edits of {len({row.notebook for row in rows})} notebooks: {counts['FALSE SKIP']} false skips, "
        f"{counts['trained for a reason']} trained for a reason, {counts['rightly skipped']} rightly skipped, "
        f"{counts['trained needlessly']} trained needlessly ({needless} of the edits without a consequence), "
        f"{counts['breaks elsewhere']} break what training does not need"
    )
    return "\n".join([told, *(f"  {_told(row)}" for row in rows if row.found == "FALSE SKIP")])


def _write(rows: Sequence[Row], seed: int) -> None:
    lines = ["number\tnotebook\tcell\tkind\tfound\twhat\tdetail"]
    for row in rows:
        what = row.edit.what.replace("\n", " ").replace("\t", " ")
        told = (str(row.number), row.notebook, str(row.edit.cell), row.edit.kind, row.found, what, row.detail)
        lines.append("\t".join(told))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"edits-{seed}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
