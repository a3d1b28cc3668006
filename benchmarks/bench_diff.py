"""How long a cell-level diff takes beside nbdime's own on the same notebooks: CPU time, medians of several runs."""

from __future__ import annotations

import importlib
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from alekseylearn.diff import diff_notebooks
from alekseylearn.notebook import parse, spare_grammars

CELLS = 500
CHANGED = (7, 100, 101, 250, 499)


def main() -> None:
    import_cost()
    beside_nbdime("small edits, with ids", notebook(), edited(notebook()))
    beside_nbdime("small edits, without ids", notebook(ids=False), edited(notebook(ids=False)), runs=1)
    alone("2,000 cells, small edits, without ids", notebook(2000, ids=False), edited(notebook(2000, ids=False)))
    alone("2,000 cells, all rewritten, without ids", notebook(2000, ids=False), notebook(2000, ids=False, word="other"))
    alone("200 cells, all rewritten, without ids", notebook(200, ids=False), notebook(200, ids=False, word="other"))
    alone("one cell of 3,000 lines, all rewritten", one_cell("before"), one_cell("after"))
    alone("50 MB of pictures, one edit", pictures("1"), pictures("2"), runs=3)


def notebook(cells: int = CELLS, *, ids: bool = True, word: str = "step") -> dict[str, Any]:
    """Make a notebook of code cells of three lines each, all different."""
    made = []
    for number in range(cells):
        source = (
            f"{word}_{number} = load_{number % 7}('{word}/{number}.csv')\nprint({word}_{number}.head())\nx{number} = 1"
        )
        cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": number}
        made.append(cell | ({"id": f"cell-{number}"} if ids else {}))
    return {"nbformat": 4, "nbformat_minor": 5 if ids else 4, "metadata": {}, "cells": made}


def edited(document: dict[str, Any]) -> dict[str, Any]:
    """Change five cells of a notebook, put one in and take one out."""
    for number in CHANGED:
        document["cells"][number]["source"] += "0"
    del document["cells"][300]
    new: dict[str, Any] = {
        "cell_type": "code",
        "source": "brand(new)",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    document["cells"].insert(50, new | ({"id": "new"} if document["nbformat_minor"] == 5 else {}))
    return document


def one_cell(word: str) -> dict[str, Any]:
    document = notebook(1)
    document["cells"][0]["source"] = "\n".join(f"{word}_{number} = {number}" for number in range(3000))
    return document


def pictures(edit: str) -> dict[str, Any]:
    document = notebook(50)
    for number, cell in enumerate(document["cells"]):
        data = {"image/png": f"{number:04}" * 250_000}
        cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]
    document["cells"][7]["source"] += edit
    return document


def import_cost() -> None:
    """Load nbdime before the clock starts, and say what that cost."""
    spare_grammars()
    start = time.process_time()
    import nbdime  # noqa: F401 - only the time matters here

    print(f"{'import nbdime, spared the grammars':<58} {(time.process_time() - start) * 1000:9.1f} ms CPU")


def ours(base: bytes, head: bytes) -> None:
    diff_notebooks(parse("a.ipynb", base), parse("a.ipynb", head))


def theirs(base: bytes, head: bytes) -> None:
    import nbdime

    nbformat: Any = importlib.import_module("nbformat")
    nbdime.diff_notebooks(nbformat.reads(base.decode(), as_version=4), nbformat.reads(head.decode(), as_version=4))


def alone(what: str, base: dict[str, Any], head: dict[str, Any], *, runs: int = 5) -> float:
    """Print the time of parsing and comparing two notebooks."""
    spent = milliseconds(ours, base, head, runs)
    print(f"{what:<58} {spent:9.1f} ms CPU")
    return spent


def beside_nbdime(what: str, base: dict[str, Any], head: dict[str, Any], *, runs: int = 3) -> None:
    """Print the times of both, parsing included on either side."""
    spent = alone(f"{CELLS} cells, {what}", base, head)
    other = milliseconds(theirs, base, head, runs)
    print(f"{'  nbdime.diff_notebooks':<58} {other:9.1f} ms CPU  {other / spent:.0f} x ours")


def milliseconds(
    compare: Callable[[bytes, bytes], None], base: dict[str, Any], head: dict[str, Any], runs: int
) -> float:
    pair = json.dumps(base).encode(), json.dumps(head).encode()
    spent = []
    for _ in range(runs):
        start = time.process_time()
        compare(*pair)
        spent.append(time.process_time() - start)
    return statistics.median(spent) * 1000


if __name__ == "__main__":
    main()
