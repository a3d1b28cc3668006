"""Why nothing of a notebook is trained: its language, a cell that nobody can read, or simply no training in it."""

from __future__ import annotations

from alekseylearn.errors import InputError
from alekseylearn.meaning import cell_meaning
from alekseylearn.notebook import PYTHON, Notebook
from alekseylearn.plan import NotebookPlan

UNREADABLE = frozenset({"nb.conflict", "nb.limit", "nb.source"})
"""With these the training may well be in what cannot be read."""


def untrained(notebook: Notebook) -> InputError:
    """Say why no training was found in *notebook*: `nb.language nb.conflict nb.source nb.limit nb.no-training`."""
    if notebook.language != PYTHON:
        return InputError(
            "nb.language",
            f"the notebook is written in {notebook.named}; only Python is trained",
            where=notebook.path,
            hint="leave it out with `notebooks:` in alekseylearn.yml",
        )
    for cell in notebook.code_cells:
        try:
            if "skip" not in cell.marks:
                cell_meaning(notebook, cell)
        except InputError as error:
            return error
    return without_training(notebook.path)


def without_training(path: str) -> InputError:
    """Say that a notebook that a person named has nothing to train."""
    hint = "mark the cell that trains with `#| train` as its first line"
    return InputError("nb.no-training", "no cell of it trains a model", where=path, hint=hint)


def check_trained(plan: NotebookPlan, *, train: bool) -> None:
    """Raise what `untrained` says of a notebook that a person named, if it was named to *train* or cannot be read."""
    if plan.head is not None or plan.diff.status == "deleted":
        return
    error = plan.limit or (without_training(plan.path) if plan.notebook is None else untrained(plan.notebook))
    if train or error.slug in UNREADABLE:
        raise error
