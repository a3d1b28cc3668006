"""The executed check, in small: notebooks really run whole and cut, and what they leave behind is compared."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from alekseylearn.targets import find_targets
from benchmarks.extraction.cases import FRAGMENTS, Case, CaseCell, read_case
from benchmarks.extraction.changes import random_edit
from benchmarks.extraction.edits import Base, _changed, edited, job_of
from benchmarks.extraction.environments import OWN, ROOT
from benchmarks.extraction.gallery import by_statement, read_example
from benchmarks.extraction.hashing import fingerprint
from benchmarks.extraction.minimal import minimum
from benchmarks.extraction.oracle import (
    Oracle,
    Program,
    Row,
    Subject,
    misses,
    reseeding_slicer,
    steps_of,
    summary,
    write_rows,
)
from benchmarks.extraction.running import Runner, Seen, Step, names_of

NOTEBOOK = """
# %%
import numpy as np
# %%
looked_at = [1, 2, 3]
# %%
data = [3.0, 4.0]
# %%
print(looked_at)
# %%
data.append(5.0)
# %% tags=train
weights = np.array(data) * 2
"""


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    made = Oracle(OWN, limit=5, folder=tmp_path_factory.mktemp("extraction"))
    yield made
    made.close()


def subject(text: str, name: str = "case") -> Subject:
    return Subject(name=name, notebook=read_case(text, name).notebook, environment=OWN)


def rows(oracle: Oracle, text: str, *, without: frozenset[int] | None = None) -> list[Row]:
    """Check *text* with alekseylearn's own slices, or with all cells but *without*."""
    found = subject(text)
    targets = find_targets(found.notebook)
    if without is None:
        return list(oracle.check(found, targets))

    def cut(notebook: object, target: object) -> Program:
        return {cell: step for cell, step in steps_of(found.notebook).items() if cell not in without}

    return list(oracle.check(found, targets, cut))


def test_the_slice_leaves_behind_what_the_whole_leaves_behind(oracle: Oracle) -> None:
    (row,) = rows(oracle, NOTEBOOK)
    assert (row.verdict, row.before, row.kept) == ("identical", 5, 3)


@pytest.mark.parametrize(
    ("dropped", "verdict", "detail"),
    [
        (4, "differs", "data weights"),
        (2, "missing name", "cell 4: NameError: name 'data' is not defined"),
        (0, "missing name", "cell 5: NameError: name 'np' is not defined"),
    ],
)
def test_a_slice_without_a_cell_that_is_needed_is_found_out(
    oracle: Oracle, dropped: int, verdict: str, detail: str
) -> None:
    (row,) = rows(oracle, NOTEBOOK, without=frozenset({dropped}))
    assert (row.verdict, row.detail) == (verdict, detail)


def test_a_kept_cell_that_nobody_misses_is_found_by_leaving_it_out(tmp_path: Path) -> None:
    found = subject(NOTEBOOK.replace("print(looked_at)", "#| keep\nprint(looked_at)"))
    (target,) = find_targets(found.notebook)
    with Runner(OWN, limit=5, folder=tmp_path) as runner:
        least = minimum(found, target, runner)
    assert least is not None
    assert (least.before, least.kept, least.needless) == (
        5,
        5,
        {1: "defines `looked_at`, used by cell 3", 3: "marked `#| keep`"},
    )


def test_where_every_cell_is_seeded_anew_the_numbers_are_not_those_of_the_notebook(oracle: Oracle) -> None:
    text = "# %%\nimport random\nrandom.seed(1)\n# %%\nrandom.random()\n# %% tags=train\nx = random.random()\n"
    found = subject(text)
    (row,) = oracle.check(found, find_targets(found.notebook), reseeding_slicer)
    assert (row.verdict, row.before, row.kept) == ("random order", 2, 1)
    plain = subject("# %%\nfrom __future__ import annotations\n# %% tags=train\nx = 1\n")
    (row,) = oracle.check(plain, find_targets(plain.notebook), reseeding_slicer)
    assert row.verdict == "identical"


