"""`diff` and `slice` on real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.desk import LONGER, NOTEBOOK, Bench, Desk, lone_desk
from tests.small import CELLS, DRAWING, EPOCHS, MEASURING, PROSE, TRAINING, TRAINS, growth, notebook


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.create(tmp_path)


@pytest.fixture
def alone(tmp_path: Path) -> Desk:
    """Return a folder outside any repository with an old and a new notebook."""
    desk = lone_desk(tmp_path / "alone")
    desk.write("old.ipynb", growth())
    desk.write("new.ipynb", growth(LONGER))
    return desk


def python(code: str) -> str:
    """Run *code* in a fresh Python; return the last line that it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


class TestDiff:
    def test_the_work_tree_is_compared_with_where_it_left_main(self, bench: Bench) -> None:
        bench.desk.write(NOTEBOOK, growth(LONGER))
        done = bench.desk.run("diff")
        assert (done.code, done.err) == (0, "")
        assert "growth.ipynb modified, trains" in done.out
        lines = [line.rstrip() for line in done.out.splitlines()]
        assert lines[1:4] == [
            "1 of 9 cells changed; 1 trains",
            "  cell 4  edited, +1 −1  epochs = 200",
            "          trains: cell 4 epochs → cell 6 line.fit",
        ]

    def test_what_main_did_since_is_no_change_of_the_branch(self, bench: Bench) -> None:
        bench.git.commit({"note.txt": "mine"})
        bench.git.git("checkout", "--quiet", "main")
        bench.git.commit({NOTEBOOK: growth(LONGER)})
        bench.git.git("checkout", "--quiet", "feature")
        done = bench.desk.run("diff", "main", "--exit-code")
        assert done.code == 0
        assert "No notebook changed" in done.out

    @pytest.mark.parametrize("words", [["main"], ["main", "HEAD"], ["main...HEAD"], ["main...HEAD", NOTEBOOK]])
    def test_commits_are_named_as_for_git(self, bench: Bench, words: list[str]) -> None:
        bench.git.commit({NOTEBOOK: growth(LONGER), "other.ipynb": growth()})
        document = bench.desk.run("diff", *words, "--json").document
        assert document["base"] == bench.git.git("rev-parse", "main")
        expected = [NOTEBOOK] if NOTEBOOK in words else [NOTEBOOK, "other.ipynb"]
        assert [found["path"] for found in document["notebooks"]] == expected
        if words != ["main"]:
            assert document["head"] == bench.git.git("rev-parse", "HEAD")

    def test_a_commit_is_compared_as_it_is_whatever_lies_in_the_work_tree(self, bench: Bench) -> None:
        bench.git.commit({NOTEBOOK: growth(LONGER)})
        bench.desk.write(NOTEBOOK, "not a notebook")
        (found,) = bench.desk.run("diff", "main...HEAD", "--json").document["notebooks"]
        assert (found["status"], found["refused"]) == ("modified", "")

    def test_the_document_is_the_one_that_scripts_rely_on(self, bench: Bench) -> None:
        bench.desk.write(NOTEBOOK, growth(LONGER | {PROSE: "# Growth", DRAWING: "print()"}, printed={3: "[]"}))
        document = bench.desk.run("diff", "--json").document
        assert set(document) == {"base", "head", "notebooks"}
        (found,) = document["notebooks"]
        assert set(found) == {"path", "old_path", "status", "trains", "reason", "refused", "coarse", "cells"}
        assert (found["path"], found["old_path"], found["status"]) == (NOTEBOOK, None, "modified")
        assert found["trains"] is True
        cells = [(c["kind"], c["before"], c["after"], c["cell_type"], c["trains"]) for c in found["cells"]]
        assert cells == [
            ("modified", PROSE, PROSE, "markdown", False),
            ("outputs", 3, 3, "code", False),
            ("modified", EPOCHS, EPOCHS, "code", True),
            ("modified", DRAWING, DRAWING, "code", False),
        ]
        assert all(cell["reason"] for cell in found["cells"])
        assert [cell["route"] for cell in found["cells"] if cell["trains"]] == [
            [{"cell": EPOCHS, "name": "epochs"}, {"cell": TRAINS, "name": "line.fit"}]
        ]

    @pytest.mark.parametrize(
        "changes", [{PROSE: "# Other"}, {DRAWING: "print()"}, {EPOCHS: "epochs=20 # twenty\n\nrate = .05"}]
    )
    def test_what_does_not_train_says_so(self, bench: Bench, changes: dict[int, str]) -> None:
        bench.desk.write(NOTEBOOK, growth(changes))
        (found,) = bench.desk.run("diff", "--json").document["notebooks"]
        assert found["trains"] is False
        assert found["reason"].startswith("not trained: no code that trains changed")

    def test_exit_code_is_gits(self, bench: Bench) -> None:
        assert bench.desk.run("diff", "--exit-code").code == 0
        bench.desk.write(NOTEBOOK, growth({PROSE: "# Other"}))
        assert bench.desk.run("diff", "--exit-code").code == 1
        assert bench.desk.run("diff").code == 0

    def test_two_files_need_no_repository(self, alone: Desk) -> None:
        document = alone.run("diff", "old.ipynb", "new.ipynb", "--json").document
        assert (document["base"], document["head"]) == ("old.ipynb", "new.ipynb")
        (found,) = document["notebooks"]
        assert [(cell["kind"], cell["after"]) for cell in found["cells"]] == [("modified", EPOCHS)]
        assert found["trains"] is True
        assert alone.run("diff", "old.ipynb", "old.ipynb", "--exit-code").code == 0

    def test_a_lone_notebook_is_all_new(self, alone: Desk) -> None:
        (found,) = alone.run("diff", "old.ipynb", "--json").document["notebooks"]
        assert (found["path"], found["status"], found["trains"]) == ("old.ipynb", "added", True)
        assert {cell["kind"] for cell in found["cells"]} == {"added"}
        assert [cell["after"] for cell in found["cells"] if cell["trains"]] == TRAINING + MEASURING

    def test_lines_are_shown_when_asked_for(self, bench: Bench) -> None:
        bench.desk.write(NOTEBOOK, growth(LONGER))
        told = bench.desk.run("diff", "--lines").out
        assert "- epochs = 20" in told
        assert "+ epochs = 200" in told

    def test_markup_in_a_cell_is_no_markup_of_the_terminal(self, bench: Bench) -> None:
        bench.desk.write(NOTEBOOK, growth({EPOCHS: "epochs = [200][0]  # [bold red]\nrate = 0.05"}))
        assert "epochs = [200][0]  # [bold red]" in bench.desk.run("diff", "--lines").out

    def test_a_terminal_without_our_signs_is_shown_others(self, bench: Bench) -> None:
        bench.desk.write(NOTEBOOK, growth(LONGER | {PROSE: "# Größe 🚀"}))
        done = bench.desk.run("diff", PYTHONIOENCODING="ascii")
        assert (done.code, done.err) == (0, "")
        assert "trains: cell 4 epochs -> cell 6 line.fit" in done.out
        assert "edited, +1 -3  # Gr??e ?" in done.out

    def test_a_reader_that_goes_away_is_no_error(self, bench: Bench) -> None:
        bench.desk.write(NOTEBOOK, growth(LONGER))
        with bench.desk.start("diff", "--json") as child:
            assert child.stdout is not None
            assert child.stderr is not None
            child.stdout.close()
            assert child.stderr.read() == ""
            assert child.wait(60) == 0


