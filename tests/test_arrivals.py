"""Files on their way into a person's folder: whole and compared under their names, or not there."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from alekseylearn.arrivals import ASIDE, Item, settle_in
from alekseylearn.errors import AlekseylearnError, InputError, MachineError
from alekseylearn.transfers import Transfer

FILES = {"model.bin": random.Random(5).randbytes(300_000), "data/metrics.jsonl": b"{}\n", "empty": b""}


def item(name: str, content: bytes, asked: list[tuple[str, int]] | None = None, *, sent: bytes | None = None) -> Item:
    def opened(start: int) -> Generator[bytes, None, None]:
        if asked is not None:
            asked.append((name, start))
        data = content if sent is None else sent
        for at in range(start, len(data), 10_000):
            yield data[at : at + 10_000]

    return Item(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest(), open=opened)


def items(asked: list[tuple[str, int]] | None = None) -> list[Item]:
    return [item(name, content, asked) for name, content in FILES.items()]


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(slug: str, action: Callable[[], None]) -> str:
    with pytest.raises(AlekseylearnError) as caught:
        action()
    assert caught.value.slug == slug, str(caught.value)
    return str(caught.value)


def test_all_files_come_and_nothing_else_is_left(tmp_path: Path) -> None:
    told: list[Transfer] = []
    settle_in(tmp_path / "a" / "b", items(), told.append)
    assert tree(tmp_path / "a") == {f"b/{name}": content for name, content in FILES.items()}
    assert told[-1].done == told[-1].total
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []
    settle_in(tmp_path, items(asked))
    settle_in(tmp_path, items(asked))
    assert len(asked) == len(FILES)
    (tmp_path / "data" / "metrics.jsonl").unlink()
    settle_in(tmp_path, items(asked))
    assert asked[len(FILES) :] == [("data/metrics.jsonl", 0)]
    assert tree(tmp_path) == FILES


def test_nothing_at_all_is_a_folder(tmp_path: Path) -> None:
    settle_in(tmp_path / "new", [])
    assert tree(tmp_path / "new") == {}


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused("usage.folder", lambda: settle_in(tmp_path, items()))
    assert tree(tmp_path) == {"mine.txt": b"mine"}


@pytest.mark.parametrize("content", [b"another", FILES["model.bin"][:-1] + b"!"])
def test_another_file_of_the_same_name_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.bin").write_bytes(content)
    assert "another model.bin" in refused("usage.folder", lambda: settle_in(tmp_path, items()))
    assert tree(tmp_path) == {"model.bin": content}


def test_links_are_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "data").symlink_to(tmp_path / "elsewhere")
    refused("usage.folder", lambda: settle_in(tmp_path / "folder", items()))
    (tmp_path / "folder" / "data").unlink()
    (tmp_path / "folder" / ASIDE).symlink_to(tmp_path / "elsewhere")
    refused("usage.folder", lambda: settle_in(tmp_path / "folder", items()))
    (tmp_path / "folder" / ASIDE).unlink()
    (tmp_path / "folder" / "model.bin").symlink_to(tmp_path / "model.bin")
    (tmp_path / "model.bin").write_bytes(FILES["model.bin"])
    refused("usage.folder", lambda: settle_in(tmp_path / "folder", items()))
    assert tree(tmp_path / "elsewhere") == {}


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    refused("usage.folder", lambda: settle_in(tmp_path / "file", items()))
    refused("store.failed", lambda: settle_in(tmp_path / "file" / "below", items()))


@pytest.mark.parametrize("name", ["../a", "/a", "a//b", "", ".", f"{ASIDE}/a", "a\nb", "a\\b", "a/" * 50 + "b"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    refused("archive.unsafe", lambda: settle_in(tmp_path / "new", [item(name, b"1")]))
    assert list(tmp_path.iterdir()) == []


def test_one_name_for_two_files_is_refused(tmp_path: Path) -> None:
    refused("archive.unsafe", lambda: settle_in(tmp_path, [item("a", b"1"), item("a", b"2")]))
    refused("archive.unsafe", lambda: settle_in(tmp_path, [item("a", b"1"), item("a/b", b"2")]))


def test_a_hash_that_is_none_is_refused(tmp_path: Path) -> None:
    strange = Item(name="a", size=1, sha256="../../../up", open=lambda _: pytest.fail("asked"))
    refused("archive.unsafe", lambda: settle_in(tmp_path, [strange]))


@pytest.mark.parametrize("sent", [b"", b"shor", b"another", b"longer!"])
def test_a_file_that_is_not_what_it_must_be_brings_nothing(tmp_path: Path, sent: bytes) -> None:
    wrong = [*items(), item("model.txt", b"model", sent=sent)]
    refused("archive.mismatch", lambda: settle_in(tmp_path / "new", wrong))
    assert list(tmp_path.iterdir()) == []


def test_what_came_before_a_failure_is_gone_on_from(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []

    def breaks(start: int) -> Generator[bytes, None, None]:
        yield FILES["model.bin"][:100_000]
        raise MachineError("s3.unreachable", "gone")

    whole = items(asked)
    broken = [whole[1], Item(name="model.bin", size=whole[0].size, sha256=whole[0].sha256, open=breaks)]
    refused("s3.unreachable", lambda: settle_in(tmp_path, broken))
    assert {path.name for path in tmp_path.iterdir()} == {ASIDE}
    settle_in(tmp_path, whole)
    assert sorted(asked) == [("data/metrics.jsonl", 0), ("empty", 0), ("model.bin", 100_000)]
    assert tree(tmp_path) == FILES


def test_what_was_left_and_damaged_is_brought_again(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []
    whole = item("model.bin", FILES["model.bin"], asked)
    half = Item(name="model.bin", size=whole.size, sha256=whole.sha256, open=lambda _: _stop())
    refused("s3.unreachable", lambda: settle_in(tmp_path, [half]))
    (part,) = (tmp_path / ASIDE).iterdir()
    part.write_bytes(b"damaged" * 1000)
    settle_in(tmp_path, [whole])
    assert asked == [("model.bin", 7000), ("model.bin", 0)]
    assert tree(tmp_path) == {"model.bin": FILES["model.bin"]}


def _stop() -> Generator[bytes, None, None]:
    yield b""
    raise MachineError("s3.unreachable", "gone")


def test_two_files_with_the_same_content_are_two_files(tmp_path: Path) -> None:
    settle_in(tmp_path, [item("a", b"same"), item("b", b"same")])
    assert tree(tmp_path) == {"a": b"same", "b": b"same"}


def test_many_at_once_bring_it_once(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []
    threads = [threading.Thread(target=settle_in, args=(tmp_path / "new", items(asked))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tree(tmp_path / "new") == FILES
    assert len(asked) == len(FILES)


CHILD = """
import sys
from pathlib import Path
from tests.test_arrivals import item, FILES
from alekseylearn.arrivals import Item, settle_in

