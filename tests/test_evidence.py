"""The page is given what lies with the results: logs and executed notebooks of real runs, as far as they are there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from alekseylearn import evidence
from alekseylearn.comparison import compare_versions
from alekseylearn.git import Git
from alekseylearn.jobs import TrainingResult
from alekseylearn.page import Saved
from alekseylearn.redaction import Redactor
from alekseylearn.report import Outcome
from alekseylearn.training import Workshop, reconcile
from tests.outcomes import outcome, told
from tests.repositories import Repository
from tests.shop import job_of, open_shop
from tests.small import growth


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workshop, TrainingResult]:
    """Train once for real."""
    folder = tmp_path_factory.mktemp("evidence")
    shop = open_shop(folder)
    job, tree = job_of(folder / "work", growth(before="print('said before')\nprint('pass' + 'word=letmein1')"))
    result = reconcile(job, tree, shop, commit="c0ffee")
    assert result is not None
    assert result.succeeded
    return shop, result


def of(result: TrainingResult) -> Outcome:
    return outcome(told(head=result, base=None))


def test_what_a_run_left_is_read(trained: tuple[Workshop, TrainingResult]) -> None:
    shop, result = trained
    assert "said before" in evidence.logs(of(result), shop)[result.digest]
    (book,) = evidence.notebooks(of(result), shop).values()
    assert any("said before" in str(cell["outputs"]) for cell in json.loads(book)["cells"])


def test_what_a_job_prints_of_secrets_is_not_even_kept(trained: tuple[Workshop, TrainingResult]) -> None:
    shop, result = trained
    kept = [path.read_bytes() for path in shop.folder(result).rglob("*") if path.is_file()]
    assert any(b"password=***" in data for data in kept)
    assert not any(b"letmein1" in data for data in kept if b"'word=letmein1'" not in data)
    assert [warning.partition(": ")[0] for warning in result.warnings] == ["secret.redacted"]


def test_a_result_without_files_has_its_last_lines_and_no_notebook(trained: tuple[Workshop, TrainingResult]) -> None:
    shop, result = trained
    bare = replace(result, artifacts=(), log_tail="the end")
    assert evidence.logs(of(bare), shop) == {result.digest: "the end"}
    assert evidence.notebooks(of(bare), shop) == {}
    assert evidence.logs(outcome(told(head=None, base=None)), shop) == {}


def test_a_file_that_is_gone_or_is_a_link_is_not_read(trained: tuple[Workshop, TrainingResult], tmp_path: Path) -> None:
    shop, result = trained
    elsewhere = replace(result, state=type(result.state).FAILED, run="0" * 12, log_tail="the end")
    folder = shop.failed.folder(elsewhere.run) / "output" / "data"
    assert evidence.logs(of(elsewhere), shop) == {result.digest: "the end"}
    folder.mkdir(parents=True)
    (tmp_path / "secret").write_text("secret", "utf-8")
    (folder / "log.txt").symlink_to(tmp_path / "secret")
    (folder / "executed.ipynb").symlink_to(tmp_path / "secret")
    assert evidence.logs(of(elsewhere), shop) == {result.digest: "the end"}
    assert evidence.notebooks(of(elsewhere), shop) == {}


def test_notebooks_are_read_as_people_saved_them(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path)
    base = repository.commit({"old.ipynb": b"before", "same.ipynb": b"same"})
    head = repository.commit({"old.ipynb": None, "new.ipynb": b"after"})
    git = Git.open(repository.root)
    comparison = compare_versions(git, base=base, head=head, base_name="main", head_name="edit")
    diff = told().diff
    notebooks = (
        told(path="new.ipynb", diff=replace(diff, path="new.ipynb", old_path="old.ipynb")),
        told(path="same.ipynb", diff=replace(diff, path="same.ipynb", old_path=None)),
    )
    found = evidence.saved(outcome(*notebooks), comparison, Redactor())
    assert found["new.ipynb"] == Saved(head=b"after", base=b"before")
    assert found["same.ipynb"] == Saved(head=b"same", base=b"same")
    lone = evidence.saved(outcome(notebooks[0]), replace(comparison, base=None), Redactor())
    assert lone["new.ipynb"] == Saved(head=b"after", base=None)
    gone = evidence.saved(outcome(told(path="gone.ipynb")), comparison, Redactor())
    assert gone["gone.ipynb"] == Saved()


def test_a_notebook_that_the_page_cannot_show_is_not_read(
    trained: tuple[Workshop, TrainingResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, result = trained
    monkeypatch.setattr(evidence, "MAX_NOTEBOOK", 100)
    assert evidence.notebooks(of(result), shop) == {}


def test_no_page_is_given_a_secret(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path)
    files = {
        "a.ipynb": b'{"cells": [{"outputs": [{"text": ["open-", "sesame-now\\n"]}]}]}',
        "b.ipynb": b"{open-sesame-now",
    }
    head = repository.commit(files)
    git = Git.open(repository.root)
    comparison = compare_versions(git, base=head, head=head, base_name="main", head_name="edit")
    notebooks = tuple(told(path=path, diff=replace(told().diff, path=path, old_path=None)) for path in files)
    found = evidence.saved(outcome(*notebooks), comparison, Redactor.of(["open-sesame-now"]))
    assert found["a.ipynb"].head == b'{"cells": [{"outputs": [{"text": ["***\\n"]}]}]}'
    assert found["b.ipynb"].head == b"{open-sesame-now"
