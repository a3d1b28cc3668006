"""What sets global random generators, and what draws from them, as far as its name tells."""

from __future__ import annotations

from collections.abc import Iterable

from alekseylearn.effects import Said, is_true, library
from alekseylearn.events import Call
from alekseylearn.knowledge import randomness, training


def seeds(dotted: str, said: Said) -> tuple[str, ...]:
    """Name the global random generators that the call of *dotted* sets."""
    if "seeds" in said:
        return randomness.GENERATORS
    if dotted in randomness.SEEDS:
        return randomness.SEEDS[dotted]
    name = dotted.rpartition(".")[2]
    everywhere = name == "set_seed" and library(dotted) in randomness.LOADING
    return randomness.GENERATORS if everywhere or name in ("seed_everything", "set_random_seed") else ()


def draws(call: Call, dotted: str, said: Said) -> tuple[str, ...]:
    """Name the global random generators that the call of *dotted*, or the object that it makes, draws from."""
    if "draws" in said:
        return randomness.GENERATORS
    name = dotted.rpartition(".")[2]
    if dotted in randomness.DRAWS_NOTHING or dotted in randomness.SEEDS:
        return ()
    if library(dotted) in randomness.DRAWS_ANYHOW and name[:1].islower() and name != "set_seed":
        return randomness.GENERATORS[:3]
    if name in randomness.MAY_SHUFFLE:
        if _given(call, "random_state") or _given(call, "generator"):
            return ()
        generator = "PyTorch" if name == "DataLoader" else "NumPy"
        if not is_true(call.keyword("shuffle")):
            # Going through a loader draws a seed for its workers, whether or not it has any.
            return (generator + randomness.ADVANCES,) if name == "DataLoader" else ()
        return (generator,)
    needed = randomness.RANDOMIZED_WITH.get(name)
    if name in randomness.RANDOMIZED or (needed is not None and call.keyword(needed) is not None):
        return () if _given(call, "random_state") else ("NumPy",)
    if name in randomness.ADVANCING:
        return () if _given(call, "random_state") else (f"NumPy{randomness.ADVANCES}",)
    if library(dotted) == "scipy":
        return ("NumPy",) if name in randomness.SCIPY_DRAWS and not _given(call, "random_state") else ()
    return tuple(dict.fromkeys(generator for prefix, generator in randomness.DRAWS if dotted.startswith(prefix)))


def method_draws(call: Call, origins: Iterable[str], said: Said) -> tuple[str, ...]:
    """Name the global random generators that a call of a method draws from by itself."""
    if "draws" in said:
        return randomness.GENERATORS
    if call.attributes and (makers := {library(origin) for origin in origins} & randomness.LOADING):
        if trains_or_loads(call.last) and call.last not in randomness.LOADS:
            return randomness.GENERATORS if makers & randomness.DRAWS_ANYHOW else ("NumPy", "PyTorch")
        if makers & randomness.DRAWS_ANYHOW:
            return tuple(f"{generator}{randomness.ADVANCES}" for generator in randomness.GENERATORS[:3])
        if call.last in randomness.LOADS:
            return (f"PyTorch{randomness.ADVANCES}",)
    if not call.attributes or call.last not in ("sample", "rvs") or _given(call, "random_state"):
        return ()
    return ("PyTorch",) if any(library(origin) == "torch" for origin in origins) else ("NumPy",)


def trains_or_loads(method: str) -> bool:
    """Whether a method, of an object that goes through loaders, does so."""
    return method in training.FITTING or method in randomness.TRAINS_ON or method in randomness.LOADS


def _given(call: Call, keyword: str) -> bool:
    value = call.keyword(keyword)
    return value is not None and value.literal != "None"
