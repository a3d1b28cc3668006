"""One large file over HTTP: it comes whole, however often the connection breaks, and nothing else comes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from alekseylearn.downloads import TRIES, Downloader, Wanted
from alekseylearn.errors import InputError, LimitError, MachineError
from alekseylearn.transfers import Transfer
from tests.fakes.github.faults import BlobFault
from tests.fakes.github.server import FakeGitHub
from tests.fakes.github.state import Artifact

pytest_plugins = ["tests.fakes.github.fixture"]

CONTENT = random.Random(4).randbytes(1_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def artifact(github: FakeGitHub) -> Artifact:
    repository = github.add_repository()
    return repository.add_artifact("alekseylearn-train-1", CONTENT, run=repository.add_run())


@pytest.fixture
def wanted(github: FakeGitHub, artifact: Artifact) -> Wanted:
    return Wanted(name="it", address=lambda: github.address_of(artifact), size=len(CONTENT), sha256=SHA256)


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def fetch(wanted: Wanted, tmp_path: Path, waits: list[float]) -> Callable[[], bytes]:
    loader = Downloader(sleep=waits.append)
    return lambda: loader.fetch(wanted, tmp_path / "cache" / "it.zip").read_bytes()


def test_it_comes_once(github: FakeGitHub, fetch: Callable[[], bytes], tmp_path: Path) -> None:
    assert fetch() == fetch() == CONTENT
    assert github.downloads == [""]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [".gitignore", "it.zip", "it.zip.lock"]


def test_it_is_told_how_far_it_has_come(wanted: Wanted, tmp_path: Path) -> None:
    told: list[Transfer] = []
    Downloader().fetch(wanted, tmp_path / "it.zip", told.append)
    assert told[-1] == Transfer(name="it", done=len(CONTENT), total=len(CONTENT))
    assert [one.done for one in told] == sorted(one.done for one in told)


def test_a_connection_that_breaks_is_gone_on_from(
    github: FakeGitHub, fetch: Callable[[], bytes], waits: list[float]
) -> None:
    github.blob_faults += [BlobFault(cut=cut) for cut in (300_000, 0, 400_000)]
    assert fetch() == CONTENT
    assert github.downloads[0] == ""
    assert all(asked.startswith("bytes=") for asked in github.downloads[1:])
    assert len(waits) == 3


def test_what_a_killed_process_has_left_is_gone_on_from(
    github: FakeGitHub, fetch: Callable[[], bytes], tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "it.zip.part").write_bytes(CONTENT[:700_000])
    assert fetch() == CONTENT
    assert github.downloads == ["bytes=700000-"]


@pytest.mark.parametrize("left", [b"x" * 700_000, b"x" * len(CONTENT), CONTENT + b"more"])
def test_what_was_left_of_another_file_is_thrown_away(fetch: Callable[[], bytes], tmp_path: Path, left: bytes) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "it.zip.part").write_bytes(left)
    assert fetch() == CONTENT


def test_a_store_without_ranges_begins_again(github: FakeGitHub, fetch: Callable[[], bytes]) -> None:
    github.blob_faults += [BlobFault(cut=500_000), BlobFault(whole=True)]
    assert fetch() == CONTENT


def test_an_address_that_has_expired_is_asked_for_again(github: FakeGitHub, fetch: Callable[[], bytes]) -> None:
    github.blob_faults += [BlobFault(cut=500_000), BlobFault(status=403), BlobFault(status=503)]
    assert fetch() == CONTENT


def test_a_store_that_never_answers_ends_in_an_error_and_what_came_is_kept(
    github: FakeGitHub, fetch: Callable[[], bytes], tmp_path: Path
) -> None:
    github.blob_faults += [BlobFault(cut=600_000), *[BlobFault(status=500)] * TRIES]
    with pytest.raises(MachineError, match="it answers 500") as caught:
        fetch()
    assert caught.value.slug == "fetch.unreachable"
    kept = (tmp_path / "cache" / "it.zip.part").stat().st_size
    assert 0 < kept <= 600_000
    assert not (tmp_path / "cache" / "it.zip").exists()
    github.blob_faults.clear()
    assert fetch() == CONTENT
    assert github.downloads[-1] == f"bytes={kept}-"


@pytest.mark.parametrize("body", [CONTENT[:-1] + b"!", b"!" * len(CONTENT)])
def test_another_file_is_refused(github: FakeGitHub, fetch: Callable[[], bytes], tmp_path: Path, body: bytes) -> None:
    github.blob_faults += [BlobFault(body=body)] * 2
    with pytest.raises(InputError) as caught:
        fetch()
    assert caught.value.slug == "archive.mismatch"
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [".gitignore", "it.zip.lock"]


def test_more_than_was_promised_is_not_written(github: FakeGitHub, fetch: Callable[[], bytes], tmp_path: Path) -> None:
    github.blob_faults += [BlobFault(body=CONTENT * 3)] * (TRIES + 1)
    with pytest.raises((InputError, MachineError)):
        fetch()
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) <= len(CONTENT) + 100


def test_a_file_that_has_no_room_is_not_asked_for(github: FakeGitHub, tmp_path: Path) -> None:
    wanted = Wanted(name="it", address=lambda: pytest.fail("asked"), size=10**15)
    with pytest.raises(LimitError) as caught:
        Downloader().fetch(wanted, tmp_path / "it.zip")
    assert caught.value.slug == "archive.limit"


@pytest.mark.parametrize("address", ["http://example.org/it", "file:///etc/passwd", "ftp://127.0.0.1/it"])
def test_only_https_leaves_this_machine(tmp_path: Path, address: str) -> None:
    with pytest.raises(MachineError, match="not https"):
        Downloader().fetch(Wanted(name="it", address=lambda: address, size=1), tmp_path / "it.zip")


def test_a_folder_that_nobody_may_write_is_told(wanted: Wanted, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MachineError) as caught:
        Downloader().fetch(wanted, tmp_path / "file" / "it.zip")
    assert caught.value.slug == "store.failed"


def test_no_password_of_the_machine_is_sent(github: FakeGitHub, fetch: Callable[[], bytes], home: Path) -> None:
    # The stand-in notes an Authorization header at its store as a violation.
    (home / ".netrc").write_text("machine localhost login mona password secret\n")
    (home / ".netrc").chmod(0o600)
    assert fetch() == CONTENT
