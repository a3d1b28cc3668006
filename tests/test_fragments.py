"""Small notebooks with one trap each: what the slice must keep, what it must drop, and whether that is true."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.magics import parse_python, translate
from alekseylearn.slicing import backward_slice
from alekseylearn.targets import find_targets
from benchmarks.extraction.cases import FRAGMENTS, Case, read_cases

CASES = tuple(read_cases(FRAGMENTS))
TARGETS = ("train", "metrics")
BY_NAME = pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
MODULES = {"scikit-learn": "sklearn"}


def cells(case: Case, *words: str) -> set[int]:
    """Find the cells of *case* with one of these words."""
    return {number for number, cell in enumerate(case.cells) if set(words) & set(cell.words)}


def kept(case: Case) -> set[int]:
    """Find the cells that the slice keeps."""
    found = backward_slice(case.notebook, find_targets(case.notebook))
    return {reason.cell for reason in found.kept}


@BY_NAME
def test_targets_are_those_that_are_labelled(case: Case) -> None:
    found = {target.cell: target.kind for target in find_targets(case.notebook)}
    assert found == {number: case.cells[number].label for number in sorted(cells(case, *TARGETS))}


@BY_NAME
def test_nothing_is_missing(case: Case) -> None:
    assert cells(case, "keep", *TARGETS) - kept(case) == set()


@BY_NAME
def test_nothing_is_kept_that_nobody_needs(case: Case) -> None:
    assert cells(case, "drop") & kept(case) == set()


def test_few_cells_are_kept_for_want_of_knowledge() -> None:
    """Cells marked `drop?` are not needed either, but only running can tell."""
    needless = sum(len(cells(case, "drop?") & kept(case)) for case in CASES)
    assert needless <= 4


@pytest.mark.parametrize("libraries", [False, True])
def test_the_labels_are_true(libraries: bool) -> None:
    """Run what is labelled: the cells to keep are enough, none of them can be spared, and the slice does as well."""
    cases = [case for case in CASES if runnable(case) and bool(case.needs) is libraries]
    assert list(wrong(cases)) == []


def wrong(cases: Sequence[Case]) -> Iterator[str]:
    """Say what is not as the labels of *cases* have it."""
    runs: list[tuple[str, bool | None, dict[str, Any]]] = []
    for case in cases:
        needed = cells(case, "keep", *TARGETS)
        runs.append((case.name, None, run(case, range(len(case.cells)))))
        runs.append((f"{case.name}: what is labelled", True, run(case, needed)))
        if kept(case) != needed:
            runs.append((f"{case.name}: the slice", True, run(case, kept(case))))
        runs += [
            (f"{case.name}: without cell {spared}", False, run(case, needed - {spared}))
            for spared in sorted(cells(case, "keep"))
        ]
    whole: dict[str, Any] = {}
    found_for_each = answer([program for _, _, program in runs], imported(cases))
    for (name, same, _), found in zip(runs, found_for_each, strict=True):
        if same is None:
            whole = found
            if "failed" in found:
                yield f"{name}: {found['failed']}"
        elif (found == whole) is not same:
            yield f"{name}: {found}, and as a whole {whole}"


def imported(cases: Sequence[Case]) -> list[str]:
    """Find what *cases* import of libraries, save what is imported for its effect: loaded once, not in each run."""
    modules = {MODULES.get(name, name) for case in cases for name in case.needs}
    trees = [parse_python(translate(cell.source).code) for case in cases for cell in case.cells if cell.is_code]
    found: set[str] = set()
    for node in (node for tree in trees if tree is not None for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return sorted(name for name in found if name.partition(".")[0] in modules and "experimental" not in name)


def runnable(case: Case) -> bool:
    """Whether all cells of *case* can run here."""
    if any("runs=no" in cell.words for cell in case.cells):
        return False
    modules = [MODULES.get(name, name) for name in case.needs]
    return all(importlib.util.find_spec(module) is not None for module in modules)


def run(case: Case, numbers: Iterable[int]) -> dict[str, Any]:
    """Write down the run of these cells, up to the last target."""
    targets = cells(case, *TARGETS)
    code = {
        number: translate(case.cells[number].source).code
        for number in sorted(numbers)
        if case.cells[number].is_code and number <= max(targets)
    }
    return {
        "cells": [(int(case.cells[number].word("count") or number), text) for number, text in code.items()],
        "tell": {
            int(case.cells[number].word("count") or number): mentioned(code[number])
            for number in sorted(targets & set(code))
        },
    }


def mentioned(code: str) -> list[str]:
    """List the names that stand in *code*."""
    return sorted({node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)})


def answer(programs: Sequence[dict[str, Any]], modules: Sequence[str]) -> list[dict[str, Any]]:
    """Run *programs*, each in a process of its own."""
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "tests.truth", *modules],
        cwd=root,
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "MPLBACKEND": "Agg",
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    return list(json.loads(done.stdout))
