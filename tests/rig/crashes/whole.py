"""What must be true of the files that a process leaves, wherever it was killed: each is whole, or is not there."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from alekseylearn.comment_state import decode
from alekseylearn.jobs import JobHandle, TrainingResult, result_from_json

_PASSING = re.compile(
    r"\.[0-9a-f]{16}\.tmp|\..*\.scratch|job-.*\.scratch|\.partial-.*|[0-9a-f]{12}\.new|\..*-[a-z0-9_]{8}"
)
"""Names of files and folders that are on their way somewhere: nobody reads them before they have another name."""


def torn(root: Path) -> list[str]:
    """Name the files below *root* that are neither whole nor on their way, each with what is wrong with it."""
    return [f"{path.relative_to(root)}: {wrong}" for path in _files(root) if (wrong := _wrong(path))]


def passing(root: Path) -> list[str]:
    """Name what is still on its way below *root*: once nobody is at work any more, there is nothing of the kind."""
    return [str(path.relative_to(root)) for path in sorted(root.rglob("*")) if _PASSING.fullmatch(path.name)]


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        return
    for path in sorted(root.iterdir()):
        if _PASSING.fullmatch(path.name):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _wrong(path: Path) -> str:
    check = _CHECKS.get(path.name) or _CHECKS.get(path.suffix)
    try:
        if check is not None:
            check(path)
    except FileNotFoundError:
        # Its job has ended meanwhile.
        return ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _result(path: Path) -> None:
    told = json.loads(path.read_bytes())
    if path.parent.name == "data":
        return
    result: TrainingResult = result_from_json(told)
    folder = path.parent / "files" if result.succeeded else path.parent
    for item in result.artifacts:
        if hashlib.sha256((folder / item.path).read_bytes()).hexdigest() != item.sha256:
            raise ValueError(f"{item.path} is another file")


def _job(path: Path) -> None:
    JobHandle.from_json(json.loads(path.read_bytes())["handle"])


def _lines(path: Path) -> None:
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    for line in whole.splitlines():
        json.loads(line)


def _comment(path: Path) -> None:
    if decode(path.read_text("utf-8")) is None:
        raise ValueError("its last line is gone")


def _page(path: Path) -> None:
    if not path.read_text("utf-8").rstrip().endswith("</html>"):
        raise ValueError("its end is gone")


def _json(path: Path) -> None:
    json.loads(path.read_bytes())


_CHECKS: dict[str, Callable[[Path], None]] = {
    "result.json": _result,
    "job.json": _job,
    "comment.md": _comment,
    ".html": _page,
    ".ipynb": _json,
    ".json": _json,
    ".jsonl": _lines,
}