class TestSlice:
    def test_the_cells_that_training_needs_are_shown_with_reasons(self, bench: Bench) -> None:
        done = bench.desk.run("slice", NOTEBOOK)
        assert (done.code, done.err) == (0, "")
        assert "6 of 8 code cells are needed" in done.out
        assert "trains: calls `line.fit`" in done.out
        assert "left out" not in done.out

    def test_why_tells_of_the_others_too(self, bench: Bench) -> None:
        assert "cell 3" not in bench.desk.run("slice", NOTEBOOK).out
        lines = [line.rstrip() for line in bench.desk.run("slice", "--why", NOTEBOOK).out.splitlines()]
        at = lines.index("  cell 3  sorted(points)[:3]")
        assert lines[at - 1] == "left out: only shows something"

    def test_why_tells_the_way_of_each_cell_to_the_training(self, bench: Bench) -> None:
        way = "cell 1 math → cell 2 points → cell 6 line.fit"
        assert way in bench.desk.run("slice", "--why", NOTEBOOK).out
        assert way not in bench.desk.run("slice", NOTEBOOK).out

    def test_the_document_is_the_one_that_scripts_rely_on(self, bench: Bench) -> None:
        document = bench.desk.run("slice", NOTEBOOK, "--json").document
        assert set(document) == {"notebook", "digest", "targets", "cells", "dropped", "missing", "warnings"}
        assert document["notebook"] == NOTEBOOK
        assert [item["cell"] for item in document["targets"]] == [TRAINS, *MEASURING]
        assert [item["cell"] for item in document["cells"]] == TRAINING + MEASURING
        assert [item["cell"] for item in document["dropped"]] == [PROSE, 3, DRAWING]
        for item in (*document["targets"], *document["cells"], *document["dropped"]):
            assert set(item) - {"route"} == {"cell", "id", "reason"}
            assert item["id"] == f"c{item['cell']}"
            assert item["reason"]
        assert len(document["digest"]) == 64
        assert (document["missing"], document["warnings"]) == ([], [])

    def test_the_script_runs_by_itself_and_trains_the_same(self, bench: Bench, tmp_path: Path) -> None:
        script = tmp_path / "train.py"
        assert bench.desk.run("slice", NOTEBOOK, "-o", script).code == 0
        assert "# %% [cell 6]" in script.read_text()
        check = script.read_text() + "\nprint(mse)"
        done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=tmp_path)
        plain = "\n".join(source for kind, source in CELLS if kind == "code") + "\nprint(mse)"
        whole = subprocess.run([sys.executable, "-c", plain], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]
        subprocess.run([sys.executable, script], check=True, cwd=tmp_path, capture_output=True)

    def test_the_notebook_is_valid_and_holds_the_kept_cells(self, bench: Bench, tmp_path: Path) -> None:
        path = tmp_path / "train.ipynb"
        assert bench.desk.run("slice", NOTEBOOK, "-o", path).code == 0
        made = nbformat.reads(path.read_text(), as_version=4)
        nbformat.validate(made)
        sources = [cell.source for cell in made.cells if cell.cell_type == "code"]
        assert sources == [CELLS[cell][1] for cell in TRAINING + MEASURING]

    def test_what_was_written_is_sliced_again_to_the_same_training(self, bench: Bench) -> None:
        assert bench.desk.run("slice", NOTEBOOK, "-o", "train.ipynb").code == 0
        whole, again = (bench.desk.run("slice", name, "--json").document for name in (NOTEBOOK, "train.ipynb"))
        assert again["digest"] == whole["digest"]
        assert again["dropped"] == []

    def test_the_written_notebook_and_script_give_what_the_whole_notebook_gives(self, alone: Desk) -> None:
        alone.write("alekseylearn.yml", "models: {growth: {notebook: old.ipynb, parameters: {epochs: 7}}}")
        values = []
        for name in ("train.ipynb", "train.py"):
            assert alone.run("slice", "old.ipynb", "-o", name).code == 0
            text = (alone.folder / name).read_text()
            if name.endswith(".ipynb"):
                text = "\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells)
            values.append(python(f"{text}\nprint(mse)"))
        plain = "\n".join(source for kind, source in CELLS if kind == "code").replace("epochs = 20", "epochs = 7")
        assert values == [python(f"{plain}\nprint(mse)")] * 2

    def test_writing_again_replaces_the_file_whole(self, bench: Bench) -> None:
        bench.desk.write("train.py", "x = 1\n" * 10_000)
        assert bench.desk.run("slice", NOTEBOOK, "-o", "train.py").code == 0
        assert "x = 1\n" not in (bench.desk.folder / "train.py").read_text()
        assert not [name for name in bench.desk.tree() if name.endswith(".tmp")]

    def test_the_notebook_itself_is_never_overwritten(self, bench: Bench) -> None:
        before = bench.desk.tree()
        done = bench.desk.run("slice", NOTEBOOK, "-o", bench.desk.folder / NOTEBOOK)
        assert (done.code, done.err.splitlines()[0]) == (2, "error[usage.output]: growth.ipynb is the notebook itself")
        assert bench.desk.tree() == before

    def test_a_place_that_cannot_be_written_to_is_told(self, bench: Bench) -> None:
        done = bench.desk.run("slice", NOTEBOOK, "-o", f"{NOTEBOOK}/train.py")
        assert done.code == 2
        assert done.err.startswith(f"error[usage.output]: {NOTEBOOK}/train.py cannot be written")

    def test_a_cell_that_is_not_python_is_shown_with_what_is_kept_for_it_and_refused(self, alone: Desk) -> None:
        alone.write("odd.ipynb", growth({3: "sorted(points"}))
        done = alone.run("slice", "odd.ipynb")
        assert done.code == 3
        assert done.err.startswith("error[nb.source]: the cell is not valid Python")
        assert "warning: cell 3 cannot be read as Python" in done.out
        assert done.out.count("comes before training, and cell 3 cannot be read") == 4
        assert "named as the cell that trains" in alone.run("slice", "odd.ipynb", "--target", "6").out
        for words in (["--json"], ["-o", "train.py"]):
            refused = alone.run("slice", "odd.ipynb", *words)
            assert (refused.code, refused.out, refused.err) == (3, "", done.err)

    def test_what_is_odd_is_told(self, alone: Desk) -> None:
        alone.write("odd.ipynb", growth({4: "epochs = rounds\nrate = 0.05"}))
        assert "warning: cell 4 uses `rounds`, which no cell defines" in alone.run("slice", "odd.ipynb").out
        assert alone.run("slice", "odd.ipynb", "--json").document["missing"] == ["rounds"]

    def test_a_target_may_be_named(self, alone: Desk) -> None:
        alone.write("plain.ipynb", notebook([("code", "a = 1"), ("code", "b = 2"), ("code", "c = b + 1")]))
        document = alone.run("slice", "plain.ipynb", "--target", "2", "--json").document
        assert [item["cell"] for item in document["targets"]] == [2]
        assert [item["cell"] for item in document["cells"]] == [1, 2]

    @pytest.mark.parametrize("number", ["0", "99", "-1"])
    def test_a_target_that_is_no_code_cell_is_refused(self, bench: Bench, number: str) -> None:
        done = bench.desk.run("slice", NOTEBOOK, "--target", number)
        assert (done.code, done.out) == (3, "")
        assert done.err.startswith("error[nb.target]")

    def test_another_suffix_is_refused_and_nothing_is_written(self, bench: Bench) -> None:
        before = bench.desk.tree()
        done = bench.desk.run("slice", NOTEBOOK, "-o", "slice.txt")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("error[usage.output]")
        assert bench.desk.tree() == before

    def test_a_notebook_in_another_folder_is_read_with_its_own_repository(self, bench: Bench, tmp_path: Path) -> None:
        bench.desk.write("alekseylearn.yml", "models: {growth: {notebook: growth.ipynb, parameters: {epochs: 3}}}")
        elsewhere = lone_desk(tmp_path / "elsewhere")
        there = elsewhere.run("slice", bench.desk.folder / NOTEBOOK, "--json").document
        here = bench.desk.run("slice", NOTEBOOK, "--json").document
        assert there == here

    def test_json_stays_the_only_thing_on_stdout_when_a_file_is_written(self, bench: Bench, tmp_path: Path) -> None:
        done = bench.desk.run("slice", NOTEBOOK, "-o", tmp_path / "train.py", "--json")
        assert json.loads(done.out)["notebook"] == NOTEBOOK