def test_draws_that_are_dropped_are_told_from_other_differences(oracle: Oracle) -> None:
    text = "# %%\nimport random\nrandom.seed(1)\n# %%\nrandom.random()\n# %% tags=train\nx = random.random()\n"
    (row,) = rows(oracle, text, without=frozenset({1}))
    assert (row.verdict, row.detail) == ("random order", "seeded by the notebook: x")


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        ("import os\nx = os.urandom(8)", "nondeterministic"),
        ("x = 1 / 0", "prefix fails"),
        ("import time\nx, seconds = 1, time.time()", "identical"),
        ("x = list({'a', 'b', 'c', 'd', 'e', 'f'})", "identical"),
    ],
)
def test_what_says_nothing_about_the_slice_is_told_apart(oracle: Oracle, cell: str, verdict: str) -> None:
    (row,) = rows(oracle, f"# %%\nseen = 0\n# %% tags=train\n{cell}\n")
    assert row.verdict == verdict


def test_a_run_ends_at_its_time_limit(tmp_path: Path) -> None:
    with Runner(OWN, limit=1, folder=tmp_path) as runner:
        steps = (Step(number=0, code="x = 1", count=1, watch=True), Step(number=1, code="while True: pass", count=2))
        outcome = runner.run("case", steps)
    assert (outcome.ended, set(outcome.seen)) == ("time-out", {0})


def test_an_error_says_where_it_was_raised(oracle: Oracle) -> None:
    (row,) = rows(oracle, "# %%\nx = 1\n# %%\ny = x / 0\n# %% tags=train\nz = 1\n")
    assert (row.verdict, row.detail) == ("prefix fails", "cell 1: ZeroDivisionError: division by zero")


def test_magics_outputs_and_top_level_await_run_as_in_a_notebook(oracle: Oracle) -> None:
    text = (
        "# %%\n%%writefile made_here.py\nvalue = 41\n# %%\nimport made_here\nmade_here.value + 1\n"
        "# %%\nasync def later(): return _\n# %% tags=train\nx = await later()\n"
    )
    (row,) = rows(oracle, text, without=frozenset())
    assert row.verdict == "identical"


@pytest.mark.parametrize(
    "name", ["alias_in_a_container", "late_bound_global", "file_written_and_read", "shared_counter"]
)
def test_fragments_come_out_the_same(oracle: Oracle, name: str) -> None:
    text = (FRAGMENTS / f"{name}.py").read_text(encoding="utf-8")
    assert {row.verdict for row in rows(oracle, text)} == {"identical"}


def test_what_was_run_is_not_run_again(tmp_path: Path) -> None:
    steps = (Step(number=0, code="x = 1", count=1), Step(number=1, code="y = x + 1", count=2, watch=True))
    with Runner(OWN, folder=tmp_path) as runner:
        first = runner.run("case", steps)
        assert runner.run("case", steps) == first
        assert runner.runs == 1
    with Runner(OWN, folder=tmp_path) as other:
        assert other.run("case", steps) == first
        assert other.runs == 0
        # Looking at another cell needs a run, and leaves the first one seen.
        both = other.run("case", (Step(number=0, code="x = 1", count=1, watch=True), *steps[1:]))
        assert (set(both.seen), other.runs) == ({0, 1}, 1)


def test_a_server_that_somebody_ended_is_started_again(tmp_path: Path) -> None:
    with Runner(OWN, folder=tmp_path) as runner:
        runner.run("case", (Step(number=0, code="x = 1", count=1),))
        assert runner._server is not None
        runner._server.kill()
        again = runner.run("case", (Step(number=0, code="x = 2", count=1, watch=True),))
    assert (again.ended, set(again.seen)) == ("done", {0})


