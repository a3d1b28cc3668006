"""How long finding the targets and slicing back from them takes: CPU time of one notebook read for the first time."""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence

from alekseylearn.notebook import Cell, Notebook
from alekseylearn.pruning import prune
from alekseylearn.targets import find_targets
from benchmarks.extraction.cases import CORPUS, Case, read_cases
from benchmarks.extraction.gallery import read_gallery

SIZES = (100, 500, 1000, 2000)
LIMIT = 50.0
"""Milliseconds for each 100 cells."""
PATIENCE = 10_000.0
"""Milliseconds; a size is not run when the one before took longer."""


def chained(cases: Sequence[Case], cells: int, *, mark: str, seed: int = 1) -> Notebook:
    """Make one notebook of *cells* cells: notebooks of *cases*, one below the other, in an order drawn from *seed*.

    *mark* becomes a comment in each cell, so that nothing remembered of another run can be used.
    """
    order = list(cases)
    random.Random(seed).shuffle(order)
    found: list[Cell] = []
    while len(found) < cells:
        for case in order:
            found += case.notebook.cells
    made = tuple(
        Cell(index=index, id=f"c{index}", kind=cell.kind, source=_marked(cell, f"{mark} {index}"))
        for index, cell in enumerate(found[:cells])
    )
    return Notebook(path=f"{mark}.ipynb", cells=made)


def growing(cells: int, *, mark: str) -> Notebook:
    """Make one notebook of *cells* cells in which one table goes through all of them, and trains now and then."""
    steps = (
        "df['c{0}'] = df['a'] * {0} + df['b'].shift(1)",
        "df = df[df['a'] > {0}]\ndf.describe()",
        "fig, ax = plt.subplots()\nax.plot(df['a'], df['b'])\nax.set_title('{0}')\nplt.show()",
        "part = df.merge(df[['a']], on='a')\ndf = part.dropna()\nprint(len(df))",
        "model{0} = Ridge(alpha={0}).fit(df[['a']], df['b'])\nprint(model{0}.score(df[['a']], df['b']))",
        "def clean{0}(frame):\n    frame['z{0}'] = frame['a']\n    return frame.copy()\ndf = clean{0}(df)",
    )
    imports = "import matplotlib.pyplot as plt\nimport pandas as pd\nfrom sklearn.linear_model import Ridge"
    sources = [imports, "df = pd.read_csv('data.csv')"]
    sources += [steps[number % len(steps)].format(number) for number in range(cells - len(sources))]
    made = (
        Cell(index=index, id=f"c{index}", kind="code", source=f"{source}\n# {mark}")
        for index, source in enumerate(sources)
    )
    return Notebook(path=f"{mark}.ipynb", cells=tuple(made))


def _marked(cell: Cell, mark: str) -> str:
    return f"{cell.source}\n# {mark}" if cell.kind == "code" else cell.source


def milliseconds(notebook: Notebook) -> float:
    """Return the CPU time of finding the targets of *notebook* and cutting out what they need, once."""
    start = time.process_time()
    prune(notebook, find_targets(notebook))
    return (time.process_time() - start) * 1000


def one_by_one(cases: Sequence[Case]) -> None:
    """Print what a notebook of the corpus takes: the median one, the slow ones, and the slowest by name."""
    spent = sorted((milliseconds(case.notebook), case.name) for case in cases)
    times = [each for each, _ in spent]
    total = sum(len(case.cells) for case in cases)
    cells = statistics.median(len(case.cells) for case in cases)
    line(f"a notebook of the corpus ({cells:.0f} cells), median", statistics.median(times))
    line("  95 of 100", times[int(0.95 * (len(times) - 1))])
    line(f"  the slowest: {spent[-1][1]}", times[-1], beside=f"{sum(times) * 100 / total:.1f} for 100 cells of all")


def many_cells(kind: str, make: Callable[[int, str], Notebook], runs: int) -> None:
    """Print what notebooks of this *kind* take, of up to 2,000 cells; sizes that would take a minute are not run."""
    spent = 0.0
    for size in SIZES:
        notebooks = [make(size, f"{kind} {size} {number}") for number in range(runs)]
        lines = sum(cell.source.count("\n") + 1 for cell in notebooks[0].code_cells)
        what = f"{kind}: {size:,} cells, {lines:,} lines of code"
        if spent > PATIENCE:
            print(f"{what:<58} {'not run':>12}")
            continue
        spent = statistics.median(milliseconds(notebook) for notebook in notebooks)
        line(what, spent, beside=f"{spent * 100 / size:.1f} for 100 cells, limit {LIMIT:.0f}")


def line(what: str, spent: float, *, beside: str = "") -> None:
    """Print one figure."""
    print(f"{what:<58} {spent:9.1f} ms CPU  {beside}".rstrip())


def main(arguments: list[str]) -> int:
    """Print what finding and slicing take, on the corpus' notebooks and on long ones made of them."""
    parser = argparse.ArgumentParser(prog="speed", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often each long notebook is measured")
    chosen = parser.parse_args(arguments)
    cases = list(read_cases(CORPUS))
    milliseconds(cases[0].notebook)
    print("find_targets and prune of all targets, nothing remembered of another run")
    one_by_one(cases)
    examples = list(read_gallery())
    many_cells("one growing table", lambda size, mark: growing(size, mark=mark), chosen.runs)
    many_cells("corpus, chained", lambda size, mark: chained(cases, size, mark=mark), chosen.runs)
    if examples:
        many_cells("gallery, chained", lambda size, mark: chained(examples, size, mark=mark), chosen.runs)
    return 0
