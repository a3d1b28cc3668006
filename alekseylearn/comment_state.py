"""What the sticky comment remembers between runs: a marker as its first line, the earlier runs in its last one."""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from dataclasses import dataclass, replace
from typing import Any

from alekseylearn.errors import InputError
from alekseylearn.strict import Limits, load_json
from alekseylearn.text import clean

RUNNING = "⏳"
"""The sign of a heading that tells of a training under way."""
MAX_RUNS = 20
"""As many earlier runs are remembered."""
MAX_BEGUN = 120
"""As many runs that nobody waits for are remembered: both sides of three notebooks with twenty seeds each."""
MAX_ENCODED = 12_000
"""Longest state, in base64 characters; a longer one is not looked at."""
MAX_JSON = 40_000
"""Longest state, in bytes, after it was unpacked."""
_ROOM = 6_000
"""Longest state that is written, so that the rest of the comment keeps its room."""
_MAX_WORDS = 80
_MAX_INTEGER = 2**53
_SHA = re.compile(r"[0-9a-f]{0,40}\Z")
_RUN = re.compile(r"[0-9a-f]{12}\Z")
_MARKER = re.compile(r"^[ \t>*-]*<!-- alekseylearn pr=\w+ -->", re.MULTILINE)
_LINE = re.compile(r"<!-- alekseylearn-state v1 ([A-Za-z0-9+/]+={0,2}) -->")
_LIMITS = Limits(family="state", max_bytes=MAX_JSON, max_depth=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One run on the pull request, as the comment remembers it; *change* is head minus base."""

    sha: str
    when: str
    metric: str
    value: float | None
    change: float | None
    seconds: float
    result: str
    cost: float | None = None
    notebook: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentState:
    """What the comment's last line holds; *order* is (run number, attempt), *history* has the newest run first.

    *begun* are the ids of runs that were started for this comment and that nobody waits for; as long as there are any,
    whoever collects them finishes the comment.
    """

    order: tuple[int, int]
    head: str
    history: tuple[PastRun, ...] = ()
    begun: tuple[str, ...] = ()


def marker(pull: int | None) -> str:
    """Return the first line of our comment on the pull request *pull*."""
    return f"<!-- alekseylearn pr={'none' if pull is None else pull} -->"


def is_ours(body: str, pull: int | None) -> bool:
    """Tell whether the whole first line of *body* is the marker of *pull*; who wrote it is for the forge to check."""
    return body.split("\n", 1)[0].removesuffix("\r") == marker(pull)


def bears_marker(body: str) -> bool:
    """Tell whether a line of *body* looks like the marker of any pull request, quoted or not."""
    return _MARKER.search(body) is not None


def is_running(body: str) -> bool:
    """Tell whether *body*, a comment of ours, says that something still trains: so its heading begins."""
    return body.partition("\n")[2].startswith(f"### {RUNNING} ")


def with_run(state: CommentState, past_run: PastRun) -> CommentState:
    """Put *past_run* in front; an equal ending of the same notebook at the same commit is replaced, not repeated."""

    def key(run: PastRun) -> tuple[str, str, str]:
        return run.sha, run.notebook, run.result

    rest = [run for run in state.history if key(run) != key(past_run)]
    return replace(state, history=(past_run, *rest)[:MAX_RUNS])


def encode(state: CommentState) -> str:
    """Write *state* as one line that nobody sees.

    Long words are cut, undefined numbers become none, and the oldest runs go when there is no room for them.
    """
    history = state.history[:MAX_RUNS]
    while len(line := _line(replace(state, history=history))) > _ROOM:
        history = history[:-1]
    return line


def decode(body: str) -> CommentState | None:
    """Read the state in the last line of *body*; None when there is none or it is broken in any way.

    A comment is text that others may have written, so nothing of it is believed before it is checked.
    """
    match = _LINE.fullmatch(body[-MAX_ENCODED - 100 :].rstrip().rpartition("\n")[2].strip())
    if match is None or len(match[1]) > MAX_ENCODED:
        return None
    try:
        return _read(load_json(_unpack(match[1]), "the comment", _LIMITS))
    except (InputError, ValueError, zlib.error):
        return None


def _line(state: CommentState) -> str:
    data = [list(state.order), _hex(state.head), [_pack(run) for run in state.history]]
    # A state without such runs stays what earlier versions read.
    begun = [run for run in state.begun if _RUN.match(run)][:MAX_BEGUN]
    data += [begun] if begun else []
    packed = zlib.compress(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode(), 9)
    return f"<!-- alekseylearn-state v1 {base64.b64encode(packed).decode()} -->"


def _unpack(text: str) -> bytes:
    unpacking = zlib.decompressobj()
    # The length is bounded while unpacking: 9 kB can hold 9 MB.
    data = unpacking.decompress(base64.b64decode(text, validate=True), MAX_JSON + 1)
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError("the packed state is too long, cut off or followed by something")
    return data


def _pack(run: PastRun) -> list[object]:
    words = [clean(word, _MAX_WORDS) for word in (run.when, run.metric, run.result, run.notebook)]
    numbers = [_finite(value) for value in (run.value, run.change, run.seconds, run.cost)]
    return [_hex(run.sha), *words, *numbers]


def _hex(text: str) -> str:
    return text if _SHA.match(text) else ""


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _read(data: Any) -> CommentState:
    order, head, runs, *begun = _items(data, 3, 4)
    number, attempt = (_integer(item) for item in _items(order, 2))
    if not isinstance(runs, list) or len(runs) > MAX_RUNS:
        raise ValueError("not a list of runs")
    return CommentState(
        order=(number, attempt),
        head=_sha(head),
        history=tuple(_run(item) for item in runs),
        begun=tuple(name for item in begun for name in _names(item)),
    )


def _names(data: Any) -> list[str]:
    if not isinstance(data, list) or len(data) > MAX_BEGUN:
        raise ValueError("not a list of run ids")
    if not all(isinstance(name, str) and _RUN.match(name) for name in data):
        raise ValueError("not a run id")
    return data


def _run(data: Any) -> PastRun:
    sha, when, metric, result, notebook, value, change, seconds, cost = _items(data, 9)
    return PastRun(
        sha=_sha(sha),
        when=_words(when),
        metric=_words(metric),
        value=_number(value),
        change=_number(change),
        seconds=_number(seconds) or 0.0,
        result=_words(result),
        cost=_number(cost),
        notebook=_words(notebook),
    )


def _items(data: Any, *counts: int) -> list[Any]:
    if not isinstance(data, list) or len(data) not in counts:
        raise ValueError(f"not a list of {counts[0]}")
    return data


def _integer(data: Any) -> int:
    if type(data) is not int or not 0 <= data <= _MAX_INTEGER:
        raise ValueError("not a count")
    return data


def _sha(data: Any) -> str:
    if not isinstance(data, str) or not _SHA.match(data):
        raise ValueError("not a sha")
    return data


def _words(data: Any) -> str:
    if not isinstance(data, str) or clean(data, _MAX_WORDS) != data:
        raise ValueError("not a line of words")
    return data


def _number(data: Any) -> float | None:
    if data is None:
        return None
    if type(data) not in (int, float) or not math.isfinite(data):
        raise ValueError("not a number")
    return float(data)