def test_a_notebook_that_ends_its_server_is_named(tmp_path: Path) -> None:
    with Runner(OWN, folder=tmp_path) as runner, pytest.raises(RuntimeError, match="of own ended, twice"):
        runner.run("case", (Step(number=0, code="import os\nos.kill(os.getppid(), 9)", count=1),))


def test_the_rows_are_written_and_summed_up(oracle: Oracle, tmp_path: Path) -> None:
    found = [*rows(oracle, NOTEBOOK), *rows(oracle, NOTEBOOK, without=frozenset({2}))]
    write_rows(tmp_path / "rows.tsv", found)
    head, *lines = (tmp_path / "rows.tsv").read_text().splitlines()
    assert [line.split("\t")[3] for line in lines] == ["identical", "missing name"]
    assert len(lines[0].split("\t")) == len(head.split("\t"))
    assert summary(found).startswith("2 targets in 1 notebooks, 2 deterministic, 1 identical (50.0%), mean slice 0.700")
    assert misses(found) == ["  missing name      case cell 5 (train): cell 4: NameError: name 'data' is not defined"]


# -- hashes ---------------------------------------------------------------------------------------------------------

_VALUES = """
import numpy as np, pandas as pd, functools, re
class Box:
    def __init__(self, held): self.held, self.me = held, self
frame = pd.DataFrame({"a": [1, None], "b": ["x", None], "c": pd.Categorical(["u", "v"])})
def function(x, y={"p", "q"}): return x in {"r", "s", "t"}
values = [1, 1.0, float("nan"), {"a", "b", "c"}, {"k": [1, (2,)]}, np.arange(3), np.array(["a", None], dtype=object),
    np.array([1.0, np.nan]), frame, frame["a"], frame.index, Box({"a", "b"}), Box, function, lambda x: x + 1,
    functools.partial(function, 1), re.compile("x"), np.random.default_rng(0), (n for n in "ab"), iter([1, 2]), range(3),
    pd.Timestamp("2020-01-01"), np.ma.masked_array([1, 2], [0, 1]), object(), Box([1]).held.append]
"""


def test_hashes_are_the_same_in_every_process() -> None:
    code = f"{_VALUES}\nfrom benchmarks.extraction.hashing import fingerprint\nprint([fingerprint(v) for v in values])"
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    (line,) = told
    assert "cannot" not in line


def test_other_values_have_other_hashes() -> None:
    names: dict[str, object] = {}
    exec(_VALUES, names)
    values = names["values"]
    assert isinstance(values, list)
    assert len({fingerprint(value) for value in values}) == len(values)


def test_what_changes_a_value_changes_its_hash() -> None:
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"a": [1.0, 2.0]})
    before = fingerprint([frame, {"deep": [np.zeros(2)]}])
    frame.loc[0, "a"] = np.nan
    assert fingerprint([frame, {"deep": [np.zeros(2)]}]) != before
    assert fingerprint([1, 2]) != fingerprint([2, 1])
    assert fingerprint({1, 2}) == fingerprint({2, 1})
    assert fingerprint({"fit_time": 1.5, "score": 1}) == fingerprint({"fit_time": 2.5, "score": 1})


def test_figures_are_there_to_be_looked_at() -> None:
    from matplotlib.figure import Figure

    assert fingerprint(Figure()) == fingerprint([Figure().add_subplot()]) == "shown:"
    assert fingerprint(sys) == "module:"


def test_the_globals_of_a_cell_are_watched() -> None:
    code = "def f(a):\n    local = a + outer\n    return local\nx[0].y = [n for n in rows]\n"
    assert names_of(code) == ("f", "outer", "rows", "x")
    assert names_of("x = = 1") == ()


# -- the gallery ------------------------------------------------------------------------------------------------------

_EXAMPLE = '''"""
Title
"""
# Author: somebody
import numpy as np  # noqa

# %%
# Text about it.

@np.vectorize
def f(x):
    return x
a = 1; b = f(2)
"only text"

####################
# More text.
plot(a)
'''


