"""Handles and results as plain JSON: what is written down is read again, what is broken is refused."""

from __future__ import annotations

import contextlib
import copy
import json
import math
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import UsageError
from alekseylearn.jobs import (
    Artifact,
    CellRun,
    Failure,
    JobHandle,
    JobState,
    TrainingResult,
    is_digest,
    number_out,
    result_from_json,
    result_to_json,
)
from alekseylearn.metrics import Metric
from tests.outcomes import result

words = st.text(max_size=8)
finite = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**40)
series = st.lists(st.tuples(counts, st.floats()), max_size=3).map(tuple)
metrics = st.builds(
    Metric,
    name=words,
    value=st.floats(),
    source=words,
    cell=st.none() | counts,
    series=series,
    also=st.lists(words, max_size=2).map(tuple),
    spread=st.none() | st.floats(),
    runs=counts,
)
failures = st.builds(
    Failure,
    exception=words,
    message=words,
    cell=st.none() | counts,
    line=st.none() | counts,
    traceback=words,
    hint=words,
)
results = st.builds(
    TrainingResult,
    run=words,
    digest=words,
    state=st.sampled_from(JobState),
    backend=words,
    metrics=st.lists(metrics, max_size=3).map(tuple),
    artifacts=st.lists(
        st.builds(Artifact, name=words, path=words, size=counts, sha256=words, url=words), max_size=2
    ).map(tuple),
    cells=st.lists(st.builds(CellRun, cell=counts, state=words, seconds=finite), max_size=2).map(tuple),
    failure=st.none() | failures,
    seconds=finite,
    finished=finite,
    log_tail=words,
    warnings=st.lists(words, max_size=2).map(tuple),
    environment=st.dictionaries(words, words, max_size=2).map(MappingProxyType),
    name=words,
    machine=words,
    commit=words,
    bundle=words,
    peak_memory=counts,
    cost=st.none() | finite,
    url=words,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@given(results)
def test_a_result_comes_back_from_strict_json_as_it_was(made: TrainingResult) -> None:
    written = json.dumps(result_to_json(made), allow_nan=False)
    # Undefined numbers are equal to nothing, so what is compared is how the values look.
    assert repr(result_from_json(json.loads(written))) == repr(made)


@given(st.builds(JobHandle, backend=words, id=words, digest=words, place=words, url=words))
def test_a_handle_comes_back_from_json_as_it_was(handle: JobHandle) -> None:
    assert JobHandle.from_json(json.loads(json.dumps(handle.to_json()))) == handle


def test_a_handle_is_named_by_the_identity_that_it_trains() -> None:
    handle = JobHandle.of("docker", "c0ffee" + "0" * 58, place="here")
    assert handle == JobHandle(backend="docker", id="c0ffee000000", digest="c0ffee" + "0" * 58, place="here")


NO_DIGESTS = ["", "c0ffee", "0" * 63, "0" * 65, "C0FFEE" + "0" * 58, "g" * 64, "0" * 64 + "\n", "../" + "0" * 61]


@pytest.mark.parametrize("text", NO_DIGESTS)
def test_what_is_no_identity_names_no_job(text: str) -> None:
    assert not is_digest(text)
    with pytest.raises(UsageError, match=r"run\.unknown"):
        JobHandle.of("docker", text, place="here")


@given(st.binary(min_size=32, max_size=32).map(bytes.hex))
def test_a_sha256_is_an_identity(digest: str) -> None:
    assert is_digest(digest)


@pytest.mark.parametrize(
    "broken",
    [{}, {"backend": "process"}, {**dict.fromkeys(("backend", "id", "digest", "place"), "x"), "url": 5}, [], None, 5],
)
def test_what_is_no_handle_is_refused(broken: Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        JobHandle.from_json(broken)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Name every place in a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


WHOLE = result_to_json(
    result(url="https://console", failure=Failure(exception="ValueError", message="no", cell=3, line=1), cost=0.13)
)
PLACES = places(WHOLE)[1:]


@given(st.sampled_from(PLACES), anything)
def test_a_broken_document_raises_what_a_store_expects(place: tuple[Any, ...], value: Any) -> None:
    document: Any = copy.deepcopy(WHOLE)
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    with contextlib.suppress(ValueError, KeyError, TypeError):
        result_from_json(document)


@pytest.mark.parametrize(
    "place", [place for place in PLACES if isinstance(place[-1], str) and place[0] not in ("environment", "url")]
)
def test_a_document_that_lacks_a_part_is_refused(place: tuple[Any, ...]) -> None:
    document: Any = copy.deepcopy(WHOLE)
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    del holder[place[-1]]
    with pytest.raises(KeyError):
        result_from_json(document)


def test_a_result_of_before_has_no_page_and_is_read_all_the_same() -> None:
    old = {key: value for key, value in WHOLE.items() if key != "url"}
    assert result_from_json(old) == replace(result_from_json(WHOLE), url="")


def test_what_goes_on_around_a_job_is_not_written_down() -> None:
    assert "phase" not in result_to_json(result(phase="getting a machine, 3 s"))


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("version", 2, ValueError),
        ("state", "gone", ValueError),
        ("state", 5, TypeError),
        ("metrics", "none", TypeError),
        ("metrics", [{"name": "x", "value": 10**400, "source": "", "cell": None, "series": []}], ValueError),
        ("metrics", [{"name": "x", "value": "high", "source": "", "cell": None, "series": []}], ValueError),
        ("metrics", [{"name": "x", "value": 1, "source": "", "cell": None, "series": [[1.5, 2]]}], TypeError),
        ("metrics", [{"name": "x", "value": 1, "source": "", "cell": True, "series": []}], TypeError),
        ("metrics", [{"name": "x", "value": 1, "source": "", "cell": None, "series": [], "also": 5}], TypeError),
        ("seconds", True, TypeError),
        ("environment", [], TypeError),
        ("peak_memory", 1.5, TypeError),
        ("cost", [], TypeError),
        ("failure", "no", TypeError),
        ("url", 5, TypeError),
    ],
)
def test_each_part_has_its_kind(key: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        result_from_json({**WHOLE, key: value})


def test_a_result_looks_up_the_last_value_of_a_metric() -> None:
    made = result()
    assert made.metric("val_accuracy") == 0.927
    assert made.metric("gone") is None
    assert made.succeeded
    assert not result(state=JobState.STOPPED).succeeded


def test_only_queued_and_running_jobs_have_more_to_come() -> None:
    assert [state for state in JobState if not state.ended] == [JobState.QUEUED, JobState.RUNNING]


@pytest.mark.parametrize(("value", "out"), [(1.5, 1.5), (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")])
def test_undefined_numbers_are_words_in_json(value: float, out: float | str) -> None:
    assert number_out(value) == out
