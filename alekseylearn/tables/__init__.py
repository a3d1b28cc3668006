"""The backends' own tables of `alekseylearn.yml`: raw values in, checked values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from alekseylearn.tables import docker, sagemaker
from alekseylearn.tables.docker import AUTO, DockerTable, GpuRequest, Pull, read_docker
from alekseylearn.tables.sagemaker import ALIASES, MAX_RUNTIME, SageMakerTable, own_words, read_sagemaker
from alekseylearn.tables.values import ForbiddenError, TooMuchError

__all__ = [
    "AUTO",
    "KEYS",
    "MAX_RUNTIME",
    "DockerTable",
    "GpuRequest",
    "Pull",
    "SageMakerTable",
    "TableName",
    "Wrong",
    "own_words",
    "read_docker",
    "read_sagemaker",
    "table_mistakes",
]

Wrong = Literal["forbidden", "budget", "type"]
TableName = Literal["docker", "sagemaker"]
_READERS = MappingProxyType({"docker": docker.READERS, "sagemaker": sagemaker.READERS})
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({name: tuple(keys) for name, keys in _READERS.items()})
"""The keys of each table; an address or a credential is none of them."""


def table_mistakes(name: str, table: Mapping[str, object]) -> Iterator[tuple[Wrong, str, str]]:
    """Yield each known key of the table *name* whose value is wrong, how gravely, and what: `not a size such as 8g`."""
    readers = _READERS[name]
    for key, value in table.items():
        try:
            if key in readers:
                readers[key](value)
        except TooMuchError as error:
            yield "budget", key, str(error)
        except ForbiddenError as error:
            yield "forbidden", key, str(error)
        except ValueError as error:
            yield "type", key, str(error)
        if key in ALIASES and ALIASES[key] in table:
            yield "type", key, f"and `{ALIASES[key]}` says the same"
