"""A hash of what a value holds, the same in every process; runs inside the notebook's environment, by itself."""

from __future__ import annotations

import functools
import hashlib
import io
import math
import re
import sys
import time
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from benchmarks.extraction.held import (
    UNSAID,
    is_clock,
    is_of,
    of_code,
    of_numpy,
    of_other_library,
    of_pandas,
    of_scipy,
    of_torch,
)

VERSION = 2
"""Part of the key of every remembered run: raise it when a hash changes its meaning."""

_SHOWN = ("matplotlib", "mpl_toolkits", "seaborn", "plotly", "IPython", "altair", "bokeh", "ipywidgets", "tqdm",
          "fastprogress", "rich")  # fmt: skip
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_OPAQUE = (types.ModuleType, io.IOBase, types.FrameType, types.TracebackType, *weakref.ProxyTypes, weakref.ref,
           weakref.WeakKeyDictionary, weakref.WeakValueDictionary)  # fmt: skip
_MACHINERY = ("fsspec", "logging", "threading", "asyncio", "socket", "concurrent")
"""Their objects hold what the process is about, not what the notebook computes."""
_TRACES = frozenset({"_stop_words_id", "diagn", "_nobs_int"})
"""An address that scikit-learn keeps; what `summary()` of statsmodels leaves behind."""
_UNKNOWN = b"cannot be read"
_DEEPEST = 10_000
_RULES = (of_numpy, of_pandas, of_scipy, of_torch, of_other_library, of_code)


_CLOCKS = (time.time, time.perf_counter, time.monotonic)
_started: list[float] = []


def begin() -> None:
    """Call when a run begins: what clocks show from now on is recognised in the values of the run."""
    _started[:] = [clock() for clock in _CLOCKS]


def fingerprint(value: object) -> str:
    """Return the type of *value* and 16 hex digits over what it holds, as in `int:5feceb66ffc86f38`.

    Equal values have equal fingerprints in all processes: no address counts, NaN equals NaN, sets have no order.
    Figures and modules are `shown:` and `module:`, whatever they hold.
    """
    kind = type(value)
    if isinstance(value, types.ModuleType):
        return "module:"
    if is_shown(value):
        return "shown:"
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEPEST))
    try:
        digest = _Hasher().digest(value)
    except Exception:  # noqa: BLE001 - whatever a library raises when it is looked at, or too deep a recursion
        digest = _UNKNOWN
    finally:
        sys.setrecursionlimit(limit)
    return f"{kind.__name__}:{digest.hex()[:16]}"


def random_state() -> str:
    """Return a fingerprint of the global random generators of the libraries that are loaded."""
    hasher = _Hasher()
    states: list[object] = []
    if "random" in sys.modules:
        states.append(sys.modules["random"].getstate())
    if "numpy" in sys.modules:
        states.append(sys.modules["numpy"].random.get_state())
    if "torch" in sys.modules:
        states.append(sys.modules["torch"].get_rng_state().numpy())
    return " ".join(hasher.digest(state).hex()[:8] for state in states)


def is_shown(value: object) -> bool:
    """Tell whether *value* is there to be looked at: a figure, its parts, or nothing but such."""
    if isinstance(value, (list, tuple)) and value:
        return len(value) <= 100 and all(is_shown(item) for item in value)
    if type(value).__name__ == "ndarray" and getattr(value, "dtype", None) == "object":
        array: Any = value
        return 0 < array.size <= 100 and all(is_shown(item) for item in array.ravel().tolist())
    return any(is_of(kind, _SHOWN) for kind in type(value).__mro__) and not isinstance(value, (str, int, float, dict))


