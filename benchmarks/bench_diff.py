"""How long reading and comparing two versions of a notebook takes, beside nbdime on the same bytes in the same run.

CPU time. Both sides are bytes; what is printed includes reading them, unless it says otherwise.
"""

from __future__ import annotations

import importlib
import json
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from alekseylearn.diff import diff_notebooks
from alekseylearn.notebook import parse
from alekseylearn.notebook_files import spare_grammars
from benchmarks.extraction.cases import CORPUS, read_cases
from benchmarks.extraction.pairs import Pair, make_pairs

CELLS = 500
CHANGED = (7, 100, 101, 250, 499)
SEED = 20
Document = dict[str, Any]
Compare = Callable[[bytes, bytes], object]


def main() -> None:
    import_cost()
    ordinary_pairs()
    print()
    beside_nbdime(f"{CELLS} cells, small edits, with ids", notebook(), edited(notebook()))
    beside_nbdime(f"{CELLS} cells, small edits, without ids", notebook(ids=False), edited(notebook(ids=False)))
    print()
    for ids in (True, False):
        base, head = files(notebook(2000, ids=ids), edited(notebook(2000, ids=ids)))
        words = "with" if ids else "without"
        show(f"2,000 cells, small edits, {words} ids", median(ours, base, head))
        show("  of it comparing", compare_only(base, head), limit=10)
        show("  json.loads alone, of both sides", median(only_json, base, head))
    base, head = files(notebook(2000, ids=False), notebook(2000, ids=False, word="other"))
    show("2,000 cells, all rewritten, without ids", median(ours, base, head, runs=3), limit=1000)
    base, head = files(notebook(2000), notebook(2000, word="other"))
    show("2,000 cells, all rewritten, with ids", median(ours, base, head, runs=3), limit=1000)
    base, head = files(one_cell("before"), one_cell("after"))
    show("one cell of 3,000 lines, all rewritten", median(ours, base, head, runs=3), limit=2000)
    print()
    for what, same in (("the same pictures on both sides", True), ("all pictures drawn anew", False)):
        base, head = files(pictures("1"), pictures("2", other=0 if same else 1))
        show(f"50 MB of pictures a side, one edit, {what}", median(ours, base, head), limit=200)
        show("  json.loads alone, of both sides", median(only_json, base, head))
        show("  nbdime", median(theirs, base, head, runs=1))


# -- ordinary pairs ------------------------------------------------------------------------------------------------


def ordinary_pairs() -> None:
    """Compare versions of the corpus' notebooks, made by seeded edits, with pictures and reruns."""
    pairs = list(make_pairs(read_cases(CORPUS), each=3, seed=SEED))
    kilobytes = statistics.median(len(pair.head) for pair in pairs) / 1000
    print(f"{len(pairs)} pairs of versions, median {kilobytes:.0f} KB (the largest {largest(pairs):.0f} KB):")
    median_and_p95("alekseylearn", [median(ours, pair.base, pair.head) for pair in pairs], limits=(5, 60))
    median_and_p95("nbdime", [median(theirs, pair.base, pair.head, runs=1) for pair in pairs])


def largest(pairs: Sequence[Pair]) -> float:
    return max(len(pair.head) for pair in pairs) / 1000


def median_and_p95(who: str, spent: Sequence[float], limits: tuple[float, float] | None = None) -> None:
    """Print the median, the 95th of 100 and the worst of *spent*."""
    ordered = sorted(spent)
    show(f"  {who}: median", statistics.median(ordered), limit=limits[0] if limits else None)
    show(f"  {who}: 95 of 100", ordered[int(0.95 * (len(ordered) - 1))], limit=limits[1] if limits else None)
    show(f"  {who}: the slowest", ordered[-1])


# -- made notebooks ------------------------------------------------------------------------------------------------


def notebook(cells: int = CELLS, *, ids: bool = True, word: str = "step") -> Document:
    """Make a notebook of code cells of three lines each, all different."""
    made = []
    for number in range(cells):
        lines = (
            f"{word}_{number} = load_{number % 7}('{word}/{number}.csv')",
            f"print({word}_{number}.head())",
            f"x{number} = 1",
        )
        made.append(code_cell("\n".join(lines), number) | ({"id": f"{word}-{number}"} if ids else {}))
    return {"nbformat": 4, "nbformat_minor": 5 if ids else 4, "metadata": {}, "cells": made}


def code_cell(source: str, count: int | None) -> Document:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": count}


def edited(document: Document) -> Document:
    """Change five cells of a notebook, put one in and take one out."""
    for number in CHANGED:
        document["cells"][number]["source"] += "0"
    del document["cells"][300]
    document["cells"].insert(
        50, code_cell("brand(new)", None) | ({"id": "new"} if document["nbformat_minor"] == 5 else {})
    )
    return document


def one_cell(word: str) -> Document:
    document = notebook(1)
    document["cells"][0]["source"] = "\n".join(f"{word}_{number} = {number}" for number in range(3000))
    return document


def pictures(edit: str, *, other: int = 0) -> Document:
    """Make a notebook of 50 pictures of 1 MB each; *other* makes other pictures."""
    document = notebook(50)
    for number, cell in enumerate(document["cells"]):
        data = {"image/png": f"{number + 100 * other:04}" * 250_000}
        cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]
    document["cells"][7]["source"] += edit
    return document


def files(base: Document, head: Document) -> tuple[bytes, bytes]:
    """Write both sides as Jupyter does."""
    return json.dumps(base, indent=1).encode(), json.dumps(head, indent=1).encode()


# -- who compares --------------------------------------------------------------------------------------------------


def import_cost() -> None:
    """Load nbdime before the clock starts, and say what that cost."""
    spare_grammars()
    start = time.process_time()
    import nbdime  # noqa: F401 - only the time matters here

    show("import nbdime, spared the grammars", (time.process_time() - start) * 1000)


def ours(base: bytes, head: bytes) -> object:
    return diff_notebooks(parse("a.ipynb", base), parse("a.ipynb", head))


def theirs(base: bytes, head: bytes) -> object:
    import nbdime

    nbformat: Any = importlib.import_module("nbformat")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of ids that occur twice, as they do in life
        before, after = (nbformat.reads(side.decode(), as_version=4) for side in (base, head))
        return nbdime.diff_notebooks(before, after)


def only_json(base: bytes, head: bytes) -> object:
    return json.loads(base), json.loads(head)


def compare_only(base: bytes, head: bytes) -> float:
    before, after = parse("a.ipynb", base), parse("a.ipynb", head)
    return median(lambda *_: diff_notebooks(before, after), base, head)


# -- the clock -----------------------------------------------------------------------------------------------------


def median(compare: Compare, base: bytes, head: bytes, *, runs: int = 5) -> float:
    """Return the median of the CPU milliseconds of several runs."""
    spent = []
    for _ in range(runs):
        start = time.process_time()
        compare(base, head)
        spent.append(time.process_time() - start)
    return statistics.median(spent) * 1000


def show(what: str, spent: float, *, limit: float | None = None, beside: str = "") -> None:
    """Print one figure, with the limit it must keep."""
    told = f"limit {limit:g}" if limit is not None else beside
    print(f"{what:<66} {spent:9.1f} ms CPU  {told}".rstrip())


def beside_nbdime(what: str, base: Document, head: Document) -> None:
    """Print the times of both, reading included on either side."""
    pair = files(base, head)
    spent = median(ours, *pair)
    other = median(theirs, *pair, runs=1)
    show(what, spent)
    show("  nbdime", other, beside=f"{other / spent:.0f} x ours")


if __name__ == "__main__":
    main()
