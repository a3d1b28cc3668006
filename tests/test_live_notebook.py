"""Which notebook a kernel runs, and whether its file is what ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alekseylearn.live_notebook import Cells, own_path
from tests.small import growth


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "growth.ipynb"
    path.write_bytes(growth())
    return path


class TestWhichNotebook:
    def test_editors_and_servers_tell_in_their_ways(self, notebook: Path) -> None:
        name = str(notebook)
        assert own_path({"__vsc_ipynb_file__": name}, {}) == notebook
        assert own_path({"__session__": name}, {}) == notebook
        assert own_path({}, {"JPY_SESSION_NAME": name}) == notebook
        assert own_path({"__session__": f"RTC:{name}"}, {}) == notebook

    def test_a_server_of_another_root_tells_at_least_the_name(
        self, notebook: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(notebook.parent)
        assert own_path({"__session__": "/elsewhere/growth.ipynb"}, {}) == notebook

    @pytest.mark.parametrize("told", ["", "console-1", "/gone/other.ipynb", 3, None])
    def test_otherwise_nobody_knows(self, notebook: Path, told: object) -> None:
        assert own_path({"__session__": told}, {"JPY_SESSION_NAME": "python3"}) is None


class TestUnsavedCells:
    def test_what_ran_as_it_is_saved_is_no_matter(self, notebook: Path) -> None:
        cells = Cells()
        cells.ran("c1", "import math  \n\n")
        cells.ran("c4", "epochs = 20\nrate = 0.05")
        assert cells.unsaved(notebook) == ()

    def test_the_last_run_of_a_cell_counts(self, notebook: Path) -> None:
        cells = Cells()
        cells.ran("c4", "\nepochs = 5")
        assert cells.unsaved(notebook) == ("epochs = 5",)
        cells.ran("c4", "epochs = 20\nrate = 0.05")
        assert cells.unsaved(notebook) == ()

    def test_an_editor_with_ids_of_its_own_is_known_by_its_text(self, notebook: Path) -> None:
        cells = Cells()
        cells.ran("vscode-notebook-cell:/growth.ipynb#W1", "import math")
        assert cells.unsaved(notebook) == ()
        cells.ran("vscode-notebook-cell:/growth.ipynb#W1", "import cmath")
        assert cells.unsaved(notebook) == ("import cmath",)
        cells.gone(["vscode-notebook-cell:/growth.ipynb#W1"])
        cells.gone(None)
        assert cells.unsaved(notebook) == ()

    def test_what_only_asks_for_a_training_need_not_be_saved(self, notebook: Path) -> None:
        cells = Cells()
        cells.ran("new", "%load_ext alekseylearn\n# go\n\n%fit -p epochs 3")
        cells.ran(None, "epochs = 3")
        assert cells.unsaved(notebook) == ()

    @pytest.mark.parametrize("data", [b"", b"{}", b'{"cells": [1]}', b"\xff"])
    def test_a_file_that_cannot_be_read_is_for_others_to_refuse(self, notebook: Path, data: bytes) -> None:
        notebook.write_bytes(data)
        cells = Cells()
        cells.ran("c1", "import cmath")
        assert cells.unsaved(notebook) == ()

    def test_old_notebooks_have_no_ids(self, notebook: Path) -> None:
        document = json.loads(growth())
        for cell in document["cells"]:
            del cell["id"]
            cell["source"] = cell["source"].splitlines(keepends=True)
        notebook.write_text(json.dumps(document))
        cells = Cells()
        cells.ran("any", "epochs = 20\nrate = 0.05")
        assert cells.unsaved(notebook) == ()
