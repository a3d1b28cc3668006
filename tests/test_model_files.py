"""What a file's name tells of how it is loaded."""

from __future__ import annotations

import ast

import pytest

from alekseylearn.model_files import KINDS, how_to_load, model_file


@pytest.mark.parametrize("ending", sorted(KINDS))
def test_each_kind_is_loaded_by_python_that_holds(ending: str) -> None:
    told = how_to_load(f"a/model{ending}", "runs/it's/model" + ending)
    assert "runs/it's/model" in told
    ast.parse(told)


def test_pickles_run_code_and_plain_formats_do_not() -> None:
    risky = {ending for ending, kind in KINDS.items() if kind.runs_code}
    assert risky == {".joblib", ".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".h5"}


@pytest.mark.parametrize("name", ["metrics.jsonl", "growth.executed.ipynb", "model", ".pkl", "a.pkl/notes", ""])
def test_other_files_are_no_models(name: str) -> None:
    assert model_file(name) is None
    assert how_to_load(name, name) == ""


def test_large_letters_do_not_matter() -> None:
    assert model_file("MODEL.PKL") is KINDS[".pkl"]
