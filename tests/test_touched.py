"""Notebooks that a change of other files may touch: none is missed, and most that have nothing to do with it are spared."""

from __future__ import annotations

import pytest

from alekseylearn.touched import MAX_NAMES, touched_notebooks
from tests.trees import MemoryTree, tree

CONFIG = "alekseylearn.yml"


def touched(changed: str, files: dict[str, str | bytes]) -> list[str]:
    return list(touched_notebooks(changed.split(), tree(files), CONFIG))


@pytest.mark.parametrize(
    ("changed", "source"),
    [
        ("a/customers.csv", r'"df = read(\"customers.csv\")\n"'),
        ("a/customers.csv", r'"\tcustomers.csv"'),
        ("a/data/customers.csv", r'"folder = \"data\"\n"'),
        ("a/data/customers.csv", r'''"for path in glob('data/*.csv'):\n"'''),
        ("customers.csv", r'''"for path in glob('*.csv'):\n"'''),
        ("customers.csv", r'"for path in glob(\"cust*\"):\n"'),
        ("customers.csv", r'''"for path in glob('*'):\n"'''),
        ("a/data/deep/1.png", r'''"for path in glob('data/**/*.png'):\n"'''),
        ("features.py", r'"import features\nfeatures.go()"'),
        ("features.py", r'"x = 1\nfeatures = __import__(\"features\")"'),
        ("lib/tools/__init__.py", r'"from lib import tools"'),
        ("lib/tools/deep.py", r'"from lib.tools import *"'),
        ("scripts/prepare.py", r'"%run ../scripts/prepare"'),
        ("daten/Müller.csv", r'"read(\"Müller.csv\")"'),
        ("daten/Müller.csv", r'"read(\"M\u00fcller.csv\")"'),
    ],
)
def test_a_notebook_that_spells_a_name_or_a_pattern_is_touched(changed: str, source: str) -> None:
    files: dict[str, str | bytes] = {
        "a/one.ipynb": f'{{"source": [{source}]}}',
        "a/two.ipynb": '{"source": ["x = 3 * y"]}',
    }
    assert touched(changed, files) == ["a/one.ipynb"]


@pytest.mark.parametrize(
    "path", ["requirements.txt", "a/requirements.txt", "b/pyproject.toml", "environment.yml", CONFIG]
)
def test_what_holds_for_all_touches_all(path: str) -> None:
    files: dict[str, str | bytes] = {"a/one.ipynb": "", "b.ipynb": "", "a/.ipynb_checkpoints/one.ipynb": "", "x.py": ""}
    assert touched(path, files) == ["a/one.ipynb", "b.ipynb"]


def test_modules_and_lists_of_requirements_pass_it_on() -> None:
    files: dict[str, str | bytes] = {
        "a.ipynb": "import features",
        "b.ipynb": "import other",
        "features.py": "from scales import double",
        "scales.py": "open('factors.json')",
        "other.py": "import json",
    }
    assert touched("factors.json", files) == ["a.ipynb"]
    assert touched("scales.py", files) == ["a.ipynb"]
    assert touched("other.py", files) == ["b.ipynb"]
    assert touched("more/base.in", {**files, "requirements.txt": "-r more/base.in"}) == ["a.ipynb", "b.ipynb"]
    lists = {"deps/constraints-all.txt": "-r base.in", "requirements.txt": "-c deps/constraints-all.txt"}
    assert touched("deps/base.in", {**files, **lists}) == ["a.ipynb", "b.ipynb"]


def test_a_file_that_nobody_speaks_of_touches_nothing() -> None:
    files: dict[str, str | bytes] = {"a.ipynb": "read('customers.csv') * 2", "b.py": "print('*' * 3)"}
    assert touched("README.md docs/logo.png", files) == []
    assert touched("", files) == []


class Linked(MemoryTree):
    """A tree that lists a notebook which it refuses to read."""

    def list(self, folder: str) -> tuple[str, ...]:
        return ("a.ipynb", *super().list(folder))


def test_notebooks_that_cannot_be_read_are_passed_over() -> None:
    assert list(touched_notebooks(["x.csv"], Linked({"b.ipynb": b"'x.csv'"}), CONFIG)) == ["b.ipynb"]


def test_where_too_much_changed_every_notebook_is_looked_at() -> None:
    many = " ".join(f"images/{number}.png" for number in range(MAX_NAMES + 1))
    assert touched(many, {"a.ipynb": "", "b.ipynb": ""}) == ["a.ipynb", "b.ipynb"]
