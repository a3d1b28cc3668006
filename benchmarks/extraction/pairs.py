"""Two versions of a notebook as people leave them: seeded edits, cells run again, ids kept, made anew or absent."""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.extraction.cases import Case

Ids = Literal["kept", "anew", "absent"]
Cells = list[dict[str, Any]]

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_DRAWS = re.compile(r"plt\.|\.plot|sns\.|\.hist\(|imshow")
_WORDS = ("also", "tried", "this", "without", "the", "outliers", "and", "it", "got", "better", "again", "see", "below")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two versions of a notebook as files, and what was done to the first."""

    name: str
    base: bytes
    head: bytes
    edits: tuple[str, ...]
    ids: Ids


def make_pairs(cases: Iterable[Case], *, each: int, seed: int) -> Iterator[Pair]:
    """Make *each* pairs of every case; the same seed makes the same bytes."""
    for case in cases:
        for number in range(each):
            rng = random.Random(f"{seed} {case.name} {number}")
            yield _pair(case, f"{case.name}-{number}", rng)


def _pair(case: Case, name: str, rng: random.Random) -> Pair:
    ids: Ids = rng.choices(("kept", "anew", "absent"), (6, 1, 3))[0]
    base: Cells = json.loads(case.bytes)["cells"]
    for number, cell in enumerate(cell for cell in base if cell["cell_type"] == "code"):
        run(cell, number + 1, rng)
    head = deepcopy(base)
    edits = []
    for _ in range(rng.choices((1, 2, 3, 5, 8), (4, 3, 2, 2, 1))[0]):
        edit = rng.choices(list(EDITS), EDITS.values())[0]
        edit(head, rng)
        edits.append(edit.__name__)
    again = rng.choices((not_run, rest_run, all_run, cleared), (3, 3, 4, 1))[0]
    again(head, rng)
    for side, cells in enumerate((base, head)):
        _identify(cells, ids, rng, anew=side == 1)
    return Pair(
        name=name,
        base=written(base, ids=ids != "absent"),
        head=written(head, ids=ids != "absent"),
        edits=(*edits, again.__name__),
        ids=ids,
    )


def written(cells: Cells, *, ids: bool) -> bytes:
    """Write a notebook as Jupyter does: one blank of indentation, sources and texts as lists of lines."""
    lined = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in cells]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "version": "3.11.7"},
    }
    document = {"cells": lined, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5 if ids else 4}
    return (json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


# -- running -----------------------------------------------------------------------------------------------------------


def run(cell: dict[str, Any], count: int, rng: random.Random) -> None:
    """Give a code cell the outputs of a new run: a picture where it draws, else a few lines."""
    cell["execution_count"] = count
    if _DRAWS.search(cell["source"]):
        picture = base64.b64encode(rng.randbytes(int(10 ** rng.uniform(3.7, 5.0)))).decode()
        data = {"image/png": picture, "text/plain": ["<Figure size 640x480 with 1 Axes>"]}
        cell["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]
    elif rng.random() < 0.4:
        rows = [" ".join(f"{rng.random():.6f}" for _ in range(6)) + "\n" for _ in range(rng.randint(1, 12))]
        data = {"text/plain": rows}
        if rng.random() < 0.4:
            data["text/html"] = [f"<tr><td>{row.strip()}</td></tr>\n" for row in rows]
        cell["outputs"] = [{"output_type": "execute_result", "execution_count": count, "data": data, "metadata": {}}]
    elif rng.random() < 0.4:
        rows = [f"epoch {number} loss {rng.random():.4f}\n" for number in range(rng.randint(1, 20))]
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": rows}]
    else:
        cell["outputs"] = []


def not_run(cells: Cells, rng: random.Random) -> None:
    """Leave the outputs as they were."""


def rest_run(cells: Cells, rng: random.Random) -> None:
    """Run the cells of the lower half again."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for number, cell in enumerate(code[len(code) // 2 :]):
        run(cell, len(code) + number + 1, rng)


def all_run(cells: Cells, rng: random.Random) -> None:
    """Restart and run all."""
    for number, cell in enumerate(cell for cell in cells if cell["cell_type"] == "code"):
        run(cell, number + 1, rng)


def cleared(cells: Cells, _rng: random.Random) -> None:
    """Clear all outputs."""
    for cell in cells:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}


# -- edits -------------------------------------------------------------------------------------------------------------