steps = 0

def step():
    global steps
    steps += 1
    print(steps, flush=True)
    sys.stdin.readline()

def slow(whole):
    def opened(start):
        for chunk in whole.open(start):
            yield chunk
            step()
    return Item(name=whole.name, size=whole.size, sha256=whole.sha256, open=opened)

original = Path.replace
def replace(self, target):
    step()
    return original(self, target)
Path.replace = replace
settle_in(Path(sys.argv[1]), [slow(item(name, content)) for name, content in FILES.items()])
"""


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("after", [1, 2, 15, 30, 31, 32, 33, 34])
def test_a_process_that_is_killed_leaves_no_half_file_and_the_next_one_goes_on(
    tmp_path: Path, after: int, kill: signal.Signals
) -> None:
    target = tmp_path / "home"
    command = [sys.executable, "-c", CHILD, str(target)]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == after:
                child.send_signal(kill)
                break
            child.stdin.write("\n")
            child.stdin.flush()
        child.wait(60)
        child.stdin.close()
    assert child.returncode != 0
    there = {name: content for name, content in tree(target).items() if not name.startswith(f"{ASIDE}/")}
    assert there.items() <= FILES.items()
    asked: list[tuple[str, int]] = []
    settle_in(target, items(asked))
    assert tree(target) == FILES
    assert after < 31 or "model.bin" not in dict(asked)


def test_an_error_of_the_source_is_the_callers(tmp_path: Path) -> None:
    def corrupt(_: int) -> Generator[bytes, None, None]:
        raise InputError("archive.corrupt", "damaged")
        yield b""

    refused(
        "archive.corrupt", lambda: settle_in(tmp_path / "a", [Item(name="a", size=1, sha256="0" * 64, open=corrupt)])
    )
    assert list(tmp_path.iterdir()) == []
