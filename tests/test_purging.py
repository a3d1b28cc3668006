"""What a job has said of itself is rid of secrets when it comes home; its models and its own files stay as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alekseylearn import purging
from alekseylearn.purging import purge, warning_of
from alekseylearn.redaction import Redactor

VALUE = "wolpertinger-7/hX+ab"
REDACTOR = Redactor.of([VALUE])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "output" / "data").mkdir(parents=True)
    (tmp_path / "model").mkdir()
    return tmp_path


def test_logs_metrics_and_failures_lose_their_secrets_and_nothing_else(folder: Path) -> None:
    data = folder / "output" / "data"
    (data / "log.txt").write_bytes(b"epoch 1\r\n\xff " + VALUE.encode() + b" \xe6\x9c\xa8\n" + b"x" * 300_000 + b"\n")
    (data / "metrics.jsonl").write_text(json.dumps({"name": VALUE, "value": 1}) + "\n")
    (data / "events.jsonl").write_text('{"event": "start"}\n')
    (folder / "output" / "failure").write_text(f"ValueError: {VALUE}")
    (folder / "model" / "model.txt").write_text(VALUE)
    (data / "notes.txt").write_text(VALUE)
    assert purge(folder, REDACTOR) == 3
    assert (data / "log.txt").read_bytes() == b"epoch 1\r\n\xff *** \xe6\x9c\xa8\n" + b"x" * 300_000 + b"\n"
    assert json.loads((data / "metrics.jsonl").read_text()) == {"name": "***", "value": 1}
    assert (folder / "output" / "failure").read_text() == "ValueError: ***"
    assert (folder / "model" / "model.txt").read_text() == (data / "notes.txt").read_text() == VALUE
    assert {path.name for path in data.iterdir()} == {"log.txt", "metrics.jsonl", "events.jsonl", "notes.txt"}


def test_an_executed_notebook_stays_one(folder: Path) -> None:
    path = folder / "output" / "data" / "executed.ipynb"
    cell = {
        "cell_type": "code",
        "source": ["a\n", f"b = '{VALUE}'"],
        "outputs": [{"text": f"{VALUE}\n", "n": float("nan")}],
    }
    path.write_text(json.dumps({"cells": [cell], "metadata": {"token": "abcdefgh"}}))
    assert purge(folder, REDACTOR) == 1
    document = json.loads(path.read_text())
    assert document["cells"][0]["source"] == ["a\n", "b = '***'"]
    assert document["cells"][0]["outputs"][0]["text"] == "***\n"
    assert document["metadata"] == {"token": "***"}


@pytest.mark.parametrize("text", [f"{{ {VALUE}", "[" * 100_000 + VALUE])
def test_what_should_be_a_document_and_is_none_is_read_as_text(folder: Path, text: str) -> None:
    path = folder / "output" / "data" / "result.json"
    path.write_text(text)
    assert purge(folder, REDACTOR) == 1
    assert path.read_text() == text.replace(VALUE, "***")


def test_a_deep_document_is_read_as_text(folder: Path) -> None:
    path = folder / "output" / "data" / "result.json"
    path.write_text("[" * 900 + f'"{VALUE}"' + "]" * 900)
    assert purge(folder, REDACTOR) == 1
    assert "***" in path.read_text()


def test_a_large_document_is_read_as_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "LARGEST_DOCUMENT", 10)
    path = folder / "output" / "data" / "executed.ipynb"
    path.write_text(json.dumps({"cells": [VALUE]}))
    assert purge(folder, REDACTOR) == 1
    assert json.loads(path.read_text()) == {"cells": ["***"]}


def test_what_has_no_secret_is_not_written_again(folder: Path) -> None:
    path = folder / "output" / "data" / "executed.ipynb"
    path.write_text('{"cells":[ ]}')
    log = folder / "output" / "data" / "log.txt"
    log.write_text("epoch 1\n")
    before = [one.stat().st_ino for one in (path, log)]
    assert purge(folder, REDACTOR) == 0
    assert [one.stat().st_ino for one in (path, log)] == before
    assert path.read_text() == '{"cells":[ ]}'


def test_a_link_is_not_followed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other") / "theirs.txt"
    other.write_text(VALUE)
    (folder / "output" / "data" / "log.txt").symlink_to(other)
    assert purge(folder, REDACTOR) == 0
    assert other.read_text() == VALUE


def test_it_is_told_by_its_class() -> None:
    assert warning_of(0) == ()
    (warning,) = warning_of(3)
    assert warning.startswith("secret.redacted: ")
