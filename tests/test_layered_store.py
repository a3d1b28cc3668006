"""Two stores as one: what is far comes near when it is needed, and a far one that is out of reach harms nobody."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from alekseylearn.aws import connect_aws
from alekseylearn.errors import InputError, MachineError
from alekseylearn.jobs import JobState
from alekseylearn.s3 import Bucket
from alekseylearn.stores.folder import FolderStore
from alekseylearn.stores.layered import LayeredStore
from alekseylearn.stores.s3 import S3Store
from tests.contract.test_stores import Make, make
from tests.fakes.aws import Cloud, refusal

__all__ = ["make"]


@pytest.fixture
def near(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "near")


@pytest.fixture
def far(cloud: Cloud, bucket_name: str, tmp_path: Path) -> S3Store:
    return S3Store(Bucket(connect_aws(cloud.environ).client("s3"), bucket_name, "p"), tmp_path / "cache")


@pytest.fixture
def told() -> list[MachineError]:
    return []


@pytest.fixture
def store(near: FolderStore, far: S3Store, told: list[MachineError]) -> LayeredStore:
    return LayeredStore(near, far, told.append)


@pytest.fixture
def deny(cloud: Cloud) -> Callable[[str], None]:
    """Have S3 refuse all requests of one kind."""

    def denied(method: str) -> None:
        answer = refusal("AccessDenied", "Access Denied", 403)
        cloud.fault(answer, times=10_000, when=lambda one: one.method.startswith(method))

    return denied


def test_what_is_near_is_not_asked_for_far_away(
    store: LayeredStore, near: FolderStore, cloud: Cloud, make: Make
) -> None:
    result, folder = make()
    near.put(result, folder)
    assert store.get(result.digest) == result
    assert store.find(result.run) == result
    assert store.path(result.digest) == near.path(result.digest)
    assert store.put(result, folder) == result
    assert cloud.seen == []


def test_what_is_put_is_in_both(store: LayeredStore, near: FolderStore, far: S3Store, make: Make) -> None:
    result, folder = make()
    assert store.put(result, folder) == result
    assert near.get(result.digest) == result
    assert far.get(result.digest) == result


def test_what_is_far_comes_near_when_its_files_are_needed(
    store: LayeredStore, near: FolderStore, far: S3Store, cloud: Cloud, make: Make, tmp_path: Path
) -> None:
    result, folder = make()
    far.put(result, folder)
    cloud.seen.clear()
    assert store.get(result.digest) == result
    assert store.find(result.run) == result
    assert store.list() == (result,)
    assert near.get(result.digest) is None
    assert cloud.asked("GET", "/files/") == []
    files = store.path(result.digest)
    assert files is not None
    assert files == near.path(result.digest)
    assert (files / "model" / "model.joblib").read_bytes() == b"model"
    assert near.get(result.digest) == result
    # Nothing is kept twice on this machine.
    assert [path for path in (tmp_path / "cache").rglob("*") if path.name == "model.joblib"] == []


def test_a_file_that_was_changed_far_away_does_not_come_near(
    store: LayeredStore, near: FolderStore, far: S3Store, cloud: Cloud, bucket_name: str, make: Make
) -> None:
    result, folder = make()
    far.put(result, folder)
    client = connect_aws(cloud.environ).client("s3")
    client.put_object(Bucket=bucket_name, Key=cloud.asked("PUT", "/files/")[0].path.split("/", 2)[2], Body=b"other")
    with pytest.raises(InputError, match=r"archive\.mismatch"):
        store.path(result.digest)
    assert near.get(result.digest) is None


def test_the_first_success_stays_also_when_it_is_far(
    store: LayeredStore, near: FolderStore, far: S3Store, make: Make
) -> None:
    first, folder = make()
    second, other = make(content=b"other weights", finished=2000.0)
    far.put(first, folder)
    assert store.put(second, other) == first
    assert near.get(first.digest) is None
    files = store.path(first.digest)
    assert files is not None
    assert (files / "model" / "model.joblib").read_bytes() == b"model"


def test_what_is_trained_again_on_purpose_replaces_both(
    store: LayeredStore, near: FolderStore, far: S3Store, make: Make
) -> None:
    first, folder = make()
    second, other = make(content=b"other weights", finished=2000.0)
    store.put(first, folder)
    assert store.put(second, other, anew=True) == second
    assert near.get(first.digest) == far.get(first.digest) == second


def test_a_failure_stays_near_and_makes_room_for_a_success_from_far(
    store: LayeredStore, near: FolderStore, far: S3Store, make: Make
) -> None:
    good, folder = make()
    failed = dataclasses.replace(good, state=JobState.FAILED, finished=5000.0)
    assert store.put(failed, folder) == failed
    assert far.get(failed.digest) is None
    assert store.find(failed.run) == failed
    assert store.path(failed.digest) == near.path(failed.digest)
    far.put(good, folder)
    assert store.get(good.digest) == good
    assert store.find(good.run) == good
    assert store.list() == (good,)
    assert store.path(good.digest) is not None
    assert near.get(good.digest) == good


def test_results_of_both_are_listed_newest_first_and_once(
    store: LayeredStore, near: FolderStore, far: S3Store, make: Make
) -> None:
    old, newer, newest = (make(what, finished=time) for what, time in (("a", 10.0), ("b", 20.0), ("c", 30.0)))
    near.put(*newer)
    far.put(*old)
    store.put(*newest)
    assert [result.finished for result in store.list()] == [30.0, 20.0, 10.0]


def test_a_far_store_that_cannot_be_read_counts_as_empty_and_is_told_once(
    store: LayeredStore, far: S3Store, cloud: Cloud, told: list[MachineError], deny: Callable[[str], None], make: Make
) -> None:
    there, folder = make()
    far.put(there, folder)
    deny("GET")
    for _ in range(3):
        assert store.get(there.digest) is None
        assert store.find(there.run) is None
        assert store.list() == ()
        assert store.path(there.digest) is None
    assert [error.slug for error in told] == ["s3.denied"]


def test_what_cannot_be_written_far_away_is_kept_near_and_told(
    store: LayeredStore, near: FolderStore, told: list[MachineError], deny: Callable[[str], None], make: Make
) -> None:
    result, folder = make()
    deny("PUT")
    assert store.put(result, folder) == result
    assert near.get(result.digest) == result
    again, _ = make(finished=3000.0)
    assert store.put(again, folder, anew=True) == again
    assert near.get(result.digest) == again
    assert [error.slug for error in told] == ["s3.denied", "s3.denied"]


def test_a_result_that_is_far_and_cannot_be_brought_is_told(
    store: LayeredStore, far: S3Store, cloud: Cloud, told: list[MachineError], make: Make
) -> None:
    result, folder = make()
    far.put(result, folder)
    denied = refusal("AccessDenied", "Access Denied", 403)
    cloud.fault(denied, times=99, when=lambda one: one.method == "GET" and "/files/" in one.path)
    with pytest.raises(MachineError, match=r"s3\.denied"):
        store.path(result.digest)
    assert told == []


def test_files_that_cannot_be_read_are_in_neither(
    store: LayeredStore, near: FolderStore, far: S3Store, told: list[MachineError], make: Make
) -> None:
    result, folder = make()
    (folder / "model" / "model.joblib").unlink()
    with pytest.raises(MachineError, match=r"store\.failed"):
        store.put(result, folder)
    assert near.get(result.digest) is None
    assert far.get(result.digest) is None
    assert told == []


def test_many_may_ask_for_the_same_files_at_once(store: LayeredStore, far: S3Store, make: Make) -> None:
    result, folder = make(content=b"x" * 300_000)
    far.put(result, folder)
    found: list[int] = []

    def look() -> None:
        files = store.path(result.digest)
        assert files is not None
        found.append((files / "model" / "model.joblib").stat().st_size)

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [300_000] * 6
