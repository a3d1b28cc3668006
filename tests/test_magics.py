import ast
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.magics import parse_python, read_python, run_statement, translate
from tests.strategies import sources


def code(source: str) -> str:
    """The translation, which always has as many lines as the source and is Python."""
    made = translate(source).code
    assert made.count("\n") == source.count("\n")
    ast.parse(made)
    return made


@pytest.mark.parametrize(
    "source",
    [
        "x = a % b",
        "x = a \\\n    % b",
        "x = (a\n% b)",
        "text = '''\n%matplotlib inline\n!ls\n'''",
        "if a != b:\n    pass",
        "print('what?')",
        "",
        "# ?\n",
        "await f()",
        "path = '\\d'",
    ],
)
def test_python_comes_back_as_it_is(source: str) -> None:
    assert translate(source).code == source


@given(sources())
def test_no_cell_that_is_python_changes(cells: tuple[str, ...]) -> None:
    for cell in cells:
        assert translate(cell).code == cell


@given(
    st.lists(st.sampled_from(["%time x = 1", "!ls", "x = 1", "'''", "y = (1,", ")", "?x", "x?", "%%time", "\\", "#"]))
)
def test_the_number_of_lines_never_changes(lines: list[str]) -> None:
    source = "\n".join(lines)
    assert translate(source).code.count("\n") == source.count("\n")


def test_what_is_fetched_is_told() -> None:
    assert translate("%fetch m --base\nold = %fetch n --into o\n%fetch m --into 1").fetched == (
        "model", "model_base", "old", "o",
    )  # fmt: skip


@given(st.text(alphabet=string.printable, max_size=60))
def test_any_text_is_translated(source: str) -> None:
    assert translate(source).code.count("\n") == source.count("\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("%load_ext autoreload\n%autoreload 2", "pass\npass"),
        ("%load_ext alekseylearn\n%fit -p n 3\n%fetch m --base", "pass\npass\nmodel = model_base = None"),
        ("old = %fetch m --into older", "old = older = None"),
        ("if a:\n    %fetch pr/7 --into=older --base", "if a:\n    older = older_base = None"),
        ("%fetch m --into class", "pass"),
        ("%runs\n%status 1a2b\n%stop 1a2b\n%slice --why", "pass\npass\npass\npass"),
        ("%time x = f(1)", "x = f(1)"),
        ("%time", "pass"),
        ("%prun -l 5 f(1)", "f(1)"),
        ("%timeit -n 10 f(x)", "pass"),
        ("for i in x:\n    %time f(i)", "for i in x:\n    f(i)"),
        ("?df", "pass"),
        ("df.head??", "pass"),
        ("%pinfo df", "pass"),
        ("!nvidia-smi", "pass"),
        ("!ls data  # look", "pass"),
        ("%cd ..", "get_ipython().run_line_magic('cd', '..')"),
        ("%frobnicate a b", "get_ipython().run_line_magic('frobnicate', 'a b')"),
        ("x = %frobnicate a", "x = get_ipython().run_line_magic('frobnicate', 'a')"),
        ("files = !ls *.csv", "files = get_ipython().getoutput('ls *.csv')"),
        ("!cp a b", "get_ipython().system('cp a b')"),
        ("!cp {source} b", "get_ipython().system(f'cp {source} b')"),
        ("!awk '{print $1' f", "get_ipython().system(\"awk '{print $1' f\")"),
        ("!cp a \\\n   b\nx = 1", "get_ipython().system('cp a b')\n\nx = 1"),
        ("%sx make", "get_ipython().system('make')"),
        ("!!make", "get_ipython().system('make')"),
        ("%run other.py", run_statement("other.py")),
        ("%run -i other", run_statement("other.py")),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%time", ""),
        ("%%capture\n%time x = 1", "\nx = 1"),
        ("%%capture --no-stderr out\n%time x = 1", "with get_ipython().capture() as out:\n x = 1"),
        (
            "%%capture out\ns = '''a\nb'''\nif s:\n    x = [\n1]",
            "with get_ipython().capture() as out:\n s = '''a\nb'''\n if s:\n     x = [\n 1]",
        ),
        ("%%capture out\n# nothing", "with get_ipython().capture() as out: pass\n"),
        ("%%html\n<b>bold</b>", "\n"),
        ("%%bash\n# nothing\nls", "\n\n"),
        ("\n%%javascript\nalert(1)", "\n\n"),
        ("s = '''\n%time\n'''\n%who", "s = '''\n%time\n'''\npass"),
        ("s = 'a\\'' # '''\n%who", "s = 'a\\'' # '''\npass"),
        ('s = """a\\""""\n%who', 's = """a\\""""\npass'),
        ("x = [\n  1]\n%who", "x = [\n  1]\npass"),
    ],
)
def test_magics_become_python(source: str, expected: str) -> None:
    assert code(source) == expected


