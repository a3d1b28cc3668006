"""Where the parameters of a run are set: after the cells of the notebook that set them first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from alekseylearn.errors import InputError
from alekseylearn.events import Assign, Call, Use
from alekseylearn.names import find_names
from alekseylearn.notebook import Cell


def parameter_places(names: Iterable[str], cells: Sequence[Cell], path: str) -> Mapping[int, tuple[str, ...]]:
    """Choose for each of *names* the cell after which it is set: cell index -> names, sorted.

    That is the cell marked `#| parameters` if it sets the name, else the first of *cells* (those that are trained, of
    the notebook *path*) that does. Raises `InputError`: `cfg.unknown` when none of them does, `cfg.parameter` when the
    cell itself goes on with the name, so that another value would come too late.
    """
    found: dict[int, list[str]] = {}
    marked_first = sorted(cells, key=lambda cell: "parameters" not in cell.marks)
    for name in sorted(names):
        place = next((cell for cell in marked_first if _sets(cell, name)), None)
        if place is None:
            raise InputError(
                "cfg.unknown",
                f"no training cell sets the parameter `{name}`",
                where=path,
                hint="name a variable of the notebook; set it in a cell of its own, before it is used",
            )
        if "parameters" not in place.marks and _goes_on_with(place, name):
            raise InputError(
                "cfg.parameter",
                f"the parameter `{name}` is set and used in one cell, so that another value would come too late",
                where=f"{path}, cell {place.index}",
                hint=f"set `{name}` in a cell of its own",
            )
        found.setdefault(place.index, []).append(name)
    return MappingProxyType({index: tuple(told) for index, told in found.items()})


def is_set(name: str, cells: Iterable[Cell]) -> bool:
    """Tell whether one of *cells* sets the variable *name*."""
    return any(_sets(cell, name) for cell in cells)


def _sets(cell: Cell, name: str) -> bool:
    names = find_names(cell)
    return name in names.defs and name not in names.imports


def _goes_on_with(cell: Cell, name: str) -> bool:
    """Tell whether *cell* uses *name* after it has set it, itself or by a function that it calls."""
    names = find_names(cell)
    is_set = False
    for event in names.events:
        match event:
            case Assign(pairs) if any(name == bound for bound, _ in pairs):
                is_set = True
            case Use(used) if is_set and used == name:
                return True
            case Call() if is_set and name in names.deferred:
                return True
            case _:
                pass
    return False
