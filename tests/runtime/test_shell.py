"""What translated magics and `!commands` do inside the job."""

from __future__ import annotations

import pytest

from alekseylearn.runtime.shell import Lines

from .conftest import Make

GET = "ip = get_ipython()\n"


def test_commands_print_in_order_and_give_their_lines(run: Make) -> None:
    job = run(
        GET + "print('a')\nip.system('echo b; echo c')\nlines = ip.getoutput('printf \"x\\ny\\n\"')\n"
        "print(lines, lines.s, lines.l)"
    )
    assert job.code == 0, job.out
    assert job.log.splitlines() == ["a", "b", "c", "['x', 'y'] x y ['x', 'y']"]


@pytest.mark.parametrize("call", ["system", "getoutput"])
def test_a_command_that_fails_fails_the_run(run: Make, call: str) -> None:
    job = run("1", GET + f"ip.{call}('echo why; exit 3')")
    assert job.code == 4
    failure = job.result["failure"]
    assert (failure["cell"], failure["line"], failure["exception"]) == (11, 2, "CommandError")
    assert failure["message"] == "the command ended with exit status 3: echo why; exit 3"
    assert "why" in job.log


def test_a_command_ended_by_a_signal_is_told(run: Make) -> None:
    failure = run(GET + "ip.system('kill -9 $$')").result["failure"]
    assert failure["message"] == "the command was ended by signal 9: kill -9 $$"


def test_a_script_cell_runs_and_fails_like_a_command(run: Make) -> None:
    job = run(
        GET
        + "ip.run_cell_magic('bash', '', 'for i in 1 2; do echo $i; done')\nip.run_cell_magic('script', 'cat', 'body')",
        "ip.run_cell_magic('sh', '', 'exit 4')",
    )
    assert job.log.startswith("1\n2\nbody")
    assert "exit status 4: %%" in job.result["failure"]["message"]


def test_magics_that_only_change_how_things_look_are_ignored(run: Make) -> None:
    magics = [("matplotlib", "inline"), ("load_ext", "autoreload"), ("autoreload", "2"), ("config", "X.y = 'svg'")]
    magics += [("load_ext", "alekseylearn"), ("fit", ""), ("runs", ""), ("fetch", "m"), ("slice", ""), ("stop", "1a2b")]
    calls = "\n".join(f"ip.run_line_magic({name!r}, {line!r})" for name, line in magics)
    job = run(GET + calls + "\nip.run_cell_magic('javascript', '', 'alert(1)')\nip.magic('%matplotlib inline')")
    assert (job.code, job.log) == (0, "")


def test_installing_says_where_packages_come_from(run: Make) -> None:
    job = run(GET + "ip.run_line_magic('pip', 'install x')")
    assert job.log == "%pip install x: packages come from the job's requirements\n"


def test_the_environment_and_the_folder_can_be_changed(run: Make) -> None:
    job = run(
        GET + "import os\nip.run_line_magic('env', 'A=b c')\nip.run_line_magic('set_env', 'B 2')\n"
        "os.mkdir('sub')\nip.run_line_magic('cd', '-q sub')\n"
        "print(os.environ['A'], os.environ['B'], ip.run_line_magic('env', 'A'), ip.run_line_magic('pwd', '')[-4:])"
    )
    assert job.log == "b c 2 b c /sub\n", job.out


def test_timing_magics_run_their_code_once_in_the_notebook(run: Make) -> None:
    job = run(
        GET + "n = 0\nip.run_line_magic('time', 'n += 1')\nip.run_line_magic('timeit', '-n 10 -r3 n += 1')\n"
        "ip.run_cell_magic('time', '', 'n += 1')\nip.run_cell_magic('timeit', '', 'n += 1')\nprint(n)"
    )
    assert job.log.splitlines()[-1] == "4", job.out
    assert "Wall time:" in job.log


def test_captured_text_is_kept_in_a_variable(run: Make) -> None:
    job = run(
        GET + "ip.run_cell_magic('capture', 'caught --no-stderr', 'print(1)\\nx = 2')\nprint(repr(caught.stdout), x)"
    )
    assert job.log == "'1\\n' 2\n", job.out


def test_captured_text_is_kept_though_the_code_fails(run: Make) -> None:
    job = run(
        GET + "try:\n    with ip.capture() as caught:\n        print(1)\n        1 / 0\nexcept ZeroDivisionError:\n"
        "    print(caught.stdout + caught.stderr + '2')"
    )
    assert job.log == "1\n2\n", job.out


def test_files_can_be_written_and_run(run: Make) -> None:
    job = run(
        GET + "ip.run_cell_magic('writefile', 'tool.py', 'Y = 5')\n"
        "ip.run_cell_magic('writefile', '-a tool.py', 'Y += 1')\nip.run_line_magic('run', 'tool.py')\nprint(Y)"
    )
    assert job.log == "6\n", job.out


def test_shown_cells_are_shown(run: Make) -> None:
    job = run(GET + "ip.run_cell_magic('html', '', '<b>x</b>')")
    assert job.outputs(10)[0].data["text/html"] == "<b>x</b>"


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("run_line_magic('sql', 'select')", "%sql in cell 10"),
        ("run_cell_magic('cython', '', 'x')", "%%cython in cell 10"),
        ("run_line_magic('run', 'x.ipynb')", "%run x.ipynb in cell 10"),
    ],
)
def test_any_other_magic_is_an_error_that_names_it_and_its_cell(run: Make, call: str, name: str) -> None:
    job = run(f"get_ipython().{call}")
    assert job.code == 4
    assert job.result["failure"]["message"].startswith(name)


def test_code_in_a_magic_fails_with_its_cell(run: Make) -> None:
    failure = run("x = 0\nget_ipython().run_cell_magic('time', '', 'a = 1\\n1 / x')").result["failure"]
    assert (failure["cell"], failure["line"], failure["exception"]) == (10, 2, "ZeroDivisionError")
    assert 'File "<%time of cell 10>", line 2' in failure["traceback"]


def test_lines_are_a_list_of_text() -> None:
    assert (Lines(["a", "b"]).n, Lines(["a", "b"]).s) == ("a\nb", "a b")
