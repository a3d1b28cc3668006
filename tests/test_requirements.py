"""Requirements: which file counts, what is followed, and what is never taken from a repository."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import InputError
from alekseylearn.requirements import Requirements, find_requirements
from alekseylearn.slicing import backward_slice
from alekseylearn.targets import find_targets
from tests.strategies import notebook
from tests.trees import tree

FIT = "from sklearn.linear_model import Ridge\nRidge().fit([[1]], [2])"


def found(files: dict[str, str | bytes], *cells: str, path: str = "work/deep/a.ipynb") -> Requirements:
    made = notebook(*(cells or (FIT,)), path=path)
    return find_requirements(tree(files), made, backward_slice(made, find_targets(made)))


def lines(text: str | bytes) -> tuple[str, ...]:
    return found({"requirements.txt": text}).lines


def refused(files: dict[str, str | bytes], *cells: str) -> InputError:
    with pytest.raises(InputError) as caught:
        found(files, *cells)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("files", "origin"),
    [
        ({"work/deep/requirements.txt": "a", "work/requirements.txt": "b"}, "work/deep/requirements.txt"),
        ({"work/requirements.txt": "b", "requirements.txt": "c"}, "work/requirements.txt"),
        ({"requirements.txt": "c", "other/requirements.txt": "d"}, "requirements.txt"),
        ({"work/environment.yml": "dependencies: [{pip: [a]}]", "requirements.txt": "c"}, "work/environment.yml"),
        ({"work/requirements.txt": "# nothing\n\n", "requirements.txt": "c"}, "requirements.txt"),
        ({"work/requirements.txt": "", "requirements.txt": "c"}, "requirements.txt"),
        ({"work/pyproject.toml": "[tool.x]\na = 1", "requirements.txt": "c"}, "requirements.txt"),
        ({"work/pyproject.toml": "", "environment.yaml": "dependencies: [{pip: [a]}]"}, "environment.yaml"),
        ({"work/environment.yml": "", "pyproject.toml": "[project]\ndependencies=['b']"}, "pyproject.toml"),
        ({"requirements.txt": "a", "pyproject.toml": "[project]\ndependencies=['b']"}, "requirements.txt"),
        ({"deep/requirements.txt": "a"}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_nearest_file_that_asks_for_something_wins(files: dict[str, str | bytes], origin: str) -> None:
    assert found(files).origin == origin


def test_a_notebook_at_the_root_looks_at_the_root_only() -> None:
    files: dict[str, str | bytes] = {"requirements.txt": "a", "work/requirements.txt": "b"}
    assert found(files, path="a.ipynb").lines == ("a",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("numpy\n\n# all of it\nscikit-learn >= 1.5  # the newest\r\n", ("numpy", "scikit-learn >= 1.5")),
        ("numpy\nnumpy\npandas\nnumpy", ("numpy", "pandas")),
        ("a @ https://example.org/a.whl#sha256=00", ("a @ https://example.org/a.whl#sha256=00",)),
        ("a[b]==1.0 ; python_version < '3.13'", ("a[b]==1.0 ; python_version < '3.13'",)),
        ("a==1 \\\n --hash=sha256:00 \\\n --hash=sha256:11\nb==2", ("a==1 --hash=sha256:00 --hash=sha256:11", "b==2")),
        ("git+https://example.org/a.git@v1", ("git+https://example.org/a.git@v1",)),
        ("a @ git+ssh://git@example.org/a.git", ("a @ git+ssh://git@example.org/a.git",)),
        ("\ufeffnumpy", ("numpy",)),
        ("numpy\n".encode("utf-16"), ("numpy",)),
    ],
)  # fmt: skip
def test_lines_are_taken_as_pip_reads_them(text: str | bytes, expected: tuple[str, ...]) -> None:
    assert lines(text) == expected


def test_other_files_are_followed_inside_the_repository_and_each_once() -> None:
    files: dict[str, str | bytes] = {
        "work/requirements.txt": "-r ../base.txt\n--requirement=more/ml.txt\na",
        "base.txt": "numpy\n-r work/more/ml.txt",
        "work/more/ml.txt": "-rdeep.txt\nscikit-learn",
        "work/more/deep.txt": "scipy",
    }
    made = found(files)
    assert made.lines == ("numpy", "scipy", "scikit-learn", "a")
    assert made.origin == "work/requirements.txt"
    assert made.text == "numpy\nscipy\nscikit-learn\na\n"


def test_constraints_bound_versions_and_ask_for_nothing() -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "numpy\n-c limits/all.txt\n--constraint limits/all.txt",
        "limits/all.txt": "numpy<2\nscipy<1.12\n-r more.txt",
        "limits/more.txt": "pandas<3",
    }
    made = found(files)
    assert made.lines == ("numpy",)
    assert made.constraints == ("numpy<2", "scipy<1.12", "pandas<3")
    assert made.text == "-c constraints.txt\nnumpy\n"
    assert made.constraints_text == "numpy<2\nscipy<1.12\npandas<3\n"


def test_files_that_double_their_lines_are_read_once() -> None:
    files: dict[str, str | bytes] = {f"{i}.txt": f"-r {i + 1}.txt\n" * 2 for i in range(60)}
    assert found({**files, "60.txt": "numpy", "requirements.txt": "-r 0.txt"}).lines == ("numpy",)


@pytest.mark.parametrize(
    ("files", "what", "where"),
    [
        ({"requirements.txt": "-r requirements.txt"}, "in a circle", "requirements.txt"),
        ({"requirements.txt": "-r a.txt", "a.txt": "-c b.txt", "b.txt": "-r a.txt"}, "in a circle", "a.txt"),
        ({"requirements.txt": "-r gone.txt"}, "`-r gone.txt` names no file of this repository", "requirements.txt"),
        ({"requirements.txt": "-r ../../etc/passwd"}, "names no file of this repository", "requirements.txt"),
        ({"requirements.txt": "-r /etc/passwd"}, "names no file of this repository", "requirements.txt"),
        ({"requirements.txt": "-c https://example.org/c.txt"}, "names no file of this repository", "requirements.txt"),
        ({"requirements.txt": "{name}"}, "`{name}` is no requirement", "requirements.txt"),
    ],
)
def test_a_file_that_cannot_be_followed_is_told(files: dict[str, str | bytes], what: str, where: str) -> None:
    error = refused(files)
    assert error.slug == "cfg.type"
    assert what in error.what
    assert error.where == where


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("--index-url https://example.org/simple", "`--index-url`"),
        ("-i https://example.org/simple", "`-i`"),
        ("-ihttps://example.org/simple", "`-i`"),
        ("--extra-index-url=https://example.org/simple", "`--extra-index-url`"),
        ("--trusted-host example.org", "`--trusted-host`"),
        ("--find-links ./wheels", "`--find-links`"),
        ("-e .", "`-e`"),
        ("--editable ../lib", "`--editable`"),
        ("--no-binary :all:", "`--no-binary`"),
        ("--pre", "`--pre`"),
        ("numpy --config-settings=x=y", "`--config-settings`"),
        ("numpy --index-url=https://example.org --hash=sha256:00", "`--index-url`"),
        ("numpy \\\n  -i https://example.org", "`-i`"),
        ("./lib", "is a path"),
        ("../lib", "is a path"),
        ("/tmp/a.whl", "is a path"),
        ("~/a.whl", "is a path"),
        ("wheels/a.whl", "is a path"),
        ("a-1.0-py3-none-any.whl", "is a path"),
        (r"C:\wheels\a.whl", "is a path"),
        ("file:///tmp/a.whl", "is a path"),
        ("a @ file:///tmp/a.whl", "is a path"),
        ("a @ ./lib", "is a path"),
        ("a@../lib", "is a path"),
        ("a @ https://${TOKEN}@example.org/a.whl", "a password or an environment variable"),
        ("git+https://ada:secret@example.org/a.git", "a password or an environment variable"),
    ],
)
@pytest.mark.parametrize("place", ["requirements.txt", "pyproject.toml", "environment.yml", "%pip"])
def test_where_packages_come_from_is_not_for_a_repository_to_say(place: str, line: str, what: str) -> None:
    quoted = line.replace("\\\n", " ").replace("\\", "\\\\")
    files: dict[str, dict[str, str | bytes]] = {
        "requirements.txt": {place: line},
        "pyproject.toml": {place: f'[project]\ndependencies = ["{quoted}"]'},
        "environment.yml": {place: f'dependencies:\n- pip:\n  - "{quoted}"'},
        "%pip": {"requirements.txt": "-r other/list", "other/list": line},
    }
    error = refused(files[place])
    assert error.slug == "cfg.forbidden"
    assert what in error.what
    assert error.where == ("other/list" if place == "%pip" else place)


def test_what_the_notebook_installs_itself_is_added() -> None:
    files: dict[str, str | bytes] = {"requirements.txt": "numpy", "work/deep/own.txt": "pandas"}
    made = found(files, "%pip install -q 'scipy>1' numpy -r own.txt", "!pip install torch", FIT)
    assert made.lines == ("numpy", "scipy>1", "pandas", "torch")
    assert made.origin == "requirements.txt"
    assert found({}, "%pip install scipy", FIT) == Requirements(lines=("scipy",))


@pytest.mark.parametrize(
    ("cell", "slug"),
    [
        ("%pip install -e .", "cfg.forbidden"),
        ("!pip install ./lib", "cfg.forbidden"),
        ("!pip install {name}", "cfg.type"),
    ],
)
def test_the_cell_of_an_install_that_is_refused_is_named(cell: str, slug: str) -> None:
    error = refused({}, "x = 1", cell, FIT)
    assert error.slug == slug
    assert error.where == "work/deep/a.ipynb, cell 1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[project]\ndependencies = ['numpy', 'scipy \\n >1']", ("numpy", "scipy >1")),
        ("[project]\nname = 'x'", ()),
        ("[project]\ndependencies = 'numpy'", ()),
        ("[project]\ndependencies = [5, 'numpy']", ("numpy",)),
        ("project = 5", ()),
    ],
)
def test_pyproject(text: str, expected: tuple[str, ...]) -> None:
    assert found({"pyproject.toml": text.replace("\\n", "\t")}).lines == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\ndependencies:\n- python=3.12\n- numpy\n- pip\n- pip: [scipy, -r more.txt]", ("scipy", "pandas")),
        ("dependencies: [{pip: numpy}, {pip: [5]}]", ()),
        ("dependencies: numpy", ()),
        ("- numpy", ()),
    ],
)
def test_the_pip_part_of_a_conda_environment(text: str, expected: tuple[str, ...]) -> None:
    assert found({"environment.yml": text, "more.txt": "pandas"}).lines == expected


@pytest.mark.parametrize(
    ("path", "data", "slug"),
    [
        ("requirements.txt", b"\xff\x00numpy", "cfg.syntax"),
        ("requirements.txt", b"x" * 5_000_000, "cfg.limit"),
        ("pyproject.toml", b"[project", "cfg.syntax"),
        ("pyproject.toml", b"a = " + b"[" * 5000 + b"]" * 5000, "cfg.syntax"),
        ("pyproject.toml", b"a = " + b"1" * 5000, "cfg.syntax"),
        ("pyproject.toml", b"\xff", "cfg.syntax"),
        ("environment.yml", b"a: [", "cfg.syntax"),
        ("environment.yml", b"a: &x 1", "cfg.limit"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(path: str, data: bytes, slug: str) -> None:
    assert refused({path: data}).slug == slug


@given(st.text(max_size=60))
def test_whatever_a_list_holds_nothing_but_names_and_hashes_comes_through(text: str) -> None:
    try:
        made = lines(text)
    except InputError:
        return
    assert all(line[0].isalnum() and " -" not in line.replace(" --hash", "") for line in made)
