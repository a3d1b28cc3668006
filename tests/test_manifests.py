"""The document in an uploaded artifact: what we write is read again, and whatever else is there is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.documents import outcome_json
from alekseylearn.errors import InputError
from alekseylearn.jobs import JobState
from alekseylearn.manifests import LIMITS, read_manifest
from alekseylearn.report import Outcome
from tests import outcomes


def written(outcome: Outcome) -> Any:
    folders = {one.digest: one.name for one in outcome.notebooks}
    return json.loads(json.dumps(outcome_json(outcome, folders)))


def read(document: Any) -> Any:
    return read_manifest(json.dumps(document).encode(), "it")


@pytest.mark.parametrize("name", sorted(outcomes.STATES))
def test_what_was_written_is_read_again(name: str) -> None:
    outcome = outcomes.STATES[name]
    trained = [one for one in outcome.notebooks if one.head is not None and one.decision != "skip"]
    manifest = read(written(outcome))
    assert manifest.head == outcome.head.sha
    assert [listed.name for listed in manifest.models] == [one.name for one in trained]
    for listed, notebook in zip(manifest.models, trained, strict=True):
        assert notebook.head is not None
        assert (listed.head.digest, listed.head.state) == (notebook.head.digest, notebook.head.state)
        assert [metric.name for metric in listed.head.metrics] == [metric.name for metric in notebook.head.metrics]
        folder = {one.digest: one.name for one in outcome.notebooks}[notebook.head.digest]
        paths = [f"{folder}/{item.name}" for item in notebook.head.artifacts]
        assert [item.path for item in listed.head.artifacts] == paths
        assert (listed.base is None) == (notebook.base is None)


def test_undefined_numbers_are_read() -> None:
    document = written(outcomes.STATES["better"])
    document["runs"][0]["metrics"] = {"a": "nan", "b": "-inf", "c": 1}
    (listed,) = read(document).models
    values = [metric.value for metric in listed.head.metrics]
    assert math.isnan(values[0])
    assert values[1:] == [-math.inf, 1.0]


def test_what_was_uploaded_before_names_no_files_of_the_base() -> None:
    document = written(outcomes.STATES["better"])
    for key in ("state", "artifacts", "backend"):
        del document["runs"][0]["base"][key]
    (listed,) = read(document).models
    assert (listed.base.state, listed.base.artifacts) == (JobState.SUCCEEDED, ())
    assert listed.base.backend == listed.head.backend


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("runs",), 3),
        (("head",), None),
        (("head", "sha"), 3),
        (("runs", 0), 7),
        (("runs", 0, "name"), 3),
        (("runs", 0, "digest"), 3),
        (("runs", 0, "state"), "happy"),
        (("runs", 0, "metrics"), []),
        (("runs", 0, "metrics", "val_accuracy"), True),
        (("runs", 0, "metrics", "val_accuracy"), [1]),
        (("runs", 0, "metrics", "val_accuracy"), "many"),
        (("runs", 0, "metrics", "val_accuracy"), 10**400),
        (("runs", 0, "base"), "base"),
        (("runs", 0, "base", "digest"), "../up"),
        (("runs", 0, "artifacts", 0, "sha256"), "../up"),
        (("runs", 0, "artifacts", 0, "size"), -1),
        (("runs", 0, "artifacts", 0, "size"), True),
        (("runs", 0, "artifacts", 0, "path"), None),
        (("runs", 0, "artifacts", 0), "model.pt"),
    ],
)
def test_what_we_do_not_write_is_refused(path: tuple[str | int, ...], value: object) -> None:
    document = written(outcomes.STATES["better"])
    *above, last = path
    place = document
    for key in above:
        place = place[key]
    place[last] = value
    with pytest.raises(InputError) as caught:
        read(document)
    assert caught.value.slug == "archive.corrupt"


def test_what_is_no_document_is_refused() -> None:
    for data in (b"", b"{", b"[]", b'{"runs": []}', b"\xff"):
        with pytest.raises(InputError) as caught:
            read_manifest(data, "it")
        assert caught.value.slug.startswith("archive.")
    with pytest.raises(InputError) as caught:
        read_manifest(b" " * (LIMITS.max_bytes + 1), "it")
    assert caught.value.slug == "archive.limit"


def test_a_notebook_without_a_run_is_passed_over() -> None:
    document = written(outcomes.STATES["better"])
    for key, value in (("decision", "skip"), ("state", "none"), ("digest", "")):
        changed = json.loads(json.dumps(document))
        changed["runs"][0][key] = value
        assert read(changed).models == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["runs", "head", "sha", "base", "digest", "metrics", "decision"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_document_breaks_the_reader(document: Any) -> None:
    try:
        read(document)
    except InputError as error:
        slug = error.slug
    else:
        slug = "archive."
    assert slug.startswith("archive.")
