"""What the comparison with other tools, the labels and the pairs of versions are made of."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

from alekseylearn.diff import diff_notebooks
from alekseylearn.notebook import parse
from benchmarks.extraction import labels, speed
from benchmarks.extraction.cases import Case, read_case
from benchmarks.extraction.compared import Tally, Verdict, deterministic, labelled_targets, on_fragment, share
from benchmarks.extraction.pairs import make_pairs
from benchmarks.extraction.peering import registry, tools
from benchmarks.extraction.peering.environment import Worker

NOTEBOOK = """\
# manner: a test
# needs: scikit-learn pandas
# %% [markdown]
# # Growth
# %% keep
x = [1, 2, 3]
# %% drop
print("nothing of it")
# %% keep
x.append(4)
# %%
%matplotlib inline
import matplotlib.pyplot as plt
plt.plot(x)
# %% train
model.fit(x)
# %% metrics
model.score(x)
"""


@pytest.fixture
def case() -> Case:
    return read_case(NOTEBOOK, "growth")


class TestTools:
    @pytest.mark.parametrize(
        ("cells", "kept"),
        [
            (["a = 1", "b = 2", "a + 1"], [0, 2]),
            (["a = 1", "a = 2", "a"], [1, 2]),
            (["a = 1", "def f():\n    return a", "f()"], [0, 1, 2]),
            (["import os.path", "os.name"], [0, 1]),
            (["def f():\n    global g\n    g = 1", "g"], [0, 1]),
            (["class C:\n    a = b", "C()"], [0, 1]),
            # What it cannot see: a method that changes its object.
            (["a = []", "a.append(1)", "a"], [0, 2]),
        ],
    )
    def test_the_symbol_table_follows_names_to_the_last_cell_that_defines_them(
        self, cells: list[str], kept: list[int]
    ) -> None:
        assert tools.answer({"tool": "symtable", "cells": cells, "target": len(cells) - 1}) == kept

    def test_a_notebook_that_a_tool_cannot_read_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert tools.answer({"tool": "symtable", "cells": ["a = (", "a"], "target": 1}) is None
        assert "symtable: SyntaxError" in capsys.readouterr().err

    def test_a_process_answers_line_for_line(self) -> None:
        worker = Worker([sys.executable, str(Path(tools.__file__))])
        try:
            assert worker.ask("symtable", ["a = 1", "b = 'é\\n'", "a"], 2) == {0, 2}
            assert worker.ask("symtable", ["a ="], 0) is None
            assert worker.ask("symtable", ["a"], 0) == {0}
        finally:
            worker.close()

    def test_a_process_that_does_not_answer_is_ended_and_started_anew(self) -> None:
        worker = Worker([sys.executable, "-c", "import time; time.sleep(60)"], limit=0.1)
        assert worker.ask("any", [], 0) is None
        worker.command = [sys.executable, "-c", "input(); print('[3]')"]
        worker.limit = 60
        try:
            assert worker.ask("any", [], 0) == {3}
        finally:
            worker.close()


class TestCompared:
    def test_targets_are_those_that_a_person_marked(self, case: Case) -> None:
        assert [(target.cell, target.kind) for target in labelled_targets(case)] == [(5, "train"), (6, "metrics")]

    @pytest.mark.parametrize(
        ("kept", "verdict"),
        [
            ({1, 3}, Verdict(sound=True, exact=True)),
            ({1, 2, 3, 4}, Verdict(sound=True, exact=False)),
            ({1}, Verdict(sound=False, exact=False)),
            (None, Verdict(sound=False, exact=False)),
        ],
    )
    def test_a_fragment_judges_a_slice(self, case: Case, kept: set[int] | None, verdict: Verdict) -> None:
        peer = registry.Peer("test", lambda _, target: None if kept is None else frozenset({*kept, target}))
        assert on_fragment(peer, case) == verdict

    def test_ours_and_the_whole_prefix_answer_in_numbers_of_the_notebook(self, case: Case) -> None:
        cells = registry.sources(case.notebook)
        assert registry.ours(cells, 5) == {1, 3, 5}
        assert registry.whole_prefix(cells, 5) == {1, 2, 3, 4, 5}
        assert share(cells, 5, {1, 3, 5}) == 0.5
        assert share(cells, 1, {1}) is None

    def test_a_target_that_one_run_cannot_judge_counts_for_no_tool(self) -> None:
        one = Tally(verdicts={("n", 1): "identical", ("n", 2): "nondeterministic"})
        other = Tally(verdicts={("n", 1): "differs", ("n", 2): "identical"}, refused={("n", 3)})
        assert deterministic([one, other]) == {("n", 1)}


class TestLabels:
    def test_each_code_cell_is_judged(self, case: Case) -> None:
        found = list(labels.judge(case))
        assert [(cell.cell, cell.label) for cell in found if cell.label != "neither"] == [(5, "train"), (6, "metrics")]
        assert len(found) == 6
        assert set(labels.by_library(found)) == {"scikit-learn"}

    def test_precision_and_recall(self) -> None:
        def cell(label: labels.Label, found: labels.Label) -> labels.Judged:
            return labels.Judged(
                case="n", cell=0, label=label, found=found, reason="", headline="", libraries=("torch",)
            )

        cells = [cell("train", "train"), cell("train", "neither"), cell("neither", "train"), cell("train", "train")]
        found = labels.score(cells, "train")
        assert (found.right, found.wrong, found.missed) == (2, 1, 1)
        assert found.precision == found.recall == pytest.approx(2 / 3)
        assert (labels.score([], "train").precision, labels.score([], "train").recall) == (1.0, 1.0)

    @pytest.mark.parametrize(("source", "code"), [("model.fit(x)", 0), ("model.look(x)", 1)])
    def test_a_goal_that_is_missed_is_told(
        self, source: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "one.py").write_text(f"# %%\nx = [1]\n# %% train\n{source}\n")
        assert labels.main(["--misses", "--folder", str(tmp_path)]) == code
        assert ("one [1] is train, found neither: model.look(x)" in capsys.readouterr().out) == bool(code)


class TestPairs:
    def test_a_seed_makes_the_same_bytes_and_another_one_others(self, case: Case) -> None:
        made = [list(make_pairs([case], each=3, seed=seed)) for seed in (1, 1, 2)]
        assert made[0] == made[1] != made[2]

    def test_every_pair_is_two_different_notebooks(self, case: Case) -> None:
        pairs = list(make_pairs([case], each=40, seed=1))
        for pair in pairs:
            found = diff_notebooks(parse("n.ipynb", pair.base), parse("n.ipynb", pair.head))
            assert found.changes or pair.edits[-1] == "not_run"
        assert {pair.ids for pair in pairs} == {"kept", "anew", "absent"}

    def test_pictures_have_the_size_of_pictures(self, case: Case) -> None:
        (pair,) = make_pairs([case], each=1, seed=1)
        outputs = [output for cell in json.loads(pair.base)["cells"] for output in cell.get("outputs", [])]
        (picture,) = (output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {}))
        assert 5_000 <= len(base64.b64decode(picture)) <= 100_000


def test_long_notebooks_are_chained_from_whole_ones_without_equal_cells(case: Case) -> None:
    made = speed.chained([case], 20, mark="a")
    code = [cell.source for cell in made.code_cells]
    assert (len(made.cells), len(set(code))) == (20, len(code))
    assert speed.milliseconds(made) > 0
