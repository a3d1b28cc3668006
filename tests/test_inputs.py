from dataclasses import dataclass
from hashlib import sha256

import pytest

from alekseylearn.inputs import Inputs, Package, find_inputs
from alekseylearn.slicing import backward_slice
from alekseylearn.targets import find_targets
from tests.strategies import notebook


@dataclass(frozen=True)
class Files:
    """A repository in memory."""

    files: dict[str, str]

    def exists(self, path: str) -> bool:
        return path in self.files

    def read(self, path: str) -> bytes:
        return self.files[path].encode()

    def list(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(path for path in self.files if path.startswith(f"{folder}/" if folder else "")))


def inputs(*cells: str, path: str = "nb/train.ipynb", limit: int = 50_000_000, **files: str) -> Inputs:
    made = notebook(*cells, path=path)
    cut = backward_slice(made, find_targets(made))
    return find_inputs(made, cut, Files(files), limit=limit)


def modules(cell: str, **files: str) -> list[str]:
    return list(inputs(f"#| train\n{cell}", **files).modules)


def data(*cells: str, **files: str) -> list[str]:
    return list(inputs(*cells[:-1], f"#| train\n{cells[-1]}", **files).data)


@pytest.mark.parametrize(
    ("cell", "files", "expected"),
    [
        ("import a", {"nb/a.py": "", "a.py": ""}, ["nb/a.py"]),
        ("import a", {"a.py": "", "nb/b.py": ""}, ["a.py"]),
        ("from a import b", {"a/__init__.py": "", "a/b.py": "", "a/c.py": ""}, ["a/__init__.py", "a/b.py"]),
        ("import a.b.c as d", {"a/b/c.py": ""}, ["a/b/c.py"]),
        (
            "from a import f",
            {
                "a/__init__.py": "from . import b\nfrom .c import g",
                "a/b.py": "from ..a import d",
                "a/c.py": "",
                "a/d.py": "",
            },
            ["a/__init__.py", "a/b.py", "a/c.py", "a/d.py"],
        ),
        ("from a import *", {"a/__init__.py": "", "a/b.py": ""}, ["a/__init__.py"]),
        ("import a", {"a.py": "import b", "b.py": "import a"}, ["a.py", "b.py"]),
        ("import sys\nsys.path.append('../src')\nimport a", {"src/a.py": ""}, ["src/a.py"]),
        ("import importlib\nimportlib.import_module('a')", {"a.py": ""}, ["a.py"]),
        ("%run tools.py", {"nb/tools.py": "import a", "nb/a.py": ""}, ["nb/a.py", "nb/tools.py"]),
        ("def f():\n    import a", {"a.py": ""}, ["a.py"]),
        ("import a", {"a/__init__.py": ""}, ["a/__init__.py"]),
    ],
)
def test_local_modules_are_found(cell: str, files: dict[str, str], expected: list[str]) -> None:
    assert modules(cell, **files) == expected


def test_modules_of_dropped_cells_do_not_count() -> None:
    assert not inputs("import a\nprint(a.x)", "#| train\nx = 1", **{"a.py": ""}).modules


def test_packages_of_others_are_named_with_their_first_cell() -> None:
    found = inputs(
        "import numpy as np, os",
        "import local",
        "#| train\nfrom numpy import ones\nnp, local",
        **{"local.py": "import cv2.gapi"},
    )
    assert found.imports == (Package("numpy", 0), Package("cv2", 1))


def test_a_program_that_is_not_there_is_told() -> None:
    assert inputs("#| train\n%run gone.py").warnings == ("cell 0 runs `gone.py`, which is not in the repository",)
    assert inputs("#| train\n%run ../../gone.py").warnings


def test_a_module_that_is_not_python_is_told() -> None:
    found = inputs("#| train\nimport a", **{"a.py": "def f(:"})
    assert list(found.modules) == ["a.py"]
    assert found.warnings == ("`a.py`, which cell 0 imports, is not Python; what it needs is not known",)


