"""Seed the random generators of the libraries that the notebook imports."""

from __future__ import annotations

from typing import Any

from .imports import Hook

LARGEST = 2**32
"""NumPy and PYTHONHASHSEED take 32 bits."""


def hooks(seed: int) -> dict[str, Hook]:
    """Return what seeds each library as soon as it is imported, so that none is imported for the seed's sake."""
    small = seed % LARGEST

    def python(module: Any) -> None:
        module.seed(seed)

    def numpy(module: Any) -> None:
        module.seed(small)

    def torch(module: Any) -> None:
        module.manual_seed(small)

    def tensorflow(module: Any) -> None:
        module.random.set_seed(small)

    made: dict[str, Any] = {"random": python, "numpy.random": numpy, "torch": torch, "tensorflow": tensorflow}
    return made


def environment(seed: int) -> dict[str, str]:
    """Return the variables that the child must start with."""
    return {"PYTHONHASHSEED": str(seed % LARGEST)}
