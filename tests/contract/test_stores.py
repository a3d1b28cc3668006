"""The promises that every store of results keeps."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alekseylearn.errors import InputError, MachineError, UsageError
from alekseylearn.jobs import Artifact, CellRun, Failure, JobState, TrainingResult
from alekseylearn.metrics import Metric
from alekseylearn.s3 import Bucket
from alekseylearn.stores.base import Store
from alekseylearn.stores.folder import FolderStore
from alekseylearn.stores.layered import LayeredStore
from alekseylearn.stores.s3 import S3Store
from tests.rig.crashes.dying import die_at

KINDS = ("folder", "s3", "layered")
Kind = Literal["folder", "s3", "layered"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def part(quiet_s3: Any) -> Bucket:
    """Give a part of a bucket that nobody else uses."""
    name = f"results-{secrets.token_hex(6)}"
    quiet_s3.create_bucket(Bucket=name)
    return Bucket(quiet_s3, name, "alekseylearn")


@pytest.fixture
def store(kind: Kind, tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    near = FolderStore(tmp_path / "home" / "results")
    if kind == "folder":
        return near
    far = S3Store(request.getfixturevalue("part"), tmp_path / "home" / "shared")
    return far if kind == "s3" else LayeredStore(near, far, lambda error: pytest.fail(str(error)))


@pytest.fixture
def keeps_failures(kind: Kind) -> bool:
    """Tell whether results that did not succeed are kept: what others see are results alone."""
    return kind != "s3"


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., tuple[TrainingResult, Path]]:
    """Make a result of *what* was trained, with one model file of *content*, and the folder it lies in."""

    def made(what: str = "digits", content: bytes = b"model", **fields: object) -> tuple[TrainingResult, Path]:
        digest = hashlib.sha256(what.encode()).hexdigest()
        folder = tmp_path / f"collected-{what}-{hashlib.sha256(content).hexdigest()[:6]}"
        (folder / "model").mkdir(parents=True, exist_ok=True)
        (folder / "model" / "model.joblib").write_bytes(content)
        (folder / "secret.txt").write_text("no artifact")
        artifact = Artifact(
            name="model.joblib",
            path="model/model.joblib",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        result = TrainingResult(
            run=digest[:12],
            digest=digest,
            state=JobState.SUCCEEDED,
            backend="process",
            metrics=(
                Metric(name="accuracy", value=0.93, source="last_expression", cell=4, series=((1, 0.5), (2, 0.93))),
            ),
            artifacts=(artifact,),
            cells=(CellRun(cell=4, state="done", seconds=1.5),),
            finished=1000.0,
        )
        return dataclasses.replace(result, **fields), folder  # type: ignore[arg-type]

    return made


Make = Callable[..., tuple[TrainingResult, Path]]


def test_a_result_comes_back_as_it_was_put(store: Store, make: Make) -> None:
    result, folder = make()
    assert store.get(result.digest) is None
    assert store.path(result.digest) is None
    assert store.put(result, folder) == result
    assert store.get(result.digest) == result
    files = store.path(result.digest)
    assert files is not None
    assert (files / "model" / "model.joblib").read_bytes() == b"model"
    assert [path.name for path in files.iterdir()] == ["model"]


def test_the_folder_it_came_from_is_not_needed_any_more(store: Store, make: Make) -> None:
    result, folder = make()
    store.put(result, folder)
    (folder / "model" / "model.joblib").write_bytes(b"other")
    files = store.path(result.digest)
    assert files is not None
    assert (files / "model" / "model.joblib").read_bytes() == b"model"


def test_the_first_success_stays(store: Store, make: Make) -> None:
    first, folder = make()
    second, other = make(content=b"another model", finished=2000.0)
    failed, _ = make(state=JobState.FAILED)
    store.put(first, folder)
    assert store.put(second, other) == first
    assert store.put(failed, folder) == first
    assert store.get(first.digest) == first


def test_a_failure_is_kept_until_a_success_comes(store: Store, make: Make, keeps_failures: bool) -> None:
    failure = Failure(exception="ValueError", message="bad", cell=4, line=2)
    failed, folder = make(state=JobState.FAILED, failure=failure)
    assert store.put(failed, folder) == failed
    assert store.get(failed.digest) is None
    assert store.find(failed.run) == (failed if keeps_failures else None)
    assert store.list() == ((failed,) if keeps_failures else ())
    good, _ = make()
    assert store.put(good, folder) == good
    assert store.get(good.digest) == good
    assert store.list() == (good,)


def test_a_result_that_was_trained_again_on_purpose_replaces_the_first(store: Store, make: Make) -> None:
    first, folder = make()
    second, other = make(content=b"another model", finished=2000.0)
    store.put(first, folder)
    assert store.path(first.digest) is not None
    assert store.put(second, other, anew=True) == second
    assert store.get(first.digest) == second
    assert store.list() == (second,)
    files = store.path(first.digest)
    assert files is not None
    assert (files / "model" / "model.joblib").read_bytes() == b"another model"


def test_files_may_have_any_name_and_the_same_content(store: Store, make: Make) -> None:
    result, folder = make()
    paths = ("model/a", "model/sub/a", "model/\u00fc \u4f60 %41+&?#.bin", "model/result.json", "output/data/empty")
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"" if "empty" in path else b"same")
    items = [
        Artifact(name=path, path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for path in paths
        for data in [(folder / path).read_bytes()]
    ]
    result = dataclasses.replace(result, artifacts=tuple(items))
    store.put(result, folder)
    files = store.path(result.digest)
    assert files is not None
    assert {path: (files / path).read_bytes() for path in paths} == {
        path: (folder / path).read_bytes() for path in paths
    }
    assert store.list() == (result,)


def test_a_result_without_files_has_a_folder_all_the_same(store: Store, make: Make) -> None:
    result, folder = make()
    result = dataclasses.replace(result, artifacts=())
    store.put(result, folder)
    files = store.path(result.digest)
    assert files is not None
    assert list(files.iterdir()) == []


def test_a_file_is_read_from_any_byte_on(store: Store, make: Make) -> None:
    content = os.urandom(2_500_000)
    result, folder = make(content=content)
    store.put(result, folder)
    (item,) = result.artifacts
    for start in (0, 1, 1_048_576, 2_499_999):
        assert b"".join(store.chunks(result, item, start)) == content[start:]
    assert store.path(result.digest) is not None
    assert b"".join(store.chunks(result, item, 7)) == content[7:]


def test_a_file_that_is_gone_is_told(store: Store, make: Make) -> None:
    result, folder = make()
    store.put(result, folder)
    other = dataclasses.replace(result.artifacts[0], path="model/other", sha256="0" * 64)
    with pytest.raises(InputError, match=r"archive\.mismatch"):
        list(store.chunks(result, other))


def test_what_is_near_is_told_without_bringing_it(store: Store, make: Make, kind: Kind) -> None:
    result, folder = make()
    assert store.near(result.digest) is None
    store.put(result, folder)
    assert (store.near(result.digest) is None) == (kind == "s3")
    assert store.path(result.digest) == store.near(result.digest)


def test_runs_are_found_by_the_beginning_of_their_digest(store: Store, make: Make) -> None:
    made = [make(what) for what in ("digits", "cancer", "diabetes")]
    for result, folder in made:
        store.put(result, folder)
    for result, _ in made:
        assert store.find(result.run) == result
        assert store.find(result.digest[:4]) == result
        assert store.find(result.digest) == result
    assert store.find("0000") is None


@pytest.mark.parametrize("run", ["", "abc", "ABCD", "../..", "abcd*", "x" * 12, "a" * 65])
def test_what_is_no_run_is_refused(store: Store, run: str) -> None:
    with pytest.raises(UsageError, match=r"run\.unknown"):
        store.find(run)


def test_a_beginning_that_fits_several_runs_is_refused(store: Store, make: Make) -> None:
    names = iter(f"run-{number}" for number in range(1_000_000))
    seen: dict[str, str] = {}
    while True:
        what = next(names)
        beginning = hashlib.sha256(what.encode()).hexdigest()[:4]
        if beginning in seen:
            break
        seen[beginning] = what
    for one in (what, seen[beginning]):
        store.put(*make(one))
    with pytest.raises(InputError, match=r"run\.ambiguous"):
        store.find(beginning)


def test_results_are_listed_newest_first(store: Store, make: Make) -> None:
    for what, finished in (("a", 10.0), ("b", 30.0), ("c", 20.0)):
        store.put(*make(what, finished=finished))
    assert [result.finished for result in store.list()] == [30.0, 20.0, 10.0]


def test_nothing_is_listed_where_nothing_is(store: Store) -> None:
    assert store.list() == ()
    assert store.find("abcd") is None
    assert store.path("a" * 64) is None


def test_what_is_no_digest_is_refused(store: Store) -> None:
    for asked in ("", "abc", "../" * 20, "A" * 64):
        with pytest.raises(UsageError, match=r"run\.unknown"):
            store.get(asked)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "model/link", "", "a\\b"])
def test_an_artifact_outside_its_folder_is_never_stored(store: Store, make: Make, path: str) -> None:
    result, folder = make()
    (folder.parent / "outside").write_text("secret")
    (folder / "model" / "link").symlink_to("/etc/passwd")
    bad = dataclasses.replace(result, artifacts=(Artifact(name="x", path=path, size=1, sha256=""),))
    with pytest.raises((InputError, MachineError)):
        store.put(bad, folder)
    assert store.find(result.digest) is None
    assert store.list() == ()


def test_many_may_put_the_same_result_at_once(store: Store, make: Make) -> None:
    made = [make(content=bytes([number]) * 1000, finished=float(number)) for number in range(8)]
    told: list[TrainingResult] = []
    threads = [threading.Thread(target=lambda one=one: told.append(store.put(*one))) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = store.get(made[0][0].digest)
    assert stored is not None
    assert all(result == stored for result in told)


def test_a_store_never_gets_into_git(store: Store, make: Make, tmp_path: Path) -> None:
    store.put(*make())
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    told = subprocess.run(
        ["git", "-C", tmp_path, "status", "--porcelain", "-uall", "home"], capture_output=True, text=True, check=True
    )
    assert told.stdout == ""


# -- in a folder ------------------------------------------------------------------------------------------------------

in_a_folder = pytest.mark.parametrize("kind", ["folder"], indirect=True)


@in_a_folder
def test_a_result_whose_files_are_not_whole_counts_as_not_there(store: Store, make: Make) -> None:
    result, folder = make()
    store.put(result, folder)
    files = store.path(result.digest)
    assert files is not None
    (files / "model" / "model.joblib").write_bytes(b"mod")
    assert store.get(result.digest) is None
    store.put(result, folder)
    assert store.get(result.digest) == result
    (files / "model" / "model.joblib").unlink()
    assert store.get(result.digest) is None
    assert store.list() == ()


@in_a_folder
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_result_counts_as_not_there(store: Store, make: Make, data: st.DataObject) -> None:
    result, folder = make()
    store.put(result, folder)
    files = store.path(result.digest)
    assert files is not None
    file = files.parent / "result.json"
    table = json.loads(file.read_bytes())
    key = data.draw(st.sampled_from(sorted(set(table) - {"version"})))
    table[key] = data.draw(st.one_of(st.just([1]), st.just({"a": None}), st.just([["x"]]), st.just("\ud800x")))
    file.write_text(json.dumps(table))
    found = store.get(result.digest)
    assert found is None or found.digest == result.digest
    store.put(result, folder)
    assert store.get(result.digest) is not None


def test_a_writer_that_dies_leaves_nothing_half_done(make: Make, tmp_path: Path) -> None:
    """Kill a writer at each call that changes the disk: afterwards the result is there whole or not at all."""
    result, folder = make()
    killed = -1
    for killed in range(100):
        root = tmp_path / f"store-{killed}"
        code = put_until(killed, root, result, folder)
        store = FolderStore(root)
        found = store.get(result.digest)
        assert found in (None, result)
        assert store.put(result, folder) == result
        assert store.get(result.digest) == result
        if code == 0:
            break
        assert code == 9
    assert killed > 8


def put_until(left: int, root: Path, result: TrainingResult, folder: Path) -> int:
    """Keep *result* in a child that ends with 9 before it changes the disk more than *left* times; returns its code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir"):
            left -= 1
            if left < 0:
                os._exit(9)

    try:
        sys.addaudithook(count)
        FolderStore(root).put(result, folder)
    finally:
        os._exit(0)


