"""The bundle: the same bytes anywhere, a script that runs by itself, and nothing in it that training does not need."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.bundle import Bundle, manifest, pack, slice_notebook, train_script
from alekseylearn.config import Config, Model
from alekseylearn.files import runtime_files
from alekseylearn.notebook import parse
from alekseylearn.plan import Settings, TrainingJob, make_job
from tests.strategies import notebook, sources
from tests.trees import tree

LINE = "from line import Line\nmodel = Line()"
FIT = "model.fit(points, epochs)"
MODULE = """\
import json

class Line:
    def fit(self, points, epochs):
        print(json.dumps({"points": points, "epochs": epochs}))
"""


def job(
    *cells: str, path: str = "work/deep/a.ipynb", files: Mapping[str, str | bytes] | None = None, **model: Any
) -> TrainingJob:
    config = Config(models={"toy": Model(notebook=path, **model)})
    made = make_job(notebook(*cells, path=path), config, tree(files), Settings(python="3.12"))
    assert made is not None
    return made


def unpack(bundle: Bundle, folder: Path) -> None:
    """Write the files of *bundle*; their names are ours."""
    for name, data in bundle.files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def run(bundle: Bundle, folder: Path) -> str:
    """Run the script of *bundle* in plain Python, from another folder, and give what it prints."""
    unpack(bundle, folder)
    environ = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-W", "error", str(folder / "train.py")]
    done = subprocess.run(command, cwd="/", env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def packed(made: TrainingJob, files: Mapping[str, str | bytes]) -> Bundle:
    known = tree(files)
    names = (*made.inputs.modules, *made.inputs.data)
    return pack(made, {"supervisor.py": b"# the runtime"}, {name: known.read(name) for name in names})


# -- bytes ------------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.text("abc/_.", min_size=1, max_size=150), st.binary(max_size=600), max_size=6), st.randoms())
def test_the_archive_is_the_same_in_whatever_order_files_come(files: dict[str, bytes], order: random.Random) -> None:
    names = list(files)
    order.shuffle(names)
    other = Bundle({name: files[name] for name in names})
    assert Bundle(files).tar() == other.tar()
    assert Bundle(files).digest == other.digest


def test_the_archive_says_nothing_of_when_where_and_by_whom() -> None:
    long = "files/" + "/".join(["folder"] * 30) + "/ünïcode.csv"
    files = {long: b"data", "train.py": b"print()", "_al/supervisor.py": b""}
    with tarfile.open(fileobj=io.BytesIO(Bundle(files).tar())) as archive:
        entries = archive.getmembers()
        assert [entry.name for entry in entries] == sorted(files)
        for entry in entries:
            assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, 0, "", "")
            assert (entry.mode, entry.type) == (0o644, tarfile.REGTYPE)
            content = archive.extractfile(entry)
            assert content is not None
            assert content.read() == files[entry.name]


def test_the_archive_is_written_as_it_was_in_every_version_of_python() -> None:
    files = {"a": b"1", "b" * 120: b"2"}
    assert Bundle(files).digest == "feb43fdeab7749a8edbeb0717e47e723a6eaa620219e4d60e18b6c51aab41886"


def test_a_comment_changes_the_bytes_and_not_the_identity() -> None:
    one, other = job(LINE, FIT), job(LINE + "  # straight", FIT)
    assert one.digest == other.digest
    assert packed(one, {}).digest != packed(other, {}).digest


def test_parameters_are_written_in_one_order() -> None:
    cells = ("points, epochs = [[1, 2]], 3", LINE, FIT)
    one = job(*cells, parameters={"points": [[0, 0]], "epochs": 1} | {"points": [0]})
    other = job(*cells, parameters={"epochs": 1, "points": [0]})
    assert packed(one, {}).tar() == packed(other, {}).tar()


@given(sources())
def test_the_script_is_python_and_holds_the_kept_cells_in_order(cells: tuple[str, ...]) -> None:
    made = make_job(notebook(*cells), Config(), tree(), Settings())
    assert made is not None
    script = train_script(made)
    compile(script, "train.py", "exec")
    assert [int(line[10:-1]) for line in script.splitlines() if line.startswith("# %% [cell ")] == [
        kept.cell for kept in made.slice.kept
    ]


# -- what is in it ----------------------------------------------------------------------------------------------------


def test_the_files_of_a_bundle() -> None:
    files = {"line.py": MODULE, "requirements.txt": "numpy\n-c bounds.txt", "bounds.txt": "scipy<2", "a.csv": "1"}
    made = job("points = open('../../a.csv').read()\nepochs = 3", LINE, FIT, files=files)
    bundle = pack(made, runtime_files(), {"line.py": MODULE.encode(), "a.csv": b"1"})
    assert {name for name in bundle.files if not name.startswith("_al/")} == {
        "train.py", "manifest.json", "requirements.txt", "constraints.txt", "files/line.py", "files/a.csv",
    }  # fmt: skip
    assert bundle.files["requirements.txt"] == b"-c constraints.txt\nnumpy\n"
    assert bundle.files["constraints.txt"] == b"scipy<2\n"
    assert bundle.files["_al/supervisor.py"]
    assert not [name for name in bundle.files if "__pycache__" in name]
    with pytest.raises(TypeError):
        bundle.files["train.py"] = b""  # type: ignore[index]


def test_the_manifest_describes_the_run() -> None:
    made = job(
        "epochs = 3", LINE, FIT, parameters={"epochs": 5}, metrics={"loss": "min"}, seed=7, timeout=60, model="m.bin"
    )
    told = manifest(made)
    assert json.loads(json.dumps(told)) == told
    assert [(cell["cell"], cell["headline"], cell["target"]) for cell in told["cells"]] == [
        (0, "epochs = 3", None),
        (1, "from line import Line", None),
        (2, "model.fit(points, epochs)", "train"),
    ]
    cells = told.pop("cells")
    assert cells[2]["source"] == FIT
    assert told == {
        "version": 1,
        "name": "toy",
        "run": made.run,
        "digest": made.digest,
        "notebook": "work/deep/a.ipynb",
        "workdir": "work/deep",
        "parameters": {"epochs": 5},
        "seed": 7,
        "goals": {"loss": "min"},
        "printed": {},
        "model": "m.bin",
        "timeout": 60,
        "cell_timeout": None,
        "grace": 30,
        "kernel": {"name": "python3", "display_name": "Python 3", "language": "python"},
    }


def test_outputs_metadata_and_dropped_cells_never_get_in() -> None:
    token = "planted-token-5f1c"
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "source": f"The key is {token}-a."},
        {"cell_type": "code", "source": "points = [[1, 2]]\nepochs = 3", "tags": [f"{token}-b"]},
        {"cell_type": "code", "source": f"print('{token}-c')", "outputs": [{"text": f"{token}-d"}]},
        {"cell_type": "code", "source": LINE, "outputs": [{"output_type": "stream", "text": f"{token}-e"}]},
        {"cell_type": "code", "source": f"#| skip\n{token.replace('-', '_')}_f = 1"},
        {"cell_type": "code", "source": FIT, "note": f"{token}-g"},
        {"cell_type": "raw", "source": f"{token}-h"},
    ]
    document = {
        "cells": [
            {**cell, "id": f"c{number}", "metadata": {"tags": cell.pop("tags", []), "secret": f"{token}-i"}}
            for number, cell in enumerate(cells)
        ],
        "metadata": {"widgets": {"state": f"{token}-j"}, "authors": [f"{token}-k"]},
        "nbformat": 4,
        "nbformat_minor": 5,
        f"{token}-l": 1,
    }
    files = {"line.py": MODULE, "secrets.env": f"{token}-m", "a.ipynb": f"{token}-n"}
    made = make_job(parse("a.ipynb", json.dumps(document).encode()), Config(), tree(files), Settings())
    assert made is not None
    bundle = packed(made, files)
    assert set(bundle.files) == {"train.py", "manifest.json", "requirements.txt", "files/line.py", "_al/supervisor.py"}
    for name, data in bundle.files.items():
        assert token.encode() not in data, name
        assert token.replace("-", "_").encode() not in data, name


# -- train.py by itself -----------------------------------------------------------------------------------------------

PLAIN = ("points = [[1, 2]]", "epochs = 3", "print('explored')", LINE, FIT)


@pytest.mark.parametrize("path", ["a.ipynb", "work/a.ipynb", "work/deep/ä 'b'/a.ipynb"])
@pytest.mark.parametrize("beside", [True, False])
def test_the_script_runs_in_plain_python_with_its_modules_and_data(tmp_path: Path, path: str, beside: bool) -> None:
    folder = path.rpartition("/")[0]
    inside = f"{folder}/" if folder else ""
    files = {f"{inside if beside else ''}line.py": MODULE, f"{inside}data/points.json": "[[3, 4]]"}
    cells = ("import json\npoints = json.load(open('data/points.json'))", *PLAIN[1:])
    made = job(*cells, path=path, files=files)
    assert run(packed(made, files), tmp_path) == '{"points": [[3, 4]], "epochs": 3}\n'


def test_parameters_take_effect_where_they_are_used(tmp_path: Path) -> None:
    files = {"line.py": MODULE}
    cells = ("epochs = 3\npoints = [[1, 2]]", "double = epochs * 2", "points = [[double, 0]]", *PLAIN[3:])
    made = job(*cells, path="a.ipynb", files=files, parameters={"epochs": 20, "double": 5, "points": None})
    assert run(packed(made, files), tmp_path) == '{"points": [[5, 0]], "epochs": 20}\n'
    script = train_script(made)
    assert (
        script.index("# %% [cell 0]") < script.index("# %% [parameters]\nepochs = 20\n") < script.index("# %% [cell 1]")
    )


@pytest.mark.parametrize("value", [1, -1.5, True, None, 'it\'s "x"\n\\', [1, "a", None], "\ud800", "ü"])
def test_a_parameter_of_any_kind_comes_through(value: Any) -> None:
    made = job(*PLAIN, parameters={"epochs": value})
    names: dict[str, Any] = {}
    script = train_script(made).encode().decode()
    part = script.partition("# %% [parameters]\n")[2].partition("# %%")[0]
    exec(part, names)
    assert names["epochs"] == value
    assert type(names["epochs"]) is type(value)


def test_a_script_that_lies_beside_the_notebook_leaves_the_folder_alone() -> None:
    script = train_script(job(*PLAIN), standalone=True)
    assert "chdir" not in script
    assert script.startswith("# The training cells of work/deep/a.ipynb, cut out by alekseylearn.")
    assert "# %% [cell 0]\npoints = [[1, 2]]\n" in script


def test_a_path_with_odd_characters_stays_in_its_comment() -> None:
    script = train_script(job(*PLAIN, path="work/a\n\u2028b\udc80.ipynb"))
    assert script.splitlines()[0] == (
        f"# The training cells of work/a??b?.ipynb, cut out by alekseylearn. Run {job(*PLAIN).run}."
    )
    script.encode()


@pytest.mark.parametrize(
    "first",
    [
        "from __future__ import annotations\nimport json",
        "'''Words.'''\nfrom __future__ import annotations; import json",
        "from __future__ import (\n    annotations,\n    division,\n); ü = 1",
        "#| skip\nfrom __future__ import nothing_like_it",
    ],
)
def test_what_is_imported_from_the_future_stands_first(tmp_path: Path, first: str) -> None:
    later = "from __future__ import annotations\ndef f(a: Gone) -> Gone: pass\npoints = [f.__code__.co_firstlineno]"
    made = job(first, later, *PLAIN[1:], files={"work/deep/line.py": MODULE})
    bundle = packed(made, {"work/deep/line.py": MODULE})
    script = bundle.files["train.py"].decode()
    line = script.splitlines().index("def f(a: Gone) -> Gone: pass") + 1
    assert run(bundle, tmp_path) == f'{{"points": [{line}], "epochs": 3}}\n'


# -- the slice as a notebook ------------------------------------------------------------------------------------------


def test_the_slice_is_a_valid_notebook_without_outputs() -> None:
    made = job("#| keep\n%matplotlib inline\nprint(1)", "x = [1]\n\ny = 2\n", "print(x)", "model.fit(x, y)")
    document = json.loads(slice_notebook(made))
    nbformat.validate(document)
    assert [cell["source"] for cell in document["cells"]] == [
        ["#| keep\n", "%matplotlib inline\n", "print(1)"],
        ["x = [1]\n", "\n", "y = 2\n"],
        ["model.fit(x, y)"],
    ]
    assert all(cell["outputs"] == [] and cell["metadata"] == {} for cell in document["cells"])
    again = parse("slice.ipynb", slice_notebook(made).encode())
    assert [cell.id for cell in again.cells] == ["cell-0", "cell-1", "cell-3"]


def test_tags_that_mark_cells_stay_on_them() -> None:
    raw = {"cell_type": "code", "id": "a", "metadata": {"tags": ["train", "b"]}, "source": "go()", "outputs": []}
    document = {"cells": [raw], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    made = make_job(parse("a.ipynb", json.dumps(document).encode()), Config(), tree(), Settings())
    assert made is not None
    assert json.loads(slice_notebook(made))["cells"][0]["metadata"] == {"tags": ["b", "train"]}


def test_parameters_stand_in_the_notebook_too() -> None:
    made = job("epochs = 3\nrate = 0.1", "#| train\nfit(epochs, rate)", parameters={"epochs": 5})
    document = json.loads(slice_notebook(made))
    nbformat.validate(document)
    assert [(cell["source"], cell["metadata"]) for cell in document["cells"]] == [
        (["epochs = 3\n", "rate = 0.1"], {}),
        (["epochs = 5"], {"tags": ["injected-parameters"]}),
        (["#| train\n", "fit(epochs, rate)"], {}),
    ]


@given(sources())
def test_the_slice_of_a_slice_is_the_slice(cells: tuple[str, ...]) -> None:
    one = make_job(notebook(*cells), Config(), tree(), Settings())
    assert one is not None
    other = make_job(parse("notebook.ipynb", slice_notebook(one).encode()), Config(), tree(), Settings())
    assert other is not None
    assert other.digest == one.digest


# -- seeding anew ---------------------------------------------------------------------------------------------------

DRAW = "#| train\nimport random\nprint(random.random())\nmodel.fit(1, 2)"


def test_each_cell_is_seeded_by_what_it_means_where_that_is_asked_for(tmp_path: Path) -> None:
    first = job("import random", LINE, DRAW, files={"line.py": MODULE}, random="reseed")
    again = job(
        "import random",
        LINE,
        "noise = random.random()",
        "# as before\n" + DRAW,
        files={"line.py": MODULE},
        random="reseed",
    )
    other = job("import random", LINE, DRAW, files={"line.py": MODULE}, random="reseed", seed=2)
    assert [kept.cell for kept in again.slice.kept] == [0, 1, 3]
    files = {"work/deep/line.py": MODULE.encode()}
    printed = [
        run(pack(made, runtime_files(), files), tmp_path / name)
        for name, made in (("first", first), ("again", again), ("other", other))
    ]
    assert printed[0] == printed[1] != printed[2]
    assert first.digest == again.digest


def test_a_notebook_of_the_slice_is_seeded_as_the_script_is() -> None:
    made = job("import random", LINE, DRAW, files={"line.py": MODULE}, random="reseed")
    cells = json.loads(slice_notebook(made))["cells"]
    assert [cell["id"] for cell in cells] == [
        "seeds-0",
        cells[1]["id"],
        "seeds-1",
        cells[3]["id"],
        "seeds-2",
        cells[5]["id"],
    ]
    assert "".join(cells[4]["source"]) in train_script(made)


def test_seeding_anew_is_another_training() -> None:
    plain = job("import random", LINE, DRAW, files={"line.py": MODULE}, seed=0)
    assert plain.digest != job("import random", LINE, DRAW, files={"line.py": MODULE}, seed=0, random="reseed").digest
    assert "seeds of cell" not in train_script(plain)
