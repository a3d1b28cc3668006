"""Which prebuilt image trains what: the deep-learning containers of AWS, by name, by imports, by machine and region.

The data are `containers.json`, which `requirements/containers.py` makes from the repository
aws/deep-learning-containers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

_PUBLIC = "public.ecr.aws/deep-learning-containers"
_FRAMEWORKS = (("autogluon", "autogluon"), ("torch", "pytorch"), ("tensorflow", "tensorflow"), ("keras", "tensorflow"))
"""Whose image trains a notebook that imports the first; keras alone runs on TensorFlow unless told otherwise."""
_NOT_THERE = ("tensorflow", "keras", "jax", "flax", "paddle", "mxnet")
"""Frameworks that no image in the public gallery carries."""
_GPU = re.compile(r"ml\.[pg]\d")
_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrebuiltImage:
    """One image; *end* is the day on which it gets its last patch, as ISO 8601, '' where AWS names none."""

    name: str
    version: str
    gpu: bool
    repository: str
    tag: str
    python: str
    cuda: str
    end: str

    def outdated(self, today: str) -> bool:
        """Tell whether it gets no patches any more on the day *today*, as ISO 8601."""
        return bool(self.end) and self.end < today


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The images, the newest version of each name first, and the account of the registry by region."""

    images: tuple[PrebuiltImage, ...]
    registries: Mapping[str, str]

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read `containers.json`."""
        raw = json.loads(data)
        accounts = {region: account for account, regions in raw["registries"].items() for region in regions}
        return cls(images=tuple(PrebuiltImage(**one) for one in raw["images"]), registries=MappingProxyType(accounts))

    @property
    def names(self) -> tuple[str, ...]:
        """The names that an image can be asked for by."""
        return tuple(dict.fromkeys(image.name for image in self.images))

    def pick(self, name: str | None, libraries: AbstractSet[str], *, gpu: bool) -> PrebuiltImage | None:
        """Return the image called *name* (`pytorch`, or `pytorch:2.13`), else the one for a notebook's *libraries*.

        None where no image is called so: *name* is then the address of somebody's own.
        """
        wanted, _, version = (name or _framework(libraries)).partition(":")
        fitting = (one for one in self.images if one.name == wanted and one.gpu == gpu)
        return next((one for one in fitting if version in ("", one.version)), None)

    def address(self, image: PrebuiltImage, region: str) -> str | None:
        """Return where *image* lies in *region*, for SageMaker; None for a region without a registry."""
        account = self.registries.get(region)
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return account and f"{account}.dkr.ecr.{region}.{domain}/{image.repository}:{image.tag}"

    def public(self, name: str | None, libraries: AbstractSet[str], *, gpu: bool) -> str | None:
        """Return the image that *name* stands for in the public gallery, or the one for a notebook's *libraries*.

        Any other name than `pytorch` is an image's own. None where nothing is named and no image carries the framework.
        """
        if name is None and any(library in libraries for library in _NOT_THERE):
            return None
        asked = name or "pytorch"
        image = self.pick(asked, libraries, gpu=gpu) if asked.partition(":")[0] == "pytorch" else None
        return name if image is None else f"{_PUBLIC}/{image.repository}:{image.tag.removesuffix('-sagemaker')}"


def has_gpu(instance: str) -> bool:
    """Tell whether machines of the type *instance* have NVIDIA's GPUs: the families g and p."""
    return _GPU.match(instance) is not None


def private_registry(image: str) -> tuple[str, str] | None:
    """Return the account and the region of the private registry of AWS that *image* lies in; None for one elsewhere."""
    match = _ECR.match(image)
    return match and (match["account"], match["region"])


def _framework(libraries: AbstractSet[str]) -> str:
    """Choose by what is imported; PyTorch's image has scikit-learn, pandas and matplotlib, too."""
    return next((name for library, name in _FRAMEWORKS if library in libraries), "pytorch")
