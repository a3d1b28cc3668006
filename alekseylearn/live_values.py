"""What a notebook logs outside a job: checked as in a job, kept in memory, and shown to nobody."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from alekseylearn.runtime.sources.log_metric import Calls

KEPT = 10_000
"""Values of one metric that are kept, the newest ones."""


def logged() -> dict[str, list[tuple[int | None, float]]]:
    """Return what was logged in this process so far: (step, value) by metric."""
    return {name: list(values) for name, values in _METRICS.items()}


def noted() -> dict[str, Any]:
    """Return the settings that were noted in this process so far."""
    return dict(_PARAMS)


def _metric(found: tuple[str, float, int | None]) -> None:
    name, value, step = found
    _METRICS.setdefault(name, deque(maxlen=KEPT)).append((step, value))


def _params(params: Mapping[str, Any]) -> None:
    _PARAMS.update(params)


_METRICS: dict[str, deque[tuple[int | None, float]]] = {}
_PARAMS: dict[str, Any] = {}
CALLS = Calls(_metric, _params)
"""What `alekseylearn.log_metric` and `log_params` do outside a job."""