def test_an_example_is_read_by_cells_and_by_statements() -> None:
    case = read_example(_EXAMPLE, "example")
    assert [cell.source.split("\n")[0] for cell in case.cells if cell.is_code] == [
        '"""', "@np.vectorize", "plot(a)",
    ]  # fmt: skip
    assert [cell.source for cell in by_statement(case).cells if cell.is_code] == [
        "# Author: somebody\nimport numpy as np  # noqa",
        "@np.vectorize\ndef f(x):\n    return x",
        "a = 1; b = f(2)",
        "plot(a)",
    ]


# -- edits ------------------------------------------------------------------------------------------------------------

_TRAINS = """
# %% [markdown]
# # Title
# %%
from sklearn.linear_model import Ridge
rate, unused = 0.5, "text"
# %%
def table(n, scale=2):
    return [[i * scale] for i in range(n)]
# %%
print("rows", len(table(n=4)))
# %% train
model = Ridge(alpha=rate).fit(table(4), [1, 2, 3, 4])
"""


def _base() -> Base:
    case = read_case(_TRAINS, "edited")
    job = job_of(case.notebook)
    assert job is not None
    with_nothing = Runner(OWN)
    steps = steps_of(case.notebook)
    assert with_nothing.runs == 0
    assert len(steps) == 4
    from benchmarks.extraction.running import outcome_of

    return Base(case=case, job=job, targets=find_targets(case.notebook), outcome=outcome_of([], "done"), unsteady={})


def test_the_same_seed_makes_the_same_edits() -> None:
    base = _base()
    one, other = (list(edited([base], 40, seed=3)) for _ in range(2))
    assert [edit.what for _, edit in one] == [edit.what for _, edit in other]
    assert len({edit.kind for _, edit in one}) > 8
    assert all(edit.case.cells != base.case.cells for _, edit in one)


def test_edits_of_comments_and_text_do_not_change_the_identity() -> None:
    base = _base()
    free = [edit for _, edit in edited([base], 80, seed=1) if edit.kind in ("comment", "format", "markdown")]
    assert free
    for edit in free:
        job = job_of(edit.case.notebook)
        assert job is not None
        assert job.digest == base.job.digest, edit.what


def test_a_dropped_cell_is_edited_only_where_nothing_is_trained() -> None:
    random, base = Random(5), _base()
    found = [random_edit(random, base.case, frozenset({3})) for _ in range(300)]
    assert {edit.cell for edit in found if edit is not None and edit.kind == "dropped cell"} == {3}
    words = [word for edit in found if edit is not None for cell in edit.case.cells for word in cell.words]
    assert set(words) == {"[markdown]", "train"}


def test_a_changed_result_is_named() -> None:
    def outcome(**names: str) -> Base:
        base = _base()
        target = base.targets[0]
        seen = {target.cell: Seen(names=names, random="", shown="", seconds=0.0)}
        from benchmarks.extraction.running import Outcome

        done = Outcome(ended="done", what="", step=None, seen=seen, seconds=0.0)
        return Base(
            case=base.case, job=base.job, targets=base.targets, outcome=done, unsteady={target.cell: frozenset("t")}
        )

    base = outcome(model="Ridge:1", t="float:1")
    assert _changed(base, base.targets, outcome(model="Ridge:1", t="float:2").outcome) == ""
    assert _changed(base, base.targets, outcome(model="Ridge:2", t="float:1").outcome) == "cell 4: model"
    assert _changed(base, (), base.outcome) == "0 targets instead of 1"


def test_a_case_without_code_has_no_edit_in_code() -> None:
    case = Case(name="text", cells=(CaseCell(source="# words", words=("[markdown]",)),) * 2)
    random = Random(1)
    kinds = {edit.kind for _ in range(200) if (edit := random_edit(random, case, frozenset())) is not None}
    assert kinds == {"markdown", "remove cell"}
