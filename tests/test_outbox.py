"""What a run leaves: the files of both sides, where the report says that they are."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import pytest

from alekseylearn import outbox
from alekseylearn.errors import InputError
from alekseylearn.jobs import TrainingResult
from alekseylearn.outbox import copy_artifacts, lay_out, write_report
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.training import Workshop
from tests import outcomes
from tests.shop import open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return open_shop(tmp_path)


def kept(shop: Workshop, folder: Path, result: TrainingResult) -> TrainingResult:
    """Keep *result* with files that are as large as they are said to be."""
    import hashlib

    items = []
    for item in result.artifacts:
        content = f"{result.run} {item.name}".encode()
        place = folder / "left" / result.run / item.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        items.append(replace(item, size=len(content), sha256=hashlib.sha256(content).hexdigest()))
    whole = replace(result, artifacts=tuple(items))
    return shop.store.put(whole, folder / "left" / result.run)


def told(shop: Workshop, folder: Path, *, base: bool = True) -> Outcome:
    """Make the outcome of a notebook whose head, and base, are kept."""
    outcome = outcomes.STATES["better"]
    (notebook,) = outcome.notebooks
    assert notebook.head is not None
    assert notebook.base is not None
    head = kept(shop, folder, notebook.head)
    other = kept(shop, folder, notebook.base) if base else notebook.base
    return replace(outcome, notebooks=(replace(notebook, head=head, base=other),))


def sides(outcome: Outcome) -> tuple[NotebookOutcome, TrainingResult, TrainingResult]:
    (notebook,) = outcome.notebooks
    assert notebook.head is not None
    assert notebook.base is not None
    return notebook, notebook.head, notebook.base


def test_both_sides_go_along_where_the_document_says(shop: Workshop, tmp_path: Path) -> None:
    outcome = told(shop, tmp_path)
    _, head, base = sides(outcome)
    folders = lay_out(outcome, shop)
    assert folders == {head.digest: "churn", base.digest: "churn.base"}
    target = tmp_path / "artifact"
    write_report(outcome, shop, target, folders=folders)
    assert copy_artifacts(outcome, shop, target, folders) == len(head.artifacts) + len(base.artifacts)
    (run,) = json.loads((target / "outcome.json").read_text())["runs"]
    for item, result in ((item, head) for item in run["artifacts"]):
        assert (target / item["path"]).read_text() == f"{result.run} {item['name']}"
    for item in run["base"]["artifacts"]:
        assert (target / item["path"]).read_text() == f"{base.run} {item['name']}"


def test_a_base_that_is_not_on_this_machine_stays_where_it_is(shop: Workshop, tmp_path: Path) -> None:
    outcome = told(shop, tmp_path, base=False)
    _, head, _ = sides(outcome)
    assert lay_out(outcome, shop) == {head.digest: "churn"}


def test_a_large_base_stays_where_it_is(shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = told(shop, tmp_path)
    _, head, base = sides(outcome)
    monkeypatch.setattr(outbox, "LARGEST_BASE", sum(item.size for item in base.artifacts) - 1)
    assert lay_out(outcome, shop) == {head.digest: "churn"}


def test_no_folder_is_taken_twice(shop: Workshop, tmp_path: Path) -> None:
    outcome = told(shop, tmp_path)
    notebook, head, base = sides(outcome)
    digest = "f" * 64
    other = replace(notebook, name="churn.base", head=replace(head, digest=digest, run=digest[:12]), base=None)
    both = dataclasses.replace(outcome, notebooks=(notebook, other))
    assert lay_out(both, shop) == {head.digest: "churn", digest: "churn.base", base.digest: "churn.base_"}


def test_a_damaged_base_keeps_nobody_from_the_model(shop: Workshop, tmp_path: Path) -> None:
    outcome = told(shop, tmp_path)
    _, head, base = sides(outcome)
    place = shop.folder(base) / base.artifacts[0].path
    place.write_bytes(bytes(place.stat().st_size))
    folders = lay_out(outcome, shop)
    assert copy_artifacts(outcome, shop, tmp_path / "artifact", folders) == len(head.artifacts)
    assert [path.name for path in (tmp_path / "artifact").iterdir()] == ["churn"]
    place = shop.folder(head) / head.artifacts[0].path
    place.write_bytes(bytes(place.stat().st_size))
    with pytest.raises(InputError, match="not the file that training left"):
        copy_artifacts(outcome, shop, tmp_path / "again", folders)


def test_what_has_not_changed_is_there_once(shop: Workshop, tmp_path: Path) -> None:
    outcome = told(shop, tmp_path)
    notebook, head, _ = sides(outcome)
    same = dataclasses.replace(outcome, notebooks=(replace(notebook, base=head),))
    folders = lay_out(same, shop)
    assert folders == {head.digest: "churn"}
    assert copy_artifacts(same, shop, tmp_path / "artifact", folders) == len(head.artifacts)


def test_what_is_skipped_has_no_files(shop: Workshop) -> None:
    assert lay_out(outcomes.STATES["nothing"], shop) == {}
