"""Why a notebook is trained or not, as clauses that stand in the pull request's comment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alekseylearn.diff import CellChange, NotebookDiff, line_diff
from alekseylearn.text import clean, plural

MAX_CAUSES = 3
MAX_CELLS = 5
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What the identity of a training is made of: equal values mean the same training.

    *cells* (those that are kept, in order), *modules* and *data* (by path) are sha256 hex digests; *parameters* (by
    name) and *others* (by the words for them) are JSON.
    """

    cells: tuple[str, ...]
    modules: Mapping[str, str]
    data: Mapping[str, str]
    requirements: tuple[str, ...]
    parameters: Mapping[str, str]
    others: Mapping[str, str]


def nothing_counts(diff: NotebookDiff) -> str:
    """Say that nothing that trains changed, and in brackets what did."""
    return f"not trained: no code that trains changed ({_counted(diff)})"


def what_differs(
    diff: NotebookDiff, base: Meaning, head: Meaning, *, base_cells: frozenset[int], head_cells: frozenset[int]
) -> str:
    """Say what makes *head* another training than *base*, the cells first; *base_cells* and *head_cells* are kept."""
    causes: list[str] = []
    if base.cells != head.cells:
        causes.append(_cells(_counting(diff, base_cells, head_cells)) or "other cells belong to the training")
    causes += _files("module", base.modules, head.modules)
    causes += _files("data file", base.data, head.data)
    if base.requirements != head.requirements:
        causes.append(_requirements(base.requirements, head.requirements))
    names = _differing(base.parameters, head.parameters)
    if names:
        causes.append(f"{'the parameter' if len(names) == 1 else 'the parameters'} {_listed(names)} changed")
    causes += [f"{words} changed" for words in _differing(base.others, head.others)]
    more = len(causes) - MAX_CAUSES
    return "; ".join(causes[:MAX_CAUSES] + ([f"and {plural(more, 'more cause')}"] if more > 0 else []))


def _counted(diff: NotebookDiff) -> str:
    """Say how much changed that does not count: `1 code cell, 2 outputs changed`."""
    code = texts = outputs = 0
    for change in diff.changes:
        if change.kind == "outputs":
            outputs += 1
        elif not _is_code(change):
            texts += 1
        elif change.kind != "metadata":
            code += 1
    told = [plural(code, "code cell"), plural(texts, "text cell"), plural(outputs, "output")]
    some = [words for words, count in zip(told, (code, texts, outputs), strict=True) if count]
    if some:
        return f"{', '.join(some)} changed"
    return "only metadata changed" if diff.changes else "nothing in the notebook changed"


def _counting(diff: NotebookDiff, base_cells: frozenset[int], head_cells: frozenset[int]) -> list[CellChange]:
    """Find the changes that touch what is trained on either side."""
    return [
        change
        for change in diff.changes
        if change.kind not in ("outputs", "metadata")
        and not change.idle
        and (
            (change.after is not None and change.after.index in head_cells)
            or (change.before is not None and change.before.index in base_cells)
        )
    ]


def _cells(changes: list[CellChange]) -> str:
    """Say which cells changed; of a single one, what it says now."""
    groups: dict[str, list[int]] = defaultdict(list)
    for change in changes:
        groups[change.kind] += [cell.index for cell in (change.after, change.before) if cell is not None][:1]
    told = [_cell_group(kind, groups[kind]) for kind in ("modified", "added", "removed", "moved") if groups[kind]]
    line = _telling_line(changes[0]) if len(changes) == 1 else ""
    return ", ".join(told) + (f": `{line}`" if line else "")


def _cell_group(kind: str, cells: list[int]) -> str:
    one = len(cells) == 1
    shown = [str(cell) for cell in cells[:MAX_CELLS]]
    more = len(cells) - len(shown)
    last = f"{more} more" if more else shown.pop()
    listed = f"{', '.join(shown)} and {last}" if shown else last
    base = " of the base" if kind == "removed" else ""
    verb = {"modified": "changed", "added": "is new" if one else "are new", "removed": "is gone" if one else "are gone"}
    return f"{'cell' if one else 'cells'} {listed}{base} {verb.get(kind, 'moved')}"


def _telling_line(change: CellChange) -> str:
    """Return the first line of code that is new in a changed cell."""
    if change.kind not in ("modified", "added"):
        return ""
    new = (line[2:].strip() for line in line_diff(change, 0) if line.startswith("+ "))
    return next((_quoted(line) for line in new if line and not line.startswith("#")), "")


def _files(what: str, base: Mapping[str, str], head: Mapping[str, str]) -> list[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for path in _differing(base, head):
        groups["are new" if path not in base else "are gone" if path not in head else "changed"].append(path)
    told = []
    for verb in [verb for verb in ("changed", "are new", "are gone") if verb in groups]:
        paths = groups[verb]
        one = len(paths) == 1
        singular = verb.replace("are ", "is ") if one else verb
        told.append(f"the {what if one else what + 's'} {_listed(paths)} {singular}")
    return told


def _requirements(base: tuple[str, ...], head: tuple[str, ...]) -> str:
    new = [line for line in head if line not in base]
    gone = [line for line in base if line not in head]
    shown = f"`{_quoted((new or gone)[0])}`"
    return f"the requirements changed: {shown} {'is new' if new else 'is gone'}"


def _differing(base: Mapping[str, str], head: Mapping[str, str]) -> list[str]:
    return sorted(key for key in {*base, *head} if base.get(key) != head.get(key))


def _listed(names: Iterable[str]) -> str:
    shown = [f"`{_quoted(name)}`" for name in names]
    if len(shown) > MAX_CAUSES:
        shown[MAX_CAUSES - 1 :] = [f"{len(shown) - MAX_CAUSES + 1} more"]
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]


def _quoted(text: str) -> str:
    return clean(text, _LONGEST).replace("`", "'")


def _is_code(change: CellChange) -> bool:
    cell = change.after or change.before
    return cell is not None and cell.kind == "code"
