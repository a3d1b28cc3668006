"""`alekseylearn.log_metric` and `log_params` inside the job, where the package itself need not be installed."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from importlib.machinery import ModuleSpec
from typing import Any, Callable

from .base import LONGEST_NAME, Found, Written, scalar

NAME = "log_metric"


class Calls:
    """What the notebook logs: every call reaches *metric* and *params* at once, so that curves grow while it trains."""

    def __init__(self, metric: Callable[[Found], None], params: Callable[[Mapping[str, Any]], None]) -> None:
        self._metric = metric
        self._params = params

    def log_metric(self, name: object, value: object, step: int | None = None) -> None:
        """Log one number: *name*, *value* (int, float, or one-element array or tensor) and, for a curve, its *step*."""
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"log_metric: the name of a metric is a text, not {name!r}")
        for found in harvest({name: value}, Written()):
            self._metric((found[0], found[1], None if step is None else int(step)))
            return
        raise TypeError(f"log_metric: the value of {name!r} is one number, not {type(value).__name__}")

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Note the settings of this run, for the report."""
        self._params({str(key): value for key, value in dict(params).items()})

    def module(self) -> types.ModuleType:
        """Make the module that `import alekseylearn` gives inside the job."""
        module = types.ModuleType("alekseylearn", "alekseylearn inside a training job.")
        module.__spec__ = ModuleSpec("alekseylearn", None, is_package=True)
        module.__path__ = []
        exports: list[str] = ["log_metric", "log_params"]
        vars(module).update(log_metric=self.log_metric, log_params=self.log_params, __all__=exports)
        return module


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the numbers of *namespace* as they were logged."""
    for name, value in namespace.items():
        single = scalar(value)
        if single is not None:
            yield name.strip()[:LONGEST_NAME], single, None
