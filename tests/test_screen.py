from __future__ import annotations

import pytest

from alekseylearn.cli.screen import remark


def test_a_warning_names_its_class_and_its_place_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    remark("nb.identity: 2 cells without an id of their own", "notebooks/a.ipynb")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "warning[nb.identity]: 2 cells without an id of their own\n  where: notebooks/a.ipynb\n"


def test_a_warning_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    remark("path.unsafe: a\n\x1b[31m[bold]name")
    assert capsys.readouterr().err == "warning[path.unsafe]: a [31m[bold]name\n"