@pytest.mark.parametrize(
    ("source", "requirements"),
    [
        ("%pip install -q pandas 'scikit-learn>=1.5'", ("pandas", "scikit-learn>=1.5")),
        ("!pip install --index-url X -U torch==2.0 > log", ("torch==2.0",)),
        ("!python -m pip install a && ls", ("a",)),
        ("!{sys.executable} -m pip install a", ("a",)),
        ("%conda install -y numpy", ("numpy",)),
        ("!uv pip install -r requirements.txt", ("-r requirements.txt",)),
        ("!pip install -e .", ("-e .",)),
        ("!pip install 'a", ("'a",)),
        ("%%bash\npip install a\npip install b", ("a", "b")),
        ("%%time\n!pip install a", ("a",)),
        ("%pip list", ()),
    ],
)
def test_installing_is_a_requirement_and_no_command(source: str, requirements: tuple[str, ...]) -> None:
    made = translate(source)
    assert made.requirements == requirements
    assert not made.shell
    assert "system" not in code(source)


def test_the_output_of_an_install_may_be_kept() -> None:
    assert code("log = !pip install a") == "log = get_ipython().getoutput('pip install a')"
    assert translate("log = !pip install a").requirements == ("a",)


def test_shell_cells_run_as_one_command() -> None:
    made = translate("%%bash -e\necho hi > f\npip install a")
    assert made.code == "get_ipython().run_cell_magic('bash', '-e', 'echo hi > f\\npip install a')\n\n"
    assert (made.shell, made.effects, made.requirements) == (True, ("runs a shell command",), ("a",))
    assert "'bash'" in code("%%!\nmake")
    assert "'sh'" in code("%%sh\nmake")


def test_other_cell_magics_are_handed_to_whoever_knows_them() -> None:
    made = translate("%%frobnicate a\nb")
    assert made.code == "get_ipython().run_cell_magic('frobnicate', 'a', 'b')\n"
    assert made.effects == ("runs the magic `%%frobnicate`",)


def test_a_file_cell_writes_its_file(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = translate("%%writefile model.py\nx = 'a'\n")
    exec(code("%%writefile model.py\nx = 'a'\n"))
    exec(code("%%writefile -a model.py\ny = 1"))
    assert (tmp_path / "model.py").read_text() == "x = 'a'\n\ny = 1\n"
    assert made.writes == ("model.py",)
    assert translate("%%writefile").writes == ("",)


def test_effects_are_told_in_words() -> None:
    made = translate("%env A=1\n%env B=2\n%cd ..\n!make\n%run x.py\n%run")
    assert made.effects == (
        "changes os.environ",
        "changes the working directory",
        "runs a shell command",
        "runs `x.py`",
        "runs `.py`",
    )
    assert made.runs == ("x.py", ".py")


def test_running_a_program_brings_its_names(tmp_path, monkeypatch) -> None:
    (tmp_path / "other.py").write_text("answer = 42")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code("%run other.py"), names)
    assert names["answer"] == 42


def test_what_stays_unreadable_stays() -> None:
    assert translate("def f(:").code == "def f(:"
    assert parse_python("def f(:") is None


def test_what_cannot_be_read_is_not_captured() -> None:
    assert translate("%%capture out\ndef f(:").code == "\ndef f(:"


@pytest.mark.parametrize(
    "source",
    [
        "a" + " " * 300_000 + "$",
        "%%time\n" * 30_000,
        "!x \\\n" * 50_000 + "$",
        "%env " + "x'" * 100_000,
        "$\n" + "a, " * 100_000,
    ],
    ids=range(5),
)
def test_a_hostile_cell_is_translated_at_once_and_keeps_its_lines(source: str) -> None:
    assert translate(source).code.count("\n") == source.count("\n")


def test_cell_magics_stand_in_each_other_only_so_deep() -> None:
    assert translate("%%time\n" * 8 + "x = 1").code.strip() == "x = 1"
    assert "%%time" in translate("%%time\n" * 20 + "x = 1").code


def test_the_target_of_a_command_may_have_spaces_around_it() -> None:
    assert translate("files , more  =  !ls").code.startswith("files , more = get_ipython().getoutput(")


def test_code_that_is_too_large_is_left_as_it_is() -> None:
    huge = "a = 1\n" * 41_000
    assert read_python(huge) == "it is too large to be read"
    assert translate(huge).code == huge
