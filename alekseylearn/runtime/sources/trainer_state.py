"""The log of Hugging Face's `Trainer`: the object's own, and the files `trainer_state.json` and `all_results.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .base import LONGEST_NAME, NO_SCORE, Found, Written, scalar, text_of
from .folders import told_apart

NAME = "trainer_state"
FILES = ("trainer_state.json", "all_results.json")
LARGEST = 50_000_000
CHECKPOINT = re.compile(r"checkpoint-\d+\Z")

State = Mapping[str, Any]


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:
    """Yield what every trainer logged, by step; what is in memory has also what came after the last checkpoint."""
    seen: list[State] = []
    groups: dict[tuple[str, ...], list[Found]] = {}
    for variable, value in namespace.items():
        state = _state_of(value)
        if state is not None and state not in seen:
            seen.append(state)
            groups[variable,] = list(_logged(state))
    logged = [_text(state) for state in seen]
    states: dict[tuple[str, ...], State] = {}
    results: dict[tuple[str, ...], list[Found]] = {}
    for file, content in written.read(FILES, lambda path: json.loads(text_of(path, LARGEST))):
        if file.path.name == FILES[1]:
            results[file.folder] = list(_entries(content, None))
            continue
        folder = file.folder[:-1] if file.folder and CHECKPOINT.match(file.folder[-1]) else file.folder
        longer = len(content["log_history"]) > len(states[folder]["log_history"]) if folder in states else True
        # A checkpoint of a trainer that is still there has the beginning of what it logged.
        if longer and not any(log.startswith(_text(content)[:-1]) for log in logged):
            states[folder] = content
    for folder, state in states.items():
        groups[folder] = list(_logged(state))
    yield from told_apart(groups)
    yield from told_apart(results)


def _state_of(value: object) -> State | None:
    """Return the state of a trainer, known by its shape: a list `.state.log_history`, an int `.state.global_step`.

    Its own `__dict__` is asked, because an object that answers to every attribute is no trainer.
    """
    try:
        state = value.__dict__.get("state")
        inner = {} if state is None else state.__dict__
    except Exception:
        # Most values are no trainers, and some of them say so by raising.
        return None
    history = inner.get("log_history")
    trains = isinstance(history, list) and isinstance(inner.get("global_step"), int)
    return {"log_history": list(history)} if trains and history else None


def _text(state: State) -> str:
    return json.dumps(state["log_history"], sort_keys=True, default=str)


def _logged(state: State) -> Iterator[Found]:
    by_name: dict[str, list[Found]] = {}
    for entry in state["log_history"]:
        for found in _entries(entry, entry.get("step")):
            by_name.setdefault(found[0], []).append(found)
    for points in by_name.values():
        yield from points


def _entries(entry: Mapping[str, object], step: int | None) -> Iterator[Found]:
    for name, value in entry.items():
        number = None if NO_SCORE.match(name) else scalar(value)
        if number is not None:
            yield name[:LONGEST_NAME], number, step