class _Hasher:
    """Digests values once each; values on the way are cycles."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[bytes, object]] = {}
        self._open: dict[int, int] = {}

    def digest(self, value: object) -> bytes:
        """Return 32 bytes for *value*."""
        plain = _plain(value)
        if plain is not None:
            return _sum(type(value).__name__, plain)
        key = id(value)
        if key in self._known:
            return self._known[key][0]
        if key in self._open:
            return _sum("cycle", str(len(self._open) - self._open[key]))
        self._open[key] = len(self._open)
        try:
            made = self._parts(value)
        finally:
            del self._open[key]
        # Kept alive: another value at the same address would be taken for this one.
        self._known[key] = (made, value)
        return made

    def all(self, *values: object) -> bytes:
        """Digest *values*, in order."""
        return _sum("", *(self.digest(value) for value in values))

    def _parts(self, value: object) -> bytes:
        name = type(value).__qualname__
        if value is getattr(sys.modules["__main__"], "__dict__", None):
            # A formula keeps where its names were looked up: all of the notebook, what comes after it as well.
            return _sum(name, "globals")
        if is_shown(value) or isinstance(value, _OPAQUE) or is_of(type(value), _MACHINERY):
            return _sum(name, "opaque")
        for rule in _RULES:
            parts = rule(value)
            if parts is not None:
                return _sum(name, self.all(*parts))
        inside: list[bytes] = []
        if isinstance(value, dict):
            inside += [self.all(key, None if is_clock(key) else item) for key, item in list(value.items())]
        elif isinstance(value, (list, tuple)) or (name == "deque" and isinstance(value, Iterable)):
            inside += [self.digest(item) for item in value]
        elif isinstance(value, (set, frozenset)):
            inside += sorted(self.digest(item) for item in value)
        elif not isinstance(value, type):
            return _sum(name, type(value).__module__, *self._state(value))
        if type(value).__module__ not in ("builtins", "collections"):
            inside += self._attributes(getattr(value, "__dict__", {}))
        return _sum(name, *inside)

    def _state(self, value: object) -> Iterator[bytes]:
        """Digest what an object holds: what it would be pickled with, its attributes, or nothing that can be seen."""
        own = _own_state(value)
        if isinstance(own, dict) and all(isinstance(key, str) for key in own):
            yield from self._attributes(own)
        elif own is not None:
            yield self.digest(own)
        elif hasattr(value, "__dict__") or _slots(value):
            yield from self._attributes({**_slots(value), **getattr(value, "__dict__", {})}, of=type(value))
        else:
            yield from self._reduced(value)

    def _attributes(self, attributes: Mapping[str, object], of: type | None = None) -> Iterator[bytes]:
        for key in sorted(attributes, key=str):
            if not is_clock(key) and not _remembered(key, of):
                yield self.all(key, attributes[key])

    def _reduced(self, value: object) -> Iterator[bytes]:
        try:
            reduced = value.__reduce_ex__(2)
        except Exception:  # noqa: BLE001 - whatever a library raises where it cannot be pickled
            return
        if isinstance(reduced, str):
            yield self.digest(reduced)
            return
        for part in reduced:
            yield self.digest(list(part) if isinstance(part, Iterator) else part)


def _plain(value: object) -> str | bytes | None:
    if value is None or isinstance(value, (bool, type(...))) or value is NotImplemented:
        return repr(value)
    if type(value) is float:
        return "a moment" if _is_moment(value) else "nan" if math.isnan(value) else repr(value)
    if type(value) in (int, complex):
        return repr(value)
    if type(value) is str:
        return _ADDRESS.sub("", value) if " at 0x" in value else value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    return None


def _is_moment(value: float) -> bool:
    """Tell whether some clock showed *value* since this process began: an object remembers when something was done."""
    if value == round(value, 3) or math.isnan(value):
        return False
    return any(start <= value <= clock() for start, clock in zip(_started, _CLOCKS))  # noqa: B905 - Python 3.9


# -- objects ----------------------------------------------------------------------------------------------------------


def _own_state(value: object) -> object:
    """Return what the class of *value* itself says its state is; None when it says nothing."""
    kind = type(value)
    method: Callable[[Any], object] | None = getattr(kind, "__getstate__", None)
    if method is None or method is getattr(object, "__getstate__", None):
        return None
    if any(is_of(base, ("torch",)) for held in getattr(value, "__dict__", {}).values() for base in type(held).__mro__):
        # It would be written as `torch.save` does, with numbers of storages.
        return None
    try:
        return method(value)
    except Exception:  # noqa: BLE001 - as in `_reduced`
        return None


def _slots(value: object) -> dict[str, object]:
    names = [name for kind in type(value).__mro__ for name in _names(kind.__dict__.get("__slots__", ()))]
    return {name: getattr(value, name) for name in names if name not in UNSAID and hasattr(value, name)}


def _names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _remembered(key: str, of: type | None) -> bool:
    """Tell whether an attribute of *of* only keeps what was once computed, or an address: no difference."""
    if key.endswith("_cache") or key.startswith("_tmp") or key in _TRACES:
        return True
    return isinstance(getattr(of, key, None), functools.cached_property)


def _sum(*parts: str | bytes) -> bytes:
    made = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        made.update(len(data).to_bytes(8, "little"))
        made.update(data)
    return made.digest()