@pytest.mark.parametrize(
    ("cells", "files", "expected"),
    [
        (("open('x.csv')",), {"nb/x.csv": "", "x.csv": ""}, ["nb/x.csv"]),
        (("open('../data/x.csv')",), {"data/x.csv": "", "data/y.csv": ""}, ["data/x.csv"]),
        (("D = Path('../data')", "open(D / 'x.csv')"), {"data/x.csv": "", "data/y.csv": ""}, ["data/x.csv"]),
        (
            ("load('images')",),
            {"nb/images/a.png": "", "nb/images/b/c.png": "", "nb/other.png": ""},
            ["nb/images/a.png", "nb/images/b/c.png"],
        ),
        (("glob('parts/*.csv')",), {"nb/parts/a.csv": "", "nb/parts/b.txt": ""}, ["nb/parts/a.csv"]),
        (("open('./x.csv')",), {"nb/x.csv": ""}, ["nb/x.csv"]),
        (("open('train.ipynb')",), {"nb/train.ipynb": ""}, []),
        (("open('..')",), {"nb/x.csv": "", "y.csv": ""}, []),
        (("open('/etc/passwd'), open('../../x'), open(''), open('a\\nb')",), {"etc/passwd": ""}, []),
        (("import a",), {"nb/a.py": "open('x.csv')", "nb/x.csv": ""}, ["nb/x.csv"]),
        (("exec(open('b.py').read())",), {"nb/b.py": ""}, ["nb/b.py"]),
        (("open(join('..', 'data', 'raw', 'x.csv'))",), {"data/raw/x.csv": "", "data/y.csv": ""}, ["data/raw/x.csv"]),
        (
            ("R = Path('..').resolve()", "D = R / 'data'", "open(D / 'x.csv')"),
            {"data/x.csv": "", "z": ""},
            ["data/x.csv"],
        ),
        (("D = '../data'", "open(f'{D}/x.csv')"), {"data/x.csv": "", "data/y.csv": ""}, ["data/x.csv"]),
        (("D = '../data'", "open(D + '/raw/x.csv')"), {"data/raw/x.csv": "", "data/y.csv": ""}, ["data/raw/x.csv"]),
        (("load(Path('..') / 'images')",), {"images/a.png": "", "b.png": ""}, ["images/a.png"]),
        (("import sys\nsys.path.append('..')", "f(df['data'])"), {"data/x.csv": ""}, []),
    ],
)
def test_data_that_is_spelled_out_is_found(cells: tuple[str, ...], files: dict[str, str], expected: list[str]) -> None:
    assert data(*cells, **files) == expected


def test_data_of_dropped_cells_does_not_count() -> None:
    assert data("print(open('x.csv'))", "y = 1", **{"nb/x.csv": ""}) == []


def test_files_are_known_by_their_sha256() -> None:
    found = inputs("#| train\nimport a\nopen('x.csv')", **{"nb/a.py": "b = 1", "nb/x.csv": "1,2"})
    assert found.modules == {"nb/a.py": sha256(b"b = 1").hexdigest()}
    assert found.data == {"nb/x.csv": sha256(b"1,2").hexdigest()}


def test_large_files_stay_behind_and_are_told() -> None:
    found = inputs("#| train\nopen('x.csv')", limit=2, **{"nb/x.csv": "123"})
    assert found.data == {}
    assert found.warnings == ("`nb/x.csv` is 3 B large and does not travel with the run",)


def test_unreadable_cells_need_nothing_that_we_know_of() -> None:
    assert inputs("import a (", "#| train\nimport b", **{"b.py": ""}).modules == {"b.py": sha256(b"").hexdigest()}


def test_a_notebook_at_the_root_finds_its_neighbours() -> None:
    found = inputs("#| train\nimport a\nopen('data/x')", path="n.ipynb", **{"a.py": "", "data/x": ""})
    assert (list(found.modules), list(found.data)) == (["a.py"], ["data/x"])
