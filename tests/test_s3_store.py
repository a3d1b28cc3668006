"""Results in a bucket: whole or not at all, whoever writes, and whatever somebody put there by hand."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alekseylearn.aws import connect_aws
from alekseylearn.errors import AlekseylearnError
from alekseylearn.jobs import Artifact, JobState, TrainingResult, result_to_json
from alekseylearn.s3 import BLOCK, PART, Bucket
from alekseylearn.stores.s3 import S3Store
from tests.contract.test_stores import Make, make, part
from tests.fakes.aws import Cloud, Cut, Request, refusal

__all__ = ["make", "part"]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def store(part: Bucket, cache: Path) -> S3Store:
    return S3Store(part, cache)


@pytest.fixture
def troubled(cloud: Cloud, bucket_name: str, tmp_path: Path) -> S3Store:
    """Open a store behind a wire on which things may go wrong."""
    client = connect_aws(cloud.environ).client("s3")
    return S3Store(Bucket(client, bucket_name, "p", sleep=lambda _: None), tmp_path / "troubled")


def refused(slug: str, action: Callable[[], Any]) -> str:
    with pytest.raises(AlekseylearnError) as caught:
        action()
    assert caught.value.slug == slug, str(caught.value)
    return str(caught.value)


def key_of(part: Bucket, ending: str) -> str:
    (found,) = [key for key in part.keys("results/") if key.endswith(ending)]
    return found


def writes_result(request: Request) -> bool:
    return request.method == "PUT" and request.path.endswith("/result.json")


# -- how it lies there ------------------------------------------------------------------------------------------------


def test_the_result_lies_beside_its_files(store: S3Store, part: Bucket, make: Make) -> None:
    result, folder = make()
    store.put(result, folder)
    place = f"results/{result.digest[:2]}/{result.digest}"
    sha256 = result.artifacts[0].sha256
    assert list(part.keys()) == [f"{place}/files/{sha256}/model.joblib", f"{place}/result.json"]
    assert json.loads(part.get(f"{place}/result.json", 10**6) or b"") == json.loads(json.dumps(result_to_json(result)))


def test_only_the_result_is_read_until_its_files_are_needed(troubled: S3Store, cloud: Cloud, make: Make) -> None:
    result, folder = make()
    troubled.put(result, folder)
    cloud.seen.clear()
    assert troubled.get(result.digest) == result
    assert troubled.find(result.run) == result
    assert troubled.list() == (result,)
    assert cloud.asked("", "/files/") == []
    assert troubled.path(result.digest) is not None
    assert len(cloud.asked("GET", "/files/")) == 1
    assert troubled.path(result.digest) is not None
    assert len(cloud.asked("GET", "/files/")) == 1


def test_another_machine_finds_it(store: S3Store, part: Bucket, make: Make, tmp_path: Path) -> None:
    result, folder = make()
    store.put(result, folder)
    other = S3Store(part, tmp_path / "other machine")
    files = other.path(result.digest)
    assert files is not None
    assert files.is_relative_to(tmp_path / "other machine")
    assert (files / "model" / "model.joblib").read_bytes() == b"model"


def test_many_files_and_large_ones_come_back(store: S3Store, make: Make) -> None:
    result, folder = make()
    contents = {f"model/{number}.bin": os.urandom(number * 1000) for number in range(40)}
    contents["model/large"] = os.urandom(PART + BLOCK + 1)
    items = []
    for path, data in contents.items():
        (folder / path).write_bytes(data)
        items.append(Artifact(name=path, path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest()))
    result = dataclasses.replace(result, artifacts=tuple(items))
    store.put(result, folder)
    files = store.path(result.digest)
    assert files is not None
    assert {path: (files / path).read_bytes() for path in contents} == contents


def test_several_files_are_on_their_way_at_once(troubled: S3Store, cloud: Cloud, make: Make) -> None:
    result, folder = make()
    paths = [f"model/{number}.bin" for number in range(24)]
    for path in paths:
        (folder / path).write_bytes(path.encode())
    items = [
        Artifact(name=path, path=path, size=len(path), sha256=hashlib.sha256(path.encode()).hexdigest())
        for path in paths
    ]
    result = dataclasses.replace(result, artifacts=tuple(items))
    # Nobody is answered before two have come: one after another would wait for ever.
    meeting = threading.Barrier(2, timeout=30)
    cloud.fault(lambda _: meeting.wait() and None, times=48, when=lambda one: "/files/" in one.path)
    assert troubled.put(result, folder) == result
    files = troubled.path(result.digest)
    assert files is not None
    assert {(files / path).read_bytes() for path in paths} == {path.encode() for path in paths}


# -- whole, or not at all ---------------------------------------------------------------------------------------------


def test_a_writer_that_dies_leaves_nothing_half_done(
    cloud: Cloud, bucket_name: str, troubled: S3Store, make: Make
) -> None:
    """Kill a writer at each of its requests: afterwards the result is there whole or not at all."""
    result, folder = make()
    program = """if True:
        import json, os, sys
        from pathlib import Path
        from alekseylearn.aws import connect_aws
        from alekseylearn.jobs import result_from_json
        from alekseylearn.s3 import Bucket
        from alekseylearn.stores.s3 import S3Store
        about = json.load(sys.stdin)
        client, left = connect_aws(about["environ"]).client("s3"), about["left"]
        def count(**_):
            global left
            left -= 1
            if left < 0:
                os._exit(9)
        client.meta.events.register("before-send.s3", count)
        bucket = Bucket(client, about["bucket"], about["prefix"])
        S3Store(bucket, Path(about["cache"])).put(result_from_json(about["result"]), Path(about["folder"]))
    """
    about = {"environ": cloud.environ, "bucket": bucket_name, "folder": str(folder), "result": result_to_json(result)}
    killed = -1
    for killed in range(20):
        prefix = f"try-{killed}"
        told = json.dumps({**about, "left": killed, "prefix": prefix, "cache": str(folder.parent / prefix)})
        done = subprocess.run(
            [sys.executable, "-c", program], input=told, text=True, check=False, cwd=Path(__file__).parents[1]
        )
        client = connect_aws(cloud.environ).client("s3")
        store = S3Store(Bucket(client, bucket_name, prefix), folder.parent / f"{prefix}-cache")
        assert store.get(result.digest) in (None, result)
        assert store.put(result, folder) == result
        files = store.path(result.digest)
        assert files is not None
        assert (files / "model" / "model.joblib").read_bytes() == b"model"
        if done.returncode == 0:
            break
        assert done.returncode == 9
    assert killed == 3


def test_the_files_of_whoever_came_second_do_not_harm_the_first(troubled: S3Store, cloud: Cloud, make: Make) -> None:
    """Two machines train the same at once, and get other weights: the second one's files come before the first's result."""
    first, folder = make()
    second, other = make(content=b"other weights", finished=2000.0)
    slow = threading.Event()

    def later(request: Request) -> Any:
        slow.wait(20)
        return refusal("ConditionalRequestConflict", "", 409)(request)

    told: list[TrainingResult] = []
    cloud.fault(later, when=writes_result)
    thread = threading.Thread(target=lambda: told.append(troubled.put(first, folder)))
    thread.start()
    while not cloud.asked("PUT", "/result.json"):
        slow.wait(0.005)
    assert troubled.put(second, other) == second
    slow.set()
    thread.join()
    assert told == [second]
    assert troubled.get(first.digest) == second
    files = troubled.path(first.digest)
    assert files is not None
    assert (files / "model" / "model.joblib").read_bytes() == b"other weights"


def test_a_result_is_not_written_before_all_its_files_are(troubled: S3Store, cloud: Cloud, make: Make) -> None:
    result, folder = make()
    cloud.fault(refusal("AccessDenied", "Access Denied", 403), when=lambda one: "/files/" in one.path)
    told = refused("s3.denied", lambda: troubled.put(result, folder))
    assert "s3:PutObject is not allowed" in told
    assert cloud.asked("PUT", "/result.json") == []
    assert troubled.get(result.digest) is None


def test_whoever_may_not_write_is_told(troubled: S3Store, cloud: Cloud, make: Make) -> None:
    result, folder = make()
    cloud.fault(refusal("AccessDenied", "Access Denied", 403), times=99, when=lambda one: one.method == "PUT")
    assert "s3:PutObject is not allowed" in refused("s3.denied", lambda: troubled.put(result, folder))
    assert troubled.put(dataclasses.replace(result, state=JobState.FAILED), folder).state is JobState.FAILED


def test_a_file_that_is_not_the_one_that_training_left_is_not_kept(store: S3Store, part: Bucket, make: Make) -> None:
    result, folder = make()
    (folder / "model" / "model.joblib").write_bytes(b"other")
    refused("archive.mismatch", lambda: store.put(result, folder))
    assert list(part.keys()) == []


# -- what somebody put there by hand ----------------------------------------------------------------------------------


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_result_counts_as_not_there(store: S3Store, part: Bucket, make: Make, data: st.DataObject) -> None:
    result, folder = make()
    store.put(result, folder)
    key = key_of(part, "/result.json")
    table = json.loads(part.get(key, 10**6) or b"")
    field = data.draw(st.sampled_from(sorted(set(table) - {"version"})))
    table[field] = data.draw(st.one_of(st.just([1]), st.just({"a": None}), st.just([["x"]]), st.just("\ud800x")))
    part.put(key, json.dumps(table).encode())
    found = store.get(result.digest)
    assert found is None or found.digest == result.digest
    store.put(result, folder)
    assert store.get(result.digest) is not None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b'{"version": 1}', b"[" * 1000])
def test_what_is_no_result_counts_as_not_there_and_is_replaced(
    store: S3Store, part: Bucket, make: Make, data: bytes
) -> None:
    result, folder = make()
    place = f"results/{result.digest[:2]}/{result.digest}/result.json"
    part.put(place, data)
    assert store.get(result.digest) is None
    assert store.find(result.run) is None
    assert store.list() == ()
    assert store.put(result, folder) == result
    assert store.get(result.digest) == result


def test_a_result_of_another_digest_or_that_failed_counts_as_not_there(
    store: S3Store, part: Bucket, make: Make
) -> None:
    result, _ = make()
    place = f"results/{result.digest[:2]}/{result.digest}/result.json"
    for other in (make("other")[0], dataclasses.replace(result, state=JobState.FAILED)):
        part.put(place, json.dumps(result_to_json(other)).encode())
        assert store.get(result.digest) is None
        assert store.path(result.digest) is None


def test_what_else_lies_there_is_passed_over(store: S3Store, part: Bucket, make: Make) -> None:
    result, folder = make()
    for key in ("results/x", "results/ab/result.json", "results/ab/no-digest/result.json", "other/result.json"):
        part.put(key, b"{}")
    store.put(result, folder)
    part.put(f"results/{result.digest[:2]}/{result.digest}/files/0/result.json", b"{}")
    assert store.list() == (result,)
    assert store.find(result.digest[:4]) == result


@pytest.mark.parametrize("data", [b"", b"mode", b"MODEL", b"model and more", b"m" * 10 * BLOCK])
def test_a_file_that_was_changed_is_not_brought(
    store: S3Store, part: Bucket, cache: Path, make: Make, data: bytes
) -> None:
    result, folder = make()
    store.put(result, folder)
    part.put(key_of(part, "/model.joblib"), data)
    told = refused("archive.mismatch", lambda: store.path(result.digest))
    assert "model.joblib" in told
    assert "s3://" in told
    assert [path for path in cache.rglob("*") if path.is_file() and path.name not in (".gitignore", ".lock")] == []


def test_a_file_that_is_gone_is_told(store: S3Store, part: Bucket, make: Make) -> None:
    result, folder = make()
    store.put(result, folder)
    part.remove(key_of(part, "/model.joblib"))
    refused("archive.mismatch", lambda: store.path(result.digest))


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "", "a\\b"])
def test_no_file_is_brought_out_of_its_folder(
    store: S3Store, part: Bucket, make: Make, tmp_path: Path, path: str
) -> None:
    result, folder = make()
    store.put(result, folder)
    bad = dataclasses.replace(result, artifacts=(dataclasses.replace(result.artifacts[0], path=path),))
    part.put(key_of(part, "/result.json"), json.dumps(result_to_json(bad)).encode())
    refused("path.unsafe", lambda: store.path(result.digest))
    assert not (tmp_path / "outside").exists()


def test_files_that_cannot_lie_together_are_told(store: S3Store, part: Bucket, make: Make) -> None:
    result, folder = make()
    store.put(result, folder)
    item = result.artifacts[0]
    below = dataclasses.replace(item, path=f"{item.path}/model.joblib")
    bad = dataclasses.replace(result, artifacts=(item, below, item))
    part.put(key_of(part, "/result.json"), json.dumps(result_to_json(bad)).encode())
    refused("store.failed", lambda: store.path(result.digest))


# -- the cache --------------------------------------------------------------------------------------------------------


def test_a_file_that_breaks_off_on_its_way_is_gone_on_with(troubled: S3Store, cloud: Cloud, make: Make) -> None:
    data = os.urandom(5 * BLOCK)
    result, folder = make(content=data)
    troubled.put(result, folder)
    cloud.fault(Cut(2 * BLOCK + 5), times=2, when=lambda one: one.method == "GET" and "/files/" in one.path)
    files = troubled.path(result.digest)
    assert files is not None
    assert (files / "model" / "model.joblib").read_bytes() == data
    assert len(cloud.asked("GET", "/files/")) == 3


@pytest.mark.parametrize(
    "damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"mod")], ids=["gone", "short"]
)
def test_a_cache_that_is_not_whole_is_filled_again(store: S3Store, make: Make, damage: Callable[[Path], Any]) -> None:
    result, folder = make()
    store.put(result, folder)
    files = store.path(result.digest)
    assert files is not None
    damage(files / "model" / "model.joblib")
    assert store.path(result.digest) == files
    assert (files / "model" / "model.joblib").read_bytes() == b"model"


def test_many_may_ask_for_the_same_files_at_once(store: S3Store, part: Bucket, cache: Path, make: Make) -> None:
    result, folder = make(content=os.urandom(3 * BLOCK))
    store.put(result, folder)
    told: list[bytes] = []

    def look() -> None:
        files = S3Store(part, cache).path(result.digest)
        assert files is not None
        told.append((files / "model" / "model.joblib").read_bytes())

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [hashlib.sha256(data).hexdigest() for data in told] == [result.artifacts[0].sha256] * 6
    assert [path.name for path in cache.iterdir() if path.name.startswith(".partial")] == []


def test_what_is_lent_is_gone_afterwards_unless_it_was_there(store: S3Store, cache: Path, make: Make) -> None:
    result, folder = make()
    with store.lend(result.digest) as lent:
        assert lent is None
    store.put(result, folder)
    with store.lend(result.digest) as lent:
        assert lent is not None
        assert lent[0] == result
        assert (lent[1] / "model" / "model.joblib").read_bytes() == b"model"
    assert not lent[1].exists()
    files = store.path(result.digest)
    with store.lend(result.digest) as lent:
        assert lent == (result, files)
    assert files is not None
    assert files.exists()


def test_what_a_killed_process_left_goes_and_what_another_needs_stays(part: Bucket, cache: Path, make: Make) -> None:
    result, folder = make()
    S3Store(part, cache).put(result, folder)
    with S3Store(part, cache).lend(result.digest) as lent:
        assert lent is not None
        (cache / ".partial-dead.scratch").mkdir()
        with S3Store(part, cache).lend(result.digest):
            assert lent[1].is_dir()
            assert not (cache / ".partial-dead.scratch").exists()


def test_a_disk_that_refuses_is_told(part: Bucket, make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result, folder = make()
    store = S3Store(part, tmp_path / "file" / "cache")
    store.put(result, folder)
    refused("store.failed", lambda: store.path(result.digest))


# -- a bucket that cannot be used -------------------------------------------------------------------------------------

ACTIONS: dict[str, Callable[[S3Store, TrainingResult, Path], Any]] = {
    "get": lambda store, result, _: store.get(result.digest),
    "find": lambda store, result, _: store.find(result.run),
    "put": lambda store, result, folder: store.put(result, folder),
    "path": lambda store, result, _: store.path(result.digest),
    "list": lambda store, *_: store.list(),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_a_bucket_that_is_not_there_is_told(quiet_s3: Any, cache: Path, make: Make, name: str) -> None:
    store = S3Store(Bucket(quiet_s3, "nobody-has-this-one"), cache)
    refused("s3.bucket", lambda: ACTIONS[name](store, *make()))


@pytest.mark.parametrize("name", ACTIONS)
def test_credentials_that_have_expired_are_told(
    cloud: Cloud, bucket_name: str, troubled: S3Store, make: Make, name: str
) -> None:
    cloud.expired.add("AKIATEST")
    refused("aws.credentials", lambda: ACTIONS[name](troubled, *make()))
