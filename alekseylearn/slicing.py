"""The backward slice: the cells that training needs, each with its reason, and why the others are left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import assert_never

from alekseylearn.dataflow import CellFlow, Flows, trace
from alekseylearn.effects import library
from alekseylearn.knowledge import PLAIN, Rules, libraries
from alekseylearn.memory import Need
from alekseylearn.names import find_names
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.objects import NAMELESS, How
from alekseylearn.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReason:
    """Why one cell is kept or dropped."""

    cell: int
    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Cell `target` uses `name` as cell `source` left it; `how` tells what the name stands for."""

    source: int
    target: int
    name: str
    how: How = "defines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The cells of one notebook that its targets need; `kept` and `dropped` together are all its cells, in order.

    `missing` are names that kept cells use and no cell before them defines. `whole_prefix` says that a cell could not
    be read, so that every code cell before the last target is kept.
    """

    notebook: str
    targets: tuple[Target, ...]
    kept: tuple[CellReason, ...]
    dropped: tuple[CellReason, ...]
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    whole_prefix: bool = False
    edges: tuple[Edge, ...] = ()


def backward_slice(notebook: Notebook, targets: tuple[Target, ...], rules: Rules = PLAIN) -> Slice:
    """Find the cells that *targets* need, by what the cells define, use and change.

    Program slicing after Weiser (1981), over cells: a cell is kept if a target, or a kept cell, may see something that
    it leaves behind. Where that cannot be told it is kept.
    """
    return slice_along(flows_of(notebook, rules), notebook, targets)


def flows_of(notebook: Notebook, rules: Rules) -> Flows:
    """Follow *notebook*; where every cell is seeded anew, nobody feels what was drawn before."""
    flows = trace(notebook, rules.known)
    return {i: _without_order_of_draws(flow) for i, flow in flows.items()} if rules.random == "reseed" else flows


def slice_along(flows: Flows, notebook: Notebook, targets: tuple[Target, ...]) -> Slice:
    """Find the cells of *notebook* that *targets* need, by these *flows*."""
    plan = _Slicing(notebook=notebook, flows=flows, targets={target.cell: target for target in targets})
    wanted = plan.wanted()
    users, used = plan.first_users(wanted), plan.used()
    kept = [_because(cell, plan.why_kept(cell, users)) for cell in notebook.cells if cell.index in wanted]
    dropped = [_because(cell, plan.why_dropped(cell, used)) for cell in notebook.cells if cell.index not in wanted]
    return Slice(
        notebook=notebook.path,
        targets=targets,
        kept=tuple(kept),
        dropped=tuple(dropped),
        missing=tuple(sorted({name for index in wanted for name in flows[index].missing})),
        warnings=tuple(plan.warnings(wanted)),
        whole_prefix=bool(plan.unreadable),
        edges=tuple(
            Edge(source=need.source, target=index, name=plain_name(need.name), how=need.how)
            for index in sorted(wanted)
            for need in sorted(flows[index].needs, key=lambda need: (need.source, need.name))
            if need.source in wanted
        ),
    )


def plain_name(name: str) -> str:
    """Return the name of a dependency as a reader knows it; files and random generators have names of their own."""
    return name.removeprefix("%file ").removeprefix("%random ")


def _without_order_of_draws(flow: CellFlow) -> CellFlow:
    """Forget what a cell, and each of its statements, draws after."""
    statements = (replace(each, needs=_in_any_order(each.needs)) for each in flow.statements)
    return replace(flow, needs=_in_any_order(flow.needs), statements=tuple(statements))


def _in_any_order(needs: Iterable[Need]) -> tuple[Need, ...]:
    return tuple(need for need in needs if need.how != "random")


@dataclass(frozen=True, kw_only=True)
class _Slicing:
    notebook: Notebook
    flows: Flows
    targets: Mapping[int, Target]

    @cached_property
    def last(self) -> int:
        """The last cell that matters."""
        return max(self.targets, default=-1)

    @cached_property
    def unreadable(self) -> dict[int, str]:
        """The cells before the last target that are not Python, and why."""
        return {i: flow.names.error for i, flow in self.flows.items() if flow.names.error and i <= self.last}

    def wanted(self) -> frozenset[int]:
        """Find the cells to keep."""
        before = [index for index in self.flows if index <= self.last]
        if self.unreadable:
            return frozenset(before)
        waiting = [index for index in self.targets if index in self.flows]
        waiting += [index for index in before if self.flows[index].effects]
        waiting += [
            cell.index for cell in self.notebook.code_cells if "keep" in cell.marks and cell.index in self.flows
        ]
        waiting += self._unused_imports(before)
        found: set[int] = set()
        while waiting:
            index = waiting.pop()
            if index not in found:
                found.add(index)
                waiting += [need.source for need in self.flows[index].needs]
        return frozenset(found)

    def _unused_imports(self, before: Iterable[int]) -> list[int]:
        """Cells that only import what no cell ever names: perhaps for what the import does."""
        strange = {
            index: names
            for index in before
            if self.flows[index].names.only_imports and (names := _strange(self.flows[index].names.imports))
        }
        if not strange:
            return []
        named = frozenset().union(*(flow.names.refs | flow.names.deferred for flow in self.flows.values()))
        return [index for index, names in strange.items() if names - named]

    # -- reasons ------------------------------------------------------------------------------------------------

    def first_users(self, wanted: frozenset[int]) -> dict[int, int]:
        """Find the first cell that needs each cell."""
        found: dict[int, int] = {}
        for user in sorted(wanted):
            for need in self.flows[user].needs:
                found.setdefault(need.source, user)
        return found

    def why_kept(self, cell: Cell, users: Mapping[int, int]) -> str:
        target = self.targets.get(cell.index)
        if target is not None:
            return target.reason
        if "keep" in cell.marks:
            return "marked `#| keep`"
        if self.unreadable:
            if cell.index in self.unreadable:
                return "cannot be read as Python"
            return f"comes before training, and cell {min(self.unreadable)} cannot be read as Python"
        user = users.get(cell.index)
        if user is not None:
            return _use_in_words([need for need in self.flows[user].needs if need.source == cell.index], user)
        effects = self.flows[cell.index].effects
        return effects[0] if effects else "imports something for what the import does"

    def used(self) -> frozenset[int]:
        """Find the cells that some cell needs, kept or not."""
        return frozenset(need.source for flow in self.flows.values() for need in flow.needs)

    def why_dropped(self, cell: Cell, used: frozenset[int]) -> str:
        if cell.kind != "code":
            return "text"
        if "skip" in cell.marks:
            return "marked `#| skip`"
        if not cell.source.strip():
            return "empty"
        if not self.targets:
            return "nothing in this notebook trains"
        if cell.index <= self.last:
            names = self.flows[cell.index].names
            shows = names.events and not names.defs and cell.index not in used
            return "only shows something" if shows else "nothing that is trained uses it"
        return "comes after training and only shows it" if self._shows(cell.index) else "comes after training"

    def _shows(self, index: int) -> bool:
        return any(need.how in ("defines", "changes") for need in self.flows[index].needs)

    # -- warnings -----------------------------------------------------------------------------------------------

    def warnings(self, wanted: frozenset[int]) -> list[str]:
        found = [
            f"cell {index} cannot be read as Python ({error}); every cell before training is kept"
            for index, error in self.unreadable.items()
        ]
        found += self._out_of_order(wanted)
        skipped = {
            name: cell.index
            for cell in self.notebook.code_cells
            if "skip" in cell.marks
            for name in find_names(cell).defs
        }
        for index in sorted(wanted):
            for name in self.flows[index].missing:
                found.append(self._missing(index, name, skipped))
        return found

    def _missing(self, index: int, name: str, skipped: Mapping[str, int]) -> str:
        if name in skipped and skipped[name] < index:
            return f"cell {skipped[name]} is marked `#| skip`, but cell {index} uses `{name}` from it"
        later = next((i for i, flow in self.flows.items() if i > index and name in flow.names.defs), None)
        if later is not None:
            return f"cell {index} uses `{name}` before it is defined: cell {later} defines it, further down"
        return f"cell {index} uses `{name}`, which no cell defines"

    def _out_of_order(self, wanted: frozenset[int]) -> list[str]:
        counts = [
            (cell.execution_count, cell.index)
            for cell in self.notebook.code_cells
            if cell.execution_count is not None and cell.index in wanted
        ]
        for (before, _), (after, index) in pairwise(counts):
            if after < before:
                return [f"the cells were last run in another order than they stand in: cell {index} ran earlier"]
        return []


def _strange(imports: Mapping[str, str]) -> frozenset[str]:
    """Find the names of *imports* that do not come from a library whose imports do nothing else."""
    return frozenset(
        name for name, module in imports.items() if name[0] != "%" and library(module) not in libraries.QUIET_LIBRARIES
    )


def _because(cell: Cell, reason: str) -> CellReason:
    return CellReason(cell=cell.index, id=cell.id, reason=reason)


def _use_in_words(needs: list[Need], user: int) -> str:
    """Say what cell *user* takes from the cell of these *needs*."""
    first = min(needs, key=lambda need: _ORDER.index(need.how))
    names = sorted({plain_name(need.name) for need in needs if need.how == first.how})
    told = [name for name in names if name != NAMELESS and ("." not in name or first.how == "file")]
    names = told or names
    listed = _listed(names)
    match first.how:
        case "defines":
            return f"defines {listed}, used by cell {user}"
        case "imports":
            return f"imports {listed}, used by cell {user}"
        case "changes":
            return f"changes {listed} in place, which cell {user} uses"
        case "file":
            which = "a file" if names == ["*"] else listed
            return f"writes {which}, which cell {user} reads"
        case "random":
            return f"sets or draws {_listed(names, quote=False)}'s random numbers before cell {user} draws"
        case "opaque":
            return f"may define {listed}, used by cell {user}"
        case _:
            assert_never(first.how)


_ORDER = ("defines", "changes", "imports", "file", "random", "opaque")


def _listed(names: list[str], *, quote: bool = True) -> str:
    shown = [f"`{name}`" if quote and name != NAMELESS else name for name in names[:4]]
    if len(names) > 4:
        return f"{', '.join(shown)} and {len(names) - 4} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]
