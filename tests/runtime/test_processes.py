"""Processes and threads that a notebook starts, and what it does to its surroundings."""

from __future__ import annotations

import pytest

from .conftest import Make

WORK = """
import multiprocessing, os
SCALE = 3
class Box:
    def __init__(self, x): self.x = x
def work(i): return Box(SCALE * i)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_find_the_functions_and_classes_of_the_notebook(run: Make, method: str) -> None:
    job = run(
        WORK,
        "print('training')",
        f"with multiprocessing.get_context({method!r}).Pool(2) as pool:\n"
        "    print([type(b) is Box and b.x for b in pool.map(work, range(4))])",
    )
    assert job.code == 0, job.out
    assert job.log == "training\n[0, 3, 6, 9]\n"


def test_a_forked_child_may_print_and_show(run: Make) -> None:
    job = run(
        "import os\nprint('parent')\nif not os.fork():\n    print('child')\n    display('shown')\n    os._exit(0)\n"
        "os.wait();",
        "print('next')",
    )
    assert job.code == 0, job.out
    assert job.printed(10) == "parent\nchild\n"
    assert job.outputs(10)[-1].data["text/plain"] == "'shown'"
    assert job.printed(11) == "next\n"


def test_a_process_of_a_pool_can_be_terminated(run: Make) -> None:
    job = run(
        "import multiprocessing, time\np = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,))\n"
        "p.start()\np.terminate()\np.join()\nprint(p.exitcode)"
    )
    assert job.log == "-15\n", job.out


def test_programs_print_into_the_cell_that_runs_them(run: Make) -> None:
    job = run("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(1)'], check=True);", "print(2)")
    assert (job.printed(10), job.printed(11)) == ("1\n", "2\n")


def test_the_folder_may_be_deleted(run: Make) -> None:
    job = run("import os, shutil\nshutil.rmtree(os.getcwd())", "class M:\n    def fit(self): ...\nx = 1\nx")
    assert job.code == 0, job.out
    assert job.values == {"x": 1.0}


def test_stdout_may_be_replaced_or_closed(run: Make) -> None:
    job = run("import io, sys\nkept, sys.stdout = sys.stdout, io.StringIO()\nprint('lost')", "kept.close()", "x = 1\nx")
    assert job.code == 0, job.out
    assert job.values == {"x": 1.0}


def test_exit_handlers_run_but_not_for_ever(run: Make) -> None:
    job = run("import atexit, time\natexit.register(time.sleep, 60)\natexit.register(print, 'bye')")
    assert job.code == 0
    assert job.log == "bye\n"
    assert job.result["seconds"] < 15


def test_a_task_goes_on_in_the_next_cell(run: Make) -> None:
    job = run(
        "import asyncio\ndone = asyncio.Event()\nasync def later():\n    await done.wait()\n    return 5\n"
        "task = asyncio.create_task(later())",
        "other = asyncio.ensure_future(later())\nawait asyncio.sleep(0)",
        "done.set()\nprint(await task + await other)",
    )
    assert job.log == "10\n", job.out