class TestTheBundleAsAFolder:
    def test_it_trains_wherever_a_python_finds_it(self, bench: Bench) -> None:
        assert bench.desk.run("slice", NOTEBOOK, "-o", "ml/").code == 0
        folder = bench.desk.folder / "ml"
        assert {path.name for path in folder.iterdir()} == {"code", "home", "input", "model", "output", "tmp"}
        variables = {"SM_MODEL_DIR": str(folder / "model"), "SM_OUTPUT_DIR": str(folder / "output")}
        command = [sys.executable, "-u", folder / "code" / "_al" / "supervisor.py"]
        assert (
            subprocess.run(command, env={**os.environ, **variables}, capture_output=True, check=False).returncode == 0
        )
        result = json.loads((folder / "output" / "data" / "result.json").read_text())
        told = bench.desk.run("slice", NOTEBOOK, "--json").document
        assert (result["state"], result["digest"]) == ("succeeded", told["digest"])

    def test_a_folder_in_use_is_left_alone(self, bench: Bench) -> None:
        bench.desk.write("ml/mine", "precious")
        done = bench.desk.run("slice", NOTEBOOK, "-o", "ml")
        assert done.code == 2
        assert "error[usage.output]: ml cannot be written: Directory not empty" in done.err
        assert [path.name for path in (bench.desk.folder / "ml").iterdir()] == ["mine"]
        assert not [path for path in bench.desk.folder.iterdir() if path.name.startswith(".ml")]
