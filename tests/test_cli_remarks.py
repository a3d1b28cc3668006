"""Warnings about notebooks: each kind is named once, in every command that looks at one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alekseylearn.cli import remarks
from tests.desk import Desk, lone_desk
from tests.small import notebook

TOKEN = "hf_" + "aB3dE6gH9j" * 3
ODD = {
    "nb.source": notebook([("code", "!touch x"), ("code", "a = 1")]),
    "nb.language": notebook([("code", "fit <- lm(y ~ x)")], language="R"),
    "secret.redacted": notebook([("code", f"login('{TOKEN}')")]),
    "text.neutralised": notebook([("code", "a = 1"), ("markdown", "</details>")]),
    "nb.identity": notebook([("code", "a = 1")])
    .replace(b'"id"', b'"ID"')
    .replace(b'"nbformat_minor": 4', b'"nbformat_minor": 5'),
    "nb.schema": notebook([("code", "a = 1")]).replace(b'"metadata": {}', b'"metadata": {"a": NaN}', 1),
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return lone_desk(tmp_path)


@pytest.mark.parametrize("words", [["diff", "a.ipynb"], ["slice", "a.ipynb"], ["fit", "a.ipynb", "--dry-run"]])
@pytest.mark.parametrize("slug", ODD)
def test_what_is_odd_is_named_and_stops_nobody(desk: Desk, slug: str, words: list[str]) -> None:
    desk.write("a.ipynb", ODD[slug])
    done = desk.run(*words)
    assert done.code == 0
    assert done.err.count(f"warning[{slug}]: ") == 1
    assert TOKEN not in done.out + done.err


def test_json_on_stdout_stays_json(desk: Desk) -> None:
    desk.write("a.ipynb", ODD["nb.schema"])
    done = desk.run("diff", "a.ipynb", "--json")
    assert done.document["notebooks"][0]["status"] == "added"

    def refuse(name: str) -> None:
        raise AssertionError(name)

    json.loads(done.out, parse_constant=refuse)


@pytest.mark.parametrize("slug", ["nb.schema", "nb.language"])
def test_a_slice_of_what_does_not_train_is_a_document_without_cells(desk: Desk, slug: str) -> None:
    desk.write("a.ipynb", ODD[slug])
    found = desk.run("slice", "a.ipynb", "--json").document
    assert (found["notebook"], found["digest"], found["cells"], len(found["dropped"])) == ("a.ipynb", "", [], 1)
    assert found["warnings"][0].startswith(slug)


def test_what_nobody_can_follow_is_compared_and_not_trained(desk: Desk) -> None:
    desk.write("a.ipynb", notebook([("code", "a = 1\n" * 41_000), ("code", "b = 1")]))
    done = desk.run("diff", "a.ipynb")
    assert (done.code, done.err.count("warning[nb.limit]: ")) == (0, 1)
    assert "2 cells" in done.out
    for words in (["fit", "a.ipynb"], ["fit", "a.ipynb", "--dry-run"], ["slice", "a.ipynb"]):
        done = desk.run(*words)
        assert (done.code, "error[nb.limit]: " in done.err) == (3, True)


def test_very_many_warnings_are_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.strategies import notebook as made

    monkeypatch.setattr(remarks, "MOST", 1)
    remarks.say_warnings([made("!touch x"), None, made("</details>"), made("<script>")])
    told = capsys.readouterr().err
    assert "warning[nb.source]: cell 0 runs" in told
    assert "2 more warnings about notebooks (text.neutralised)" in told
