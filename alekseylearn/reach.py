"""Whether a changed cell reaches the training, and the way: what one cell hands to the next until a cell trains."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from alekseylearn.diff import CellChange, NotebookDiff
from alekseylearn.lines import diff_lines
from alekseylearn.magics import parse_python, translate
from alekseylearn.meaning import cell_meaning
from alekseylearn.notebook import Cell
from alekseylearn.plan import TrainingJob
from alekseylearn.slicing import Edge, Slice
from alekseylearn.syntax import walk
from alekseylearn.text import clean

MAX_STEPS = 5
"""A way of more steps is told by its first two and its last two."""

_LONGEST = 40
_TELLING = ("defines", "changes", "imports", "file", "random", "opaque")
_CALLED = re.compile(r"(?:calls|model:) `([^`]+)`")


@dataclass(frozen=True, slots=True)
class Step:
    """One cell on the way; `name` is what it hands on or, of the last cell, what it calls ('' where nothing is)."""

    cell: int
    name: str


@dataclass(frozen=True, slots=True)
class Route:
    """The way from a cell to one that trains; `trains` is false where it only leads to one that measures."""

    steps: tuple[Step, ...]
    trains: bool

    @property
    def told(self) -> Sequence[Step | None]:
        """The steps that are told; None stands for those left out."""
        return self.steps if len(self.steps) <= MAX_STEPS else (*self.steps[:2], None, *self.steps[-2:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whether a changed cell is part of the training, why or why not in words, and its way there if there is one."""

    trains: bool
    reason: str
    route: Route | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The ways through one slice: how far each cell is from its goal (those that only lead to a measure come last)."""

    out: Mapping[int, tuple[Edge, ...]]
    left: Mapping[int, tuple[bool, int]]
    goals: Mapping[int, str]
    trainers: frozenset[int]

    def route(self, cell: int, names: frozenset[str] = frozenset()) -> Route | None:
        """Find the shortest way from *cell*, among equals by the nearest cells; None where nothing leads on.

        If something that *names* holds flows out of the cell, the way begins with it.
        """
        if cell not in self.left:
            return None
        steps: list[Step] = []
        while not (cell in self.goals and (not steps or self.left[cell][1] == 0)):
            onward = [edge for edge in self.out[cell] if edge.target in self.left]
            changed = [edge for edge in onward if not steps and edge.name in names]
            edge = min(changed or onward, key=self._rank)
            steps.append(Step(cell, _handed_on(edge)))
            cell = edge.target
        steps.append(Step(cell, self.goals[cell]))
        return Route(tuple(steps), trains=cell in self.trainers)

    def _rank(self, edge: Edge) -> tuple[tuple[bool, int], int, int, bool, str]:
        return self.left[edge.target], edge.target, _TELLING.index(edge.how), "." in edge.name, edge.name


def find_ways(cut: Slice) -> Ways:
    """Measure how far each kept cell is from the nearest cell that trains, or else from the nearest that measures."""
    out: dict[int, list[Edge]] = defaultdict(list)
    back: dict[int, set[int]] = defaultdict(set)
    for edge in cut.edges:
        out[edge.source].append(edge)
        back[edge.target].add(edge.source)
    trainers = frozenset(target.cell for target in cut.targets if target.kind == "train")
    goals = {target.cell: _called(target.reason) for target in cut.targets}
    left: dict[int, tuple[bool, int]] = {}
    for only_measured, starts in ((False, trainers), (True, goals.keys() - trainers)):
        waiting, steps = starts - left.keys(), 0
        while waiting:
            left |= dict.fromkeys(waiting, (only_measured, steps))
            waiting = {source for cell in waiting for source in back[cell]} - left.keys()
            steps += 1
    return Ways(
        out=MappingProxyType({cell: tuple(edges) for cell, edges in out.items()}),
        left=MappingProxyType(left),
        goals=MappingProxyType(goals),
        trainers=trainers,
    )


def _handed_on(edge: Edge) -> str:
    if edge.how == "random":
        return f"{edge.name}'s random numbers"
    return "a file" if edge.name == "*" else edge.name


def _called(reason: str) -> str:
    """Take what a target calls or computes out of its reason; '' for a mark or a loop."""
    found = _CALLED.search(reason)
    return found[1] if found is not None else ""


def in_words(route: Route) -> str:
    """Tell how a way goes on from its first cell: `batch_size` → cell 9 `loader` → cell 14 `model.fit`."""
    told = [_words(step) if step is not None else ("…", "") for step in route.told]
    return " → ".join([told[0][1] or told[0][0], *(" ".join(part for part in words if part) for words in told[1:])])


def _words(step: Step) -> tuple[str, str]:
    name = clean(step.name, _LONGEST).replace("`", "'")
    return f"cell {step.cell}", f"`{name}`" if name else ""


# -- changes ----------------------------------------------------------------------------------------------------------


def find_reaches(
    changes: Iterable[CellChange], head: TrainingJob | None, base: TrainingJob | None = None
) -> tuple[Reach, ...]:
    """Tell of each change whether it is part of the training, and why or why not.

    *head* and *base* are the trainings of the two sides; a removed cell counts if training needed it in the base.
    """
    after, before = _side(head), _side(base)
    return tuple(_reach(change, before, after) for change in changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    kept: Mapping[int, str]
    dropped: Mapping[int, str]
    ways: Ways


def _side(job: TrainingJob | None) -> _Side | None:
    if job is None:
        return None
    kept, dropped = ({item.cell: item.reason for item in items} for items in (job.slice.kept, job.slice.dropped))
    return _Side(kept=kept, dropped=dropped, ways=find_ways(job.slice))


def _reach(change: CellChange, before: _Side | None, after: _Side | None) -> Reach:
    cell = change.after or change.before
    if change.kind in ("outputs", "metadata"):
        return Reach(trains=False, reason=f"{change.kind} only")
    if cell is None or cell.kind != "code":
        return Reach(trains=False, reason="text")
    if change.idle:
        return Reach(trains=False, reason=change.idle)
    gone = change.after is None
    side = before if gone else after
    if side is None or cell.index not in side.kept:
        dropped = side.dropped if side is not None else {}
        return Reach(trains=False, reason="removed" if gone else dropped.get(cell.index, "nothing is trained here"))
    reason = "removed from the training" if gone else side.kept[cell.index]
    return Reach(trains=True, reason=reason, route=side.ways.route(cell.index, changed_names(change)))


def mark_shown(diff: NotebookDiff, base: TrainingJob | None, head: TrainingJob | None) -> NotebookDiff:
    """Mark the changes of cells that both sides train and of which only lines differ that show something."""
    if base is None or head is None:
        return diff
    return replace(diff, changes=tuple(replace(one, shows=_only_shows(one, base, head)) for one in diff.changes))


def _only_shows(change: CellChange, base: TrainingJob, head: TrainingJob) -> bool:
    """Tell whether what is trained of a cell means the same on both sides: the jobs lack what is only shown."""
    if change.kind != "modified" or change.before is None or change.after is None:
        return False
    before, after = change.before.index, change.after.index
    if not (_is_kept(base, before) and _is_kept(head, after)):
        return False
    meanings = [cell_meaning(job.notebook, job.notebook.cells[cell]) for job, cell in ((base, before), (head, after))]
    return meanings[0] == meanings[1]


def _is_kept(job: TrainingJob, cell: int) -> bool:
    return any(kept.cell == cell for kept in job.slice.kept)


def changed_names(change: CellChange) -> frozenset[str]:
    """Find the names that the changed lines of a cell bind or change, and those that follow from them in the cell."""
    if change.kind != "modified" or change.before is None or change.after is None:
        return frozenset()
    old, new, at_old, at_new = set[int](), set[int](), 1, 1
    for run in diff_lines(change.before.source, change.after.source).runs:
        if run.kind == "changed":
            old |= set(range(at_old, at_old + len(run.removed)))
            new |= set(range(at_new, at_new + len(run.added)))
        at_old, at_new = at_old + len(run.removed), at_new + len(run.added)
    return _names_on(change.before, old) | _names_on(change.after, new)


def _names_on(cell: Cell, lines: set[int]) -> frozenset[str]:
    tree = parse_python(translate(cell.source).code)
    found = set[str]()
    for statement in tree.body if tree is not None else ():
        first = min([statement.lineno, *(node.lineno for node in getattr(statement, "decorator_list", ()))])
        mentioned = {node.id for node in walk(statement) if isinstance(node, ast.Name)}
        if not lines.isdisjoint(range(first, (statement.end_lineno or first) + 1)) or mentioned & found:
            found |= _bound(statement) or mentioned
    return frozenset(found)


def _bound(statement: ast.stmt) -> set[str]:
    """Name what a simple statement binds or changes; a loop, a branch or a call may change all that it mentions."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {alias.asname or alias.name.partition(".")[0] for alias in aliases}
        case ast.Assign(targets=targets):
            return _names(targets)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return _names([target])
        case _:
            return set()


def _names(targets: Iterable[ast.expr]) -> set[str]:
    return {node.id for target in targets for node in walk(target) if isinstance(node, ast.Name)}
