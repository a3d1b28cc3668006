"""Training histories, known by their shape: Keras' `History`, or a dict of lists of numbers named `history`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .base import LONGEST_NAME, Found, Written, scalar

NAME = "history"

Series = Mapping[str, list[float]]


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield every value of every history in *namespace*; a second history's series carry its variable's name."""
    taken: set[str] = set()
    seen: set[int] = set()
    for variable, value in namespace.items():
        found = series_of(variable, value)
        if found is None or id(value) in seen:
            continue
        seen.add(id(value))
        epochs, series = found
        for key, values in series.items():
            name = f"{variable}.{key}" if key in taken else key
            taken.add(name)
            yield from ((name[:LONGEST_NAME], entry, step) for step, entry in zip(epochs, values))  # noqa: B905 - Python 3.9


def series_of(variable: str, value: object) -> tuple[list[int], Series] | None:
    """Return the steps and the series of a history, or None where *value* is none.

    A `History` is an object with `.history` (dict of lists) and `.epoch` (list of ints), as Keras documents it. Its own
    `__dict__` is asked, because an object that answers to every attribute is no history.
    """
    if isinstance(value, dict):
        named = variable == "history" or variable.endswith("_history")
        series = _series(value) if named else None
        length = max(map(len, series.values()), default=0) if series else 0
        whole = series is not None and length > 0 and all(len(values) == length for values in series.values())
        return (list(range(length)), series) if series and whole else None
    attributes = _attributes(value)
    if not isinstance(attributes, dict) or not isinstance(attributes.get("history"), dict):
        return None
    epochs = attributes.get("epoch")
    series = _series(attributes["history"])
    if not series or not isinstance(epochs, list) or not all(isinstance(epoch, int) for epoch in epochs):
        return None
    return epochs, series


def _attributes(value: object) -> object:
    try:
        return getattr(value, "__dict__", None)
    except Exception:
        # A proxy without its object; no history in any case.
        return None


def _series(value: Mapping[object, object]) -> Series | None:
    series = {}
    for key, values in value.items():
        if not isinstance(key, str) or not isinstance(values, (list, tuple)):
            return None
        numbers = [scalar(entry) for entry in values]
        if any(entry is None for entry in numbers):
            return None
        series[key] = [entry for entry in numbers if entry is not None]
    return series
