"""Which prebuilt image trains what: the public deep-learning containers of AWS, by the libraries they carry.

Source: the image data of the repository aws/deep-learning-containers, 21 August 2026.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from types import MappingProxyType

_PUBLIC = "public.ecr.aws/deep-learning-containers"
_IMAGES = MappingProxyType(
    {
        ("pytorch", False): f"{_PUBLIC}/pytorch:2.13-cpu-amzn2023",
        ("pytorch", True): f"{_PUBLIC}/pytorch:2.13-cu133-amzn2023",
    }
)
_NOT_THERE = ("tensorflow", "keras", "jax", "flax", "paddle", "mxnet")
"""Frameworks that no image of the catalogue carries."""


def image_for(name: str | None, libraries: AbstractSet[str], *, gpu: bool) -> str | None:
    """Return the image that *name* stands for, or the one for a notebook that imports *libraries*.

    `pytorch` is a name of the catalogue, whose image also has NumPy, pandas, scikit-learn and matplotlib; any other
    name is an image's own. None where nothing is named and no image of the catalogue carries the framework.
    """
    if name is None and any(library in libraries for library in _NOT_THERE):
        return None
    return _IMAGES.get((name or "pytorch", gpu), name)