def other_number(cells: Cells, rng: random.Random) -> None:
    """Change one number of one cell."""
    code = [cell for cell in cells if cell["cell_type"] == "code" and _NUMBER.search(cell["source"])]
    if code:
        cell = rng.choice(code)
        found = rng.choice(list(_NUMBER.finditer(cell["source"])))
        source = cell["source"]
        cell["source"] = f"{source[: found.start()]}{rng.randint(1, 500)}{source[found.end() :]}"


def other_line(cells: Cells, rng: random.Random) -> None:
    """Rewrite one line of one cell."""
    cell = rng.choice(cells)
    lines = cell["source"].split("\n")
    lines[rng.randrange(len(lines))] = _sentence(cell, rng)
    cell["source"] = "\n".join(lines)


def more_lines(cells: Cells, rng: random.Random) -> None:
    """Write a few lines more into one cell."""
    cell = rng.choice(cells)
    lines = cell["source"].split("\n")
    place = rng.randint(0, len(lines))
    lines[place:place] = [_sentence(cell, rng) for _ in range(rng.randint(1, 6))]
    cell["source"] = "\n".join(lines)


def fewer_lines(cells: Cells, rng: random.Random) -> None:
    """Delete a line of one cell."""
    cell = rng.choice(cells)
    lines = cell["source"].split("\n")
    del lines[rng.randrange(len(lines))]
    cell["source"] = "\n".join(lines)


def new_cell(cells: Cells, rng: random.Random) -> None:
    """Put a new cell somewhere."""
    cell: dict[str, Any] = {"cell_type": rng.choice(("code", "markdown")), "metadata": {}, "id": _new_id(rng)}
    cell["source"] = "\n".join(_sentence(cell, rng) for _ in range(rng.randint(1, 8)))
    if cell["cell_type"] == "code":
        cell |= {"execution_count": None, "outputs": []}
    cells.insert(rng.randint(0, len(cells)), cell)


def removed_cell(cells: Cells, rng: random.Random) -> None:
    """Delete a cell."""
    if len(cells) > 2:
        del cells[rng.randrange(len(cells))]


def moved_cell(cells: Cells, rng: random.Random) -> None:
    """Move a cell up or down by a few."""
    cell = cells.pop(rng.randrange(len(cells)))
    cells.insert(rng.randint(0, len(cells)), cell)


def copied_cell(cells: Cells, rng: random.Random) -> None:
    """Copy a cell and change a number in the copy; some editors copy the id, too."""
    place = rng.randrange(len(cells))
    copy = deepcopy(cells[place])
    if rng.random() < 0.7:
        copy["id"] = _new_id(rng)
    cells.insert(place + 1, copy)
    other_number([copy], rng)


def split_cell(cells: Cells, rng: random.Random) -> None:
    """Cut a cell in two."""
    place = rng.randrange(len(cells))
    lines = cells[place]["source"].split("\n")
    cut = len(lines) // 2
    second = {**deepcopy(cells[place]), "id": _new_id(rng), "source": "\n".join(lines[cut:])}
    cells[place]["source"] = "\n".join(lines[:cut])
    cells.insert(place + 1, second)


def new_metadata(cells: Cells, rng: random.Random) -> None:
    """Fold a cell."""
    rng.choice(cells)["metadata"]["collapsed"] = rng.random() < 0.5


Edit = Callable[[Cells, random.Random], None]

EDITS: dict[Edit, float] = {
    other_number: 6,
    other_line: 5,
    more_lines: 4,
    fewer_lines: 3,
    new_cell: 4,
    removed_cell: 2,
    moved_cell: 1,
    copied_cell: 1,
    split_cell: 1,
    new_metadata: 1,
}
"""Each edit, and how often it is drawn beside the others."""


def _sentence(cell: dict[str, Any], rng: random.Random) -> str:
    """Make up a line: prose for Markdown, an assignment for code."""
    if cell["cell_type"] == "markdown":
        return " ".join(rng.choices(_WORDS, k=rng.randint(3, 12)))
    names = [rng.choice(_WORDS) for _ in range(3)]
    return f"{names[0]}_{rng.randint(0, 99)} = {names[1]}({names[2]}={rng.randint(0, 999)})"


def _new_id(rng: random.Random) -> str:
    return "".join(rng.choices(string.hexdigits[:16], k=8))


def _identify(cells: Cells, ids: Ids, rng: random.Random, *, anew: bool) -> None:
    """Treat the ids as the tool that saved the notebook does."""
    for cell in cells:
        if ids == "absent":
            cell.pop("id", None)
        elif ids == "anew" and anew:
            cell["id"] = _new_id(rng)
