"""The backends' own tables of `alekseylearn.yml`: raw values in, checked values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from alekseylearn.tables import docker, sagemaker
from alekseylearn.tables.docker import AUTO, DockerTable, GpuRequest, Pull, read_docker
from alekseylearn.tables.sagemaker import SageMakerTable, read_sagemaker

__all__ = [
    "AUTO",
    "KEYS",
    "DockerTable",
    "GpuRequest",
    "Pull",
    "SageMakerTable",
    "TableName",
    "read_docker",
    "read_sagemaker",
    "table_mistakes",
]

TableName = Literal["docker", "sagemaker"]
_READERS = MappingProxyType({"docker": docker.READERS, "sagemaker": sagemaker.READERS})
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({name: tuple(keys) for name, keys in _READERS.items()})
"""The keys of each table; an address or a credential is none of them."""


def table_mistakes(name: str, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield each known key of the table *name* whose value is wrong, and what is wrong: `not a size such as 8g`."""
    readers = _READERS[name]
    for key, value in table.items():
        try:
            if key in readers:
                readers[key](value)
        except ValueError as error:
            yield key, str(error)