def test_a_new_result_takes_the_place_of_an_old_one_whole_wherever_the_writer_is_killed(
    make: Make, tmp_path: Path
) -> None:
    result, folder = make()
    newer = dataclasses.replace(result, finished=result.finished + 1)
    for landmark in ("store.copied", "store.aside", "store.placed"):
        root = tmp_path / landmark
        FolderStore(root).put(result, folder)
        die_at(landmark, lambda root=root: FolderStore(root).put(newer, folder, anew=True))
        found = FolderStore(root).get(result.digest)
        assert found == (newer if landmark == "store.placed" else result)
        assert FolderStore(root).list() == (found,)
        assert FolderStore(root).find(result.digest[:12]) == found
        assert (FolderStore(root).path(result.digest) or root).joinpath(result.artifacts[0].path).is_file()
        assert FolderStore(root).put(newer, folder, anew=True) == newer
        assert {path.name for path in root.iterdir()} == {".gitignore", ".lock", result.digest[:2]}


def test_what_a_writer_left_that_was_killed_goes_with_the_next_one(make: Make, tmp_path: Path) -> None:
    root = tmp_path / "store"
    for name in (".partial-old.scratch", ".before-nothing of ours"):
        (root / name / "files").mkdir(parents=True)
    FolderStore(root).put(*make("one"))
    assert not (root / ".partial-old.scratch").exists()
    assert (root / ".before-nothing of ours").exists()


def test_a_disk_that_refuses_is_told_and_harms_nothing(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result, folder = make()
    with pytest.raises(MachineError, match=r"store\.failed"):
        FolderStore(tmp_path / "file" / "results").put(result, folder)
